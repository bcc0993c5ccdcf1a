/* SPDX-License-Identifier: MIT */
#pragma once

#include "request.h"

/* What the service lists of disks, arrays and pools, fetched for a request whose answer, or whose call, is made out of them: clients of BaluHost 0.1 know disks and arrays by
 * their names only. */

typedef enum {
        BH_LIST_DISKS,
        BH_LIST_ARRAYS,
        BH_LIST_POOLS,
        BH_LISTS,
} BhList;

typedef struct BhDiskLists {
        BhRequest *request;
        GVariant *lists[BH_LISTS]; /* aa{sv}; NULL: not asked for */
        void (*then)(struct BhDiskLists *lists);
        guint wanted; /* bits of those that are still to be fetched */
} BhDiskLists;

/* Fetches the lists whose bits (1 << BH_LIST_…) are in @wanted, with the token of @request, and calls @then, which owns what it is given. What the service refuses is the answer to
 * the request. Pauses the request. */
void bh_disk_lists_fetch(BhRequest *request, guint wanted, void (*then)(BhDiskLists *lists));
void bh_disk_lists_free(BhDiskLists *lists);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhDiskLists, bh_disk_lists_free)

/* The dictionary (a{sv}) in @list whose member @key is the text or object @value; NULL when there is none. To be unreferenced. */
GVariant *bh_disk_list_find(GVariant *list, const char *key, const char *value);

/* The disk of the device name "sda", or of a partition of it ("sda1") that is a member of an array. NULL when there is none. To be unreferenced. */
GVariant *bh_disk_lists_find_disk(BhDiskLists *lists, const char *name);

/* Text or object, number, truth of a member; "", 0 or FALSE when it is not there. The text lasts as long as the dictionary. */
const char *bh_dictionary_text(GVariant *dictionary, const char *key);
guint64 bh_dictionary_number(GVariant *dictionary, const char *key);
gboolean bh_dictionary_flag(GVariant *dictionary, const char *key);
