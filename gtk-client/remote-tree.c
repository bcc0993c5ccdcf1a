/* SPDX-License-Identifier: MIT */
#include "remote-tree.h"

#include "format.h"

#include <glib/gi18n.h>
#include <string.h>

#define PAGE 5000

void bh_remote_entry_free(BhRemoteEntry *entry) {
        g_free(entry->remote);
        g_free(entry->local);
        g_free(entry);
}

BhRemoteEntry *bh_remote_entry_new(const char *remote, const char *local, guint64 size, gboolean is_folder) {
        BhRemoteEntry *entry = g_new0(BhRemoteEntry, 1);

        entry->remote = g_strdup(remote);
        entry->local = g_strdup(local);
        entry->size = size;
        entry->is_folder = is_folder;
        return entry;
}

gboolean bh_remote_name_is_safe(const char *name) {
        return *name && !strchr(name, '/') && !g_str_equal(name, ".") && !g_str_equal(name, "..");
}

static gboolean add_page(GPtrArray *entries, const char *remote, const char *local, GVariant *page, GError **error) {
        GVariantIter iter;
        const char *name, *type;
        guint64 size;

        g_variant_iter_init(&iter, page);
        while (g_variant_iter_next(&iter, "(&s&stxt&sb)", &name, &type, &size, NULL, NULL, NULL, NULL)) {
                g_autofree char *child_remote = NULL, *child_local = NULL;

                if (!bh_remote_name_is_safe(name)) {
                        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                                    _("“%s” cannot be a file name here"), name);
                        return FALSE;
                }
                child_remote = bh_path_join(remote, name);
                child_local = g_build_filename(local, name, NULL);
                g_ptr_array_add(entries,
                                bh_remote_entry_new(child_remote, child_local, size, g_str_equal(type, "directory")));
        }
        return TRUE;
}

static gboolean list_folder(GPtrArray *entries, BhConnection *connection, const char *remote, const char *local,
                            GCancellable *cancellable, GError **error) {
        g_autofree char *cursor = g_strdup("");

        do {
                g_autoptr(BhBusFiles) files = bh_connection_dup_files(connection, error);
                g_autoptr(GVariant) page = NULL;
                g_autofree char *next = NULL;
                GVariant *options;

                if (!files)
                        return FALSE;
                options = *cursor ? bh_connection_options(connection, "limit", g_variant_new_uint32(PAGE), "cursor",
                                                          g_variant_new_string(cursor), NULL)
                                  : bh_connection_options(connection, "limit", g_variant_new_uint32(PAGE), NULL);
                if (!bh_bus_files_call_list_sync(files, remote, options, BH_CALL_FLAGS, BH_CALL_TIMEOUT, &page, &next,
                                                 NULL, NULL, cancellable, error) ||
                    !add_page(entries, remote, local, page, error))
                        return FALSE;
                g_free(cursor);
                cursor = g_steal_pointer(&next);
        } while (*cursor);
        return TRUE;
}

gboolean bh_remote_tree_collect(GPtrArray *entries, BhConnection *connection, const char *remote, const char *local,
                                GCancellable *cancellable, GError **error) {
        guint next = entries->len;

        if (!list_folder(entries, connection, remote, local, cancellable, error))
                return FALSE;
        /* What was added is looked through in turn, so that depth needs no stack. */
        for (; next < entries->len; next++) {
                const BhRemoteEntry *entry = g_ptr_array_index(entries, next);

                if (entry->is_folder &&
                    !list_folder(entries, connection, entry->remote, entry->local, cancellable, error))
                        return FALSE;
        }
        return TRUE;
}
