/* SPDX-License-Identifier: MIT */
#pragma once

#include "database.h"
#include "topology.h"

/* Whether new arrays are to have a bitmap. md decides by the size when it creates one, and takes no other wish while it syncs: so the wish is kept, also over a restart, until the first sync has ended.
 * Event loop, unless it says otherwise. */

typedef struct BhBitmapWishes BhBitmapWishes;

/* Errors: as bh_database_errno(). Blocks. */
int bh_bitmap_wishes_load(BhBitmapWishes **ret, BhDatabase *database);

/* NULL is fine. */
void bh_bitmap_wishes_free(BhBitmapWishes *wishes);

/* Keeps a wish for the array, and does not wait until it is written down. Any thread. */
void bh_bitmap_wishes_add(BhBitmapWishes *wishes, const char *uuid, bool has_bitmap);

/* An array that is idle and has not what was wished for; *ret_bitmap is "internal" or "none". Wishes that have come true are dropped. NULL when there is nothing to do. Lives as long as the topology. */
const BhArray *bh_bitmap_wishes_next(BhBitmapWishes *wishes, const BhTopology *topology, const char **ret_bitmap);

/* It could not be fulfilled; after some attempts it is dropped. Returns whether it was. */
bool bh_bitmap_wishes_fail(BhBitmapWishes *wishes, const char *uuid);
