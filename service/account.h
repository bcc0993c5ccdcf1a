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

void bh_account_free(BhAccount *account);

/* Copies of the account with that id, owner mark, name (without regard to case) or Unix user; NULL when there is none. Free with bh_account_free(). */
BhAccount *bh_accounts_get(BhAccounts *accounts, uint64_t id);
BhAccount *bh_accounts_get_by_owner(BhAccounts *accounts, const char *owner);
BhAccount *bh_accounts_get_by_name(BhAccounts *accounts, const char *username);
BhAccount *bh_accounts_get_by_uid(BhAccounts *accounts, uid_t uid);

/* Id of the account with that owner mark, 0 when there is none. Cheap: no copy. */
uint64_t bh_accounts_id_of_owner(BhAccounts *accounts, const char *owner);
