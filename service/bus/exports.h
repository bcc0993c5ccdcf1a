/* SPDX-License-Identifier: MIT */
#pragma once

#include "bus/field.h"
#include "service.h"

/* The objects on the bus of one noun, kept as a list of them is: those that are new appear, those that are gone disappear, and of the others it is said which
 * properties have changed, and no more. Event loop only. */

typedef struct BhExports BhExports;

/* One object; what methods get as their userdata. */
typedef struct BhExport {
        BhService *service;
        BhExports *exports;
        char *path;
        const void *noun; /* as it was shown last */
        sd_bus_slot *slot;
} BhExport;

typedef struct BhExportKind {
        const char *interface;
        const sd_bus_vtable *vtable; /* properties by bh_exports_get() */
        const BhField *fields;
        size_t n_fields;
} BhExportKind;

/* kind must live as long. */
BhExports *bh_exports_new(BhService *service, const BhExportKind *kind);

/* Takes the objects from the bus without a word. NULL is fine. */
void bh_exports_free(BhExports *exports);

/* Shows these n nouns, each of size bytes and shown as the path that is at path_offset in it (char *). They and those that were shown before must both be there
 * while this runs, and the new ones until it is called again. */
void bh_exports_show(BhExports *exports, const void *nouns, size_t n, size_t size, size_t path_offset);

/* Getter for vtables. */
int bh_exports_get(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *error);
