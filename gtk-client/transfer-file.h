/* SPDX-License-Identifier: MIT */
#pragma once

#include "transfer.h"

G_BEGIN_DECLS

/* Brings one file to its place under that name, over what is there if replace is set. What it moves is told with bh_transfer_file_progress(), the same
 * user_data for it being progress. Worker thread. */
typedef gboolean (*BhTransferAttempt)(const char *name, gboolean replace, gpointer progress, gpointer user_data,
                                      GCancellable *cancellable, GError **error);

/* Lets a file of size bytes have its name, and asks when that is taken: attempts go on until it has one, and count for nothing when they fail. replace: it was
 * asked for already. A skipped file is a success. Worker thread. */
gboolean bh_transfer_file(BhTransfer *transfer, const char *name, guint64 size, gboolean replace,
                          BhTransferAttempt attempt, gpointer user_data, GCancellable *cancellable, GError **error);

/* For bh_copy_content(): that many bytes more. Any thread. */
void bh_transfer_file_progress(guint64 bytes, gpointer progress);

G_END_DECLS
