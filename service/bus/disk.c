/* SPDX-License-Identifier: MIT */

#include "bus/storage.h"

#include "bus/call.h"
#include "bus/disks-change.h"
#include "bus/exports.h"
#include "bus/polkit.h"
#include "bus/smart.h"
#include "disks.h"

/* FIELD(property, key in dictionaries, D-Bus type, member of BhDisk, ALWAYS in dictionaries or only when it is KNOWN) */
#define DISK_FIELDS(FIELD)                                                                                             \
        FIELD("Name", "name", "s", name, ALWAYS)                                                                       \
        FIELD("Device", "device", "s", device, ALWAYS)                                                                 \
        FIELD("Vendor", "vendor", "s", vendor, KNOWN)                                                                  \
        FIELD("Model", "model", "s", model, ALWAYS)                                                                    \
        FIELD("Serial", "serial", "s", serial, ALWAYS)                                                                 \
        FIELD("Wwn", "wwn", "s", wwn, KNOWN)                                                                           \
        FIELD("Size", "size", "t", size, ALWAYS)                                                                       \
        FIELD("RotationRate", "rotation_rate", "i", rotation_rate, KNOWN)                                              \
        FIELD("Connection", "connection", "s", connection, KNOWN)                                                      \
        FIELD("Slot", "slot", "s", slot, ALWAYS)                                                                       \
        FIELD("Present", "present", "b", is_present, ALWAYS)                                                           \
        FIELD("LastSeen", "last_seen_usec", "x", last_seen_usec, ALWAYS)                                               \
        FIELD("Usage", "usage", "s", usage, ALWAYS)                                                                    \
        FIELD("Contents", "contents", "s", contents, ALWAYS)                                                           \
        FIELD("Partitions", "partitions", "as", partitions, ALWAYS)                                                    \
        FIELD("Array", "array", "o", array, ALWAYS)                                                                    \
        FIELD("Pool", "pool", "o", pool, ALWAYS)                                                                       \
        FIELD("State", "state", "s", state, ALWAYS)                                                                    \
        FIELD("StateText", "state_text", "s", state_text, ALWAYS)                                                      \
        FIELD("SmartStatus", "smart_status", "s", smart_status, ALWAYS)                                                \
        FIELD("SmartUpdated", "smart_updated_usec", "x", smart_updated_usec, KNOWN)                                    \
        FIELD("Temperature", "temperature", "d", temperature, KNOWN)                                                   \
        FIELD("PowerOnHours", "power_on_hours", "t", power_on_hours, KNOWN)                                            \
        FIELD("SelftestStatus", "selftest_status", "s", selftest_status, ALWAYS)                                       \
        FIELD("SelftestProgress", "selftest_progress", "d", selftest_progress, ALWAYS)

#define ROW(property, key, type, member, is) {property, key, type, offsetof(BhDisk, member), BH_FIELD_##is},
static const BhField fields[] = {DISK_FIELDS(ROW)};
#undef ROW

/* SetSlot(s slot, a{sv} options), Forget(a{sv} options) ------------------------------------------------------------------------------------ */

static const BhDisksSteps set_slot_steps = {
        .begin = bh_disks_slot_begin,
        .write = bh_disks_slot_write,
        .end = bh_disks_slot_end,
};

static const BhMethod set_slot_method = {.name = "Disk.SetSlot", .action = BH_POLKIT_DISK_MANAGE, BH_DISKS_CALL};

static int method_set_slot(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_disks_call_new(userdata, m, &set_slot_method, &set_slot_steps);
        BhDisksCall *disks_call = call->data;
        int r;

        r = bh_options_read_string(m, "slot", BH_CALL_PATH_MAX, &disks_call->change.slot, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

static const BhDisksSteps forget_steps = {
        .begin = bh_disks_forget_disk_begin,
        .write = bh_disks_forget_disk_write,
        .end = bh_disks_forget_disk_end,
};

static const BhMethod forget_method = {.name = "Disk.Forget", .action = BH_POLKIT_DISK_MANAGE, BH_DISKS_CALL};

static int method_forget(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_disks_call_new(userdata, m, &forget_method, &forget_steps);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        DISK_FIELDS(BH_FIELD_PROPERTY)
                SD_BUS_METHOD_WITH_ARGS("GetSmart", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("aa{sv}", attributes),
                                        bh_bus_method_get_smart, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetSmartHistory", SD_BUS_ARGS("y", attribute, "a{sv}", options),
                                SD_BUS_RESULT("a(xt)", samples), bh_bus_method_get_smart_history,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RefreshSmart", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
                                bh_bus_method_refresh_smart, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("StartSelftest", SD_BUS_ARGS("s", type, "a{sv}", options), SD_BUS_RESULT("o", job),
                                bh_bus_method_start_selftest, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("AbortSelftest", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
                                bh_bus_method_abort_selftest, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetSlot", SD_BUS_ARGS("s", slot, "a{sv}", options), SD_BUS_NO_RESULT, method_set_slot,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Forget", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_forget,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static const BhExportKind kind = {
        .interface = BH_BUS_NAME ".Disk",
        .vtable = vtable,
        .fields = fields,
        .n_fields = G_N_ELEMENTS(fields),
};

BhExports *bh_bus_disks_new(BhService *service) {
        return bh_exports_new(service, &kind);
}

void bh_bus_disks_show(BhExports *exports, const BhTopology *topology) {
        bh_exports_show(exports, topology->disks, topology->n_disks, sizeof(BhDisk), offsetof(BhDisk, path));
}

int bh_bus_disk_append(sd_bus_message *m, const BhDisk *disk) {
        return bh_field_append_dictionary(m, fields, G_N_ELEMENTS(fields), disk->path, disk);
}
