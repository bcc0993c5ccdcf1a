/* SPDX-License-Identifier: MIT */
#include "file-launcher.h"

#include "download.h"
#include "remote-tree.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <utime.h>

/* A copy that was not asked for again for so long is removed. */
#define KEEP_DAYS 7

static char *cache_folder(void) {
        return g_build_filename(g_get_user_cache_dir(), "baluhost", "open", NULL);
}

/* --- Fetching ----------------------------------------------------------------------------------------------------------- */

typedef struct {
        BhConnection *connection;
        GPtrArray *entries; /* of BhRemoteEntry: what was asked for, and where its copy is */
} Fetch;

static void fetch_free(gpointer data) {
        Fetch *fetch = data;

        g_object_unref(fetch->connection);
        g_ptr_array_unref(fetch->entries);
        g_free(fetch);
}

/* Where the copy of this version of a file is. A folder has no version: it is always fetched anew. */
static char *copy_path(BhFileItem *item, const char *path) {
        g_autofree char *root = cache_folder();
        g_autofree char *version = bh_file_item_is_folder(item)
                                           ? g_uuid_string_random()
                                           : g_strconcat(path, "\n", bh_file_item_get_etag(item), NULL);
        g_autofree char *key = g_compute_checksum_for_string(G_CHECKSUM_SHA256, version, -1);

        return g_build_filename(root, key, bh_file_item_get_name(item), NULL);
}

static gboolean fetch_file(BhConnection *connection, const BhRemoteEntry *entry, GCancellable *cancellable,
                           GError **error) {
        g_autofree char *folder = g_path_get_dirname(entry->local);

        if (g_mkdir_with_parents(folder, 0700) < 0) {
                g_set_error_literal(error, G_IO_ERROR, g_io_error_from_errno(errno), g_strerror(errno));
                return FALSE;
        }
        if (g_file_test(entry->local, G_FILE_TEST_EXISTS)) {
                g_utime(folder, NULL); /* still needed */
                return TRUE;
        }
        if (!bh_download_file(connection, entry->remote, entry->local, FALSE, cancellable, NULL, NULL, error) &&
            !g_file_test(entry->local, G_FILE_TEST_EXISTS))
                return FALSE;
        /* Read-only, so that nobody edits a copy and believes that the NAS has it. */
        g_chmod(entry->local, 0400);
        return TRUE;
}

static gboolean fetch_entry(BhConnection *connection, const BhRemoteEntry *entry, GCancellable *cancellable,
                            GError **error) {
        g_autoptr(GPtrArray) entries = NULL;

        if (!entry->is_folder)
                return fetch_file(connection, entry, cancellable, error);
        entries = g_ptr_array_new_with_free_func((GDestroyNotify)bh_remote_entry_free);
        if (!bh_remote_tree_collect(entries, connection, entry->remote, entry->local, cancellable, error))
                return FALSE;
        g_mkdir_with_parents(entry->local, 0700);
        for (guint i = 0; i < entries->len; i++) {
                const BhRemoteEntry *child = g_ptr_array_index(entries, i);

                if (child->is_folder)
                        g_mkdir_with_parents(child->local, 0700);
                else if (!fetch_file(connection, child, cancellable, error))
                        return FALSE;
        }
        return TRUE;
}

static void fetch_in_thread(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable) {
        Fetch *fetch = task_data;
        g_autoptr(GListStore) files = g_list_store_new(G_TYPE_FILE);

        for (guint i = 0; i < fetch->entries->len; i++) {
                const BhRemoteEntry *entry = g_ptr_array_index(fetch->entries, i);
                g_autoptr(GFile) file = g_file_new_for_path(entry->local);
                GError *error = NULL;

                if (!fetch_entry(fetch->connection, entry, cancellable, &error)) {
                        g_task_return_error(task, error);
                        return;
                }
                g_list_store_append(files, file);
        }
        g_task_return_pointer(task, g_steal_pointer(&files), g_object_unref);
}

void bh_file_cache_fetch_async(BhConnection *connection, GPtrArray *items, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data) {
        g_autoptr(GTask) task = g_task_new(NULL, cancellable, callback, user_data);
        Fetch *fetch = g_new0(Fetch, 1);

        fetch->connection = g_object_ref(connection);
        fetch->entries = g_ptr_array_new_with_free_func((GDestroyNotify)bh_remote_entry_free);
        g_task_set_source_tag(task, bh_file_cache_fetch_async);
        g_task_set_task_data(task, fetch, fetch_free);
        for (guint i = 0; i < items->len; i++) {
                BhFileItem *item = g_ptr_array_index(items, i);
                g_autofree char *path = bh_file_item_dup_path(item), *local = NULL;

                if (!bh_remote_name_is_safe(bh_file_item_get_name(item))) {
                        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                                                _("“%s” cannot be a file name here"), bh_file_item_get_name(item));
                        return;
                }
                local = copy_path(item, path);
                g_ptr_array_add(fetch->entries, bh_remote_entry_new(path, local, bh_file_item_get_size(item),
                                                                    bh_file_item_is_folder(item)));
        }
        g_task_run_in_thread(task, fetch_in_thread);
}

GListModel *bh_file_cache_fetch_finish(GAsyncResult *result, GError **error) {
        return g_task_propagate_pointer(G_TASK(result), error);
}

/* --- Opening ------------------------------------------------------------------------------------------------------------ */

static void on_launched(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhWindow) window = user_data;
        g_autoptr(GError) error = NULL;

        if (!g_app_info_launch_default_for_uri_finish(result, &error) && bh_window_get_connection(window))
                bh_window_toast_error(window, error);
}

static void on_fetched(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhWindow) window = user_data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GListModel) files = bh_file_cache_fetch_finish(result, &error);
        g_autoptr(GAppLaunchContext) context = NULL;
        g_autoptr(GFile) file = NULL;
        g_autofree char *uri = NULL;

        if (!bh_window_get_connection(window))
                return; /* closed meanwhile */
        if (!files) {
                bh_window_toast_error(window, error);
                return;
        }
        file = g_list_model_get_item(files, 0);
        uri = g_file_get_uri(file);
        context = G_APP_LAUNCH_CONTEXT(gdk_display_get_app_launch_context(gtk_widget_get_display(GTK_WIDGET(window))));
        g_app_info_launch_default_for_uri_async(uri, context, NULL, on_launched, g_object_ref(window));
}

void bh_file_launcher_open(BhWindow *window, BhFileItem *item) {
        g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_object_unref);

        g_ptr_array_add(items, g_object_ref(item));
        bh_file_cache_fetch_async(bh_window_get_connection(window), items, NULL, on_fetched, g_object_ref(window));
}

/* --- Cleaning ----------------------------------------------------------------------------------------------------------- */

/* Removes a folder and what is in it; symbolic links are removed, not followed. */
static void remove_tree(const char *path) {
        g_autoptr(GDir) folder = NULL;
        const char *name;
        GStatBuf st;

        if (g_lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
                folder = g_dir_open(path, 0, NULL);
                while (folder && (name = g_dir_read_name(folder))) {
                        g_autofree char *child = g_build_filename(path, name, NULL);

                        remove_tree(child);
                }
        }
        if (g_remove(path) < 0)
                g_debug("%s stays in the cache: %s", path, g_strerror(errno));
}

static void clean_in_thread(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable) {
        g_autofree char *root = cache_folder();
        g_autoptr(GDir) folder = g_dir_open(root, 0, NULL);
        gint64 oldest = g_get_real_time() / G_USEC_PER_SEC - KEEP_DAYS * 24 * 60 * 60;
        const char *name;

        while (folder && (name = g_dir_read_name(folder))) {
                g_autofree char *path = g_build_filename(root, name, NULL);
                GStatBuf st;

                if (g_lstat(path, &st) == 0 && st.st_mtime < oldest)
                        remove_tree(path);
        }
        g_task_return_boolean(task, TRUE);
}

void bh_file_launcher_clean_cache(void) {
        g_autoptr(GTask) task = g_task_new(NULL, NULL, NULL, NULL);

        g_task_set_source_tag(task, bh_file_launcher_clean_cache);
        g_task_run_in_thread(task, clean_in_thread);
}
