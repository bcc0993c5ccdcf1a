/* SPDX-License-Identifier: MIT */

/* Pools that are made: of a filesystem that is there, and of a disk or array; and pools that are destroyed. Each step that fails undoes those before it. */

#include <errno.h>
#include <string.h>

#include "audit.h"
#include "block-use.h"
#include "macro.h"
#include "pools-private.h"
#include "roots.h"
#include "storage.h"

/* How long what UDisks2 has done may take to be seen. */
#define SEEN_USEC (30 * BH_USEC_PER_SEC)

#define refuse(failure, ...) bh_failure_set(failure, -EACCES, "Refused", __VA_ARGS__)

/* Names ------------------------------------------------------------------------------------------------------------------------------------ */

/* Takes a name for a pool, so that nothing else gets it. */
int bh_pools_reserve(BhPools *pools, BhPoolsChange *change, const char *name, BhFailure *failure) {
        g_autofree char *reason = NULL;
        bool is_free;
        int r;

        r = bh_pool_check_name(name, failure);
        if (r < 0)
                return r;
        g_mutex_lock(&pools->lock);
        is_free = !g_hash_table_contains(pools->reserved, name);
        for (unsigned i = 0; is_free && i < pools->entries->len; i++)
                is_free = !g_str_equal(((const BhPoolEntry *)pools->entries->pdata[i])->known->name, name);
        if (is_free)
                g_hash_table_add(pools->reserved, g_strdup(name));
        g_mutex_unlock(&pools->lock);
        if (!is_free)
                return bh_failure_set(failure, -EEXIST, NULL, "There is a pool “%s” already", name);
        change->reserved = g_strdup(name);
        r = bh_files_declare(pools->parts.files, name, &reason);
        return r < 0 ? bh_failure_set(failure, r, NULL, "%s", reason) : 0;
}

void bh_pools_forget_name(BhPools *pools, const char *name, const char *uuid) {
        g_autofree char *reason = NULL;

        (void)bh_files_forget(pools->parts.files, name, uuid, &reason);
}

/* Making one ------------------------------------------------------------------------------------------------------------------------------- */

/* What attaching fails with, where that is nothing that can be tried again. */
static int explain_attach(int r, BhFailure *failure) {
        if (r == -EACCES)
                bh_pools_append(failure, "Its folders must belong to the Unix user of the service");
        if (r == -EACCES || r == -ENODEV || r == -EROFS)
                failure->name = "Refused";
        return r;
}

/* Mounts a filesystem, sets it up, and makes a pool of it. The name has been taken, and the UUID is held. */
static int establish(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, BhKnownPool *known,
                     const char *action, const char *message, BhFailure *failure) {
        const BhPoolPlace place = bh_pools_place(pools, known);
        BhPoolMount mount;
        int r;

        r = bh_pool_mount(pools->parts.udisks, &place, &mount, failure);
        if (r < 0)
                return r;
        r = bh_pools_attach(pools, known, true, failure);
        if (r < 0) {
                r = explain_attach(r, failure);
                bh_pools_undo_mount(pools, known, &mount, failure);
                return r;
        }
        r = bh_pools_write(pools, caller, known, false, action, message, failure);
        if (r < 0) {
                (void)bh_pools_close(pools, known, true, failure);
                bh_pools_undo_mount(pools, known, &mount, failure);
                return r;
        }
        g_free(change->path);
        change->path = g_strdup(known->path);
        change->after = bh_known_pool_copy(known);
        return 0;
}

/* The block device of a disk or array, by object path, in an inventory that may be newer. */
static int find_source(const BhTopology *topology, const BhInventory *inventory, const char *path, const BhBlock **ret,
                       const char **ret_name, BhFailure *failure) {
        const BhDisk *disk = bh_topology_disk(topology, path);
        const BhArray *array = bh_topology_array(topology, path);

        if (!disk && !array)
                return bh_failure_set(failure, -ENOENT, NULL, "There is no disk or array “%s” (“source”)", path);
        *ret_name = disk ? disk->name : array->name;
        *ret = bh_inventory_block(inventory, disk ? disk->block : array->block);
        if (*ret)
                return 0;
        return disk ? refuse(failure, "The disk %s is absent", disk->name)
                    : refuse(failure, "The array “%s” does not run", array->name);
}

static bool carries_filesystem(const BhBlock *block) {
        return block->has_filesystem && g_str_equal(block->id_usage, "filesystem") && block->size > 0;
}

/* The only filesystem on a block device or its partitions. */
static int find_filesystem(const BhInventory *inventory, const BhBlock *whole, const char *name, const BhBlock **ret,
                           BhFailure *failure) {
        g_autoptr(GPtrArray) stack = bh_block_stack(inventory, whole);
        const BhBlock *found = NULL;

        for (unsigned i = 0; i < stack->len; i++) {
                const BhBlock *block = stack->pdata[i];

                if (block != whole && !g_str_equal(block->partition_of, whole->object))
                        continue; /* of an array, or what was unlocked: not this device's own */
                if (!carries_filesystem(block))
                        continue;
                if (found)
                        return refuse(failure, "There is more than one filesystem on %s: %s and %s", name, found->name,
                                      block->name);
                found = block;
        }
        *ret = found;
        return found ? 0 : bh_failure_set(failure, -ENOENT, NULL, "There is no filesystem on %s", name);
}

/* pools_directory: what an interrupted change has left mounted there is as good as not mounted. */
static int check_adoptable(const char *pools_directory, const BhInventory *inventory, const BhBlock *whole,
                           const BhBlock *block, const char *name, BhFailure *failure) {
        __attribute__((cleanup(bh_block_use_clear))) BhBlockUse use = {}, whole_use = {};

        bh_block_use(inventory, whole, &whole_use);
        bh_block_use(inventory, block, &use);
        if (whole_use.kind == BH_USE_SYSTEM || whole_use.kind == BH_USE_ARRAY)
                return refuse(failure, "%s %s", name, whole_use.reason);
        if (!bh_pool_takes_filesystem(block->id_type))
                return bh_failure_set(failure, -EOPNOTSUPP, NULL, "A pool has ext4, xfs or btrfs; on %s is %s", name,
                                      block->id_type);
        if (use.kind == BH_USE_FOREIGN && !g_str_equal(block->id_type, "btrfs"))
                return refuse(failure, "%s %s", name, use.reason);
        if (block->mount_points[0] && !bh_pool_is_place(pools_directory, block->mount_points[0]))
                return refuse(failure, "%s %s", name, use.reason);
        if (block->is_read_only)
                return refuse(failure, "%s is read-only", name);
        if (!bh_storage_is_mark(block->id_uuid))
                return refuse(failure, "The filesystem on %s has no UUID", name);
        return 0;
}

/* Takes hold of a filesystem that is no pool yet. */
static int take_new(BhPools *pools, BhPoolsChange *change, const char *uuid, BhFailure *failure) {
        BhPoolEntry *entry;
        int r;

        r = bh_pools_hold(pools, uuid, failure);
        if (r < 0)
                return r;
        change->held = g_strdup(uuid);
        g_mutex_lock(&pools->lock);
        entry = bh_pools_find(pools, uuid);
        if (entry)
                r = bh_failure_set(failure, -EEXIST, NULL, "It is the pool “%s” already", entry->known->name);
        g_mutex_unlock(&pools->lock);
        return r;
}

static BhKnownPool *make_known(const BhTopology *topology, const BhInventory *inventory, const BhBlock *block,
                               const char *name) {
        BhKnownPool *known = bh_known_pool_new(block->id_uuid, name, block->id_type);
        const char *array_uuid, *disk_id;

        bh_pool_find_source(topology, inventory, block, &array_uuid, &disk_id);
        g_free(known->array_uuid);
        g_free(known->disk_id);
        known->array_uuid = g_strdup(array_uuid);
        known->disk_id = g_strdup(disk_id);
        known->size = block->filesystem_size;
        known->last_seen_usec = g_get_real_time();
        known->is_wanted = true;
        return known;
}

static int do_adopt(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, const char *source, const char *name,
                    BhFailure *failure) {
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(pools->parts.disks);
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        _cleanup_(bh_known_pool_freep) BhKnownPool *known = NULL;
        const BhBlock *whole = NULL, *block = NULL;
        const char *source_name = "";
        int r;

        r = bh_pool_check_name(name, failure);
        if (r >= 0)
                r = bh_udisks_read_inventory(pools->parts.udisks, &inventory, failure);
        if (r >= 0)
                r = find_source(topology, inventory, source, &whole, &source_name, failure);
        if (r >= 0)
                r = find_filesystem(inventory, whole, source_name, &block, failure);
        if (r >= 0)
                r = take_new(pools, change, block->id_uuid, failure);
        if (r >= 0)
                r = check_adoptable(pools->parts.pools_directory, inventory, whole, block, source_name, failure);
        if (r >= 0)
                r = bh_pools_reserve(pools, change, name, failure);
        if (r < 0)
                return r;
        known = make_known(topology, inventory, block, name);
        r = establish(pools, caller, change, known, "pool-adopt", NULL, failure);
        if (r < 0)
                bh_pools_forget_name(pools, name, known->uuid);
        return r;
}

int bh_pools_adopt_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, const char *source,
                      const char *name, BhFailure *failure) {
        int r = do_adopt(pools, caller, change, source, name, failure);

        return bh_pools_finish(pools, caller, "pool-adopt", name, r, failure);
}

/* Formatting ------------------------------------------------------------------------------------------------------------------------------- */

static void say(const BhApply *apply, const char *text) {
        if (apply->say)
                apply->say(apply->userdata, text);
}

/* The device that the plan is about. */
static const BhBlock *find_target(const BhInventory *inventory, const BhPlanRequest *request) {
        return request->array
                       ? bh_inventory_block(inventory, bh_inventory_array_by_uuid(inventory, request->array)->block)
                       : bh_plan_disk_block(inventory, &request->disks[0]);
}

typedef struct Formatted {
        const char *object, *filesystem, *old_uuid;
        char *uuid; /* owned; of what was found */
} Formatted;

/* While it gets its owner it is mounted somewhere for a moment. */
static bool is_formatted(const BhInventory *inventory, void *userdata) {
        Formatted *formatted = userdata;
        const BhBlock *block = bh_inventory_block(inventory, formatted->object);

        if (!block || !block->has_filesystem || !g_str_equal(block->id_type, formatted->filesystem) ||
            block->mount_points[0] || !bh_storage_is_mark(block->id_uuid) ||
            g_str_equal(block->id_uuid, formatted->old_uuid))
                return false;
        g_free(formatted->uuid);
        formatted->uuid = g_strdup(block->id_uuid);
        return true;
}

static int do_format(BhPools *pools, const BhApply *apply, const BhInventory *inventory, char **ret_uuid,
                     char **ret_object, BhFailure *failure) {
        const BhPlanRequest *request = &apply->plan->request;
        const BhBlock *block = find_target(inventory, request);
        Formatted formatted = {block->object, request->filesystem, block->id_uuid, NULL};
        g_autofree char *text = g_strdup_printf("Formatting %s with %s", block->name, request->filesystem);
        _cleanup_(bh_failure_clear) BhFailure cause = {};
        int r;

        say(apply, text);
        r = bh_udisks_format(pools->parts.udisks, block->object, request->filesystem, request->label, true, &cause);
        if (r < 0 && r != -ENODEV && r != -ETIMEDOUT)
                return bh_failure_set(failure, r, cause.name,
                                      "%s could not be formatted: %s. What was on it may be lost", block->name,
                                      cause.message);
        if (bh_udisks_wait(pools->parts.udisks, is_formatted, &formatted, SEEN_USEC) < 0)
                return bh_failure_set(failure, r < 0 ? r : -EIO, cause.name,
                                      "%s was to be formatted, but no new filesystem is seen on it%s%s. What was on it "
                                      "may be lost",
                                      block->name, cause.message ? ": " : "", cause.message ?: "");
        *ret_uuid = formatted.uuid;
        *ret_object = g_strdup(block->object);
        return 0;
}

static int make_pool(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, const BhApply *apply,
                     const char *uuid, const char *object, BhFailure *failure) {
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(pools->parts.disks);
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        _cleanup_(bh_known_pool_freep) BhKnownPool *known = NULL;
        const BhBlock *block;
        int r;

        say(apply, "Mounting it and setting it up");
        r = bh_udisks_read_inventory(pools->parts.udisks, &inventory, failure);
        if (r < 0)
                return r;
        block = bh_inventory_block(inventory, object);
        if (!block || !g_str_equal(block->id_uuid, uuid))
                return bh_failure_set(failure, -ENODEV, NULL, "It has gone");
        r = take_new(pools, change, uuid, failure);
        if (r < 0)
                return r;
        known = make_known(topology, inventory, block, apply->plan->request.name);
        return establish(pools, caller, change, known, "format", apply->plan->title, failure);
}

int bh_pools_format_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, const BhApply *apply,
                       BhFailure *failure) {
        const char *name = apply->plan->request.name;
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        g_autofree char *uuid = NULL, *object = NULL;
        int r;

        r = bh_pools_reserve(pools, change, name, failure); /* before anything is lost */
        if (r < 0)
                return r;
        r = bh_apply_recheck(pools->parts.udisks, apply->plan, &inventory, failure);
        if (r >= 0)
                r = do_format(pools, apply, inventory, &uuid, &object, failure);
        if (r >= 0) {
                r = make_pool(pools, caller, change, apply, uuid, object, failure);
                if (r < 0)
                        bh_pools_append(failure, "It was formatted by then, and can be adopted as a pool");
        }
        if (r < 0)
                bh_pools_forget_name(pools, name, uuid ?: "");
        return r;
}

int bh_pools_check_name(BhPools *pools, const char *name, BhFailure *failure) {
        __attribute__((cleanup(bh_pools_change_clear))) BhPoolsChange change = {};
        int r = bh_pools_reserve(pools, &change, name, failure);

        if (r >= 0)
                bh_pools_forget_name(pools, name, "");
        if (change.reserved) {
                g_mutex_lock(&pools->lock);
                g_hash_table_remove(pools->reserved, change.reserved);
                g_mutex_unlock(&pools->lock);
        }
        return r;
}

/* Destroying ------------------------------------------------------------------------------------------------------------------------------- */

static bool is_wiped(const BhInventory *inventory, void *userdata) {
        return bh_pool_find_block(inventory, userdata, NULL) == NULL;
}

static int wipe(BhPools *pools, const BhKnownPool *known, BhFailure *failure) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        _cleanup_(bh_failure_clear) BhFailure cause = {};
        const BhBlock *block;
        int r;

        r = bh_udisks_read_inventory(pools->parts.udisks, &inventory, failure);
        if (r < 0)
                return r;
        block = bh_pool_find_block(inventory, known->uuid, NULL);
        if (!block)
                return bh_failure_set(failure, -ENODEV, NULL, "The pool “%s” has gone", known->name);
        r = bh_udisks_format(pools->parts.udisks, block->object, "empty", "", false, &cause);
        if ((r >= 0 || r == -ENODEV || r == -ETIMEDOUT) &&
            bh_udisks_wait(pools->parts.udisks, is_wiped, known->uuid, SEEN_USEC) >= 0)
                return 0;
        return bh_failure_set(failure, r < 0 ? r : -EIO, cause.name, "The pool “%s” could not be wiped: %s",
                              known->name, cause.message ?: "its filesystem is still seen");
}

int bh_pools_erase_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, const BhApply *apply,
                      BhFailure *failure) {
        int r;

        g_free(change->path);
        change->path = g_strdup(apply->plan->request.pool_path);
        r = bh_pools_take(pools, change, failure);
        if (r >= 0)
                r = bh_apply_recheck(pools->parts.udisks, apply->plan, NULL, failure);
        if (r < 0)
                return r;
        say(apply, "Unmounting the pool");
        r = bh_pools_take_down(pools, change->known, false, failure);
        if (r < 0)
                return r;
        say(apply, "Wiping the filesystem");
        r = wipe(pools, change->known, failure);
        if (r < 0) {
                if (change->known->is_wanted && r != -ECANCELED)
                        bh_pools_put_back(pools, change->known, failure);
                return r;
        }
        r = bh_pools_write(pools, caller, change->known, true, "pool-delete", apply->plan->title, failure);
        if (r < 0) {
                bh_pools_append(failure, "It is wiped all the same, and can be detached");
                return r;
        }
        bh_pools_forget_name(pools, change->known->name, change->known->uuid);
        change->is_gone = true;
        return 0;
}

/* Growing ---------------------------------------------------------------------------------------------------------------------------------- */

/* Of a filesystem whose size is that of its device, but for what is less than this. */
#define GROWTH_MIN (UINT64_C(4) * 1024 * 1024)

static int find_growable(BhPools *pools, const BhInventory *inventory, const BhKnownPool *known, const BhBlock **ret,
                         BhFailure *failure) {
        const BhBlock *block = bh_pool_find_block(inventory, known->uuid, NULL);

        if (!inventory->is_available)
                return bh_failure_set(failure, -ENODEV, NULL, "%s", inventory->problem);
        if (!block || !bh_files_is_attached(pools->parts.files, known->name))
                return bh_failure_set(failure, -EACCES, "Conflict", "The pool “%s” is not mounted", known->name);
        if (block->filesystem_size > 0 && block->size < block->filesystem_size + GROWTH_MIN)
                return bh_failure_set(failure, -EACCES, "Conflict",
                                      "The pool “%s” is as large already as what it is on", known->name);
        *ret = block;
        return 0;
}

int bh_pools_check_growth(BhPools *pools, const char *path, BhFailure *failure) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = bh_udisks_get_inventory(pools->parts.udisks);
        _cleanup_(bh_known_pool_freep) BhKnownPool *known = bh_pools_copy(pools, path, failure);
        const BhBlock *block;

        return known ? find_growable(pools, inventory, known, &block, failure) : -ENOENT;
}

typedef struct Growth {
        const char *uuid;
        uint64_t size; /* before */
} Growth;

static bool has_grown(const BhInventory *inventory, void *userdata) {
        const Growth *growth = userdata;
        const BhBlock *block = bh_pool_find_block(inventory, growth->uuid, NULL);

        return block && (block->filesystem_size > growth->size || block->filesystem_size == 0);
}

static int do_grow(BhPools *pools, BhPoolsChange *change, BhFailure *failure) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        _cleanup_(bh_failure_clear) BhFailure cause = {};
        Growth growth = {};
        const BhBlock *block;
        int r;

        r = bh_pools_take(pools, change, failure);
        if (r >= 0)
                r = bh_udisks_read_inventory(pools->parts.udisks, &inventory, failure);
        if (r >= 0)
                r = find_growable(pools, inventory, change->known, &block, failure);
        if (r < 0)
                return r;
        growth = (Growth){change->known->uuid, block->filesystem_size};
        r = bh_udisks_resize_filesystem(pools->parts.udisks, block->object, 0, &cause);
        if (r < 0 && r != -ENODEV && r != -ETIMEDOUT)
                return bh_failure_set(failure, r, cause.name, "The pool “%s” could not be made larger: %s",
                                      change->known->name, cause.message);
        if (bh_udisks_wait(pools->parts.udisks, has_grown, &growth, SEEN_USEC) < 0)
                return bh_failure_set(failure, r < 0 ? r : -EIO, cause.name,
                                      "The pool “%s” is not seen to be larger: %s", change->known->name,
                                      cause.message ?: "its filesystem has the size that it had");
        return 0;
}

int bh_pools_grow_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, BhFailure *failure) {
        int r = do_grow(pools, change, failure);

        bh_audit_post(pools->parts.database, caller,
                      &(BhAudit){.event_type = BH_AUDIT_SYSTEM,
                                 .action = "pool-grow",
                                 .target = change->known ? change->known->name : change->path,
                                 .result = r,
                                 .message = failure->message});
        return r;
}
