/* SPDX-License-Identifier: MIT */

#include "audit-chain.h"
#include "account-fixture.h"

#include <glib/gstdio.h>

#include "macro.h"

static int give_away(void *userdata, const BhCaller *caller, const char *from_owner, const char *to_owner, bool trash) {
        AccountFixture *fixture = userdata;
        _cleanup_(bh_account_freep) BhAccount *from = bh_accounts_get_by_owner(fixture->accounts, from_owner);
        _cleanup_(bh_account_freep) BhAccount *to = bh_accounts_get_by_owner(fixture->accounts, to_owner);

        /* Whose files are given away is shut out already. */
        g_assert_false(from->is_active);
        g_string_append_printf(fixture->given, "%s of %s to %s;", trash ? "trash" : "files", from->username,
                               to->username);
        return fixture->give_result;
}

static void open_all(AccountFixture *fixture) {
        const BhSessionsConfig sessions = {fixture->config.access_lifetime,
                                           fixture->config.access_lifetime_with_refresh,
                                           fixture->config.refresh_lifetime};
        const BhUsersConfig users = {
                .cost = {fixture->config.password_opslimit, fixture->config.password_memlimit_kib * 1024},
                .forbidden_uid = 4711,
                .give_away = give_away,
                .userdata = fixture};

        g_assert_cmpint(bh_database_open(&fixture->database, fixture->path), ==, 0);
        g_assert_cmpint(bh_audit_chain_start(fixture->database, &(BhKey){"the key of the audit trail"}, true), ==, 0);
        g_assert_cmpint(bh_accounts_load(&fixture->accounts, fixture->database), ==, 0);
        g_assert_cmpint(
                bh_sessions_load(&fixture->sessions, &sessions, fixture->database, fixture->accounts, &fixture->key),
                ==, 0);
        fixture->users = bh_users_new(&users, fixture->database, fixture->accounts, fixture->sessions);
        fixture->signin = bh_signin_new(&fixture->config, fixture->database, fixture->accounts, fixture->sessions,
                                        fixture->users);
}

static void close_all(AccountFixture *fixture) {
        bh_signin_free(fixture->signin);
        bh_users_free(fixture->users);
        bh_sessions_free(fixture->sessions);
        bh_accounts_free(fixture->accounts);
        bh_database_free(fixture->database);
}

void account_fixture_restart(AccountFixture *fixture) {
        close_all(fixture);
        open_all(fixture);
}

void account_fixture_set_up(AccountFixture *fixture, gconstpointer data) {
        fixture->directory = g_dir_make_tmp("account-XXXXXX", NULL);
        fixture->path = g_build_filename(fixture->directory, "baluhost.db", NULL);
        fixture->given = g_string_new(NULL);
        fixture->key = (BhKey){"a key of exactly thirty-two byte"};
        fixture->config = (BhConfig){.access_lifetime = 1000,
                                     .access_lifetime_with_refresh = 100,
                                     .refresh_lifetime = 10000,
                                     .password_opslimit = 1,
                                     .password_memlimit_kib = 64,
                                     .login_attempts_per_account = 5,
                                     .login_attempts_per_address = 20,
                                     .login_window = 1000};
        open_all(fixture);
}

void account_fixture_tear_down(AccountFixture *fixture, gconstpointer data) {
        static const char *const suffixes[] = {"", "-wal", "-shm"};

        close_all(fixture);
        for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
                g_autofree char *name = g_strconcat(fixture->path, suffixes[i], NULL);

                g_unlink(name);
        }
        g_assert_cmpint(g_rmdir(fixture->directory), ==, 0);
        g_string_free(fixture->given, TRUE);
        g_free(fixture->directory);
        g_free(fixture->path);
}

uint64_t account_fixture_add(AccountFixture *fixture, const char *username, BhRole role) {
        g_autofree char *password = g_strdup_printf("password of %s", username);
        const BhNewUser new_user = {
                .username = username, .password = password, .role = role, .is_active = true, .uid = -1};
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        BhCaller nobody = {};

        g_assert_cmpint(bh_users_create(fixture->users, &nobody, &new_user, BH_NEW_USER_BY_ADMIN, "user-create",
                                        &failure, &account, NULL),
                        ==, 0);
        return account->id;
}

BhCaller account_fixture_caller(AccountFixture *fixture, uint64_t id) {
        _cleanup_(bh_account_freep) BhAccount *account = bh_accounts_get(fixture->accounts, id);
        BhCaller caller = {.user_id = id, .role = account->role, .username = g_strdup(account->username), .uid = 33};

        g_strlcpy(caller.owner, account->owner, sizeof caller.owner);
        return caller;
}

typedef struct AuditCount {
        const char *action;
        bool failed;
        int n;
} AuditCount;

static int count_audits(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        AuditCount *count = userdata;

        g_assert_cmpint(bh_database_prepare(db, &statement,
                                            "SELECT count(*) FROM audit WHERE action = ? AND (result <> 0) = ?"),
                        ==, 0);
        sqlite3_bind_text(statement, 1, count->action, -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 2, count->failed);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        count->n = sqlite3_column_int(statement, 0);
        return 0;
}

/* By the writer, and so after everything that was posted. */
int account_fixture_audits(AccountFixture *fixture, const char *action, bool failed) {
        AuditCount count = {action, failed, -1};

        g_assert_cmpint(bh_database_write(fixture->database, count_audits, &count), ==, 0);
        return count.n;
}
