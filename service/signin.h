/* SPDX-License-Identifier: MIT */
#pragma once

#include "config.h"
#include "session.h"
#include "user.h"

/* Signing in: passwords, and how often one may try. Thread-safe. */

typedef struct BhSignin BhSignin;

/* All of them must outlive it. */
BhSignin *bh_signin_new(const BhConfig *config, BhDatabase *database, BhAccounts *accounts, BhSessions *sessions,
                        BhUsers *users);

/* NULL is fine. */
void bh_signin_free(BhSignin *signin);

/* Takes one attempt for the account (username; NULL: only for the address) and for where the caller comes from: before anything is hashed, and without waiting.
 * Errors: -EAGAIN; failure says when to try again. */
int bh_signin_attempt(BhSignin *signin, const BhCaller *caller, const char *username, BhFailure *failure);

/* Signs in. Unknown name, wrong password and disabled account look and cost the same. Errors: -EACCES "InvalidCredentials". Blocks; BH_POOL_PASSWORDS. */
int bh_signin_login(BhSignin *signin, const BhCaller *caller, const char *username, const char *password,
                    bool with_refresh, BhFailure *failure, BhTokens *ret, BhAccount **ret_account);

/* Creates an account for oneself and signs in. Errors: -EACCES "RegistrationClosed", and those of bh_users_create(). Blocks; BH_POOL_PASSWORDS. */
int bh_signin_register(BhSignin *signin, const BhCaller *caller, const char *username, const char *email,
                       const char *password, bool with_refresh, BhFailure *failure, BhTokens *ret,
                       BhAccount **ret_account);

/* Changes the caller's own password. Errors: -EACCES "InvalidCredentials", -EINVAL. Blocks; BH_POOL_PASSWORDS. */
int bh_signin_change_password(BhSignin *signin, const BhCaller *caller, const char *current_password,
                              const char *new_password, BhFailure *failure);
