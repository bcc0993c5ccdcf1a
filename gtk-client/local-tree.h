/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

/* A file or folder of this computer and where it goes on the NAS. */
typedef struct {
        char *local;  /* absolute path */
        char *remote; /* path on the NAS */
        guint64 size; /* bytes; 0 for folders */
        gboolean is_folder;
        gboolean is_chosen; /* named by a person, so that a symbolic link is followed */
} BhLocalEntry;

void bh_local_entry_free(BhLocalEntry *entry);

/* Called for what cannot be read or is neither a file nor a folder. */
typedef void (*BhLocalTreeFailure)(const char *local, const GError *error, gpointer user_data);

/* Adds a file, or a folder and all in it, to entries, a folder before what is in it. Symbolic links inside are left out: they may lead anywhere.
 * Blocks; any thread. Returns FALSE only when cancelled. */
gboolean bh_local_tree_collect(GPtrArray *entries, const char *local, const char *remote, GCancellable *cancellable,
                               BhLocalTreeFailure failure, gpointer user_data, GError **error);
