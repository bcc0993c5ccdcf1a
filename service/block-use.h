/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "inventory.h"

/* What a block device is used for, by itself and by everything that is stacked upon it: partitions, what was unlocked from it, the array that it is a member of, and what is on those again.
 * Whether something may be destroyed is decided by this, so what is not understood counts as used by somebody. Only reads an inventory; any thread. */

typedef enum BhUseKind {
        BH_USE_FREE, /* nothing that is known of is on it */
        BH_USE_DATA, /* a filesystem or the like that nobody uses now */
        BH_USE_FOREIGN, /* part of something that is not ours to take apart: LVM, LUKS, ZFS, btrfs, an array that md does not know, … */
        BH_USE_MOUNTED, /* mounted, or to be mounted at the next start */
        BH_USE_ARRAY,   /* member or spare of an array of md, running or not */
        BH_USE_SYSTEM,  /* of the operating system */
} BhUseKind;

typedef struct BhBlockUse {
        BhUseKind kind;
        char *reason; /* owned; goes on after the name of the disk: "is a member of the array “md0”"; "" for BH_USE_FREE */
        const BhMdArray *array; /* of BH_USE_ARRAY; lives as long as the inventory */
} BhBlockUse;

/* "free", "data", "foreign", "mounted", "array", "system" */
const char *bh_use_to_string(BhUseKind kind);

/* What the block is used for. */
void bh_block_use(const BhInventory *inventory, const BhBlock *block, BhBlockUse *ret);
void bh_block_use_clear(BhBlockUse *use);

/* The block and all that are stacked upon it: const BhBlock *, each once, lower ones first. To be freed with g_ptr_array_unref(). */
GPtrArray *bh_block_stack(const BhInventory *inventory, const BhBlock *block);

/* What people call it: its name without the name of the host that made it. */
const char *bh_md_array_title(const BhMdArray *array);

/* Whether it has a block device with something in it; md shows an empty one for an array that it could not start. */
bool bh_md_array_runs(const BhInventory *inventory, const BhMdArray *array);

/* What is on it, in a few words: "empty", "ext4 “Photos”", "member of the array md0", "2 partitions: sdb1: ext4 “Photos” (5.0 GB); sdb2: swap (1.0 GB)". To be freed with
 * g_free(). */
char *bh_block_contents(const BhInventory *inventory, const BhBlock *block);
