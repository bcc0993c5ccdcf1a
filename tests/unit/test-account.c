/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "account-fixture.h"
#include "macro.h"

/* Creates with the given differences from a good account; returns the error. */
static int create(AccountFixture *fixture, BhNewUser new_user, BhNewUserKind kind, BhFailure *failure) {
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        BhCaller nobody = {};

        new_user.username = new_user.username ?: "zoe";
        new_user.password = new_user.password ?: "long enough";
        new_user.role = new_user.role ?: BH_ROLE_USER;
        return bh_users_create(fixture->users, &nobody, &new_user, kind, "user-create", failure, &account, NULL);
}

static void assert_create(AccountFixture *fixture, BhNewUser new_user, BhNewUserKind kind, int result,
                          const char *name) {
        _cleanup_(bh_failure_clear) BhFailure failure = {};

        g_assert_cmpint(create(fixture, new_user, kind, &failure), ==, result);
        if (result < 0)
                g_assert_nonnull(failure.message);
        g_assert_cmpstr(failure.name, ==, name);
}

static int update(AccountFixture *fixture, uint64_t by, uint64_t id, const BhUserChanges *changes,
                  const char **ret_name) {
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        _cleanup_(bh_caller_clear) BhCaller caller = by ? account_fixture_caller(fixture, by) : (BhCaller){};
        int r = bh_users_update(fixture->users, &caller, id, changes, &failure, &account);

        if (r < 0)
                g_assert_nonnull(failure.message);
        *ret_name = failure.name;
        return r;
}

static int delete (AccountFixture *fixture, uint64_t by, uint64_t id, bool trash, const char **ret_name) {
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        _cleanup_(bh_caller_clear) BhCaller caller = by ? account_fixture_caller(fixture, by) : (BhCaller){};
        int r = bh_users_delete(fixture->users, &caller, id, trash, &failure);

        *ret_name = failure.name;
        return r;
}

static void assert_account(AccountFixture *fixture, uint64_t id) {
        _cleanup_(bh_account_freep) BhAccount *account = bh_accounts_get(fixture->accounts, id);
        _cleanup_(bh_account_freep) BhAccount *by_owner = bh_accounts_get_by_owner(fixture->accounts, account->owner);
        _cleanup_(bh_account_freep) BhAccount *by_name = bh_accounts_get_by_name(fixture->accounts, "BEN");
        _cleanup_(bh_account_freep) BhAccount *by_uid = bh_accounts_get_by_uid(fixture->accounts, 1234);

        g_assert_cmpuint(by_owner->id, ==, id);
        g_assert_cmpuint(by_name->id, ==, id);
        g_assert_cmpuint(by_uid->id, ==, id);
        g_assert_cmpuint(bh_accounts_id_of_owner(fixture->accounts, account->owner), ==, id);
        g_assert_true(g_uuid_string_is_valid(account->owner));
        g_assert_cmpstr(account->username, ==, "Ben");
        g_assert_cmpstr(account->email, ==, "ben@example.org");
        g_assert_cmpint(account->role, ==, BH_ROLE_ADMIN);
        g_assert_false(account->is_active);
        g_assert_cmpuint(account->quota_bytes, ==, 5000);
        g_assert_cmpint(account->uid, ==, 1234);
        g_assert_cmpint(account->created_usec, >, 0);
}

static void what_is_created_is_found_in_every_way_and_after_a_restart(AccountFixture *fixture, gconstpointer data) {
        const BhNewUser ben = {
                .username = "Ben", .email = "ben@example.org", .role = BH_ROLE_ADMIN, .quota_bytes = 5000, .uid = 1234};
        _cleanup_(bh_account_freep) BhAccount *account = NULL;

        assert_create(fixture, ben, BH_NEW_USER_BY_ADMIN, 0, NULL);
        account = bh_accounts_get_by_name(fixture->accounts, "ben");
        assert_account(fixture, account->id);
        account_fixture_restart(fixture);
        assert_account(fixture, account->id);
        g_assert_null(bh_accounts_get(fixture->accounts, 99));
        g_assert_null(bh_accounts_get_by_owner(fixture->accounts, "x"));
        g_assert_null(bh_accounts_get_by_name(fixture->accounts, ""));
        g_assert_null(bh_accounts_get_by_uid(fixture->accounts, 1));
        g_assert_cmpuint(bh_accounts_id_of_owner(fixture->accounts, ""), ==, 0);
        g_assert_cmpint(account_fixture_audits(fixture, "user-create", false), ==, 1);
}

static void bad_values_are_refused(AccountFixture *fixture, gconstpointer data) {
        static const char *const names[] = {"",
                                            " ",
                                            "a b",
                                            "-a",
                                            ".a",
                                            "_a",
                                            "ä",
                                            "a/b",
                                            "a\n",
                                            "a@b",
                                            "root;",
                                            "..",
                                            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
        static const char *const good_names[] = {"a", "A", "7", "a.b_c-d",
                                                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
        static const char *const emails[] = {"a", "@", "a@", "@b", "a b@c", "a@b\n", "a@\x7f"};
        g_autofree char *long_password = g_strnfill(BH_PASSWORD_MAX + 1, 'x'),
                        *long_email = g_strnfill(BH_EMAIL_MAX, 'x');

        memcpy(long_email + 10, "@", 1);
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                assert_create(fixture, (BhNewUser){.username = names[i], .uid = -1}, BH_NEW_USER_BY_ADMIN, -EINVAL,
                              NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(good_names); i++)
                if (i != 1) /* the same as the first */
                        assert_create(fixture, (BhNewUser){.username = good_names[i], .uid = -1}, BH_NEW_USER_BY_ADMIN,
                                      0, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(emails); i++)
                assert_create(fixture, (BhNewUser){.email = emails[i], .uid = -1}, BH_NEW_USER_BY_ADMIN, -EINVAL, NULL);
        assert_create(fixture, (BhNewUser){.password = "seven77", .uid = -1}, BH_NEW_USER_BY_ADMIN, -EINVAL, NULL);
        assert_create(fixture, (BhNewUser){.password = long_password, .uid = -1}, BH_NEW_USER_BY_ADMIN, -EINVAL, NULL);
        assert_create(fixture, (BhNewUser){.quota_bytes = UINT64_MAX, .uid = -1}, BH_NEW_USER_BY_ADMIN, -EINVAL, NULL);
        assert_create(fixture, (BhNewUser){.uid = -2}, BH_NEW_USER_BY_ADMIN, -EINVAL, NULL);
        assert_create(fixture, (BhNewUser){.uid = UINT32_MAX}, BH_NEW_USER_BY_ADMIN, -EINVAL, NULL);
        assert_create(fixture, (BhNewUser){.uid = 4711}, BH_NEW_USER_BY_ADMIN, -EINVAL, NULL); /* the bridge's */
        g_assert_cmpint(account_fixture_audits(fixture, "user-create", true), ==,
                        (int)G_N_ELEMENTS(names) + (int)G_N_ELEMENTS(emails) + 6);

        /* Development mode has a password of seven bytes, but no other liberties. */
        assert_create(fixture, (BhNewUser){.password = "demo123", .uid = -1}, BH_NEW_USER_SEED, 0, NULL);
        assert_create(fixture, (BhNewUser){.username = "a b", .uid = -1}, BH_NEW_USER_SEED, -EINVAL, NULL);
}

static void names_and_unix_users_are_given_once(AccountFixture *fixture, gconstpointer data) {
        const char *name;

        assert_create(fixture, (BhNewUser){.username = "alex", .uid = 1000}, BH_NEW_USER_BY_ADMIN, 0, NULL);
        assert_create(fixture, (BhNewUser){.username = "ALEX", .uid = -1}, BH_NEW_USER_BY_ADMIN, -EEXIST, NULL);
        assert_create(fixture, (BhNewUser){.username = "maria", .uid = 1000}, BH_NEW_USER_BY_ADMIN, -EEXIST, NULL);
        assert_create(fixture, (BhNewUser){.username = "maria", .uid = -1}, BH_NEW_USER_BY_ADMIN, 0, NULL);
        g_assert_cmpint(update(fixture, 0, 2, &(BhUserChanges){.username = "Alex"}, &name), ==, -EEXIST);
        g_assert_cmpint(update(fixture, 0, 2, &(BhUserChanges){.has_uid = true, .uid = 1000}, &name), ==, -EEXIST);
        g_assert_cmpint(
                update(fixture, 0, 1, &(BhUserChanges){.username = "ALEX", .has_uid = true, .uid = 1000}, &name), ==,
                0);
        g_assert_cmpint(update(fixture, 0, 1, &(BhUserChanges){.has_uid = true, .uid = -1}, &name), ==, 0);
        g_assert_cmpint(update(fixture, 0, 2, &(BhUserChanges){.has_uid = true, .uid = 1000}, &name), ==, 0);
}

static void only_one_can_be_the_first_administrator(AccountFixture *fixture, gconstpointer data) {
        const BhNewUser first = {.username = "first", .role = BH_ROLE_ADMIN, .is_active = true, .uid = -1};
        const BhNewUser second = {.username = "second", .role = BH_ROLE_ADMIN, .is_active = true, .uid = -1};

        account_fixture_add(fixture, "alex", BH_ROLE_USER);
        assert_create(fixture, first, BH_NEW_USER_FIRST_ADMIN, 0, NULL);
        assert_create(fixture, second, BH_NEW_USER_FIRST_ADMIN, -EACCES, "Conflict");
}

static void an_update_is_all_or_nothing(AccountFixture *fixture, gconstpointer data) {
        uint64_t admin = account_fixture_add(fixture, "admin", BH_ROLE_ADMIN),
                 alex = account_fixture_add(fixture, "alex", BH_ROLE_USER);
        _cleanup_(bh_account_freep) BhAccount *account = NULL, *changed = NULL;
        const char *name;

        g_assert_cmpint(
                update(fixture, admin, alex, &(BhUserChanges){.username = "alexander", .email = "nonsense"}, &name), ==,
                -EINVAL);
        g_assert_cmpint(
                update(fixture, admin, alex, &(BhUserChanges){.username = "alexander", .password = "short"}, &name), ==,
                -EINVAL);
        g_assert_cmpint(update(fixture, admin, alex,
                               &(BhUserChanges){.has_quota_bytes = true, .quota_bytes = UINT64_MAX}, &name),
                        ==, -EINVAL);
        g_assert_cmpint(update(fixture, admin, alex, &(BhUserChanges){.has_uid = true, .uid = -5}, &name), ==, -EINVAL);
        g_assert_cmpint(update(fixture, admin, alex, &(BhUserChanges){.email = "a@b", .username = "admin"}, &name), ==,
                        -EEXIST);
        g_assert_cmpint(update(fixture, admin, 99, &(BhUserChanges){.email = ""}, &name), ==, -ENOENT);
        account = bh_accounts_get(fixture->accounts, alex);
        g_assert_cmpstr(account->username, ==, "alex");
        g_assert_cmpstr(account->email, ==, "");

        g_assert_cmpint(update(fixture, admin, alex,
                               &(BhUserChanges){.username = "alexander",
                                                .email = "a@b",
                                                .has_role = true,
                                                .role = BH_ROLE_ADMIN,
                                                .has_quota_bytes = true,
                                                .quota_bytes = 7},
                               &name),
                        ==, 0);
        account_fixture_restart(fixture);
        changed = bh_accounts_get(fixture->accounts, alex);
        g_assert_cmpstr(changed->username, ==, "alexander");
        g_assert_cmpstr(changed->email, ==, "a@b");
        g_assert_cmpint(changed->role, ==, BH_ROLE_ADMIN);
        g_assert_cmpuint(changed->quota_bytes, ==, 7);
        g_assert_cmpstr(changed->owner, ==, account->owner);
        g_assert_null(bh_accounts_get_by_name(fixture->accounts, "alex"));
        g_assert_cmpint(account_fixture_audits(fixture, "user-update", true), ==, 6);
        g_assert_cmpint(account_fixture_audits(fixture, "user-update", false), ==, 1);
}

static void the_last_active_administrator_stays_one(AccountFixture *fixture, gconstpointer data) {
        uint64_t admin = account_fixture_add(fixture, "admin", BH_ROLE_ADMIN),
                 second = account_fixture_add(fixture, "second", BH_ROLE_ADMIN);
        const char *name;

        g_assert_cmpint(update(fixture, admin, second, &(BhUserChanges){.has_is_active = true}, &name), ==, 0);
        g_assert_cmpint(update(fixture, 0, admin, &(BhUserChanges){.has_is_active = true}, &name), ==, -EACCES);
        g_assert_cmpstr(name, ==, "Conflict");
        g_assert_cmpint(update(fixture, 0, admin, &(BhUserChanges){.has_role = true, .role = BH_ROLE_USER}, &name), ==,
                        -EACCES);
        g_assert_cmpstr(name, ==, "Conflict");
        g_assert_cmpint(delete (fixture, 0, admin, false, &name), ==, -EACCES);
        g_assert_cmpstr(name, ==, "Conflict");
        g_assert_cmpuint(bh_accounts_count(fixture->accounts).active_admins, ==, 1);

        /* The inactive one counts for nothing, and can go. */
        g_assert_cmpint(delete (fixture, 0, second, false, &name), ==, 0);
        g_assert_cmpuint(bh_accounts_count(fixture->accounts).admins, ==, 1);
}

static void nobody_harms_their_own_account(AccountFixture *fixture, gconstpointer data) {
        uint64_t admin = account_fixture_add(fixture, "admin", BH_ROLE_ADMIN);
        const char *name;

        account_fixture_add(fixture, "second", BH_ROLE_ADMIN);
        g_assert_cmpint(update(fixture, admin, admin, &(BhUserChanges){.has_is_active = true}, &name), ==, -EACCES);
        g_assert_cmpstr(name, ==, "Conflict");
        g_assert_cmpint(update(fixture, admin, admin, &(BhUserChanges){.has_role = true, .role = BH_ROLE_USER}, &name),
                        ==, -EACCES);
        g_assert_cmpstr(name, ==, "Conflict");
        g_assert_cmpint(delete (fixture, admin, admin, true, &name), ==, -EACCES);
        g_assert_cmpstr(name, ==, "Conflict");
        g_assert_cmpint(update(fixture, admin, admin, &(BhUserChanges){.email = "me@example.org"}, &name), ==, 0);
        g_assert_cmpstr(fixture->given->str, ==, "");
}

static void files_of_the_deleted_go_to_the_caller_or_the_first_administrator(AccountFixture *fixture,
                                                                             gconstpointer data) {
        uint64_t user = account_fixture_add(fixture, "user", BH_ROLE_USER),
                 first = account_fixture_add(fixture, "first", BH_ROLE_ADMIN);
        uint64_t second = account_fixture_add(fixture, "second", BH_ROLE_ADMIN),
                 alex = account_fixture_add(fixture, "alex", BH_ROLE_USER);
        const char *name;

        g_assert_cmpint(delete (fixture, second, alex, false, &name), ==, 0);
        g_assert_cmpint(delete (fixture, 0, user, true, &name), ==, 0);
        g_assert_cmpint(delete (fixture, 0, first, true, &name), ==, 0);
        g_assert_cmpstr(fixture->given->str, ==,
                        "files of alex to second;trash of user to first;trash of first to second;");
        g_assert_cmpint(delete (fixture, 0, alex, true, &name), ==, -ENOENT);
        account_fixture_restart(fixture);
        g_assert_null(bh_accounts_get(fixture->accounts, alex));
        g_assert_cmpuint(bh_accounts_count(fixture->accounts).all, ==, 1);

        /* A number is never given to another account: old tokens name it. */
        g_assert_cmpuint(account_fixture_add(fixture, "new", BH_ROLE_USER), >, alex);
}

static void an_account_stays_when_its_files_cannot_be_given_away(AccountFixture *fixture, gconstpointer data) {
        uint64_t admin = account_fixture_add(fixture, "admin", BH_ROLE_ADMIN),
                 alex = account_fixture_add(fixture, "alex", BH_ROLE_USER);
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        const char *name;

        fixture->give_result = -EIO;
        g_assert_cmpint(delete (fixture, admin, alex, false, &name), ==, -EIO);
        account = bh_accounts_get(fixture->accounts, alex);
        g_assert_true(account->is_active);
        g_assert_cmpint(account_fixture_audits(fixture, "user-delete", true), ==, 1);
        fixture->give_result = 0;
        g_assert_cmpint(delete (fixture, admin, alex, false, &name), ==, 0);
        g_assert_cmpint(account_fixture_audits(fixture, "user-delete", false), ==, 1);
}

static void without_an_administrator_files_have_no_heir(AccountFixture *fixture, gconstpointer data) {
        uint64_t alex = account_fixture_add(fixture, "alex", BH_ROLE_USER);
        const char *name;

        g_assert_cmpint(delete (fixture, 0, alex, false, &name), ==, -EACCES);
        g_assert_cmpstr(name, ==, "Conflict");
        g_assert_cmpstr(fixture->given->str, ==, "");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                                            \
        g_test_add("/account/" name, AccountFixture, NULL, account_fixture_set_up, function, account_fixture_tear_down)
        ADD("create", what_is_created_is_found_in_every_way_and_after_a_restart);
        ADD("bad-values", bad_values_are_refused);
        ADD("unique", names_and_unix_users_are_given_once);
        ADD("first-admin", only_one_can_be_the_first_administrator);
        ADD("update", an_update_is_all_or_nothing);
        ADD("last-admin", the_last_active_administrator_stays_one);
        ADD("oneself", nobody_harms_their_own_account);
        ADD("delete", files_of_the_deleted_go_to_the_caller_or_the_first_administrator);
        ADD("delete-fails", an_account_stays_when_its_files_cannot_be_given_away);
        ADD("no-heir", without_an_administrator_files_have_no_heir);
        return g_test_run();
}
