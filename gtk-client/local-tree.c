/* SPDX-License-Identifier: MIT */
#include "local-tree.h"

#include "format.h"

#include <glib/gi18n.h>

#define ATTRIBUTES G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE

typedef struct {
        GPtrArray *entries;
        GCancellable *cancellable;
        BhLocalTreeFailure failure;
        gpointer user_data;
} Walk;

void bh_local_entry_free(BhLocalEntry *entry) {
        g_free(entry->local);
        g_free(entry->remote);
        g_free(entry);
}

static void fail(Walk *walk, const char *local, GIOErrorEnum code, const char *sentence) {
        g_autoptr(GError) error = g_error_new_literal(G_IO_ERROR, (gint)code, sentence);

        walk->failure(local, error, walk->user_data);
}

static void collect(Walk *walk, const char *local, const char *remote, GFileInfo *info, gboolean is_chosen);

static void collect_children(Walk *walk, const char *local, const char *remote) {
        g_autoptr(GFile) folder = g_file_new_for_path(local);
        g_autoptr(GError) error = NULL;
        g_autoptr(GFileEnumerator) children = g_file_enumerate_children(
                folder, ATTRIBUTES, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, walk->cancellable, &error);

        while (children && !error) {
                GFileInfo *info;
                GFile *child;
                g_autofree char *child_remote = NULL;

                if (!g_file_enumerator_iterate(children, &info, &child, walk->cancellable, &error) || !info)
                        break;
                child_remote = bh_path_join(remote, g_file_info_get_name(info));
                collect(walk, g_file_peek_path(child), child_remote, info, FALSE);
        }
        if (error && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                walk->failure(local, error, walk->user_data);
}

static void collect(Walk *walk, const char *local, const char *remote, GFileInfo *info, gboolean is_chosen) {
        GFileType type = g_file_info_get_file_type(info);
        BhLocalEntry *entry;

        if (!g_utf8_validate(remote, -1, NULL)) {
                fail(walk, local, G_IO_ERROR_INVALID_FILENAME, _("The name is not valid text (UTF-8)"));
                return;
        }
        if (type != G_FILE_TYPE_REGULAR && type != G_FILE_TYPE_DIRECTORY) {
                fail(walk, local, G_IO_ERROR_NOT_REGULAR_FILE, _("Neither a file nor a folder"));
                return;
        }
        entry = g_new0(BhLocalEntry, 1);
        entry->local = g_strdup(local);
        entry->remote = g_strdup(remote);
        entry->is_folder = type == G_FILE_TYPE_DIRECTORY;
        entry->is_chosen = is_chosen;
        entry->size = entry->is_folder ? 0 : (guint64)MAX(g_file_info_get_size(info), 0);
        g_ptr_array_add(walk->entries, entry);
        if (entry->is_folder)
                collect_children(walk, local, remote);
}

gboolean bh_local_tree_collect(GPtrArray *entries, const char *local, const char *remote, GCancellable *cancellable,
                               BhLocalTreeFailure failure, gpointer user_data, GError **error) {
        Walk walk = {entries, cancellable, failure, user_data};
        g_autoptr(GFile) file = g_file_new_for_path(local);
        g_autoptr(GError) problem = NULL;
        g_autoptr(GFileInfo) info = g_file_query_info(file, ATTRIBUTES, G_FILE_QUERY_INFO_NONE, cancellable, &problem);

        if (info)
                collect(&walk, local, remote, info, TRUE);
        else if (!g_cancellable_is_cancelled(cancellable))
                failure(local, problem, user_data);
        return !g_cancellable_set_error_if_cancelled(cancellable, error);
}
