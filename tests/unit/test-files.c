/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files-fixture.h"
#include "macro.h"
#include "owner.h"

static void what_is_uploaded_is_read_back(Fixture *f, gconstpointer data) {
        assert_ok(fixture_put(f, &f->alex, "hello.txt", "Hello"));
        g_autofree char *text = fixture_read(f, &f->alex, "hello.txt");
        g_assert_cmpstr(text, ==, "Hello");
        g_assert_cmpstr(fixture_owner(f, "hello.txt"), ==, f->alex.owner);
        g_assert_cmpint(fixture_audits(f, "upload", 0), ==, 1);
        g_assert_cmpint(fixture_audits(f, "download", 0), ==, 1);
        fixture_assert_exact(f);
}

static void others_files_are_not_permitted_and_what_is_in_their_folders_not_found(Fixture *f, gconstpointer data) {
        assert_ok(fixture_mkdir(f, &f->alex, "private"));
        assert_ok(fixture_put(f, &f->alex, "private/a", "1"));
        assert_ok(fixture_put(f, &f->alex, "b", "1"));
        assert_error(fixture_stat(f, &f->maria, "private"), EACCES);
        assert_error(fixture_stat(f, &f->maria, "b"), EACCES);
        assert_error(fixture_stat(f, &f->maria, "private/a"), ENOENT);
        assert_error(fixture_stat(f, &f->maria, "private/missing"), ENOENT);
        assert_error(fixture_put(f, &f->maria, "private/c", "1"), ENOENT);
        assert_error(fixture_mkdir(f, &f->maria, "private/c"), ENOENT);
        assert_error(fixture_move(f, &f->maria, "private/a", "mine"), ENOENT);
        assert_error(fixture_delete(f, &f->maria, "private/a"), ENOENT);
        assert_error(fixture_delete(f, &f->maria, "private"), EACCES);
        assert_error(fixture_rename(f, &f->maria, "b", "c"), EACCES);
        assert_ok(fixture_stat(f, &f->admin, "private/a"));
        assert_ok(fixture_stat(f, &f->peer, "private/a"));
        assert_error(fixture_stat(f, &f->nobody, "private"), EACCES);
        g_assert_cmpint(fixture_audits(f, "stat", EACCES), ==, 3);
        g_assert_cmpint(fixture_audits(f, "delete", EACCES), ==, 1);
}

static void what_belongs_to_nobody_is_seen_by_all_and_changed_by_administrators(Fixture *f, gconstpointer data) {
        assert_ok(fixture_mkdir(f, &f->peer, "Demo"));
        assert_ok(fixture_put(f, &f->peer, "Demo/readme", "text"));
        g_assert_cmpstr(fixture_owner(f, "Demo/readme"), ==, "");
        g_autofree char *text = fixture_read(f, &f->alex, "Demo/readme");
        g_assert_cmpstr(text, ==, "text");
        assert_error(fixture_put(f, &f->alex, "Demo/mine", "1"), EACCES);
        assert_error(fixture_mkdir(f, &f->alex, "Demo/mine"), EACCES);
        assert_error(fixture_delete(f, &f->alex, "Demo/readme"), EACCES);
        assert_error(fixture_rename(f, &f->alex, "Demo", "Mine"), EACCES);
        assert_ok(fixture_rename(f, &f->admin, "Demo", "Public"));
        fixture_assert_exact(f);
}

static void marks_of_unknown_accounts_are_for_administrators(Fixture *f, gconstpointer data) {
        static const char *const marks[] = {"11111111-2222-3333-4444-555555555555", "x", "",
                                            "a mark that is much longer than any that the service writes"};
        g_autofree char *disk = fixture_disk(f, "file");

        g_assert_true(g_file_set_contents(disk, "text", -1, NULL));
        for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
                g_autofree char *command =
                        g_strdup_printf("setfattr -n user.baluhost.owner -v '%s' %s", marks[i], disk);

                g_assert_cmpint(system(command), ==, 0);
                assert_error(fixture_stat(f, &f->alex, "file"), EACCES);
                assert_ok(fixture_stat(f, &f->admin, "file"));
        }
}

static void special_files_are_not_there_and_links_lead_outside(Fixture *f, gconstpointer data) {
        g_autofree char *fifo = fixture_disk(f, "fifo"), *link = fixture_disk(f, "link"),
                        *folder = fixture_disk(f, "folder");
        _cleanup_(bh_list_clear) BhList list = {};

        g_assert_cmpint(mkfifo(fifo, 0666), ==, 0);
        g_assert_cmpint(symlink("/etc", link), ==, 0);
        g_assert_cmpint(symlink("/etc/passwd", folder), ==, 0);
        assert_error(fixture_stat(f, &f->admin, "fifo"), ENOENT);
        assert_error(fixture_stat(f, &f->admin, "link"), EXDEV);
        assert_error(fixture_stat(f, &f->admin, "link/passwd"), EXDEV);
        g_assert_null(fixture_read(f, &f->admin, "folder"));
        assert_error(fixture_put(f, &f->admin, "link/x", "1"), EXDEV);
        assert_error(fixture_put(f, &f->admin, "fifo", "1"), EEXIST);
        assert_error(fixture_mkdir(f, &f->admin, "fifo"), EEXIST);
        assert_error(fixture_mkdir(f, &f->admin, "link/x"), EXDEV);
        assert_error(fixture_move(f, &f->admin, "link", "x"), EXDEV);
        assert_ok(bh_files_list(f->files, &f->admin, "", &(BhListOptions){.limit = 10}, &list));
        g_assert_cmpuint(list.n_entries, ==, 0);
        g_assert_cmpuint(list.total, ==, 0);
}

static void reserved_directory_is_invisible(Fixture *f, gconstpointer data) {
        _cleanup_(bh_list_clear) BhList list = {};

        assert_ok(bh_files_list(f->files, &f->admin, "", &(BhListOptions){.limit = 10}, &list));
        g_assert_cmpuint(list.n_entries, ==, 0);
        assert_error(fixture_stat(f, &f->admin, ".baluhost"), ENOENT);
        assert_error(fixture_stat(f, &f->admin, ".baluhost/trash"), ENOENT);
        assert_error(fixture_mkdir(f, &f->admin, ".baluhost"), EILSEQ);
        assert_error(fixture_mkdir(f, &f->admin, ".baluhost/x"), ENOENT);
        assert_error(fixture_put(f, &f->admin, ".baluhost", "1"), EILSEQ);
        assert_error(fixture_put(f, &f->admin, ".baluhost/x", "1"), ENOENT);
        assert_error(fixture_delete(f, &f->admin, ".baluhost"), ENOENT);
        assert_error(fixture_rename(f, &f->admin, ".baluhost", "x"), ENOENT);
        assert_error(fixture_move(f, &f->admin, ".baluhost/trash", "x"), ENOENT);
        assert_ok(fixture_mkdir(f, &f->admin, "x"));
        assert_error(fixture_rename(f, &f->admin, "x", ".baluhost"), EILSEQ);
        assert_error(fixture_move(f, &f->admin, "x", ".baluhost"), EILSEQ);
        assert_error(fixture_move(f, &f->admin, "x", ".baluhost/y"), ENOENT);
        assert_ok(fixture_mkdir(f, &f->admin, "x/.baluhost"));
        assert_error(fixture_move(f, &f->admin, "x/.baluhost", ""), EILSEQ);
        assert_ok(fixture_stat(f, &f->admin, "x/.baluhost"));
}

static void folders_are_made_one_at_a_time_or_with_parents(Fixture *f, gconstpointer data) {
        _cleanup_(bh_entry_clear) BhEntry first = {}, second = {}, root = {};

        assert_error(fixture_mkdir(f, &f->alex, "a/b"), ENOENT);
        assert_ok(fixture_mkdir(f, &f->alex, "a"));
        assert_error(fixture_mkdir(f, &f->alex, "a"), EEXIST);
        assert_error(fixture_mkdir(f, &f->maria, "a"), EEXIST);
        assert_error(fixture_mkdir(f, &f->alex, ""), EEXIST);
        assert_ok(bh_files_create_folder(f->files, &f->alex, "a/b/c/d", true, &first));
        g_assert_cmpstr(first.path, ==, "a/b/c/d");
        g_assert_true(first.is_directory && first.is_writable);
        g_assert_cmpuint(first.owner_id, ==, 2);
        assert_ok(bh_files_create_folder(f->files, &f->alex, "a/b/c/d", true, &second));
        assert_ok(bh_files_create_folder(f->files, &f->alex, "", true, &root));
        assert_ok(fixture_put(f, &f->alex, "a/file", "1"));
        assert_error(bh_files_create_folder(f->files, &f->alex, "a/file/x", true, &second), EEXIST);
        assert_error(bh_files_create_folder(f->files, &f->alex, "a/file", true, &second), EEXIST);
        assert_error(bh_files_create_folder(f->files, &f->maria, "a/x", true, &second), ENOENT);
        g_assert_cmpuint(fixture_count(f, ".baluhost/staging"), ==, 0);
}

static void renaming_never_replaces(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL;

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_put(f, &f->alex, "d/a", "a"));
        assert_ok(fixture_put(f, &f->alex, "d/b", "b"));
        assert_error(fixture_rename(f, &f->alex, "d/a", "b"), EEXIST);
        assert_error(fixture_rename(f, &f->alex, "d/a", "a"), EEXIST);
        assert_error(fixture_rename(f, &f->alex, "d/a", "x/y"), EILSEQ);
        assert_error(fixture_rename(f, &f->alex, "d/a", ".."), EXDEV);
        assert_error(fixture_rename(f, &f->alex, "d/missing", "c"), ENOENT);
        assert_error(fixture_rename(f, &f->alex, "", "c"), EINVAL);
        assert_ok(bh_files_rename(f->files, &f->alex, "d/a", "c", &path));
        g_assert_cmpstr(path, ==, "d/c");
        g_autofree char *text = fixture_read(f, &f->alex, "d/c");
        g_assert_cmpstr(text, ==, "a");
}

static void moving_goes_into_folders_or_to_new_names(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL;

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_mkdir(f, &f->alex, "e"));
        assert_ok(fixture_put(f, &f->alex, "a", "a"));
        assert_ok(bh_files_move(f->files, &f->alex, "a", "d", &path));
        g_assert_cmpstr(path, ==, "d/a");
        assert_ok(fixture_move(f, &f->alex, "d/a", "e/b"));
        assert_error(fixture_move(f, &f->alex, "d", "d"), EINVAL);
        assert_error(fixture_move(f, &f->alex, "d", "d/x"), EINVAL);
        assert_error(fixture_move(f, &f->alex, "", "d"), EINVAL);
        assert_error(fixture_move(f, &f->alex, "e/b", "e"), EEXIST);
        assert_error(fixture_move(f, &f->alex, "e/b", "missing/b"), ENOENT);
        assert_error(fixture_move(f, &f->alex, "missing", "d"), ENOENT);
        assert_ok(fixture_put(f, &f->alex, "b", "b"));
        assert_error(fixture_move(f, &f->alex, "b", "e"), EEXIST);
        assert_error(fixture_move(f, &f->alex, "b", "e/b"), EEXIST);
        assert_ok(fixture_mkdir(f, &f->maria, "m"));
        assert_error(fixture_move(f, &f->alex, "b", "m"), EACCES);
        assert_error(fixture_move(f, &f->alex, "b", "m/b"), ENOENT);
        assert_error(fixture_move(f, &f->maria, "b", "m"), EACCES);
        assert_ok(fixture_move(f, &f->alex, "e", "d"));
        assert_ok(fixture_stat(f, &f->alex, "d/e/b"));
        fixture_assert_exact(f);
}

static void owners_stay_when_something_is_moved(Fixture *f, gconstpointer data) {
        g_autofree char *inherited = fixture_disk(f, "alex/inherited");

        assert_ok(fixture_mkdir(f, &f->alex, "alex"));
        assert_ok(fixture_mkdir(f, &f->maria, "maria"));
        g_assert_true(g_file_set_contents(inherited, "12345", -1, NULL)); /* as Samba would: without a mark */
        fixture_restart(f, false);
        g_assert_cmpstr(fixture_owner(f, "alex/inherited"), ==, f->alex.owner);
        assert_ok(fixture_move(f, &f->admin, "alex/inherited", "maria"));
        g_assert_cmpstr(fixture_owner(f, "maria/inherited"), ==, f->alex.owner);
        assert_ok(fixture_put(f, &f->peer, "unowned", "123"));
        assert_ok(fixture_move(f, &f->admin, "unowned", "maria"));
        g_assert_cmpstr(fixture_owner(f, "maria/unowned"), ==, "");
        fixture_assert_exact(f);
        fixture_restart(f, false);
        fixture_assert_exact(f);
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->maria.owner).used_bytes, ==, 0);
}

static void nothing_is_moved_where_no_path_leads(Fixture *f, gconstpointer data) {
        _cleanup_(bh_entry_clear) BhEntry entry = {}, other = {};
        g_autoptr(GString) deep = g_string_new("a");

        for (int i = 1; i < 40; i++)
                g_string_append(deep, "/a");
        assert_ok(bh_files_create_folder(f->files, &f->alex, deep->str, true, &entry));
        deep->str[0] = 'b';
        assert_ok(bh_files_create_folder(f->files, &f->alex, deep->str, true, &other));
        assert_error(fixture_move(f, &f->alex, "a", deep->str), EILSEQ);
        assert_ok(fixture_stat(f, &f->alex, "a/a"));
}

static void etags_tell_versions_apart(Fixture *f, gconstpointer data) {
        _cleanup_(bh_entry_clear) BhEntry first = {}, second = {}, third = {};
        const BhUploadOptions overwrite = {
                .size = 5, .overwrite = true, .has_modified_usec = true, .modified_usec = 1000000};

        assert_ok(fixture_put_with(f, &f->alex, "a", "12345", &overwrite));
        assert_ok(bh_files_stat(f->files, &f->alex, "a", &first));
        assert_ok(bh_files_stat(f->files, &f->alex, "a", &second));
        g_assert_cmpstr(first.etag, ==, second.etag);
        g_assert_cmpint(first.modified_usec, ==, 1000000);
        assert_ok(fixture_put_with(f, &f->alex, "a", "54321", &overwrite)); /* same size, same time */
        assert_ok(bh_files_stat(f->files, &f->alex, "a", &third));
        g_assert_cmpstr(first.etag, !=, third.etag);
        g_assert_null(strchr(first.etag, '"'));
}

static void opening_refuses_folders_and_lists_refuse_files(Fixture *f, gconstpointer data) {
        _cleanup_(bh_entry_clear) BhEntry entry = {};
        BhList list;

        assert_error(bh_files_open_file(f->files, &f->alex, "", true, &entry), EISDIR);
        assert_ok(fixture_put(f, &f->alex, "a", ""));
        assert_error(bh_files_list(f->files, &f->alex, "a", &(BhListOptions){.limit = 1}, &list), ENOTDIR);
        assert_error(bh_files_list(f->files, &f->alex, "a/b", &(BhListOptions){.limit = 1}, &list), ENOENT);
        assert_error(bh_files_list(f->files, &f->alex, "missing", &(BhListOptions){.limit = 1}, &list), ENOENT);
        assert_error(bh_files_list(f->files, &f->alex, "", &(BhListOptions){.limit = 0}, &list), EINVAL);
        assert_error(bh_files_list(f->files, &f->alex, "", &(BhListOptions){.limit = 5001}, &list), EINVAL);
        assert_error(bh_files_open_file(f->files, &f->maria, "a", true, &entry), EACCES);
}

static void opened_files_cannot_be_written(Fixture *f, gconstpointer data) {
        _cleanup_(bh_entry_clear) BhEntry entry = {};

        assert_ok(fixture_put(f, &f->alex, "a", "text"));
        _cleanup_(bh_closep) int fd = bh_files_open_file(f->files, &f->alex, "a", false, &entry);
        assert_ok(fd);
        g_assert_cmpint(fcntl(fd, F_GETFL) & O_ACCMODE, ==, O_RDONLY);
        g_assert_cmpint(write(fd, "x", 1), ==, -1);
        g_assert_cmpint(fixture_audits(f, "download", 0), ==, 0);
}

/* A flood of refusals does not fill the audit trail, nor the disk that it is on. */
static void refusals_of_one_account_are_recorded_so_often(Fixture *f, gconstpointer data) {
        assert_ok(fixture_put(f, &f->alex, "a", ""));
        for (int i = 0; i < 1000; i++)
                assert_error(fixture_stat(f, &f->maria, "a"), EACCES);
        g_assert_cmpint(fixture_audits(f, "stat", EACCES), >=, 200);
        g_assert_cmpint(fixture_audits(f, "stat", EACCES), <, 300);
        assert_error(fixture_delete(f, &f->nobody, "a"), EACCES); /* another's are not lost for it */
        g_assert_cmpint(fixture_audits(f, "delete", EACCES), ==, 1);
}

static void access_is_explained(Fixture *f, gconstpointer data) {
        static const struct {
                const char *path, *rule;
                bool may_view, may_change, may_add;
        } cases[] = {
                {"", "root-folder", true, false, true},
                {"alex", "owner", true, true, true},
                {"alex/inherited", "inherited-owner", true, true, false},
                {"maria", "other-owner", false, false, false},
                {"maria/file", "hidden-by-folder", false, false, false},
                {"maria/missing", "hidden-by-folder", false, false, false},
                {"unowned", "no-owner", true, false, false},
                {"missing", "not-found", false, false, false},
                {".baluhost", "not-found", false, false, false},
        };
        g_autofree char *inherited = fixture_disk(f, "alex/inherited");
        BhAccess access = {};

        assert_ok(fixture_mkdir(f, &f->alex, "alex"));
        g_assert_true(g_file_set_contents(inherited, "1", -1, NULL));
        assert_ok(fixture_mkdir(f, &f->maria, "maria"));
        assert_ok(fixture_put(f, &f->maria, "maria/file", "1"));
        assert_ok(fixture_mkdir(f, &f->peer, "unowned"));
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                for (int as_admin = 0; as_admin < 2; as_admin++) {
                        assert_ok(bh_files_explain_access(f->files, as_admin ? &f->admin : &f->alex, as_admin ? 2 : 0,
                                                          cases[i].path, &access));
                        g_assert_cmpstr(access.rule, ==, cases[i].rule);
                        g_assert_cmpint(access.may_view, ==, cases[i].may_view);
                        g_assert_cmpint(access.may_change, ==, cases[i].may_change);
                        g_assert_cmpint(access.may_add, ==, cases[i].may_add);
                        g_assert_nonnull(strstr(access.explanation, "alex") ?: strstr(access.explanation, "nobody"));
                        bh_access_clear(&access);
                }
        }
        assert_ok(bh_files_explain_access(f->files, &f->admin, 0, "maria/file", &access));
        g_assert_cmpstr(access.rule, ==, "administrator");
        g_assert_true(access.may_view && access.may_change && !access.may_add);
        bh_access_clear(&access);
        f->alex_account->is_active = false;
        assert_ok(bh_files_explain_access(f->files, &f->admin, 2, "alex", &access));
        g_assert_cmpstr(access.rule, ==, "user-disabled");
        g_assert_false(access.may_view);
        bh_access_clear(&access);
        assert_error(bh_files_explain_access(f->files, &f->alex, 3, "alex", &access), EPERM);
        assert_error(bh_files_explain_access(f->files, &f->admin, 77, "alex", &access), ENOENT);
        assert_error(bh_files_explain_access(f->files, &f->alex, 0, "../x", &access), EXDEV);
        assert_error(bh_files_explain_access(f->files, &f->alex, 0, "x//y", &access), EILSEQ);
}

static void seeds_belong_to_nobody_and_are_made_once(Fixture *f, gconstpointer data) {
        assert_ok(bh_files_seed(f->files));
        assert_ok(bh_files_seed(f->files));
        g_assert_cmpstr(fixture_owner(f, "Demo/Documents/welcome.txt"), ==, "");
        g_assert_cmpstr(fixture_owner(f, "Demo/Media/readme.md"), ==, "");
        assert_ok(fixture_stat(f, &f->alex, "Notes.txt"));
        fixture_assert_exact(f);
}

static void storage_without_what_it_needs_is_refused(void) {
        const BhFilesConfig missing = {.root = "/nonexistent/storage"}, file = {.root = "/etc/passwd"},
                            proc = {.root = "/proc"};
        BhFiles *files;
        char *reason = NULL;

        assert_error(bh_files_open(&files, &missing, NULL, NULL, &reason), ENOENT);
        g_assert_nonnull(strstr(reason, "/nonexistent/storage"));
        g_clear_pointer(&reason, g_free);
        assert_error(bh_files_open(&files, &file, NULL, NULL, &reason), ENOTDIR);
        g_clear_pointer(&reason, g_free);
        assert_error(bh_files_open(&files, &proc, NULL, NULL, &reason), ENOENT);
        g_clear_pointer(&reason, g_free);
}

static void second_service_is_refused(Fixture *f, gconstpointer data) {
        const BhFilesConfig config = {.root = f->root};
        g_autofree char *reason = NULL;
        BhFiles *files;

        assert_error(bh_files_open(&files, &config, f->database, f->accounts, &reason), EBUSY);
        g_assert_nonnull(strstr(reason, "another service"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(function) FIXTURE_TEST("/files/" #function, function)
        ADD(what_is_uploaded_is_read_back);
        ADD(others_files_are_not_permitted_and_what_is_in_their_folders_not_found);
        ADD(what_belongs_to_nobody_is_seen_by_all_and_changed_by_administrators);
        ADD(marks_of_unknown_accounts_are_for_administrators);
        ADD(special_files_are_not_there_and_links_lead_outside);
        ADD(reserved_directory_is_invisible);
        ADD(folders_are_made_one_at_a_time_or_with_parents);
        ADD(renaming_never_replaces);
        ADD(moving_goes_into_folders_or_to_new_names);
        ADD(owners_stay_when_something_is_moved);
        ADD(nothing_is_moved_where_no_path_leads);
        ADD(etags_tell_versions_apart);
        ADD(opening_refuses_folders_and_lists_refuse_files);
        ADD(opened_files_cannot_be_written);
        ADD(refusals_of_one_account_are_recorded_so_often);
        ADD(access_is_explained);
        ADD(seeds_belong_to_nobody_and_are_made_once);
        ADD(second_service_is_refused);
        g_test_add_func("/files/storage_without_what_it_needs_is_refused", storage_without_what_it_needs_is_refused);
        return g_test_run();
}
