/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "failure.h"
#include "password.h"
#include "session.h"

/* What may be done to accounts, and the rules for it. Who may do it has been decided by who calls. Thread-safe; every function blocks, and those that take a
 * password belong into BH_POOL_PASSWORDS. Each writes its audit row: of success in the transaction of the change, of failure afterwards. */

typedef struct BhUsers BhUsers;

/* Gives everything that is marked with from_owner to to_owner, into the trash or where it is; both are owner marks. Errors: negative errnos. May block for long. */
typedef int (*BhGiveAway)(void *userdata, const BhCaller *caller, const char *from_owner, const char *to_owner,
                          bool trash);

typedef struct BhUsersConfig {
        BhPasswordCost cost;
        uid_t forbidden_uid; /* cannot be linked: the web bridge's; BH_UID_NONE: none */
        BhGiveAway give_away;
        void *userdata; /* of give_away */
} BhUsersConfig;

/* Longest user name and e-mail address, in bytes. */
#define BH_USERNAME_MAX 64
#define BH_EMAIL_MAX 254

/* All of them must outlive it. */
BhUsers *bh_users_new(const BhUsersConfig *config, BhDatabase *database, BhAccounts *accounts, BhSessions *sessions);

/* NULL is fine. */
void bh_users_free(BhUsers *users);

typedef struct BhNewUser {
        const char *username;
        const char *password;
        const char *email; /* NULL: none */
        BhRole role;
        bool is_active;
        uint64_t quota_bytes; /* 0: none */
        int64_t uid;          /* -1: none */
} BhNewUser;

/* Kinds of new accounts differ in one rule each. */
typedef enum BhNewUserKind {
        BH_NEW_USER_BY_ADMIN,
        BH_NEW_USER_FIRST_ADMIN, /* -EACCES "Conflict" when there is an administrator already */
        BH_NEW_USER_SEED,        /* of development mode: the password may be short */
} BhNewUserKind;

/* Creates an account. *ret_password_hash (owned; may be NULL) is for bh_sessions_open(). action is for the audit row. Errors: -EINVAL, -EEXIST, -ENOMEM,
 * -EIO, -ENOSPC; failure says more. */
int bh_users_create(BhUsers *users, const BhCaller *caller, const BhNewUser *new_user, BhNewUserKind kind,
                    const char *action, BhFailure *failure, BhAccount **ret, char **ret_password_hash);

typedef struct BhUserChanges {
        const char *username; /* NULL: as it was, as the next two */
        const char *email;
        const char *password;
        bool has_role, has_is_active, has_quota_bytes, has_uid;
        BhRole role;
        bool is_active;
        uint64_t quota_bytes;
        int64_t uid;
} BhUserChanges;

/* All changes or none. Errors: -ENOENT, -EEXIST, -EINVAL, -EACCES "Conflict"; failure says more. */
int bh_users_update(BhUsers *users, const BhCaller *caller, uint64_t id, const BhUserChanges *changes,
                    BhFailure *failure, BhAccount **ret);

/* Deletes an account. trash: its files go to the trash of the heir, else they become the heir's; the heir is the caller, or the first administrator when the
 * caller has no account. The account is disabled first; when the files cannot be given away it stays as it was. Errors: -ENOENT, -EACCES "Conflict",
 * -EBUSY it is being deleted already; those of the files. */
int bh_users_delete(BhUsers *users, const BhCaller *caller, uint64_t id, bool trash, BhFailure *failure);

/* Changes a password that was verified already, when the hash is still old_hash. All sessions but for except_session_id end. caller NULL: only the cost of the
 * hash changes, not the password, and no session ends. Errors: -EKEYREJECTED. */
int bh_users_set_password_hash(BhUsers *users, const BhCaller *caller, uint64_t id, const char *old_hash,
                               const char *new_hash, const char *except_session_id);

/* The hash of an account's password, to be freed with g_free(). Errors: -ENOENT. */
int bh_users_get_password_hash(BhUsers *users, uint64_t id, char **ret);

/* Checks of what comes from outside. Errors: -EINVAL; failure says more. Do not block. */
int bh_username_validate(const char *username, BhFailure *failure);
int bh_email_validate(const char *email, BhFailure *failure);
int bh_password_validate(const char *password, BhFailure *failure);
