/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files-fixture.h"
#include "macro.h"

static int copy_to(Fixture *f, const BhCaller *caller, const char *source, const char *target, bool keep_both,
                   char **ret_path) {
        BhCopy *copy;
        int r = bh_files_copy_begin(f->files, caller, source, target, keep_both, &copy);

        if (r < 0)
                return r;
        r = bh_copy_run(copy, NULL, NULL, ret_path);
        bh_copy_free(copy);
        return r;
}

static int copy(Fixture *f, const BhCaller *caller, const char *source, const char *target) {
        g_autofree char *path = NULL;

        return copy_to(f, caller, source, target, false, &path);
}

static void assert_nothing_left(Fixture *f) {
        g_assert_cmpuint(fixture_count(f, ".baluhost/staging"), ==, 0);
        g_assert_cmpuint(bh_quota_get_total(f->files->quota).reserved_bytes, ==, 0);
        fixture_assert_exact(f);
}

static void files_are_copied_with_their_time_for_the_caller(Fixture *f, gconstpointer data) {
        const BhUploadOptions options = {.size = 4, .has_modified_usec = true, .modified_usec = 77000000};
        _cleanup_(bh_entry_clear) BhEntry entry = {};

        assert_ok(fixture_put_with(f, &f->peer, "n", "text", &options));
        assert_ok(copy(f, &f->alex, "n", "mine"));
        g_autofree char *text = fixture_read(f, &f->alex, "mine");
        g_assert_cmpstr(text, ==, "text");
        assert_ok(bh_files_stat(f->files, &f->alex, "mine", &entry));
        g_assert_cmpint(entry.modified_usec, ==, 77000000);
        g_assert_cmpstr(entry.owner, ==, f->alex.owner);
        g_assert_cmpint(fixture_audits(f, "copy", 0), ==, 1);
        assert_nothing_left(f);
}

static void folders_are_copied_as_far_as_they_may_be_viewed(Fixture *f, gconstpointer data) {
        g_autofree char *link = fixture_disk(f, "d/link"), *fifo = fixture_disk(f, "d/fifo");

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_mkdir(f, &f->alex, "d/e"));
        assert_ok(fixture_put(f, &f->alex, "d/e/a", "12345"));
        assert_ok(fixture_put(f, &f->maria, "m", "1"));
        assert_ok(fixture_move(f, &f->admin, "m", "d/e"));
        g_assert_cmpint(symlink("/etc/passwd", link), ==, 0);
        g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
        assert_ok(copy(f, &f->alex, "d", "c"));
        assert_ok(fixture_stat(f, &f->admin, "c/e/a"));
        assert_error(fixture_stat(f, &f->admin, "c/e/m"), ENOENT);
        g_assert_cmpuint(fixture_count(f, "c"), ==, 1);
        g_assert_cmpstr(fixture_owner(f, "c/e/a"), ==, f->alex.owner);
        assert_ok(copy(f, &f->admin, "d", "c"));
        g_assert_cmpstr(fixture_owner(f, "c/d/e/m"), ==, f->admin.owner);
        assert_nothing_left(f);
        fixture_restart(f, false);
        assert_nothing_left(f);
}

static void taken_names_are_kept_or_refused(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL;

        assert_ok(fixture_put(f, &f->alex, "a.txt", "1"));
        assert_error(copy(f, &f->alex, "a.txt", "a.txt"), EEXIST);
        assert_error(copy(f, &f->alex, "a.txt", ""), EEXIST);
        assert_ok(copy_to(f, &f->alex, "a.txt", "", true, &path));
        g_assert_cmpstr(path, ==, "a (2).txt");
        assert_nothing_left(f);
}

static void refusals_come_at_once(Fixture *f, gconstpointer data) {
        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_put(f, &f->alex, "d/a", "12345"));
        assert_ok(fixture_mkdir(f, &f->peer, "shared"));
        assert_error(copy(f, &f->alex, "d", "d"), EINVAL);
        assert_error(copy(f, &f->alex, "d", "d/x"), EINVAL);
        assert_error(copy(f, &f->alex, "", "x"), EINVAL);
        assert_error(copy(f, &f->alex, "missing", "x"), ENOENT);
        assert_error(copy(f, &f->maria, "d", "x"), EACCES);
        assert_error(copy(f, &f->maria, "d/a", "x"), ENOENT);
        assert_error(copy(f, &f->alex, "d/a", "shared"), EACCES);
        assert_error(copy(f, &f->alex, "d/a", "missing/x"), ENOENT);
        assert_error(copy(f, &f->alex, "d/a", ".baluhost"), EILSEQ);
        assert_error(copy(f, &f->alex, "d/a", "../x"), EXDEV);
        f->alex_account->quota_bytes = 9;
        assert_error(copy(f, &f->alex, "d", "x"), EDQUOT);
        assert_nothing_left(f);
}

static void copy_reserves_its_size_until_it_is_freed(Fixture *f, gconstpointer data) {
        BhCopy *first;

        assert_ok(fixture_put(f, &f->alex, "a", "12345"));
        f->alex_account->quota_bytes = 12;
        assert_ok(bh_files_copy_begin(f->files, &f->alex, "a", "b", false, &first));
        assert_error(fixture_put(f, &f->alex, "c", "123"), EDQUOT);
        bh_copy_free(first);
        assert_ok(fixture_put(f, &f->alex, "c", "123"));
        assert_nothing_left(f);
}

static void cancelled_copy_leaves_nothing_behind(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL;
        BhCopy *cancelled;

        assert_ok(fixture_put(f, &f->alex, "a", "12345"));
        assert_ok(bh_files_copy_begin(f->files, &f->alex, "a", "b", false, &cancelled));
        bh_copy_cancel(cancelled);
        assert_error(bh_copy_run(cancelled, NULL, NULL, &path), ECANCELED);
        bh_copy_free(cancelled);
        assert_error(fixture_stat(f, &f->alex, "b"), ENOENT);
        assert_nothing_left(f);
}

static void cancel_at_once(uint64_t done, uint64_t total, void *userdata) {
        g_assert_cmpuint(done, <=, total);
        bh_copy_cancel(userdata);
}

static void copy_is_cancelled_on_its_way(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL;
        BhCopy *cancelled;

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        for (int i = 0; i < 10; i++) {
                g_autofree char *name = g_strdup_printf("d/%d", i);
                assert_ok(fixture_put(f, &f->alex, name, "12345"));
        }
        assert_ok(bh_files_copy_begin(f->files, &f->alex, "d", "e", false, &cancelled));
        assert_error(bh_copy_run(cancelled, cancel_at_once, cancelled, &path), ECANCELED);
        bh_copy_free(cancelled);
        assert_error(fixture_stat(f, &f->alex, "e"), ENOENT);
        assert_nothing_left(f);
}

/* Makes copy_file_range(2) fail in this process from now on, as it does on some filesystems. */
static void forbid_copy_file_range(void) {
        struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_copy_file_range, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const struct sock_fprog program = {.len = G_N_ELEMENTS(filter), .filter = filter};

        g_assert_cmpint(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
        g_assert_cmpint(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), ==, 0);
}

static void content_is_copied_by_hand_where_the_filesystem_cannot(Fixture *f, gconstpointer data) {
        if (!g_test_subprocess()) { /* the filter stays for good */
                g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
                g_test_trap_assert_passed();
                return;
        }
        g_autofree char *content = g_strnfill(700 * 1000, 'x');
        forbid_copy_file_range();
        assert_ok(fixture_put(f, &f->alex, "a", content));
        assert_ok(copy(f, &f->alex, "a", "b"));
        g_autofree char *text = fixture_read(f, &f->alex, "b");
        g_assert_cmpstr(text, ==, content);
        assert_nothing_left(f);
}

static int execute(sqlite3 *db, void *userdata) {
        return bh_database_errno(db, sqlite3_exec(db, userdata, NULL, NULL, NULL));
}

static void copy_that_cannot_be_recorded_is_taken_back(Fixture *f, gconstpointer data) {
        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_put(f, &f->alex, "d/a", "12345"));
        assert_ok(bh_database_write(
                f->database, execute,
                (char *)"CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'broken'); END"));
        g_assert_cmpint(copy(f, &f->alex, "d", "e"), <, 0);
        assert_ok(bh_database_write(f->database, execute, (char *)"DROP TRIGGER broken"));
        assert_error(fixture_stat(f, &f->alex, "e"), ENOENT);
        assert_nothing_left(f);
        assert_ok(copy(f, &f->alex, "d", "e"));
}

static void target_that_is_taken_meanwhile_is_not_replaced(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL;
        BhCopy *late;

        assert_ok(fixture_put(f, &f->alex, "a", "12345"));
        assert_ok(bh_files_copy_begin(f->files, &f->alex, "a", "b", false, &late));
        assert_ok(fixture_put(f, &f->alex, "b", "first"));
        assert_error(bh_copy_run(late, NULL, NULL, &path), EEXIST);
        bh_copy_free(late);
        g_autofree char *text = fixture_read(f, &f->alex, "b");
        g_assert_cmpstr(text, ==, "first");
        assert_nothing_left(f);
}

static void source_that_grows_is_charged_for_what_it_is(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL, *disk = fixture_disk(f, "a");
        BhCopy *grown;

        assert_ok(fixture_put(f, &f->alex, "a", "12345"));
        assert_ok(bh_files_copy_begin(f->files, &f->alex, "a", "b", false, &grown));
        g_assert_true(g_file_set_contents(disk, "1234567890", -1, NULL));
        g_autofree char *command = g_strdup_printf("setfattr -n user.baluhost.owner -v %s %s", f->alex.owner, disk);
        g_assert_cmpint(system(command), ==, 0);
        assert_ok(bh_copy_run(grown, NULL, NULL, &path));
        bh_copy_free(grown);
        fixture_restart(f, false); /* the change behind the service's back */
        assert_nothing_left(f);
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->alex.owner).used_bytes, ==, 20);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(function) FIXTURE_TEST("/copy/" #function, function)
        ADD(files_are_copied_with_their_time_for_the_caller);
        ADD(folders_are_copied_as_far_as_they_may_be_viewed);
        ADD(taken_names_are_kept_or_refused);
        ADD(refusals_come_at_once);
        ADD(copy_reserves_its_size_until_it_is_freed);
        ADD(cancelled_copy_leaves_nothing_behind);
        ADD(copy_is_cancelled_on_its_way);
        ADD(content_is_copied_by_hand_where_the_filesystem_cannot);
        ADD(copy_that_cannot_be_recorded_is_taken_back);
        ADD(target_that_is_taken_meanwhile_is_not_replaced);
        ADD(source_that_grows_is_charged_for_what_it_is);
        return g_test_run();
}
