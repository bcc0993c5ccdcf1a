/* SPDX-License-Identifier: MIT */

#include "bus/exports.h"

#include <glib.h>

#include "log.h"

struct BhExports {
        BhService *service;
        const BhExportKind *kind;
        GHashTable *objects; /* path → BhExport, owned */
};

static void export_free(gpointer data) {
        BhExport *object = data;

        sd_bus_slot_unref(object->slot);
        g_free(object->path);
        g_free(object);
}

BhExports *bh_exports_new(BhService *service, const BhExportKind *kind) {
        BhExports *exports = g_new0(BhExports, 1);

        exports->service = service;
        exports->kind = kind;
        exports->objects = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, export_free);
        return exports;
}

void bh_exports_free(BhExports *exports) {
        if (!exports)
                return;
        g_hash_table_unref(exports->objects);
        g_free(exports);
}

int bh_exports_get(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *error) {
        const BhExport *object = userdata;
        const BhExportKind *kind = object->exports->kind;

        return bh_field_append(reply, bh_field_find(kind->fields, kind->n_fields, property), object->noun);
}

static void add(BhExports *exports, const char *path, const void *noun) {
        BhExport *object = g_new0(BhExport, 1);
        sd_bus *bus = exports->service->bus;
        int r;

        object->service = exports->service;
        object->exports = exports;
        object->path = g_strdup(path);
        object->noun = noun;
        r = sd_bus_add_object_vtable(bus, &object->slot, path, exports->kind->interface, exports->kind->vtable, object);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot show %s", path);
                export_free(object);
                return;
        }
        g_hash_table_insert(exports->objects, object->path, object);
        (void)sd_bus_emit_object_added(bus, path);
}

static void change(BhExports *exports, BhExport *object, const void *noun) {
        const BhExportKind *kind = exports->kind;
        g_autofree char **names = g_new0(char *, kind->n_fields + 1);
        size_t n = 0;

        for (size_t i = 0; i < kind->n_fields; i++)
                if (!bh_field_is_equal(&kind->fields[i], object->noun, noun))
                        names[n++] = (char *)kind->fields[i].property;
        object->noun = noun;
        if (n > 0)
                (void)sd_bus_emit_properties_changed_strv(exports->service->bus, object->path, kind->interface, names);
}

static void drop_others(BhExports *exports, GHashTable *shown) {
        GHashTableIter iter;
        gpointer path;

        g_hash_table_iter_init(&iter, exports->objects);
        while (g_hash_table_iter_next(&iter, &path, NULL)) {
                if (g_hash_table_contains(shown, path))
                        continue;
                (void)sd_bus_emit_object_removed(exports->service->bus, path);
                g_hash_table_iter_remove(&iter);
        }
}

void bh_exports_show(BhExports *exports, const void *nouns, size_t n, size_t size, size_t path_offset) {
        g_autoptr(GHashTable) shown = g_hash_table_new(g_str_hash, g_str_equal);

        for (size_t i = 0; i < n; i++)
                g_hash_table_add(shown, *(char *const *)((const char *)nouns + i * size + path_offset));
        drop_others(exports, shown);
        for (size_t i = 0; i < n; i++) {
                const char *noun = (const char *)nouns + i * size, *path = *(char *const *)(noun + path_offset);
                BhExport *object = g_hash_table_lookup(exports->objects, path);

                if (object)
                        change(exports, object, noun);
                else
                        add(exports, path, noun);
        }
}
