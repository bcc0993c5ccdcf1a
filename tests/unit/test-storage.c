/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files-fixture.h"
#include "macro.h"

/* Filesystems that lack something, are full, or are put into one another. Mounts are made in a namespace of the test's own, which takes root. */

static bool may_mount;

#define SKIP_UNLESS_MOUNTING()                                                                                         \
        do {                                                                                                           \
                if (!may_mount) {                                                                                      \
                        g_test_skip("only root may mount");                                                            \
                        return;                                                                                        \
                }                                                                                                      \
        } while (false)

static char *mount_in(const char *directory, const char *name, const char *type, const char *options) {
        char *path = g_build_filename(directory, name, NULL);

        g_assert_cmpint(g_mkdir_with_parents(path, 0770), ==, 0);
        g_assert_cmpint(mount("none", path, type, 0, options), ==, 0);
        return path;
}

static void filesystem_without_attributes_is_refused(Fixture *f, gconstpointer data) {
        g_autofree char *reason = NULL;
        BhFiles *files;

        SKIP_UNLESS_MOUNTING();
        g_autofree char *path = mount_in(f->directory, "plain", "ramfs", NULL);
        const BhFilesConfig config = {.root = path};
        assert_error(bh_files_open(&files, &config, f->database, f->accounts, &reason), EOPNOTSUPP);
        g_assert_nonnull(strstr(reason, "extended attributes"));
        g_autofree char *staging = g_build_filename(path, ".baluhost", "staging", NULL);
        g_autoptr(GDir) left = g_dir_open(staging, 0, NULL);
        g_assert_null(g_dir_read_name(left)); /* what was tried out is gone */
        g_assert_cmpint(umount2(path, MNT_DETACH), ==, 0);
}

static void filesystem_that_cannot_be_written_is_refused(Fixture *f, gconstpointer data) {
        g_autofree char *reason = NULL;
        BhFiles *files;

        SKIP_UNLESS_MOUNTING();
        g_autofree char *path = mount_in(f->directory, "frozen", "tmpfs", NULL);
        g_assert_cmpint(mount("none", path, NULL, MS_REMOUNT | MS_RDONLY, NULL), ==, 0);
        const BhFilesConfig config = {.root = path};
        assert_error(bh_files_open(&files, &config, f->database, f->accounts, &reason), EROFS);
        g_assert_nonnull(strstr(reason, path));
        g_assert_cmpint(umount2(path, MNT_DETACH), ==, 0);
}

static void storage_that_becomes_read_only_is_not_healthy(Fixture *f, gconstpointer data) {
        SKIP_UNLESS_MOUNTING();
        assert_ok(bh_files_check_health(f->files));
        bh_files_free(f->files);
        g_assert_cmpint(mount(f->root, f->root, NULL, MS_BIND, NULL), ==, 0);
        const BhFilesConfig config = {.root = f->root};
        g_autofree char *reason = NULL;
        assert_ok(bh_files_open(&f->files, &config, f->database, f->accounts, &reason));
        g_assert_cmpint(mount("none", f->root, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), ==, 0);
        assert_error(bh_files_check_health(f->files), EROFS);
        g_assert_cmpint(fixture_put(f, &f->alex, "a", "1"), ==, -EROFS);
        g_assert_cmpint(fixture_mkdir(f, &f->alex, "a"), ==, -EROFS);
        g_assert_cmpint(mount("none", f->root, NULL, MS_REMOUNT | MS_BIND, NULL), ==, 0);
        assert_ok(fixture_put(f, &f->alex, "a", "1"));
        fixture_assert_exact(f);
        g_assert_cmpint(umount2(f->root, MNT_DETACH), ==, 0);
}

static void mount_points_inside_are_outside(Fixture *f, gconstpointer data) {
        _cleanup_(bh_list_clear) BhList list = {};
        BhCopy *copy;

        SKIP_UNLESS_MOUNTING();
        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        g_autofree char *path = mount_in(f->root, "d/mounted", "tmpfs", NULL);
        g_autofree char *file = g_build_filename(path, "file", NULL);
        g_assert_true(g_file_set_contents(file, "text", -1, NULL));
        assert_error(fixture_stat(f, &f->admin, "d/mounted"), EXDEV);
        assert_error(fixture_stat(f, &f->admin, "d/mounted/file"), EXDEV);
        assert_error(fixture_put(f, &f->admin, "d/mounted/x", "1"), EXDEV);
        assert_error(fixture_move(f, &f->admin, "d/mounted", "x"), EXDEV);
        assert_error(fixture_delete(f, &f->admin, "d/mounted"), EXDEV);
        assert_error(fixture_delete(f, &f->admin, "d"), EBUSY);
        assert_error(fixture_move(f, &f->alex, "d", "e"), EBUSY);
        assert_error(bh_files_copy_begin(f->files, &f->alex, "d", "e", false, &copy), EBUSY);
        assert_ok(bh_files_list(f->files, &f->alex, "d", &(BhListOptions){.limit = 10}, &list));
        g_assert_cmpuint(list.n_entries, ==, 0);
        fixture_restart(f, false);
        fixture_assert_exact(f); /* what is in there is nobody's usage */
        g_assert_cmpuint(bh_quota_get_total(f->files->quota).used_bytes, ==, 0);
        g_assert_cmpint(umount2(path, MNT_DETACH), ==, 0);
        assert_ok(fixture_delete(f, &f->alex, "d"));
}

/* Kernels before 6.6 have no attributes of users on tmpfs. */
static bool replace_storage_by_tmpfs(Fixture *f, const char *options) {
        g_autofree char *reason = NULL;

        bh_files_free(f->files);
        f->files = NULL;
        g_assert_cmpint(mount("none", f->root, "tmpfs", 0, options), ==, 0);
        const BhFilesConfig config = {.root = f->root};
        if (bh_files_open(&f->files, &config, f->database, f->accounts, &reason) < 0) {
                g_test_skip(reason);
                g_assert_cmpint(umount2(f->root, MNT_DETACH), ==, 0);
                return false;
        }
        assert_ok(bh_files_recover(f->files));
        return true;
}

static void full_filesystem_loses_nothing(Fixture *f, gconstpointer data) {
        g_autofree char *id = NULL;
        char upload[BH_UPLOAD_ID_SIZE];
        unsigned n = 0;
        int r;

        SKIP_UNLESS_MOUNTING();
        if (!replace_storage_by_tmpfs(f, "size=1m,nr_inodes=60"))
                return;
        assert_error(
                bh_files_upload_begin(f->files, &f->alex, "big", &(BhUploadOptions){.size = 2 * 1024 * 1024}, upload),
                ENOSPC);
        do { /* until there are no more inodes */
                g_autofree char *path = g_strdup_printf("%u", n);
                r = fixture_put(f, &f->alex, path, path);
        } while (r >= 0 && ++n < 1000);
        g_assert_cmpint(r, ==, -ENOSPC);
        g_assert_cmpuint(n, >, 10);
        assert_error(fixture_mkdir(f, &f->alex, "folder"), ENOSPC);
        assert_error(bh_files_delete(f->files, &f->alex, "0", false, &id), ENOSPC);
        assert_ok(fixture_rename(f, &f->alex, "0", "zero"));
        g_autofree char *text = fixture_read(f, &f->alex, "zero");
        g_assert_cmpstr(text, ==, "0");
        g_assert_cmpuint(fixture_count(f, ".baluhost/staging"), ==, 0);
        g_assert_cmpuint(fixture_count(f, ".baluhost/trash"), ==, 0);
        g_assert_cmpuint(bh_files_upload_count(f->files), ==, 0);
        fixture_assert_exact(f);
        bh_files_free(f->files);
        f->files = NULL;
        g_assert_cmpint(umount2(f->root, MNT_DETACH), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        may_mount =
                geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
#define ADD(function) FIXTURE_TEST("/storage/" #function, function)
        ADD(filesystem_without_attributes_is_refused);
        ADD(filesystem_that_cannot_be_written_is_refused);
        ADD(storage_that_becomes_read_only_is_not_healthy);
        ADD(mount_points_inside_are_outside);
        ADD(full_filesystem_loses_nothing);
        return g_test_run();
}
