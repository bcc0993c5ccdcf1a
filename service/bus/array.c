/* SPDX-License-Identifier: MIT */

#include "bus/storage.h"

#include "bus/call.h"
#include "bus/disks-change.h"
#include "bus/exports.h"
#include "bus/polkit.h"
#include "bus/storage-methods.h"
#include "disks.h"

/* Members --------------------------------------------------------------------------------------------------------------------------------- */

static int append_member(sd_bus_message *m, const BhArrayMember *member) {
        return sd_bus_message_append(m, "a{sv}", 10, "slot", "i", member->slot, "disk", "o", member->disk, "name", "s",
                                     member->name, "model", "s", member->model, "serial", "s", member->serial, "bay",
                                     "s", member->bay, "state", "s", member->state, "errors", "t", member->errors,
                                     "present", "b", (int)member->is_present, "last_seen_usec", "x",
                                     member->last_seen_usec);
}

static int append_members(sd_bus_message *m, const void *noun) {
        const BhArray *array = noun;
        int r;

        r = sd_bus_message_open_container(m, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < array->n_members; i++)
                r = append_member(m, &array->members[i]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static bool same_member(const BhArrayMember *a, const BhArrayMember *b) {
        return a->slot == b->slot && g_str_equal(a->disk, b->disk) && g_str_equal(a->name, b->name) &&
               g_str_equal(a->model, b->model) && g_str_equal(a->serial, b->serial) && g_str_equal(a->bay, b->bay) &&
               g_str_equal(a->state, b->state) && a->errors == b->errors && a->is_present == b->is_present &&
               a->last_seen_usec == b->last_seen_usec;
}

static bool same_members(const void *a, const void *b) {
        const BhArray *one = a, *other = b;

        if (one->n_members != other->n_members)
                return false;
        for (size_t i = 0; i < one->n_members; i++)
                if (!same_member(&one->members[i], &other->members[i]))
                        return false;
        return true;
}

/* Properties ------------------------------------------------------------------------------------------------------------------------------ */

static bool has_mismatches(const void *noun) {
        return ((const BhArray *)noun)->is_mismatch_known;
}

/* FIELD(property, key in dictionaries, D-Bus type, member of BhArray, ALWAYS in dictionaries or only when it is KNOWN); those that never change are not
 * among them, for they have another flag in the vtable. */
#define ARRAY_FIELDS(FIELD)                                                                                            \
        FIELD("Name", "name", "s", name, ALWAYS)                                                                       \
        FIELD("Device", "device", "s", device, ALWAYS)                                                                 \
        FIELD("Level", "level", "s", level, KNOWN)                                                                     \
        FIELD("Size", "size", "t", size, KNOWN)                                                                        \
        FIELD("ChunkSize", "chunk_size", "t", chunk_size, ALWAYS)                                                      \
        FIELD("State", "state", "s", state, ALWAYS)                                                                    \
        FIELD("StateText", "state_text", "s", state_text, ALWAYS)                                                      \
        FIELD("Running", "running", "b", is_running, ALWAYS)                                                           \
        FIELD("Devices", "devices", "u", devices, KNOWN)                                                               \
        FIELD("Degraded", "degraded", "u", degraded, ALWAYS)                                                           \
        FIELD("Survives", "survives", "u", survives, ALWAYS)                                                           \
        FIELD("SyncAction", "sync_action", "s", sync_action, ALWAYS)                                                   \
        FIELD("SyncProgress", "sync_progress", "d", sync_progress, ALWAYS)                                             \
        FIELD("SyncRate", "sync_rate", "t", sync_rate, ALWAYS)                                                         \
        FIELD("SyncEnd", "sync_end_usec", "x", sync_end_usec, KNOWN)                                                   \
        FIELD("Bitmap", "bitmap", "s", bitmap, KNOWN)                                                                  \
        FIELD("LastScrub", "last_scrub_usec", "x", last_scrub_usec, KNOWN)                                             \
        FIELD("MismatchesValid", "mismatches_valid", "b", is_mismatch_known, ALWAYS)                                   \
        FIELD("Pool", "pool", "o", pool, ALWAYS)                                                                       \
        FIELD("Job", "job", "o", job, ALWAYS)

#define ROW(property, key, type, member, is) {property, key, type, offsetof(BhArray, member), BH_FIELD_##is},
static const BhField fields[] = {
        ROW("Uuid", "uuid", "s", uuid, ALWAYS) ARRAY_FIELDS(ROW){"Members", "members", "aa{sv}", 0, BH_FIELD_ALWAYS,
                                                                 append_members, same_members, NULL},
        {"Mismatches", "mismatches", "t", offsetof(BhArray, mismatches), BH_FIELD_KNOWN, NULL, NULL, has_mismatches},
};
#undef ROW

/* Forget(a{sv} options) -------------------------------------------------------------------------------------------------------------------- */

static const BhDisksSteps forget_steps = {
        .begin = bh_disks_forget_array_begin,
        .write = bh_disks_forget_array_write,
        .end = bh_disks_forget_array_end,
};

static const BhMethod forget_method = {.name = "Array.Forget", .action = BH_POLKIT_ARRAY_MANAGE, BH_DISKS_CALL};

static int method_forget(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_disks_call_new(userdata, m, &forget_method, &forget_steps);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Uuid", "s", bh_exports_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        ARRAY_FIELDS(BH_FIELD_PROPERTY)
                SD_BUS_PROPERTY("Members", "aa{sv}", bh_exports_get, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Mismatches", "t", bh_exports_get, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_METHOD_WITH_ARGS("Repair", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("o", job),
                                bh_array_method_repair, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("AddSpare", SD_BUS_ARGS("o", disk, "a{sv}", options), SD_BUS_RESULT("o", job),
                                bh_array_method_add_spare, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RemoveMember", SD_BUS_ARGS("o", disk, "a{sv}", options), SD_BUS_NO_RESULT,
                                bh_array_method_remove_member, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Scrub", SD_BUS_ARGS("s", action, "a{sv}", options), SD_BUS_RESULT("o", job),
                                bh_array_method_scrub, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetBitmap", SD_BUS_ARGS("s", bitmap, "a{sv}", options), SD_BUS_NO_RESULT,
                                bh_array_method_set_bitmap, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Start", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, bh_array_method_start,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Stop", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, bh_array_method_stop,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Grow", SD_BUS_ARGS("u", devices, "a{sv}", options), SD_BUS_RESULT("o", job),
                                bh_array_method_grow, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Forget", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_forget,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static const BhExportKind kind = {
        .interface = BH_BUS_NAME ".Array",
        .vtable = vtable,
        .fields = fields,
        .n_fields = G_N_ELEMENTS(fields),
};

BhExports *bh_bus_arrays_new(BhService *service) {
        return bh_exports_new(service, &kind);
}

void bh_bus_arrays_show(BhExports *exports, const BhTopology *topology) {
        bh_exports_show(exports, topology->arrays, topology->n_arrays, sizeof(BhArray), offsetof(BhArray, path));
}

int bh_bus_array_append(sd_bus_message *m, const BhArray *array) {
        return bh_field_append_dictionary(m, fields, G_N_ELEMENTS(fields), array->path, array);
}
