/* SPDX-License-Identifier: MIT */

#include "audit.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "audit-chain.h"
#include "log.h"
#include "macro.h"

/* What bh_audit_post() keeps until the writer comes to it. */
typedef struct Posted {
        BhCaller caller;
        BhAudit audit;
} Posted;

static int append_at(sqlite3 *db, const BhCaller *caller, const BhAudit *audit, int64_t time_usec) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        BhAuditMark head;
        int64_t id;
        int r, i = 0;

        r = bh_audit_chain_next(db, &head, &id);
        if (r < 0)
                return r;
        r = bh_database_prepare(
                db, &statement,
                "INSERT INTO audit (id, time_usec, event_type, action, target, result, message, size, user_id, "
                "username, uid, pid, unit, client_address, client_agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                "?, ?, ?)");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, ++i, id);
        sqlite3_bind_int64(statement, ++i, time_usec);
        bh_statement_bind_text(statement, ++i, audit->event_type);
        bh_statement_bind_text(statement, ++i, audit->action);
        bh_statement_bind_text(statement, ++i, audit->target);
        sqlite3_bind_int(statement, ++i, abs(audit->result));
        bh_statement_bind_text(statement, ++i, audit->message);
        sqlite3_bind_int64(statement, ++i, (sqlite3_int64)MIN(audit->size, (uint64_t)INT64_MAX));
        sqlite3_bind_int64(statement, ++i, (sqlite3_int64)caller->user_id);
        bh_statement_bind_text(statement, ++i, caller->username);
        sqlite3_bind_int64(statement, ++i, caller->uid);
        sqlite3_bind_int64(statement, ++i, caller->pid);
        bh_statement_bind_text(statement, ++i, caller->unit);
        bh_statement_bind_text(statement, ++i, caller->client_address);
        bh_statement_bind_text(statement, ++i, caller->client_agent);
        r = bh_database_errno(db, sqlite3_step(statement));
        return r < 0 ? r : bh_audit_chain_seal(db, &head, id);
}

int bh_audit_append(sqlite3 *db, const BhCaller *caller, const BhAudit *audit) {
        return append_at(db, caller, audit, g_get_real_time());
}

static int write_posted(sqlite3 *db, void *userdata) {
        Posted *posted = userdata;

        return append_at(db, &posted->caller, &posted->audit, g_get_real_time());
}

static void posted_free(void *userdata) {
        Posted *posted = userdata;

        bh_caller_clear(&posted->caller);
        g_free((char *)posted->audit.event_type);
        g_free((char *)posted->audit.action);
        g_free((char *)posted->audit.target);
        g_free((char *)posted->audit.message);
        g_free(posted);
}

static void write_journal(const BhCaller *caller, const BhAudit *audit) {
        g_autofree char *text = NULL, *uid = NULL, *pid = NULL, *user_id = NULL, *result = NULL;

        text = g_strdup_printf("%s: %s%s%s%s%s%s%s", caller->username ?: "nobody", audit->action,
                               audit->target ? " “" : "", audit->target ?: "", audit->target ? "”" : "",
                               audit->result == 0 ? "" : " failed", audit->message ? ": " : "", audit->message ?: "");
        uid = g_strdup_printf("%lu", (unsigned long)caller->uid);
        pid = g_strdup_printf("%ld", (long)caller->pid);
        user_id = g_strdup_printf("%" G_GUINT64_FORMAT, caller->user_id);
        result = g_strdup_printf("%d", abs(audit->result));

        const BhLogField fields[] = {
                {"BALUHOST_EVENT_TYPE", audit->event_type},
                {"BALUHOST_ACTION", audit->action},
                {"BALUHOST_TARGET", audit->target},
                {"BALUHOST_RESULT", result},
                {"BALUHOST_USER", caller->username},
                {"BALUHOST_USER_ID", user_id},
                {"BALUHOST_PEER_UID", uid},
                {"BALUHOST_PEER_PID", pid},
                {"BALUHOST_PEER_UNIT", caller->unit},
                {"BALUHOST_CLIENT_ADDRESS", caller->client_address},
                {NULL, NULL},
        };
        bh_log_fields(audit->result == 0 ? LOG_INFO : LOG_NOTICE, text, fields);
}

void bh_audit_post(BhDatabase *database, const BhCaller *caller, const BhAudit *audit) {
        Posted *posted = g_new0(Posted, 1);

        write_journal(caller, audit);
        bh_caller_copy(&posted->caller, caller);
        posted->audit = *audit;
        posted->audit.event_type = g_strdup(audit->event_type);
        posted->audit.action = g_strdup(audit->action);
        posted->audit.target = g_strdup(audit->target);
        posted->audit.message = g_strdup(audit->message);
        bh_database_post(database, write_posted, posted, posted_free);
}

int bh_audit_post_failure(BhDatabase *database, const BhCaller *caller, const char *action, const char *target, int r,
                          const BhFailure *failure) {
        if (r < 0)
                bh_audit_post(database, caller,
                              &(BhAudit){.event_type = BH_AUDIT_SYSTEM,
                                         .action = action,
                                         .target = target,
                                         .result = r,
                                         .message = failure ? failure->message : NULL});
        return r;
}
