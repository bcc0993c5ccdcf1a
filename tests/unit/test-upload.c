/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files-fixture.h"
#include "macro.h"

#define SHA256_HELLO "185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969"

static int begin(Fixture *f, const BhCaller *caller, const char *path, const BhUploadOptions *options,
                 char id[static BH_UPLOAD_ID_SIZE]) {
        return bh_files_upload_begin(f->files, caller, path, options, id);
}

static int commit(Fixture *f, const BhCaller *caller, const char *id, uint64_t size, const char *sha256) {
        _cleanup_(bh_entry_clear) BhEntry entry = {};

        return bh_files_upload_commit(f->files, caller, id, size, sha256, &entry);
}

static void drop(int *fd) {
        close(*fd);
        *fd = -1;
}

static void assert_nothing_left(Fixture *f) {
        g_assert_cmpuint(bh_files_upload_count(f->files), ==, 0);
        g_assert_cmpuint(fixture_count(f, ".baluhost/staging"), ==, 0);
        g_assert_cmpuint(bh_quota_get_total(f->files->quota).reserved_bytes, ==, 0);
        fixture_assert_exact(f);
}

static void nothing_is_visible_before_commit(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE];

        _cleanup_(bh_closep) int fd = begin(f, &f->alex, "a", &(BhUploadOptions){.size = 5}, id);
        g_assert_cmpint(write(fd, "Hello", 5), ==, 5);
        assert_error(fixture_stat(f, &f->alex, "a"), ENOENT);
        g_assert_cmpint(fcntl(fd, F_GETFL) & O_ACCMODE, ==, O_WRONLY);
        drop(&fd);
        assert_ok(commit(f, &f->alex, id, 5, SHA256_HELLO));
        assert_ok(fixture_stat(f, &f->alex, "a"));
        assert_error(commit(f, &f->alex, id, 5, NULL), ENOENT);
        assert_nothing_left(f);
}

static void commit_waits_for_every_descriptor_that_can_write(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE];
        int sockets[2];

        _cleanup_(bh_closep) int fd = begin(f, &f->alex, "a", &(BhUploadOptions){.size = 5}, id);
        g_assert_cmpint(write(fd, "Hello", 5), ==, 5);
        assert_error(commit(f, &f->alex, id, 5, NULL), EBUSY);

        int copy = dup(fd);
        drop(&fd);
        assert_error(commit(f, &f->alex, id, 5, NULL), EBUSY);

        /* On its way through a socket: */
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), ==, 0);
        union {
                struct cmsghdr header;
                char buffer[CMSG_SPACE(sizeof(int))];
        } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
        memcpy(CMSG_DATA(&control.header), &copy, sizeof(copy));
        struct iovec vector = {.iov_base = (char *)"x", .iov_len = 1};
        struct msghdr message = {
                .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
        g_assert_cmpint(sendmsg(sockets[0], &message, 0), ==, 1);
        close(copy);
        assert_error(commit(f, &f->alex, id, 5, NULL), EBUSY);
        close(sockets[0]);
        close(sockets[1]);
        assert_ok(commit(f, &f->alex, id, 5, NULL));
        assert_nothing_left(f);
}

static void published_content_cannot_be_changed_through_a_mapping(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE];

        _cleanup_(bh_closep) int fd = begin(f, &f->alex, "a", &(BhUploadOptions){.size = 5}, id);
        g_assert_cmpint(write(fd, "Hello", 5), ==, 5);
        char path[64];
        g_snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        _cleanup_(bh_closep) int both = open(path, O_RDWR | O_CLOEXEC);
        char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, both, 0);
        g_assert_true(mapped != MAP_FAILED);
        drop(&fd);
        drop(&both);
        assert_error(commit(f, &f->alex, id, 5, NULL), EBUSY);
        munmap(mapped, 4096);
        assert_ok(commit(f, &f->alex, id, 5, NULL));
}

static void wrong_size_or_digest_ends_the_upload(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE];

        for (int i = 0; i < 2; i++) {
                int fd = begin(f, &f->alex, "a", &(BhUploadOptions){.size = 5}, id);
                g_assert_cmpint(write(fd, "Hallo", 5), ==, 5);
                close(fd);
                assert_error(commit(f, &f->alex, id, i == 0 ? 6 : 5, i == 0 ? NULL : SHA256_HELLO), EINVAL);
                assert_error(commit(f, &f->alex, id, 5, NULL), ENOENT);
        }
        assert_error(fixture_stat(f, &f->alex, "a"), ENOENT);
        assert_nothing_left(f);
}

static void targets_are_checked_when_an_upload_begins(Fixture *f, gconstpointer data) {
        const BhUploadOptions plain = {.size = 1}, overwrite = {.size = 1, .overwrite = true},
                              parents = {.size = 1, .parents = true};
        char id[BH_UPLOAD_ID_SIZE];

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_put(f, &f->alex, "a", "1"));
        assert_ok(fixture_put(f, &f->maria, "m", "1"));
        assert_ok(fixture_mkdir(f, &f->maria, "md"));
        assert_error(begin(f, &f->alex, "a", &plain, id), EEXIST);
        assert_error(begin(f, &f->alex, "m", &plain, id), EEXIST);
        assert_error(begin(f, &f->alex, "m", &overwrite, id), EACCES);
        assert_error(begin(f, &f->alex, "md/x", &plain, id), ENOENT);
        assert_error(begin(f, &f->alex, "md/x/y", &parents, id), ENOENT);
        assert_error(begin(f, &f->alex, "d", &overwrite, id), EISDIR);
        assert_error(begin(f, &f->alex, "", &overwrite, id), EISDIR);
        assert_error(begin(f, &f->alex, "x/y", &plain, id), ENOENT);
        assert_error(begin(f, &f->alex, "a/y", &parents, id), EEXIST);
        assert_error(begin(f, &f->alex, "a/y", &plain, id), ENOENT);
        assert_error(begin(f, &f->alex, "d/\n", &plain, id), EILSEQ);
        assert_error(begin(f, &f->alex, "../x", &plain, id), EXDEV);
        assert_error(begin(f, &f->nobody, "x", &plain, id), EACCES);
        assert_error(begin(f, &f->alex, "x",
                           &(BhUploadOptions){.size = 1, .has_modified_usec = true, .modified_usec = INT64_MAX}, id),
                     EINVAL);
        assert_error(begin(f, &f->alex, "x",
                           &(BhUploadOptions){.size = 1, .has_modified_usec = true, .modified_usec = INT64_MIN}, id),
                     EINVAL);
        assert_nothing_left(f);
}

static void targets_are_checked_again_at_commit(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE];

        int fd = begin(f, &f->alex, "a", &(BhUploadOptions){.size = 1}, id);
        close(fd);
        assert_ok(fixture_put(f, &f->alex, "a", "other"));
        assert_error(commit(f, &f->alex, id, BH_UPLOAD_SIZE_UNKNOWN, NULL), EEXIST);
        g_autofree char *text = fixture_read(f, &f->alex, "a");
        g_assert_cmpstr(text, ==, "other");

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        fd = begin(f, &f->alex, "d/x", &(BhUploadOptions){.size = 1}, id);
        close(fd);
        assert_ok(fixture_delete(f, &f->alex, "d"));
        assert_error(commit(f, &f->alex, id, BH_UPLOAD_SIZE_UNKNOWN, NULL), ENOENT);

        fd = begin(f, &f->alex, "e", &(BhUploadOptions){.size = 1, .overwrite = true}, id);
        close(fd);
        assert_ok(fixture_put(f, &f->maria, "e", "hers"));
        assert_error(commit(f, &f->alex, id, BH_UPLOAD_SIZE_UNKNOWN, NULL), EACCES);
        assert_nothing_left(f);
}

static void missing_folders_appear_with_the_file(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE];

        int fd = begin(f, &f->alex, "x/y/z", &(BhUploadOptions){.size = 0, .parents = true}, id);
        close(fd);
        assert_error(fixture_stat(f, &f->alex, "x"), ENOENT);
        assert_ok(commit(f, &f->alex, id, 0, NULL));
        g_assert_cmpstr(fixture_owner(f, "x/y"), ==, f->alex.owner);
        assert_nothing_left(f);
}

static void only_the_expected_version_is_replaced(Fixture *f, gconstpointer data) {
        _cleanup_(bh_entry_clear) BhEntry entry = {};
        char id[BH_UPLOAD_ID_SIZE];

        assert_ok(fixture_put(f, &f->alex, "a", "one"));
        assert_ok(bh_files_stat(f->files, &f->alex, "a", &entry));
        const BhUploadOptions options = {.size = 3, .overwrite = true, .if_etag = entry.etag};
        assert_error(begin(f, &f->alex, "missing", &options, id), ESTALE);
        int fd = begin(f, &f->alex, "a", &options, id);
        assert_ok(fd);
        close(fd);
        assert_ok(fixture_put_with(f, &f->alex, "a", "two", &(BhUploadOptions){.size = 3, .overwrite = true}));
        assert_error(commit(f, &f->alex, id, BH_UPLOAD_SIZE_UNKNOWN, NULL), ESTALE);
        assert_error(begin(f, &f->alex, "a", &options, id), ESTALE);
        g_autofree char *text = fixture_read(f, &f->alex, "a");
        g_assert_cmpstr(text, ==, "two");
        assert_nothing_left(f);
}

static void replacing_keeps_the_owner_and_open_readers_keep_the_old_version(Fixture *f, gconstpointer data) {
        _cleanup_(bh_entry_clear) BhEntry entry = {};
        char old[4] = "";

        assert_ok(fixture_put(f, &f->alex, "a", "one"));
        _cleanup_(bh_closep) int reader = bh_files_open_file(f->files, &f->alex, "a", false, &entry);
        assert_ok(fixture_put_with(f, &f->admin, "a", "three", &(BhUploadOptions){.size = 5, .overwrite = true}));
        g_assert_cmpstr(fixture_owner(f, "a"), ==, f->alex.owner);
        g_assert_cmpint(read(reader, old, 3), ==, 3);
        g_assert_cmpstr(old, ==, "one");
        assert_ok(fixture_put(f, &f->peer, "n", "1"));
        assert_ok(fixture_put_with(f, &f->admin, "n", "2", &(BhUploadOptions){.size = 1, .overwrite = true}));
        g_assert_cmpstr(fixture_owner(f, "n"), ==, "");
        assert_nothing_left(f);
}

static void uploads_answer_only_their_user_and_peer(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE];

        int fd = begin(f, &f->alex, "a", &(BhUploadOptions){.size = 0}, id);
        close(fd);
        assert_error(commit(f, &f->maria, id, 0, NULL), ENOENT);
        assert_error(commit(f, &f->admin, id, 0, NULL), ENOENT);
        _cleanup_(bh_caller_clear) BhCaller elsewhere = {};
        bh_caller_copy(&elsewhere, &f->alex);
        g_free(elsewhere.bus_name);
        elsewhere.bus_name = g_strdup(":1.77");
        assert_error(commit(f, &elsewhere, id, 0, NULL), ENOENT);
        assert_error(bh_files_upload_abort(f->files, &elsewhere, id), ENOENT);
        assert_error(commit(f, &f->alex, "no such id", 0, NULL), ENOENT);
        assert_ok(commit(f, &f->alex, id, 0, NULL));
}

static void peer_that_leaves_takes_its_uploads_along(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE], other[BH_UPLOAD_ID_SIZE];

        close(begin(f, &f->alex, "a", &(BhUploadOptions){.size = 10}, id));
        close(begin(f, &f->maria, "b", &(BhUploadOptions){.size = 0}, other));
        bh_files_upload_peer_left(f->files, f->alex.bus_name);
        assert_error(commit(f, &f->alex, id, 0, NULL), ENOENT);
        assert_ok(commit(f, &f->maria, other, 0, NULL));
        assert_nothing_left(f);
}

static void uploads_end_with_the_account_that_they_are_for(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE];

        close(begin(f, &f->alex, "a", &(BhUploadOptions){.size = 10}, id));
        assert_ok(bh_files_reassign_owner(f->files, &f->admin, f->alex.owner, f->admin.owner));
        g_assert_cmpuint(bh_quota_get_total(f->files->quota).reserved_bytes, ==, 0);
        assert_error(commit(f, &f->alex, id, 0, NULL), ECANCELED);
        assert_error(commit(f, &f->alex, id, 0, NULL), ENOENT);
        assert_nothing_left(f);
}

static void too_many_uploads_are_refused(Fixture *f, gconstpointer data) {
        const BhUploadOptions options = {.size = 0};
        char ids[BH_UPLOADS_MAX][BH_UPLOAD_ID_SIZE], one_more[BH_UPLOAD_ID_SIZE];

        for (unsigned i = 0; i < BH_UPLOADS_MAX; i++)
                close(begin(f, &f->alex, "a", &options, ids[i]));
        assert_error(begin(f, &f->alex, "a", &options, one_more), EAGAIN);
        int fd = begin(f, &f->maria, "a", &options, one_more);
        assert_ok(fd);
        close(fd);
        assert_ok(bh_files_upload_abort(f->files, &f->alex, ids[0]));
        fd = begin(f, &f->alex, "a", &options, ids[0]);
        assert_ok(fd);
        close(fd);
        bh_files_upload_peer_left(f->files, f->alex.bus_name);
        bh_files_upload_peer_left(f->files, f->maria.bus_name);
        assert_nothing_left(f);
}

/* Whoever keeps writing after the end fills nothing. */
static void aborted_upload_is_emptied_as_long_as_it_can_be_written(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE];
        struct stat st;

        _cleanup_(bh_closep) int fd = begin(f, &f->alex, "a", &(BhUploadOptions){.size = 5}, id);
        g_assert_cmpint(write(fd, "Hello", 5), ==, 5);
        assert_ok(bh_files_upload_abort(f->files, &f->alex, id));
        assert_error(bh_files_upload_abort(f->files, &f->alex, id), ENOENT);
        g_assert_cmpint(fstat(fd, &st), ==, 0);
        g_assert_cmpint(st.st_size, ==, 0);
        g_assert_cmpint(st.st_nlink, ==, 0);
        g_assert_cmpint(write(fd, "again", 5), ==, 5);
        g_assert_cmpuint(bh_files_upload_count(f->files), ==, 1);
        bh_files_upload_check(f->files);
        g_assert_cmpint(fstat(fd, &st), ==, 0);
        g_assert_cmpint(st.st_size, ==, 0);
        drop(&fd);
        bh_files_upload_check(f->files);
        assert_nothing_left(f);
}

static void upload_that_outgrows_the_quota_is_stopped(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE], text[64] = "";
        struct stat st;

        _cleanup_(bh_closep) int fd = begin(f, &f->alex, "a", &(BhUploadOptions){.size = 10}, id);
        g_assert_cmpint(write(fd, text, 64), ==, 64);
        bh_files_upload_check(f->files); /* within the quota: the reservation grows */
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->alex.owner).reserved_bytes, ==, 64);
        g_assert_cmpint(write(fd, text, 64), ==, 64);
        bh_files_upload_check(f->files);
        g_assert_cmpint(fstat(fd, &st), ==, 0);
        g_assert_cmpint(st.st_size, ==, 0);
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->alex.owner).reserved_bytes, ==, 0);
        g_assert_cmpint(fixture_audits(f, "upload", EDQUOT), ==, 1);
        drop(&fd);
        bh_files_upload_check(f->files);
        assert_error(commit(f, &f->alex, id, BH_UPLOAD_SIZE_UNKNOWN, NULL), EDQUOT);
        assert_nothing_left(f);
}

static void blocks_behind_the_end_are_counted_and_given_back(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE];
        struct stat st;

        int fd = begin(f, &f->alex, "a", &(BhUploadOptions){.size = 1}, id);
        g_assert_cmpint(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100 * 1024 * 1024), ==, 0);
        bh_files_upload_check(f->files); /* more than the quota of 100 bytes */
        close(fd);
        assert_error(commit(f, &f->alex, id, BH_UPLOAD_SIZE_UNKNOWN, NULL), EDQUOT);

        fd = begin(f, &f->alex, "a", &(BhUploadOptions){.size = 1}, id);
        g_assert_cmpint(write(fd, "x", 1), ==, 1);
        g_assert_cmpint(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 1024 * 1024), ==, 0);
        close(fd);
        assert_ok(commit(f, &f->alex, id, 1, NULL));
        g_autofree char *disk = fixture_disk(f, "a");
        g_assert_cmpint(stat(disk, &st), ==, 0);
        g_assert_cmpint(st.st_blocks, <=, 64);
        g_assert_cmpint(st.st_mode & 07777, ==, 0660);
        assert_nothing_left(f);
}

static int fail(sqlite3 *db, void *userdata) {
        return bh_database_errno(db, sqlite3_exec(db, userdata, NULL, NULL, NULL));
}

/* When the record cannot be written the change is taken back. */
static void failure_of_the_database_leaves_everything_as_it_was(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL, *id = NULL;

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_put(f, &f->alex, "a", "one"));
        assert_ok(fixture_put(f, &f->alex, "deleted", "1"));
        assert_ok(bh_files_delete(f->files, &f->alex, "deleted", false, &id));
        assert_ok(bh_database_write(
                f->database, fail,
                (char *)"CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'broken'); END"));
        g_assert_cmpint(fixture_put(f, &f->alex, "new", "1"), <, 0);
        g_assert_cmpint(fixture_put_with(f, &f->alex, "a", "two!", &(BhUploadOptions){.size = 4, .overwrite = true}), <,
                        0);
        g_assert_cmpint(fixture_put_with(f, &f->alex, "p/q/r", "1", &(BhUploadOptions){.size = 1, .parents = true}), <,
                        0);
        g_assert_cmpint(fixture_mkdir(f, &f->alex, "folder"), <, 0);
        g_assert_cmpint(fixture_rename(f, &f->alex, "a", "b"), <, 0);
        g_assert_cmpint(fixture_move(f, &f->alex, "a", "d"), <, 0);
        g_assert_cmpint(fixture_delete(f, &f->alex, "a"), <, 0);
        g_assert_cmpint(bh_files_restore_trash(f->files, &f->alex, id, false, false, &path), <, 0);
        assert_ok(bh_database_write(f->database, fail, (char *)"DROP TRIGGER broken"));
        g_autofree char *text = fixture_read(f, &f->alex, "a");
        g_assert_cmpstr(text, ==, "one");
        assert_error(fixture_stat(f, &f->alex, "new"), ENOENT);
        assert_error(fixture_stat(f, &f->alex, "p"), ENOENT);
        assert_error(fixture_stat(f, &f->alex, "folder"), ENOENT);
        g_assert_cmpuint(fixture_count(f, "d"), ==, 0);
        g_assert_false(f->files->main->is_lost);
        assert_nothing_left(f);
        assert_ok(bh_files_restore_trash(f->files, &f->alex, id, false, false, &path));
        assert_nothing_left(f);
}

static void *upload_many(void *data) {
        Fixture *f = data;
        static int next;

        for (int i = 0; i < 50; i++) {
                g_autofree char *path = g_strdup_printf("d/%d", g_atomic_int_add(&next, 1));
                assert_ok(fixture_put(f, &f->alex, path, path));
        }
        return NULL;
}

static void *shuffle(void *data) {
        Fixture *f = data;

        for (int i = 0; i < 50; i++) {
                g_autofree char *id = NULL, *path = NULL;

                assert_ok(fixture_put_with(f, &f->alex, "d/same", "12345",
                                           &(BhUploadOptions){.size = 5, .overwrite = true}));
                int r = bh_files_delete(f->files, &f->alex, "d/same", true, &id);
                assert_ok(r);
                if (id[0] && i % 2)
                        r = bh_files_restore_trash(f->files, &f->alex, id, true, false, &path);
                g_assert_true(r >= 0);
        }
        return NULL;
}

static void many_threads_lose_nothing(Fixture *f, gconstpointer data) {
        GThread *threads[8];

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
                threads[i] = g_thread_new("test", i % 2 ? shuffle : upload_many, f);
        for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
                g_thread_join(threads[i]);
        for (int i = 0; i < 200; i++) {
                g_autofree char *path = g_strdup_printf("d/%d", i), *text = fixture_read(f, &f->alex, path);
                g_assert_cmpstr(text, ==, path);
        }
        assert_nothing_left(f);
        fixture_restart(f, true);
        fixture_assert_exact(f);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(function) FIXTURE_TEST("/upload/" #function, function)
#define ADD_QUOTA(function) FIXTURE_TEST_QUOTA("/upload/" #function, 100, function)
        ADD(nothing_is_visible_before_commit);
        ADD(commit_waits_for_every_descriptor_that_can_write);
        ADD(published_content_cannot_be_changed_through_a_mapping);
        ADD(wrong_size_or_digest_ends_the_upload);
        ADD(targets_are_checked_when_an_upload_begins);
        ADD(targets_are_checked_again_at_commit);
        ADD(missing_folders_appear_with_the_file);
        ADD(only_the_expected_version_is_replaced);
        ADD(replacing_keeps_the_owner_and_open_readers_keep_the_old_version);
        ADD(uploads_answer_only_their_user_and_peer);
        ADD(peer_that_leaves_takes_its_uploads_along);
        ADD(uploads_end_with_the_account_that_they_are_for);
        ADD(too_many_uploads_are_refused);
        ADD(aborted_upload_is_emptied_as_long_as_it_can_be_written);
        ADD_QUOTA(upload_that_outgrows_the_quota_is_stopped);
        ADD_QUOTA(blocks_behind_the_end_are_counted_and_given_back);
        ADD(failure_of_the_database_leaves_everything_as_it_was);
        ADD(many_threads_lose_nothing);
        return g_test_run();
}
