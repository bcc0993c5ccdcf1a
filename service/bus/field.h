/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-bus.h>

/* Properties of a noun, once: what makes the getter of the property, the key in dictionaries, and what tells which have changed. A noun is a plain struct of
 * the domain; the adapter has a table of its fields, written as an X macro, from which both the vtable and the table of BhField come:
 *
 *   #define DISK_FIELDS(FIELD)                                    \
 *           FIELD("Name", "name", "s", name, ALWAYS)               \
 *           FIELD("RotationRate", "rotation_rate", "i", rotation_rate, KNOWN)
 *
 * Event loop only. */

typedef enum BhFieldIs {
        BH_FIELD_ALWAYS, /* in dictionaries whatever its value is */
        BH_FIELD_KNOWN, /* left out of dictionaries when it is "", 0 (for i: negative), NaN or an empty list, which means that it is not known */
} BhFieldIs;

typedef struct BhField {
        const char *property, *key;
        const char *type; /* "s", "o", "b" (bool), "i", "u", "t", "x", "d", "as"; others with append and is_equal */
        size_t offset;    /* in the noun's struct */
        BhFieldIs is;

        /* For other types: appends the value, as what the type says; whether two nouns have the same. */
        int (*append)(sd_bus_message *m, const void *noun);
        bool (*is_equal)(const void *a, const void *b);

        /* Whether the dictionary has it; NULL: as is says. */
        bool (*is_known)(const void *noun);
} BhField;

/* Rows of both tables; bh_exports_get() is in bus/exports.h. */
#define BH_FIELD_PROPERTY(property, key, type, member, is)                                                             \
        SD_BUS_PROPERTY(property, type, bh_exports_get, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),

/* Appends the value of the field. Errors: those of the bus. */
int bh_field_append(sd_bus_message *m, const BhField *field, const void *noun);

bool bh_field_is_equal(const BhField *field, const void *a, const void *b);

/* The field with that property; NULL when there is none. */
const BhField *bh_field_find(const BhField *fields, size_t n_fields, const char *property);

/* Appends an a{sv} with "path" and all fields that are known. */
int bh_field_append_dictionary(sd_bus_message *m, const BhField *fields, size_t n_fields, const char *path,
                               const void *noun);
