/* SPDX-License-Identifier: MIT */
#pragma once

#include "inventory.h"

/* How the rebuild of a member is, by what an inventory shows and nothing else. Pure; any thread. */

typedef enum BhRebuildState {
        BH_REBUILD_WAITING, /* UDisks2 is away, or md has not begun */
        BH_REBUILD_RUNNING,
        BH_REBUILD_DONE,   /* the member is in sync */
        BH_REBUILD_SPARE,  /* nothing is missing, so it is a spare */
        BH_REBUILD_FAILED, /* it has failed, or is gone; or the array stopped */
} BhRebuildState;

typedef struct BhRebuild {
        BhRebuildState state;
        const char *problem;     /* of BH_REBUILD_FAILED: why, as a clause: "the replacement has failed"; static */
        double percent;          /* of BH_REBUILD_RUNNING */
        uint64_t rate;           /* bytes a second; 0 not known */
        uint64_t remaining_usec; /* 0 not known */
        uint32_t degraded;       /* members that are missing or not in sync */
} BhRebuild;

/* block: UDisks2's object of the member's device. */
BhRebuild bh_rebuild_look(const BhInventory *inventory, const char *uuid, const char *block);
