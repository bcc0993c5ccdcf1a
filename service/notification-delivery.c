/* SPDX-License-Identifier: MIT */

#include "notification-delivery.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "log.h"
#include "macro.h"
#include "notification-channel.h"
#include "notification-rule.h"

#define COLUMNS                                                                                                        \
        "id, message_id, channel, channel_name, kind, severity, title, text, subject, is_over, time_usec, state, "     \
        "attempts, next_attempt_usec, error, give_up_usec"

#define TITLE_MAX 200
#define TEXT_MAX 2048

/* Bytes of what goes together, and messages in it. */
#define GATHERED_TEXT_MAX 16384

void bh_delivery_free(BhDelivery *delivery) {
        if (!delivery)
                return;
        g_free(delivery->message_id);
        g_free(delivery->channel_name);
        g_free(delivery->kind);
        g_free(delivery->title);
        g_free(delivery->text);
        g_free(delivery->subject);
        g_free(delivery->state);
        g_free(delivery->error);
        g_free(delivery);
}

void bh_delivery_freep(BhDelivery **delivery) {
        bh_delivery_free(*delivery);
}

static void delivery_destroy(void *data) {
        bh_delivery_free(data);
}

static BhDelivery *read_delivery(sqlite3_stmt *statement) {
        BhDelivery *delivery = g_new0(BhDelivery, 1);
        int i = 0;

        delivery->id = (uint64_t)sqlite3_column_int64(statement, i++);
        delivery->message_id = g_strdup(bh_statement_get_text(statement, i++));
        delivery->channel = (uint64_t)sqlite3_column_int64(statement, i++);
        delivery->channel_name = g_strdup(bh_statement_get_text(statement, i++));
        delivery->kind = g_strdup(bh_statement_get_text(statement, i++));
        delivery->severity =
                (BhNotificationSeverity)CLAMP(sqlite3_column_int(statement, i), 0, BH_NOTIFICATION_SEVERITIES - 1);
        i++;
        delivery->title = g_strdup(bh_statement_get_text(statement, i++));
        delivery->text = g_strdup(bh_statement_get_text(statement, i++));
        delivery->subject = g_strdup(bh_statement_get_text(statement, i++));
        delivery->is_over = sqlite3_column_int(statement, i++) != 0;
        delivery->time_usec = sqlite3_column_int64(statement, i++);
        delivery->state = g_strdup(bh_statement_get_text(statement, i++));
        delivery->attempts = (unsigned)sqlite3_column_int(statement, i++);
        delivery->next_attempt_usec = sqlite3_column_int64(statement, i++);
        delivery->error = g_strdup(bh_statement_get_text(statement, i++));
        delivery->give_up_usec = sqlite3_column_int64(statement, i++);
        return delivery;
}

/* Adding ------------------------------------------------------------------------------------------------------------------------------------------------ */

static int insert(sqlite3 *db, const BhDelivery *delivery) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        g_autofree char *message_id = g_uuid_string_random();
        int r, i = 0;

        r = bh_database_prepare(
                db, &statement,
                "INSERT INTO notification_deliveries (message_id, channel, channel_name, kind, severity, title, text,"
                " subject, is_over, time_usec, state, attempts, next_attempt_usec, give_up_usec, error, carrier)"
                " SELECT ?, id, name, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, '', 0 FROM notification_channels"
                " WHERE id = ? AND is_enabled = 1");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, ++i, message_id);
        bh_statement_bind_text(statement, ++i, delivery->kind);
        sqlite3_bind_int(statement, ++i, delivery->severity);
        bh_statement_bind_text(statement, ++i, delivery->title);
        bh_statement_bind_text(statement, ++i, delivery->text);
        bh_statement_bind_text(statement, ++i, delivery->subject);
        sqlite3_bind_int(statement, ++i, delivery->is_over);
        sqlite3_bind_int64(statement, ++i, delivery->time_usec);
        bh_statement_bind_text(statement, ++i, delivery->state);
        sqlite3_bind_int64(statement, ++i, delivery->next_attempt_usec);
        sqlite3_bind_int64(statement, ++i, delivery->give_up_usec);
        sqlite3_bind_int64(statement, ++i, (sqlite3_int64)delivery->channel);
        return bh_database_errno(db, sqlite3_step(statement));
}

/* Whole characters of at most max bytes, on one line if it is a title. */
static char *clean(const char *text, size_t max, bool is_title) {
        g_autofree char *valid = g_utf8_make_valid(text, -1);
        char *end = valid + strlen(valid);

        if (strlen(valid) > max) {
                end = valid + max;
                while (end > valid && ((unsigned char)*end & 0xc0) == 0x80)
                        end--;
                *end = '\0';
        }
        for (char *p = valid; *p; p++)
                if (((unsigned char)*p < 0x20 && (is_title || *p != '\n')) || *p == 0x7f)
                        *p = ' ';
        return g_steal_pointer(&valid);
}

typedef struct Target {
        uint64_t channel;
        int64_t when_usec;
} Target;

/* A channel that several rules name is told once, as soon as one of them wants it. */
static void add_target(GArray *targets, uint64_t channel, int64_t when_usec) {
        for (guint i = 0; i < targets->len; i++) {
                Target *target = &g_array_index(targets, Target, i);

                if (target->channel == channel) {
                        target->when_usec = MIN(target->when_usec, when_usec);
                        return;
                }
        }
        g_array_append_vals(targets, &(Target){channel, when_usec}, 1);
}

static int add_to(sqlite3 *db, const Target *target, const BhNotification *notification, const char *title,
                  const char *text, int64_t now_usec, int64_t give_up_usec) {
        const BhDelivery delivery = {
                .channel = target->channel,
                .kind = (char *)notification->kind,
                .severity = notification->severity,
                .title = (char *)title,
                .text = (char *)text,
                .subject = (char *)notification->subject,
                .is_over = notification->is_over,
                .time_usec = now_usec,
                .state = target->when_usec > now_usec ? (char *)"waiting" : (char *)"pending",
                .next_attempt_usec = target->when_usec,
                .give_up_usec = target->when_usec + give_up_usec,
        };
        const int64_t channel = (int64_t)target->channel;
        int64_t n = 0;
        int r;

        r = bh_database_get_number(db,
                                   "SELECT count(*) FROM notification_deliveries WHERE channel = ? AND carrier = 0"
                                   " AND state IN ('pending', 'waiting')",
                                   &channel, 1, &n);
        if (r < 0)
                return r;
        if (n >= BH_DELIVERIES_PENDING_MAX) {
                bh_log_warning("Too much waits for channel %" PRIu64 ": it is not told “%s”", target->channel, title);
                return 0;
        }
        return insert(db, &delivery);
}

int bh_deliveries_add(sqlite3 *db, const BhNotification *notification, int64_t now_usec, int64_t give_up_usec) {
        g_autoptr(GPtrArray) rules = g_ptr_array_new_with_free_func(bh_rule_destroy);
        g_autoptr(GArray) targets = g_array_new(FALSE, FALSE, sizeof(Target));
        g_autofree char *title = NULL, *text = clean(notification->text, TEXT_MAX, false), *full = NULL;
        int r;

        full = g_strconcat(notification->is_over ? "Over: " : "", notification->title, NULL);
        title = clean(full, TITLE_MAX, true);
        r = bh_rules_read(db, rules);
        for (guint i = 0; r >= 0 && i < rules->len; i++) {
                const BhRule *rule = g_ptr_array_index(rules, i);

                for (guint n = 0; bh_rule_matches(rule, notification) && n < rule->channels->len; n++)
                        add_target(targets, g_array_index(rule->channels, uint64_t, n),
                                   bh_rule_when(rule, notification, now_usec));
        }
        for (guint i = 0; r >= 0 && i < targets->len; i++)
                r = add_to(db, &g_array_index(targets, Target, i), notification, title, text, now_usec, give_up_usec);
        return r;
}

/* Listing ----------------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Listing {
        uint64_t channel, cursor;
        size_t n_max;
        GPtrArray *deliveries;
} Listing;

static int list(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const Listing *listing = userdata;
        int r;

        r = bh_database_prepare(db, &statement,
                                "SELECT " COLUMNS " FROM notification_deliveries"
                                " WHERE (?1 = 0 OR channel = ?1) AND (?2 = 0 OR id < ?2) ORDER BY id DESC LIMIT ?3");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)listing->channel);
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)listing->cursor);
        sqlite3_bind_int64(statement, 3, (sqlite3_int64)listing->n_max);
        while ((r = sqlite3_step(statement)) == SQLITE_ROW)
                g_ptr_array_add(listing->deliveries, read_delivery(statement));
        return bh_database_errno(db, r);
}

int bh_deliveries_list(BhDatabase *database, uint64_t channel, uint64_t cursor, size_t n_max, GPtrArray **ret) {
        g_autoptr(GPtrArray) deliveries = g_ptr_array_new_with_free_func(delivery_destroy);
        Listing listing = {channel, cursor, n_max, deliveries};
        int r = bh_database_read(database, list, &listing);

        if (r >= 0)
                *ret = g_steal_pointer(&deliveries);
        return r;
}

/* Sending ----------------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Seeking {
        const GArray *busy;
        int64_t now_usec, next_usec;
        BhDelivery *delivery;
} Seeking;

static bool is_busy(const Seeking *seeking, uint64_t channel) {
        for (guint i = 0; i < seeking->busy->len; i++)
                if (g_array_index(seeking->busy, uint64_t, i) == channel)
                        return true;
        return false;
}

static int seek(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        Seeking *seeking = userdata;
        int r;

        r = bh_database_prepare(db, &statement,
                                "SELECT " COLUMNS " FROM notification_deliveries"
                                " WHERE state IN ('pending', 'waiting') AND carrier = 0"
                                " ORDER BY next_attempt_usec, id");
        if (r < 0)
                return r;
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                int64_t next_usec = sqlite3_column_int64(statement, 13);

                if (is_busy(seeking, (uint64_t)sqlite3_column_int64(statement, 2)))
                        continue;
                if (next_usec > seeking->now_usec)
                        seeking->next_usec = next_usec;
                else
                        seeking->delivery = read_delivery(statement);
                return 0;
        }
        return bh_database_errno(db, r);
}

int bh_deliveries_next(BhDatabase *database, const GArray *busy, int64_t now_usec, BhDelivery **ret,
                       int64_t *ret_next_usec) {
        Seeking seeking = {.busy = busy, .now_usec = now_usec, .next_usec = INT64_MAX};
        int r = bh_database_read(database, seek, &seeking);

        if (r < 0)
                return r;
        *ret = seeking.delivery;
        *ret_next_usec = seeking.next_usec;
        return 0;
}

/* Gathering --------------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Gathering {
        uint64_t channel;
        int64_t now_usec;
} Gathering;

static int read_waiting(sqlite3 *db, const Gathering *gathering, GPtrArray *waiting) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement,
                                "SELECT " COLUMNS " FROM notification_deliveries WHERE channel = ? AND carrier = 0"
                                " AND state = 'waiting' AND next_attempt_usec <= ? ORDER BY id");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)gathering->channel);
        sqlite3_bind_int64(statement, 2, gathering->now_usec);
        while ((r = sqlite3_step(statement)) == SQLITE_ROW)
                g_ptr_array_add(waiting, read_delivery(statement));
        return bh_database_errno(db, r);
}

static int move_waiting(sqlite3 *db, const Gathering *gathering, uint64_t carrier) {
        const int64_t numbers[] = {(int64_t)carrier, (int64_t)gathering->channel, gathering->now_usec};

        return bh_database_run(db,
                               "UPDATE notification_deliveries SET state = 'pending', carrier = ?"
                               " WHERE channel = ? AND carrier = 0 AND state = 'waiting' AND next_attempt_usec <= ?",
                               numbers, G_N_ELEMENTS(numbers));
}

static int insert_carrier(sqlite3 *db, const Gathering *gathering, const GPtrArray *waiting) {
        g_autofree char *title = g_strdup_printf("%u notifications from quiet hours", waiting->len);
        g_autoptr(GString) text = g_string_new(NULL);
        BhDelivery carrier = {.channel = gathering->channel,
                              .kind = (char *)"digest",
                              .title = title,
                              .subject = (char *)"/",
                              .time_usec = gathering->now_usec,
                              .state = (char *)"pending",
                              .next_attempt_usec = gathering->now_usec};

        for (guint i = 0; i < waiting->len; i++) {
                const BhDelivery *delivery = g_ptr_array_index(waiting, i);
                g_autoptr(GDateTime) when = g_date_time_new_from_unix_local(delivery->time_usec / BH_USEC_PER_SEC);
                g_autofree char *time = when ? g_date_time_format(when, "%F %H:%M") : g_strdup("");

                carrier.give_up_usec = MAX(carrier.give_up_usec, delivery->give_up_usec);
                carrier.severity = MAX(carrier.severity, delivery->severity);
                if (text->len + strlen(delivery->title) + strlen(delivery->text) + 32 > GATHERED_TEXT_MAX) {
                        g_string_append_printf(text, "And %u more.\n", waiting->len - i);
                        break;
                }
                g_string_append_printf(text, "%s  %s\n%s\n\n", time, delivery->title, delivery->text);
        }
        carrier.text = text->str;
        return insert(db, &carrier);
}

static int gather(sqlite3 *db, void *userdata) {
        g_autoptr(GPtrArray) waiting = g_ptr_array_new_with_free_func(delivery_destroy);
        const Gathering *gathering = userdata;
        int r;

        r = read_waiting(db, gathering, waiting);
        if (r < 0)
                return r;
        if (waiting->len <= 1)
                return move_waiting(db, gathering, 0);
        r = insert_carrier(db, gathering, waiting);
        if (r < 0)
                return r;
        return move_waiting(db, gathering, sqlite3_changes(db) > 0 ? (uint64_t)sqlite3_last_insert_rowid(db) : 0);
}

int bh_deliveries_gather(BhDatabase *database, uint64_t channel, int64_t now_usec) {
        Gathering gathering = {channel, now_usec};

        return bh_database_write(database, gather, &gathering);
}

/* Outcomes ---------------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Finishing {
        const BhDelivery *delivery;
        int64_t now_usec, next_usec;
        const char *error;
} Finishing;

static int finish(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const Finishing *finishing = userdata;
        const char *state = !finishing->error ? "delivered" : finishing->next_usec > 0 ? "pending" : "failed";
        int r;

        r = bh_database_prepare(db, &statement,
                                "UPDATE notification_deliveries SET state = ?1, attempts = attempts + 1,"
                                " next_attempt_usec = ?2, error = ?3"
                                " WHERE (id = ?4 OR carrier = ?4) AND state = 'pending'");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, state);
        sqlite3_bind_int64(statement, 2, finishing->next_usec);
        bh_statement_bind_text(statement, 3, finishing->error ?: "");
        sqlite3_bind_int64(statement, 4, (sqlite3_int64)finishing->delivery->id);
        r = bh_database_errno(db, sqlite3_step(statement));
        if (r < 0)
                return r;
        return bh_channel_write_outcome(db, finishing->delivery->channel, finishing->now_usec, finishing->error);
}

int bh_deliveries_finish(BhDatabase *database, const BhDelivery *delivery, int64_t now_usec, const char *error,
                         int64_t next_usec) {
        Finishing finishing = {delivery, now_usec, next_usec, error};

        return bh_database_write(database, finish, &finishing);
}

static int prune(sqlite3 *db, void *userdata) {
        const int64_t numbers[] = {*(const int64_t *)userdata, BH_DELIVERIES_MAX};

        return bh_database_run(db,
                               "DELETE FROM notification_deliveries WHERE state IN ('delivered', 'failed') AND "
                               "(time_usec < ? OR id <="
                               " (SELECT id FROM notification_deliveries ORDER BY id DESC LIMIT 1 OFFSET ?))",
                               numbers, G_N_ELEMENTS(numbers));
}

int bh_deliveries_prune(BhDatabase *database, int64_t before_usec) {
        return bh_database_write(database, prune, &before_usec);
}
