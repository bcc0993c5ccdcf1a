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

#define HASH_SIZE 32 /* SHA-256 */
#define ID_BYTES 16
#define REFRESH_BYTES 32

typedef struct Entry {
        BhSession session;
        bool is_dirty; /* last_used_usec is newer than in the database */
} Entry;

struct BhSessions {
        BhSessionsConfig config;
        BhDatabase *database;
        BhAccounts *accounts;
        const BhKey *key;
        GMutex change; /* held from the database to the table, see bh_sessions_lock() */
        GMutex lock;   /* of the table; never held while anything blocks */
        GHashTable *table; /* session.id → Entry, owned */
};

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
        Entry *entry = data;

        session_clear(&entry->session);
        g_free(entry);
}

/* Random text for a URL, out of so many random bytes. */
static char *random_text(size_t bytes) {
        uint8_t random[64];
        char text[sodium_base64_ENCODED_LEN(sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];

        g_assert(bytes <= sizeof random);
        randombytes_buf(random, bytes);
        sodium_bin2base64(text, sizeof text, random, bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        return g_strdup(text);
}

/* Refresh tokens are random enough that a plain digest of one says nothing about it. */
static int hash_token(const char *token, uint8_t hash[static HASH_SIZE]) {
        return gnutls_hash_fast(GNUTLS_DIG_SHA256, token, strlen(token), hash) == 0 ? 0 : -EIO;
}

/* The table ------------------------------------------------------------------------------------------------------------------------------- */

static int load(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        BhSessions *sessions = userdata;
        int r;

        r = bh_database_prepare(db, &statement,
                                "SELECT id, account_id, created_usec, last_used_usec, expires_usec, client_address, client_agent"
                                " FROM sessions WHERE expires_usec > ?");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, g_get_real_time());
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                Entry *entry = g_new0(Entry, 1);

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

static void forget_one(BhSessions *sessions, const char *id) {
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
                const BhSession *session = &((Entry *)value)->session;

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
                const BhSession *session = &((Entry *)value)->session;

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
        _cleanup_(bh_jwt_claims_clear) BhJwtClaims claims = {};
        _cleanup_(bh_token_info_clear) BhTokenInfo info = {};
        int64_t now = g_get_real_time();
        Entry *entry;
        int r;

        r = bh_jwt_verify(sessions->key->bytes, BH_KEY_SIZE, token, now / BH_USEC_PER_SEC, &claims);
        if (r < 0)
                return r;
        info.account = bh_accounts_get(sessions->accounts, claims.sub);
        if (!info.account)
                return bh_failure_set(failure, -EKEYREJECTED, "UserGone", "User no longer exists");
        if (!info.account->is_active)
                return -EKEYREJECTED;

        g_mutex_lock(&sessions->lock);
        entry = g_hash_table_lookup(sessions->table, claims.sid);
        if (entry && entry->session.account_id == claims.sub && entry->session.expires_usec > now) {
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

static int make_access_token(BhSessions *sessions, const BhAccount *account, const char *session_id, uint64_t lifetime,
                             int64_t now_usec, char **ret) {
        g_autofree char *jti = random_text(ID_BYTES);
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

static int insert_refresh_token(sqlite3 *db, const char *session_id, const uint8_t *hash, int64_t expires_usec) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement,
                                "INSERT INTO refresh_tokens (hash, session_id, expires_usec, is_spent) VALUES (?, ?, ?, 0)");
        if (r < 0)
                return r;
        sqlite3_bind_blob(statement, 1, hash, HASH_SIZE, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, session_id, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 3, expires_usec);
        return bh_database_errno(db, sqlite3_step(statement));
}

static int delete_row(sqlite3 *db, const char *session_id) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement, "DELETE FROM sessions WHERE id = ?");
        if (r < 0)
                return r;
        sqlite3_bind_text(statement, 1, session_id, -1, SQLITE_STATIC);
        return bh_database_errno(db, sqlite3_step(statement));
}

typedef struct Opening {
        const BhCaller *caller;
        const BhAccount *account;
        const char *password_hash;
        const BhSession *session;
        const char *superfluous_id; /* or NULL */
        const uint8_t *refresh_hash; /* or NULL */
        const char *action;
} Opening;

/* Since the password was verified the account may have been disabled, or got another one. */
static int check_account(sqlite3 *db, const Opening *opening) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement, "SELECT 1 FROM accounts WHERE id = ? AND is_active AND password_hash = ?");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)opening->account->id);
        sqlite3_bind_text(statement, 2, opening->password_hash, -1, SQLITE_STATIC);
        r = sqlite3_step(statement);
        return r == SQLITE_DONE ? -EKEYREJECTED : bh_database_errno(db, r);
}

static int insert_session(sqlite3 *db, const BhSession *session) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement,
                                "INSERT INTO sessions (id, account_id, created_usec, last_used_usec, expires_usec, client_address,"
                                " client_agent) VALUES (?, ?, ?, ?, ?, ?, ?)");
        if (r < 0)
                return r;
        sqlite3_bind_text(statement, 1, session->id, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)session->account_id);
        sqlite3_bind_int64(statement, 3, session->created_usec);
        sqlite3_bind_int64(statement, 4, session->last_used_usec);
        sqlite3_bind_int64(statement, 5, session->expires_usec);
        sqlite3_bind_text(statement, 6, session->client_address, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 7, session->client_agent, -1, SQLITE_STATIC);
        return bh_database_errno(db, sqlite3_step(statement));
}

static int write_opening(sqlite3 *db, void *userdata) {
        const Opening *opening = userdata;
        int r;

        r = check_account(db, opening);
        if (r < 0)
                return r;
        if (opening->superfluous_id) {
                r = delete_row(db, opening->superfluous_id);
                if (r < 0)
                        return r;
        }
        r = insert_session(db, opening->session);
        if (r < 0)
                return r;
        if (opening->refresh_hash) {
                r = insert_refresh_token(db, opening->session->id, opening->refresh_hash, opening->session->expires_usec);
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
        uint8_t hash[HASH_SIZE];
        Entry *entry;
        int r;

        tokens.session_id = random_text(ID_BYTES);
        tokens.expires_in = with_refresh ? sessions->config.access_lifetime_with_refresh : sessions->config.access_lifetime;
        tokens.refresh_token = with_refresh ? random_text(REFRESH_BYTES) : g_strdup("");
        r = hash_token(tokens.refresh_token, hash);
        if (r < 0)
                return r;
        r = make_access_token(sessions, account, tokens.session_id, tokens.expires_in, now, &tokens.access_token);
        if (r < 0)
                return r;

        entry = g_new0(Entry, 1);
        entry->session = (BhSession){
                .id = g_strdup(tokens.session_id),
                .account_id = account->id,
                .created_usec = now,
                .last_used_usec = now,
                .expires_usec = now + (int64_t)(with_refresh ? sessions->config.refresh_lifetime : tokens.expires_in) * BH_USEC_PER_SEC,
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
                        forget_one(sessions, superfluous_id);
                g_mutex_lock(&sessions->lock);
                g_hash_table_replace(sessions->table, entry->session.id, g_steal_pointer(&entry));
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

/* Refreshing ------------------------------------------------------------------------------------------------------------------------------ */

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

        r = bh_database_prepare(db, &statement,
                                "SELECT session_id, account_id, is_spent FROM refresh_tokens JOIN sessions ON sessions.id = session_id"
                                " WHERE hash = ? AND refresh_tokens.expires_usec > ? AND sessions.expires_usec > ?");
        if (r < 0)
                return r;
        sqlite3_bind_blob(statement, 1, refresh->old_hash, HASH_SIZE, SQLITE_STATIC);
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
        sqlite3_bind_blob(spend, 1, refresh->old_hash, HASH_SIZE, SQLITE_STATIC);
        r = bh_database_errno(db, sqlite3_step(spend));
        if (r < 0)
                return r;
        r = bh_database_prepare(db, &extend, "UPDATE sessions SET expires_usec = ?, last_used_usec = ? WHERE id = ?");
        if (r < 0)
                return r;
        sqlite3_bind_int64(extend, 1, refresh->expires_usec);
        sqlite3_bind_int64(extend, 2, refresh->now_usec);
        sqlite3_bind_text(extend, 3, refresh->session_id, -1, SQLITE_STATIC);
        r = bh_database_errno(db, sqlite3_step(extend));
        if (r < 0)
                return r;
        return insert_refresh_token(db, refresh->session_id, refresh->new_hash, refresh->expires_usec);
}

static int audit_session(sqlite3 *db, Refresh *refresh, const char *action, int result, const char *message) {
        _cleanup_(bh_account_freep) BhAccount *account = bh_accounts_get(refresh->sessions->accounts, refresh->account_id);

        return bh_audit_append(db, refresh->caller,
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
                r = delete_row(db, refresh->session_id);
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
        Entry *entry;

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
                forget_one(sessions, refresh->session_id);
                return -EKEYREJECTED;
        }
        extend_entry(sessions, refresh);
        return 0;
}

int bh_sessions_refresh(BhSessions *sessions, const BhCaller *caller, const char *refresh_token, BhTokens *ret,
                        BhAccount **ret_account) {
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        _cleanup_(bh_tokens_clear) BhTokens tokens = {};
        uint8_t old_hash[HASH_SIZE], new_hash[HASH_SIZE];
        Refresh refresh = {.sessions = sessions, .caller = caller, .old_hash = old_hash, .new_hash = new_hash};
        int r;

        tokens.refresh_token = random_text(REFRESH_BYTES);
        tokens.expires_in = sessions->config.access_lifetime_with_refresh;
        if (hash_token(refresh_token, old_hash) < 0 || hash_token(tokens.refresh_token, new_hash) < 0)
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
        r = make_access_token(sessions, account, tokens.session_id, tokens.expires_in, refresh.now_usec, &tokens.access_token);
        if (r < 0)
                return r;
        *ret = tokens;
        tokens = (BhTokens){};
        *ret_account = g_steal_pointer(&account);
        return 0;
}

/* Ending ---------------------------------------------------------------------------------------------------------------------------------- */

static int write_end_by_refresh_token(sqlite3 *db, void *userdata) {
        Refresh *refresh = userdata;
        bool is_spent;
        int r;

        r = find_refresh_token(db, refresh, &is_spent);
        if (r < 0)
                return r;
        r = delete_row(db, refresh->session_id);
        if (r < 0)
                return r;
        return audit_session(db, refresh, "logout", 0, NULL);
}

int bh_sessions_end_by_refresh_token(BhSessions *sessions, const BhCaller *caller, const char *refresh_token) {
        uint8_t hash[HASH_SIZE];
        Refresh refresh = {.sessions = sessions, .caller = caller, .old_hash = hash};
        int r;

        r = hash_token(refresh_token, hash);
        if (r < 0)
                return r;
        refresh.now_usec = g_get_real_time();
        g_mutex_lock(&sessions->change);
        r = bh_database_write(sessions->database, write_end_by_refresh_token, &refresh);
        if (r >= 0)
                forget_one(sessions, refresh.session_id);
        g_mutex_unlock(&sessions->change);
        g_free(refresh.session_id);
        return r;
}

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
        sqlite3_bind_text(statement, 1, ending->session_id, -1, SQLITE_STATIC);
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
                forget_one(sessions, session_id);
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
        sqlite3_bind_text(statement, 2, except_id ?: "", -1, SQLITE_STATIC);
        return bh_database_errno(db, sqlite3_step(statement));
}

/* Upkeep ---------------------------------------------------------------------------------------------------------------------------------- */

static int write_uses(sqlite3 *db, void *userdata) {
        GPtrArray *used = userdata;

        for (unsigned i = 0; i < used->len; i++) {
                _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
                const BhSession *session = used->pdata[i];
                int r;

                r = bh_database_prepare(db, &statement, "UPDATE sessions SET last_used_usec = max(last_used_usec, ?) WHERE id = ?");
                if (r < 0)
                        return r;
                sqlite3_bind_int64(statement, 1, session->last_used_usec);
                sqlite3_bind_text(statement, 2, session->id, -1, SQLITE_STATIC);
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
                Entry *entry = value;

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
                        if (((Entry *)value)->session.expires_usec <= now)
                                g_hash_table_iter_remove(&iter);
                g_mutex_unlock(&sessions->lock);
        }
        g_mutex_unlock(&sessions->change);
        return r;
}
