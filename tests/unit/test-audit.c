/* SPDX-License-Identifier: MIT */

#include <errno.h>

#include "account-fixture.h"
#include "audit-chain.h"
#include "audit-query.h"
#include "audit.h"
#include "macro.h"

#define N_RECORDS 6

static const BhKey key = {"the key of the audit trail"};

static void write_record(AccountFixture *f, const char *action, const char *target, int result) {
        BhCaller caller = {.user_id = 7, .username = (char *)"alex", .uid = 1000, .pid = 4};

        bh_audit_post(f->database, &caller, &(BhAudit){BH_AUDIT_FILE_MODIFY, action, target, result, "why", 10});
        account_fixture_audits(f, action, false); /* behind it */
}

static void set_up(AccountFixture *f, gconstpointer data) {
        account_fixture_set_up(f, data);
        for (int i = 1; i <= N_RECORDS; i++) {
                g_autofree char *target = g_strdup_printf("file %d", i);

                write_record(f, "upload", target, i % 2 == 0 ? -EACCES : 0);
        }
}

/* What somebody does who has the database, but not the key. */
static void tamper(AccountFixture *f, const char *sql) {
        sqlite3 *db = NULL;

        g_assert_cmpint(sqlite3_open(f->path, &db), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_close(db), ==, SQLITE_OK);
}

static BhAuditCheck verify(AccountFixture *f, const BhKey *with) {
        BhAuditCheck check;

        g_assert_cmpint(bh_audit_chain_verify(f->database, with, &check), ==, 0);
        g_assert_cmpint(check.first_bad_id > 0, ==, check.problem[0] != '\0');
        return check;
}

static void assert_intact(AccountFixture *f, uint64_t n) {
        BhAuditCheck check = verify(f, &key);

        g_assert_cmpstr(check.problem, ==, "");
        g_assert_cmpuint(check.checked, ==, n);
}

static void assert_bad(AccountFixture *f, uint64_t id) {
        g_assert_cmpuint(verify(f, &key).first_bad_id, ==, id);

        /* What is written afterwards does not heal it, and neither does a restart. */
        write_record(f, "rename", "later", 0);
        g_assert_cmpuint(verify(f, &key).first_bad_id, ==, id);
        account_fixture_restart(f);
        g_assert_cmpuint(verify(f, &key).first_bad_id, ==, id);
}

static void what_was_written_is_intact_also_after_a_restart(AccountFixture *f, gconstpointer data) {
        assert_intact(f, N_RECORDS);
        account_fixture_restart(f);
        write_record(f, "rename", NULL, 0);
        assert_intact(f, N_RECORDS + 1);
}

static void an_edit_of_any_column_is_found(AccountFixture *f, gconstpointer data) {
        static const char *const edits[] = {
                "time_usec = time_usec + 1",
                "event_type = 'SYSTEM'",
                "action = 'delete'",
                "target = 'file 33'",
                "target = NULL",
                "result = 1",
                "message = 'x'",
                "size = 11",
                "user_id = 8",
                "username = 'maria'",
                "uid = 1001",
                "pid = 5",
                "unit = 'x'",
                "client_address = '::1'",
                "client_agent = ''",
                "mac = NULL",
                "mac = zeroblob(32)",
                "mac = CAST('x' AS BLOB)",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
                g_autofree char *sql = g_strdup_printf("CREATE TABLE kept AS SELECT * FROM audit;"
                                                       "UPDATE audit SET %s WHERE id = 3",
                                                       edits[i]);

                tamper(f, sql);
                g_test_message("%s", edits[i]);
                g_assert_cmpuint(verify(f, &key).first_bad_id, ==, 3);
                g_assert_cmpuint(verify(f, &key).checked, ==, 2);
                tamper(f, "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept");
                assert_intact(f, N_RECORDS);
        }
        tamper(f, "UPDATE audit SET target = 'mine' WHERE id = 3");
        assert_bad(f, 3);
}

static void run_and_expect(AccountFixture *f, gconstpointer data) {
        static const struct {
                const char *name, *sql;
                uint64_t first_bad_id;
        } cases[] = {
                {"delete", "DELETE FROM audit WHERE id = 3", 3},
                {"delete the oldest", "DELETE FROM audit WHERE id <= 2", 1},
                {"renumber over a gap", "DELETE FROM audit WHERE id = 3; UPDATE audit SET id = 3 WHERE id = 4", 3},
                {"swap",
                 "UPDATE audit SET id = 100 WHERE id = 3; UPDATE audit SET id = 3 WHERE id = 4;"
                 "UPDATE audit SET id = 4 WHERE id = 100",
                 3},
                {"cut the tail", "DELETE FROM audit WHERE id >= 5", 5},
                {"cut the tail and the head",
                 "DELETE FROM audit WHERE id >= 5; DELETE FROM audit_chain WHERE name = 'head'", 5},
                {"cut the tail and set the head back",
                 "DELETE FROM audit WHERE id >= 5; UPDATE audit_chain SET id = 4, mac ="
                 "(SELECT mac FROM audit WHERE id = 4) WHERE name = 'head'",
                 5},
                {"cut the tail and make the anchor the head",
                 "DELETE FROM audit; DELETE FROM audit_chain WHERE name = 'head';"
                 "INSERT INTO audit_chain SELECT 'head', id, mac, seal FROM audit_chain WHERE name = 'anchor'",
                 1},
                {"cut all", "DELETE FROM audit", 1},
                {"cut all and the head", "DELETE FROM audit; DELETE FROM audit_chain WHERE name = 'head'", 1},
                {"cut all and the marks", "DELETE FROM audit; DELETE FROM audit_chain", 1},
                {"move the anchor",
                 "DELETE FROM audit WHERE id <= 2; UPDATE audit_chain SET id = 2 WHERE name = 'anchor'", 3},
                {"insert at the end",
                 "INSERT INTO audit SELECT 7, time_usec, event_type, action, target, result,"
                 "message, size, user_id, username, uid, pid, unit, client_address, client_agent, mac FROM audit"
                 " WHERE id = 6",
                 7},
                {"insert before the beginning",
                 "INSERT INTO audit SELECT 0, time_usec, event_type, action, target,"
                 "result, message, size, user_id, username, uid, pid, unit, client_address, client_agent, mac FROM "
                 "audit"
                 " WHERE id = 6",
                 1},
        };
        const size_t i = GPOINTER_TO_SIZE(data);

        g_test_message("%s", cases[i].name);
        tamper(f, cases[i].sql);
        assert_bad(f, cases[i].first_bad_id);
}
#define N_CASES 14

static void another_key_vouches_for_nothing(AccountFixture *f, gconstpointer data) {
        const BhKey other = {"another key"};

        g_assert_cmpuint(verify(f, &other).first_bad_id, ==, 1);
        g_assert_cmpuint(verify(f, &other).checked, ==, 0);
        assert_intact(f, N_RECORDS);

        /* Not even as if it were the first: the chain does not begin anew. */
        g_assert_cmpint(bh_audit_chain_start(f->database, &other, true), ==, 0);
        g_assert_cmpuint(verify(f, &other).first_bad_id, ==, 1);
}

static void records_from_before_the_chain_are_its_first(AccountFixture *f, gconstpointer data) {
        tamper(f, "DELETE FROM audit_chain; UPDATE audit SET mac = NULL");
        g_assert_cmpuint(verify(f, &key).first_bad_id, ==, 1);
        account_fixture_restart(f);
        assert_intact(f, N_RECORDS);
        tamper(f, "UPDATE audit SET size = 99 WHERE id = 2");
        assert_bad(f, 2);
}

static int append_and_fail(sqlite3 *db, void *userdata) {
        BhCaller caller = {};

        g_assert_cmpint(bh_audit_append(db, &caller, &(BhAudit){BH_AUDIT_SYSTEM, "undone", NULL, 0, NULL, 0}), ==, 0);
        return -EIO;
}

static void a_change_that_is_taken_back_leaves_no_gap(AccountFixture *f, gconstpointer data) {
        g_assert_cmpint(bh_database_write(f->database, append_and_fail, NULL), ==, -EIO);
        write_record(f, "rename", NULL, 0);
        assert_intact(f, N_RECORDS + 1);
        g_assert_cmpint(account_fixture_audits(f, "undone", false), ==, 0);
}

/* Reading -------------------------------------------------------------------------------------------------------------------------------- */

static char *ids(AccountFixture *f, BhAuditFilter filter, uint64_t before, uint64_t offset, uint32_t limit) {
        g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(bh_audit_record_free);
        GString *text = g_string_new(NULL);
        bool more;

        if (filter.to_usec == 0)
                filter.to_usec = INT64_MAX;
        g_assert_cmpint(bh_audit_query(f->database, &filter, before, offset, limit, records, &more), ==, 0);
        for (unsigned i = 0; i < records->len; i++)
                g_string_append_printf(text, "%" G_GUINT64_FORMAT " ", ((BhAuditRecord *)records->pdata[i])->id);
        if (more)
                g_string_append(text, "…");
        return g_string_free(text, FALSE);
}

static void assert_ids(AccountFixture *f, BhAuditFilter filter, const char *expected) {
        g_autofree char *found = ids(f, filter, 0, 0, 100);

        g_assert_cmpstr(found, ==, expected);
}

static void filters_let_through_what_they_say(AccountFixture *f, gconstpointer data) {
        g_autofree char *first = NULL, *second = NULL, *offset = NULL;
        uint64_t n;

        write_record(f, "100%_sure\\", "Anything", 0);
        assert_ids(f, (BhAuditFilter){}, "7 6 5 4 3 2 1 ");
        assert_ids(f, (BhAuditFilter){.by_success = true, .success = false}, "6 4 2 ");
        assert_ids(f, (BhAuditFilter){.by_success = true, .success = true}, "7 5 3 1 ");
        assert_ids(f, (BhAuditFilter){.action = "upload", .text = "FILE 5"}, "5 ");
        assert_ids(f, (BhAuditFilter){.text = "0%_S"}, "7 ");
        assert_ids(f, (BhAuditFilter){.text = "e_\\"}, "");
        assert_ids(f, (BhAuditFilter){.text = "re\\"}, "7 ");
        assert_ids(f, (BhAuditFilter){.text = "%"}, "7 ");
        assert_ids(f, (BhAuditFilter){.event_type = "SECURITY"}, "");
        assert_ids(f, (BhAuditFilter){.username = "alex", .user_id = 7}, "7 6 5 4 3 2 1 ");
        assert_ids(f, (BhAuditFilter){.user_id = 8}, "");
        assert_ids(f, (BhAuditFilter){.to_usec = 1}, "");
        first = ids(f, (BhAuditFilter){}, 0, 0, 3);
        g_assert_cmpstr(first, ==, "7 6 5 …");
        second = ids(f, (BhAuditFilter){}, 5, 0, 4);
        g_assert_cmpstr(second, ==, "4 3 2 1 ");
        offset = ids(f, (BhAuditFilter){}, 0, 5, 1);
        g_assert_cmpstr(offset, ==, "2 …");
        g_assert_cmpint(bh_audit_count(f->database, &(BhAuditFilter){.action = "upload", .to_usec = INT64_MAX}, &n), ==,
                        0);
        g_assert_cmpuint(n, ==, 6);
}

static void statistics_add_up(AccountFixture *f, gconstpointer data) {
        BhAuditStatistics s = {};

        tamper(f, "UPDATE audit SET time_usec = id * 10");
        g_assert_cmpint(bh_audit_statistics(f->database, &(BhAuditFilter){.from_usec = 20, .to_usec = 60}, 2, &s), ==,
                        0);
        g_assert_cmpuint(s.succeeded, ==, 2); /* 3, 5; to 60 is before 6 */
        g_assert_cmpuint(s.failed, ==, 2);    /* 2, 4 */
        g_assert_cmpuint(s.bytes, ==, 20);
        g_assert_cmpint(s.buckets[0].start_usec, ==, 20);
        g_assert_cmpint(s.buckets[1].start_usec, ==, 40);
        g_assert_cmpuint(s.buckets[0].failed, ==, 1);
        g_assert_cmpuint(s.buckets[1].succeeded, ==, 1);
        g_assert_cmpuint(s.by_user->len, ==, 1);
        g_assert_cmpstr(g_array_index(s.by_user, BhAuditGroup, 0).name, ==, "alex");
        g_assert_cmpuint(g_array_index(s.by_user, BhAuditGroup, 0).count, ==, 4);
        g_assert_cmpint(g_array_index(s.by_error, BhAuditGroup, 0).result, ==, EACCES);
        bh_audit_statistics_clear(&s);

        /* All of time in the most parts there are. */
        g_assert_cmpint(
                bh_audit_statistics(f->database, &(BhAuditFilter){.to_usec = INT64_MAX}, BH_AUDIT_BUCKETS_MAX, &s), ==,
                0);
        g_assert_cmpuint(s.succeeded + s.failed, ==, N_RECORDS);
        bh_audit_statistics_clear(&s);
}

#define TEST(function)                                                                                                 \
        g_test_add("/audit/" #function, AccountFixture, NULL, set_up, function, account_fixture_tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        TEST(what_was_written_is_intact_also_after_a_restart);
        TEST(an_edit_of_any_column_is_found);
        for (size_t i = 0; i < N_CASES; i++) {
                g_autofree char *path = g_strdup_printf("/audit/tampering_is_found/%zu", i);

                g_test_add(path, AccountFixture, GSIZE_TO_POINTER(i), set_up, run_and_expect,
                           account_fixture_tear_down);
        }
        TEST(another_key_vouches_for_nothing);
        TEST(records_from_before_the_chain_are_its_first);
        TEST(a_change_that_is_taken_back_leaves_no_gap);
        TEST(filters_let_through_what_they_say);
        TEST(statistics_add_up);
        return g_test_run();
}
