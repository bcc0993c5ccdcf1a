/* SPDX-License-Identifier: MIT */
#pragma once

#include "transfer.h"

G_BEGIN_DECLS

/* Files and folders of this computer on their way to a folder of the NAS. */
#define BH_TYPE_UPLOAD (bh_upload_get_type())
G_DECLARE_FINAL_TYPE(BhUpload, bh_upload, BH, UPLOAD, BhTransfer)

/* sources: GListModel of GFile, local ones; folder: a path on the NAS. */
BhTransfer *bh_upload_new(GListModel *sources, const char *folder);

/* One file under a path of its own; for the command line. */
BhTransfer *bh_upload_new_for_path(const char *local, const char *remote);

/* The folder of the NAS that it goes to. */
const char *bh_upload_get_folder(BhUpload *self);

/* Writes one open file to the NAS and makes it durable. size: bytes to reserve. Blocks; any thread.
 * progress may be NULL. Returns FALSE with an error of the service or G_IO_ERROR; then nothing is on the NAS. */
gboolean bh_upload_content(BhConnection *connection, int source, const char *remote, guint64 size, gint64 modified_usec,
                           gboolean overwrite, GCancellable *cancellable,
                           void (*progress)(guint64 bytes, gpointer user_data), gpointer user_data, GError **error);

G_END_DECLS
