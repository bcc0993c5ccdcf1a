/* SPDX-License-Identifier: MIT */

#include "notification-channel.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "audit.h"
#include "macro.h"
#include "notification-check.h"
#include "notification-secret.h"

static const char *const kind_names[BH_CHANNEL_KINDS] = {"email", "webhook", "push", "desktop"};

const char *bh_channel_kind_to_string(BhChannelKind kind) {
        g_assert(kind < BH_CHANNEL_KINDS);
        return kind_names[kind];
}

static bool kind_from_string(const char *text, BhChannelKind *ret) {
        for (BhChannelKind kind = 0; kind < BH_CHANNEL_KINDS; kind++)
                if (g_str_equal(kind_names[kind], text)) {
                        *ret = kind;
                        return true;
                }
        return false;
}

void bh_channel_settings_clear(BhChannelSettings *settings) {
        g_free(settings->server);
        g_free(settings->security);
        g_free(settings->username);
        g_free(settings->sender);
        g_free(settings->url);
        g_free(settings->topic);
        g_free(settings->ca_file);
        g_strfreev(settings->recipients);
        bh_notification_secret_free(settings->password);
        bh_notification_secret_free(settings->secret);
        bh_notification_secret_free(settings->token);
        *settings = (BhChannelSettings){};
}

void bh_channel_changes_clear(BhChannelChanges *changes) {
        g_free(changes->name);
        bh_channel_settings_clear(&changes->settings);
        *changes = (BhChannelChanges){};
}

void bh_channel_free(BhChannel *channel) {
        if (!channel)
                return;
        g_free(channel->name);
        bh_channel_settings_clear(&channel->settings);
        g_clear_pointer(&channel->sealed, g_bytes_unref);
        g_free(channel->last_error);
        g_free(channel);
}

void bh_channel_freep(BhChannel **channel) {
        bh_channel_free(*channel);
}

static void channel_destroy(void *data) {
        bh_channel_free(data);
}

/* Rows -------------------------------------------------------------------------------------------------------------------------------------------------- */

#define COLUMNS                                                                                                        \
        "id, kind, name, is_enabled, server, port, security, username, sender, recipients, url, topic, ca_file, "      \
        "secret, last_delivery_usec, last_error"

static char *column_text(sqlite3_stmt *statement, int column) {
        return g_strdup((const char *)sqlite3_column_text(statement, column));
}

/* NULL when it is of a kind that this version does not know. */
static BhChannel *read_channel(sqlite3_stmt *statement) {
        BhChannel *channel;
        BhChannelSettings *settings;
        BhChannelKind kind;
        int i = 0;

        if (!kind_from_string(bh_statement_get_text(statement, 1), &kind))
                return NULL;
        channel = g_new0(BhChannel, 1);
        settings = &channel->settings;
        channel->id = (uint64_t)sqlite3_column_int64(statement, i++);
        channel->kind = kind;
        i++;
        channel->name = column_text(statement, i++);
        channel->is_enabled = sqlite3_column_int(statement, i++) != 0;
        settings->server = column_text(statement, i++);
        settings->port = (uint32_t)sqlite3_column_int(statement, i++);
        settings->security = column_text(statement, i++);
        settings->username = column_text(statement, i++);
        settings->sender = column_text(statement, i++);
        if (sqlite3_column_type(statement, i) != SQLITE_NULL)
                settings->recipients = g_strsplit(bh_statement_get_text(statement, i), "\n", -1);
        i++;
        settings->url = column_text(statement, i++);
        settings->topic = column_text(statement, i++);
        settings->ca_file = column_text(statement, i++);
        if (sqlite3_column_type(statement, i) != SQLITE_NULL)
                channel->sealed =
                        g_bytes_new(sqlite3_column_blob(statement, i), (gsize)sqlite3_column_bytes(statement, i));
        i++;
        channel->last_delivery_usec = sqlite3_column_int64(statement, i++);
        channel->last_error = column_text(statement, i++);
        return channel;
}

static int read_one(sqlite3 *db, uint64_t id, BhChannel **ret) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement, "SELECT " COLUMNS " FROM notification_channels WHERE id = ?");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)id);
        r = sqlite3_step(statement);
        if (r != SQLITE_ROW)
                return r == SQLITE_DONE ? -ENOENT : bh_database_errno(db, r);
        *ret = read_channel(statement);
        return *ret ? 0 : -ENOENT;
}

static int write_channel(sqlite3 *db, const BhChannel *channel) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const BhChannelSettings *settings = &channel->settings;
        g_autofree char *recipients = settings->recipients ? g_strjoinv("\n", settings->recipients) : NULL;
        gsize size = 0;
        const void *sealed = channel->sealed ? g_bytes_get_data(channel->sealed, &size) : NULL;
        int r, i = 0;

        r = bh_database_prepare(
                db, &statement,
                "INSERT INTO notification_channels (" COLUMNS
                ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET name = excluded.name, is_enabled = excluded.is_enabled,"
                " server = excluded.server, port = excluded.port, security = excluded.security,"
                " username = excluded.username, sender = excluded.sender, recipients = excluded.recipients,"
                " url = excluded.url, topic = excluded.topic, ca_file = excluded.ca_file, secret = excluded.secret");
        if (r < 0)
                return r;
        if (channel->id > 0)
                sqlite3_bind_int64(statement, 1, (sqlite3_int64)channel->id);
        i++;
        bh_statement_bind_text(statement, ++i, kind_names[channel->kind]);
        bh_statement_bind_text(statement, ++i, channel->name);
        sqlite3_bind_int(statement, ++i, channel->is_enabled);
        bh_statement_bind_text(statement, ++i, settings->server);
        sqlite3_bind_int64(statement, ++i, settings->port);
        bh_statement_bind_text(statement, ++i, settings->security);
        bh_statement_bind_text(statement, ++i, settings->username);
        bh_statement_bind_text(statement, ++i, settings->sender);
        bh_statement_bind_text(statement, ++i, recipients);
        bh_statement_bind_text(statement, ++i, settings->url);
        bh_statement_bind_text(statement, ++i, settings->topic);
        bh_statement_bind_text(statement, ++i, settings->ca_file);
        if (sealed)
                sqlite3_bind_blob(statement, i + 1, sealed, (int)size, SQLITE_STATIC);
        i++;
        sqlite3_bind_int64(statement, ++i, channel->last_delivery_usec);
        bh_statement_bind_text(statement, ++i, channel->last_error);
        return bh_database_errno(db, sqlite3_step(statement));
}

int bh_channel_write_outcome(sqlite3 *db, uint64_t id, int64_t time_usec, const char *error) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement,
                                "UPDATE notification_channels SET last_error = ?1,"
                                " last_delivery_usec = iif(?1 = '', ?2, last_delivery_usec) WHERE id = ?3");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, error ?: "");
        sqlite3_bind_int64(statement, 2, time_usec);
        sqlite3_bind_int64(statement, 3, (sqlite3_int64)id);
        return bh_database_errno(db, sqlite3_step(statement));
}

/* Reading ----------------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Getting {
        uint64_t id;
        BhChannel *channel;
} Getting;

static int get(sqlite3 *db, void *userdata) {
        Getting *getting = userdata;

        return read_one(db, getting->id, &getting->channel);
}

int bh_channels_get(BhDatabase *database, uint64_t id, BhChannel **ret) {
        Getting getting = {.id = id};
        int r = bh_database_read(database, get, &getting);

        if (r >= 0)
                *ret = getting.channel;
        return r;
}

static int list(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement, "SELECT " COLUMNS " FROM notification_channels ORDER BY id");
        if (r < 0)
                return r;
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                BhChannel *channel = read_channel(statement);

                if (channel)
                        g_ptr_array_add(userdata, channel);
        }
        return bh_database_errno(db, r);
}

int bh_channels_list(BhDatabase *database, GPtrArray **ret) {
        g_autoptr(GPtrArray) channels = g_ptr_array_new_with_free_func(channel_destroy);
        int r = bh_database_read(database, list, channels);

        if (r >= 0)
                *ret = g_steal_pointer(&channels);
        return r;
}

/* Changing ---------------------------------------------------------------------------------------------------------------------------------------------- */

/* "" takes a setting away. Returns whether it is another one now. */
static bool take_text(char **setting, const char *given) {
        bool is_other = given && g_strcmp0(*setting ?: "", given) != 0;

        if (is_other) {
                g_free(*setting);
                *setting = *given ? g_strdup(given) : NULL;
        }
        return is_other;
}

static void take_secret(BhChannel *channel, const BhKey *key, const char *given) {
        if (!given)
                return;
        g_clear_pointer(&channel->sealed, g_bytes_unref);
        if (*given)
                channel->sealed = bh_notification_seal(key, given);
}

/* Who may change where a channel goes must not get the secret sent to where they like: it goes with the place. */
static void take_settings(BhChannel *channel, const BhKey *key, const BhChannelSettings *given) {
        BhChannelSettings *settings = &channel->settings;
        bool is_elsewhere = false;

        is_elsewhere |= take_text(&settings->server, given->server);
        is_elsewhere |= take_text(&settings->url, given->url);
        is_elsewhere |= given->is_port_given && given->port != settings->port;
        is_elsewhere |= take_text(&settings->ca_file, given->ca_file);
        if (given->is_port_given)
                settings->port = given->port;
        take_text(&settings->security, given->security);
        take_text(&settings->username, given->username);
        take_text(&settings->sender, given->sender);
        take_text(&settings->topic, given->topic);
        if (given->recipients) {
                g_strfreev(settings->recipients);
                settings->recipients = g_strdupv(given->recipients);
        }
        if (is_elsewhere)
                g_clear_pointer(&channel->sealed, g_bytes_unref);
        take_secret(channel, key, given->password);
        take_secret(channel, key, given->secret);
        take_secret(channel, key, given->token);
}

typedef struct Changing {
        const BhCaller *caller;
        const BhKey *key;
        const BhChannelChanges *changes;
        const BhChannelSettings *settings;
        const char *kind, *name;
        uint64_t id;
        BhFailure *failure;
} Changing;

static int audit_change(sqlite3 *db, const BhCaller *caller, const char *action, const BhChannel *channel) {
        return bh_audit_append(db, caller,
                               &(BhAudit){.event_type = BH_AUDIT_SYSTEM,
                                          .action = action,
                                          .target = channel->name,
                                          .message = kind_names[channel->kind]});
}

static int create(sqlite3 *db, void *userdata) {
        _cleanup_(bh_channel_freep) BhChannel *channel = g_new0(BhChannel, 1);
        Changing *changing = userdata;
        int64_t n = 0;
        int r;

        if (!kind_from_string(changing->kind, &channel->kind))
                return bh_failure_set(changing->failure, -EINVAL, NULL,
                                      "“kind” must be email, webhook, push or desktop");
        r = bh_notification_check_given(channel->kind, changing->settings, changing->failure);
        if (r < 0)
                return r;
        channel->name = g_strdup(changing->name);
        channel->is_enabled = true;
        channel->last_error = g_strdup("");
        take_settings(channel, changing->key, changing->settings);
        r = bh_notification_check_channel(channel, changing->failure);
        if (r < 0)
                return r;
        r = bh_database_get_number(db, "SELECT count(*) FROM notification_channels", NULL, 0, &n);
        if (r < 0)
                return r;
        if (n >= BH_CHANNELS_MAX)
                return bh_failure_set(changing->failure, -EAGAIN, NULL, "There can be %d channels, and there are",
                                      BH_CHANNELS_MAX);
        r = write_channel(db, channel);
        if (r < 0)
                return r;
        changing->id = (uint64_t)sqlite3_last_insert_rowid(db);
        return audit_change(db, changing->caller, "notification-channel-create", channel);
}

int bh_channels_create(BhDatabase *database, const BhKey *key, const BhCaller *caller, const char *kind,
                       const char *name, const BhChannelSettings *settings, BhFailure *failure, uint64_t *ret_id) {
        Changing changing = {
                .caller = caller, .key = key, .settings = settings, .kind = kind, .name = name, .failure = failure};
        int r = bh_database_write(database, create, &changing);

        if (r < 0)
                return bh_audit_post_failure(database, caller, "notification-channel-create", NULL, r, failure);
        *ret_id = changing.id;
        return 0;
}

static int update(sqlite3 *db, void *userdata) {
        _cleanup_(bh_channel_freep) BhChannel *channel = NULL;
        Changing *changing = userdata;
        const BhChannelChanges *changes = changing->changes;
        int r;

        r = read_one(db, changing->id, &channel);
        if (r >= 0)
                r = bh_notification_check_given(channel->kind, &changes->settings, changing->failure);
        if (r < 0)
                return r;
        if (changes->name) {
                g_free(channel->name);
                channel->name = g_strdup(changes->name);
        }
        if (changes->is_enabled_given)
                channel->is_enabled = changes->is_enabled;
        take_settings(channel, changing->key, &changes->settings);
        r = bh_notification_check_channel(channel, changing->failure);
        if (r >= 0)
                r = write_channel(db, channel);
        return r < 0 ? r : audit_change(db, changing->caller, "notification-channel-update", channel);
}

int bh_channels_update(BhDatabase *database, const BhKey *key, const BhCaller *caller, uint64_t id,
                       const BhChannelChanges *changes, BhFailure *failure) {
        Changing changing = {.caller = caller, .key = key, .changes = changes, .id = id, .failure = failure};
        g_autofree char *target = g_strdup_printf("%" PRIu64, id);
        int r = bh_database_write(database, update, &changing);

        return bh_audit_post_failure(database, caller, "notification-channel-update", target, r, failure);
}

static int delete (sqlite3 *db, void *userdata) {
        _cleanup_(bh_channel_freep) BhChannel *channel = NULL;
        const Changing *changing = userdata;
        const int64_t id = (int64_t)changing->id;
        int r;

        r = read_one(db, changing->id, &channel);
        if (r >= 0)
                r = bh_database_run(
                        db,
                        "UPDATE notification_deliveries SET state = 'failed', error = 'The channel was deleted'"
                        " WHERE channel = ? AND state IN ('pending', 'waiting')",
                        &id, 1);
        if (r >= 0)
                r = bh_database_run(db, "DELETE FROM notification_channels WHERE id = ?", &id, 1);
        return r < 0 ? r : audit_change(db, changing->caller, "notification-channel-delete", channel);
}

int bh_channels_delete(BhDatabase *database, const BhCaller *caller, uint64_t id) {
        Changing changing = {.caller = caller, .id = id};
        g_autofree char *target = g_strdup_printf("%" PRIu64, id);
        int r = bh_database_write(database, delete, &changing);

        return bh_audit_post_failure(database, caller, "notification-channel-delete", target, r, NULL);
}
