/* SPDX-License-Identifier: MIT */

#include "bus/storage.h"

#include <errno.h>

#include "bus/adapters.h"
#include "bus/call.h"
#include "bus/job.h"
#include "bus/pool.h"
#include "bus/storage-methods.h"
#include "disks.h"
#include "suspects.h"
#include "udisks.h"

#define INTERFACE BH_BUS_NAME ".Storage"

/* Of UDisks2: since then it tells the health of NVMe disks. */
#define NVME_MAJOR 2u
#define NVME_MINOR 10u

/* What is shown on the bus. */
struct BhStorageObjects {
        BhService *service;
        BhExports *disks, *arrays, *pools;
        BhTopology *topology; /* that is shown */
};

/* Properties ------------------------------------------------------------------------------------------------------------------------------ */

static const BhInventory *inventory_of(BhService *service) {
        return service->storage_objects->topology->inventory;
}

static int get_available(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "b", (int)inventory_of(userdata)->is_available);
}

static int get_problem(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", inventory_of(userdata)->problem);
}

static bool knows_nvme(const BhInventory *inventory) {
        unsigned major = 0, minor = 0;

        return sscanf(inventory->version, "%u.%u", &major, &minor) == 2 &&
               (major > NVME_MAJOR || (major == NVME_MAJOR && minor >= NVME_MINOR));
}

static int get_features(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return knows_nvme(inventory_of(userdata)) ? sd_bus_message_append(reply, "as", 1, "nvme-smart")
                                                  : sd_bus_message_append(reply, "as", 0);
}

static int get_filesystems(sd_bus *bus, const char *path, const char *interface, const char *property,
                           sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append_strv(reply, inventory_of(userdata)->filesystems);
}

static void emit_changes(BhService *service, const BhInventory *before, const BhInventory *now) {
        char *names[5] = {NULL};
        size_t n = 0;

        if (before->is_available != now->is_available)
                names[n++] = (char *)"Available";
        if (!g_str_equal(before->problem, now->problem))
                names[n++] = (char *)"Problem";
        if (knows_nvme(before) != knows_nvme(now))
                names[n++] = (char *)"Features";
        if (!g_strv_equal((const char *const *)before->filesystems, (const char *const *)now->filesystems))
                names[n++] = (char *)"Filesystems";
        if (n > 0)
                (void)sd_bus_emit_properties_changed_strv(service->bus, BH_ROOT_PATH, INTERFACE, names);
}

/* ListDisks(a{sv} options) → aa{sv} disks, ListArrays(a{sv} options) → aa{sv} arrays --------------------------------------------------------- */

static int list_disks_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const BhTopology *topology = call->service->storage_objects->topology;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < topology->n_disks; i++)
                r = bh_bus_disk_append(reply, &topology->disks[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int list_arrays_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const BhTopology *topology = call->service->storage_objects->topology;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < topology->n_arrays; i++)
                r = bh_bus_array_append(reply, &topology->arrays[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const BhMethod list_disks_method = {
        .name = "Storage.ListDisks",
        .who = BH_WHO_PEER,
        .reply = list_disks_reply,
};

static const BhMethod list_arrays_method = {
        .name = "Storage.ListArrays",
        .who = BH_WHO_PEER,
        .reply = list_arrays_reply,
};

static int method_list_disks(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &list_disks_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

static int method_list_arrays(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &list_arrays_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* GetSpeedLimits(a{sv} options) → t minimum, t maximum -------------------------------------------------------------------------------------- */

typedef struct SpeedLimits {
        uint64_t minimum, maximum; /* bytes a second */
} SpeedLimits;

/* In KiB a second; beside the file about arrays. */
static int read_limit(const BhService *service, const char *name, uint64_t *ret) {
        g_autofree char *proc = g_path_get_dirname(service->config.mdstat), *text = NULL;
        g_autofree char *path = g_build_filename(proc, "sys", "dev", "raid", name, NULL);
        guint64 value;

        if (!g_file_get_contents(path, &text, NULL, NULL) ||
            !g_ascii_string_to_unsigned(g_strstrip(text), 10, 0, UINT32_MAX, &value, NULL))
                return -ENODEV;
        *ret = value * 1024;
        return 0;
}

static int get_speed_limits_work(BhCall *call, void *data) {
        SpeedLimits *limits = data;
        int r;

        r = read_limit(call->service, "speed_limit_min", &limits->minimum);
        if (r >= 0)
                r = read_limit(call->service, "speed_limit_max", &limits->maximum);
        return r < 0 ? bh_failure_set(&call->failure, r, NULL, "The kernel has no arrays, and so no limits for them")
                     : 0;
}

static int get_speed_limits_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const SpeedLimits *limits = data;

        return sd_bus_message_append(reply, "tt", limits->minimum, limits->maximum);
}

static const BhMethod get_speed_limits_method = {
        .name = "Storage.GetSpeedLimits",
        .who = BH_WHO_PEER,
        .size = sizeof(SpeedLimits),
        .work = get_speed_limits_work,
        .reply = get_speed_limits_reply,
};

static int method_get_speed_limits(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &get_speed_limits_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Available", "b", get_available, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Problem", "s", get_problem, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Features", "as", get_features, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Filesystems", "as", get_filesystems, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_METHOD_WITH_ARGS("ListDisks", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("aa{sv}", disks),
                                method_list_disks, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListArrays", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("aa{sv}", arrays),
                                method_list_arrays, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CompareLevels", SD_BUS_ARGS("ao", disks, "a{sv}", options),
                                SD_BUS_RESULT("aa{sv}", levels), bh_storage_method_compare_levels,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SimulateFailure", SD_BUS_ARGS("ao", disks, "a{sv}", options),
                                SD_BUS_RESULT("aa{sv}", effects), bh_storage_method_simulate_failure,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("PlanArray", SD_BUS_ARGS("s", name, "s", level, "ao", disks, "a{sv}", options),
                                SD_BUS_RESULT("s", token, "a{sv}", plan), bh_storage_method_plan_array,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("PlanFormat", SD_BUS_ARGS("o", target, "s", name, "s", filesystem, "a{sv}", options),
                                SD_BUS_RESULT("s", token, "a{sv}", plan), bh_storage_method_plan_format,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("PlanDelete", SD_BUS_ARGS("o", target, "a{sv}", options),
                                SD_BUS_RESULT("s", token, "a{sv}", plan), bh_storage_method_plan_delete,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("PlanAdd", SD_BUS_ARGS("o", array, "o", disk, "a{sv}", options),
                                SD_BUS_RESULT("s", token, "a{sv}", plan), bh_storage_method_plan_add,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("PlanRepair", SD_BUS_ARGS("o", array, "a{sv}", options),
                                SD_BUS_RESULT("s", token, "a{sv}", plan), bh_storage_method_plan_repair,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Apply", SD_BUS_ARGS("s", token, "a{sv}", options), SD_BUS_RESULT("o", job),
                                bh_storage_method_apply, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListPools", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("aa{sv}", pools),
                                bh_storage_method_list_pools, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Adopt", SD_BUS_ARGS("o", source, "s", name, "a{sv}", options),
                                SD_BUS_RESULT("o", pool), bh_storage_method_adopt, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetSpeedLimits", SD_BUS_ARGS("a{sv}", options),
                                SD_BUS_RESULT("t", minimum, "t", maximum), method_get_speed_limits,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

/* All of it ------------------------------------------------------------------------------------------------------------------------------- */

/* Properties are read while their changes are sent: they are those of the new topology by then. */
static void on_topology(void *userdata, const BhTopology *before, const BhTopology *now) {
        BhStorageObjects *objects = userdata;
        BhTopology *shown = objects->topology;

        objects->topology = bh_topology_ref((BhTopology *)now);
        bh_bus_arrays_show(objects->arrays, now);
        bh_bus_disks_show(objects->disks, now);
        emit_changes(objects->service, shown->inventory, now->inventory);
        bh_topology_unref(shown);
        bh_suspects_learn(objects->service->suspects, now);
        bh_bus_bitmaps_see(objects->service, now);
        bh_jobs_observe(objects->service->jobs); /* some look at this rather than at the inventory that it comes from */
}

static void on_pools(void *userdata, const BhPools *pools) {
        BhStorageObjects *objects = userdata;

        bh_bus_pools_show(objects->pools, pools);
}

int bh_bus_storage_add(BhService *service) {
        BhStorageObjects *objects = g_new0(BhStorageObjects, 1);

        objects->service = service;
        objects->disks = bh_bus_disks_new(service);
        objects->arrays = bh_bus_arrays_new(service);
        objects->pools = bh_bus_pools_new(service);
        objects->topology = bh_disks_get(service->disks);
        service->storage_objects = objects;
        bh_disks_add_listener(service->disks, on_topology, objects);
        bh_pools_add_listener(service->pools, on_pools, objects);
        bh_bus_pools_show(objects->pools, service->pools);
        bh_bus_syncs_watch(service);
        return sd_bus_add_object_vtable(service->bus, NULL, BH_ROOT_PATH, INTERFACE, vtable, service);
}

void bh_bus_storage_free(BhStorageObjects *objects) {
        if (!objects)
                return;
        bh_exports_free(objects->disks);
        bh_exports_free(objects->arrays);
        bh_exports_free(objects->pools);
        bh_topology_unref(objects->topology);
        g_free(objects);
}
