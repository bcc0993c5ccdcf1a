/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "caller.h"

/* What a change does to the usage of owners, collected while it is made. */

typedef struct BhCharge {
        char owner[BH_UUID_SIZE]; /* "": nobody */
        int64_t used_bytes;       /* trash included */
        int64_t trash_bytes;
} BhCharge;

typedef struct BhCharges {
        GArray *charges; /* of BhCharge; NULL while empty */
} BhCharges;

/* Adds to an owner's; negative numbers take away. */
void bh_charges_add(BhCharges *charges, const char *owner, int64_t used_bytes, int64_t trash_bytes);

/* Turns every number round: the charges of the opposite change. */
void bh_charges_negate(BhCharges *charges);

/* What is charged to an owner. */
BhCharge bh_charges_get(const BhCharges *charges, const char *owner);

/* The sum of used_bytes. */
int64_t bh_charges_total(const BhCharges *charges);

void bh_charges_clear(BhCharges *charges);

static inline size_t bh_charges_size(const BhCharges *charges) {
        return charges->charges ? charges->charges->len : 0;
}

static inline BhCharge *bh_charges_at(const BhCharges *charges, size_t i) {
        return &g_array_index(charges->charges, BhCharge, i);
}
