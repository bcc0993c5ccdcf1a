/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <math.h>
#include <string.h>

#include "drive-advice.h"
#include "macro.h"
#include "plan-private.h"

#define NAME_MAX_BYTES 32

/* Sizes that differ by less are what makers call the same. */
#define SIZE_TOLERANCE 0.01

/* Creating an array ----------------------------------------------------------------------------------------------------------------------------- */

static bool is_number(const char *text) {
        return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

static int check_name(const BhInventory *inventory, const char *name, BhFailure *failure) {
        size_t length = strlen(name);

        if (length == 0 || length > NAME_MAX_BYTES || !g_ascii_isalnum(name[0]))
                return bh_failure_set(failure, -EILSEQ, NULL,
                                      "The name of an array is 1 to %d letters, digits, “-” and “_”, and begins with a "
                                      "letter or digit",
                                      NAME_MAX_BYTES);
        for (size_t i = 0; i < length; i++)
                if (!g_ascii_isalnum(name[i]) && name[i] != '-' && name[i] != '_')
                        return bh_failure_set(failure, -EILSEQ, NULL,
                                              "The name of an array has letters, digits, “-” and “_” only");
        if (is_number(name[0] == 'd' ? name + 1 : name))
                return bh_failure_set(failure, -EILSEQ, NULL,
                                      "The name of an array is not a number: mdadm would take it for that of a device");
        for (size_t i = 0; i < inventory->n_arrays; i++)
                if (g_str_equal(bh_md_array_title(&inventory->arrays[i]), name))
                        return bh_failure_set(failure, -EEXIST, NULL, "There is an array “%s” already", name);
        return 0;
}

static int check_options(const BhPlanRequest *request, BhFailure *failure) {
        const char *title = bh_raid_level_title(bh_raid_level_to_string(request->level));
        uint64_t chunk = request->chunk_size;

        if (!bh_raid_level_has_chunks(request->level)) {
                if (chunk != 0)
                        return bh_failure_set(failure, -EINVAL, NULL, "The option “chunk_size” is not for %s", title);
        } else if (chunk < BH_RAID_CHUNK_MIN || chunk > BH_RAID_CHUNK_MAX || (chunk & (chunk - 1)) != 0) {
                return bh_failure_set(failure, -EINVAL, NULL,
                                      "The option “chunk_size” must be a power of two from %" G_GUINT64_FORMAT
                                      " to %" G_GUINT64_FORMAT " bytes",
                                      BH_RAID_CHUNK_MIN, BH_RAID_CHUNK_MAX);
        }
        if (request->has_bitmap && !bh_raid_level_is_redundant(request->level))
                return bh_failure_set(failure, -EINVAL, NULL, "The option “bitmap” is not for %s", title);
        return 0;
}

/* The same disk given twice, or one disk that is there twice. */
static int check_distinct(const BhInventory *inventory, const BhPlanRequest *request, BhFailure *failure) {
        for (size_t i = 0; i < request->n_disks; i++)
                for (size_t j = 0; j < i; j++) {
                        const BhPlanDisk *a = &request->disks[j], *b = &request->disks[i];
                        const BhDrive *first = bh_inventory_drive(inventory, a->drive),
                                      *second = bh_inventory_drive(inventory, b->drive);
                        g_autofree char *label = bh_plan_disk_label(b);

                        if (g_str_equal(a->path, b->path))
                                return bh_failure_set(failure, -EINVAL, NULL, "%s is given twice", label);
                        if (first && second && bh_drives_are_same(first, second))
                                return bh_plan_refuse(failure, "%s is the same disk as %s, connected in another way",
                                                      label, a->name);
                }
        return 0;
}

static uint64_t disk_size(const BhInventory *inventory, const BhPlanDisk *disk) {
        return bh_plan_disk_block(inventory, disk)->size;
}

static void warn_of_sizes(BhPlan *plan, const BhInventory *inventory) {
        const BhPlanRequest *request = &plan->request;
        size_t n_members = request->n_disks - request->n_spares;
        uint64_t smallest = UINT64_MAX;

        if (request->level == BH_RAID_0)
                return; /* uses all of it */
        for (size_t i = 0; i < n_members; i++)
                smallest = MIN(smallest, disk_size(inventory, &request->disks[i]));
        for (size_t i = 0; i < n_members; i++) {
                uint64_t more = disk_size(inventory, &request->disks[i]) - smallest;
                g_autofree char *label = bh_plan_disk_label(&request->disks[i]), *size = g_format_size(more);

                if ((double)more > SIZE_TOLERANCE * (double)smallest)
                        bh_plan_warn(plan, "%s is larger than the smallest member: %s of it cannot be used", label,
                                     size);
        }
}

static void warn_of_batches(BhPlan *plan, const BhInventory *inventory) {
        const BhPlanRequest *request = &plan->request;

        if (!bh_raid_level_is_redundant(request->level))
                return;
        for (size_t i = 0; i < request->n_disks; i++)
                for (size_t j = 0; j < i; j++) {
                        g_autofree char *first = bh_plan_disk_label(&request->disks[j]),
                                        *second = bh_plan_disk_label(&request->disks[i]);

                        if (!bh_drives_may_be_of_one_batch(bh_inventory_drive(inventory, request->disks[j].drive),
                                                           bh_inventory_drive(inventory, request->disks[i].drive)))
                                continue;
                        bh_plan_warn(plan,
                                     "%s and %s may be of one batch: such disks tend to fail at about the same time",
                                     first, second);
                        break; /* one sentence for each disk */
                }
}

static int estimate(BhPlan *plan, const BhInventory *inventory, BhFailure *failure) {
        const BhPlanRequest *request = &plan->request;
        __attribute__((cleanup(bh_raid_estimate_clear))) BhRaidEstimate estimate = {};
        BhRaidDisk disks[BH_RAID_DISKS_MAX];

        for (size_t i = 0; i < request->n_disks; i++)
                disks[i] = (BhRaidDisk){disk_size(inventory, &request->disks[i]),
                                        bh_drive_rate(bh_inventory_drive(inventory, request->disks[i].drive))};
        bh_raid_estimate(request->level, disks, request->n_disks, request->n_spares, request->chunk_size, &estimate);
        if (!estimate.is_possible)
                return bh_plan_refuse(failure, "%s", estimate.reason);
        plan->usable_bytes = estimate.usable_bytes;
        plan->survives = estimate.survives;
        plan->sync_usec = estimate.sync_usec;
        plan->text = g_strdup_printf("%s. Everything on the disks below is lost.", estimate.text);
        return 0;
}

int bh_plan_make_array(BhPlan *plan, const BhInventory *inventory, BhFailure *failure) {
        const BhPlanRequest *request = &plan->request;
        const char *level = bh_raid_level_title(bh_raid_level_to_string(request->level));
        size_t n_members = request->n_disks - MIN(request->n_spares, request->n_disks);
        int r;

        r = check_name(inventory, request->name, failure);
        if (r < 0)
                return r;
        r = check_options(request, failure);
        if (r < 0)
                return r;
        if (request->n_disks > BH_RAID_DISKS_MAX)
                return bh_failure_set(failure, -EINVAL, NULL, "An array may have at most %d disks", BH_RAID_DISKS_MAX);
        if (n_members < bh_raid_level_min_disks(request->level))
                return bh_failure_set(failure, -EINVAL, NULL, "%s takes at least %u disks", level,
                                      bh_raid_level_min_disks(request->level));
        if (request->n_spares > 0 && !bh_raid_level_is_redundant(request->level))
                return bh_failure_set(failure, -EINVAL, NULL, "The option “spares” is not for %s", level);
        r = check_distinct(inventory, request, failure);
        if (r < 0)
                return r;
        for (size_t i = 0; i < request->n_disks; i++) {
                r = bh_plan_check_disk(inventory, &request->disks[i], NULL, failure);
                if (r < 0)
                        return r;
        }
        r = estimate(plan, inventory, failure);
        if (r < 0)
                return r;
        for (size_t i = 0; i < request->n_disks; i++)
                bh_plan_add_disk(plan, inventory, &request->disks[i], NULL);
        warn_of_sizes(plan, inventory);
        warn_of_batches(plan, inventory);
        plan->name = g_strdup(request->name);
        plan->title = g_strdup_printf("Create the array “%s”, %s of %zu disks", request->name, level, n_members);
        return 0;
}

/* Deleting one ------------------------------------------------------------------------------------------------------------------------------------ */

/* The members are given with the request; what is on those that are there is the array. */
static void add_members(BhPlan *plan, const BhInventory *inventory) {
        for (size_t i = 0; i < plan->request.n_disks; i++) {
                const BhPlanDisk *disk = &plan->request.disks[i];
                const BhBlock *block = bh_plan_disk_block(inventory, disk);
                BhPlanLoss *loss;

                if (!block) {
                        g_autofree char *label = bh_plan_disk_label(disk);

                        bh_plan_warn(plan,
                                     "%s is absent: its part of the array stays on it, and is seen as an array again "
                                     "when it returns",
                                     label);
                        continue;
                }
                loss = g_new0(BhPlanLoss, 1);
                bh_plan_disk_copy(&loss->disk, disk);
                loss->size = block->size;
                loss->contents = bh_block_contents(inventory, block);
                loss->destroys = true;
                g_ptr_array_add(plan->losses, loss);
        }
}

int bh_plan_make_delete(BhPlan *plan, const BhInventory *inventory, BhFailure *failure) {
        __attribute__((cleanup(bh_block_use_clear))) BhBlockUse use = {};
        const char *name = plan->request.array_name;
        g_autofree char *contents = NULL;
        const BhMdArray *array;
        const BhBlock *block;
        int r;

        r = bh_plan_get_array(inventory, &plan->request, &array, failure);
        if (r < 0)
                return r;
        block = bh_md_array_runs(inventory, array) ? bh_inventory_block(inventory, array->block) : NULL;
        if (block) {
                bh_block_use(inventory, block, &use);
                if (use.kind != BH_USE_FREE && use.kind != BH_USE_DATA)
                        return bh_plan_refuse(failure, "The array “%s” %s", name, use.reason);
                contents = bh_block_contents(inventory, block);
        }
        add_members(plan, inventory);
        plan->name = g_strdup(name);
        plan->title = g_strdup_printf("Delete the array “%s”", name);
        plan->text =
                !block ? g_strdup_printf(
                                 "The metadata of the members of the array “%s” is wiped; what is on it is lost.", name)
                       : g_strdup_printf("The array “%s” is stopped and the metadata of its members is wiped. What is "
                                         "on it is lost: %s.",
                                         name, contents);
        return 0;
}

/* Adding a disk ------------------------------------------------------------------------------------------------------------------------------------- */

bool bh_plan_array_is_redundant(const BhMdArray *array) {
        BhRaidLevel level;

        if (g_str_equal(array->level, "raid4"))
                return true;
        return bh_raid_level_from_string(array->level, &level) && bh_raid_level_is_redundant(level);
}

static BhRaidLevel level_of(const BhMdArray *array) {
        BhRaidLevel level = BH_RAID_5; /* raid4 is the same in this */

        (void)bh_raid_level_from_string(array->level, &level);
        return level;
}

static uint64_t member_bytes(const BhMdArray *array) {
        return bh_raid_level_member_bytes(level_of(array), array->size, array->devices);
}

unsigned bh_plan_survives(const BhMdArray *array, uint32_t degraded) {
        unsigned survives = bh_raid_level_survives(level_of(array), array->devices);

        return survives - MIN(survives, degraded);
}

/* A disk as large as the smallest member is large enough; one that is smaller may be too, for members are rounded. */
uint64_t bh_plan_bytes_needed(const BhInventory *inventory, const BhMdArray *array) {
        uint64_t needed = bh_raid_disk_bytes_needed(member_bytes(array), array->chunk_size);

        for (size_t i = 0; i < array->n_members; i++) {
                const BhBlock *block = bh_inventory_block(inventory, array->members[i].block);

                if (block && array->members[i].slot >= 0 && strstr(array->members[i].state, "in_sync"))
                        needed = MIN(needed, block->size);
        }
        return needed;
}

int bh_plan_check_size(const BhInventory *inventory, const BhMdArray *array, const BhPlanDisk *disk,
                       BhFailure *failure) {
        const BhBlock *former = bh_plan_former_member(inventory, disk, array);
        uint64_t needed = bh_plan_bytes_needed(inventory, array),
                 size = former ? former->size : disk_size(inventory, disk);
        g_autofree char *label = bh_plan_disk_label(disk);

        if (size >= needed)
                return 0;
        return bh_plan_refuse(failure,
                              "%s is too small: it has %" G_GUINT64_FORMAT " bytes, a member takes %" G_GUINT64_FORMAT,
                              label, size, needed);
}

uint64_t bh_plan_rebuild_usec(const BhInventory *inventory, const BhMdArray *array, const BhPlanDisk *disk) {
        const BhDrive *drive = disk ? bh_inventory_drive(inventory, disk->drive) : NULL;
        uint64_t rate = drive ? bh_drive_rate(drive) : 0;

        for (size_t i = 0; i < array->n_members; i++) {
                const BhBlock *block = bh_inventory_block(inventory, array->members[i].block);
                const BhDrive *other = block ? bh_inventory_drive(inventory, block->drive) : NULL;

                if (other)
                        rate = rate > 0 ? MIN(rate, bh_drive_rate(other)) : bh_drive_rate(other);
        }
        return bh_raid_sync_usec(member_bytes(array), rate);
}

int bh_plan_take_disk(BhPlan *plan, const BhInventory *inventory, const BhMdArray *array, BhFailure *failure) {
        const BhPlanDisk *disk = &plan->request.disks[0];
        const BhBlock *block = bh_plan_disk_block(inventory, disk);
        g_autofree char *label = bh_plan_disk_label(disk);
        int r;

        if (block && bh_plan_is_member(array, block->object))
                return bh_plan_refuse(failure, "%s is a member of the array “%s” already", label,
                                      plan->request.array_name);
        r = bh_plan_check_disk(inventory, disk, array, failure);
        if (r < 0)
                return r;
        r = bh_plan_check_size(inventory, array, disk, failure);
        if (r < 0)
                return r;
        bh_plan_add_disk(plan, inventory, disk, array);
        return 0;
}

int bh_plan_make_add(BhPlan *plan, const BhInventory *inventory, BhFailure *failure) {
        const BhPlanDisk *disk = &plan->request.disks[0];
        g_autofree char *label = bh_plan_disk_label(disk);
        const char *name = plan->request.array_name;
        const BhMdArray *array;
        int r;

        r = bh_plan_get_array(inventory, &plan->request, &array, failure);
        if (r < 0)
                return r;
        if (!bh_plan_array_is_redundant(array))
                return bh_failure_set(failure, -EOPNOTSUPP, NULL, "%s has no use for another disk: no disk may fail",
                                      bh_raid_level_title(array->level));
        if (!bh_md_array_runs(inventory, array))
                return bh_plan_refuse(failure, "The array “%s” does not run", name);
        r = bh_plan_take_disk(plan, inventory, array, failure);
        if (r < 0)
                return r;
        plan->usable_bytes = array->size;
        plan->survives = bh_plan_survives(array, array->degraded - MIN(array->degraded, 1));
        plan->name = g_strdup(name);
        plan->title = g_strdup_printf("Add %s to the array “%s”", disk->name, name);
        if (array->degraded > 0) {
                plan->sync_usec = bh_plan_rebuild_usec(inventory, array, disk);
                plan->text = g_strdup_printf(
                        "%s takes the place of a missing member of the array “%s”, which is rebuilt at once.", label,
                        name);
        } else {
                plan->text = g_strdup_printf(
                        "%s becomes a spare of the array “%s” and replaces the next member that fails.", label, name);
        }
        return 0;
}
