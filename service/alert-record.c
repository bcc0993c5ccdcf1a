/* SPDX-License-Identifier: MIT */

#include "alert-record.h"

#include <errno.h>
#include <string.h>

#include "audit.h"
#include "errors.h"
#include "macro.h"

BhAlert *bh_alert_copy(const BhAlert *alert) {
        BhAlert *copy = g_memdup2(alert, sizeof *alert);

        copy->subject = g_strdup(alert->subject);
        copy->title = g_strdup(alert->title);
        copy->text = g_strdup(alert->text);
        copy->acknowledged_by = g_strdup(alert->acknowledged_by);
        return copy;
}

void bh_alert_free(BhAlert *alert) {
        g_free(alert->subject);
        g_free(alert->title);
        g_free(alert->text);
        g_free(alert->acknowledged_by);
        g_free(alert);
}

/* Reading --------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Loading {
        GPtrArray *alerts;
        uint64_t last_id;
} Loading;

static char *column_text(sqlite3_stmt *statement, int column) {
        return g_strdup((const char *)sqlite3_column_text(statement, column));
}

/* NULL when it is of a kind that this version does not know. */
static BhAlert *read_alert(sqlite3_stmt *statement) {
        BhAlert *alert;
        BhAlertKind kind;

        if (!bh_alert_kind_from_string((const char *)sqlite3_column_text(statement, 1), &kind))
                return NULL;
        alert = g_new0(BhAlert, 1);
        alert->id = (uint64_t)sqlite3_column_int64(statement, 0);
        alert->kind = kind;
        alert->subject = column_text(statement, 2);
        alert->severity = sqlite3_column_int(statement, 3) != 0 ? BH_SEVERITY_CRITICAL : BH_SEVERITY_WARNING;
        alert->title = column_text(statement, 4);
        alert->text = column_text(statement, 5);
        alert->count = (unsigned)sqlite3_column_int(statement, 6);
        alert->raised_usec = sqlite3_column_int64(statement, 7);
        alert->acknowledged_usec = sqlite3_column_int64(statement, 8);
        alert->acknowledged_by = column_text(statement, 9);
        alert->resolved_usec = sqlite3_column_int64(statement, 10);
        return alert;
}

static int load(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        Loading *loading = userdata;
        int r;

        r = bh_database_prepare(
                db, &statement,
                "SELECT id, kind, subject, is_critical, title, text, count, raised_usec, acknowledged_usec,"
                " acknowledged_by, resolved_usec FROM alerts ORDER BY id DESC");
        if (r < 0)
                return r;
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                BhAlert *alert = read_alert(statement);

                loading->last_id = MAX(loading->last_id, (uint64_t)sqlite3_column_int64(statement, 0));
                if (alert)
                        g_ptr_array_add(loading->alerts, alert);
        }
        return bh_database_errno(db, r);
}

int bh_alert_records_load(BhDatabase *database, GPtrArray *alerts, uint64_t *ret_last_id) {
        Loading loading = {.alerts = alerts};
        int r;

        r = bh_database_read(database, load, &loading);
        if (r >= 0)
                *ret_last_id = loading.last_id;
        return r;
}

/* Writing --------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Writing {
        BhAlert *alert;
        BhAlertChange change;
        char *why;
} Writing;

static void writing_free(void *userdata) {
        Writing *writing = userdata;

        bh_alert_free(writing->alert);
        g_free(writing->why);
        g_free(writing);
}

static int write_row(sqlite3 *db, const BhAlert *alert) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r, i = 0;

        r = bh_database_prepare(db, &statement,
                                "INSERT INTO alerts (id, kind, subject, is_critical, title, text, count, raised_usec,"
                                " acknowledged_usec, acknowledged_by, resolved_usec)"
                                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                                " ON CONFLICT (id) DO UPDATE SET is_critical = excluded.is_critical,"
                                " title = excluded.title, text = excluded.text, count = excluded.count,"
                                " acknowledged_usec = CASE WHEN excluded.is_critical > is_critical THEN 0"
                                " ELSE acknowledged_usec END,"
                                " acknowledged_by = CASE WHEN excluded.is_critical > is_critical THEN NULL"
                                " ELSE acknowledged_by END,"
                                " resolved_usec = excluded.resolved_usec");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, ++i, (sqlite3_int64)alert->id);
        bh_statement_bind_text(statement, ++i, bh_alert_kind_to_string(alert->kind));
        bh_statement_bind_text(statement, ++i, alert->subject);
        sqlite3_bind_int(statement, ++i, alert->severity == BH_SEVERITY_CRITICAL);
        bh_statement_bind_text(statement, ++i, alert->title);
        bh_statement_bind_text(statement, ++i, alert->text);
        sqlite3_bind_int64(statement, ++i, alert->count);
        sqlite3_bind_int64(statement, ++i, alert->raised_usec);
        sqlite3_bind_int64(statement, ++i, alert->acknowledged_usec);
        bh_statement_bind_text(statement, ++i, alert->acknowledged_by);
        sqlite3_bind_int64(statement, ++i, alert->resolved_usec);
        return bh_database_errno(db, sqlite3_step(statement));
}

static int prune(sqlite3 *db) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(
                db, &statement,
                "DELETE FROM alerts WHERE resolved_usec <> 0 AND id NOT IN"
                " (SELECT id FROM alerts WHERE resolved_usec <> 0 ORDER BY resolved_usec DESC, id DESC LIMIT ?)");
        if (r < 0)
                return r;
        sqlite3_bind_int(statement, 1, BH_ALERTS_HISTORY_MAX);
        return bh_database_errno(db, sqlite3_step(statement));
}

/* "disks/wwn-0x50014ee2b5c7f2a1" of an object path: what the audit trail is about. */
static const char *target_of(const char *subject) {
        return g_str_has_prefix(subject, BH_ROOT_PATH "/") ? subject + strlen(BH_ROOT_PATH "/") : NULL;
}

static int write_change(sqlite3 *db, void *userdata) {
        static const char *const actions[] = {[BH_ALERT_CHANGE_RAISED] = "alert-raise",
                                              [BH_ALERT_CHANGE_EASED] = "alert-ease",
                                              [BH_ALERT_CHANGE_RESOLVED] = "alert-resolve"};
        const Writing *writing = userdata;
        const BhAlert *alert = writing->alert;
        _cleanup_(bh_caller_clear) BhCaller service = bh_caller_of_service();
        g_autofree char *message = NULL;
        int r;

        r = write_row(db, alert);
        if (r >= 0 && writing->change == BH_ALERT_CHANGE_RESOLVED)
                r = prune(db);
        if (r < 0 || writing->change == BH_ALERT_CHANGE_UPDATED)
                return r;
        message = g_strdup_printf("%s (%s): %s%s%s", bh_alert_kind_to_string(alert->kind),
                                  bh_severity_to_string(alert->severity), alert->title, writing->why ? ": " : "",
                                  writing->why ?: "");
        return bh_audit_append(db, &service,
                               &(BhAudit){.event_type = BH_AUDIT_SYSTEM,
                                          .action = actions[writing->change],
                                          .target = target_of(alert->subject),
                                          .message = message});
}

void bh_alert_record_post(BhDatabase *database, const BhAlert *alert, BhAlertChange change, const char *why) {
        Writing *writing = g_new0(Writing, 1);

        writing->alert = bh_alert_copy(alert);
        writing->change = change;
        writing->why = g_strdup(why);
        bh_database_post(database, write_change, writing, writing_free);
}

/* Acknowledging --------------------------------------------------------------------------------------------------------------------------- */

typedef struct Acknowledging {
        const BhCaller *caller;
        const BhAcknowledgement *acknowledgement;
} Acknowledging;

static int read_subject(sqlite3 *db, uint64_t id, char **ret_target, char **ret_message) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement, "SELECT kind, subject, title FROM alerts WHERE id = ?");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)id);
        r = sqlite3_step(statement);
        if (r != SQLITE_ROW)
                return r == SQLITE_DONE ? -ESTALE : bh_database_errno(db, r);
        *ret_target = g_strdup(target_of((const char *)sqlite3_column_text(statement, 1)));
        *ret_message = g_strdup_printf("%s: %s", sqlite3_column_text(statement, 0), sqlite3_column_text(statement, 2));
        return 0;
}

static int acknowledge(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const Acknowledging *acknowledging = userdata;
        const BhAcknowledgement *acknowledgement = acknowledging->acknowledgement;
        g_autofree char *target = NULL, *message = NULL;
        int r;

        r = read_subject(db, acknowledgement->id, &target, &message);
        if (r < 0)
                return r;
        r = bh_database_prepare(db, &statement,
                                "UPDATE alerts SET acknowledged_usec = ?, acknowledged_by = ?"
                                " WHERE id = ? AND is_critical = ? AND resolved_usec = 0");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, acknowledgement->time_usec);
        bh_statement_bind_text(statement, 2, acknowledging->caller->username);
        sqlite3_bind_int64(statement, 3, (sqlite3_int64)acknowledgement->id);
        sqlite3_bind_int(statement, 4, acknowledgement->severity == BH_SEVERITY_CRITICAL);
        r = bh_database_errno(db, sqlite3_step(statement));
        if (r < 0)
                return r;
        if (sqlite3_changes(db) == 0)
                return -ESTALE;
        return bh_audit_append(db, acknowledging->caller,
                               &(BhAudit){.event_type = BH_AUDIT_SYSTEM,
                                          .action = "alert-acknowledge",
                                          .target = target,
                                          .message = message});
}

int bh_alert_record_acknowledge(BhDatabase *database, const BhCaller *caller,
                                const BhAcknowledgement *acknowledgement) {
        Acknowledging acknowledging = {caller, acknowledgement};
        g_autofree char *target = g_strdup_printf("alerts/%" G_GUINT64_FORMAT, acknowledgement->id);
        int r;

        r = bh_database_write(database, acknowledge, &acknowledging);
        return bh_audit_post_failure(database, caller, "alert-acknowledge", target, r, NULL);
}
