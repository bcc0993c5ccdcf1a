/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "macro.h"
#include "plan-private.h"

/* Choosing a replacement --------------------------------------------------------------------------------------------------------------------------- */

static bool is_rebuilding(const BhMdArray *array) {
        for (size_t i = 0; i < array->n_members; i++)
                if (array->members[i].slot >= 0 && !strstr(array->members[i].state, "in_sync") &&
                    g_str_equal(array->sync_action, "recover"))
                        return true;
        return false;
}

static bool has_faulty(const BhMdArray *array) {
        for (size_t i = 0; i < array->n_members; i++)
                if (strstr(array->members[i].state, "faulty"))
                        return true;
        return false;
}

/* Whether there is something to repair, and it can be. */
static int check_array(const BhInventory *inventory, const BhMdArray *array, const char *name, BhFailure *failure) {
        if (!bh_plan_array_is_redundant(array))
                return bh_failure_set(failure, -EOPNOTSUPP, NULL, "%s cannot be repaired: no disk may fail",
                                      bh_raid_level_title(array->level));
        if (!bh_md_array_runs(inventory, array))
                return bh_plan_refuse(
                        failure, "The array “%s” does not run: too many of its members are missing, or it was stopped",
                        name);
        if (is_rebuilding(array))
                return bh_failure_set(failure, -EACCES, "Conflict", "The array “%s” is being rebuilt already", name);
        if (array->degraded == 0 && !has_faulty(array))
                return bh_failure_set(failure, -EACCES, "Conflict",
                                      "There is nothing to repair: all members of the array “%s” work", name);
        return 0;
}

static const BhPlanDisk *disk_of_block(const BhInventory *inventory, const BhPlanDisk *disks, size_t n_disks,
                                       const char *object) {
        const BhBlock *block = bh_inventory_block(inventory, object);

        for (size_t i = 0; block && i < n_disks; i++)
                if (disks[i].drive[0] != '\0' && g_str_equal(disks[i].drive, block->drive))
                        return &disks[i];
        return NULL;
}

static const BhPlanDisk *find_spare(const BhInventory *inventory, const BhMdArray *array, const BhPlanDisk *disks,
                                    size_t n_disks) {
        for (size_t i = 0; i < array->n_members; i++) {
                const BhMemberState *member = &array->members[i];
                const BhPlanDisk *disk;

                if (member->slot >= 0 || !strstr(member->state, "spare") || strstr(member->state, "faulty"))
                        continue;
                disk = disk_of_block(inventory, disks, n_disks, member->block);
                if (disk)
                        return disk;
        }
        return NULL;
}

const BhBlock *bh_plan_former_member(const BhInventory *inventory, const BhPlanDisk *disk, const BhMdArray *array) {
        for (size_t i = 0; disk->drive[0] != '\0' && i < inventory->n_blocks; i++) {
                const BhBlock *block = &inventory->blocks[i];

                if (g_str_equal(block->drive, disk->drive) && g_str_equal(block->member_of, array->object) &&
                    !bh_plan_is_member(array, block->object))
                        return block;
        }
        return NULL;
}

/* Whether the disk can be added without anything being lost or refused. */
static bool is_fit(const BhInventory *inventory, const BhMdArray *array, const BhPlanDisk *disk) {
        _cleanup_(bh_failure_clear) BhFailure ignored = {};

        return !g_str_equal(disk->state, "failing") && bh_plan_check_disk(inventory, disk, array, &ignored) >= 0 &&
               bh_plan_check_size(inventory, array, disk, &ignored) >= 0;
}

static const BhPlanDisk *find_former_member(const BhInventory *inventory, const BhMdArray *array,
                                            const BhPlanDisk *disks, size_t n_disks) {
        for (size_t i = 0; i < n_disks; i++)
                if (bh_plan_former_member(inventory, &disks[i], array) && is_fit(inventory, array, &disks[i]))
                        return &disks[i];
        return NULL;
}

static bool is_empty(const BhInventory *inventory, const BhPlanDisk *disk) {
        __attribute__((cleanup(bh_block_use_clear))) BhBlockUse use = {};
        const BhBlock *block = bh_plan_disk_block(inventory, disk);

        if (!block)
                return false;
        bh_block_use(inventory, block, &use);
        return use.kind == BH_USE_FREE;
}

static const BhPlanDisk *find_smallest_empty(const BhInventory *inventory, const BhMdArray *array,
                                             const BhPlanDisk *disks, size_t n_disks) {
        const BhPlanDisk *best = NULL;

        for (size_t i = 0; i < n_disks; i++) {
                if (!is_empty(inventory, &disks[i]) || !is_fit(inventory, array, &disks[i]))
                        continue;
                if (!best || bh_plan_disk_block(inventory, &disks[i])->size < bh_plan_disk_block(inventory, best)->size)
                        best = &disks[i];
        }
        return best;
}

static void set_replacement(BhPlanRequest *request, const BhPlanDisk *disk, bool is_spare, const char *why) {
        request->disks = g_new0(BhPlanDisk, 1);
        request->n_disks = 1;
        bh_plan_disk_copy(&request->disks[0], disk);
        request->n_spares = is_spare ? 1 : 0;
        request->why = g_strdup(why);
}

int bh_plan_choose_replacement(const BhInventory *inventory, const BhPlanDisk *disks, size_t n_disks,
                               const BhPlanDisk *replacement, BhPlanRequest *request, BhFailure *failure) {
        const BhPlanDisk *disk;
        const BhMdArray *array;
        uint64_t needed;
        int r;

        if (!inventory->is_available)
                return bh_failure_set(failure, -ENODEV, NULL, "%s", inventory->problem);
        r = bh_plan_get_array(inventory, request, &array, failure);
        if (r < 0)
                return r;
        r = check_array(inventory, array, bh_md_array_title(array), failure);
        if (r < 0)
                return r;
        disk = find_spare(inventory, array, disks, n_disks);
        if (disk && (!replacement || g_str_equal(replacement->path, disk->path))) {
                set_replacement(request, disk, true, "It is a spare of the array");
                return 0;
        }
        if (replacement) {
                set_replacement(request, replacement, false, "It was asked for");
                return 0;
        }
        disk = find_former_member(inventory, array, disks, n_disks);
        if (disk) {
                set_replacement(request, disk, false, "It was a member of this array before and is back");
                return 0;
        }
        disk = find_smallest_empty(inventory, array, disks, n_disks);
        if (disk) {
                set_replacement(request, disk, false, "It is the smallest empty disk that is large enough");
                return 0;
        }
        needed = bh_plan_bytes_needed(inventory, array);
        return bh_plan_refuse(
                failure,
                "No disk is free that is large enough: put an empty one in that has at least %" G_GUINT64_FORMAT
                " bytes",
                needed);
}

/* The plan ------------------------------------------------------------------------------------------------------------------------------------------- */

static char *failed_label(const BhPlanFailed *failed) {
        g_autofree char *label = failed->disk.name ? bh_plan_disk_label(&failed->disk) : NULL;

        if (!label)
                return failed->slot >= 0 ? g_strdup_printf("the missing member in slot %d", failed->slot)
                                         : g_strdup("a missing member");
        return failed->slot >= 0 ? g_strdup_printf("%s in slot %d", label, failed->slot) : g_strdup(label);
}

int bh_plan_make_repair(BhPlan *plan, const BhInventory *inventory, BhFailure *failure) {
        const BhPlanRequest *request = &plan->request;
        const BhPlanDisk *disk = &request->disks[0];
        const char *name = request->array_name;
        g_autofree char *label = bh_plan_disk_label(disk), *failed = failed_label(&request->failed);
        const BhMdArray *array;
        int r;

        r = bh_plan_get_array(inventory, request, &array, failure);
        if (r < 0)
                return r;
        r = check_array(inventory, array, name, failure);
        if (r < 0)
                return r;
        if (request->n_spares == 0) {
                r = bh_plan_take_disk(plan, inventory, array, failure);
                if (r < 0)
                        return r;
        }
        plan->usable_bytes = array->size;
        plan->survives = bh_plan_survives(array, array->degraded - MIN(array->degraded, 1));
        plan->sync_usec = bh_plan_rebuild_usec(inventory, array, disk);
        plan->name = g_strdup(name);
        plan->title = g_strdup_printf("Repair the array “%s”", name);
        plan->text = g_strdup_printf(
                "%s takes the place of %s; the array “%s” is rebuilt onto it and stays usable meanwhile.", label,
                failed, name);
        return 0;
}
