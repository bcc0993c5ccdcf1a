/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "database.h"
#include "failure.h"
#include "key.h"

/* Sessions: one for each signed-in client. They are kept in memory beside the database, so that checking a token never waits. Thread-safe. */

typedef struct BhSessions BhSessions;

typedef struct BhSessionsConfig {
        uint64_t access_lifetime;              /* seconds */
        uint64_t access_lifetime_with_refresh; /* seconds */
        uint64_t refresh_lifetime;             /* seconds */
} BhSessionsConfig;

/* Of one account at once; the one that was not used for longest ends when there is one more. */
#define BH_SESSIONS_OF_ACCOUNT_MAX 128

/* What a client gets when it signs in or refreshes. */
typedef struct BhTokens {
        char *access_token;  /* owned */
        char *refresh_token; /* owned; "" when there is none */
        uint64_t expires_in; /* seconds; of the access token */
        char *session_id;    /* owned */
} BhTokens;

void bh_tokens_clear(BhTokens *tokens);

/* What a valid access token says. */
typedef struct BhTokenInfo {
        BhAccount *account;   /* owned */
        char *session_id;     /* owned */
        char *client_address; /* owned; where the session was opened from, NULL when not known */
        char *client_agent;   /* owned; likewise */
} BhTokenInfo;

void bh_token_info_clear(BhTokenInfo *info);

/* A session as its owner may see it. */
typedef struct BhSession {
        char *id;
        uint64_t account_id;
        int64_t created_usec;
        int64_t last_used_usec;
        int64_t expires_usec;
        char *client_address; /* "" when not known */
        char *client_agent;   /* likewise */
} BhSession;

void bh_session_free(BhSession *session);

/* Loads what has not expired. database, accounts and key must outlive it. Errors: as bh_database_errno(). Blocks. */
int bh_sessions_load(BhSessions **ret, const BhSessionsConfig *config, BhDatabase *database, BhAccounts *accounts,
                     const BhKey *key);

/* NULL is fine. */
void bh_sessions_free(BhSessions *sessions);

/* Checks an access token. Errors: -EKEYREJECTED not genuine, expired, or its session has ended; with failure->name "UserGone" when its account was
 * deleted. Does not block. */
int bh_sessions_check(BhSessions *sessions, const char *token, BhTokenInfo *ret, BhFailure *failure);

/* Opens a session, provided that the account is active and its password hash is still the one that was verified: otherwise -EKEYREJECTED. with_refresh: with a
 * refresh token. client_address and client_agent of caller are remembered. Writes the audit row (action). Errors: as bh_database_write(). Blocks. */
int bh_sessions_open(BhSessions *sessions, const BhCaller *caller, const BhAccount *account, const char *password_hash,
                     bool with_refresh, const char *action, BhTokens *ret);

/* Exchanges a refresh token for new ones. *ret_account (owned) is whose they are. Errors: -EKEYREJECTED unknown, expired, spent (which ends the session) or
 * the account is disabled. Blocks. */
int bh_sessions_refresh(BhSessions *sessions, const BhCaller *caller, const char *refresh_token, BhTokens *ret,
                        BhAccount **ret_account);

/* Ends the session that a refresh token belongs to. Errors: -EKEYREJECTED there is none. Blocks. */
int bh_sessions_end_by_refresh_token(BhSessions *sessions, const BhCaller *caller, const char *refresh_token);

/* Ends one session of the account. Errors: -ENOENT. Blocks. */
int bh_sessions_end(BhSessions *sessions, const BhCaller *caller, uint64_t account_id, const char *session_id,
                    const char *action);

/* The sessions of an account, newest first; of BhSession, free with g_ptr_array_unref(). Does not block. */
struct _GPtrArray *bh_sessions_list(BhSessions *sessions, uint64_t account_id);

/* For what changes an account: call bh_sessions_delete_rows() in the transaction of the change, and bh_sessions_forget() when it is durable, both within
 * bh_sessions_lock() and bh_sessions_unlock(). All sessions of the account end but for except_id (may be NULL). */
void bh_sessions_lock(BhSessions *sessions);
void bh_sessions_unlock(BhSessions *sessions);
int bh_sessions_delete_rows(sqlite3 *db, uint64_t account_id, const char *except_id);
void bh_sessions_forget(BhSessions *sessions, uint64_t account_id, const char *except_id);

/* Writes down when sessions were used, if any were. Call it about every minute. Returns whether there was anything to write. Does not block. */
bool bh_sessions_flush(BhSessions *sessions);

/* Forgets what has expired. Call it every hour or so. Blocks. */
int bh_sessions_purge(BhSessions *sessions);
