/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files-fixture.h"
#include "macro.h"

/* The file tree of several storage roots: how paths, lists, the trash and quotas go together. */

static void assert_names(Fixture *f, const BhCaller *caller, const char *path, const BhListOptions *options,
                         const char *expected) {
        g_autoptr(GString) names = g_string_new(NULL);
        g_autofree char *cursor = NULL;

        do { /* page by page */
                _cleanup_(bh_list_clear) BhList list = {};
                BhListOptions page = *options;

                page.cursor = cursor;
                assert_ok(bh_files_list(f->files, caller, path, &page, &list));
                for (size_t i = 0; i < list.n_entries; i++)
                        g_string_append_printf(names, "%s%s", names->len > 0 ? " " : "", list.entries[i].name);
                g_free(cursor);
                cursor = g_steal_pointer(&list.next_cursor);
        } while (cursor[0]);
        g_assert_cmpstr(names->str, ==, expected);
}

static void pool_shows_as_a_folder_at_the_top(Fixture *f, gconstpointer data) {
        _cleanup_(bh_entry_clear) BhEntry entry = {};
        _cleanup_(bh_list_clear) BhList list = {};
        uint64_t size, used, available;

        fixture_add_pool(f, "Photos");
        g_assert_true(bh_files_is_attached(f->files, "Photos"));
        assert_ok(bh_files_stat(f->files, &f->admin, "Photos", &entry));
        g_assert_true(entry.is_directory);
        g_assert_false(entry.is_writable); /* the folder itself */
        g_assert_cmpuint(entry.owner_id, ==, 0);
        assert_ok(bh_files_list(f->files, &f->alex, "", &(BhListOptions){.limit = 10}, &list));
        g_assert_cmpuint(list.n_entries, ==, 1);
        g_assert_cmpuint(list.total, ==, 1);
        g_assert_cmpstr(list.entries[0].name, ==, "Photos");
        g_assert_true(list.entries[0].is_directory);
        g_assert_false(list.entries[0].is_writable);

        assert_ok(fixture_put(f, &f->alex, "Photos/a", "12345")); /* everybody may add to its top */
        assert_ok(fixture_mkdir(f, &f->maria, "Photos/maria"));
        assert_ok(fixture_put(f, &f->maria, "Photos/maria/b", "1"));
        assert_error(fixture_put(f, &f->alex, "Photos/maria/c", "1"), ENOENT);
        assert_error(fixture_stat(f, &f->alex, "Photos/maria"), EACCES);
        g_autofree char *text = fixture_read(f, &f->alex, "Photos/a"), *disk = fixture_pool_disk(f, "Photos", "a");
        g_assert_cmpstr(text, ==, "12345");
        g_assert_true(g_file_test(disk, G_FILE_TEST_IS_REGULAR));
        g_assert_cmpstr(fixture_owner(f, "Photos/a"), ==, f->alex.owner);
        assert_names(f, &f->admin, "Photos", &(BhListOptions){.limit = 10}, "maria a");
        assert_names(f, &f->alex, "Photos", &(BhListOptions){.limit = 10}, "a");
        assert_ok(fixture_rename(f, &f->alex, "Photos/a", "b"));
        assert_ok(fixture_move(f, &f->maria, "Photos/maria/b", "Photos/maria/c"));
        assert_names(f, &f->nobody, "", &(BhListOptions){.limit = 10}, "");
        assert_ok(bh_files_root_space(f->files, "Photos", &size, &used, &available));
        g_assert_cmpuint(size, >, 0);
        g_assert_cmpuint(used + available, <=, size);
        assert_ok(bh_files_root_space(f->files, "", &size, &used, &available));
        assert_error(bh_files_root_space(f->files, "Music", &size, &used, &available), ENODEV);
        fixture_assert_exact(f);
}

static void pages_of_the_top_have_the_pools_in_their_order(Fixture *f, gconstpointer data) {
        fixture_add_pool(f, "Photos");
        fixture_add_pool(f, "archive");
        g_usleep(20000); /* a tick of the clock of files */
        assert_ok(fixture_mkdir(f, &f->alex, "Music"));
        assert_ok(fixture_mkdir(f, &f->maria, "zoo"));
        assert_ok(fixture_put(f, &f->alex, "b", "1"));
        for (unsigned limit = 1; limit < 7; limit++) {
                assert_names(f, &f->admin, "", &(BhListOptions){.limit = limit}, "archive Music Photos zoo b");
                assert_names(f, &f->alex, "", &(BhListOptions){.limit = limit}, "archive Music Photos b");
                assert_names(f, &f->alex, "", &(BhListOptions){.limit = limit, .descending = true},
                             "Photos Music archive b");
                assert_names(f, &f->alex, "", &(BhListOptions){.limit = limit, .sort = BH_SORT_SIZE},
                             "archive Music Photos b");
        }
        g_usleep(20000); /* a tick of the clock of files */
        assert_ok(fixture_put(f, &f->alex, "archive/new", "1"));
        assert_names(f, &f->alex, "", &(BhListOptions){.limit = 2, .sort = BH_SORT_MODIFIED, .descending = true},
                     "archive Music Photos b");
}

/* Asks for the top with the version that is in text. */
static bool is_unchanged(Fixture *f, char text[static BH_VERSION_SIZE]) {
        _cleanup_(bh_list_clear) BhList list = {};
        const BhListOptions options = {.limit = 100, .if_version = text};

        assert_ok(bh_files_list(f->files, &f->alex, "", &options, &list));
        memcpy(text, list.version, BH_VERSION_SIZE);
        return list.is_unchanged;
}

static void version_of_the_top_follows_the_pools(Fixture *f, gconstpointer data) {
        char text[BH_VERSION_SIZE] = "";

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        g_assert_false(is_unchanged(f, text));
        g_assert_true(is_unchanged(f, text));
        fixture_add_pool(f, "Photos");
        g_assert_false(is_unchanged(f, text));
        g_assert_true(is_unchanged(f, text));
        g_assert_true(is_unchanged(f, text));
        g_assert_cmpuint(bh_versions_count(f->files->versions), >, 0);
        g_usleep(20000); /* a tick of the clock of files */
        assert_ok(fixture_put(f, &f->alex, "Photos/a", "1"));
        g_assert_false(is_unchanged(f, text)); /* the folder was modified */
        g_assert_true(is_unchanged(f, text));
        assert_ok(fixture_detach(f, "Photos", false));
        g_assert_false(is_unchanged(f, text));
        assert_ok(fixture_attach_as(f, "Photos", "Photos"));
        g_assert_false(is_unchanged(f, text));
        assert_ok(fixture_put(f, &f->alex, "b", "1"));
        g_assert_false(is_unchanged(f, text));
        g_assert_true(is_unchanged(f, text));
}

static int declare(Fixture *f, const char *name) {
        g_autofree char *reason = NULL;
        int r = bh_files_declare(f->files, name, &reason);

        g_assert_cmpint(r < 0, ==, reason != NULL);
        return r;
}

static void names_of_pools_are_valid_and_free(Fixture *f, gconstpointer data) {
        static const char *const bad[] = {"", ".", "..", "a/b", "a\nb", ".baluhost", ".BaluHost", "\xff"};

        assert_ok(fixture_mkdir(f, &f->alex, "Music"));
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_cmpint(declare(f, bad[i]), ==, -EILSEQ);
        assert_error(declare(f, "Music"), EEXIST);
        assert_error(declare(f, "mUSIC"), EEXIST);
        assert_ok(declare(f, "Photos"));
        assert_ok(declare(f, "Photos"));
        assert_error(declare(f, "photos"), EEXIST);
        assert_ok(declare(f, "\xc3\x84rger"));
        assert_error(declare(f, "\xc3\xa4rger"), EEXIST);
        g_autofree char *reason = NULL, *path = fixture_pool_disk(f, "Music", NULL), *other = NULL;
        g_assert_cmpint(g_mkdir_with_parents(path, 0770), ==, 0);
        assert_error(bh_files_attach(f->files, "Music", "id", path, true, &reason), EEXIST);
        assert_error(bh_files_attach(f->files, "Films", "../id", path, true, &other), EINVAL);
        g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
        g_assert_null(g_dir_read_name(directory));
}

/* Every way to give a name, tried out on one that a pool has. */
static void assert_taken(Fixture *f, const char *name) {
        const BhUploadOptions parents = {.size = 1, .parents = true};
        g_autofree char *inside = g_strconcat(name, "/x", NULL), *from = g_strconcat("d/", name, NULL);

        assert_error(fixture_mkdir(f, &f->admin, name), EEXIST);
        assert_error(fixture_put(f, &f->admin, name, "1"), EEXIST);
        assert_error(fixture_rename(f, &f->alex, "a", name), EEXIST);
        assert_error(fixture_move(f, &f->alex, "a", name), EEXIST);
        assert_error(fixture_copy(f, &f->alex, "a", name, false), EEXIST);
        assert_error(fixture_put_with(f, &f->alex, inside, "1", &parents), EEXIST);
        assert_ok(fixture_put(f, &f->alex, from, "1"));
        assert_error(fixture_move(f, &f->alex, from, ""), EEXIST);
        assert_error(fixture_copy(f, &f->alex, from, "", false), EEXIST);
}

static void nobody_can_have_the_name_of_a_pool(Fixture *f, gconstpointer data) {
        g_autofree char *id = NULL, *deep = NULL, *path = NULL;

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_put(f, &f->alex, "a", "1"));
        assert_ok(fixture_mkdir(f, &f->alex, "Photos"));
        assert_ok(fixture_put(f, &f->alex, "Photos/x", "1"));
        assert_ok(bh_files_delete(f->files, &f->alex, "Photos/x", false, &deep));
        assert_ok(bh_files_delete(f->files, &f->alex, "Photos", false, &id));
        fixture_add_pool(f, "Photos");
        assert_taken(f, "photos"); /* other spellings are as good as the name */
        assert_ok(fixture_copy(f, &f->alex, "d/photos", "", true));
        assert_ok(fixture_stat(f, &f->alex, "photos (2)"));

        /* What was in a folder of that name before does not come back in the pool. */
        assert_error(bh_files_restore_trash(f->files, &f->alex, id, false, false, &path), EEXIST);
        assert_error(bh_files_restore_trash(f->files, &f->alex, deep, true, true, &path), EEXIST);
        assert_ok(bh_files_restore_trash(f->files, &f->alex, id, true, false, &path));
        g_assert_cmpstr(path, ==, "Photos (2)");

        /* Neither when it is not attached. */
        assert_ok(fixture_detach(f, "Photos", false));
        assert_error(fixture_mkdir(f, &f->admin, "Photos"), ENODEV);
        assert_error(fixture_put(f, &f->admin, "Photos", "1"), ENODEV);
        assert_error(fixture_move(f, &f->alex, "a", "Photos"), ENODEV);
        assert_error(fixture_rename(f, &f->alex, "a", "Photos"), EEXIST);
        assert_error(fixture_mkdir(f, &f->admin, "photos"), EEXIST);
        assert_error(fixture_put(f, &f->alex, "Photos/x", "1"), ENODEV);
        assert_names(f, &f->admin, "", &(BhListOptions){.limit = 10}, "d Photos (2) a photos (2)");
        fixture_assert_exact(f);
}

static void folder_of_a_pool_stays_where_it_is(Fixture *f, gconstpointer data) {
        const BhUploadOptions overwrite = {.size = 1, .overwrite = true};
        _cleanup_(bh_entry_clear) BhEntry entry = {};
        g_autofree char *id = NULL;
        BhCopy *copy;

        fixture_add_pool(f, "Photos");
        fixture_add_pool(f, "Music");
        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_error(fixture_rename(f, &f->admin, "Photos", "Pictures"), EINVAL);
        assert_error(fixture_move(f, &f->admin, "Photos", "d"), EINVAL);
        assert_error(fixture_move(f, &f->admin, "Photos", "Music"), EINVAL);
        assert_error(fixture_move(f, &f->admin, "Photos", "Photos/x"), EINVAL);
        assert_error(bh_files_delete(f->files, &f->admin, "Photos", true, &id), EINVAL);
        assert_error(bh_files_copy_begin(f->files, &f->admin, "Photos", "d", true, &copy), EINVAL);
        assert_error(fixture_put_with(f, &f->admin, "Photos", "1", &overwrite), EISDIR);
        assert_error(fixture_mkdir(f, &f->admin, "Photos"), EEXIST);
        assert_ok(
                bh_files_create_folder(f->files, &f->alex, "Photos", true, &entry)); /* it exists, which is all right */
        g_autofree char *reason = bh_files_explain_error(f->files, -EINVAL, "Photos", NULL);
        g_assert_cmpstr(reason, ==, "“Photos” is the folder of a pool");
        fixture_assert_exact(f);
}

static void paths_out_of_a_pool_lead_nowhere(Fixture *f, gconstpointer data) {
        static const struct {
                const char *path;
                int error;
        } paths[] = {
                {"Photos/../a", EXDEV},
                {"Photos/..", EXDEV},
                {"../Photos", EXDEV},
                {"/Photos", EXDEV},
                {"Photos/./a", EILSEQ},
                {"Photos//a", EILSEQ},
                {"Photos/", EILSEQ},
                {"./Photos", EILSEQ},
                {"Photos/.baluhost", ENOENT},
                {"Photos/.baluhost/trash", ENOENT},
                {"Photos/main", EXDEV},
                {"Photos/main/a", EXDEV},
                {"Photos/d/up", EXDEV},
                {"Photos/d/up/.baluhost/pool", EXDEV},
                {"pool", EXDEV},
                {"pool/x", EXDEV},
                {"Photos/Photos/x", ENOENT},
                {"photos/x", ENOENT},
                {"Photos/a", ENOENT},
                {"Photos /x", ENOENT},
        };

        fixture_add_pool(f, "Photos");
        assert_ok(fixture_put(f, &f->alex, "a", "1"));
        assert_ok(fixture_put(f, &f->alex, "Photos/x", "1"));
        assert_ok(fixture_mkdir(f, &f->alex, "Photos/d"));
        g_autofree char *link = fixture_pool_disk(f, "Photos", "main"), *up = fixture_pool_disk(f, "Photos", "d/up"),
                        *into = fixture_disk(f, "pool"), *pool = fixture_pool_disk(f, "Photos", NULL);
        g_assert_cmpint(symlink(f->root, link), ==, 0);
        g_assert_cmpint(symlink("..", up), ==, 0);
        g_assert_cmpint(symlink(pool, into), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
                g_autofree char *id = NULL;
                BhCopy *copy;

                g_test_message("%s", paths[i].path);
                assert_error(fixture_stat(f, &f->admin, paths[i].path), paths[i].error);
                assert_error(bh_files_delete(f->files, &f->admin, paths[i].path, false, &id), paths[i].error);
                assert_error(fixture_move(f, &f->admin, paths[i].path, "moved"), paths[i].error);
                assert_error(bh_files_copy_begin(f->files, &f->admin, paths[i].path, "copied", false, &copy),
                             paths[i].error);
        }
        assert_error(fixture_mkdir(f, &f->admin, "Photos/.baluhost"), EILSEQ);
        assert_error(fixture_put(f, &f->admin, "Photos/.baluhost", "1"), EILSEQ);
        assert_error(fixture_put(f, &f->admin, "Photos/.baluhost/staging/x", "1"), ENOENT);
        assert_error(fixture_rename(f, &f->admin, "Photos/x", ".baluhost"), EILSEQ);
        assert_error(fixture_rename(f, &f->admin, "Photos/x", ".."), EXDEV);
        assert_error(fixture_move(f, &f->admin, "Photos/x", "Photos/.baluhost/x"), ENOENT);
        assert_names(f, &f->admin, "Photos", &(BhListOptions){.limit = 10}, "d x");
        assert_ok(fixture_put(f, &f->alex, "Photos/Photos", "1")); /* a name like any other in there */
        fixture_assert_exact(f);
}

static void nothing_moves_between_roots_but_copies(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL;

        fixture_add_pool(f, "Photos");
        fixture_add_pool(f, "Music");
        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_mkdir(f, &f->alex, "d/sub"));
        assert_ok(fixture_put(f, &f->alex, "d/a", "12345"));
        assert_ok(fixture_put(f, &f->alex, "d/sub/b", "123"));
        assert_error(fixture_move(f, &f->alex, "d", "Photos"), EOPNOTSUPP);
        assert_error(fixture_move(f, &f->alex, "d/a", "Photos/a"), EOPNOTSUPP);
        g_autofree char *reason = bh_files_explain_error(f->files, -EOPNOTSUPP, "d/a", "Photos/a");
        g_assert_cmpstr(reason, ==,
                        "the main storage and the pool “Photos” are different filesystems: copy it, then delete it");

        assert_ok(fixture_copy(f, &f->alex, "d", "Photos", false));
        assert_error(fixture_copy(f, &f->maria, "d/a", "Photos", false), ENOENT);
        assert_ok(fixture_copy(f, &f->alex, "Photos/d/sub", "Music/copy", false));
        assert_ok(fixture_copy(f, &f->alex, "Music/copy/b", "", false));
        assert_error(fixture_copy(f, &f->alex, "d", "Photos", false), EEXIST);
        assert_ok(fixture_copy(f, &f->alex, "d", "Photos", true));
        g_autofree char *first = fixture_read(f, &f->alex, "Photos/d/sub/b"),
                        *second = fixture_read(f, &f->alex, "Music/copy/b"), *third = fixture_read(f, &f->alex, "b"),
                        *fourth = fixture_read(f, &f->alex, "Photos/d (2)/a");
        g_assert_cmpstr(first, ==, "123");
        g_assert_cmpstr(second, ==, "123");
        g_assert_cmpstr(third, ==, "123");
        g_assert_cmpstr(fourth, ==, "12345");
        g_assert_cmpstr(fixture_owner(f, "Music/copy"), ==, f->alex.owner);
        assert_error(fixture_move(f, &f->alex, "Photos/d", "Music"), EOPNOTSUPP);
        assert_error(fixture_move(f, &f->alex, "Photos/d", ""), EOPNOTSUPP);
        assert_ok(fixture_move(f, &f->alex, "Photos/d", "Photos/e"));
        fixture_assert_exact(f);
        g_assert_cmpuint(bh_quota_get_total(f->files->quota).reserved_bytes, ==, 0);
}

static void each_root_has_its_own_trash_and_lists_show_all(Fixture *f, gconstpointer data) {
        g_autofree char *main_id = NULL, *pool_id = NULL, *path = NULL, *other = NULL;
        BhTrashItem *items;
        uint64_t freed;
        size_t n;

        fixture_add_pool(f, "Photos");
        assert_ok(fixture_put(f, &f->alex, "a", "1"));
        assert_ok(fixture_mkdir(f, &f->alex, "Photos/d"));
        assert_ok(fixture_put(f, &f->alex, "Photos/d/b", "123"));
        assert_ok(bh_files_delete(f->files, &f->alex, "a", false, &main_id));
        assert_ok(bh_files_delete(f->files, &f->alex, "Photos/d/b", false, &pool_id));
        g_autofree char *disk = g_build_filename(f->directory, "pools/Photos/.baluhost/trash", pool_id, NULL);
        g_assert_true(g_file_test(disk, G_FILE_TEST_IS_DIR));
        fixture_assert_exact(f);

        assert_ok(bh_files_list_trash(f->files, &f->alex, false, &items, &n));
        g_assert_cmpuint(n, ==, 2);
        g_assert_cmpstr(items[0].path, ==, "Photos/d/b");
        g_assert_cmpuint(items[0].size, ==, 3);
        g_assert_cmpstr(items[1].path, ==, "a");
        bh_trash_items_free(items, n);

        assert_error(bh_files_restore_trash(f->files, &f->maria, pool_id, false, false, &path), EACCES);
        assert_ok(bh_files_restore_trash(f->files, &f->alex, pool_id, false, false, &path));
        g_assert_cmpstr(path, ==, "Photos/d/b");
        g_assert_cmpstr(fixture_owner(f, "Photos/d/b"), ==, f->alex.owner);
        g_free(g_steal_pointer(&pool_id));
        assert_ok(bh_files_delete(f->files, &f->alex, "Photos/d/b", false, &pool_id));

        /* Not there, not listed; and it comes back with the pool, whatever that is called then. */
        assert_ok(fixture_detach(f, "Photos", false));
        assert_ok(bh_files_list_trash(f->files, &f->alex, false, &items, &n));
        g_assert_cmpuint(n, ==, 1);
        bh_trash_items_free(items, n);
        assert_error(bh_files_restore_trash(f->files, &f->alex, pool_id, false, false, &other), ENOENT);
        assert_ok(fixture_attach_as(f, "Pictures", "Photos"));
        assert_ok(bh_files_list_trash(f->files, &f->admin, true, &items, &n));
        g_assert_cmpuint(n, ==, 2);
        g_assert_cmpstr(items[0].path, ==, "Pictures/d/b");
        bh_trash_items_free(items, n);
        assert_ok(bh_files_purge_trash(f->files, &f->alex, "", &freed));
        g_assert_cmpuint(freed, ==, 4);
        assert_ok(bh_files_delete(f->files, &f->alex, "Pictures/d", false, &other));
        assert_ok(bh_files_purge_trash(f->files, &f->alex, other, &freed));
        assert_error(bh_files_purge_trash(f->files, &f->alex, other, &freed), ENOENT);
        fixture_assert_exact(f);
}

static void owner_quota_counts_all_roots_and_the_global_one_the_main(Fixture *f, gconstpointer data) {
        BhUsage usage;

        fixture_add_pool(f, "Photos");
        f->alex_account->quota_bytes = 10;
        assert_ok(fixture_put(f, &f->alex, "a", "123456"));
        assert_ok(fixture_put(f, &f->alex, "Photos/a", "123"));
        assert_error(fixture_put(f, &f->alex, "Photos/b", "12"), EDQUOT);
        assert_error(fixture_put(f, &f->alex, "b", "12"), EDQUOT);
        assert_error(fixture_copy(f, &f->alex, "a", "Photos/b", false), EDQUOT);
        assert_ok(fixture_put(f, &f->alex, "Photos/b", "1"));
        assert_ok(bh_files_get_usage(f->files, &f->alex, &usage));
        g_assert_cmpuint(usage.used_bytes, ==, 10);
        g_assert_cmpuint(usage.available_bytes, ==, 0);
        g_assert_cmpuint(usage.total_used_bytes, ==, 6);
        g_assert_cmpuint(usage.total_quota_bytes, ==, 100);
        g_assert_cmpuint(usage.all_used_bytes, ==, 10);
        g_assert_cmpuint(usage.all_filesystem_bytes, >=, 2 * usage.filesystem_bytes);

        /* 100 bytes in the main root, as many as there is space for in the pool. */
        g_autofree char *many = g_strnfill(95, 'x');
        assert_error(fixture_put(f, &f->maria, "m", many), EDQUOT);
        assert_ok(fixture_put(f, &f->maria, "Photos/m", many));
        assert_error(fixture_copy(f, &f->maria, "Photos/m", "m", false), EDQUOT);
        assert_ok(fixture_copy(f, &f->maria, "Photos/m", "Photos/n", false));
        fixture_assert_exact(f);

        /* What is away does not count. */
        assert_ok(fixture_detach(f, "Photos", false));
        assert_ok(bh_files_get_usage(f->files, &f->alex, &usage));
        g_assert_cmpuint(usage.used_bytes, ==, 6);
        assert_ok(fixture_attach_as(f, "Photos", "Photos"));
        assert_ok(bh_files_get_usage(f->files, &f->alex, &usage));
        g_assert_cmpuint(usage.used_bytes, ==, 10);
        fixture_assert_exact(f);
}

static void files_of_an_account_that_goes_are_found_in_all_roots(Fixture *f, gconstpointer data) {
        BhTrashItem *items;
        size_t n;

        fixture_add_pool(f, "Photos");
        assert_ok(fixture_put(f, &f->alex, "a", "1"));
        assert_ok(fixture_put(f, &f->alex, "Photos/a", "12"));
        assert_ok(fixture_put(f, &f->maria, "Photos/m", "123"));
        assert_ok(fixture_delete(f, &f->maria, "Photos/m"));
        assert_ok(bh_files_reassign_owner(f->files, &f->admin, f->maria.owner, f->alex.owner));
        assert_ok(bh_files_trash_owner(f->files, &f->admin, f->alex.owner, f->admin.owner));
        assert_ok(bh_files_list_trash(f->files, &f->admin, false, &items, &n));
        g_assert_cmpuint(n, ==, 3);
        bh_trash_items_free(items, n);
        assert_error(fixture_stat(f, &f->admin, "Photos/a"), ENOENT);
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->admin.owner).trash_bytes, ==, 6);
        fixture_assert_exact(f);
}

static void access_in_a_pool_is_explained_as_elsewhere(Fixture *f, gconstpointer data) {
        static const struct {
                const char *path, *rule;
        } rules[] = {
                {"Photos", "root-folder"},  {"Photos/d", "owner"},
                {"Photos/d/a", "owner"},    {"Photos/maria/x", "hidden-by-folder"},
                {"Photos/no", "not-found"}, {"photos", "not-found"},
        };

        fixture_add_pool(f, "Photos");
        assert_ok(fixture_mkdir(f, &f->alex, "Photos/d"));
        assert_ok(fixture_put(f, &f->alex, "Photos/d/a", "1"));
        assert_ok(fixture_mkdir(f, &f->maria, "Photos/maria"));
        for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
                _cleanup_(bh_access_clear) BhAccess access = {};

                assert_ok(bh_files_explain_access(f->files, &f->alex, 0, rules[i].path, &access));
                g_assert_cmpstr(access.rule, ==, rules[i].rule);
                if (i == 0)
                        g_assert_true(access.may_add && access.may_view && !access.may_change);
        }
        assert_ok(fixture_detach(f, "Photos", false));
        BhAccess access;
        assert_error(bh_files_explain_access(f->files, &f->alex, 0, "Photos/d", &access), ENODEV);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(function) FIXTURE_TEST("/roots/" #function, function)
        ADD(pool_shows_as_a_folder_at_the_top);
        ADD(pages_of_the_top_have_the_pools_in_their_order);
        ADD(version_of_the_top_follows_the_pools);
        ADD(names_of_pools_are_valid_and_free);
        ADD(nobody_can_have_the_name_of_a_pool);
        ADD(folder_of_a_pool_stays_where_it_is);
        ADD(paths_out_of_a_pool_lead_nowhere);
        ADD(nothing_moves_between_roots_but_copies);
        ADD(each_root_has_its_own_trash_and_lists_show_all);
        FIXTURE_TEST_QUOTA("/roots/owner_quota_counts_all_roots_and_the_global_one_the_main", 100,
                           owner_quota_counts_all_roots_and_the_global_one_the_main);
        ADD(files_of_an_account_that_goes_are_found_in_all_roots);
        ADD(access_in_a_pool_is_explained_as_elsewhere);
        return g_test_run();
}
