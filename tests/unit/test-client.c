/* SPDX-License-Identifier: MIT */
/* What the desktop app knows without a display and without a service. */

#include "account-rules.h"
#include "bus-error.h"
#include "copy-loop.h"
#include "file-item.h"
#include "file-merge.h"
#include "format.h"
#include "local-tree.h"
#include "remote-tree.h"
#include "undo-stack.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void paths_are_taken_apart_and_put_together(void) {
        g_autofree char *root = bh_path_join("", "a"), *deep = bh_path_join("a/b", "c"),
                        *parent = bh_path_parent("a/b/c"), *top = bh_path_parent("a");

        g_assert_cmpstr(root, ==, "a");
        g_assert_cmpstr(deep, ==, "a/b/c");
        g_assert_cmpstr(parent, ==, "a/b");
        g_assert_cmpstr(top, ==, "");
        g_assert_cmpstr(bh_path_name("a/b/c"), ==, "c");
        g_assert_cmpstr(bh_path_name("c"), ==, "c");
}

static void a_taken_name_gets_a_number_before_its_ending(void) {
        const char *const names[][2] = {
                {"photo.jpg", "photo (2).jpg"}, {"photo", "photo (2)"},         {"a.tar.gz", "a.tar (2).gz"},
                {".profile", ".profile (2)"},   {"Grüße.txt", "Grüße (2).txt"},
        };

        for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *numbered = bh_path_numbered(names[i][0], 2);

                g_assert_cmpstr(numbered, ==, names[i][1]);
        }
}

static void moments_are_short_when_they_are_near(void) {
        g_autofree char *never = bh_format_moment(0), *now = bh_format_moment(g_get_real_time()),
                        *old = bh_format_moment(G_GINT64_CONSTANT(946684800) * G_USEC_PER_SEC);

        g_assert_cmpstr(never, ==, "");
        g_assert_cmpuint(strlen(now), ==, strlen("14:05"));
        g_assert_nonnull(strstr(old, "2000"));
}

static void errors_of_the_service_are_told_in_its_words(void) {
        g_autoptr(GError) error = g_dbus_error_new_for_dbus_error(BH_ERROR_PREFIX "Exists", "“a” exists already");
        g_autoptr(GError) gone =
                g_dbus_error_new_for_dbus_error("org.freedesktop.DBus.Error.NoReply", "Message recipient disconnected");
        g_autofree char *message = bh_bus_error_message(error);

        g_assert_true(bh_bus_error_is(error, BH_BUS_ERROR_Exists));
        g_assert_false(bh_bus_error_is(error, BH_BUS_ERROR_NotFound));
        g_assert_false(bh_bus_error_is(NULL, BH_BUS_ERROR_Exists));
        g_assert_cmpstr(message, ==, "“a” exists already");
        g_assert_false(bh_bus_error_is_disconnect(error));
        g_assert_true(bh_bus_error_is_disconnect(gone));
}

static void only_the_newest_changes_can_be_undone(void) {
        g_autoptr(BhUndoStack) stack = bh_undo_stack_new();
        guint first = 0, last = 0;

        g_assert_false(bh_undo_stack_can_undo(stack));
        for (guint i = 0; i < BH_UNDO_DEPTH + 1; i++) {
                g_autoptr(BhOperation) inverse = bh_operation_new(BH_OPERATION_RESTORE);

                last = bh_undo_stack_push(stack, inverse);
                first = i == 0 ? last : first;
        }
        g_assert_null(bh_undo_stack_take(stack, first));
        g_assert_true(bh_undo_stack_can_undo(stack));
        for (guint i = 0; i < BH_UNDO_DEPTH; i++) {
                /* One from the middle by its number, the others from the newest on. */
                g_autoptr(BhOperation) taken = bh_undo_stack_take(stack, i == 0 ? last - 3 : 0);

                g_assert_nonnull(taken);
        }
        g_assert_false(bh_undo_stack_can_undo(stack));
        g_assert_null(bh_undo_stack_take(stack, 0));
}

static void names_that_lead_out_of_a_folder_are_refused(void) {
        g_assert_true(bh_remote_name_is_safe("a"));
        g_assert_true(bh_remote_name_is_safe("..a"));
        g_assert_false(bh_remote_name_is_safe(""));
        g_assert_false(bh_remote_name_is_safe("."));
        g_assert_false(bh_remote_name_is_safe(".."));
        g_assert_false(bh_remote_name_is_safe("a/b"));
        g_assert_false(bh_remote_name_is_safe("/etc/passwd"));
}

static void what_is_wrong_with_an_account_is_told_as_one_types(void) {
        g_autofree char *long_text = g_strnfill(1025, 'a');

        g_assert_null(bh_account_name_problem("anna.b-c_1"));
        g_assert_nonnull(bh_account_name_problem(""));
        g_assert_nonnull(bh_account_name_problem(".anna"));
        g_assert_nonnull(bh_account_name_problem("an na"));
        g_assert_nonnull(bh_account_name_problem("änna"));
        g_assert_nonnull(bh_account_name_problem(long_text));
        g_assert_null(bh_account_email_problem(""));
        g_assert_null(bh_account_email_problem("a@b"));
        g_assert_nonnull(bh_account_email_problem("a@"));
        g_assert_nonnull(bh_account_email_problem("@b"));
        g_assert_nonnull(bh_account_email_problem("a b@c"));
        g_assert_null(bh_account_password_problem("12345678"));
        g_assert_nonnull(bh_account_password_problem("1234567"));
        g_assert_nonnull(bh_account_password_problem(long_text));
}

/* --- A folder that is looked at again --------------------------------------------------------------------------------- */

/* Each word is a file, "name" or "name:etag". */
static GPtrArray *items_of(const char *words) {
        g_auto(GStrv) list = g_strsplit(words, " ", -1);
        GPtrArray *items = g_ptr_array_new_with_free_func(g_object_unref);
        GRefString *folder = g_ref_string_new_intern("folder");

        for (guint i = 0; list[i]; i++) {
                g_auto(GStrv) parts = g_strsplit(list[i], ":", 2);
                g_autoptr(GVariant) entry = NULL;

                if (!*list[i])
                        continue;
                entry = g_variant_ref_sink(g_variant_new("(sstxtsb)", parts[0], "file", (guint64)1, (gint64)1,
                                                         (guint64)1, parts[1] ? parts[1] : "old", TRUE));
                g_ptr_array_add(items, bh_file_item_new(folder, entry));
        }
        g_ref_string_release(folder);
        return items;
}

typedef struct {
        GPtrArray *mirror; /* what a view has that only knows the announcements */
        GPtrArray *items;
        GString *runs;
        guint n_runs;
} Watch;

static void on_merge(guint position, guint removed, guint added, gpointer user_data) {
        Watch *watch = user_data;

        if (removed > 0)
                g_ptr_array_remove_range(watch->mirror, position, removed);
        for (guint i = 0; i < added; i++)
                g_ptr_array_insert(watch->mirror, (gint)(position + i), watch->items->pdata[position + i]);
        g_assert_cmpmem(watch->mirror->pdata, watch->mirror->len * sizeof(gpointer), watch->items->pdata,
                        watch->items->len * sizeof(gpointer));
        g_string_append_printf(watch->runs, "%u-%u+%u ", position, removed, added);
        watch->n_runs++;
}

/* Merges, checks the result, and that every unchanged item kept its object. Returns the runs. */
static char *merge(const char *before, const char *after, guint *n_runs) {
        g_autoptr(GPtrArray) items = items_of(before), fresh = items_of(after), expected = items_of(after),
                             mirror = g_ptr_array_new();
        g_autoptr(GHashTable) old = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_object_unref);
        Watch watch = {mirror, items, g_string_new(NULL), 0};

        for (guint i = 0; i < items->len; i++) {
                g_ptr_array_add(mirror, items->pdata[i]);
                g_hash_table_insert(old, (gpointer)bh_file_item_get_name(items->pdata[i]),
                                    g_object_ref(items->pdata[i]));
        }
        bh_file_merge(items, fresh, on_merge, &watch);
        g_assert_cmpuint(items->len, ==, expected->len);
        for (guint i = 0; i < items->len; i++) {
                BhFileItem *was = g_hash_table_lookup(old, bh_file_item_get_name(items->pdata[i]));

                g_assert_true(bh_file_item_equal(items->pdata[i], expected->pdata[i]));
                if (was && bh_file_item_equal(was, expected->pdata[i]))
                        g_assert_true(items->pdata[i] == was);
        }
        g_assert_cmpmem(mirror->pdata, mirror->len * sizeof(gpointer), items->pdata, items->len * sizeof(gpointer));
        if (n_runs)
                *n_runs = watch.n_runs;
        return g_string_free(watch.runs, FALSE);
}

static void only_what_changed_in_a_folder_is_replaced(void) {
        const struct {
                const char *before, *after, *runs;
        } cases[] = {
                {"a b c", "a b c", ""},
                {"", "a b", "0-0+2 "},
                {"a b", "", "0-2+0 "},
                {"a b c d e", "a:new b c d e:new", "0-1+1 4-1+1 "}, /* two changes, far apart */
                {"a b c d e", "b c x d", "0-1+0 2-0+1 4-1+0 "},
                {"b d", "a b c d e", "0-0+1 2-0+1 4-0+1 "},
                {"a b c d e f", "a c:new d f", "1-2+1 3-1+0 "},
                {"a a2 b", "a b", "1-1+0 "},
                {"a b c", "x y z", "0-3+3 "},
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *runs = merge(cases[i].before, cases[i].after, NULL);

                g_assert_cmpstr(runs, ==, cases[i].runs);
        }
}

static void items_that_changed_places_are_merged_too(void) {
        g_autoptr(GPtrArray) items = items_of("a b c d"), fresh = items_of("c a d b"), mirror = g_ptr_array_new();
        Watch watch = {mirror, items, g_string_new(NULL), 0};
        const char *const expected[] = {"c", "a", "d", "b"};

        for (guint i = 0; i < items->len; i++)
                g_ptr_array_add(mirror, items->pdata[i]);
        bh_file_merge(items, fresh, on_merge, &watch);
        g_string_free(watch.runs, TRUE);
        g_assert_cmpuint(items->len, ==, 4);
        for (guint i = 0; i < 4; i++)
                g_assert_cmpstr(bh_file_item_get_name(items->pdata[i]), ==, expected[i]);
}

static void very_many_changes_are_announced_in_few_runs(void) {
        g_autoptr(GString) before = g_string_new(NULL), after = g_string_new(NULL);
        g_autofree char *runs = NULL;
        guint n_runs;

        for (guint i = 0; i < 2001; i++) {
                g_string_append_printf(before, "%05u ", i);
                g_string_append_printf(after, "%05u%s ", i, i % 2 ? ":new" : "");
        }
        runs = merge(before->str, after->str, &n_runs);
        g_assert_cmpuint(n_runs, ==, BH_FILE_MERGE_RUNS);
        g_assert_true(g_str_has_suffix(runs, " 397-1+1 399-1601+1601 "));
}

/* --- Files of this computer -------------------------------------------------------------------------------------------- */

static void count_bytes(guint64 bytes, gpointer user_data) {
        *(guint64 *)user_data += bytes;
}

static void copying_ends_with_the_content(void) {
        g_autofree char *from = NULL, *to = NULL, *copy = NULL;
        g_autofree guint8 *content = g_malloc(1000003);
        g_autoptr(GError) error = NULL;
        guint64 n = 0, counted = 0;
        gsize length;
        int source = g_file_open_tmp("client-XXXXXX", &from, NULL),
            target = g_file_open_tmp("client-XXXXXX", &to, NULL);

        for (gsize i = 0; i < 1000003; i++)
                content[i] = (guint8)(i * 31 % 251);
        g_assert_cmpint(write(source, content, 1000003), ==, 1000003);
        g_assert_cmpint(lseek(source, 0, SEEK_SET), ==, 0);
        g_assert_true(bh_copy_content(source, target, &n, NULL, count_bytes, &counted, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(n, ==, 1000003);
        g_assert_cmpuint(counted, ==, n);
        g_assert_true(g_file_get_contents(to, &copy, &length, NULL));
        g_assert_cmpmem(copy, length, content, 1000003);
        close(source);
        close(target);
        g_unlink(from);
        g_unlink(to);
}

static void copying_works_where_the_kernel_cannot_and_through_pipes(void) {
        g_autofree char *expected = NULL;
        char got[4096];
        int source = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC), ends[2];
        guint64 n = 0;
        gsize length;

        g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
        g_assert_true(bh_copy_content(source, ends[1], &n, NULL, NULL, NULL, NULL));
        g_assert_true(g_file_get_contents("/proc/self/cmdline", &expected, &length, NULL));
        g_assert_cmpuint(n, ==, length);
        g_assert_cmpint(read(ends[0], got, sizeof got), ==, (gssize)length);
        g_assert_cmpmem(got, length, expected, length);
        close(source);
        close(ends[0]);
        close(ends[1]);
}

static void copying_says_why_it_failed(void) {
        int source = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC), full = open("/dev/full", O_WRONLY | O_CLOEXEC);
        g_autoptr(GCancellable) cancelled = g_cancellable_new();
        g_autoptr(GError) error = NULL, stopped = NULL;

        g_assert_false(bh_copy_content(source, full, NULL, NULL, NULL, NULL, &error));
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
        g_cancellable_cancel(cancelled);
        g_assert_false(bh_copy_content(source, full, NULL, cancelled, NULL, NULL, &stopped));
        g_assert_error(stopped, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        close(source);
        close(full);
}

static void remember_failure(const char *local, const GError *error, gpointer user_data) {
        g_autofree char *name = g_path_get_basename(local);

        g_ptr_array_add(user_data, g_strdup_printf("%s %d", name, error->code));
}

static int by_remote(gconstpointer a, gconstpointer b) {
        return strcmp((*(BhLocalEntry *const *)a)->remote, (*(BhLocalEntry *const *)b)->remote);
}

static void a_tree_is_collected_without_links_and_special_files(void) {
        g_autofree char *root = g_dir_make_tmp("client-XXXXXX", NULL);
        g_autofree char *inner = g_build_filename(root, "inner", NULL), *file = g_build_filename(inner, "file", NULL),
                        *link = g_build_filename(root, "link", NULL), *fifo = g_build_filename(root, "fifo", NULL);
        g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)bh_local_entry_free);
        g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
        const char *const expected[] = {"target", "target/inner", "target/inner/file"};

        g_assert_cmpint(g_mkdir(inner, 0700), ==, 0);
        g_assert_true(g_file_set_contents(file, "12345", -1, NULL));
        g_assert_cmpint(symlink("/etc", link), ==, 0);
        g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);

        g_assert_true(bh_local_tree_collect(entries, root, "target", NULL, remember_failure, failures, NULL));
        g_assert_cmpuint(failures->len, ==, 2);
        g_assert_cmpuint(entries->len, ==, G_N_ELEMENTS(expected));
        g_assert_true(((BhLocalEntry *)entries->pdata[0])->is_folder); /* a folder before what is in it */
        g_ptr_array_sort(entries, by_remote);
        for (guint i = 0; i < entries->len; i++)
                g_assert_cmpstr(((BhLocalEntry *)entries->pdata[i])->remote, ==, expected[i]);
        g_assert_cmpuint(((BhLocalEntry *)entries->pdata[2])->size, ==, 5);

        g_unlink(fifo);
        g_unlink(link);
        g_unlink(file);
        g_rmdir(inner);
        g_rmdir(root);
}

static void what_is_not_there_is_a_failure_and_not_the_end(void) {
        g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)bh_local_entry_free);
        g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);

        g_assert_true(
                bh_local_tree_collect(entries, "/nonexistent/thing", "thing", NULL, remember_failure, failures, NULL));
        g_assert_cmpuint(entries->len, ==, 0);
        g_assert_cmpuint(failures->len, ==, 1);
}

int main(int argc, char **argv) {
        const struct {
                const char *name;
                void (*test)(void);
        } tests[] = {
                {"/client/paths_are_taken_apart_and_put_together", paths_are_taken_apart_and_put_together},
                {"/client/a_taken_name_gets_a_number_before_its_ending", a_taken_name_gets_a_number_before_its_ending},
                {"/client/moments_are_short_when_they_are_near", moments_are_short_when_they_are_near},
                {"/client/errors_of_the_service_are_told_in_its_words", errors_of_the_service_are_told_in_its_words},
                {"/client/only_the_newest_changes_can_be_undone", only_the_newest_changes_can_be_undone},
                {"/client/names_that_lead_out_of_a_folder_are_refused", names_that_lead_out_of_a_folder_are_refused},
                {"/client/what_is_wrong_with_an_account_is_told_as_one_types",
                 what_is_wrong_with_an_account_is_told_as_one_types},
                {"/client/only_what_changed_in_a_folder_is_replaced", only_what_changed_in_a_folder_is_replaced},
                {"/client/items_that_changed_places_are_merged_too", items_that_changed_places_are_merged_too},
                {"/client/very_many_changes_are_announced_in_few_runs", very_many_changes_are_announced_in_few_runs},
                {"/client/copying_ends_with_the_content", copying_ends_with_the_content},
                {"/client/copying_works_where_the_kernel_cannot_and_through_pipes",
                 copying_works_where_the_kernel_cannot_and_through_pipes},
                {"/client/copying_says_why_it_failed", copying_says_why_it_failed},
                {"/client/a_tree_is_collected_without_links_and_special_files",
                 a_tree_is_collected_without_links_and_special_files},
                {"/client/what_is_not_there_is_a_failure_and_not_the_end",
                 what_is_not_there_is_a_failure_and_not_the_end},
        };

        g_test_init(&argc, &argv, NULL);
        bh_bus_error_quark();
        for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
                g_test_add_func(tests[i].name, tests[i].test);
        return g_test_run();
}
