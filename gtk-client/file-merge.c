/* SPDX-License-Identifier: MIT */
#include "file-merge.h"

#include "file-item.h"

#include <string.h>

typedef struct {
        guint old, fresh; /* where an unchanged item was, and where it is */
} Kept;

/* The items that are in both, from the first to the last. The fresh array gets the old objects of them. */
static GArray *find_kept(GPtrArray *items, GPtrArray *fresh) {
        g_autoptr(GHashTable) positions = g_hash_table_new(g_str_hash, g_str_equal); /* name → position + 1 */
        GArray *kept = g_array_new(FALSE, FALSE, sizeof(Kept));
        guint next = 0;

        for (guint i = 0; i < items->len; i++)
                g_hash_table_insert(positions, (gpointer)bh_file_item_get_name(items->pdata[i]),
                                    GUINT_TO_POINTER(i + 1));
        for (guint i = 0; i < fresh->len; i++) {
                gpointer found = g_hash_table_lookup(positions, bh_file_item_get_name(fresh->pdata[i]));
                Kept pair = {GPOINTER_TO_UINT(found) - 1, i};

                if (!found || pair.old < next || !bh_file_item_equal(items->pdata[pair.old], fresh->pdata[i]))
                        continue;
                g_object_unref(fresh->pdata[i]);
                fresh->pdata[i] = g_object_ref(items->pdata[pair.old]);
                g_array_append_val(kept, pair);
                next = pair.old + 1;
        }
        return kept;
}

static void splice(GPtrArray *items, guint position, guint removed, GPtrArray *fresh, guint from, guint added) {
        guint length = items->len - removed;

        if (removed > 0)
                g_ptr_array_remove_range(items, position, removed);
        g_ptr_array_set_size(items, (gint)(length + added));
        memmove(items->pdata + position + added, items->pdata + position, (length - position) * sizeof(gpointer));
        for (guint i = 0; i < added; i++)
                items->pdata[position + i] = g_object_ref(fresh->pdata[from + i]);
}

void bh_file_merge(GPtrArray *items, GPtrArray *fresh, BhFileMergeChanged changed, gpointer user_data) {
        g_autoptr(GArray) kept = find_kept(items, fresh);
        guint old_length = items->len, next_old = 0, next_fresh = 0, n_runs = 0, tail = kept->len;

        /* What is unchanged at the end, which no run needs to reach. */
        while (tail > 0 && g_array_index(kept, Kept, tail - 1).old == old_length - (kept->len - tail) - 1 &&
               g_array_index(kept, Kept, tail - 1).fresh == fresh->len - (kept->len - tail) - 1)
                tail--;
        for (guint i = 0; i <= tail; i++) {
                Kept end = i < kept->len ? g_array_index(kept, Kept, i) : (Kept){old_length, fresh->len};
                guint removed, added;

                removed = end.old - next_old;
                added = end.fresh - next_fresh;
                if (removed > 0 || added > 0) {
                        if (i < tail && n_runs == BH_FILE_MERGE_RUNS - 1)
                                continue;
                        /* Before a run, the array is as fresh as it is far. */
                        splice(items, next_fresh, removed, fresh, next_fresh, added);
                        changed(next_fresh, removed, added, user_data);
                        n_runs++;
                }
                next_old = end.old + 1;
                next_fresh = end.fresh + 1;
        }
}
