/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files-fixture.h"
#include "macro.h"

/* Pools that come and go: attaching, detaching, and what happens to whoever is at work there meanwhile. */

static bool may_mount; /* in a namespace of the test's own, which takes root */

/* Whether this process has a descriptor of something below the directory. What has no name any more is a client's: uploads
 * that were ended. */
static bool is_open_below(const char *directory) {
        g_autoptr(GDir) descriptors = g_dir_open("/proc/self/fd", 0, NULL);
        const char *name;

        g_assert_nonnull(descriptors);
        while ((name = g_dir_read_name(descriptors))) {
                g_autofree char *link = g_build_filename("/proc/self/fd", name, NULL),
                                *target = g_file_read_link(link, NULL);

                if (target && g_str_has_prefix(target, directory) && !g_str_has_suffix(target, " (deleted)"))
                        return true;
        }
        return false;
}

static void assert_nothing_open(Fixture *f, const char *name) {
        g_autofree char *path = fixture_pool_disk(f, name, NULL);

        g_assert_false(is_open_below(path));
}

static void filesystem_without_the_right_mark_is_never_written_to(Fixture *f, gconstpointer data) {
        g_autofree char *path = fixture_pool_disk(f, "Photos", NULL), *file = fixture_pool_disk(f, "Photos", "file"),
                        *reason = NULL, *other = NULL, *missing = NULL;

        g_assert_cmpint(g_mkdir_with_parents(path, 0770), ==, 0);
        assert_error(bh_files_attach(f->files, "Photos", "id-Photos", path, false, &reason), ENODEV);
        g_assert_nonnull(strstr(reason, "nothing is mounted there"));
        fixture_assert_empty(path);
        assert_nothing_open(f, "Photos");
        assert_ok(fixture_mkdir(f, &f->alex, "Photos")); /* what did not come to be attached leaves no name behind */
        assert_ok(fixture_rename(f, &f->alex, "Photos", "d"));

        fixture_add_pool(f, "Photos");
        assert_ok(fixture_put(f, &f->alex, "Photos/a", "1"));
        assert_ok(fixture_detach(f, "Photos", false));
        for (int initialise = 0; initialise < 2; initialise++) {
                g_clear_pointer(&other, g_free);
                assert_error(bh_files_attach(f->files, "Photos", "another-id", path, initialise, &other), ENODEV);
                g_assert_nonnull(strstr(other, "another pool"));
        }
        assert_error(bh_files_attach(f->files, "Photos", "id-Photos", "/nonexistent", false, &missing), ENOENT);
        assert_ok(fixture_attach_as(f, "Photos", "Photos"));
        assert_ok(fixture_stat(f, &f->alex, "Photos/a"));
        assert_error(fixture_attach_as(f, "Photos", "Photos"), EALREADY);
        assert_error(fixture_attach_as(f, "Pictures", "Photos"), EALREADY);
        g_assert_true(g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(file, G_FILE_TEST_EXISTS));
}

static void detached_pool_is_known_and_not_available(Fixture *f, gconstpointer data) {
        g_autofree char *id = NULL, *reason = NULL, *again = NULL, *path = NULL;
        _cleanup_(bh_list_clear) BhList list = {};
        uint64_t size, used, available;

        fixture_add_pool(f, "Photos");
        assert_ok(fixture_put(f, &f->alex, "Photos/a", "123"));
        assert_ok(fixture_put(f, &f->alex, "b", "1"));
        assert_ok(fixture_detach(f, "Photos", false));
        assert_nothing_open(f, "Photos");
        g_assert_false(bh_files_is_attached(f->files, "Photos"));
        assert_error(fixture_stat(f, &f->admin, "Photos/a"), ENODEV);
        assert_error(fixture_stat(f, &f->admin, "Photos"), ENODEV);
        assert_error(fixture_put(f, &f->admin, "Photos/x", "1"), ENODEV);
        assert_error(fixture_move(f, &f->alex, "b", "Photos"), ENODEV);
        assert_error(fixture_copy(f, &f->alex, "b", "Photos", false), ENODEV);
        assert_error(fixture_copy(f, &f->alex, "Photos/a", "", false), ENODEV);
        assert_error(bh_files_delete(f->files, &f->alex, "Photos/a", true, &id), ENODEV); /* it is not missing */
        assert_error(bh_files_list(f->files, &f->alex, "Photos", &(BhListOptions){.limit = 1}, &list), ENODEV);
        assert_error(bh_files_root_space(f->files, "Photos", &size, &used, &available), ENODEV);
        reason = bh_files_explain_error(f->files, -ENODEV, "b", "Photos/b");
        g_assert_cmpstr(reason, ==, "The pool “Photos” is not available");
        assert_ok(fixture_detach(f, "Photos", true)); /* that is what was asked for */
        assert_error(fixture_detach(f, "Music", true), ENOENT);
        fixture_assert_exact(f);

        assert_ok(fixture_attach_as(f, "Photos", "Photos"));
        g_assert_cmpint(fixture_audits(f, "recover", 0), ==, 2); /* the two new ones: a clean stop needs none */
        g_autofree char *text = fixture_read(f, &f->alex, "Photos/a");
        g_assert_cmpstr(text, ==, "123");
        assert_error(bh_files_forget(f->files, "Photos", "id-Photos", &again), EBUSY);
        assert_ok(fixture_detach(f, "Photos", false));
        assert_ok(bh_files_forget(f->files, "Photos", "id-Photos", &path));
        assert_ok(fixture_mkdir(f, &f->alex, "Photos")); /* free again */
        assert_ok(fixture_attach_as(f, "Pictures", "Photos"));
        g_assert_cmpint(fixture_audits(f, "recover", 0), ==, 3); /* what it uses was forgotten too */
        fixture_assert_exact(f);
}

static void detaching_says_what_uses_the_pool_and_ends_it_when_forced(Fixture *f, gconstpointer data) {
        char first[BH_UPLOAD_ID_SIZE], second[BH_UPLOAD_ID_SIZE], other[BH_UPLOAD_ID_SIZE];
        _cleanup_(bh_entry_clear) BhEntry entry = {};
        g_autofree char *reason = NULL, *path = NULL, *again = NULL, *now = NULL;
        BhCopy *copy, *within;

        fixture_add_pool(f, "Photos");
        assert_ok(fixture_put(f, &f->alex, "Photos/a", "12345"));
        _cleanup_(bh_closep) int one =
                bh_files_upload_begin(f->files, &f->alex, "Photos/1", &(BhUploadOptions){.size = 1}, first);
        _cleanup_(bh_closep) int two =
                bh_files_upload_begin(f->files, &f->maria, "Photos/2", &(BhUploadOptions){.size = 1}, second);
        _cleanup_(bh_closep) int three =
                bh_files_upload_begin(f->files, &f->maria, "c", &(BhUploadOptions){.size = 1}, other);
        assert_ok(one);
        assert_ok(two);
        assert_ok(three);
        assert_ok(bh_files_copy_begin(f->files, &f->alex, "Photos/a", "copy", false, &copy));
        assert_ok(bh_files_copy_begin(f->files, &f->alex, "Photos/a", "Photos/copy", false, &within));
        assert_error(bh_files_detach(f->files, "Photos", false, &reason), EBUSY);
        g_assert_cmpstr(reason, ==, "2 uploads, 2 copies");
        now = bh_files_root_uses(f->files, "Photos");
        g_assert_cmpstr(now, ==, reason);
        assert_ok(fixture_put(f, &f->alex, "Photos/b", "1")); /* nothing has changed */

        /* An upload that was given up is still in the hands of the client. */
        assert_ok(bh_files_upload_abort(f->files, &f->alex, first));
        assert_error(bh_files_copy_begin(f->files, &f->alex, "Photos/a", "Photos/b", false, &copy), EEXIST);
        bh_copy_free(within);
        assert_error(bh_files_detach(f->files, "Photos", false, &again), EBUSY);
        g_assert_cmpstr(again, ==, "1 upload, 1 client that still holds a finished upload open, 1 copy");

        /* By force: a copy that has not run yet has no place to go. Here it goes when the job does. */
        bh_copy_cancel(copy);
        assert_error(bh_copy_run(copy, NULL, NULL, &path), ECANCELED);
        bh_copy_free(copy);
        g_assert_cmpint(write(two, "1", 1), ==, 1);
        assert_ok(fixture_detach(f, "Photos", true));
        g_assert_cmpint(write(two, "1", 1), ==, 1); /* the client's own descriptor, of a file without a name */
        close(bh_steal_fd(&one));
        close(bh_steal_fd(&two));
        assert_nothing_open(f, "Photos");
        assert_error(bh_files_upload_commit(f->files, &f->maria, second, 2, NULL, &entry), ENODEV);
        assert_error(bh_files_upload_commit(f->files, &f->maria, second, 2, NULL, &entry), ENOENT);
        assert_error(bh_files_upload_abort(f->files, &f->alex, first), ENOENT);
        g_assert_cmpint(write(three, "1", 1), ==, 1);
        close(bh_steal_fd(&three));
        assert_ok(bh_files_upload_commit(f->files, &f->maria, other, 1, NULL, &entry)); /* of the main root */
        g_assert_cmpuint(bh_files_upload_count(f->files), ==, 0);
        g_assert_cmpuint(bh_quota_get_total(f->files->quota).reserved_bytes, ==, 0);

        assert_ok(fixture_attach_as(f, "Photos", "Photos"));
        fixture_assert_swept(f, "Photos");
        fixture_assert_exact(f);
}

static void call_that_does_not_end_keeps_the_pool_but_lets_nobody_in(Fixture *f, gconstpointer data) {
        _cleanup_(bh_place_clear) BhPlace place = {};
        g_autofree char *reason = NULL, *again = NULL;

        fixture_add_pool(f, "Photos");
        assert_ok(fixture_put(f, &f->alex, "Photos/a", "1"));
        f->files->detach_usec = 100000;
        assert_ok(bh_place_find(f->files, "Photos/a", &place));
        assert_error(bh_files_detach(f->files, "Photos", false, &reason), EBUSY);
        g_assert_cmpstr(reason, ==, "1 operation");
        assert_ok(fixture_put(f, &f->alex, "Photos/b", "1"));
        assert_error(bh_files_detach(f->files, "Photos", true, &again), EBUSY);
        g_assert_cmpstr(again, ==, "1 operation");
        assert_error(fixture_stat(f, &f->alex, "Photos/a"), ENODEV);
        assert_error(fixture_attach_as(f, "Photos", "Photos"), EALREADY);
        bh_place_clear(&place);
        assert_ok(fixture_detach(f, "Photos", true));
        assert_nothing_open(f, "Photos");
        assert_ok(fixture_attach_as(f, "Photos", "Photos"));
        fixture_assert_exact(f);
}

static void recount_of_one_root_leaves_the_others_alone(Fixture *f, gconstpointer data) {
        fixture_add_pool(f, "Photos");
        fixture_add_pool(f, "Music");
        assert_ok(fixture_put(f, &f->alex, "a", "1"));
        assert_ok(fixture_put(f, &f->alex, "Photos/a", "12"));
        assert_ok(fixture_put(f, &f->alex, "Music/a", "123"));
        g_assert_cmpint(fixture_audits(f, "recover", 0), ==, 3);
        for (int i = 0; i < 2; i++) { /* one pool, then the main root, has an unclean stop */
                _cleanup_(bh_place_clear) BhPlace place = {};

                assert_ok(bh_place_find(f->files, i == 0 ? "Photos" : "", &place));
                place.root->is_lost = true;
                bh_place_clear(&place);
                fixture_restart(f, i == 0);
                assert_ok(fixture_attach_as(f, "Photos", "Photos"));
                assert_ok(fixture_attach_as(f, "Music", "Music"));
                g_assert_cmpint(fixture_audits(f, "recover", 0), ==, 4 + i);
                g_assert_cmpuint(bh_quota_get(f->files->quota, f->alex.owner).used_bytes, ==, 6);
                fixture_assert_exact(f);
        }
}

/* What the database's one writer is kept busy with, so that counting does not end. */
typedef struct Plug {
        GMutex lock;
        GCond changed;
        bool is_in, is_out;
} Plug;

static int plug_work(sqlite3 *db, void *userdata) {
        Plug *plug = userdata;

        g_mutex_lock(&plug->lock);
        plug->is_in = true;
        g_cond_broadcast(&plug->changed);
        while (!plug->is_out)
                g_cond_wait(&plug->changed, &plug->lock);
        g_mutex_unlock(&plug->lock);
        return 0;
}

static void *attach_photos(void *data) {
        return GINT_TO_POINTER(fixture_attach_as(data, "Photos", "Photos"));
}

static void pool_can_be_read_while_it_is_counted_and_then_written(Fixture *f, gconstpointer data) {
        g_autofree char *reason = NULL, *why = NULL, *text = NULL;
        _cleanup_(bh_place_clear) BhPlace place = {};
        Plug plug = {};
        uint64_t freed;

        fixture_add_pool(f, "Photos");
        assert_ok(fixture_put(f, &f->alex, "Photos/a", "123"));
        assert_ok(fixture_put(f, &f->alex, "b", "1"));
        assert_ok(bh_place_find(f->files, "Photos", &place));
        place.root->is_lost = true;
        bh_place_clear(&place);
        assert_ok(fixture_detach(f, "Photos", false));

        g_mutex_init(&plug.lock);
        g_cond_init(&plug.changed);
        bh_database_post(f->database, plug_work, &plug, NULL);
        g_mutex_lock(&plug.lock);
        while (!plug.is_in)
                g_cond_wait(&plug.changed, &plug.lock);
        g_mutex_unlock(&plug.lock);
        GThread *thread = g_thread_new("attach", attach_photos, f);
        while (!bh_files_is_attached(f->files, "Photos"))
                g_thread_yield();
        assert_ok(fixture_stat(f, &f->alex, "Photos/a"));
        assert_error(fixture_put(f, &f->alex, "Photos/x", "1"), ENODEV);
        assert_error(fixture_delete(f, &f->alex, "Photos/a"), ENODEV);
        assert_error(fixture_copy(f, &f->alex, "b", "Photos", false), ENODEV);
        why = bh_files_explain_error(f->files, -ENODEV, "Photos/x", NULL);
        g_assert_cmpstr(why, ==, "The pool “Photos” cannot be changed before its usage has been counted");
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->alex.owner).used_bytes, ==, 4); /* as it was known */
        assert_error(bh_files_detach(f->files, "Photos", false, &reason), EBUSY);
        g_assert_cmpstr(reason, ==, "1 count of its usage");

        g_mutex_lock(&plug.lock);
        plug.is_out = true;
        g_cond_broadcast(&plug.changed);
        g_mutex_unlock(&plug.lock);
        assert_ok(GPOINTER_TO_INT(g_thread_join(thread)));
        assert_ok(fixture_delete(f, &f->alex, "Photos/a"));
        assert_ok(bh_files_purge_trash(f->files, &f->alex, "", &freed));
        g_assert_cmpuint(freed, ==, 3);
        fixture_assert_exact(f);
        g_cond_clear(&plug.changed);
        g_mutex_clear(&plug.lock);
}

static void stopping_ends_what_is_attached(Fixture *f, gconstpointer data) {
        g_autofree char *path = fixture_pool_disk(f, "Music", NULL), *reason = NULL;

        fixture_add_pool(f, "Photos");
        assert_ok(fixture_put(f, &f->alex, "Photos/a", "1"));
        g_assert_cmpint(g_mkdir_with_parents(path, 0770), ==, 0);
        bh_files_stop(f->files);
        assert_error(bh_files_attach(f->files, "Music", "id-Music", path, true, &reason), ECANCELED);
        fixture_restart(f, true);
        assert_ok(fixture_attach_as(f, "Photos", "Photos"));
        g_assert_cmpint(fixture_audits(f, "recover", 0), ==, 2);
        fixture_assert_exact(f);
}

/* A pool that comes and goes under threads that are at work. */
typedef struct Storm {
        Fixture *f;
        int is_over;      /* atomic */
        int number, done; /* atomic */
} Storm;

static void assert_expected(int r) {
        g_assert_true(r >= 0 || r == -ENODEV || r == -ECANCELED || r == -ENOENT || r == -EEXIST);
}

static void *work_in_storm(void *data) {
        Storm *storm = data;
        Fixture *f = storm->f;

        while (!g_atomic_int_get(&storm->is_over)) {
                int n = g_atomic_int_add(&storm->number, 1);
                g_autofree char *path = g_strdup_printf("Photos/%d", n), *copy = g_strdup_printf("copy-%d", n),
                                *back = g_strdup_printf("Photos/back-%d", n), *id = NULL, *restored = NULL;
                _cleanup_(bh_list_clear) BhList list = {};
                int r = fixture_put(f, &f->alex, path, path);

                assert_expected(r);
                g_atomic_int_add(&storm->done, r >= 0);
                r = bh_files_list(f->files, &f->maria, n % 2 ? "" : "Photos",
                                  &(BhListOptions){.limit = 50, .if_version = ""}, &list);
                assert_expected(r);
                assert_expected(fixture_copy(f, &f->alex, path, copy, false));
                assert_expected(fixture_copy(f, &f->alex, copy, back, true));
                r = bh_files_delete(f->files, &f->alex, path, true, &id);
                assert_expected(r);
                if (r >= 0 && n % 3 == 0)
                        assert_expected(bh_files_restore_trash(f->files, &f->alex, id, true, true, &restored));
        }
        return NULL;
}

static void pool_that_comes_and_goes_loses_nothing(Fixture *f, gconstpointer data) {
        Storm storm = {.f = f};
        GThread *threads[4];

        fixture_add_pool(f, "Photos");
        for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
                threads[i] = g_thread_new("storm", work_in_storm, &storm);
        for (int i = 0; i < 40; i++) {
                int before = g_atomic_int_get(&storm.done);

                while (g_atomic_int_get(&storm.done) < before + 3)
                        g_usleep(1000);
                int r = fixture_detach(f, "Photos", i % 4 != 0);
                if (r < 0) {
                        g_assert_cmpint(r, ==, -EBUSY); /* only when not forced */
                        g_assert_cmpint(i % 4, ==, 0);
                        continue;
                }
                assert_nothing_open(f, "Photos");
                assert_ok(fixture_attach_as(f, "Photos", "Photos"));
        }
        g_atomic_int_set(&storm.is_over, 1);
        for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
                g_thread_join(threads[i]);
        g_assert_cmpuint(bh_quota_get_total(f->files->quota).reserved_bytes, ==, 0);
        g_assert_cmpuint(bh_files_upload_count(f->files), ==, 0);
        g_assert_false(f->files->main->is_lost);
        g_assert_cmpint(fixture_audits(f, "recover", 0), ==, 2); /* every stop was a clean one */
        bh_sweeper_wait(f->files->main->sweeper);
        fixture_assert_swept(f, "Photos");
        fixture_assert_exact(f);
}

/* Real filesystems ------------------------------------------------------------------------------------------------------------ */

static bool run(const char *const *argv) {
        int status = -1;

        return g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                            NULL, NULL, &status, NULL) &&
               g_spawn_check_wait_status(status, NULL);
}

/* Makes an ext4 filesystem in a file and mounts it where the pool is; false, and skipped, where that cannot be done. */
static bool mount_pool(Fixture *f, const char *name) {
        g_autofree char *image = g_build_filename(f->directory, name, NULL), *path = fixture_pool_disk(f, name, NULL);
        _cleanup_(bh_closep) int fd = -1;

        if (!may_mount) {
                g_test_skip("only root may mount");
                return false;
        }
        g_assert_cmpint(g_mkdir_with_parents(path, 0770), ==, 0);
        fd = open(image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_ok(fd);
        g_assert_cmpint(ftruncate(fd, 32 * 1024 * 1024), ==, 0);
        if (!run((const char *[]){"/sbin/mkfs.ext4", "-q", "-F", image, NULL}) ||
            !run((const char *[]){"mount", "-o", "loop", image, path, NULL})) {
                g_test_skip("there is no loop device, or no ext4");
                return false;
        }
        return true;
}

static void unmount_pool(Fixture *f, const char *name) {
        g_autofree char *path = fixture_pool_disk(f, name, NULL);

        g_assert_cmpint(umount2(path, 0), ==, 0); /* which fails as long as anything is open there */
}

static void detached_filesystem_can_be_unmounted(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE], text[BH_VERSION_SIZE] = "";
        _cleanup_(bh_list_clear) BhList list = {};

        if (!mount_pool(f, "Photos"))
                return;
        fixture_add_pool(f, "Photos");
        assert_ok(fixture_mkdir(f, &f->alex, "Photos/d"));
        assert_ok(fixture_put(f, &f->alex, "a", "12345"));
        assert_ok(fixture_copy(f, &f->alex, "a", "Photos/d", false));
        assert_ok(fixture_copy(f, &f->alex, "Photos/d", "d", false));
        assert_ok(fixture_delete(f, &f->alex, "Photos/d/a"));
        assert_ok(fixture_put(f, &f->alex, "Photos/d/a", "12345"));
        assert_ok(
                bh_files_list(f->files, &f->alex, "Photos/d", &(BhListOptions){.limit = 9, .if_version = text}, &list));
        assert_error(bh_files_upload_begin(f->files, &f->alex, "Photos/big",
                                           &(BhUploadOptions){.size = 64 * 1024 * 1024}, id),
                     ENOSPC); /* each filesystem has its own space */
        int fd = bh_files_upload_begin(f->files, &f->alex, "Photos/b", &(BhUploadOptions){.size = 1}, id);
        assert_ok(fd);
        close(fd);
        assert_ok(fixture_detach(f, "Photos", true));
        unmount_pool(f, "Photos");

        /* Now there is an empty directory. */
        assert_error(fixture_attach_as(f, "Photos", "Photos"), ENODEV);
        g_autofree char *path = fixture_pool_disk(f, "Photos", NULL);
        fixture_assert_empty(path);
        fixture_assert_exact(f);
}

#define EXT4_IOC_SHUTDOWN _IOR('X', 125, uint32_t)
#define EXT4_GOING_FLAGS_NOLOGFLUSH 2u

static void filesystem_that_vanishes_fails_calls_and_can_be_detached(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE];
        _cleanup_(bh_entry_clear) BhEntry entry = {};
        uint32_t flags = EXT4_GOING_FLAGS_NOLOGFLUSH;
        BhTrashItem *items;
        BhCopy *copy;
        BhUsage usage;
        g_autofree char *path = fixture_pool_disk(f, "Photos", NULL), *target = NULL;
        uint64_t freed;
        size_t n;

        if (!mount_pool(f, "Photos"))
                return;
        fixture_add_pool(f, "Photos");
        assert_ok(fixture_put(f, &f->alex, "Photos/a", "12345"));
        assert_ok(fixture_mkdir(f, &f->alex, "Photos/d"));
        assert_ok(fixture_put(f, &f->alex, "Photos/gone", "1"));
        assert_ok(fixture_delete(f, &f->alex, "Photos/gone"));
        assert_ok(fixture_put(f, &f->alex, "m", "1"));
        assert_ok(fixture_delete(f, &f->alex, "m"));
        assert_ok(fixture_put(f, &f->alex, "main", "12"));
        int fd = bh_files_upload_begin(f->files, &f->alex, "Photos/b", &(BhUploadOptions){.size = 1}, id);
        assert_ok(fd);
        assert_ok(bh_files_copy_begin(f->files, &f->alex, "main", "Photos", false, &copy));

        _cleanup_(bh_closep) int root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_assert_cmpint(ioctl(root_fd, EXT4_IOC_SHUTDOWN, &flags), ==, 0);
        close(bh_steal_fd(&root_fd));

        assert_error(fixture_put(f, &f->alex, "Photos/c", "1"), EIO);
        assert_error(fixture_mkdir(f, &f->alex, "Photos/e"), EIO);
        assert_error(fixture_rename(f, &f->alex, "Photos/a", "z"), EIO);
        assert_error(fixture_delete(f, &f->alex, "Photos/a"), EIO);
        g_autofree char *why = bh_files_explain_error(f->files, -EIO, "Photos/a", NULL);
        g_assert_cmpstr(why, ==, "The filesystem of the pool “Photos” has failed");
        (void)!write(fd, "1", 1);
        close(fd);
        g_assert_cmpint(bh_files_upload_commit(f->files, &f->alex, id, 1, NULL, &entry), <, 0);
        assert_error(bh_copy_run(copy, NULL, NULL, &target), EIO);
        bh_copy_free(copy);

        /* The rest of the NAS does not notice. */
        assert_ok(fixture_put(f, &f->alex, "other", "1"));
        assert_ok(bh_files_get_usage(f->files, &f->alex, &usage));
        assert_ok(bh_files_list_trash(f->files, &f->alex, false, &items, &n));
        g_assert_cmpuint(n, >=, 1);
        bh_trash_items_free(items, n);
        (void)bh_files_purge_trash(f->files, &f->alex, "", &freed);
        g_assert_cmpuint(freed, >=, 1);

        assert_ok(fixture_detach(f, "Photos", true));
        assert_nothing_open(f, "Photos");
        unmount_pool(f, "Photos");
        g_assert_cmpuint(bh_quota_get_total(f->files->quota).reserved_bytes, ==, 0);
        fixture_assert_exact(f);

        /* The disk is back; its journal is replayed. */
        g_autofree char *image = g_build_filename(f->directory, "Photos", NULL);
        g_assert_true(run((const char *[]){"mount", "-o", "loop", image, path, NULL}));
        assert_ok(fixture_attach_as(f, "Photos", "Photos"));
        g_autofree char *text = fixture_read(f, &f->alex, "Photos/a");
        g_assert_cmpstr(text, ==, "12345");
        assert_ok(fixture_put(f, &f->alex, "Photos/c", "1"));
        fixture_assert_exact(f);
        assert_ok(fixture_detach(f, "Photos", false));
        unmount_pool(f, "Photos");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        may_mount =
                geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
#define ADD(function) FIXTURE_TEST("/pool/" #function, function)
        ADD(filesystem_without_the_right_mark_is_never_written_to);
        ADD(detached_pool_is_known_and_not_available);
        ADD(detaching_says_what_uses_the_pool_and_ends_it_when_forced);
        ADD(call_that_does_not_end_keeps_the_pool_but_lets_nobody_in);
        ADD(recount_of_one_root_leaves_the_others_alone);
        ADD(pool_can_be_read_while_it_is_counted_and_then_written);
        ADD(stopping_ends_what_is_attached);
        ADD(pool_that_comes_and_goes_loses_nothing);
        ADD(detached_filesystem_can_be_unmounted);
        ADD(filesystem_that_vanishes_fails_calls_and_can_be_detached);
        return g_test_run();
}
