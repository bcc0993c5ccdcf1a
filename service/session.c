/* SPDX-License-Identifier: MIT */

#include "session.h"

#include <errno.h>
#include <glib.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sodium.h>
#include <string.h>

#include "audit.h"
#include "jwt.h"
#include "macro.h"
#include "session-private.h"

/* Plain data -------------------------------------------------------------------------------------------------------------------------------- */

void bh_tokens_clear(BhTokens *tokens) {
        g_free(tokens->access_token);
        g_free(tokens->refresh_token);
        g_free(tokens->session_id);
        *tokens = (BhTokens){};
}

void bh_token_info_clear(BhTokenInfo *info) {
        bh_account_free(info->account);
        g_free(info->session_id);
        g_free(info->client_address);
        g_free(info->client_agent);
        *info = (BhTokenInfo){};
}

static void session_clear(BhSession *session) {
        g_free(session->id);
        g_free(session->client_address);
        g_free(session->client_agent);
}

void bh_session_free(BhSession *session) {
        session_clear(session);
        g_free(session);
}

static BhSession *session_copy(const BhSession *session) {
        BhSession *copy = g_new(BhSession, 1);

        *copy = *session;
        copy->id = g_strdup(session->id);
        copy->client_address = g_strdup(session->client_address);
        copy->client_agent = g_strdup(session->client_agent);
        return copy;
}

static void entry_free(gpointer data) {
        BhSessionEntry *entry = data;

        session_clear(&entry->session);
        g_free(entry);
}

char *bh_session_random_text(size_t bytes) {
        uint8_t random[64];
        char text[sodium_base64_ENCODED_LEN(sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];

        g_assert(bytes <= sizeof random);
        randombytes_buf(random, bytes);
        sodium_bin2base64(text, sizeof text, random, bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        return g_strdup(text);
}

int bh_session_hash_token(const char *token, uint8_t hash[static BH_TOKEN_HASH_SIZE]) {
        return gnutls_hash_fast(GNUTLS_DIG_SHA256, token, strlen(token), hash) == 0 ? 0 : -EIO;
}

/* The table ------------------------------------------------------------------------------------------------------------------------------- */

static int load(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        BhSessions *sessions = userdata;
        int r;

        r = bh_database_prepare(
                db, &statement,
                "SELECT id, account_id, created_usec, last_used_usec, expires_usec, client_address, client_agent"
                " FROM sessions WHERE expires_usec > ?");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, g_get_real_time());
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                BhSessionEntry *entry = g_new0(BhSessionEntry, 1);

                entry->session = (BhSession){
                        .id = g_strdup((const char *)sqlite3_column_text(statement, 0)),
                        .account_id = (uint64_t)sqlite3_column_int64(statement, 1),
                        .created_usec = sqlite3_column_int64(statement, 2),
                        .last_used_usec = sqlite3_column_int64(statement, 3),
                        .expires_usec = sqlite3_column_int64(statement, 4),
                        .client_address = g_strdup((const char *)sqlite3_column_text(statement, 5)),
                        .client_agent = g_strdup((const char *)sqlite3_column_text(statement, 6)),
                };
                g_hash_table_replace(sessions->table, entry->session.id, entry);
        }
        return bh_database_errno(db, r);
}

int bh_sessions_load(BhSessions **ret, const BhSessionsConfig *config, BhDatabase *database, BhAccounts *accounts,
                     const BhKey *key) {
        BhSessions *sessions;
        int r;

        if (sodium_init() < 0)
                return -EIO;
        sessions = g_new0(BhSessions, 1);
        *sessions = (BhSessions){.config = *config, .database = database, .accounts = accounts, .key = key};
        g_mutex_init(&sessions->change);
        g_mutex_init(&sessions->lock);
        sessions->table = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
        sessions->verified = bh_verified_tokens_new(key->bytes, BH_KEY_SIZE);
        r = bh_database_read(database, load, sessions);
        if (r < 0) {
                bh_sessions_free(sessions);
                return r;
        }
        *ret = sessions;
        return 0;
}

void bh_sessions_free(BhSessions *sessions) {
        if (!sessions)
                return;
        g_hash_table_unref(sessions->table);
        bh_verified_tokens_free(sessions->verified);
        g_mutex_clear(&sessions->lock);
        g_mutex_clear(&sessions->change);
        g_free(sessions);
}

void bh_sessions_lock(BhSessions *sessions) {
        g_mutex_lock(&sessions->change);
}

void bh_sessions_unlock(BhSessions *sessions) {
        g_mutex_unlock(&sessions->change);
}

void bh_session_forget_one(BhSessions *sessions, const char *id) {
        g_mutex_lock(&sessions->lock);
        g_hash_table_remove(sessions->table, id);
        g_mutex_unlock(&sessions->lock);
}

void bh_sessions_forget(BhSessions *sessions, uint64_t account_id, const char *except_id) {
        GHashTableIter iter;
        gpointer value;

        g_mutex_lock(&sessions->lock);
        g_hash_table_iter_init(&iter, sessions->table);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const BhSession *session = &((BhSessionEntry *)value)->session;

                if (session->account_id == account_id && (!except_id || !g_str_equal(session->id, except_id)))
                        g_hash_table_iter_remove(&iter);
        }
        g_mutex_unlock(&sessions->lock);
}

static int compare_newest_first(gconstpointer a, gconstpointer b) {
        const BhSession *first = *(BhSession *const *)a, *second = *(BhSession *const *)b;

        if (first->created_usec != second->created_usec)
                return first->created_usec > second->created_usec ? -1 : 1;
        return strcmp(first->id, second->id);
}

GPtrArray *bh_sessions_list(BhSessions *sessions, uint64_t account_id) {
        GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)bh_session_free);
        int64_t now = g_get_real_time();
        GHashTableIter iter;
        gpointer value;

        g_mutex_lock(&sessions->lock);
        g_hash_table_iter_init(&iter, sessions->table);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const BhSession *session = &((BhSessionEntry *)value)->session;

                if (session->account_id == account_id && session->expires_usec > now)
                        g_ptr_array_add(list, session_copy(session));
        }
        g_mutex_unlock(&sessions->lock);
        g_ptr_array_sort(list, compare_newest_first);
        return list;
}

/* The session that has to go so that the account may have one more; owned, NULL when none has to. */
static char *find_superfluous(BhSessions *sessions, uint64_t account_id) {
        g_autoptr(GPtrArray) list = bh_sessions_list(sessions, account_id);
        const BhSession *oldest = NULL;

        if (list->len < BH_SESSIONS_OF_ACCOUNT_MAX)
                return NULL;
        for (unsigned i = 0; i < list->len; i++) {
                const BhSession *session = list->pdata[i];

                if (!oldest || session->last_used_usec < oldest->last_used_usec)
                        oldest = session;
        }
        return g_strdup(oldest->id);
}

/* Checking -------------------------------------------------------------------------------------------------------------------------------- */

int bh_sessions_check(BhSessions *sessions, const char *token, BhTokenInfo *ret, BhFailure *failure) {
        _cleanup_(bh_token_info_clear) BhTokenInfo info = {};
        g_autofree char *session_id = NULL;
        int64_t now = g_get_real_time();
        BhSessionEntry *entry;
        uint64_t account_id;
        int r;

        r = bh_verified_tokens_check(sessions->verified, token, now / BH_USEC_PER_SEC, &account_id, &session_id);
        if (r < 0)
                return r;
        info.account = bh_accounts_get(sessions->accounts, account_id);
        if (!info.account)
                return bh_failure_set(failure, -EKEYREJECTED, "UserGone", "User no longer exists");
        if (!info.account->is_active)
                return -EKEYREJECTED;

        g_mutex_lock(&sessions->lock);
        entry = g_hash_table_lookup(sessions->table, session_id);
        if (entry && entry->session.account_id == account_id && entry->session.expires_usec > now) {
                entry->session.last_used_usec = now;
                entry->is_dirty = true;
                info.session_id = g_strdup(entry->session.id);
                if (entry->session.client_address[0])
                        info.client_address = g_strdup(entry->session.client_address);
                if (entry->session.client_agent[0])
                        info.client_agent = g_strdup(entry->session.client_agent);
        }
        g_mutex_unlock(&sessions->lock);
        if (!info.session_id)
                return -EKEYREJECTED;

        *ret = info;
        info = (BhTokenInfo){};
        return 0;
}

/* Opening --------------------------------------------------------------------------------------------------------------------------------- */

int bh_session_make_access_token(BhSessions *sessions, const BhAccount *account, const char *session_id,
                                 uint64_t lifetime, int64_t now_usec, char **ret) {
        g_autofree char *jti = bh_session_random_text(BH_SESSION_ID_BYTES);
        BhJwtClaims claims = {
                .sub = account->id,
                .username = account->username,
                .role = (char *)bh_role_to_string(account->role),
                .sid = (char *)session_id,
                .jti = jti,
                .iat = now_usec / BH_USEC_PER_SEC,
                .exp = now_usec / BH_USEC_PER_SEC + (int64_t)lifetime,
        };

        *ret = bh_jwt_sign(sessions->key->bytes, BH_KEY_SIZE, &claims);
        return *ret ? 0 : -EIO;
}

int bh_session_insert_refresh_token(sqlite3 *db, const char *session_id, const uint8_t *hash, int64_t expires_usec) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(
                db, &statement,
                "INSERT INTO refresh_tokens (hash, session_id, expires_usec, is_spent) VALUES (?, ?, ?, 0)");
        if (r < 0)
                return r;
        sqlite3_bind_blob(statement, 1, hash, BH_TOKEN_HASH_SIZE, SQLITE_STATIC);
        bh_statement_bind_text(statement, 2, session_id);
        sqlite3_bind_int64(statement, 3, expires_usec);
        return bh_database_errno(db, sqlite3_step(statement));
}

int bh_session_delete_row(sqlite3 *db, const char *session_id) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement, "DELETE FROM sessions WHERE id = ?");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, session_id);
        return bh_database_errno(db, sqlite3_step(statement));
}

typedef struct Opening {
        const BhCaller *caller;
        const BhAccount *account;
        const char *password_hash;
        const BhSession *session;
        const char *superfluous_id;  /* or NULL */
        const uint8_t *refresh_hash; /* or NULL */
        const char *action;
} Opening;

/* Since the password was verified the account may have been disabled, or got another one. */
static int check_account(sqlite3 *db, const Opening *opening) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement,
                                "SELECT 1 FROM accounts WHERE id = ? AND is_active AND password_hash = ?");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)opening->account->id);
        bh_statement_bind_text(statement, 2, opening->password_hash);
        r = sqlite3_step(statement);
        return r == SQLITE_DONE ? -EKEYREJECTED : bh_database_errno(db, r);
}

static int insert_session(sqlite3 *db, const BhSession *session) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(
                db, &statement,
                "INSERT INTO sessions (id, account_id, created_usec, last_used_usec, expires_usec, client_address,"
                " client_agent) VALUES (?, ?, ?, ?, ?, ?, ?)");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, session->id);
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)session->account_id);
        sqlite3_bind_int64(statement, 3, session->created_usec);
        sqlite3_bind_int64(statement, 4, session->last_used_usec);
        sqlite3_bind_int64(statement, 5, session->expires_usec);
        bh_statement_bind_text(statement, 6, session->client_address);
        bh_statement_bind_text(statement, 7, session->client_agent);
        return bh_database_errno(db, sqlite3_step(statement));
}

static int write_opening(sqlite3 *db, void *userdata) {
        const Opening *opening = userdata;
        int r;

        r = check_account(db, opening);
        if (r < 0)
                return r;
        if (opening->superfluous_id) {
                r = bh_session_delete_row(db, opening->superfluous_id);
                if (r < 0)
                        return r;
        }
        r = insert_session(db, opening->session);
        if (r < 0)
                return r;
        if (opening->refresh_hash) {
                r = bh_session_insert_refresh_token(db, opening->session->id, opening->refresh_hash,
                                                    opening->session->expires_usec);
                if (r < 0)
                        return r;
        }
        return bh_audit_append(db, opening->caller,
                               &(BhAudit){BH_AUDIT_SECURITY, opening->action, opening->account->username, 0, NULL, 0});
}

int bh_sessions_open(BhSessions *sessions, const BhCaller *caller, const BhAccount *account, const char *password_hash,
                     bool with_refresh, const char *action, BhTokens *ret) {
        _cleanup_(bh_tokens_clear) BhTokens tokens = {};
        g_autofree char *superfluous_id = NULL;
        int64_t now = g_get_real_time();
        uint8_t hash[BH_TOKEN_HASH_SIZE];
        BhSessionEntry *entry;
        int r;

        tokens.session_id = bh_session_random_text(BH_SESSION_ID_BYTES);
        tokens.expires_in =
                with_refresh ? sessions->config.access_lifetime_with_refresh : sessions->config.access_lifetime;
        tokens.refresh_token = with_refresh ? bh_session_random_text(BH_REFRESH_TOKEN_BYTES) : g_strdup("");
        r = bh_session_hash_token(tokens.refresh_token, hash);
        if (r < 0)
                return r;
        r = bh_session_make_access_token(sessions, account, tokens.session_id, tokens.expires_in, now,
                                         &tokens.access_token);
        if (r < 0)
                return r;

        entry = g_new0(BhSessionEntry, 1);
        entry->session = (BhSession){
                .id = g_strdup(tokens.session_id),
                .account_id = account->id,
                .created_usec = now,
                .last_used_usec = now,
                .expires_usec = now + (int64_t)(with_refresh ? sessions->config.refresh_lifetime : tokens.expires_in) *
                                              BH_USEC_PER_SEC,
                .client_address = g_strdup(caller->client_address ?: ""),
                .client_agent = g_strdup(caller->client_agent ?: ""),
        };

        g_mutex_lock(&sessions->change);
        superfluous_id = find_superfluous(sessions, account->id);
        r = bh_database_write(sessions->database, write_opening,
                              &(Opening){caller, account, password_hash, &entry->session, superfluous_id,
                                         with_refresh ? hash : NULL, action});
        if (r >= 0) {
                if (superfluous_id)
                        bh_session_forget_one(sessions, superfluous_id);
                g_mutex_lock(&sessions->lock);
                g_hash_table_replace(sessions->table, entry->session.id, entry);
                entry = NULL;
                g_mutex_unlock(&sessions->lock);
        }
        g_mutex_unlock(&sessions->change);
        if (entry)
                entry_free(entry);
        if (r < 0)
                return r;

        *ret = tokens;
        tokens = (BhTokens){};
        return 0;
}

/* Ending ---------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Ending {
        const BhCaller *caller;
        uint64_t account_id;
        const char *session_id, *action;
} Ending;

static int write_end(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const Ending *ending = userdata;
        int r;

        r = bh_database_prepare(db, &statement, "DELETE FROM sessions WHERE id = ? AND account_id = ?");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, ending->session_id);
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)ending->account_id);
        r = bh_database_errno(db, sqlite3_step(statement));
        if (r < 0)
                return r;
        if (sqlite3_changes(db) == 0)
                return -ENOENT;
        return bh_audit_append(db, ending->caller,
                               &(BhAudit){BH_AUDIT_SECURITY, ending->action, ending->caller->username, 0, NULL, 0});
}

int bh_sessions_end(BhSessions *sessions, const BhCaller *caller, uint64_t account_id, const char *session_id,
                    const char *action) {
        int r;

        g_mutex_lock(&sessions->change);
        r = bh_database_write(sessions->database, write_end, &(Ending){caller, account_id, session_id, action});
        if (r >= 0)
                bh_session_forget_one(sessions, session_id);
        g_mutex_unlock(&sessions->change);
        return r;
}

int bh_sessions_delete_rows(sqlite3 *db, uint64_t account_id, const char *except_id) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement, "DELETE FROM sessions WHERE account_id = ? AND id <> ?");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)account_id);
        bh_statement_bind_text(statement, 2, except_id ?: "");
        return bh_database_errno(db, sqlite3_step(statement));
}

/* Upkeep ---------------------------------------------------------------------------------------------------------------------------------- */

static int write_uses(sqlite3 *db, void *userdata) {
        GPtrArray *used = userdata;

        for (unsigned i = 0; i < used->len; i++) {
                _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
                const BhSession *session = used->pdata[i];
                int r;

                r = bh_database_prepare(db, &statement,
                                        "UPDATE sessions SET last_used_usec = max(last_used_usec, ?) WHERE id = ?");
                if (r < 0)
                        return r;
                sqlite3_bind_int64(statement, 1, session->last_used_usec);
                bh_statement_bind_text(statement, 2, session->id);
                r = bh_database_errno(db, sqlite3_step(statement));
                if (r < 0)
                        return r;
        }
        return 0;
}

static void free_uses(void *userdata) {
        g_ptr_array_unref(userdata);
}

bool bh_sessions_flush(BhSessions *sessions) {
        GPtrArray *used = g_ptr_array_new_with_free_func((GDestroyNotify)bh_session_free);
        GHashTableIter iter;
        gpointer value;

        g_mutex_lock(&sessions->lock);
        g_hash_table_iter_init(&iter, sessions->table);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                BhSessionEntry *entry = value;

                if (entry->is_dirty)
                        g_ptr_array_add(used, session_copy(&entry->session));
                entry->is_dirty = false;
        }
        g_mutex_unlock(&sessions->lock);
        if (used->len == 0) {
                g_ptr_array_unref(used);
                return false;
        }
        bh_database_post(sessions->database, write_uses, used, free_uses);
        return true;
}

static int write_purge(sqlite3 *db, void *userdata) {
        static const char *const statements[] = {"DELETE FROM refresh_tokens WHERE expires_usec <= ?",
                                                 "DELETE FROM sessions WHERE expires_usec <= ?"};
        const int64_t *now = userdata;

        for (size_t i = 0; i < G_N_ELEMENTS(statements); i++) {
                _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
                int r;

                r = bh_database_prepare(db, &statement, statements[i]);
                if (r < 0)
                        return r;
                sqlite3_bind_int64(statement, 1, *now);
                r = bh_database_errno(db, sqlite3_step(statement));
                if (r < 0)
                        return r;
        }
        return 0;
}

int bh_sessions_purge(BhSessions *sessions) {
        int64_t now = g_get_real_time();
        GHashTableIter iter;
        gpointer value;
        int r;

        g_mutex_lock(&sessions->change);
        r = bh_database_write(sessions->database, write_purge, &now);
        if (r >= 0) {
                g_mutex_lock(&sessions->lock);
                g_hash_table_iter_init(&iter, sessions->table);
                while (g_hash_table_iter_next(&iter, NULL, &value))
                        if (((BhSessionEntry *)value)->session.expires_usec <= now)
                                g_hash_table_iter_remove(&iter);
                g_mutex_unlock(&sessions->lock);
        }
        g_mutex_unlock(&sessions->change);
        return r;
}
