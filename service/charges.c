/* SPDX-License-Identifier: MIT */
#include "charges.h"

#include <string.h>

/* A change touches very few owners, so a list is searched faster than a table. */
static BhCharge *find(const BhCharges *charges, const char *owner) {
        for (size_t i = 0; i < bh_charges_size(charges); i++)
                if (strcmp(bh_charges_at(charges, i)->owner, owner) == 0)
                        return bh_charges_at(charges, i);
        return NULL;
}

void bh_charges_add(BhCharges *charges, const char *owner, int64_t used_bytes, int64_t trash_bytes) {
        BhCharge *charge = find(charges, owner);

        if (!charge) {
                BhCharge new = {};

                if (!charges->charges)
                        charges->charges = g_array_new(FALSE, TRUE, sizeof(BhCharge));
                g_strlcpy(new.owner, owner, sizeof(new.owner));
                g_array_append_val(charges->charges, new);
                charge = bh_charges_at(charges, charges->charges->len - 1);
        }
        charge->used_bytes += used_bytes;
        charge->trash_bytes += trash_bytes;
}

void bh_charges_negate(BhCharges *charges) {
        for (size_t i = 0; i < bh_charges_size(charges); i++) {
                BhCharge *charge = bh_charges_at(charges, i);

                charge->used_bytes = -charge->used_bytes;
                charge->trash_bytes = -charge->trash_bytes;
        }
}

BhCharge bh_charges_get(const BhCharges *charges, const char *owner) {
        BhCharge *charge = find(charges, owner);
        return charge ? *charge : (BhCharge){};
}

int64_t bh_charges_total(const BhCharges *charges) {
        int64_t total = 0;

        for (size_t i = 0; i < bh_charges_size(charges); i++)
                total += bh_charges_at(charges, i)->used_bytes;
        return total;
}

void bh_charges_clear(BhCharges *charges) {
        g_clear_pointer(&charges->charges, g_array_unref);
}
