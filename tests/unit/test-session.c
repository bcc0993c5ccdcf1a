/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "account-fixture.h"
#include "jwt.h"
#include "macro.h"

static int login(AccountFixture *fixture, const char *username, const char *password, bool refresh, BhTokens *ret) {
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        BhCaller bridge = {.uid = 33, .client_address = (char *)"192.0.2.7", .client_agent = (char *)"Browser"};
        int r = bh_signin_login(fixture->signin, &bridge, username, password, refresh, &failure, ret, &account);

        if (r < 0) {
                g_assert_cmpint(r, ==, -EACCES);
                g_assert_cmpstr(failure.name, ==, "InvalidCredentials");
                g_assert_cmpstr(failure.message, ==, "Invalid credentials");
        }
        return r;
}

static int check(AccountFixture *fixture, const BhTokens *tokens) {
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        _cleanup_(bh_token_info_clear) BhTokenInfo info = {};
        int r = bh_sessions_check(fixture->sessions, tokens->access_token, &info, &failure);

        if (r < 0)
                return r;
        g_assert_cmpstr(info.session_id, ==, tokens->session_id);
        return 0;
}

static int refresh(AccountFixture *fixture, const char *token, BhTokens *ret) {
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        BhCaller bridge = {.uid = 33};
        int r = bh_sessions_refresh(fixture->sessions, &bridge, token, ret, &account);

        g_assert_true((r >= 0) == (account != NULL));
        return r;
}

static void update(AccountFixture *fixture, uint64_t id, BhUserChanges changes) {
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        BhCaller root = {.role = BH_ROLE_ADMIN};

        g_assert_cmpint(bh_users_update(fixture->users, &root, id, &changes, &failure, &account), ==, 0);
}

static void signing_in_opens_a_session_that_survives_a_restart(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_tokens_clear) BhTokens tokens = {};
        _cleanup_(bh_token_info_clear) BhTokenInfo info = {};
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        uint64_t alex = account_fixture_add(fixture, "alex", BH_ROLE_USER);

        g_assert_cmpint(login(fixture, "ALEX", "password of alex", false, &tokens), ==, 0);
        g_assert_cmpstr(tokens.refresh_token, ==, "");
        g_assert_cmpuint(tokens.expires_in, ==, 1000);
        g_assert_cmpint(check(fixture, &tokens), ==, 0);
        account_fixture_restart(fixture);
        g_assert_cmpint(bh_sessions_check(fixture->sessions, tokens.access_token, &info, &failure), ==, 0);
        g_assert_cmpuint(info.account->id, ==, alex);
        g_assert_cmpstr(info.client_address, ==, "192.0.2.7");
        g_assert_cmpstr(info.client_agent, ==, "Browser");
        g_assert_cmpint(account_fixture_audits(fixture, "login", false), ==, 1);
}

static void wrong_name_wrong_password_and_disabled_look_the_same(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_tokens_clear) BhTokens tokens = {};
        uint64_t alex = account_fixture_add(fixture, "alex", BH_ROLE_USER);

        g_assert_cmpint(login(fixture, "nobody", "password of alex", false, &tokens), ==, -EACCES);
        g_assert_cmpint(login(fixture, "alex", "password of alex ", false, &tokens), ==, -EACCES);
        g_assert_cmpint(login(fixture, "alex", "", false, &tokens), ==, -EACCES);
        update(fixture, alex, (BhUserChanges){.has_is_active = true});
        g_assert_cmpint(login(fixture, "alex", "password of alex", false, &tokens), ==, -EACCES);
        g_assert_null(tokens.access_token);
        g_assert_cmpint(account_fixture_audits(fixture, "login", true), ==, 4);
}

static void tokens_of_another_session_account_or_time_are_rejected(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_tokens_clear) BhTokens tokens = {};
        uint64_t alex = account_fixture_add(fixture, "alex", BH_ROLE_USER),
                 maria = account_fixture_add(fixture, "maria", BH_ROLE_USER);
        int64_t now = g_get_real_time() / BH_USEC_PER_SEC;

        g_assert_cmpint(login(fixture, "alex", "password of alex", false, &tokens), ==, 0);
        const struct {
                uint64_t sub;
                const char *sid;
                int64_t exp;
                int result;
                const char *name;
        } cases[] = {
                {alex, tokens.session_id, now + 10, 0, NULL},
                {alex, tokens.session_id, now, -EKEYREJECTED, NULL},
                {maria, tokens.session_id, now + 10, -EKEYREJECTED, NULL},
                {alex, "another", now + 10, -EKEYREJECTED, NULL},
                {99, tokens.session_id, now + 10, -EKEYREJECTED, "UserGone"},
        };
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                const BhJwtClaims claims = {.sub = cases[i].sub,
                                            .username = (char *)"alex",
                                            .role = (char *)"admin",
                                            .sid = (char *)cases[i].sid,
                                            .jti = (char *)"x",
                                            .iat = now - 1,
                                            .exp = cases[i].exp};
                g_autofree char *token = bh_jwt_sign(fixture->key.bytes, BH_KEY_SIZE, &claims);
                _cleanup_(bh_token_info_clear) BhTokenInfo info = {};
                _cleanup_(bh_failure_clear) BhFailure failure = {};

                g_assert_cmpint(bh_sessions_check(fixture->sessions, token, &info, &failure), ==, cases[i].result);
                g_assert_cmpstr(failure.name, ==, cases[i].name);
                /* The role is that of the account now, whatever the token says. */
                if (cases[i].result == 0)
                        g_assert_cmpint(info.account->role, ==, BH_ROLE_USER);
        }
}

static void a_refresh_token_works_once(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_tokens_clear) BhTokens first = {}, second = {}, third = {}, stolen = {};

        account_fixture_add(fixture, "alex", BH_ROLE_USER);
        g_assert_cmpint(login(fixture, "alex", "password of alex", true, &first), ==, 0);
        g_assert_cmpuint(first.expires_in, ==, 100);
        g_assert_cmpint(refresh(fixture, first.refresh_token, &second), ==, 0);
        g_assert_cmpstr(second.session_id, ==, first.session_id);
        g_assert_cmpstr(second.refresh_token, !=, first.refresh_token);
        account_fixture_restart(fixture);
        g_assert_cmpint(refresh(fixture, second.refresh_token, &third), ==, 0);
        g_assert_cmpint(check(fixture, &first), ==, 0);
        g_assert_cmpint(check(fixture, &third), ==, 0);

        /* The second use of a spent one ends the session for everybody. */
        g_assert_cmpint(refresh(fixture, first.refresh_token, &stolen), ==, -EKEYREJECTED);
        g_assert_cmpint(check(fixture, &third), ==, -EKEYREJECTED);
        g_assert_cmpint(refresh(fixture, third.refresh_token, &stolen), ==, -EKEYREJECTED);
        account_fixture_restart(fixture);
        g_assert_cmpint(check(fixture, &third), ==, -EKEYREJECTED);
        g_assert_cmpint(account_fixture_audits(fixture, "refresh", true), ==, 1);
        g_assert_cmpint(account_fixture_audits(fixture, "refresh", false), ==, 2);
}

static void unknown_refresh_tokens_end_nothing(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_tokens_clear) BhTokens tokens = {}, plain = {}, none = {};

        account_fixture_add(fixture, "alex", BH_ROLE_USER);
        g_assert_cmpint(login(fixture, "alex", "password of alex", true, &tokens), ==, 0);
        g_assert_cmpint(login(fixture, "alex", "password of alex", false, &plain), ==, 0);
        g_assert_cmpint(refresh(fixture, "", &none), ==, -EKEYREJECTED); /* what a session without one has */
        g_assert_cmpint(refresh(fixture, "unknown", &none), ==, -EKEYREJECTED);
        g_assert_cmpint(refresh(fixture, tokens.access_token, &none), ==, -EKEYREJECTED);
        g_assert_cmpint(check(fixture, &tokens), ==, 0);
        g_assert_cmpint(check(fixture, &plain), ==, 0);
}

static int find_plain_token(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const char *token = userdata;
        int n = 0;

        g_assert_cmpint(bh_database_prepare(db, &statement, "SELECT hash FROM refresh_tokens"), ==, 0);
        while (sqlite3_step(statement) == SQLITE_ROW) {
                g_assert_cmpint(sqlite3_column_bytes(statement, 0), ==, 32);
                g_assert_cmpint(memcmp(sqlite3_column_blob(statement, 0), token, 32), !=, 0);
                n++;
        }
        g_assert_cmpint(n, ==, 1);
        return 0;
}

static void the_database_knows_no_refresh_token(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_tokens_clear) BhTokens tokens = {};

        account_fixture_add(fixture, "alex", BH_ROLE_USER);
        g_assert_cmpint(login(fixture, "alex", "password of alex", true, &tokens), ==, 0);
        g_assert_cmpint(bh_database_read(fixture->database, find_plain_token, tokens.refresh_token), ==, 0);
}

static void signing_out_ends_the_session_and_its_refresh_token(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_tokens_clear) BhTokens one = {}, two = {}, none = {};
        uint64_t alex = account_fixture_add(fixture, "alex", BH_ROLE_USER),
                 maria = account_fixture_add(fixture, "maria", BH_ROLE_USER);
        _cleanup_(bh_caller_clear) BhCaller caller = account_fixture_caller(fixture, alex);

        g_assert_cmpint(login(fixture, "alex", "password of alex", true, &one), ==, 0);
        g_assert_cmpint(login(fixture, "alex", "password of alex", true, &two), ==, 0);
        g_assert_cmpint(bh_sessions_end(fixture->sessions, &caller, maria, one.session_id, "logout"), ==, -ENOENT);
        g_assert_cmpint(bh_sessions_end(fixture->sessions, &caller, alex, one.session_id, "logout"), ==, 0);
        g_assert_cmpint(bh_sessions_end(fixture->sessions, &caller, alex, one.session_id, "logout"), ==, -ENOENT);
        g_assert_cmpint(check(fixture, &one), ==, -EKEYREJECTED);
        g_assert_cmpint(refresh(fixture, one.refresh_token, &none), ==, -EKEYREJECTED);
        g_assert_cmpint(check(fixture, &two), ==, 0);
        g_assert_cmpint(bh_sessions_end_by_refresh_token(fixture->sessions, &caller, "unknown"), ==, -EKEYREJECTED);
        g_assert_cmpint(bh_sessions_end_by_refresh_token(fixture->sessions, &caller, two.refresh_token), ==, 0);
        g_assert_cmpint(check(fixture, &two), ==, -EKEYREJECTED);
        account_fixture_restart(fixture);
        g_assert_cmpint(check(fixture, &one), ==, -EKEYREJECTED);
        g_assert_cmpint(check(fixture, &two), ==, -EKEYREJECTED);
}

static void a_changed_password_ends_all_other_sessions(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_tokens_clear) BhTokens here = {}, there = {}, later = {}, none = {};
        _cleanup_(bh_failure_clear) BhFailure failure = {}, wrong = {}, same = {}, brief = {};
        uint64_t alex = account_fixture_add(fixture, "alex", BH_ROLE_USER);
        _cleanup_(bh_caller_clear) BhCaller caller = account_fixture_caller(fixture, alex);

        g_assert_cmpint(login(fixture, "alex", "password of alex", true, &here), ==, 0);
        g_assert_cmpint(login(fixture, "alex", "password of alex", true, &there), ==, 0);
        caller.session_id = g_strdup(here.session_id);
        g_assert_cmpint(bh_signin_change_password(fixture->signin, &caller, "guess", "something new", &wrong), ==,
                        -EACCES);
        g_assert_cmpstr(wrong.name, ==, "InvalidCredentials");
        g_assert_cmpint(
                bh_signin_change_password(fixture->signin, &caller, "password of alex", "password of alex", &same), ==,
                -EINVAL);
        g_assert_cmpint(bh_signin_change_password(fixture->signin, &caller, "password of alex", "seven77", &brief), ==,
                        -EINVAL);
        g_assert_cmpint(check(fixture, &there), ==, 0);

        g_assert_cmpint(
                bh_signin_change_password(fixture->signin, &caller, "password of alex", "something new", &failure), ==,
                0);
        g_assert_cmpint(check(fixture, &here), ==, 0);
        g_assert_cmpint(check(fixture, &there), ==, -EKEYREJECTED);
        g_assert_cmpint(refresh(fixture, there.refresh_token, &none), ==, -EKEYREJECTED);
        g_assert_cmpint(login(fixture, "alex", "password of alex", false, &none), ==, -EACCES);
        g_assert_cmpint(login(fixture, "alex", "something new", false, &later), ==, 0);
        g_assert_cmpint(account_fixture_audits(fixture, "password-change", false), ==, 1);
}

static void an_administrator_ends_sessions_by_password_and_by_disabling(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_tokens_clear) BhTokens one = {}, two = {}, none = {};
        uint64_t alex = account_fixture_add(fixture, "alex", BH_ROLE_USER);

        g_assert_cmpint(login(fixture, "alex", "password of alex", true, &one), ==, 0);
        update(fixture, alex, (BhUserChanges){.email = "a@b", .has_role = true, .role = BH_ROLE_USER});
        g_assert_cmpint(check(fixture, &one), ==, 0);
        update(fixture, alex, (BhUserChanges){.password = "something new"});
        g_assert_cmpint(check(fixture, &one), ==, -EKEYREJECTED);

        g_assert_cmpint(login(fixture, "alex", "something new", true, &two), ==, 0);
        update(fixture, alex, (BhUserChanges){.has_is_active = true});
        g_assert_cmpint(check(fixture, &two), ==, -EKEYREJECTED);
        g_assert_cmpint(refresh(fixture, two.refresh_token, &none), ==, -EKEYREJECTED);
        update(fixture, alex, (BhUserChanges){.has_is_active = true, .is_active = true});
        g_assert_cmpint(check(fixture, &two), ==, -EKEYREJECTED);
}

static void no_session_opens_on_a_password_that_was_changed_meanwhile(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_tokens_clear) BhTokens tokens = {};
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        g_autofree char *old_hash = NULL, *hash = NULL;
        uint64_t alex = account_fixture_add(fixture, "alex", BH_ROLE_USER);
        BhCaller caller = {};

        account = bh_accounts_get(fixture->accounts, alex);
        g_assert_cmpint(bh_users_get_password_hash(fixture->users, alex, &old_hash), ==, 0);
        update(fixture, alex, (BhUserChanges){.password = "something new"});
        g_assert_cmpint(bh_sessions_open(fixture->sessions, &caller, account, old_hash, false, "login", &tokens), ==,
                        -EKEYREJECTED);
        g_assert_cmpint(bh_users_get_password_hash(fixture->users, alex, &hash), ==, 0);
        update(fixture, alex, (BhUserChanges){.has_is_active = true});
        g_assert_cmpint(bh_sessions_open(fixture->sessions, &caller, account, hash, false, "login", &tokens), ==,
                        -EKEYREJECTED);
        g_assert_cmpint(bh_users_set_password_hash(fixture->users, &caller, alex, old_hash, "x", NULL), ==,
                        -EKEYREJECTED);
        g_assert_cmpint(bh_users_get_password_hash(fixture->users, 99, &hash), ==, -ENOENT);
}

static void another_cost_is_taken_up_at_the_next_login(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_tokens_clear) BhTokens before = {}, after = {}, again = {};
        g_autofree char *old_hash = NULL, *new_hash = NULL, *same_hash = NULL;
        uint64_t alex = account_fixture_add(fixture, "alex", BH_ROLE_USER);

        g_assert_cmpint(login(fixture, "alex", "password of alex", false, &before), ==, 0);
        g_assert_cmpint(bh_users_get_password_hash(fixture->users, alex, &old_hash), ==, 0);
        fixture->config.password_opslimit = 2;
        account_fixture_restart(fixture);
        g_assert_cmpint(login(fixture, "alex", "password of alex", false, &after), ==, 0);
        g_assert_cmpint(bh_users_get_password_hash(fixture->users, alex, &new_hash), ==, 0);
        g_assert_nonnull(strstr(new_hash, ",t=2,"));
        g_assert_cmpint(login(fixture, "alex", "password of alex", false, &again), ==, 0);
        g_assert_cmpint(bh_users_get_password_hash(fixture->users, alex, &same_hash), ==, 0);
        g_assert_cmpstr(same_hash, ==, new_hash);
        g_assert_cmpint(check(fixture, &before), ==, 0); /* it is still the same password */
}

static void attempts_are_limited_by_account_and_by_address(AccountFixture *fixture, gconstpointer data) {
        BhCaller here = {.uid = 33, .client_address = (char *)"192.0.2.1"},
                 there = {.uid = 33, .client_address = (char *)"192.0.2.2"};
        _cleanup_(bh_failure_clear) BhFailure by_account = {}, by_address = {}, none = {};

        for (int i = 0; i < 5; i++)
                g_assert_cmpint(bh_signin_attempt(fixture->signin, &here, "alex", &none), ==, 0);
        g_assert_cmpint(bh_signin_attempt(fixture->signin, &there, "Alex", &by_account), ==, -EAGAIN);
        g_assert_true(g_str_has_suffix(by_account.message, "(retry after 200 s)"));

        for (int i = 0; i < 15; i++) {
                g_autofree char *name = g_strdup_printf("u%d", i);

                g_assert_cmpint(bh_signin_attempt(fixture->signin, &here, name, &none), ==, 0);
        }
        g_assert_cmpint(bh_signin_attempt(fixture->signin, &here, "maria", &by_address), ==, -EAGAIN);
        g_assert_true(g_str_has_suffix(by_address.message, "(retry after 50 s)"));
        g_assert_cmpint(bh_signin_attempt(fixture->signin, &there, "maria", &none), ==, 0);
}

static void one_network_of_ipv6_is_one_address(AccountFixture *fixture, gconstpointer data) {
        BhCaller other = {.uid = 33, .client_address = (char *)"2001:db8:1:3::1"}, local = {.uid = 1000};
        _cleanup_(bh_failure_clear) BhFailure failure = {}, none = {};

        for (int i = 0; i < 20; i++) {
                g_autofree char *address = g_strdup_printf("2001:db8:1:2:%x::%x", i * 99, i);
                BhCaller caller = {.uid = 33, .client_address = address};

                g_assert_cmpint(bh_signin_attempt(fixture->signin, &caller, NULL, &none), ==, 0);
        }
        g_assert_cmpint(bh_signin_attempt(fixture->signin,
                                          &(BhCaller){.uid = 33, .client_address = (char *)"2001:db8:1:2::9"}, NULL,
                                          &failure),
                        ==, -EAGAIN);
        g_assert_cmpint(bh_signin_attempt(fixture->signin, &other, NULL, &none), ==, 0);
        g_assert_cmpint(bh_signin_attempt(fixture->signin, &local, NULL, &none), ==, 0);
}

static void signing_in_forgives_earlier_attempts(AccountFixture *fixture, gconstpointer data) {
        BhCaller caller = {.uid = 33, .client_address = (char *)"192.0.2.7"};
        _cleanup_(bh_failure_clear) BhFailure none = {};
        _cleanup_(bh_tokens_clear) BhTokens tokens = {};

        account_fixture_add(fixture, "alex", BH_ROLE_USER);
        for (int i = 0; i < 5; i++)
                g_assert_cmpint(bh_signin_attempt(fixture->signin, &caller, "alex", &none), ==, 0);
        g_assert_cmpint(login(fixture, "alex", "password of alex", false, &tokens), ==, 0);
        for (int i = 0; i < 5; i++)
                g_assert_cmpint(bh_signin_attempt(fixture->signin, &caller, "alex", &none), ==, 0);
}

static void registering_is_closed_unless_it_is_opened(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_failure_clear) BhFailure closed = {}, exists = {}, none = {};
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        _cleanup_(bh_tokens_clear) BhTokens tokens = {};
        BhCaller caller = {.uid = 33};

        g_assert_cmpint(bh_signin_register(fixture->signin, &caller, "eve", "", "long enough", true, &closed, &tokens,
                                           &account),
                        ==, -EACCES);
        g_assert_cmpstr(closed.name, ==, "RegistrationClosed");
        fixture->config.registration = true;
        account_fixture_restart(fixture);
        g_assert_cmpint(
                bh_signin_register(fixture->signin, &caller, "eve", "", "long enough", true, &none, &tokens, &account),
                ==, 0);
        g_assert_cmpint(account->role, ==, BH_ROLE_USER);
        g_assert_cmpint(check(fixture, &tokens), ==, 0);
        g_assert_cmpint(bh_signin_register(fixture->signin, &caller, "Eve", "", "long enough", true, &exists, &tokens,
                                           &account),
                        ==, -EEXIST);
}

static void sessions_are_listed_newest_first_and_bounded(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_tokens_clear) BhTokens first = {}, maria = {};
        uint64_t alex = account_fixture_add(fixture, "alex", BH_ROLE_USER);
        g_autoptr(GPtrArray) list = NULL;

        account_fixture_add(fixture, "maria", BH_ROLE_USER);
        g_assert_cmpint(login(fixture, "maria", "password of maria", false, &maria), ==, 0);
        g_assert_cmpint(login(fixture, "alex", "password of alex", false, &first), ==, 0);
        for (int i = 0; i < BH_SESSIONS_OF_ACCOUNT_MAX; i++) {
                _cleanup_(bh_tokens_clear) BhTokens tokens = {};

                g_assert_cmpint(login(fixture, "alex", "password of alex", false, &tokens), ==, 0);
        }
        g_assert_cmpint(check(fixture, &first), ==, -EKEYREJECTED); /* the one that was not used for longest */
        g_assert_cmpint(check(fixture, &maria), ==, 0);
        account_fixture_restart(fixture);
        list = bh_sessions_list(fixture->sessions, alex);
        g_assert_cmpuint(list->len, ==, BH_SESSIONS_OF_ACCOUNT_MAX);
        for (unsigned i = 1; i < list->len; i++)
                g_assert_cmpint(((BhSession *)list->pdata[i - 1])->created_usec, >=,
                                ((BhSession *)list->pdata[i])->created_usec);
}

static void the_last_use_is_written_down(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_tokens_clear) BhTokens tokens = {};
        uint64_t alex = account_fixture_add(fixture, "alex", BH_ROLE_USER);
        g_autoptr(GPtrArray) before = NULL, after = NULL;

        g_assert_cmpint(login(fixture, "alex", "password of alex", false, &tokens), ==, 0);
        g_assert_false(bh_sessions_flush(fixture->sessions));
        g_assert_cmpint(check(fixture, &tokens), ==, 0);
        before = bh_sessions_list(fixture->sessions, alex);
        g_assert_true(bh_sessions_flush(fixture->sessions));
        g_assert_false(bh_sessions_flush(fixture->sessions));
        account_fixture_restart(fixture);
        after = bh_sessions_list(fixture->sessions, alex);
        g_assert_cmpint(((BhSession *)after->pdata[0])->last_used_usec, ==,
                        ((BhSession *)before->pdata[0])->last_used_usec);
        g_assert_cmpint(((BhSession *)after->pdata[0])->last_used_usec, >,
                        ((BhSession *)after->pdata[0])->created_usec);
}

static int expire_all(sqlite3 *db, void *userdata) {
        g_assert_cmpint(sqlite3_exec(db,
                                     "UPDATE sessions SET expires_usec = 1; UPDATE refresh_tokens SET expires_usec = 1",
                                     NULL, NULL, NULL),
                        ==, SQLITE_OK);
        return 0;
}

static int count_sessions(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;

        g_assert_cmpint(
                bh_database_prepare(db, &statement,
                                    "SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM refresh_tokens)"),
                ==, 0);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        return sqlite3_column_int(statement, 0);
}

static void what_has_expired_is_purged_and_not_loaded(AccountFixture *fixture, gconstpointer data) {
        _cleanup_(bh_tokens_clear) BhTokens tokens = {}, none = {};

        account_fixture_add(fixture, "alex", BH_ROLE_USER);
        g_assert_cmpint(login(fixture, "alex", "password of alex", true, &tokens), ==, 0);
        g_assert_cmpint(bh_sessions_purge(fixture->sessions), ==, 0);
        g_assert_cmpint(bh_database_read(fixture->database, count_sessions, NULL), ==, 2);
        g_assert_cmpint(bh_database_write(fixture->database, expire_all, NULL), ==, 0);
        g_assert_cmpint(refresh(fixture, tokens.refresh_token, &none), ==, -EKEYREJECTED);
        account_fixture_restart(fixture);
        g_assert_cmpint(check(fixture, &tokens), ==, -EKEYREJECTED);
        g_assert_cmpint(bh_sessions_purge(fixture->sessions), ==, 0);
        g_assert_cmpint(bh_database_read(fixture->database, count_sessions, NULL), ==, 0);
}

/* Memory says what the database says, whatever order things came in. */

typedef struct Storm {
        AccountFixture *fixture;
        uint64_t alex;
        int seed;
} Storm;

static void storm_refresh(AccountFixture *fixture, BhTokens *tokens) {
        _cleanup_(bh_tokens_clear) BhTokens renewed = {};

        if (refresh(fixture, tokens->refresh_token, &renewed) >= 0)
                g_assert_cmpstr(renewed.session_id, ==, tokens->session_id);
}

static gpointer storm_main(gpointer data) {
        Storm *storm = data;
        AccountFixture *fixture = storm->fixture;
        _cleanup_(bh_caller_clear) BhCaller caller = account_fixture_caller(fixture, storm->alex);

        for (int i = 0; i < 60; i++) {
                _cleanup_(bh_tokens_clear) BhTokens tokens = {};

                switch ((storm->seed + i) % 6) {
                case 0:
                        if (login(fixture, "alex", "password of alex", true, &tokens) >= 0) {
                                storm_refresh(fixture, &tokens);
                                (void)bh_sessions_end(fixture->sessions, &caller, storm->alex, tokens.session_id,
                                                      "logout");
                                g_assert_cmpint(check(fixture, &tokens), ==, -EKEYREJECTED);
                        }
                        break;
                case 1:
                        update(fixture, storm->alex, (BhUserChanges){.has_is_active = true, .is_active = i % 2});
                        break;
                case 2:
                        update(fixture, storm->alex,
                               (BhUserChanges){
                                       .password = "password of alex", .has_is_active = true, .is_active = true});
                        break;
                case 3:
                        (void)bh_sessions_flush(fixture->sessions);
                        g_assert_cmpint(bh_sessions_purge(fixture->sessions), ==, 0);
                        break;
                default:
                        if (login(fixture, "alex", "password of alex", true, &tokens) >= 0)
                                storm_refresh(fixture, &tokens);
                        break;
                }
        }
        return NULL;
}

static int compare_with_database(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        GPtrArray *list = userdata;
        unsigned n = 0;

        g_assert_cmpint(bh_database_prepare(db, &statement, "SELECT id FROM sessions ORDER BY created_usec DESC, id"),
                        ==, 0);
        for (; sqlite3_step(statement) == SQLITE_ROW; n++)
                g_assert_cmpstr((const char *)sqlite3_column_text(statement, 0), ==, ((BhSession *)list->pdata[n])->id);
        g_assert_cmpuint(n, ==, list->len);
        return 0;
}

static void memory_and_database_agree_after_a_storm(AccountFixture *fixture, gconstpointer data) {
        uint64_t alex = account_fixture_add(fixture, "alex", BH_ROLE_USER);
        g_autoptr(GPtrArray) list = NULL;
        Storm storms[8];
        GThread *threads[8];

        for (int i = 0; i < 8; i++) {
                storms[i] = (Storm){fixture, alex, i};
                threads[i] = g_thread_new("storm", storm_main, &storms[i]);
        }
        for (int i = 0; i < 8; i++)
                g_thread_join(threads[i]);
        list = bh_sessions_list(fixture->sessions, alex);
        g_assert_cmpint(bh_database_read(fixture->database, compare_with_database, list), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                                            \
        g_test_add("/session/" name, AccountFixture, NULL, account_fixture_set_up, function, account_fixture_tear_down)
        ADD("login", signing_in_opens_a_session_that_survives_a_restart);
        ADD("bad-credentials", wrong_name_wrong_password_and_disabled_look_the_same);
        ADD("bad-tokens", tokens_of_another_session_account_or_time_are_rejected);
        ADD("refresh", a_refresh_token_works_once);
        ADD("refresh-unknown", unknown_refresh_tokens_end_nothing);
        ADD("refresh-hashed", the_database_knows_no_refresh_token);
        ADD("logout", signing_out_ends_the_session_and_its_refresh_token);
        ADD("change-password", a_changed_password_ends_all_other_sessions);
        ADD("administrator", an_administrator_ends_sessions_by_password_and_by_disabling);
        ADD("meanwhile", no_session_opens_on_a_password_that_was_changed_meanwhile);
        ADD("rehash", another_cost_is_taken_up_at_the_next_login);
        ADD("limits", attempts_are_limited_by_account_and_by_address);
        ADD("limits-ipv6", one_network_of_ipv6_is_one_address);
        ADD("limits-forgiven", signing_in_forgives_earlier_attempts);
        ADD("register", registering_is_closed_unless_it_is_opened);
        ADD("list", sessions_are_listed_newest_first_and_bounded);
        ADD("last-used", the_last_use_is_written_down);
        ADD("storm", memory_and_database_agree_after_a_storm);
        ADD("purge", what_has_expired_is_purged_and_not_loaded);
        return g_test_run();
}
