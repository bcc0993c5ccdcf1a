/* SPDX-License-Identifier: MIT */

#include "signin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "audit.h"
#include "macro.h"
#include "rate-limit.h"

/* Names and addresses that are remembered. */
#define KEYS_MAX 4096

struct BhSignin {
        bool registration;
        BhPasswordCost cost;
        BhDatabase *database;
        BhAccounts *accounts;
        BhSessions *sessions;
        BhUsers *users;
        BhRateLimit *by_account, *by_address;
};

BhSignin *bh_signin_new(const BhConfig *config, BhDatabase *database, BhAccounts *accounts, BhSessions *sessions,
                        BhUsers *users) {
        BhSignin *signin = g_new0(BhSignin, 1);

        signin->registration = config->registration;
        signin->cost = (BhPasswordCost){config->password_opslimit, config->password_memlimit_kib * 1024};
        signin->database = database;
        signin->accounts = accounts;
        signin->sessions = sessions;
        signin->users = users;
        signin->by_account = bh_rate_limit_new(config->login_attempts_per_account, config->login_window, KEYS_MAX);
        signin->by_address = bh_rate_limit_new(config->login_attempts_per_address, config->login_window, KEYS_MAX);
        return signin;
}

void bh_signin_free(BhSignin *signin) {
        if (!signin)
                return;
        bh_rate_limit_free(signin->by_account);
        bh_rate_limit_free(signin->by_address);
        g_free(signin);
}

static char *account_key(const char *username) {
        return g_ascii_strdown(username, -1);
}

/* Who has one IPv6 address has the other 2^64 of its network too. */
static char *address_key(const BhCaller *caller) {
        const char *address = caller->client_address;
        char network[INET6_ADDRSTRLEN];
        struct in6_addr parsed;

        if (!address)
                return g_strdup_printf("uid %lu", (unsigned long)caller->uid);
        if (inet_pton(AF_INET6, address, &parsed) != 1 || IN6_IS_ADDR_V4MAPPED(&parsed))
                return g_strdup(address);
        memset(&parsed.s6_addr[8], 0, 8);
        return g_strdup(inet_ntop(AF_INET6, &parsed, network, sizeof network));
}

int bh_signin_attempt(BhSignin *signin, const BhCaller *caller, const char *username, BhFailure *failure) {
        g_autofree char *account = username ? account_key(username) : NULL, *address = address_key(caller);
        int64_t now = g_get_monotonic_time();
        uint64_t retry;

        if (!bh_rate_limit_take(signin->by_address, address, now, &retry))
                return bh_failure_set(failure, -EAGAIN, NULL, "Too many attempts (retry after %" G_GUINT64_FORMAT " s)",
                                      retry);
        if (account && !bh_rate_limit_take(signin->by_account, account, now, &retry))
                return bh_failure_set(failure, -EAGAIN, NULL, "Too many attempts (retry after %" G_GUINT64_FORMAT " s)",
                                      retry);
        return 0;
}

/* It was the right person: the attempts before are forgiven to the account, and this one to the address. */
static void forgive(BhSignin *signin, const BhCaller *caller, const char *username) {
        g_autofree char *account = account_key(username), *address = address_key(caller);

        bh_rate_limit_reset(signin->by_account, account);
        bh_rate_limit_refund(signin->by_address, address);
}

static int refuse(BhSignin *signin, const BhCaller *caller, const char *action, const char *username,
                  BhFailure *failure) {
        bh_audit_post(signin->database, caller,
                      &(BhAudit){BH_AUDIT_SECURITY, action, username, -EACCES, "Invalid credentials", 0});
        return bh_failure_set(failure, -EACCES, "InvalidCredentials", "Invalid credentials");
}

/* Verifies the password of the account (NULL: there is none). *ret_hash (owned) is the hash that it matches. Errors: -EKEYREJECTED. */
static int verify(BhSignin *signin, const BhAccount *account, const char *password, char **ret_hash) {
        g_autofree char *hash = NULL;
        int r;

        if (account) {
                r = bh_users_get_password_hash(signin->users, account->id, &hash);
                if (r < 0 && r != -ENOENT)
                        return r;
        }
        r = bh_password_verify(&signin->cost, hash, password);
        if (r < 0)
                return r;
        if (!account->is_active)
                return -EKEYREJECTED;
        *ret_hash = g_steal_pointer(&hash);
        return 0;
}

/* The configured cost has changed since the hash was made: a good moment, for only now we have the password. */
static void renew_hash(BhSignin *signin, const BhAccount *account, const char *password, char **hash) {
        char *renewed = NULL;

        if (!bh_password_needs_rehash(&signin->cost, *hash))
                return;
        if (bh_password_hash(&signin->cost, password, &renewed) < 0)
                return;
        if (bh_users_set_password_hash(signin->users, NULL, account->id, *hash, renewed, NULL) < 0) {
                g_free(renewed);
                return;
        }
        g_free(*hash);
        *hash = renewed;
}

int bh_signin_login(BhSignin *signin, const BhCaller *caller, const char *username, const char *password,
                    bool with_refresh, BhFailure *failure, BhTokens *ret, BhAccount **ret_account) {
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        g_autofree char *hash = NULL;
        int r;

        account = bh_accounts_get_by_name(signin->accounts, username);
        r = verify(signin, account, password, &hash);
        if (r >= 0) {
                renew_hash(signin, account, password, &hash);
                r = bh_sessions_open(signin->sessions, caller, account, hash, with_refresh, "login", ret);
        }
        if (r == -EKEYREJECTED)
                return refuse(signin, caller, "login", username, failure);
        if (r < 0)
                return r;
        forgive(signin, caller, username);
        *ret_account = g_steal_pointer(&account);
        return 0;
}

int bh_signin_register(BhSignin *signin, const BhCaller *caller, const char *username, const char *email,
                       const char *password, bool with_refresh, BhFailure *failure, BhTokens *ret,
                       BhAccount **ret_account) {
        const BhNewUser new_user = {.username = username,
                                    .password = password,
                                    .email = email,
                                    .role = BH_ROLE_USER,
                                    .is_active = true,
                                    .uid = -1};
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        g_autofree char *hash = NULL;
        int r;

        if (!signin->registration)
                return bh_failure_set(failure, -EACCES, "RegistrationClosed", "Registration is closed");
        r = bh_users_create(signin->users, caller, &new_user, BH_NEW_USER_BY_ADMIN, "register", failure, &account,
                            &hash);
        if (r < 0)
                return r;
        r = bh_sessions_open(signin->sessions, caller, account, hash, with_refresh, "login", ret);
        if (r < 0)
                return r;
        *ret_account = g_steal_pointer(&account);
        return 0;
}

int bh_signin_change_password(BhSignin *signin, const BhCaller *caller, const char *current_password,
                              const char *new_password, BhFailure *failure) {
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        g_autofree char *old_hash = NULL, *new_hash = NULL;
        int r;

        r = bh_password_validate(new_password, failure);
        if (r < 0)
                return r;
        if (g_str_equal(current_password, new_password))
                return bh_failure_set(failure, -EINVAL, NULL, "The new password has to be another one");
        account = bh_accounts_get(signin->accounts, caller->user_id);
        r = verify(signin, account, current_password, &old_hash);
        if (r >= 0)
                r = bh_password_hash(&signin->cost, new_password, &new_hash);
        if (r >= 0)
                r = bh_users_set_password_hash(signin->users, caller, account->id, old_hash, new_hash,
                                               caller->session_id);
        if (r == -EKEYREJECTED)
                return refuse(signin, caller, "password-change", caller->username, failure);
        if (r < 0)
                return r;
        forgive(signin, caller, account->username);
        return 0;
}
