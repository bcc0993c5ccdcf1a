/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "session.h"
#include "verified-tokens.h"

/* What session.c and session-refresh.c share. */

#define BH_TOKEN_HASH_SIZE 32 /* SHA-256 */
#define BH_SESSION_ID_BYTES 16
#define BH_REFRESH_TOKEN_BYTES 32

typedef struct BhSessionEntry {
        BhSession session;
        bool is_dirty; /* last_used_usec is newer than in the database */
} BhSessionEntry;

struct BhSessions {
        BhSessionsConfig config;
        BhDatabase *database;
        BhAccounts *accounts;
        const BhKey *key;
        GMutex change;     /* held from the database to the table, see bh_sessions_lock() */
        GMutex lock;       /* of the table; never held while anything blocks */
        GHashTable *table; /* session.id → BhSessionEntry, owned */
        BhVerifiedTokens *verified;
};

/* Random text for a URL, out of so many random bytes; owned. */
char *bh_session_random_text(size_t bytes);

/* Refresh tokens are random enough that a plain digest of one says nothing about it. */
int bh_session_hash_token(const char *token, uint8_t hash[static BH_TOKEN_HASH_SIZE]);

int bh_session_make_access_token(BhSessions *sessions, const BhAccount *account, const char *session_id,
                                 uint64_t lifetime, int64_t now_usec, char **ret);

/* For BhDatabaseWork. */
int bh_session_insert_refresh_token(sqlite3 *db, const char *session_id, const uint8_t *hash, int64_t expires_usec);
int bh_session_delete_row(sqlite3 *db, const char *session_id);

/* Makes the table follow the database. */
void bh_session_forget_one(BhSessions *sessions, const char *id);
