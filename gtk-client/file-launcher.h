/* SPDX-License-Identifier: MIT */
#pragma once

#include "file-item.h"
#include "window.h"

/* Local copies of files of the NAS for other applications: in a private cache, read-only, a folder for each version of a file. */

/* Opens a file with the default application for it; says so in the window when that fails. */
void bh_file_launcher_open(BhWindow *window, BhFileItem *item);

/* Removes copies that nobody needs any more. Called when the app starts. */
void bh_file_launcher_clean_cache(void);

/* Makes local copies of files and folders (an array of BhFileItem) in a thread.
 * finish returns a GListModel of GFile in the same order, or NULL with an error. */
void bh_file_cache_fetch_async(BhConnection *connection, GPtrArray *items, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
GListModel *bh_file_cache_fetch_finish(GAsyncResult *result, GError **error);
