/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "audit-chain.h"
#include "audit.h"
#include "database.h"
#include "macro.h"
#include "schema.h"

typedef struct Fixture {
        char *directory;
        char *path;
        BhDatabase *database;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data) {
        g_autoptr(GError) error = NULL;

        fixture->directory = g_dir_make_tmp("database-XXXXXX", &error);
        g_assert_no_error(error);
        fixture->path = g_build_filename(fixture->directory, "baluhost.db", NULL);
        g_assert_cmpint(bh_database_open(&fixture->database, fixture->path), ==, 0);
        g_assert_cmpint(bh_audit_chain_start(fixture->database, &(BhKey){"the key of the audit trail"}, true), ==, 0);
}

static void remove_file(const char *path, const char *suffix) {
        g_autofree char *name = g_strconcat(path, suffix, NULL);

        g_unlink(name);
}

static void tear_down(Fixture *fixture, gconstpointer data) {
        bh_database_free(fixture->database);
        remove_file(fixture->path, "");
        remove_file(fixture->path, "-wal");
        remove_file(fixture->path, "-shm");
        g_assert_cmpint(g_rmdir(fixture->directory), ==, 0);
        g_free(fixture->directory);
        g_free(fixture->path);
}

/* A setting to write, and what the work shall answer. */
typedef struct Setting {
        const char *name;
        int answer;
} Setting;

static int write_setting(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const Setting *setting = userdata;
        int r;

        r = bh_database_prepare(db, &statement, "INSERT INTO settings (name, value) VALUES (?, 'x')");
        if (r < 0)
                return r;
        sqlite3_bind_text(statement, 1, setting->name, -1, SQLITE_STATIC);
        r = bh_database_errno(db, sqlite3_step(statement));
        if (r < 0)
                return r;
        return setting->answer;
}

static int count_settings(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement, "SELECT count(*) FROM settings");
        if (r < 0)
                return r;
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        *(int *)userdata = sqlite3_column_int(statement, 0);
        return 0;
}

static int settings(BhDatabase *database) {
        int n = -1;

        g_assert_cmpint(bh_database_read(database, count_settings, &n), ==, 0);
        return n;
}

static void file_is_private_and_durable(Fixture *fixture, gconstpointer data) {
        static const char *const suffixes[] = {"", "-wal", "-shm"};
        Setting setting = {"a", 0};

        g_assert_cmpint(bh_database_write(fixture->database, write_setting, &setting), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
                g_autofree char *name = g_strconcat(fixture->path, suffixes[i], NULL);
                struct stat st;

                g_assert_cmpint(stat(name, &st), ==, 0);
                g_assert_cmpint(st.st_mode & 07777, ==, 0600);
        }
}

static int read_pragmas(sqlite3 *db, void *userdata) {
        static const char *const pragmas[] = {"PRAGMA journal_mode", "PRAGMA synchronous", "PRAGMA foreign_keys"};
        char **values = userdata;

        for (size_t i = 0; i < G_N_ELEMENTS(pragmas); i++) {
                sqlite3_stmt *statement = NULL;

                g_assert_cmpint(sqlite3_prepare_v2(db, pragmas[i], -1, &statement, NULL), ==, SQLITE_OK);
                g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
                values[i] = g_strdup((const char *)sqlite3_column_text(statement, 0));
                sqlite3_finalize(statement);
        }
        return 0;
}

static void writer_syncs_and_checks_foreign_keys(Fixture *fixture, gconstpointer data) {
        char *values[3] = {};

        g_assert_cmpint(bh_database_write(fixture->database, read_pragmas, values), ==, 0);
        g_assert_cmpstr(values[0], ==, "wal");
        g_assert_cmpstr(values[1], ==, "2"); /* FULL */
        g_assert_cmpstr(values[2], ==, "1");
        for (size_t i = 0; i < 3; i++)
                g_free(values[i]);
}

static void work_that_fails_is_rolled_back(Fixture *fixture, gconstpointer data) {
        Setting good = {"good", 0}, bad = {"bad", -ENOTDIR}, twice = {"good", 0};

        g_assert_cmpint(bh_database_write(fixture->database, write_setting, &good), ==, 0);
        g_assert_cmpint(bh_database_write(fixture->database, write_setting, &bad), ==, -ENOTDIR);
        g_assert_cmpint(bh_database_write(fixture->database, write_setting, &twice), ==, -EEXIST);
        g_assert_cmpint(settings(fixture->database), ==, 1);
}

static int read_only_write(sqlite3 *db, void *userdata) {
        return write_setting(db, &(Setting){"reader", 0});
}

static void readers_cannot_write(Fixture *fixture, gconstpointer data) {
        g_assert_cmpint(bh_database_read(fixture->database, read_only_write, NULL), ==, -EIO);
        g_assert_cmpint(settings(fixture->database), ==, 0);
}

/* Holds the writer until everything else has been handed in, so that it shares one transaction. */
typedef struct Group {
        GMutex lock;
        GCond changed;
        bool started, go;
        int commits;
} Group;

static int hold_writer(sqlite3 *db, void *userdata) {
        Group *group = userdata;

        g_mutex_lock(&group->lock);
        group->started = true;
        g_cond_broadcast(&group->changed);
        while (!group->go)
                g_cond_wait(&group->changed, &group->lock);
        g_mutex_unlock(&group->lock);
        return 0;
}

static int count_commit(void *userdata) {
        ((Group *)userdata)->commits++;
        return 0;
}

static int install_hook(sqlite3 *db, void *userdata) {
        sqlite3_commit_hook(db, userdata ? count_commit : NULL, userdata);
        return 0;
}

static void one_that_fails_takes_nothing_else_of_its_group_with_it(Fixture *fixture, gconstpointer data) {
        Setting items[20];
        char names[20][8];
        Group group = {};

        g_mutex_init(&group.lock);
        g_cond_init(&group.changed);
        bh_database_post(fixture->database, hold_writer, &group, NULL);
        g_mutex_lock(&group.lock);
        while (!group.started)
                g_cond_wait(&group.changed, &group.lock);
        g_mutex_unlock(&group.lock);

        bh_database_post(fixture->database, install_hook, &group, NULL);
        for (int i = 0; i < 20; i++) {
                g_snprintf(names[i], sizeof names[i], "%d", i);
                items[i] = (Setting){names[i], i % 5 == 2 ? -EACCES : 0};
                bh_database_post(fixture->database, write_setting, &items[i], NULL);
        }
        g_mutex_lock(&group.lock);
        group.go = true;
        g_cond_broadcast(&group.changed);
        g_mutex_unlock(&group.lock);

        g_assert_cmpint(bh_database_write(fixture->database, write_setting, &(Setting){"last", 0}), ==, 0);
        g_assert_cmpint(settings(fixture->database), ==, 17);
        /* The twenty shared one transaction; "last" may have had one of its own. */
        g_assert_cmpint(group.commits, >=, 1);
        g_assert_cmpint(group.commits, <=, 2);
        g_assert_cmpint(bh_database_write(fixture->database, install_hook, NULL), ==, 0);
}

static int end_transaction(sqlite3 *db, void *userdata) {
        return bh_database_errno(db, sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL));
}

static void a_lost_transaction_is_an_error_for_all_of_its_group(Fixture *fixture, gconstpointer data) {
        Setting before = {"before", 0}, after = {"after", 0};

        bh_database_post(fixture->database, write_setting, &before, NULL);
        g_assert_cmpint(bh_database_write(fixture->database, end_transaction, NULL), ==, -EIO);
        g_assert_cmpint(bh_database_write(fixture->database, write_setting, &after), ==, 0);
        g_assert_cmpint(settings(fixture->database), >=, 1);
}

static int fill_disk(sqlite3 *db, void *userdata) {
        sqlite3_exec(db, "PRAGMA max_page_count = 1", NULL, NULL, NULL);
        return bh_database_errno(db, sqlite3_exec(db, "INSERT INTO settings VALUES ('big', hex(randomblob(4000000)))",
                                                  NULL, NULL, NULL));
}

static int free_disk(sqlite3 *db, void *userdata) {
        return bh_database_errno(db, sqlite3_exec(db, "PRAGMA max_page_count = 1000000", NULL, NULL, NULL));
}

static void full_disk_is_no_space_and_nothing_is_written(Fixture *fixture, gconstpointer data) {
        g_assert_cmpint(bh_database_write(fixture->database, fill_disk, NULL), ==, -ENOSPC);
        g_assert_cmpint(settings(fixture->database), ==, 0);
        g_assert_cmpint(bh_database_write(fixture->database, free_disk, NULL), ==, 0);
        g_assert_cmpint(bh_database_write(fixture->database, write_setting, &(Setting){"x", 0}), ==, 0);
}

static int nested_prepare(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *outer = NULL, *inner = NULL;

        g_assert_cmpint(bh_database_prepare(db, &outer, "SELECT 1 UNION SELECT 2"), ==, 0);
        g_assert_cmpint(sqlite3_step(outer), ==, SQLITE_ROW);
        g_assert_cmpint(bh_database_prepare(db, &inner, "SELECT 1 UNION SELECT 2"), ==, 0);
        g_assert_true(outer != inner);
        g_assert_cmpint(bh_database_prepare(db, &(sqlite3_stmt *){NULL}, "SELECT nonsense FROM nowhere"), ==, -EIO);
        *(sqlite3_stmt **)userdata = outer;
        return 0;
}

static int prepare_again(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        bool found = false;

        g_assert_cmpint(bh_database_prepare(db, &statement, "SELECT 1 UNION SELECT 2"), ==, 0);
        for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(db, s));)
                found |= s == *(sqlite3_stmt **)userdata;
        g_assert_true(found);
        return 0;
}

static void statements_are_kept_for_reuse_but_not_while_in_use(Fixture *fixture, gconstpointer data) {
        sqlite3_stmt *first = NULL;

        g_assert_cmpint(bh_database_read(fixture->database, nested_prepare, &first), ==, 0);
        g_assert_cmpint(bh_database_read(fixture->database, prepare_again, &first), ==, 0);
}

static int forget_statement(sqlite3 *db, void *userdata) {
        sqlite3_stmt *statement = NULL;

        g_assert_cmpint(bh_database_prepare(db, &statement, "SELECT 1 UNION SELECT 2"), ==, 0);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        return write_setting(db, &(Setting){"forgetful", 0});
}

static void a_forgotten_statement_does_not_keep_the_transaction_open(Fixture *fixture, gconstpointer data) {
        g_assert_cmpint(bh_database_write(fixture->database, forget_statement, NULL), ==, 0);
        g_assert_cmpint(settings(fixture->database), ==, 1);
}

static gpointer read_often(gpointer data) {
        for (int i = 0; i < 200; i++)
                g_assert_cmpint(settings(data), >=, 0);
        return NULL;
}

static void more_threads_than_connections_can_read(Fixture *fixture, gconstpointer data) {
        GThread *readers[12];

        for (size_t i = 0; i < G_N_ELEMENTS(readers); i++)
                readers[i] = g_thread_new("reader", read_often, fixture->database);
        for (size_t i = 0; i < G_N_ELEMENTS(readers); i++)
                g_thread_join(readers[i]);
}

static int set_newer_version(sqlite3 *db, void *userdata) {
        g_autofree char *sql = g_strdup_printf("PRAGMA user_version = %d", bh_schema_version() + 1);

        return bh_database_errno(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static void newer_version_is_refused_and_left_alone(Fixture *fixture, gconstpointer data) {
        BhDatabase *database = NULL;

        g_assert_cmpint(bh_database_write(fixture->database, set_newer_version, NULL), ==, 0);
        bh_database_free(g_steal_pointer(&fixture->database));
        g_assert_cmpint(bh_database_open(&database, fixture->path), ==, -EUCLEAN);
        g_assert_null(database);
}

static void usage_from_before_there_were_pools_is_the_main_roots(Fixture *fixture, gconstpointer data) {
        sqlite3_stmt *statement = NULL;
        sqlite3 *db = NULL;

        g_assert_cmpint(sqlite3_open(":memory:", &db), ==, SQLITE_OK);
        g_assert_cmpint(bh_schema_migrate_to(db, 2), ==, 0);
        g_assert_cmpint(sqlite3_exec(db, "INSERT INTO usage VALUES ('a', 12, 3), ('', 4, 0)", NULL, NULL, NULL), ==,
                        SQLITE_OK);
        g_assert_cmpint(bh_schema_migrate(db), ==, 0);
        g_assert_cmpint(sqlite3_prepare_v2(db,
                                           "SELECT group_concat(root || '|' || owner || '|' || used_bytes || '|' || "
                                           "trash_bytes, ' ') FROM (SELECT * FROM usage ORDER BY owner)",
                                           -1, &statement, NULL),
                        ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        g_assert_cmpstr((const char *)sqlite3_column_text(statement, 0), ==, "||4|0 |a|12|3");
        sqlite3_finalize(statement);
        g_assert_cmpint(sqlite3_close(db), ==, SQLITE_OK);
}

static void what_is_not_a_database_is_refused(Fixture *fixture, gconstpointer data) {
        g_autofree char *missing = g_build_filename(fixture->directory, "no", "such", NULL);
        BhDatabase *database = NULL;

        bh_database_free(g_steal_pointer(&fixture->database));
        g_assert_true(g_file_set_contents(fixture->path,
                                          "This is a letter to my grandmother, not a database at all. ....", -1, NULL));
        g_assert_cmpint(bh_database_open(&database, fixture->path), ==, -EIO);
        g_assert_cmpint(bh_database_open(&database, missing), ==, -ENOENT);
        g_assert_null(database);
}

static int read_audit(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;

        g_assert_cmpint(bh_database_prepare(db, &statement,
                                            "SELECT action, target, result, message, size, username, uid, pid, "
                                            "client_address, time_usec FROM audit"),
                        ==, 0);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        g_assert_cmpstr((const char *)sqlite3_column_text(statement, 0), ==, "upload");
        g_assert_cmpstr((const char *)sqlite3_column_text(statement, 1), ==, "a/b");
        g_assert_cmpint(sqlite3_column_int(statement, 2), ==, EDQUOT);
        g_assert_cmpstr((const char *)sqlite3_column_text(statement, 3), ==, "Quota exceeded");
        g_assert_cmpint(sqlite3_column_int(statement, 4), ==, 42);
        g_assert_cmpstr((const char *)sqlite3_column_text(statement, 5), ==, "alex");
        g_assert_cmpint(sqlite3_column_int(statement, 6), ==, 1000);
        g_assert_cmpint(sqlite3_column_int(statement, 7), ==, 4711);
        g_assert_cmpstr((const char *)sqlite3_column_text(statement, 8), ==, "192.0.2.7");
        g_assert_cmpint(sqlite3_column_int64(statement, 9), >, 0);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_DONE);
        return 0;
}

static int no_work(sqlite3 *db, void *userdata) {
        return 0;
}

static void audit_of_a_refusal_needs_nobody_to_wait(Fixture *fixture, gconstpointer data) {
        BhCaller caller = {.user_id = 7,
                           .username = g_strdup("alex"),
                           .uid = 1000,
                           .pid = 4711,
                           .client_address = g_strdup("192.0.2.7")};
        char target[] = "a/b";

        bh_audit_post(fixture->database, &caller,
                      &(BhAudit){BH_AUDIT_FILE_MODIFY, "upload", target, -EDQUOT, "Quota exceeded", 42});
        target[0] = 'x'; /* it must have been copied */
        bh_caller_clear(&caller);
        g_assert_cmpint(bh_database_write(fixture->database, no_work, NULL), ==, 0);
        g_assert_cmpint(bh_database_read(fixture->database, read_audit, NULL), ==, 0);
}

/* In a process of its own: writes settings and says so on the pipe, until it is killed. */
static void write_until_killed(const char *path, int fd) {
        BhDatabase *database = NULL;

        if (bh_database_open(&database, path) < 0)
                _exit(1);
        for (int i = 0;; i++) {
                g_autofree char *name = g_strdup_printf("%d", i);

                if (bh_database_write(database, write_setting, &(Setting){name, 0}) < 0)
                        _exit(1);
                if (write(fd, &i, sizeof i) != sizeof i)
                        _exit(1);
        }
}

static void what_was_acknowledged_survives_being_killed(Fixture *fixture, gconstpointer data) {
        bh_database_free(g_steal_pointer(&fixture->database));

        for (int round = 0; round < 5; round++) {
                int fds[2], last = -1, status;
                pid_t pid;

                remove_file(fixture->path, "");
                remove_file(fixture->path, "-wal");
                remove_file(fixture->path, "-shm");
                g_assert_cmpint(pipe(fds), ==, 0);
                pid = fork();
                g_assert_cmpint(pid, >=, 0);
                if (pid == 0) {
                        close(fds[0]);
                        write_until_killed(fixture->path, fds[1]);
                }
                close(fds[1]);
                while (last < 20 + round * 7)
                        g_assert_cmpint(read(fds[0], &last, sizeof last), ==, sizeof last);
                kill(pid, SIGKILL);
                while (read(fds[0], &last, sizeof last) == sizeof last)
                        ;
                close(fds[0]);
                g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
                g_assert_true(WIFSIGNALED(status));

                g_assert_cmpint(bh_database_open(&fixture->database, fixture->path), ==, 0);
                g_assert_cmpint(bh_audit_chain_start(fixture->database, &(BhKey){"the key of the audit trail"}, true),
                                ==, 0);
                g_assert_cmpint(settings(fixture->database), >=, last + 1);
                bh_database_free(g_steal_pointer(&fixture->database));
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/database/" name, Fixture, NULL, set_up, function, tear_down)
        ADD("private", file_is_private_and_durable);
        ADD("pragmas", writer_syncs_and_checks_foreign_keys);
        ADD("rollback", work_that_fails_is_rolled_back);
        ADD("readers-cannot-write", readers_cannot_write);
        ADD("group", one_that_fails_takes_nothing_else_of_its_group_with_it);
        ADD("lost-transaction", a_lost_transaction_is_an_error_for_all_of_its_group);
        ADD("full-disk", full_disk_is_no_space_and_nothing_is_written);
        ADD("statements", statements_are_kept_for_reuse_but_not_while_in_use);
        ADD("forgotten-statement", a_forgotten_statement_does_not_keep_the_transaction_open);
        ADD("many-readers", more_threads_than_connections_can_read);
        ADD("newer-version", newer_version_is_refused_and_left_alone);
        ADD("usage-of-roots", usage_from_before_there_were_pools_is_the_main_roots);
        ADD("not-a-database", what_is_not_a_database_is_refused);
        ADD("audit", audit_of_a_refusal_needs_nobody_to_wait);
        ADD("killed", what_was_acknowledged_survives_being_killed);
        return g_test_run();
}
