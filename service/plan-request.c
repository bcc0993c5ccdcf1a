/* SPDX-License-Identifier: MIT */

#include "plan-request.h"

#include <errno.h>
#include <string.h>

#include "macro.h"

void bh_plan_disk_from(BhPlanDisk *dest, const BhDisk *disk) {
        *dest = (BhPlanDisk){g_strdup(disk->path),  g_strdup(disk->drive),      g_strdup(disk->name),
                             g_strdup(disk->model), g_strdup(disk->serial),     g_strdup(disk->slot),
                             g_strdup(disk->state), g_strdup(disk->state_text), !g_str_equal(disk->pool, "/")};
}

const BhDisk *bh_plan_find_disk(const BhTopology *topology, const char *path, const char *what, BhFailure *failure) {
        const BhDisk *disk = bh_topology_disk(topology, path);

        if (!topology->inventory->is_available)
                bh_failure_set(failure, -ENODEV, NULL, "%s", topology->inventory->problem);
        else if (!disk)
                bh_failure_set(failure, -ENOENT, NULL, "There is no disk “%s” (“%s”)", path, what);
        return topology->inventory->is_available ? disk : NULL;
}

const BhArray *bh_plan_find_array(const BhTopology *topology, const char *path, BhFailure *failure) {
        const BhArray *array = bh_topology_array(topology, path);

        if (!topology->inventory->is_available)
                bh_failure_set(failure, -ENODEV, NULL, "%s", topology->inventory->problem);
        else if (!array)
                bh_failure_set(failure, -ENOENT, NULL, "There is no array “%s”", path);
        return topology->inventory->is_available ? array : NULL;
}

static int not_found(const BhTopology *topology) {
        return topology->inventory->is_available ? -ENOENT : -ENODEV;
}

static int add_disk(const BhTopology *topology, const char *path, const char *what, BhPlanRequest *request,
                    BhFailure *failure) {
        const BhDisk *disk = bh_plan_find_disk(topology, path, what, failure);

        if (!disk)
                return not_found(topology);
        bh_plan_disk_from(&request->disks[request->n_disks++], disk);
        return 0;
}

int bh_plan_request_create(const BhTopology *topology, const BhArrayWish *wish, BhPlanRequest *ret,
                           BhFailure *failure) {
        size_t n_members = g_strv_length(wish->disks), n_spares = wish->spares ? g_strv_length(wish->spares) : 0;
        bool has_chunks = bh_raid_level_has_chunks(wish->level);
        int r;

        *ret = (BhPlanRequest){
                .kind = BH_PLAN_ARRAY_CREATE,
                .name = g_strdup(wish->name),
                .level = wish->level,
                .disks = g_new0(BhPlanDisk, n_members + n_spares),
                .n_spares = n_spares,
                .chunk_size = wish->chunk_size > 0 || !has_chunks ? wish->chunk_size : BH_RAID_CHUNK_DEFAULT,
                .has_bitmap = wish->is_bitmap_set ? wish->has_bitmap : bh_raid_level_is_redundant(wish->level),
        };
        for (size_t i = 0; i < n_members; i++) {
                r = add_disk(topology, wish->disks[i], "disks", ret, failure);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < n_spares; i++) {
                r = add_disk(topology, wish->spares[i], "spares", ret, failure);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What all requests about an array have. */
static int begin(const BhTopology *topology, BhPlanKind kind, const char *path, BhPlanRequest *ret,
                 const BhArray **ret_array, BhFailure *failure) {
        const BhArray *array = bh_plan_find_array(topology, path, failure);

        *ret = (BhPlanRequest){.kind = kind};
        if (!array)
                return not_found(topology);
        ret->array = g_strdup(array->uuid);
        ret->array_path = g_strdup(array->path);
        ret->array_name = g_strdup(array->name);
        *ret_array = array;
        return 0;
}

int bh_plan_request_delete(const BhTopology *topology, const char *path, BhPlanRequest *ret, BhFailure *failure) {
        const BhArray *array;
        int r;

        r = begin(topology, BH_PLAN_ARRAY_DELETE, path, ret, &array, failure);
        if (r < 0)
                return r;
        if (!g_str_equal(array->pool, "/"))
                return bh_failure_set(failure, -EACCES, "Refused", "A pool is on the array “%s”: delete that first",
                                      array->name);
        ret->disks = g_new0(BhPlanDisk, array->n_members);
        for (size_t i = 0; i < array->n_members; i++) {
                const BhDisk *disk = bh_topology_disk(topology, array->members[i].disk);

                if (disk)
                        bh_plan_disk_from(&ret->disks[ret->n_disks++], disk);
        }
        return 0;
}

int bh_plan_request_format(const BhTopology *topology, const BhFormatWish *wish, BhPlanRequest *ret,
                           BhFailure *failure) {
        const BhDisk *disk = bh_topology_disk(topology, wish->target);
        const BhArray *array;
        int r;

        *ret = (BhPlanRequest){.kind = BH_PLAN_FORMAT};
        if (disk) {
                ret->disks = g_new0(BhPlanDisk, 1);
                bh_plan_disk_from(&ret->disks[ret->n_disks++], disk);
        } else {
                r = begin(topology, BH_PLAN_FORMAT, wish->target, ret, &array, failure);
                if (r < 0)
                        return r;
                if (!g_str_equal(array->pool, "/"))
                        return bh_failure_set(failure, -EACCES, "Refused",
                                              "A pool is on the array “%s” already: delete that first", array->name);
        }
        ret->name = g_strdup(wish->name);
        ret->filesystem = g_strdup(wish->filesystem);
        ret->label = g_strdup(wish->label);
        return 0;
}

int bh_plan_request_pool_delete(const BhTopology *topology, const BhKnownPool *pool, BhPlanRequest *ret,
                                BhFailure *failure) {
        const BhDisk *disk = bh_topology_disk_by_id(topology, pool->disk_id);

        *ret = (BhPlanRequest){.kind = BH_PLAN_POOL_DELETE,
                               .name = g_strdup(pool->name),
                               .pool = g_strdup(pool->uuid),
                               .pool_path = g_strdup(pool->path)};
        if (!topology->inventory->is_available)
                return bh_failure_set(failure, -ENODEV, NULL, "%s", topology->inventory->problem);
        if (*pool->array_uuid) {
                ret->array = g_strdup(pool->array_uuid);
                ret->array_path = bh_array_path(pool->array_uuid);
        } else if (disk) {
                ret->disks = g_new0(BhPlanDisk, 1);
                bh_plan_disk_from(&ret->disks[ret->n_disks++], disk);
        }
        return 0;
}

/* Of one that it may be about. */
static bool is_own(const BhPlanRequest *request, const BhDisk *disk) {
        return request->array_path && g_str_equal(disk->array, request->array_path);
}

int bh_plan_request_check_pools(const BhTopology *topology, const BhPlanRequest *request, BhFailure *failure) {
        const BhArray *array = request->array_path ? bh_topology_array(topology, request->array_path) : NULL;
        bool is_destroyed = request->kind == BH_PLAN_FORMAT || request->kind == BH_PLAN_ARRAY_DELETE;

        if (request->kind == BH_PLAN_POOL_DELETE)
                return 0;
        if (is_destroyed && array && !g_str_equal(array->pool, "/"))
                return bh_failure_set(failure, -ESTALE, NULL, "A pool has been made on the array “%s” since",
                                      array->name);
        for (size_t i = 0; i < request->n_disks; i++) {
                const BhDisk *disk = bh_topology_disk(topology, request->disks[i].path);

                if (disk && !g_str_equal(disk->pool, "/") && !is_own(request, disk) && !request->disks[i].has_pool)
                        return bh_failure_set(failure, -ESTALE, NULL, "A pool has been made on %s since", disk->name);
        }
        return 0;
}

int bh_plan_request_add(const BhTopology *topology, const char *path, const char *disk, BhPlanRequest *ret,
                        BhFailure *failure) {
        const BhArray *array;
        int r;

        r = begin(topology, BH_PLAN_ARRAY_ADD, path, ret, &array, failure);
        if (r < 0)
                return r;
        ret->disks = g_new0(BhPlanDisk, 1);
        return add_disk(topology, disk, "disk", ret, failure);
}

/* One that md has thrown out before one that is merely not there. */
static const BhArrayMember *find_failed(const BhArray *array) {
        const BhArrayMember *missing = NULL;

        for (size_t i = 0; i < array->n_members; i++) {
                if (g_str_equal(array->members[i].state, "failed"))
                        return &array->members[i];
                if (!missing && g_str_equal(array->members[i].state, "missing"))
                        missing = &array->members[i];
        }
        return missing;
}

static void set_failed(const BhTopology *topology, const BhArrayMember *member, BhPlanFailed *failed) {
        const BhDisk *disk = bh_topology_disk(topology, member->disk);

        *failed = (BhPlanFailed){.slot = member->slot,
                                 .state = g_strdup(member->state),
                                 .block = g_strdup(member->block),
                                 .last_seen_usec = member->last_seen_usec};
        if (disk)
                bh_plan_disk_from(&failed->disk, disk);
        else if (member->model[0] != '\0' || member->serial[0] != '\0')
                failed->disk = (BhPlanDisk){g_strdup("/"),
                                            g_strdup(""),
                                            g_strdup(member->name),
                                            g_strdup(member->model),
                                            g_strdup(member->serial),
                                            g_strdup(member->bay),
                                            g_strdup("absent"),
                                            g_strdup("")};
}

/* Not chosen then, and warned about when it is asked for. */
static void suspect(BhPlanDisk *disk, const BhArray *array) {
        if (g_str_equal(disk->state, "failed") || g_str_equal(disk->state, "failing"))
                return;
        g_free(disk->state);
        g_free(disk->state_text);
        disk->state = g_strdup("failing");
        disk->state_text = g_strdup_printf("it did not work in the array “%s”", array->name);
}

int bh_plan_request_repair(const BhTopology *topology, BhSuspects *suspects, const char *path, const char *disk,
                           BhPlanRequest *ret, BhFailure *failure) {
        BhPlanDisk *all = g_new0(BhPlanDisk, topology->n_disks);
        const BhDisk *asked = NULL;
        const BhArrayMember *failed;
        const BhArray *array;
        int r;

        r = begin(topology, BH_PLAN_ARRAY_REPAIR, path, ret, &array, failure);
        if (r >= 0 && disk) {
                asked = bh_plan_find_disk(topology, disk, "disk", failure);
                r = asked ? 0 : -ENOENT;
        }
        if (r < 0) {
                g_free(all);
                return r;
        }
        failed = find_failed(array);
        if (failed)
                set_failed(topology, failed, &ret->failed);
        else
                ret->failed = (BhPlanFailed){.slot = -1, .state = g_strdup("missing"), .block = g_strdup("")};
        for (size_t i = 0; i < topology->n_disks; i++) {
                bh_plan_disk_from(&all[i], &topology->disks[i]);
                if (bh_suspects_has(suspects, array->uuid, all[i].path))
                        suspect(&all[i], array);
        }
        r = bh_plan_choose_replacement(topology->inventory, all, topology->n_disks,
                                       asked ? &all[asked - topology->disks] : NULL, ret, failure);
        for (size_t i = 0; i < topology->n_disks; i++)
                bh_plan_disk_clear(&all[i]);
        g_free(all);
        return r;
}
