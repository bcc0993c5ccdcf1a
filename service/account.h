/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "caller.h"
#include "database.h"

/* Accounts. All of them are kept in memory beside the database, so that looking one up never waits. Thread-safe. */

typedef struct BhAccounts BhAccounts;

typedef struct BhAccount {
        uint64_t id;
        char owner[BH_UUID_SIZE]; /* random UUID; the owner's mark on files */
        char *username;           /* owned */
        char *email;              /* owned, "" when not given */
        BhRole role;
        bool is_active;
        int64_t created_usec;
        uint64_t quota_bytes; /* 0: none */
        int64_t uid;          /* linked Unix user, -1: none */
} BhAccount;

/* NULL is fine. */
void bh_account_free(BhAccount *account);
void bh_account_freep(BhAccount **account);
BhAccount *bh_account_copy(const BhAccount *account);

/* "admin", "user" or "none". */
const char *bh_role_to_string(BhRole role);

/* Sets *ret for "admin" and "user". Returns whether it is one of the two. */
bool bh_role_from_string(const char *text, BhRole *ret);

/* Loads all accounts. Errors: as bh_database_errno(). Blocks. */
int bh_accounts_load(BhAccounts **ret, BhDatabase *database);

/* NULL is fine. */
void bh_accounts_free(BhAccounts *accounts);

/* Copies of the account with that id, owner mark, name (without regard to case) or Unix user; NULL when there is none. Free with bh_account_free(). */
BhAccount *bh_accounts_get(BhAccounts *accounts, uint64_t id);
BhAccount *bh_accounts_get_by_owner(BhAccounts *accounts, const char *owner);
BhAccount *bh_accounts_get_by_name(BhAccounts *accounts, const char *username);
BhAccount *bh_accounts_get_by_uid(BhAccounts *accounts, uid_t uid);

/* Id of the account with that owner mark, 0 when there is none. Cheap: no copy. */
uint64_t bh_accounts_id_of_owner(BhAccounts *accounts, const char *owner);

/* Another number after every change of an account. Does not block. */
uint64_t bh_accounts_generation(BhAccounts *accounts);

/* Copies of all accounts by id; of BhAccount, free with g_ptr_array_unref(). */
struct _GPtrArray *bh_accounts_list(BhAccounts *accounts);

/* How many there are, and how many administrators that are active, or whether active or not. */
typedef struct BhAccountCounts {
        size_t all, active_admins, admins;
} BhAccountCounts;

BhAccountCounts bh_accounts_count(BhAccounts *accounts);

/* Changes. Whoever changes an account holds the change lock from the check of what is there until memory says what the database does: then no two
 * changes contradict each other. Looking up goes on meanwhile. For user.c and sign-in alone; blocks. */
void bh_accounts_lock(BhAccounts *accounts);
void bh_accounts_unlock(BhAccounts *accounts);

/* Makes memory follow: takes the account as it is now, in place of the one with its id if there is one. */
void bh_accounts_put(BhAccounts *accounts, BhAccount *account);
void bh_accounts_remove(BhAccounts *accounts, uint64_t id);
