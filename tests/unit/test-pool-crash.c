/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit-chain.h"
#include "files-fixture.h"
#include "macro.h"

/* The domain is killed at work, with a pool attached. */

/* Uploads into both roots, and deletes some, saying on the pipe which have been acknowledged, until it is killed. */
static void work_until_killed(Fixture *f, int fd) {
        g_autofree char *reason = NULL, *database = g_build_filename(f->directory, "test.db", NULL);
        const BhFilesConfig config = {.root = f->root, .trash_days = 30};

        assert_ok(bh_database_open(&f->database, database));
        g_assert_cmpint(bh_audit_chain_start(f->database, &(BhKey){"the key of the audit trail"}, true), ==, 0);
        assert_ok(bh_files_open(&f->files, &config, f->database, f->accounts, &reason));
        assert_ok(bh_files_recover(f->files));
        assert_ok(fixture_attach_as(f, "Photos", "Photos"));
        for (int i = 0;; i++) {
                g_autofree char *path = g_strdup_printf("%s%d-%d", i % 2 ? "Photos/" : "", getpid(), i),
                                *line = g_strconcat(path, "\n", NULL);

                assert_ok(fixture_put(f, &f->alex, path, path));
                if (i % 5 == 0) {
                        assert_ok(fixture_delete(f, &f->alex, path));
                        continue;
                }
                g_assert_cmpint(write(fd, line, strlen(line)), ==, (ssize_t)strlen(line));
        }
}

static void check_acknowledged(Fixture *f, int fd) {
        g_autoptr(GString) all = g_string_new(NULL);
        char buffer[4096];
        ssize_t n;

        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
                g_string_append_len(all, buffer, n);
        g_auto(GStrv) paths = g_strsplit(all->str, "\n", -1);
        for (char **path = paths; path[0] && path[1]; path++) { /* what has no end of line was cut off */
                g_autofree char *text = fixture_read(f, &f->alex, *path);

                g_assert_cmpstr(text, ==, *path);
        }
}

static void crash_loses_nothing_in_any_root(Fixture *f, gconstpointer data) {
        fixture_add_pool(f, "Photos");
        for (unsigned round = 0; round < 12; round++) {
                g_autofree char *database = g_build_filename(f->directory, "test.db", NULL), *reason = NULL;
                const BhFilesConfig config = {.root = f->root, .trash_days = 30};
                int fds[2], status;

                bh_files_free(f->files);
                bh_database_free(f->database);
                g_assert_cmpint(pipe(fds), ==, 0);
                pid_t pid = fork();
                g_assert_cmpint(pid, >=, 0);
                if (pid == 0) {
                        close(fds[0]);
                        work_until_killed(f, fds[1]);
                }
                close(fds[1]);
                g_usleep(30000 + round * 7000); /* the moment of the crash */
                kill(pid, SIGKILL);
                g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
                g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

                assert_ok(bh_database_open(&f->database, database));
                g_assert_cmpint(bh_audit_chain_start(f->database, &(BhKey){"the key of the audit trail"}, true), ==, 0);
                assert_ok(bh_files_open(&f->files, &config, f->database, f->accounts, &reason));
                assert_ok(bh_files_recover(f->files));
                assert_ok(fixture_attach_as(f, "Photos", "Photos"));
                check_acknowledged(f, fds[0]);
                close(fds[0]);
                fixture_assert_exact(f);
                fixture_assert_swept(f, "Photos");
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        FIXTURE_TEST("/pool-crash/crash_loses_nothing_in_any_root", crash_loses_nothing_in_any_root);
        return g_test_run();
}
