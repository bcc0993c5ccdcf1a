/* SPDX-License-Identifier: MIT */

/* What administrators have done with pools. Each step that fails undoes those before it. */

#include <errno.h>
#include <string.h>

#include "audit.h"
#include "macro.h"
#include "pool-rows.h"
#include "pools-private.h"
#include "roots.h"

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
BhKnownPool *bh_pools_copy(BhPools *pools, const char *path, BhFailure *failure) {
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
int bh_pools_take(BhPools *pools, BhPoolsChange *change, BhFailure *failure) {
        _cleanup_(bh_known_pool_freep) BhKnownPool *known = bh_pools_copy(pools, change->path, failure);
        int r;

        if (!known)
                return -ENOENT;
        r = bh_pools_hold(pools, known->uuid, failure);
        if (r < 0)
                return r;
        change->held = g_strdup(known->uuid);
        change->known = bh_pools_copy(pools, change->path, failure);
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

int bh_pools_require_udisks(BhPools *pools, BhFailure *failure) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = bh_udisks_get_inventory(pools->parts.udisks);

        return inventory->is_available ? 0 : bh_failure_set(failure, -ENODEV, NULL, "%s", inventory->problem);
}

static bool is_present(BhPools *pools, const BhKnownPool *known) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = bh_udisks_get_inventory(pools->parts.udisks);

        return bh_pool_find_block(inventory, known->uuid, NULL) != NULL;
}

/* Adds to the sentence of a failure what could not be undone. */
void bh_pools_append(BhFailure *failure, const char *format, ...) {
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

int bh_pools_write(BhPools *pools, const BhCaller *caller, const BhKnownPool *known, bool is_gone, const char *action,
                   const char *message, BhFailure *failure) {
        const BhAudit audit = {
                .event_type = BH_AUDIT_SYSTEM, .action = action, .target = known->name, .message = message};
        Write write = {caller, known, is_gone, &audit};
        int r = bh_database_write(pools->parts.database, do_write, &write);

        return r < 0 ? bh_failure_set(failure, r, NULL, "The change of the pool “%s” cannot be written down",
                                      known->name)
                     : 0;
}

/* Puts what went wrong into the audit trail, and returns it. */
int bh_pools_finish(BhPools *pools, const BhCaller *caller, const char *action, const char *target, int r,
                    const BhFailure *failure) {
        return bh_audit_post_failure(pools->parts.database, caller, action, target, r, failure);
}

static const char *target_of(const BhPoolsChange *change) {
        return change->known ? change->known->name : change->path;
}

/* Mounting --------------------------------------------------------------------------------------------------------------------------------- */

/* Mounts it again and makes its files available, to undo; says when that is not possible. */
void bh_pools_put_back(BhPools *pools, const BhKnownPool *known, BhFailure *failure) {
        const BhPoolPlace place = bh_pools_place(pools, known);
        _cleanup_(bh_failure_clear) BhFailure cause = {};
        BhPoolMount mount;

        if (bh_pool_mount(pools->parts.udisks, &place, &mount, &cause) < 0 ||
            bh_pools_attach(pools, known, false, &cause) < 0)
                bh_pools_append(failure, "It could not be put back: %s", cause.message);
}

void bh_pools_undo_mount(BhPools *pools, const BhKnownPool *known, const BhPoolMount *mount, BhFailure *failure) {
        const BhPoolPlace place = bh_pools_place(pools, known);
        g_autofree char *left = NULL;

        if (!bh_pool_mount_undo(pools->parts.udisks, &place, mount, &left))
                bh_pools_append(failure, "%s", left);
}

static int do_mount(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, BhFailure *failure) {
        _cleanup_(bh_known_pool_freep) BhKnownPool *after = NULL;
        BhPoolPlace place;
        BhPoolMount mount;
        int r;

        r = bh_pools_take(pools, change, failure);
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
                bh_pools_undo_mount(pools, change->known, &mount, failure);
                return r;
        }
        after = bh_known_pool_copy(change->known);
        after->is_wanted = true;
        r = bh_pools_write(pools, caller, after, false, "pool-mount", NULL, failure);
        if (r < 0) {
                (void)bh_pools_close(pools, after, true, failure);
                bh_pools_undo_mount(pools, change->known, &mount, failure);
                return r;
        }
        change->after = g_steal_pointer(&after);
        return 0;
}

int bh_pools_mount_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, BhFailure *failure) {
        int r = do_mount(pools, caller, change, failure);

        return bh_pools_finish(pools, caller, "pool-mount", target_of(change), r, failure);
}

/* Unmounting ------------------------------------------------------------------------------------------------------------------------------- */

/* Closes, unmounts and takes the entry away. On error it is as it was. */
int bh_pools_take_down(BhPools *pools, const BhKnownPool *known, bool force, BhFailure *failure) {
        const BhPoolPlace place = bh_pools_place(pools, known);
        int r;

        r = bh_pools_close(pools, known, force, failure);
        if (r < 0)
                return r;
        r = bh_pool_unmount(pools->parts.udisks, &place, force, failure);
        if (r >= 0 && (known->is_wanted || is_present(pools, known)))
                r = bh_pool_remove_entry(pools->parts.udisks, &place, failure);
        if (r < 0 && known->is_wanted && r != -ECANCELED)
                bh_pools_put_back(pools, known, failure);
        return r;
}

static int do_unmount(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, bool force, BhFailure *failure) {
        _cleanup_(bh_known_pool_freep) BhKnownPool *after = NULL;
        int r;

        r = bh_pools_require_udisks(pools, failure);
        if (r >= 0)
                r = bh_pools_take(pools, change, failure);
        if (r < 0)
                return r;
        if (!is_mounted(pools, change->known) && !is_attached(pools, change->known))
                return bh_failure_set(failure, -EACCES, "Conflict", "The pool “%s” is not mounted",
                                      change->known->name);
        r = bh_pools_take_down(pools, change->known, force, failure);
        if (r < 0)
                return r;
        after = bh_known_pool_copy(change->known);
        after->is_wanted = false;
        r = bh_pools_write(pools, caller, after, false, "pool-unmount", force ? "By force" : NULL, failure);
        if (r < 0) {
                bh_pools_put_back(pools, change->known, failure);
                return r;
        }
        change->after = g_steal_pointer(&after);
        return 0;
}

int bh_pools_unmount_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, bool force, BhFailure *failure) {
        int r = do_unmount(pools, caller, change, force, failure);

        return bh_pools_finish(pools, caller, "pool-unmount", target_of(change), r, failure);
}

/* Detaching -------------------------------------------------------------------------------------------------------------------------------- */

static int do_detach(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, bool force, BhFailure *failure) {
        int r;

        r = bh_pools_require_udisks(pools, failure);
        if (r >= 0)
                r = bh_pools_take(pools, change, failure);
        if (r >= 0)
                r = bh_pools_take_down(pools, change->known, force, failure);
        if (r < 0)
                return r;
        r = bh_pools_write(pools, caller, change->known, true, "pool-detach", force ? "By force" : NULL, failure);
        if (r < 0) {
                if (change->known->is_wanted)
                        bh_pools_put_back(pools, change->known, failure);
                return r;
        }
        bh_pools_forget_name(pools, change->known->name, change->known->uuid);
        change->is_gone = true;
        return 0;
}

int bh_pools_detach_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, bool force, BhFailure *failure) {
        int r = do_detach(pools, caller, change, force, failure);

        return bh_pools_finish(pools, caller, "pool-detach", target_of(change), r, failure);
}

/* The default ------------------------------------------------------------------------------------------------------------------------------ */

static int do_set_default(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, BhFailure *failure) {
        _cleanup_(bh_known_pool_freep) BhKnownPool *after = NULL;
        int r;

        r = bh_pools_take(pools, change, failure);
        if (r < 0)
                return r;
        after = bh_known_pool_copy(change->known);
        after->is_default = true;
        r = bh_pools_write(pools, caller, after, false, "pool-set-default", NULL, failure);
        if (r >= 0)
                change->after = g_steal_pointer(&after);
        return r;
}

int bh_pools_set_default_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, BhFailure *failure) {
        int r = do_set_default(pools, caller, change, failure);

        return bh_pools_finish(pools, caller, "pool-set-default", target_of(change), r, failure);
}

/* Names ------------------------------------------------------------------------------------------------------------------------------------ */

/* Of one that is mounted: its folder, and where it is mounted. */
static int move_mount(BhPools *pools, const BhKnownPool *known, const BhKnownPool *after, BhFailure *failure) {
        const BhPoolPlace place = bh_pools_place(pools, after);
        BhPoolMount mount;
        int r;

        r = bh_pools_take_down(pools, known, false, failure);
        if (r < 0)
                return r;
        r = bh_pool_mount(pools->parts.udisks, &place, &mount, failure);
        if (r >= 0) {
                r = bh_pools_attach(pools, after, false, failure);
                if (r < 0)
                        bh_pools_undo_mount(pools, after, &mount, failure);
        }
        if (r < 0)
                bh_pools_put_back(pools, known, failure);
        return r;
}

static int do_rename(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, const char *name,
                     BhFailure *failure) {
        _cleanup_(bh_known_pool_freep) BhKnownPool *after = NULL;
        g_autofree char *message = NULL;
        int r;

        r = bh_pool_check_name(name, failure);
        if (r >= 0)
                r = bh_pools_require_udisks(pools, failure);
        if (r >= 0)
                r = bh_pools_take(pools, change, failure);
        if (r < 0)
                return r;
        if (!is_present(pools, change->known))
                return bh_failure_set(failure, -ENODEV, NULL, "The pool “%s” is absent", change->known->name);
        r = bh_pools_reserve(pools, change, name, failure);
        if (r < 0)
                return r;
        after = bh_known_pool_copy(change->known);
        g_free(after->name);
        after->name = g_strdup(name);
        if (after->is_wanted)
                r = move_mount(pools, change->known, after, failure);
        message = g_strdup_printf("It is called “%s” now", name);
        if (r >= 0)
                r = bh_pools_write(pools, caller, after, false, "pool-rename", message, failure);
        if (r < 0) {
                if (after->is_wanted && is_mounted(pools, after) &&
                    bh_pools_take_down(pools, after, true, failure) >= 0)
                        bh_pools_put_back(pools, change->known, failure);
                bh_pools_forget_name(pools, name, "");
                return r;
        }
        bh_pools_forget_name(pools, change->known->name, "");
        change->after = g_steal_pointer(&after);
        return 0;
}

int bh_pools_rename_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, const char *name,
                       BhFailure *failure) {
        int r = do_rename(pools, caller, change, name, failure);

        return bh_pools_finish(pools, caller, "pool-rename", target_of(change), r, failure);
}

/* Use -------------------------------------------------------------------------------------------------------------------------------------- */

int bh_pools_list_uses(BhPools *pools, const char *path, GPtrArray **ret, BhFailure *failure) {
        _cleanup_(bh_known_pool_freep) BhKnownPool *known = bh_pools_copy(pools, path, failure);

        if (!known)
                return -ENOENT;
        *ret = bh_files_list_uses(pools->parts.files, known->name);
        return 0;
}
