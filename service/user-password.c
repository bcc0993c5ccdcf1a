/* SPDX-License-Identifier: MIT */

#include "user.h"

#include <errno.h>
#include <glib.h>

#include "audit.h"
#include "macro.h"
#include "user-private.h"

typedef struct HashRead {
        uint64_t id;
        char *hash; /* result, owned */
} HashRead;

static int read_hash(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        HashRead *read = userdata;
        int r;

        r = bh_database_prepare(db, &statement, "SELECT password_hash FROM accounts WHERE id = ?");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)read->id);
        r = sqlite3_step(statement);
        if (r == SQLITE_DONE)
                return -ENOENT;
        if (r != SQLITE_ROW)
                return bh_database_errno(db, r);
        read->hash = g_strdup((const char *)sqlite3_column_text(statement, 0));
        return 0;
}

int bh_users_get_password_hash(BhUsers *users, uint64_t id, char **ret) {
        HashRead read = {.id = id};
        int r;

        r = bh_database_read(users->database, read_hash, &read);
        if (r < 0) {
                g_free(read.hash);
                return r;
        }
        *ret = read.hash;
        return 0;
}

typedef struct PasswordChange {
        const BhCaller *caller;
        uint64_t id;
        const char *old_hash, *new_hash, *except_session_id;
} PasswordChange;

static int write_password(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const PasswordChange *change = userdata;
        int r;

        r = bh_database_prepare(db, &statement,
                                "UPDATE accounts SET password_hash = ? WHERE id = ? AND password_hash = ?");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, change->new_hash);
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)change->id);
        bh_statement_bind_text(statement, 3, change->old_hash);
        r = bh_database_errno(db, sqlite3_step(statement));
        if (r < 0)
                return r;
        if (sqlite3_changes(db) == 0)
                return -EKEYREJECTED;
        if (!change->caller) /* only another cost for the same password */
                return 0;
        r = bh_sessions_delete_rows(db, change->id, change->except_session_id);
        if (r < 0)
                return r;
        return bh_audit_append(db, change->caller,
                               &(BhAudit){BH_AUDIT_SECURITY, "password-change", change->caller->username, 0, NULL, 0});
}

int bh_users_set_password_hash(BhUsers *users, const BhCaller *caller, uint64_t id, const char *old_hash,
                               const char *new_hash, const char *except_session_id) {
        int r;

        bh_sessions_lock(users->sessions);
        r = bh_database_write(users->database, write_password,
                              &(PasswordChange){caller, id, old_hash, new_hash, except_session_id});
        if (r >= 0 && caller)
                bh_sessions_forget(users->sessions, id, except_session_id);
        bh_sessions_unlock(users->sessions);
        return r;
}
