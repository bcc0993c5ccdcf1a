/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "inventory.h"

/* What would become of arrays if some disks died now. Pure; any thread. */

typedef enum BhEffect {
        BH_EFFECT_UNAFFECTED,
        BH_EFFECT_DEGRADED,
        BH_EFFECT_LOST,
} BhEffect;

typedef struct BhArrayEffect {
        const BhMdArray *array; /* of the inventory */
        BhEffect effect;
        unsigned survives; /* further disks that might fail then, whichever they are */
        char *text;        /* owned; a sentence */
} BhArrayEffect;

/* "unaffected", "degraded", "lost" */
const char *bh_effect_to_string(BhEffect effect);

/* drives: UDisks2's objects of those that would die. Returns an effect for each array of the inventory, in its order: owned BhArrayEffect; to be freed with g_ptr_array_unref(). */
GPtrArray *bh_what_if(const BhInventory *inventory, const char *const *drives, size_t n_drives);
