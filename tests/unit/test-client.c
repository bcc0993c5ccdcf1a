/* SPDX-License-Identifier: MIT */
/* What the desktop app knows without a display and without a service. */

#include "bus-error.h"
#include "copy-loop.h"
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
