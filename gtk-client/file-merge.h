/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Called when a run of items was replaced, with the array as it is after this and before the next run. */
typedef void (*BhFileMergeChanged)(guint position, guint removed, guint added, gpointer user_data);

/* Makes items (of BhFileItem, with g_object_unref to free them) the same as fresh, which is a newer state of the same folder in the same order. What is
 * unchanged keeps its object, and stays in place: only the runs between are replaced. Beyond BH_FILE_MERGE_RUNS of them, the last one reaches to
 * the last change, with the old objects of what is unchanged. Main thread. */
void bh_file_merge(GPtrArray *items, GPtrArray *fresh, BhFileMergeChanged changed, gpointer user_data);

#define BH_FILE_MERGE_RUNS 200

G_END_DECLS
