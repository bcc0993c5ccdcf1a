/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"

/* A file or folder of the NAS and where it goes on this computer. */
typedef struct {
        char *remote;
        char *local;
        guint64 size; /* bytes; 0 for folders */
        gboolean is_folder;
} BhRemoteEntry;

void bh_remote_entry_free(BhRemoteEntry *entry);

BhRemoteEntry *bh_remote_entry_new(const char *remote, const char *local, guint64 size, gboolean is_folder);

/* Whether a name from the service can be a file name here; it must not lead out of the folder. Any thread. */
gboolean bh_remote_name_is_safe(const char *name);

/* Adds what is in a folder, and in its folders, to entries, a folder before what is in it. Blocks; any thread. */
gboolean bh_remote_tree_collect(GPtrArray *entries, BhConnection *connection, const char *remote, const char *local,
                                GCancellable *cancellable, GError **error);
