/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files-fixture.h"
#include "macro.h"

static char *put_away(Fixture *f, const BhCaller *caller, const char *path) {
        char *id = NULL;

        assert_ok(bh_files_delete(f->files, caller, path, false, &id));
        return id;
}

static int execute(sqlite3 *db, void *userdata) {
        return bh_database_errno(db, sqlite3_exec(db, userdata, NULL, NULL, NULL));
}

static size_t count_trash(Fixture *f, const BhCaller *caller, bool all) {
        BhTrashItem *items;
        size_t n;

        assert_ok(bh_files_list_trash(f->files, caller, all, &items, &n));
        bh_trash_items_free(items, n);
        return n;
}

static int restore(Fixture *f, const BhCaller *caller, const char *id, bool keep_both, bool parents) {
        g_autofree char *path = NULL;

        return bh_files_restore_trash(f->files, caller, id, keep_both, parents, &path);
}

static void deleted_folder_comes_back_as_it_was(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL;
        BhTrashItem *items;
        size_t n;

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_mkdir(f, &f->alex, "d/e"));
        assert_ok(fixture_put(f, &f->alex, "d/e/a", "12345"));
        g_autofree char *id = put_away(f, &f->alex, "d");
        assert_error(fixture_stat(f, &f->alex, "d"), ENOENT);
        assert_ok(bh_files_list_trash(f->files, &f->alex, false, &items, &n));
        g_assert_cmpuint(n, ==, 1);
        g_assert_cmpstr(items[0].trash_id, ==, id);
        g_assert_cmpstr(items[0].path, ==, "d");
        g_assert_true(items[0].is_directory);
        g_assert_cmpuint(items[0].size, ==, 5);
        g_assert_cmpuint(items[0].owner_id, ==, 2);
        g_assert_cmpint(items[0].expires_usec - items[0].deleted_usec, ==, 30 * INT64_C(86400000000));
        bh_trash_items_free(items, n);
        fixture_assert_exact(f);
        assert_ok(bh_files_restore_trash(f->files, &f->alex, id, false, false, &path));
        g_assert_cmpstr(path, ==, "d");
        g_autofree char *text = fixture_read(f, &f->alex, "d/e/a");
        g_assert_cmpstr(text, ==, "12345");
        g_assert_cmpuint(count_trash(f, &f->alex, false), ==, 0);
        g_assert_cmpuint(fixture_count(f, ".baluhost/trash"), ==, 0);
        g_assert_cmpint(fixture_audits(f, "delete", 0), ==, 1);
        g_assert_cmpint(fixture_audits(f, "restore", 0), ==, 1);
        fixture_assert_exact(f);
}

static void nothing_is_deleted_if_any_part_may_not_be(Fixture *f, gconstpointer data) {
        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_put(f, &f->alex, "d/a", "1"));
        assert_ok(fixture_put(f, &f->maria, "m", "1"));
        assert_ok(fixture_move(f, &f->admin, "m", "d"));
        assert_error(fixture_delete(f, &f->alex, "d"), EACCES);
        assert_ok(fixture_stat(f, &f->alex, "d/a"));
        g_assert_cmpuint(fixture_count(f, ".baluhost/trash"), ==, 0);
        g_autofree char *id = put_away(f, &f->admin, "d");
        g_assert_cmpuint(count_trash(f, &f->alex, false), ==, 1); /* it is still alex's */
        g_assert_cmpuint(count_trash(f, &f->admin, false), ==, 0);
        g_assert_cmpuint(count_trash(f, &f->admin, true), ==, 1);
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->maria.owner).trash_bytes, ==, 1);
        fixture_assert_exact(f);
        assert_ok(restore(f, &f->admin, id, false, false));
        g_assert_cmpstr(fixture_owner(f, "d/m"), ==, f->maria.owner);
        fixture_assert_exact(f);
}

static void deleting_says_what_is_wrong(Fixture *f, gconstpointer data) {
        g_autofree char *id = NULL, *none = NULL;

        assert_error(bh_files_delete(f->files, &f->admin, "", false, &id), EINVAL);
        assert_error(bh_files_delete(f->files, &f->admin, "", true, &id), EINVAL);
        assert_error(bh_files_delete(f->files, &f->admin, "missing", false, &id), ENOENT);
        assert_error(bh_files_delete(f->files, &f->admin, "../x", true, &id), EXDEV);
        assert_error(bh_files_delete(f->files, &f->admin, "x//y", true, &id), EILSEQ);
        assert_ok(bh_files_delete(f->files, &f->admin, "missing/x", true, &none));
        g_assert_cmpstr(none, ==, "");
        g_assert_null(id);
}

static void trash_belongs_to_its_owner(Fixture *f, gconstpointer data) {
        uint64_t freed;
        BhTrashItem *items;
        size_t n;

        assert_ok(fixture_put(f, &f->alex, "a", "123"));
        g_autofree char *id = put_away(f, &f->alex, "a");
        g_assert_cmpuint(count_trash(f, &f->maria, false), ==, 0);
        assert_error(restore(f, &f->maria, id, false, false), EACCES);
        assert_error(bh_files_purge_trash(f->files, &f->maria, id, &freed), EACCES);
        assert_ok(bh_files_purge_trash(f->files, &f->maria, "", &freed));
        g_assert_cmpuint(freed, ==, 0);
        assert_error(bh_files_list_trash(f->files, &f->alex, true, &items, &n), EPERM);
        assert_ok(bh_files_purge_trash(f->files, &f->alex, id, &freed));
        g_assert_cmpuint(freed, ==, 3);
        assert_error(bh_files_purge_trash(f->files, &f->alex, id, &freed), ENOENT);
        assert_error(restore(f, &f->alex, id, false, false), ENOENT);
        g_assert_cmpuint(fixture_count(f, ".baluhost/trash"), ==, 0);
        g_assert_cmpuint(fixture_count(f, ".baluhost/staging"), ==, 0);
        g_assert_cmpint(fixture_audits(f, "purge", 0), ==, 1);
        fixture_assert_exact(f);
}

static void what_has_no_owner_is_in_the_trash_of_who_deleted_it(Fixture *f, gconstpointer data) {
        assert_ok(fixture_put(f, &f->peer, "n", "1"));
        g_autofree char *id = put_away(f, &f->admin, "n");
        g_assert_cmpuint(count_trash(f, &f->admin, false), ==, 1);
        g_assert_cmpuint(count_trash(f, &f->alex, false), ==, 0);
        assert_ok(restore(f, &f->admin, id, false, false));
        g_assert_cmpstr(fixture_owner(f, "n"), ==, "");
        fixture_assert_exact(f);
}

static void taken_names_are_kept_or_refused(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL;

        assert_ok(fixture_put(f, &f->alex, "photo.jpg", "old"));
        g_autofree char *id = put_away(f, &f->alex, "photo.jpg");
        assert_ok(fixture_put(f, &f->alex, "photo.jpg", "new"));
        assert_error(restore(f, &f->alex, id, false, false), EEXIST);
        assert_ok(bh_files_restore_trash(f->files, &f->alex, id, true, false, &path));
        g_assert_cmpstr(path, ==, "photo (2).jpg");
        g_autofree char *text = fixture_read(f, &f->alex, "photo (2).jpg");
        g_assert_cmpstr(text, ==, "old");
        fixture_assert_exact(f);
}

static void lost_folders_are_made_again(Fixture *f, gconstpointer data) {
        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_mkdir(f, &f->alex, "d/e"));
        assert_ok(fixture_put(f, &f->alex, "d/e/a", "1"));
        g_autofree char *id = put_away(f, &f->alex, "d/e/a");
        g_autofree char *folder = put_away(f, &f->alex, "d");
        assert_error(restore(f, &f->alex, id, false, false), ENOENT);
        assert_ok(restore(f, &f->admin, id, false, true));
        g_assert_cmpstr(fixture_owner(f, "d"), ==, f->alex.owner); /* the item's owner, not the administrator */
        assert_ok(fixture_stat(f, &f->alex, "d/e/a"));
        assert_error(restore(f, &f->alex, folder, false, false), EEXIST);
        fixture_assert_exact(f);
}

static void own_file_returns_to_a_folder_that_may_be_viewed(Fixture *f, gconstpointer data) {
        assert_ok(fixture_mkdir(f, &f->peer, "shared"));
        assert_ok(fixture_put(f, &f->alex, "a", "1"));
        assert_ok(fixture_move(f, &f->admin, "a", "shared"));
        g_autofree char *id = put_away(f, &f->alex, "shared/a");
        assert_ok(restore(f, &f->alex, id, false, false));
        g_autofree char *again = put_away(f, &f->alex, "shared/a");
        assert_ok(fixture_delete(f, &f->admin, "shared"));
        assert_ok(fixture_mkdir(f, &f->maria, "shared"));
        assert_error(restore(f, &f->alex, again, false, false), ENOENT);
        assert_error(restore(f, &f->alex, again, false, true), ENOENT);
}

static void inherited_owner_stays_in_the_trash(Fixture *f, gconstpointer data) {
        g_autofree char *disk = fixture_disk(f, "d/samba");

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        g_assert_true(g_file_set_contents(disk, "123", -1, NULL));
        fixture_restart(f, false);
        assert_ok(fixture_delete(f, &f->alex, "d/samba"));
        g_assert_cmpuint(count_trash(f, &f->alex, false), ==, 1);
        fixture_assert_exact(f);
        fixture_restart(f, false);
        fixture_assert_exact(f);
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->alex.owner).trash_bytes, ==, 3);
}

/* More than is removed while somebody waits for it. */
static void large_trees_are_removed_in_the_background(Fixture *f, gconstpointer data) {
        uint64_t freed;

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        for (int i = 0; i < 1500; i++) {
                g_autofree char *path = g_strdup_printf("d/%d", i), *disk = fixture_disk(f, path);
                g_assert_true(g_file_set_contents_full(disk, "12", 2, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
        }
        fixture_restart(f, false);
        assert_ok(fixture_delete(f, &f->alex, "d"));
        assert_ok(bh_files_purge_trash(f->files, &f->alex, "", &freed));
        g_assert_cmpuint(freed, ==, 3000);
        bh_sweeper_wait(f->files->main->sweeper);
        g_assert_cmpuint(fixture_count(f, ".baluhost/staging"), ==, 0);
        g_assert_cmpuint(fixture_count(f, ".baluhost/trash"), ==, 0);
        fixture_assert_exact(f);
}

static void what_the_sweeper_left_the_next_start_removes(Fixture *f, gconstpointer data) {
        g_autofree char *left = fixture_disk(f, ".baluhost/staging/left/deeper"),
                        *file = g_build_filename(left, "file", NULL);

        g_assert_cmpint(g_mkdir_with_parents(left, 0700), ==, 0);
        g_assert_true(g_file_set_contents(file, "x", -1, NULL));
        fixture_restart(f, true);
        bh_sweeper_wait(f->files->main->sweeper);
        g_assert_cmpuint(fixture_count(f, ".baluhost/staging"), ==, 0);
}

static void purge_that_cannot_be_recorded_is_taken_back(Fixture *f, gconstpointer data) {
        uint64_t freed;

        assert_ok(fixture_put(f, &f->alex, "a", "123"));
        assert_ok(fixture_put(f, &f->alex, "b", "12345"));
        g_autofree char *a = put_away(f, &f->alex, "a"), *b = put_away(f, &f->alex, "b");
        assert_ok(bh_database_write(
                f->database, execute,
                (char *)"CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'broken'); END"));
        g_assert_cmpint(bh_files_purge_trash(f->files, &f->alex, "", &freed), <, 0);
        g_assert_cmpuint(freed, ==, 0);
        assert_ok(bh_database_write(f->database, execute, (char *)"DROP TRIGGER broken"));
        g_assert_cmpuint(count_trash(f, &f->alex, false), ==, 2);
        fixture_assert_exact(f);
        assert_ok(restore(f, &f->alex, a, false, false));
        assert_ok(bh_files_purge_trash(f->files, &f->alex, "", &freed));
        g_assert_cmpuint(freed, ==, 5);
        g_assert_nonnull(b);
        fixture_assert_exact(f);
}

static void what_is_old_is_purged(Fixture *f, gconstpointer data) {
        assert_ok(fixture_put(f, &f->alex, "old", "123"));
        assert_ok(fixture_put(f, &f->alex, "new", "1"));
        g_autofree char *old = put_away(f, &f->alex, "old"), *new = put_away(f, &f->alex, "new");
        g_autofree char *relative = g_strdup_printf(".baluhost/trash/%s/info", old), *info = fixture_disk(f, relative);
        g_autoptr(GKeyFile) file = g_key_file_new();
        g_assert_true(g_key_file_load_from_file(file, info, G_KEY_FILE_NONE, NULL));
        g_key_file_set_int64(file, "trash", "deleted-usec", g_get_real_time() - 31 * INT64_C(86400000000));
        g_assert_true(g_key_file_save_to_file(file, info, NULL));
        assert_ok(bh_files_purge_expired(f->files));
        g_assert_cmpuint(count_trash(f, &f->alex, false), ==, 1);
        assert_ok(restore(f, &f->alex, new, false, false));
        fixture_assert_exact(f);
}

static void trash_survives_the_loss_of_its_info_and_of_the_database(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL;

        assert_ok(fixture_put(f, &f->alex, "a", "12345"));
        g_autofree char *id = put_away(f, &f->alex, "a");
        g_autofree char *relative = g_strdup_printf(".baluhost/trash/%s/info", id), *info = fixture_disk(f, relative);
        g_assert_true(
                g_file_set_contents(info, "[trash]\npath=../../etc/passwd\ndeleted-usec=1\ndeleted-by=\n", -1, NULL));
        fixture_restart(f, false);
        g_assert_cmpuint(count_trash(f, &f->alex, false), ==, 1);
        g_assert_cmpint(unlink(info), ==, 0);
        assert_ok(bh_files_restore_trash(f->files, &f->alex, id, false, false, &path));
        g_assert_true(g_str_has_prefix(path, "restored-"));
        g_autofree char *text = fixture_read(f, &f->alex, path);
        g_assert_cmpstr(text, ==, "12345");
        fixture_assert_exact(f);
}

static void only_what_is_all_of_one_owner_is_put_away_when_asked(Fixture *f, gconstpointer data) {
        _cleanup_(bh_place_clear) BhPlace place = {};
        g_autofree char *id = NULL;

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_put(f, &f->alex, "d/a", "1"));
        assert_ok(fixture_put(f, &f->maria, "m", "1"));
        assert_ok(fixture_move(f, &f->admin, "m", "d"));
        assert_ok(bh_place_find(f->files, "d", &place));
        assert_error(bh_trash_put(&place, &f->admin, "delete", f->alex.owner, &id), ESTALE);
        assert_ok(fixture_stat(f, &f->admin, "d/m"));
        assert_ok(fixture_delete(f, &f->admin, "d/m"));
        assert_error(bh_trash_put(&place, &f->admin, "delete", f->maria.owner, &id), ESTALE);
        assert_ok(bh_trash_put(&place, &f->admin, "delete", f->alex.owner, &id));
        fixture_assert_exact(f);
}

static void size_that_was_not_remembered_is_measured(Fixture *f, gconstpointer data) {
        BhTrashItem *items;
        size_t n;

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_put(f, &f->alex, "d/a", "12345"));
        g_autofree char *id = put_away(f, &f->alex, "d");
        g_autofree char *relative = g_strdup_printf(".baluhost/trash/%s", id), *disk = fixture_disk(f, relative);
        g_autofree char *command = g_strdup_printf("setfattr -x user.baluhost.size %s", disk);
        g_assert_cmpint(system(command), ==, 0);
        for (int i = 0; i < 2; i++) {
                assert_ok(bh_files_list_trash(f->files, &f->alex, false, &items, &n));
                g_assert_cmpuint(n, ==, 1);
                g_assert_cmpuint(items[0].size, ==, 5);
                bh_trash_items_free(items, n);
        }
}

static void interrupted_deletion_is_cleaned_up(Fixture *f, gconstpointer data) {
        g_autofree char *empty = fixture_disk(f, ".baluhost/trash/00112233445566778899aabbccddeeff");
        g_autofree char *staging = fixture_disk(f, ".baluhost/staging/half"),
                        *inside = g_build_filename(staging, "file", NULL);

        g_assert_cmpint(g_mkdir_with_parents(empty, 0700), ==, 0);
        g_assert_cmpint(g_mkdir_with_parents(staging, 0700), ==, 0);
        g_assert_true(g_file_set_contents(inside, "x", -1, NULL));
        g_assert_cmpuint(count_trash(f, &f->admin, true), ==, 0);
        fixture_restart(f, false);
        g_assert_cmpuint(fixture_count(f, ".baluhost/trash"), ==, 0);
        g_assert_cmpuint(fixture_count(f, ".baluhost/staging"), ==, 0);
}

static void ids_that_are_none_are_not_found(Fixture *f, gconstpointer data) {
        static const char *const ids[] = {"..",
                                          ".",
                                          "/",
                                          "x",
                                          "../staging",
                                          "00112233445566778899AABBCCDDEEFF",
                                          "00112233445566778899aabbccddeeff",
                                          "00112233445566778899aabbccddeef/"};
        uint64_t freed;

        for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
                assert_error(restore(f, &f->admin, ids[i], true, true), ENOENT);
                assert_error(bh_files_purge_trash(f->files, &f->admin, ids[i], &freed), ENOENT);
        }
}

static void free_names_keep_the_extension_and_fit(Fixture *f, gconstpointer data) {
        static const struct {
                const char *name, *free;
        } cases[] = {{"a.txt", "a (2).txt"},
                     {"a", "a (2)"},
                     {".profile", ".profile (2)"},
                     {"a.tar.gz", "a.tar (2).gz"},
                     {"x.", "x (2)."}};
        g_autofree char *stem = g_strnfill(247, 'a'), *longest = g_strconcat(stem, "\xc3\xa4\xc3\xa4.txt", NULL);

        BhNode top = {.fd = f->files->main->storage.root_fd, .is_root = true};

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                assert_ok(fixture_put(f, &f->alex, cases[i].name, ""));
                g_autofree char *name = bh_files_free_name(f->files->main, &top, cases[i].name);
                g_assert_cmpstr(name, ==, cases[i].free);
        }
        g_assert_cmpuint(strlen(longest), ==, 255);
        assert_ok(fixture_put(f, &f->alex, longest, ""));
        g_autofree char *name = bh_files_free_name(f->files->main, &top, longest);
        g_assert_cmpuint(strlen(name), <=, 255);
        g_assert_true(g_utf8_validate(name, -1, NULL));
        g_assert_true(g_str_has_suffix(name, " (2).txt"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(function) FIXTURE_TEST("/trash/" #function, function)
        ADD(deleted_folder_comes_back_as_it_was);
        ADD(nothing_is_deleted_if_any_part_may_not_be);
        ADD(deleting_says_what_is_wrong);
        ADD(trash_belongs_to_its_owner);
        ADD(what_has_no_owner_is_in_the_trash_of_who_deleted_it);
        ADD(taken_names_are_kept_or_refused);
        ADD(lost_folders_are_made_again);
        ADD(own_file_returns_to_a_folder_that_may_be_viewed);
        ADD(inherited_owner_stays_in_the_trash);
        ADD(large_trees_are_removed_in_the_background);
        ADD(what_the_sweeper_left_the_next_start_removes);
        ADD(purge_that_cannot_be_recorded_is_taken_back);
        ADD(what_is_old_is_purged);
        ADD(trash_survives_the_loss_of_its_info_and_of_the_database);
        ADD(only_what_is_all_of_one_owner_is_put_away_when_asked);
        ADD(size_that_was_not_remembered_is_measured);
        ADD(interrupted_deletion_is_cleaned_up);
        ADD(ids_that_are_none_are_not_found);
        ADD(free_names_keep_the_extension_and_fit);
        return g_test_run();
}
