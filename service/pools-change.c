/* SPDX-License-Identifier: MIT */

/* What administrators have done with pools. Each step that fails undoes those before it. */

#include <errno.h>
#include <string.h>

#include "audit.h"
#include "block-use.h"
#include "macro.h"
#include "pool-rows.h"
#include "pools-private.h"
#include "roots.h"
#include "storage.h"

#define refuse(failure, ...) bh_failure_set(failure, -EACCES, "Refused", __VA_ARGS__)

/* Small things ----------------------------------------------------------------------------------------------------------------------------- */

static BhPoolEntry *find_by_path(BhPools *pools, const char *path) {
        for (unsigned i = 0; i < pools->entries->len; i++) {
                BhPoolEntry *entry = pools->entries->pdata[i];

                if (g_str_equal(entry->known->path, path))
                        return entry;
        }
        return NULL;
}

/* A copy of what is known of it now. */
static BhKnownPool *copy_by_path(BhPools *pools, const char *path, BhFailure *failure) {
        BhKnownPool *known = NULL;
        BhPoolEntry *entry;

        g_mutex_lock(&pools->lock);
        entry = find_by_path(pools, path);
        if (entry)
                known = bh_known_pool_copy(entry->known);
        g_mutex_unlock(&pools->lock);
        if (!known)
                bh_failure_set(failure, -ENOENT, NULL, "There is no such pool any more");
        return known;
}

/* Takes hold of a pool, and looks what it is like then. */
static int take(BhPools *pools, BhPoolsChange *change, BhFailure *failure) {
        _cleanup_(bh_known_pool_freep) BhKnownPool *known = copy_by_path(pools, change->path, failure);
        int r;

        if (!known)
                return -ENOENT;
        r = bh_pools_hold(pools, known->uuid, failure);
        if (r < 0)
                return r;
        change->held = g_strdup(known->uuid);
        change->known = copy_by_path(pools, change->path, failure);
        return change->known ? 0 : -ENOENT;
}

static bool is_mounted(BhPools *pools, const BhKnownPool *known) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = bh_udisks_get_inventory(pools->parts.udisks);
        g_autofree char *directory = bh_pool_directory(pools->parts.pools_directory, known->name);
        const BhBlock *block = bh_pool_find_block(inventory, known->uuid, NULL);

        return block && bh_pool_is_mounted_at(block, directory);
}

static bool is_attached(BhPools *pools, const BhKnownPool *known) {
        return bh_files_is_attached(pools->parts.files, known->name);
}

static int require_udisks(BhPools *pools, BhFailure *failure) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = bh_udisks_get_inventory(pools->parts.udisks);

        return inventory->is_available ? 0 : bh_failure_set(failure, -ENODEV, NULL, "%s", inventory->problem);
}

static bool is_present(BhPools *pools, const BhKnownPool *known) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = bh_udisks_get_inventory(pools->parts.udisks);

        return bh_pool_find_block(inventory, known->uuid, NULL) != NULL;
}

/* Adds to the sentence of a failure what could not be undone. */
__attribute__((format(printf, 2, 3))) static void append(BhFailure *failure, const char *format, ...) {
        g_autofree char *text = NULL, *before = failure->message;
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        failure->message = g_strdup_printf("%s. %s", before ?: "", text);
}

/* The database ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct Write {
        const BhCaller *caller;
        const BhKnownPool *known;
        bool is_gone;
        const BhAudit *audit;
} Write;

static int do_write(sqlite3 *db, void *userdata) {
        const Write *write = userdata;
        int r;

        r = write->is_gone ? bh_pool_rows_delete(db, write->known->uuid) : bh_pool_rows_write(db, write->known);
        return r < 0 ? r : bh_audit_append(db, write->caller, write->audit);
}

static int write_pool(BhPools *pools, const BhCaller *caller, const BhKnownPool *known, bool is_gone,
                      const char *action, const char *message, BhFailure *failure) {
        const BhAudit audit = {
                .event_type = BH_AUDIT_SYSTEM, .action = action, .target = known->name, .message = message};
        Write write = {caller, known, is_gone, &audit};
        int r = bh_database_write(pools->parts.database, do_write, &write);

        return r < 0 ? bh_failure_set(failure, r, NULL, "The change of the pool “%s” cannot be written down",
                                      known->name)
                     : 0;
}

/* Puts what went wrong into the audit trail, and returns it. */
static int finish(BhPools *pools, const BhCaller *caller, const char *action, const char *target, int r,
                  const BhFailure *failure) {
        if (r < 0)
                bh_audit_post(pools->parts.database, caller,
                              &(BhAudit){.event_type = BH_AUDIT_SYSTEM,
                                         .action = action,
                                         .target = target,
                                         .result = r,
                                         .message = failure->message});
        return r;
}

static const char *target_of(const BhPoolsChange *change) {
        return change->known ? change->known->name : change->path;
}

/* Mounting --------------------------------------------------------------------------------------------------------------------------------- */

/* Mounts it again and makes its files available, to undo; says when that is not possible. */
static void put_back(BhPools *pools, const BhKnownPool *known, BhFailure *failure) {
        const BhPoolPlace place = bh_pools_place(pools, known);
        _cleanup_(bh_failure_clear) BhFailure cause = {};
        BhPoolMount mount;

        if (bh_pool_mount(pools->parts.udisks, &place, &mount, &cause) < 0 ||
            bh_pools_attach(pools, known, false, &cause) < 0)
                append(failure, "It could not be put back: %s", cause.message);
}

static void undo_mount(BhPools *pools, const BhKnownPool *known, const BhPoolMount *mount, BhFailure *failure) {
        const BhPoolPlace place = bh_pools_place(pools, known);
        g_autofree char *left = NULL;

        if (!bh_pool_mount_undo(pools->parts.udisks, &place, mount, &left))
                append(failure, "%s", left);
}

static int do_mount(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, BhFailure *failure) {
        _cleanup_(bh_known_pool_freep) BhKnownPool *after = NULL;
        BhPoolPlace place;
        BhPoolMount mount;
        int r;

        r = take(pools, change, failure);
        if (r < 0)
                return r;
        if (is_mounted(pools, change->known) && is_attached(pools, change->known))
                return bh_failure_set(failure, -EACCES, "Conflict", "The pool “%s” is mounted already",
                                      change->known->name);
        place = bh_pools_place(pools, change->known);
        r = bh_pool_mount(pools->parts.udisks, &place, &mount, failure);
        if (r < 0)
                return r;
        r = bh_pools_attach(pools, change->known, false, failure);
        if (r < 0) {
                undo_mount(pools, change->known, &mount, failure);
                return r;
        }
        after = bh_known_pool_copy(change->known);
        after->is_wanted = true;
        r = write_pool(pools, caller, after, false, "pool-mount", NULL, failure);
        if (r < 0) {
                (void)bh_pools_close(pools, after, true, failure);
                undo_mount(pools, change->known, &mount, failure);
                return r;
        }
        change->after = g_steal_pointer(&after);
        return 0;
}

int bh_pools_mount_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, BhFailure *failure) {
        int r = do_mount(pools, caller, change, failure);

        return finish(pools, caller, "pool-mount", target_of(change), r, failure);
}

/* Unmounting ------------------------------------------------------------------------------------------------------------------------------- */

/* Closes, unmounts and takes the entry away. On error it is as it was. */
static int take_down(BhPools *pools, const BhKnownPool *known, bool force, BhFailure *failure) {
        const BhPoolPlace place = bh_pools_place(pools, known);
        int r;

        r = bh_pools_close(pools, known, force, failure);
        if (r < 0)
                return r;
        r = bh_pool_unmount(pools->parts.udisks, &place, force, failure);
        if (r >= 0 && (known->is_wanted || is_present(pools, known)))
                r = bh_pool_remove_entry(pools->parts.udisks, &place, failure);
        if (r < 0 && known->is_wanted && r != -ECANCELED)
                put_back(pools, known, failure);
        return r;
}

static int do_unmount(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, bool force, BhFailure *failure) {
        _cleanup_(bh_known_pool_freep) BhKnownPool *after = NULL;
        int r;

        r = require_udisks(pools, failure);
        if (r >= 0)
                r = take(pools, change, failure);
        if (r < 0)
                return r;
        if (!is_mounted(pools, change->known) && !is_attached(pools, change->known))
                return bh_failure_set(failure, -EACCES, "Conflict", "The pool “%s” is not mounted",
                                      change->known->name);
        r = take_down(pools, change->known, force, failure);
        if (r < 0)
                return r;
        after = bh_known_pool_copy(change->known);
        after->is_wanted = false;
        r = write_pool(pools, caller, after, false, "pool-unmount", force ? "By force" : NULL, failure);
        if (r < 0) {
                put_back(pools, change->known, failure);
                return r;
        }
        change->after = g_steal_pointer(&after);
        return 0;
}

int bh_pools_unmount_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, bool force, BhFailure *failure) {
        int r = do_unmount(pools, caller, change, force, failure);

        return finish(pools, caller, "pool-unmount", target_of(change), r, failure);
}

/* Detaching -------------------------------------------------------------------------------------------------------------------------------- */

static int do_detach(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, bool force, BhFailure *failure) {
        g_autofree char *reason = NULL;
        int r;

        r = require_udisks(pools, failure);
        if (r >= 0)
                r = take(pools, change, failure);
        if (r >= 0)
                r = take_down(pools, change->known, force, failure);
        if (r < 0)
                return r;
        r = write_pool(pools, caller, change->known, true, "pool-detach", force ? "By force" : NULL, failure);
        if (r < 0) {
                if (change->known->is_wanted)
                        put_back(pools, change->known, failure);
                return r;
        }
        (void)bh_files_forget(pools->parts.files, change->known->name, change->known->uuid, &reason);
        change->is_gone = true;
        return 0;
}

int bh_pools_detach_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, bool force, BhFailure *failure) {
        int r = do_detach(pools, caller, change, force, failure);

        return finish(pools, caller, "pool-detach", target_of(change), r, failure);
}

/* The default ------------------------------------------------------------------------------------------------------------------------------ */

static int do_set_default(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, BhFailure *failure) {
        _cleanup_(bh_known_pool_freep) BhKnownPool *after = NULL;
        int r;

        r = take(pools, change, failure);
        if (r < 0)
                return r;
        after = bh_known_pool_copy(change->known);
        after->is_default = true;
        r = write_pool(pools, caller, after, false, "pool-set-default", NULL, failure);
        if (r >= 0)
                change->after = g_steal_pointer(&after);
        return r;
}

int bh_pools_set_default_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, BhFailure *failure) {
        int r = do_set_default(pools, caller, change, failure);

        return finish(pools, caller, "pool-set-default", target_of(change), r, failure);
}

/* Names ------------------------------------------------------------------------------------------------------------------------------------ */

/* Takes a name for a pool, so that nothing else gets it. */
static int reserve(BhPools *pools, BhPoolsChange *change, const char *name, BhFailure *failure) {
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

static void forget(BhPools *pools, const char *name, const char *uuid) {
        g_autofree char *reason = NULL;

        (void)bh_files_forget(pools->parts.files, name, uuid, &reason);
}

/* Of one that is mounted: its folder, and where it is mounted. */
static int move_mount(BhPools *pools, const BhKnownPool *known, const BhKnownPool *after, BhFailure *failure) {
        const BhPoolPlace place = bh_pools_place(pools, after);
        BhPoolMount mount;
        int r;

        r = take_down(pools, known, false, failure);
        if (r < 0)
                return r;
        r = bh_pool_mount(pools->parts.udisks, &place, &mount, failure);
        if (r >= 0) {
                r = bh_pools_attach(pools, after, false, failure);
                if (r < 0)
                        undo_mount(pools, after, &mount, failure);
        }
        if (r < 0)
                put_back(pools, known, failure);
        return r;
}

static int do_rename(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, const char *name,
                     BhFailure *failure) {
        _cleanup_(bh_known_pool_freep) BhKnownPool *after = NULL;
        g_autofree char *message = NULL;
        int r;

        r = bh_pool_check_name(name, failure);
        if (r >= 0)
                r = require_udisks(pools, failure);
        if (r >= 0)
                r = take(pools, change, failure);
        if (r < 0)
                return r;
        if (!is_present(pools, change->known))
                return bh_failure_set(failure, -ENODEV, NULL, "The pool “%s” is absent", change->known->name);
        r = reserve(pools, change, name, failure);
        if (r < 0)
                return r;
        after = bh_known_pool_copy(change->known);
        g_free(after->name);
        after->name = g_strdup(name);
        if (after->is_wanted)
                r = move_mount(pools, change->known, after, failure);
        message = g_strdup_printf("It is called “%s” now", name);
        if (r >= 0)
                r = write_pool(pools, caller, after, false, "pool-rename", message, failure);
        if (r < 0) {
                if (after->is_wanted && is_mounted(pools, after) && take_down(pools, after, true, failure) >= 0)
                        put_back(pools, change->known, failure);
                forget(pools, name, "");
                return r;
        }
        forget(pools, change->known->name, "");
        change->after = g_steal_pointer(&after);
        return 0;
}

int bh_pools_rename_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, const char *name,
                       BhFailure *failure) {
        int r = do_rename(pools, caller, change, name, failure);

        return finish(pools, caller, "pool-rename", target_of(change), r, failure);
}

/* Making one ------------------------------------------------------------------------------------------------------------------------------- */

/* What attaching fails with, where that is nothing that can be tried again. */
static int explain_attach(int r, BhFailure *failure) {
        if (r == -EACCES)
                append(failure, "Its folders must belong to the Unix user of the service");
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
                undo_mount(pools, known, &mount, failure);
                return r;
        }
        r = write_pool(pools, caller, known, false, action, message, failure);
        if (r < 0) {
                (void)bh_pools_close(pools, known, true, failure);
                undo_mount(pools, known, &mount, failure);
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

static int check_adoptable(const BhInventory *inventory, const BhBlock *whole, const BhBlock *block, const char *name,
                           BhFailure *failure) {
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
        if (block->mount_points[0])
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
                r = check_adoptable(inventory, whole, block, source_name, failure);
        if (r >= 0)
                r = reserve(pools, change, name, failure);
        if (r < 0)
                return r;
        known = make_known(topology, inventory, block, name);
        r = establish(pools, caller, change, known, "pool-adopt", NULL, failure);
        if (r < 0)
                forget(pools, name, known->uuid);
        return r;
}

int bh_pools_adopt_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, const char *source,
                      const char *name, BhFailure *failure) {
        int r = do_adopt(pools, caller, change, source, name, failure);

        return finish(pools, caller, "pool-adopt", name, r, failure);
}

/* Use -------------------------------------------------------------------------------------------------------------------------------------- */

int bh_pools_list_uses(BhPools *pools, const char *path, GPtrArray **ret, BhFailure *failure) {
        _cleanup_(bh_known_pool_freep) BhKnownPool *known = copy_by_path(pools, path, failure);

        if (!known)
                return -ENOENT;
        *ret = bh_files_list_uses(pools->parts.files, known->name);
        return 0;
}
