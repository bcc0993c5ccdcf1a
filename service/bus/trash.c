/* SPDX-License-Identifier: MIT */
#include "bus/files-methods.h"

#include <errno.h>
#include <glib.h>

#include "bus/call.h"
#include "files.h"

#define ID_MAX 256

typedef struct Trash {
        char *id;
        bool all, keep_both, parents;
        char *path;
        uint64_t freed_bytes;
        BhTrashItem *items;
        size_t n_items;
} Trash;

static void trash_clear(void *data) {
        Trash *trash = data;

        g_free(trash->id);
        g_free(trash->path);
        bh_trash_items_free(trash->items, trash->n_items);
}

/* ListTrash(a{sv} options) → a(ssstxxt) items ------------------------------------------------------------------------------------------------- */

static int list_work(BhCall *call, void *data) {
        Trash *trash = data;
        int r = bh_files_list_trash(call->service->files, &call->caller, trash->all, &trash->items, &trash->n_items);

        return r < 0 ? bh_call_fail(call, r, "Cannot list the trash") : 0;
}

static int list_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const Trash *trash = data;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ssstxxt)");
        for (size_t i = 0; r >= 0 && i < trash->n_items; i++) {
                const BhTrashItem *item = &trash->items[i];

                r = sd_bus_message_append(reply, "(ssstxxt)", item->trash_id, item->path,
                                          item->is_directory ? "directory" : "file", item->size, item->deleted_usec,
                                          item->expires_usec, item->owner_id);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const BhMethod list_method = {
        .name = "Files.ListTrash",
        .who = BH_WHO_FILES,
        .size = sizeof(Trash),
        .needs_storage = true,
        .clear = trash_clear,
        .work = list_work,
        .reply = list_reply,
};

int bh_files_method_list_trash(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &list_method);
        Trash *trash = call->data;
        const BhOption options[] = {{"all", 'b', &trash->all, NULL, 0}};
        int r = bh_call_read_options(call, options, G_N_ELEMENTS(options), error);

        return r < 0 ? r : bh_call_start(bh_call_steal(&call));
}

/* RestoreTrash(s trash_id, a{sv} options) → s path --------------------------------------------------------------------------------------------- */

static int restore_work(BhCall *call, void *data) {
        Trash *trash = data;
        int r = bh_files_restore_trash(call->service->files, &call->caller, trash->id, trash->keep_both, trash->parents,
                                       &trash->path);

        return r < 0 ? bh_call_fail(call, r, "Cannot restore it from the trash") : 0;
}

static int restore_reply(BhCall *call, void *data, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "s", ((Trash *)data)->path);
}

static const BhMethod restore_method = {
        .name = "Files.RestoreTrash",
        .who = BH_WHO_FILES,
        .size = sizeof(Trash),
        .needs_storage = true,
        .waits_for_recovery = true,
        .clear = trash_clear,
        .work = restore_work,
        .reply = restore_reply,
};

int bh_files_method_restore_trash(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &restore_method);
        Trash *trash = call->data;
        const BhOption options[] = {
                {"keep_both", 'b', &trash->keep_both, NULL, 0},
                {"parents", 'b', &trash->parents, NULL, 0},
        };
        int r;

        r = bh_options_read_string(m, "trash_id", ID_MAX, &trash->id, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* PurgeTrash(s trash_id, a{sv} options) → t freed_bytes ----------------------------------------------------------------------------------------- */

static int purge_work(BhCall *call, void *data) {
        Trash *trash = data;
        int r = bh_files_purge_trash(call->service->files, &call->caller, trash->id, &trash->freed_bytes);

        return r < 0 ? bh_call_fail(call, r, "Cannot delete it for good") : 0;
}

static int purge_reply(BhCall *call, void *data, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "t", ((Trash *)data)->freed_bytes);
}

static const BhMethod purge_method = {
        .name = "Files.PurgeTrash",
        .who = BH_WHO_FILES,
        .size = sizeof(Trash),
        .needs_storage = true,
        .waits_for_recovery = true,
        .clear = trash_clear,
        .work = purge_work,
        .reply = purge_reply,
};

int bh_files_method_purge_trash(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &purge_method);
        Trash *trash = call->data;
        int r;

        r = bh_options_read_string(m, "trash_id", ID_MAX, &trash->id, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}
