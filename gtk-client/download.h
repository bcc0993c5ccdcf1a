/* SPDX-License-Identifier: MIT */
#pragma once

#include "transfer.h"

G_BEGIN_DECLS

/* Files and folders of the NAS on their way to a folder of this computer. */
#define BH_TYPE_DOWNLOAD (bh_download_get_type())
G_DECLARE_FINAL_TYPE(BhDownload, bh_download, BH, DOWNLOAD, BhTransfer)

/* Into an existing local folder, under their own names; asks when a name is taken. Add what to download with bh_download_add(). */
BhTransfer *bh_download_new(const char *local_folder);

/* One file under a local path that was chosen for it: replaces what is there. */
BhTransfer *bh_download_new_for_path(const char *remote, guint64 size, const char *local);

/* Before it starts. size: bytes, 0 for a folder. */
void bh_download_add(BhDownload *self, const char *remote, guint64 size, gboolean is_folder);

/* Where the nth thing is when it is done, a local path. */
const char *bh_download_get_local(BhDownload *self, guint index);

/* Copies the content of a file to a descriptor. Blocks; any thread. progress may be NULL. modified_usec, if not NULL, gets its modification time. */
gboolean bh_download_content(BhConnection *connection, const char *remote, int target, gint64 *modified_usec,
                             GCancellable *cancellable, void (*progress)(guint64 bytes, gpointer user_data),
                             gpointer user_data, GError **error);

/* Writes a file to a local path, complete or not at all. replace: FALSE fails with G_IO_ERROR_EXISTS when there is something. Otherwise as above. */
gboolean bh_download_file(BhConnection *connection, const char *remote, const char *local, gboolean replace,
                          GCancellable *cancellable, void (*progress)(guint64 bytes, gpointer user_data),
                          gpointer user_data, GError **error);

G_END_DECLS
