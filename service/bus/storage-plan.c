/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "bus/call.h"
#include "bus/plan-job.h"
#include "bus/plan-view.h"
#include "bus/polkit.h"
#include "bus/storage-methods.h"
#include "disks.h"
#include "drive-advice.h"
#include "errors.h"
#include "plan-request.h"
#include "plan-token.h"
#include "pools.h"
#include "roots.h"
#include "what-if.h"

/* Longer than any valid one, so that the domain can say what is wrong with it. */
#define NAME_MAX_BYTES 256
#define TOKEN_MAX_BYTES 64

/* Plans ------------------------------------------------------------------------------------------------------------------------------------------ */

typedef struct PlanCall {
        char *name, *level, *array, *disk, *filesystem, *label; /* as far as the method has them */
        char **disks, **spares;
        uint64_t chunk_size;
        bool is_chunk_set, is_bitmap_set, has_bitmap;
        BhPlan *plan;
} PlanCall;

static void plan_call_clear(void *data) {
        PlanCall *plan_call = data;

        g_free(plan_call->name);
        g_free(plan_call->level);
        g_free(plan_call->array);
        g_free(plan_call->disk);
        g_free(plan_call->filesystem);
        g_free(plan_call->label);
        g_strfreev(plan_call->disks);
        g_strfreev(plan_call->spares);
        bh_plan_free(plan_call->plan);
}

/* Makes the plan; what is refused is audited. */
static int make_plan(BhCall *call, PlanCall *plan_call, const BhTopology *topology, BhPlanRequest *request, int r) {
        if (r >= 0)
                r = bh_plan_make(topology->inventory, request, &plan_call->plan, &call->failure);
        if (r < 0 && call->failure.name && g_str_equal(call->failure.name, "Refused"))
                bh_plan_audit(call->service, &call->caller, request, r, call->failure.message);
        return r;
}

/* The token goes first, and the plan may be taken as soon as it is kept: so it is kept last. */
static int plan_reply(BhCall *call, void *data, sd_bus_message *reply) {
        PlanCall *plan_call = data;
        g_autofree char *token = bh_plans_make_token();
        int r;

        plan_call->plan->expires_usec = g_get_real_time() + BH_PLAN_LIFETIME_USEC;
        r = sd_bus_message_append(reply, "s", token);
        if (r >= 0)
                r = bh_plan_append(reply, plan_call->plan);
        if (r >= 0)
                r = bh_plans_keep(call->service->plans, &call->caller, token, g_steal_pointer(&plan_call->plan),
                                  g_get_monotonic_time());
        return r == -EAGAIN ? bh_call_fail(call, r, "Too many plans wait to be applied") : r;
}

/* PlanArray(s name, s level, ao disks, a{sv} options) → s token, a{sv} plan --------------------------------------------------------------------------- */

static int plan_array_work(BhCall *call, void *data) {
        PlanCall *plan_call = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(call->service->disks);
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        BhArrayWish wish = {plan_call->name,       0,
                            plan_call->disks,      plan_call->spares,
                            plan_call->chunk_size, plan_call->is_bitmap_set,
                            plan_call->has_bitmap};

        if (!bh_raid_level_from_string(plan_call->level, &wish.level))
                return bh_failure_set(&call->failure, -EINVAL, NULL,
                                      "The argument “level” is “raid0”, “raid1”, “raid5”, “raid6” or “raid10”");
        if (plan_call->is_chunk_set && plan_call->chunk_size == 0)
                return bh_failure_set(&call->failure, -EINVAL, NULL,
                                      "The option “chunk_size” must be a power of two from 4096 to 1048576 bytes");
        return make_plan(call, plan_call, topology, &request,
                         bh_plan_request_create(topology, &wish, &request, &call->failure));
}

static const BhMethod plan_array_method = {
        .name = "Storage.PlanArray",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ARRAY_CREATE,
        .size = sizeof(PlanCall),
        .clear = plan_call_clear,
        .work = plan_array_work,
        .reply = plan_reply,
};

int bh_storage_method_plan_array(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &plan_array_method);
        PlanCall *plan_call = call->data;
        const BhOption options[] = {
                {"spares", 'A', &plan_call->spares, NULL, BH_RAID_DISKS_MAX},
                {"chunk_size", 't', &plan_call->chunk_size, &plan_call->is_chunk_set, 0},
                {"bitmap", 'b', &plan_call->has_bitmap, &plan_call->is_bitmap_set, 0},
        };
        int r;

        r = bh_options_read_string(m, "name", NAME_MAX_BYTES, &plan_call->name, error);
        if (r < 0)
                return r;
        r = bh_options_read_string(m, "level", NAME_MAX_BYTES, &plan_call->level, error);
        if (r < 0)
                return r;
        r = bh_options_read_paths(m, "disks", BH_RAID_DISKS_MAX, &plan_call->disks, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* PlanFormat(o target, s name, s filesystem, a{sv} options) → s token, a{sv} plan ----------------------------------------------------------------------- */

static int plan_format_work(BhCall *call, void *data) {
        PlanCall *plan_call = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(call->service->disks);
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        const BhFormatWish wish = {plan_call->array, plan_call->name, plan_call->filesystem, plan_call->label};
        int r;

        r = bh_pools_check_name(call->service->pools, plan_call->name, &call->failure);
        if (r >= 0)
                r = bh_plan_request_format(topology, &wish, &request, &call->failure);
        return make_plan(call, plan_call, topology, &request, r);
}

static const BhMethod plan_format_method = {
        .name = "Storage.PlanFormat",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_DISK_FORMAT,
        .size = sizeof(PlanCall),
        .clear = plan_call_clear,
        .needs_storage = true,
        .work = plan_format_work,
        .reply = plan_reply,
};

int bh_storage_method_plan_format(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &plan_format_method);
        PlanCall *plan_call = call->data;
        const BhOption options[] = {{"label", 's', &plan_call->label, NULL, NAME_MAX_BYTES}};
        int r;

        r = bh_options_read_path(m, &plan_call->array);
        if (r < 0)
                return r;
        r = bh_options_read_string(m, "name", BH_CALL_PATH_MAX, &plan_call->name, error);
        if (r < 0)
                return r;
        r = bh_options_read_string(m, "filesystem", NAME_MAX_BYTES, &plan_call->filesystem, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* PlanDelete(o target, a{sv} options) → s token, a{sv} plan ----------------------------------------------------------------------------------------- */

/* What uses the pool, as a sentence. */
static int check_unused(BhService *service, const BhKnownPool *pool, BhFailure *failure) {
        g_autofree char *uses = bh_files_root_uses(service->files, pool->name);

        return *uses ? bh_failure_set(failure, -EACCES, "Refused", "The pool “%s” is in use: %s", pool->name, uses) : 0;
}

static int request_pool_delete(BhCall *call, const BhTopology *topology, const char *path, BhPlanRequest *request) {
        BhService *service = call->service;
        _cleanup_(bh_known_pool_freep) BhKnownPool *pool = NULL;
        int r;

        if (!service->files)
                return bh_failure_set(&call->failure, -ENODEV, NULL, "%s", service->storage_problem);
        pool = bh_pools_copy(service->pools, path, &call->failure);
        if (!pool)
                return -ENOENT;
        r = bh_plan_request_pool_delete(topology, pool, request, &call->failure);
        return r < 0 ? r : check_unused(service, pool, &call->failure);
}

static int plan_delete_work(BhCall *call, void *data) {
        PlanCall *plan_call = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(call->service->disks);
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};

        if (g_str_has_prefix(plan_call->array, BH_ROOT_PATH "/pools/"))
                return make_plan(call, plan_call, topology, &request,
                                 request_pool_delete(call, topology, plan_call->array, &request));
        return make_plan(call, plan_call, topology, &request,
                         bh_plan_request_delete(topology, plan_call->array, &request, &call->failure));
}

static const BhMethod plan_delete_method = {
        .name = "Storage.PlanDelete",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ARRAY_DELETE,
        .size = sizeof(PlanCall),
        .clear = plan_call_clear,
        .work = plan_delete_work,
        .reply = plan_reply,
};

int bh_storage_method_plan_delete(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &plan_delete_method);
        int r = bh_options_read_path(m, &((PlanCall *)call->data)->array);

        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* PlanAdd(o array, o disk, a{sv} options) → s token, a{sv} plan --------------------------------------------------------------------------------------- */

static int plan_add_work(BhCall *call, void *data) {
        PlanCall *plan_call = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(call->service->disks);
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};

        return make_plan(call, plan_call, topology, &request,
                         bh_plan_request_add(topology, plan_call->array, plan_call->disk, &request, &call->failure));
}

static const BhMethod plan_add_method = {
        .name = "Storage.PlanAdd",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ARRAY_REPAIR,
        .size = sizeof(PlanCall),
        .clear = plan_call_clear,
        .work = plan_add_work,
        .reply = plan_reply,
};

int bh_storage_method_plan_add(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &plan_add_method);
        PlanCall *plan_call = call->data;
        int r;

        r = bh_options_read_path(m, &plan_call->array);
        if (r >= 0)
                r = bh_options_read_path(m, &plan_call->disk);
        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* PlanRepair(o array, a{sv} options) → s token, a{sv} plan ----------------------------------------------------------------------------------------------- */

static int plan_repair_work(BhCall *call, void *data) {
        PlanCall *plan_call = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(call->service->disks);
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};

        return make_plan(call, plan_call, topology, &request,
                         bh_plan_request_repair(topology, call->service->suspects, plan_call->array, plan_call->disk,
                                                &request, &call->failure));
}

static const BhMethod plan_repair_method = {
        .name = "Storage.PlanRepair",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ARRAY_REPAIR,
        .size = sizeof(PlanCall),
        .clear = plan_call_clear,
        .work = plan_repair_work,
        .reply = plan_reply,
};

int bh_storage_method_plan_repair(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &plan_repair_method);
        PlanCall *plan_call = call->data;
        const BhOption options[] = {{"disk", 'o', &plan_call->disk, NULL, 0}};
        int r = bh_options_read_path(m, &plan_call->array);

        return r < 0 ? r : bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* Apply(s token, a{sv} options) → o job ------------------------------------------------------------------------------------------------------------------- */

typedef struct Apply {
        char *token;
        BhPlan *plan;
} Apply;

static void apply_clear(void *data) {
        Apply *apply = data;

        g_free(apply->token);
        bh_plan_free(apply->plan);
}

static int apply_work(BhCall *call, void *data) {
        Apply *apply = data;

        apply->plan = bh_plans_take(call->service->plans, &call->caller, apply->token, g_get_monotonic_time());
        if (!apply->plan)
                return bh_failure_set(&call->failure, -ENOENT, NULL,
                                      "There is no such plan: it was applied already, its ten minutes are over, or it "
                                      "is somebody else’s");
        return bh_plan_job_check(call, apply->plan);
}

static int apply_reply(BhCall *call, void *data, sd_bus_message *reply) {
        Apply *apply = data;
        const char *path;
        int r;

        r = bh_plan_job_start(call->service, &call->caller, g_steal_pointer(&apply->plan), &path);
        return r < 0 ? bh_call_fail(call, r, "Cannot apply the plan") : sd_bus_message_append(reply, "o", path);
}

static const BhMethod apply_method = {
        .name = "Storage.Apply",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ARRAY_CREATE,
        .pool = BH_POOL_STORAGE,
        .size = sizeof(Apply),
        .clear = apply_clear,
        .work = apply_work,
        .reply = apply_reply,
};

/* The action that the plan took. Of a token that is unknown any will do: whoever may not even do that learns nothing. */
static const char *action_of(int kind) {
        switch (kind) {
        case BH_PLAN_ARRAY_DELETE:
        case BH_PLAN_POOL_DELETE:
                return BH_POLKIT_ARRAY_DELETE;
        case BH_PLAN_FORMAT:
                return BH_POLKIT_DISK_FORMAT;
        case BH_PLAN_ARRAY_ADD:
        case BH_PLAN_ARRAY_REPAIR:
                return BH_POLKIT_ARRAY_REPAIR;
        default:
                return BH_POLKIT_ARRAY_CREATE;
        }
}

int bh_storage_method_apply(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        BhService *service = userdata;
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(service, m, &apply_method);
        Apply *apply = call->data;
        int r;

        r = bh_options_read_string(m, "token", TOKEN_MAX_BYTES, &apply->token, error);
        if (r < 0)
                return r;
        call->action = action_of(bh_plans_peek_kind(service->plans, apply->token, g_get_monotonic_time()));
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* CompareLevels(ao disks, a{sv} options) → aa{sv} levels ---------------------------------------------------------------------------------------------------- */

typedef struct Compare {
        char **disks;
        uint32_t n_spares;
        BhRaidEstimate estimates[BH_RAID_LEVELS];
} Compare;

static void compare_clear(void *data) {
        Compare *compare = data;

        g_strfreev(compare->disks);
        for (size_t i = 0; i < BH_RAID_LEVELS; i++)
                bh_raid_estimate_clear(&compare->estimates[i]);
}

static int compare_work(BhCall *call, void *data) {
        Compare *compare = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(call->service->disks);
        BhRaidDisk disks[BH_RAID_DISKS_MAX];
        size_t n = g_strv_length(compare->disks);

        for (size_t i = 0; i < n; i++) {
                const BhDisk *disk = bh_plan_find_disk(topology, compare->disks[i], "disks", &call->failure);
                const BhDrive *drive = disk ? bh_inventory_drive(topology->inventory, disk->drive) : NULL;

                if (!disk)
                        return topology->inventory->is_available ? -ENOENT : -ENODEV;
                for (size_t j = 0; j < i; j++)
                        if (g_str_equal(compare->disks[j], compare->disks[i]))
                                return bh_failure_set(&call->failure, -EINVAL, NULL, "The disk %s is given twice",
                                                      disk->name);
                disks[i] = (BhRaidDisk){disk->size, drive ? bh_drive_rate(drive) : 0};
        }
        for (size_t i = 0; i < BH_RAID_LEVELS; i++)
                bh_raid_estimate((BhRaidLevel)i, disks, n, compare->n_spares, BH_RAID_CHUNK_DEFAULT,
                                 &compare->estimates[i]);
        return 0;
}

static int append_estimate(sd_bus_message *reply, const BhRaidEstimate *estimate) {
        return sd_bus_message_append(reply, "a{sv}", 11, "level", "s", bh_raid_level_to_string(estimate->level),
                                     "possible", "b", (int)estimate->is_possible, "reason", "s", estimate->reason,
                                     "usable_bytes", "t", estimate->usable_bytes, "raw_bytes", "t", estimate->raw_bytes,
                                     "unused_bytes", "t", estimate->unused_bytes, "survives", "u", estimate->survives,
                                     "sync_usec", "t", estimate->sync_usec, "read_factor", "d", estimate->read_factor,
                                     "write_factor", "d", estimate->write_factor, "text", "s", estimate->text);
}

static int compare_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const Compare *compare = data;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < BH_RAID_LEVELS; i++)
                r = append_estimate(reply, &compare->estimates[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const BhMethod compare_method = {
        .name = "Storage.CompareLevels",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ARRAY_CREATE,
        .size = sizeof(Compare),
        .clear = compare_clear,
        .work = compare_work,
        .reply = compare_reply,
};

int bh_storage_method_compare_levels(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &compare_method);
        Compare *compare = call->data;
        const BhOption options[] = {{"spares", 'u', &compare->n_spares, NULL, 0}};
        int r = bh_options_read_paths(m, "disks", BH_RAID_DISKS_MAX, &compare->disks, error);

        return r < 0 ? r : bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* SimulateFailure(ao disks, a{sv} options) → aa{sv} effects --------------------------------------------------------------------------------------------------- */

typedef struct Simulation {
        char **disks;
        BhTopology *topology;
        GPtrArray *effects;
} Simulation;

static void simulation_clear(void *data) {
        Simulation *simulation = data;

        g_strfreev(simulation->disks);
        if (simulation->effects)
                g_ptr_array_unref(simulation->effects);
        bh_topology_unref(simulation->topology);
}

static int simulate_work(BhCall *call, void *data) {
        Simulation *simulation = data;
        size_t n = g_strv_length(simulation->disks), n_drives = 0;
        g_autofree const char **drives = g_new0(const char *, n + 1);

        simulation->topology = bh_disks_get(call->service->disks);
        for (size_t i = 0; i < n; i++) {
                const BhDisk *disk =
                        bh_plan_find_disk(simulation->topology, simulation->disks[i], "disks", &call->failure);

                if (!disk)
                        return simulation->topology->inventory->is_available ? -ENOENT : -ENODEV;
                if (disk->is_present)
                        drives[n_drives++] = disk->drive;
        }
        simulation->effects = bh_what_if(simulation->topology->inventory, drives, n_drives);
        return 0;
}

static int append_effect(sd_bus_message *reply, const BhTopology *topology, const BhArrayEffect *effect) {
        const BhArray *array = bh_topology_array_of_object(topology, effect->array->object);

        if (!array)
                return 0;
        return sd_bus_message_append(reply, "a{sv}", 6, "path", "o", array->path, "kind", "s", "array", "name", "s",
                                     array->name, "effect", "s", bh_effect_to_string(effect->effect), "survives", "u",
                                     effect->survives, "text", "s", effect->text);
}

/* What would become of the array that is the source of a pool; NULL when it is on a disk. */
static const BhArrayEffect *effect_of(const Simulation *simulation, const char *source) {
        for (guint i = 0; i < simulation->effects->len; i++) {
                const BhArrayEffect *effect = simulation->effects->pdata[i];
                const BhArray *array = bh_topology_array_of_object(simulation->topology, effect->array->object);

                if (array && g_str_equal(array->path, source))
                        return effect;
        }
        return NULL;
}

static int append_pool(sd_bus_message *reply, const Simulation *simulation, const BhPoolView *pool) {
        const BhArrayEffect *array = effect_of(simulation, pool->source);
        BhEffect effect = array ? array->effect
                          : g_strv_contains((const char *const *)simulation->disks, pool->source)
                                  ? BH_EFFECT_LOST
                                  : BH_EFFECT_UNAFFECTED;
        const char *format = effect == BH_EFFECT_LOST       ? "The pool “%s” is lost, with all files in it."
                             : effect == BH_EFFECT_DEGRADED ? "The pool “%s” goes on, without as much protection."
                                                            : "The pool “%s” goes on as before.";
        g_autoptr(GString) text = g_string_new(format);

        g_string_replace(text, "%s", pool->name, 1);
        return sd_bus_message_append(reply, "a{sv}", 6, "path", "o", pool->path, "kind", "s", "pool", "name", "s",
                                     pool->name, "effect", "s", bh_effect_to_string(effect), "survives", "u",
                                     array ? array->survives : 0u, "text", "s", text->str);
}

static int append_pools(sd_bus_message *reply, const Simulation *simulation, const BhPools *pools) {
        size_t n;
        const BhPoolView *list = bh_pools_list(pools, &n);
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++)
                if (!g_str_equal(list[i].source, "/"))
                        r = append_pool(reply, simulation, &list[i]);
        return r;
}

static int simulate_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const Simulation *simulation = data;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (guint i = 0; r >= 0 && i < simulation->effects->len; i++)
                r = append_effect(reply, simulation->topology, simulation->effects->pdata[i]);
        if (r >= 0)
                r = append_pools(reply, simulation, call->service->pools);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const BhMethod simulate_method = {
        .name = "Storage.SimulateFailure",
        .who = BH_WHO_PEER,
        .size = sizeof(Simulation),
        .clear = simulation_clear,
        .work = simulate_work,
        .reply = simulate_reply,
};

int bh_storage_method_simulate_failure(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &simulate_method);
        int r = bh_options_read_paths(m, "disks", BH_RAID_DISKS_MAX, &((Simulation *)call->data)->disks, error);

        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}
