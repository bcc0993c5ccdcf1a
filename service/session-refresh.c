/* SPDX-License-Identifier: MIT */

#include "session.h"

#include <errno.h>
#include <glib.h>

#include "audit.h"
#include "macro.h"
#include "session-private.h"

/* Refresh tokens: each works once. */

typedef struct Refresh {
        BhSessions *sessions;
        const BhCaller *caller;
        const uint8_t *old_hash, *new_hash; /* new_hash NULL: only find the session */
        int64_t now_usec, expires_usec;
        char *session_id; /* owned; result */
        uint64_t account_id;
        bool is_stolen; /* the token was spent before */
} Refresh;

static int find_refresh_token(sqlite3 *db, Refresh *refresh, bool *ret_spent) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(
                db, &statement,
                "SELECT session_id, account_id, is_spent FROM refresh_tokens JOIN sessions ON sessions.id = session_id"
                " WHERE hash = ? AND refresh_tokens.expires_usec > ? AND sessions.expires_usec > ?");
        if (r < 0)
                return r;
        sqlite3_bind_blob(statement, 1, refresh->old_hash, BH_TOKEN_HASH_SIZE, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, refresh->now_usec);
        sqlite3_bind_int64(statement, 3, refresh->now_usec);
        r = sqlite3_step(statement);
        if (r == SQLITE_DONE)
                return -EKEYREJECTED;
        if (r != SQLITE_ROW)
                return bh_database_errno(db, r);
        refresh->session_id = g_strdup((const char *)sqlite3_column_text(statement, 0));
        refresh->account_id = (uint64_t)sqlite3_column_int64(statement, 1);
        *ret_spent = sqlite3_column_int(statement, 2) != 0;
        return 0;
}

static int spend_refresh_token(sqlite3 *db, const Refresh *refresh) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *spend = NULL, *extend = NULL;
        int r;

        r = bh_database_prepare(db, &spend, "UPDATE refresh_tokens SET is_spent = 1 WHERE hash = ?");
        if (r < 0)
                return r;
        sqlite3_bind_blob(spend, 1, refresh->old_hash, BH_TOKEN_HASH_SIZE, SQLITE_STATIC);
        r = bh_database_errno(db, sqlite3_step(spend));
        if (r < 0)
                return r;
        r = bh_database_prepare(db, &extend, "UPDATE sessions SET expires_usec = ?, last_used_usec = ? WHERE id = ?");
        if (r < 0)
                return r;
        sqlite3_bind_int64(extend, 1, refresh->expires_usec);
        sqlite3_bind_int64(extend, 2, refresh->now_usec);
        bh_statement_bind_text(extend, 3, refresh->session_id);
        r = bh_database_errno(db, sqlite3_step(extend));
        if (r < 0)
                return r;
        return bh_session_insert_refresh_token(db, refresh->session_id, refresh->new_hash, refresh->expires_usec);
}

static int audit_session(sqlite3 *db, Refresh *refresh, const char *action, int result, const char *message) {
        _cleanup_(bh_account_freep) BhAccount *account =
                bh_accounts_get(refresh->sessions->accounts, refresh->account_id);

        return bh_audit_append(
                db, refresh->caller,
                &(BhAudit){BH_AUDIT_SECURITY, action, account ? account->username : NULL, result, message, 0});
}

/* A token that is used a second time has been copied: by whom, we or the thief, nobody knows, so the session ends for both. */
static int write_refresh(sqlite3 *db, void *userdata) {
        Refresh *refresh = userdata;
        bool is_spent;
        int r;

        r = find_refresh_token(db, refresh, &is_spent);
        if (r < 0)
                return r;
        if (is_spent) {
                refresh->is_stolen = true;
                r = bh_session_delete_row(db, refresh->session_id);
                if (r < 0)
                        return r;
                return audit_session(db, refresh, "refresh", -EKEYREJECTED,
                                     "A refresh token was used twice, its session has been ended");
        }
        r = spend_refresh_token(db, refresh);
        if (r < 0)
                return r;
        return audit_session(db, refresh, "refresh", 0, NULL);
}

static void extend_entry(BhSessions *sessions, const Refresh *refresh) {
        BhSessionEntry *entry;

        g_mutex_lock(&sessions->lock);
        entry = g_hash_table_lookup(sessions->table, refresh->session_id);
        if (entry) {
                entry->session.expires_usec = refresh->expires_usec;
                entry->session.last_used_usec = refresh->now_usec;
        }
        g_mutex_unlock(&sessions->lock);
}

static int refresh_locked(BhSessions *sessions, Refresh *refresh) {
        int r;

        r = bh_database_write(sessions->database, write_refresh, refresh);
        if (r < 0)
                return r;
        if (refresh->is_stolen) {
                bh_session_forget_one(sessions, refresh->session_id);
                return -EKEYREJECTED;
        }
        extend_entry(sessions, refresh);
        return 0;
}

int bh_sessions_refresh(BhSessions *sessions, const BhCaller *caller, const char *refresh_token, BhTokens *ret,
                        BhAccount **ret_account) {
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        _cleanup_(bh_tokens_clear) BhTokens tokens = {};
        uint8_t old_hash[BH_TOKEN_HASH_SIZE], new_hash[BH_TOKEN_HASH_SIZE];
        Refresh refresh = {.sessions = sessions, .caller = caller, .old_hash = old_hash, .new_hash = new_hash};
        int r;

        tokens.refresh_token = bh_session_random_text(BH_REFRESH_TOKEN_BYTES);
        tokens.expires_in = sessions->config.access_lifetime_with_refresh;
        if (bh_session_hash_token(refresh_token, old_hash) < 0 ||
            bh_session_hash_token(tokens.refresh_token, new_hash) < 0)
                return -EIO;
        refresh.now_usec = g_get_real_time();
        refresh.expires_usec = refresh.now_usec + (int64_t)sessions->config.refresh_lifetime * BH_USEC_PER_SEC;

        g_mutex_lock(&sessions->change);
        r = refresh_locked(sessions, &refresh);
        g_mutex_unlock(&sessions->change);
        tokens.session_id = refresh.session_id;
        if (r < 0)
                return r;

        account = bh_accounts_get(sessions->accounts, refresh.account_id);
        if (!account || !account->is_active) /* since then, and with it the session ended */
                return -EKEYREJECTED;
        r = bh_session_make_access_token(sessions, account, tokens.session_id, tokens.expires_in, refresh.now_usec,
                                         &tokens.access_token);
        if (r < 0)
                return r;
        *ret = tokens;
        tokens = (BhTokens){};
        *ret_account = g_steal_pointer(&account);
        return 0;
}

static int write_end_by_refresh_token(sqlite3 *db, void *userdata) {
        Refresh *refresh = userdata;
        bool is_spent;
        int r;

        r = find_refresh_token(db, refresh, &is_spent);
        if (r < 0)
                return r;
        r = bh_session_delete_row(db, refresh->session_id);
        if (r < 0)
                return r;
        return audit_session(db, refresh, "logout", 0, NULL);
}

int bh_sessions_end_by_refresh_token(BhSessions *sessions, const BhCaller *caller, const char *refresh_token) {
        uint8_t hash[BH_TOKEN_HASH_SIZE];
        Refresh refresh = {.sessions = sessions, .caller = caller, .old_hash = hash};
        int r;

        r = bh_session_hash_token(refresh_token, hash);
        if (r < 0)
                return r;
        refresh.now_usec = g_get_real_time();
        g_mutex_lock(&sessions->change);
        r = bh_database_write(sessions->database, write_end_by_refresh_token, &refresh);
        if (r >= 0)
                bh_session_forget_one(sessions, refresh.session_id);
        g_mutex_unlock(&sessions->change);
        g_free(refresh.session_id);
        return r;
}
