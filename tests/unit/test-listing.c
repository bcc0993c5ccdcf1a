/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files-fixture.h"
#include "macro.h"

static void touch(Fixture *f, const char *path, size_t size, time_t modified) {
        g_autofree char *disk = fixture_disk(f, path), *text = g_strnfill(size, 'x');
        const struct timespec times[2] = {{.tv_sec = modified}, {.tv_sec = modified}};

        g_assert_true(g_file_set_contents(disk, text, (gssize)size, NULL));
        g_assert_cmpint(utimensat(AT_FDCWD, disk, times, 0), ==, 0);
}

static void folder(Fixture *f, const char *path) {
        g_autofree char *disk = fixture_disk(f, path);

        g_assert_cmpint(mkdir(disk, 0770), ==, 0);
}

/* Names of all pages, separated by blanks; pages of limit entries. */
static char *names(Fixture *f, const BhCaller *caller, const char *path, uint32_t limit, BhSort sort, bool descending) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree char *cursor = NULL;
        uint64_t total = 0, n = 0;

        do {
                _cleanup_(bh_list_clear) BhList list = {};
                const BhListOptions options = {
                        .limit = limit, .cursor = cursor, .sort = sort, .descending = descending};

                assert_ok(bh_files_list(f->files, caller, path, &options, &list));
                g_assert_cmpuint(list.n_entries, <=, limit);
                for (size_t i = 0; i < list.n_entries; i++)
                        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", list.entries[i].name);
                n += list.n_entries;
                total = list.total;
                g_free(cursor);
                cursor = g_strdup(list.next_cursor);
        } while (cursor[0]);
        g_assert_cmpuint(n, ==, total);
        return g_string_free(g_steal_pointer(&text), FALSE);
}

static void assert_names(Fixture *f, const BhCaller *caller, BhSort sort, bool descending, const char *expected) {
        for (uint32_t limit = 1; limit < 8; limit++) {
                g_autofree char *found = names(f, caller, "", limit, sort, descending);
                g_assert_cmpstr(found, ==, expected);
        }
}

static void folders_come_first_and_names_are_compared_without_case(Fixture *f, gconstpointer data) {
        folder(f, "zoo");
        folder(f, "Alps");
        touch(f, "b", 3, 300);
        touch(f, "A", 2, 100);
        touch(f, "a", 1, 200);
        touch(f, "Äpfel", 2, 400);
        assert_names(f, &f->admin, BH_SORT_NAME, false, "Alps zoo A a b Äpfel");
        assert_names(f, &f->admin, BH_SORT_NAME, true, "zoo Alps Äpfel b a A");
        assert_names(f, &f->admin, BH_SORT_SIZE, false, "Alps zoo a A Äpfel b");
        assert_names(f, &f->admin, BH_SORT_SIZE, true, "zoo Alps b Äpfel A a");
        g_autofree char *modified = names(f, &f->alex, "", 2, BH_SORT_MODIFIED, true);
        g_assert_true(g_str_has_suffix(modified, "Äpfel b a A"));
}

static void entries_say_what_they_are(Fixture *f, gconstpointer data) {
        _cleanup_(bh_list_clear) BhList list = {};

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_put(f, &f->alex, "a", "12345"));
        touch(f, "n", 3, 5);
        assert_ok(bh_files_list(f->files, &f->alex, "", &(BhListOptions){.limit = 10}, &list));
        g_assert_cmpuint(list.n_entries, ==, 3);
        g_assert_true(list.entries[0].is_directory && list.entries[0].is_writable);
        g_assert_cmpuint(list.entries[0].size, ==, 0);
        g_assert_cmpstr(list.entries[0].etag, ==, "");
        g_assert_cmpuint(list.entries[1].size, ==, 5);
        g_assert_cmpuint(list.entries[1].owner_id, ==, 2);
        g_assert_cmpuint(list.entries[2].owner_id, ==, 0);
        g_assert_false(list.entries[2].is_writable);
        g_assert_cmpint(list.entries[2].modified_usec, ==, 5000000);
        _cleanup_(bh_entry_clear) BhEntry entry = {};
        assert_ok(bh_files_stat(f->files, &f->alex, "a", &entry));
        g_assert_cmpstr(entry.etag, ==, list.entries[1].etag);
}

static void what_may_not_be_viewed_is_left_out_and_not_counted(Fixture *f, gconstpointer data) {
        assert_ok(fixture_put(f, &f->alex, "a", ""));
        assert_ok(fixture_put(f, &f->maria, "m", ""));
        assert_ok(fixture_mkdir(f, &f->maria, "md"));
        touch(f, "n", 0, 1);
        for (int i = 0; i < 2; i++) { /* read, and remembered */
                assert_names(f, &f->alex, BH_SORT_NAME, false, "a n");
                assert_names(f, &f->maria, BH_SORT_NAME, false, "md m n");
                assert_names(f, &f->admin, BH_SORT_NAME, false, "md a m n");
                g_usleep(60000); /* listings are kept when the directory has been left alone for a while */
        }
        /* An owner that changes behind the service's back is noticed when the entry is served. */
        g_autofree char *disk = fixture_disk(f, "a"),
                        *command = g_strdup_printf("setfattr -n user.baluhost.owner -v %s %s", f->maria.owner, disk);
        g_assert_cmpint(system(command), ==, 0);
        _cleanup_(bh_list_clear) BhList list = {};
        assert_ok(bh_files_list(f->files, &f->alex, "", &(BhListOptions){.limit = 10}, &list));
        g_assert_cmpuint(list.n_entries, ==, 1);
        g_assert_cmpstr(list.entries[0].name, ==, "n");
}

static void names_that_no_path_can_have_are_not_listed(Fixture *f, gconstpointer data) {
        touch(f, "bad\xff", 0, 1);
        touch(f, "bad\n", 0, 1);
        touch(f, "good", 0, 1);
        assert_names(f, &f->admin, BH_SORT_NAME, false, "good");
}

static void pages_go_on_where_the_last_ended_whatever_changes(Fixture *f, gconstpointer data) {
        _cleanup_(bh_list_clear) BhList first = {}, second = {};
        BhListOptions options = {.limit = 2};

        for (char name[] = "a"; name[0] <= 'f'; name[0]++)
                touch(f, name, 0, 1);
        assert_ok(bh_files_list(f->files, &f->admin, "", &options, &first));
        assert_ok(fixture_delete(f, &f->admin, "b")); /* where the page ended */
        assert_ok(fixture_delete(f, &f->admin, "c"));
        assert_ok(fixture_put(f, &f->admin, "aa", "")); /* before */
        assert_ok(fixture_put(f, &f->admin, "bb", "")); /* behind */
        options.cursor = first.next_cursor;
        assert_ok(bh_files_list(f->files, &f->admin, "", &options, &second));
        g_assert_cmpuint(second.n_entries, ==, 2);
        g_assert_cmpstr(second.entries[0].name, ==, "bb");
        g_assert_cmpstr(second.entries[1].name, ==, "d");
}

static void cursors_that_were_not_given_out_are_refused(Fixture *f, gconstpointer data) {
        static const char *const cursors[] = {
                "x",
                "====",
                "AAAA",
                "bmFm",
                "bmFmMDAwMDAwMDAwMDAwMDAwMA==", /* without a name */
                "bmFmMDAwMDAwMDAwMDAwMDAwMGE= ",
                "bmFmMDAwMDAwMDAwMDAwMDAwMC4u", /* ".." */
                "eGFmMDAwMDAwMDAwMDAwMDAwMGE=",
                "bmFmMDAwMDAwMDAwMDAwMDAwZ2E=",
                "bmFmMDAwMDAwMDAwMDAwMDAwMAph",
        };
        BhList list;

        touch(f, "a", 0, 1);
        touch(f, "b", 0, 1);
        for (size_t i = 0; i < G_N_ELEMENTS(cursors); i++)
                assert_error(bh_files_list(f->files, &f->admin, "", &(BhListOptions){.limit = 1, .cursor = cursors[i]},
                                           &list),
                             EINVAL);
        g_autofree char *huge = g_strnfill(100000, 'A');
        assert_error(bh_files_list(f->files, &f->admin, "", &(BhListOptions){.limit = 1, .cursor = huge}, &list),
                     EINVAL);

        /* Of another order: */
        assert_ok(bh_files_list(f->files, &f->admin, "", &(BhListOptions){.limit = 1}, &list));
        g_autofree char *cursor = g_strdup(list.next_cursor);
        bh_list_clear(&list);
        assert_error(bh_files_list(f->files, &f->admin, "",
                                   &(BhListOptions){.limit = 1, .cursor = cursor, .descending = true}, &list),
                     EINVAL);
        assert_error(bh_files_list(f->files, &f->admin, "",
                                   &(BhListOptions){.limit = 1, .cursor = cursor, .sort = BH_SORT_SIZE}, &list),
                     EINVAL);
}

static void cursors_come_back_as_they_were(void) {
        BhCursor parsed = {};
        g_autofree char *name = g_strnfill(255, 'n');

        for (int i = 0; i < 12; i++) {
                BhCursor cursor = {.sort = (BhSort)(i % 3),
                                   .descending = i & 1,
                                   .is_directory = i & 2,
                                   .value = i % 2 ? -i : INT64_MAX - i};

                g_strlcpy(cursor.name, i % 2 ? "ü" : name, sizeof(cursor.name));
                g_autofree char *text = bh_cursor_format(&cursor);
                assert_ok(bh_cursor_parse(&parsed, text));
                g_assert_cmpint(parsed.sort, ==, cursor.sort);
                g_assert_cmpint(parsed.descending, ==, cursor.descending);
                g_assert_cmpint(parsed.is_directory, ==, cursor.is_directory);
                g_assert_cmpint(parsed.value, ==, cursor.value);
                g_assert_cmpstr(parsed.name, ==, cursor.name);
        }
}

/* 20,000 entries in pages of 100: a directory that is read again for each page would take minutes. */
static void large_folders_are_read_once(Fixture *f, gconstpointer data) {
        const unsigned n_entries = g_test_slow() ? 100000 : 20000;

        folder(f, "large");
        for (unsigned i = 0; i < n_entries; i++) {
                g_autofree char *path = g_strdup_printf("large/%05u", i), *disk = fixture_disk(f, path);
                int fd = open(disk, O_WRONLY | O_CREAT | O_CLOEXEC, 0660);

                assert_ok(fd);
                close(fd);
        }
        g_usleep(60000);
        for (int round = 0; round < 2; round++) {
                const BhCaller *caller = round == 0 ? &f->admin : &f->alex;
                int64_t start = g_get_monotonic_time();
                g_autofree char *all = names(f, caller, "large", 100, BH_SORT_NAME, false);

                g_assert_cmpuint(strlen(all), ==, n_entries * 6 - 1);
                g_test_message("%u entries as %s: %.1f ms", n_entries, caller->username,
                               (double)(g_get_monotonic_time() - start) / 1000);
                g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
        }
        g_assert_cmpuint(f->files->listings != NULL, ==, 1);
}

static void a_thousand_entries_are_listed_quickly(Fixture *f, gconstpointer data) {
        int64_t best = INT64_MAX;

        folder(f, "d");
        for (unsigned i = 0; i < 1000; i++) {
                g_autofree char *path = g_strdup_printf("d/%04u", i);
                touch(f, path, 0, i);
        }
        g_usleep(60000);
        for (int i = 0; i < 20; i++) {
                _cleanup_(bh_list_clear) BhList list = {};
                int64_t start = g_get_monotonic_time();

                assert_ok(bh_files_list(f->files, &f->alex, "d", &(BhListOptions){.limit = 1000}, &list));
                g_assert_cmpuint(list.n_entries, ==, 1000);
                int64_t took = g_get_monotonic_time() - start;
                if (i == 0)
                        g_test_message("first: %.2f ms", (double)took / 1000);
                best = MIN(best, took);
        }
        g_test_message("best: %.2f ms", (double)best / 1000);
        g_assert_cmpint(best, <, 50000);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(function) FIXTURE_TEST("/listing/" #function, function)
        ADD(folders_come_first_and_names_are_compared_without_case);
        ADD(entries_say_what_they_are);
        ADD(what_may_not_be_viewed_is_left_out_and_not_counted);
        ADD(names_that_no_path_can_have_are_not_listed);
        ADD(pages_go_on_where_the_last_ended_whatever_changes);
        ADD(cursors_that_were_not_given_out_are_refused);
        g_test_add_func("/listing/cursors_come_back_as_they_were", cursors_come_back_as_they_were);
        ADD(large_folders_are_read_once);
        ADD(a_thousand_entries_are_listed_quickly);
        return g_test_run();
}
