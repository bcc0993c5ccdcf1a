/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

/* Called with the number of bytes that were just copied, in the thread that copies. */
typedef void (*BhCopyProgress)(guint64 bytes, gpointer user_data);

/* Copies from one descriptor to the end of its content to another, by the kernel alone where it can. Blocks; any thread.
 * n_bytes gets the number of bytes copied, also on failure. Returns FALSE with a G_IO_ERROR. */
gboolean bh_copy_content(int source, int target, guint64 *n_bytes, GCancellable *cancellable, BhCopyProgress progress,
                         gpointer user_data, GError **error);
