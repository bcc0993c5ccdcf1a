/* SPDX-License-Identifier: MIT */

#include "notification-rule.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "alert-kind.h"
#include "audit.h"
#include "macro.h"
#include "notification-channel.h"

void bh_rule_changes_clear(BhRuleChanges *changes) {
        g_free(changes->name);
        g_free(changes->minimum_severity);
        g_strfreev(changes->kinds);
        g_clear_pointer(&changes->channels, g_array_unref);
        *changes = (BhRuleChanges){};
}

static void rule_free(BhRule *rule) {
        g_free(rule->name);
        g_strfreev(rule->kinds);
        g_clear_pointer(&rule->channels, g_array_unref);
        g_free(rule);
}

void bh_rule_destroy(void *rule) {
        rule_free(rule);
}

static void rule_freep(BhRule **rule) {
        if (*rule)
                rule_free(*rule);
}

/* Deciding ---------------------------------------------------------------------------------------------------------------------------------------------- */

bool bh_rule_matches(const BhRule *rule, const BhNotification *notification) {
        if (!rule->is_enabled || notification->severity < rule->minimum_severity ||
            (notification->is_over && !rule->resolved))
                return false;
        return !rule->kinds[0] || g_strv_contains((const char *const *)rule->kinds, notification->kind);
}

int64_t bh_rule_when(const BhRule *rule, const BhNotification *notification, int64_t now_usec) {
        g_autoptr(GDateTime) now = g_date_time_new_from_unix_local(now_usec / BH_USEC_PER_SEC), day = NULL, end = NULL;
        unsigned minute, from = rule->quiet_from, to = rule->quiet_to;
        int64_t end_usec;

        if (from == to || !now)
                return now_usec;
        if (rule->quiet_critical && notification->severity == BH_NOTIFICATION_CRITICAL && !notification->is_over)
                return now_usec;
        minute = (unsigned)(g_date_time_get_hour(now) * 60 + g_date_time_get_minute(now));
        if (from < to ? minute < from || minute >= to : minute < from && minute >= to)
                return now_usec;
        day = minute < to ? g_date_time_ref(now) : g_date_time_add_days(now, 1);
        end = g_date_time_new_local(g_date_time_get_year(day), g_date_time_get_month(day),
                                    g_date_time_get_day_of_month(day), (int)to / 60, (int)to % 60, 0);
        if (!end)
                return now_usec;
        end_usec = g_date_time_to_unix(end) * BH_USEC_PER_SEC;
        while (end_usec <= now_usec) /* the hour that comes twice when summer time ends */
                end_usec += INT64_C(3600) * BH_USEC_PER_SEC;
        return end_usec;
}

/* Rows -------------------------------------------------------------------------------------------------------------------------------------------------- */

#define COLUMNS "id, name, is_enabled, kinds, minimum_severity, quiet_from, quiet_to, quiet_critical, resolved"

static BhRule *read_rule(sqlite3_stmt *statement) {
        BhRule *rule = g_new0(BhRule, 1);
        int i = 0;

        rule->id = (uint64_t)sqlite3_column_int64(statement, i++);
        rule->name = g_strdup(bh_statement_get_text(statement, i++));
        rule->is_enabled = sqlite3_column_int(statement, i++) != 0;
        rule->kinds = g_strsplit(bh_statement_get_text(statement, i++), "\n", -1);
        rule->minimum_severity = (BhNotificationSeverity)sqlite3_column_int(statement, i++);
        rule->quiet_from = (uint32_t)sqlite3_column_int(statement, i++);
        rule->quiet_to = (uint32_t)sqlite3_column_int(statement, i++);
        rule->quiet_critical = sqlite3_column_int(statement, i++) != 0;
        rule->resolved = sqlite3_column_int(statement, i++) != 0;
        rule->channels = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        return rule;
}

static int read_channels(sqlite3 *db, BhRule *rule) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement,
                                "SELECT channel FROM notification_rule_channels WHERE rule = ? ORDER BY channel");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)rule->id);
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                uint64_t channel = (uint64_t)sqlite3_column_int64(statement, 0);

                g_array_append_val(rule->channels, channel);
        }
        return bh_database_errno(db, r);
}

int bh_rules_read(sqlite3 *db, GPtrArray *rules) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement, "SELECT " COLUMNS " FROM notification_rules ORDER BY id");
        if (r < 0)
                return r;
        while ((r = sqlite3_step(statement)) == SQLITE_ROW)
                g_ptr_array_add(rules, read_rule(statement));
        r = bh_database_errno(db, r);
        for (guint i = 0; r >= 0 && i < rules->len; i++)
                r = read_channels(db, g_ptr_array_index(rules, i));
        return r;
}

static int list(sqlite3 *db, void *userdata) {
        return bh_rules_read(db, userdata);
}

int bh_rules_list(BhDatabase *database, GPtrArray **ret) {
        g_autoptr(GPtrArray) rules = g_ptr_array_new_with_free_func(bh_rule_destroy);
        int r = bh_database_read(database, list, rules);

        if (r >= 0)
                *ret = g_steal_pointer(&rules);
        return r;
}

static int read_one(sqlite3 *db, uint64_t id, BhRule **ret) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement, "SELECT " COLUMNS " FROM notification_rules WHERE id = ?");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)id);
        r = sqlite3_step(statement);
        if (r != SQLITE_ROW)
                return r == SQLITE_DONE ? -ENOENT : bh_database_errno(db, r);
        *ret = read_rule(statement);
        return read_channels(db, *ret);
}

static int write_rule(sqlite3 *db, BhRule *rule) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        g_autofree char *kinds = g_strjoinv("\n", rule->kinds);
        int64_t ids[2];
        int r, i = 0;

        r = bh_database_prepare(
                db, &statement,
                "INSERT INTO notification_rules (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET name = excluded.name, is_enabled = excluded.is_enabled,"
                " kinds = excluded.kinds, minimum_severity = excluded.minimum_severity,"
                " quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to,"
                " quiet_critical = excluded.quiet_critical, resolved = excluded.resolved");
        if (r < 0)
                return r;
        if (rule->id > 0)
                sqlite3_bind_int64(statement, 1, (sqlite3_int64)rule->id);
        i++;
        bh_statement_bind_text(statement, ++i, rule->name);
        sqlite3_bind_int(statement, ++i, rule->is_enabled);
        bh_statement_bind_text(statement, ++i, kinds);
        sqlite3_bind_int(statement, ++i, rule->minimum_severity);
        sqlite3_bind_int64(statement, ++i, rule->quiet_from);
        sqlite3_bind_int64(statement, ++i, rule->quiet_to);
        sqlite3_bind_int(statement, ++i, rule->quiet_critical);
        sqlite3_bind_int(statement, ++i, rule->resolved);
        r = bh_database_errno(db, sqlite3_step(statement));
        if (r < 0)
                return r;
        if (rule->id == 0)
                rule->id = (uint64_t)sqlite3_last_insert_rowid(db);
        ids[0] = (int64_t)rule->id;
        r = bh_database_run(db, "DELETE FROM notification_rule_channels WHERE rule = ?", ids, 1);
        for (guint n = 0; r >= 0 && n < rule->channels->len; n++) {
                ids[1] = (int64_t)g_array_index(rule->channels, uint64_t, n);
                r = bh_database_run(
                        db, "INSERT OR IGNORE INTO notification_rule_channels (rule, channel) VALUES (?, ?)", ids, 2);
        }
        return r;
}

/* Checking ---------------------------------------------------------------------------------------------------------------------------------------------- */

static bool is_kind(const char *text) {
        BhAlertKind kind;

        return bh_alert_kind_from_string(text, &kind) || g_str_equal(text, BH_NOTIFICATION_JOB_FAILED) ||
               g_str_equal(text, BH_NOTIFICATION_LOGIN_BLOCKED) || g_str_equal(text, BH_NOTIFICATION_SCHEDULE_FAILED);
}

static int check(sqlite3 *db, const BhRule *rule, BhFailure *failure) {
        if (!rule->name || !bh_channel_is_line(rule->name, BH_RULE_NAME_MAX))
                return bh_failure_set(failure, -EINVAL, NULL, "“name” must be one line of 1 to %d bytes",
                                      BH_RULE_NAME_MAX);
        for (size_t i = 0; rule->kinds[i]; i++)
                if (!is_kind(rule->kinds[i]))
                        return bh_failure_set(failure, -EINVAL, NULL, "“kinds” has one that does not exist");
        if (rule->quiet_from >= BH_DAY_MINUTES || rule->quiet_to >= BH_DAY_MINUTES)
                return bh_failure_set(failure, -EINVAL, NULL, "“%s” must be from 0 to %d minutes",
                                      rule->quiet_from >= BH_DAY_MINUTES ? "quiet_from" : "quiet_to",
                                      BH_DAY_MINUTES - 1);
        for (guint i = 0; i < rule->channels->len; i++) {
                int64_t channel = (int64_t)g_array_index(rule->channels, uint64_t, i), n = 0;
                int r = bh_database_get_number(db, "SELECT count(*) FROM notification_channels WHERE id = ?", &channel,
                                               1, &n);

                if (r < 0)
                        return r;
                if (n == 0)
                        return bh_failure_set(failure, -EINVAL, NULL,
                                              "“channels” has %" PRIu64 ", which does not exist", (uint64_t)channel);
        }
        return 0;
}

/* Changing ---------------------------------------------------------------------------------------------------------------------------------------------- */

static int apply(BhRule *rule, const BhRuleChanges *changes, BhFailure *failure) {
        if (changes->minimum_severity &&
            !bh_notification_severity_from_string(changes->minimum_severity, &rule->minimum_severity))
                return bh_failure_set(failure, -EINVAL, NULL, "“minimum_severity” must be info, warning or critical");
        if (changes->name) {
                g_free(rule->name);
                rule->name = g_strdup(changes->name);
        }
        if (changes->kinds) {
                g_strfreev(rule->kinds);
                rule->kinds = g_strdupv(changes->kinds);
        }
        if (changes->channels) {
                g_array_unref(rule->channels);
                rule->channels = g_array_copy(changes->channels);
        }
        if (changes->is_enabled_given)
                rule->is_enabled = changes->is_enabled;
        if (changes->quiet_critical_given)
                rule->quiet_critical = changes->quiet_critical;
        if (changes->resolved_given)
                rule->resolved = changes->resolved;
        if (changes->quiet_from_given)
                rule->quiet_from = changes->quiet_from;
        if (changes->quiet_to_given)
                rule->quiet_to = changes->quiet_to;
        return 0;
}

typedef struct Changing {
        const BhCaller *caller;
        const BhRuleChanges *changes;
        uint64_t id;
        BhFailure *failure;
} Changing;

static int audit_change(sqlite3 *db, const BhCaller *caller, const char *action, const BhRule *rule) {
        return bh_audit_append(db, caller,
                               &(BhAudit){.event_type = BH_AUDIT_SYSTEM, .action = action, .target = rule->name});
}

static int create(sqlite3 *db, void *userdata) {
        _cleanup_(rule_freep) BhRule *rule = g_new0(BhRule, 1);
        Changing *changing = userdata;
        int64_t n = 0;
        int r;

        *rule = (BhRule){.is_enabled = true,
                         .kinds = g_new0(char *, 1),
                         .minimum_severity = BH_NOTIFICATION_WARNING,
                         .channels = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
                         .quiet_critical = true,
                         .resolved = true};
        r = apply(rule, changing->changes, changing->failure);
        if (r >= 0)
                r = check(db, rule, changing->failure);
        if (r >= 0)
                r = bh_database_get_number(db, "SELECT count(*) FROM notification_rules", NULL, 0, &n);
        if (r < 0)
                return r;
        if (n >= BH_RULES_MAX)
                return bh_failure_set(changing->failure, -EAGAIN, NULL, "There can be %d rules, and there are",
                                      BH_RULES_MAX);
        r = write_rule(db, rule);
        if (r < 0)
                return r;
        changing->id = rule->id;
        return audit_change(db, changing->caller, "notification-rule-create", rule);
}

int bh_rules_create(BhDatabase *database, const BhCaller *caller, const BhRuleChanges *rule, BhFailure *failure,
                    uint64_t *ret_id) {
        Changing changing = {.caller = caller, .changes = rule, .failure = failure};
        int r = bh_database_write(database, create, &changing);

        if (r < 0)
                return bh_audit_post_failure(database, caller, "notification-rule-create", NULL, r, failure);
        *ret_id = changing.id;
        return 0;
}

static int update(sqlite3 *db, void *userdata) {
        _cleanup_(rule_freep) BhRule *rule = NULL;
        Changing *changing = userdata;
        int r;

        r = read_one(db, changing->id, &rule);
        if (r >= 0)
                r = apply(rule, changing->changes, changing->failure);
        if (r >= 0)
                r = check(db, rule, changing->failure);
        if (r >= 0)
                r = write_rule(db, rule);
        return r < 0 ? r : audit_change(db, changing->caller, "notification-rule-update", rule);
}

int bh_rules_update(BhDatabase *database, const BhCaller *caller, uint64_t id, const BhRuleChanges *changes,
                    BhFailure *failure) {
        Changing changing = {caller, changes, id, failure};
        g_autofree char *target = id > 0 ? g_strdup_printf("%" PRIu64, id) : NULL;
        int r = bh_database_write(database, update, &changing);

        return bh_audit_post_failure(database, caller, "notification-rule-update", target, r, failure);
}

static int delete (sqlite3 *db, void *userdata) {
        _cleanup_(rule_freep) BhRule *rule = NULL;
        const Changing *changing = userdata;
        const int64_t id = (int64_t)changing->id;
        int r;

        r = read_one(db, changing->id, &rule);
        if (r >= 0)
                r = bh_database_run(db, "DELETE FROM notification_rules WHERE id = ?", &id, 1);
        return r < 0 ? r : audit_change(db, changing->caller, "notification-rule-delete", rule);
}

int bh_rules_delete(BhDatabase *database, const BhCaller *caller, uint64_t id) {
        Changing changing = {.caller = caller, .id = id};
        g_autofree char *target = id > 0 ? g_strdup_printf("%" PRIu64, id) : NULL;
        int r = bh_database_write(database, delete, &changing);

        return bh_audit_post_failure(database, caller, "notification-rule-delete", target, r, NULL);
}
