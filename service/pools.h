/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <systemd/sd-event.h>

#include "apply.h"
#include "caller.h"
#include "database.h"
#include "disks.h"
#include "failure.h"
#include "pool.h"
#include "udisks.h"
#include "worker.h"

/* All pools of the NAS: those that are known, whether they are there or not. Keeps them as they are wanted: what is there and wanted is mounted and its files are
 * made available, what has gone is closed, so that it can come back. Event loop, unless a function says otherwise. */

typedef struct BhFiles BhFiles;
typedef struct BhPools BhPools;

/* What it works with; all must outlive it. */
typedef struct BhPoolsParts {
        sd_event *event;
        BhWorkers *workers;
        BhDatabase *database;
        BhDisks *disks;
        BhUdisks *udisks;
        BhFiles *files;              /* NULL: the main storage cannot be used, so pools cannot either */
        const char *pools_directory; /* where they are mounted */
        const char *root_directory;  /* of the main storage */
} BhPoolsParts;

/* Reads which pools are known and keeps their names for them, hooks itself up with the disks, and begins. Errors: as bh_database_errno(), those of sd-event. Blocks. */
int bh_pools_new(BhPools **ret, const BhPoolsParts *parts);

/* Nothing new is begun from now on. NULL is fine. */
void bh_pools_stop(BhPools *pools);

/* The workers must have been freed before. Notes when everything was seen last. NULL is fine. */
void bh_pools_free(BhPools *pools);

/* All of them by name; valid until the listeners have been told of the next. The main storage is not among them. */
const BhPoolView *bh_pools_list(const BhPools *pools, size_t *ret_n);

/* The main storage, as a pool with the path "/" and no name; valid likewise. */
const BhPoolView *bh_pools_get_main(const BhPools *pools);

/* Calls listener whenever something of that may have changed; what was listed before is still there meanwhile. At most four. */
typedef void (*BhPoolsListener)(void *userdata, const BhPools *pools);
void bh_pools_add_listener(BhPools *pools, BhPoolsListener listener, void *userdata);

/* Whether every pool has been found to be as it is: absent, unmounted, or measured. Once so, for ever. */
bool bh_pools_are_settled(const BhPools *pools);

/* Changes. What _do functions do blocks and is for a worker thread of BH_POOL_STORAGE; bh_pools_end() is to be called on the event loop afterwards, whatever came of
 * it. Each pool has one change at a time: the next waits for it, and fails with -EBUSY when that takes long. All are audited, failures too. What fails was undone,
 * or the sentence says what is left.
 *
 * Errors of all: -ENOENT there is no such pool (any more), -EBUSY, those of UDisks2's verbs, those of bh_database_write(). */
typedef struct BhPoolsChange {
        char *path;         /* of the pool; for the caller to fill in, and what was made afterwards */
        BhKnownPool *known; /* as it was; NULL a new one */
        BhKnownPool *after; /* as it is now; NULL: as it was, or gone */
        bool is_gone;
        char *held, *reserved; /* UUID, name */
} BhPoolsChange;

void bh_pools_change_clear(BhPoolsChange *change);
void bh_pools_end(BhPools *pools, BhPoolsChange *change);

/* Errors in addition: Conflict it is mounted, -ENODEV it is absent, Refused. */
int bh_pools_mount_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, BhFailure *failure);

/* force: ends what uses it. Errors: -EBUSY with what uses it, Conflict it is not mounted. */
int bh_pools_unmount_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, bool force, BhFailure *failure);

/* Unmounts it, and forgets it. */
int bh_pools_detach_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, bool force, BhFailure *failure);

int bh_pools_set_default_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, BhFailure *failure);

/* Errors: -EILSEQ, -EEXIST, -ENODEV it is absent. */
int bh_pools_rename_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, const char *name,
                       BhFailure *failure);

/* Makes a pool of the filesystem that is on a disk or array (its object path). Errors: -ENOENT no such disk, or no filesystem on it; Refused, -EEXIST, -EILSEQ,
 * -EOPNOTSUPP. */
int bh_pools_adopt_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, const char *source,
                      const char *name, BhFailure *failure);

/* Whether a pool could be called so at this moment. Errors: -EILSEQ, -EEXIST. Blocks. */
int bh_pools_check_name(BhPools *pools, const char *name, BhFailure *failure);

/* What the plans of the kinds format and pool-delete say, with the name taken before and everything rechecked at the last moment; success is audited, failure is the caller's to audit.
 * Errors: those of bh_apply_recheck() in addition. */
int bh_pools_format_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, const BhApply *apply,
                       BhFailure *failure);
int bh_pools_erase_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, const BhApply *apply,
                      BhFailure *failure);

/* Makes the filesystem as large as what it is on. Errors: Conflict it is already, or is not mounted; -EOPNOTSUPP. The first only looks; any thread. */
int bh_pools_check_growth(BhPools *pools, const char *path, BhFailure *failure);
int bh_pools_grow_do(BhPools *pools, const BhCaller *caller, BhPoolsChange *change, BhFailure *failure);

/* A copy of what is known of it, to be freed with bh_known_pool_free(); NULL with -ENOENT in failure when there is no such pool (any more). Any thread. */
BhKnownPool *bh_pools_copy(BhPools *pools, const char *path, BhFailure *failure);

/* What uses it: of BhRootUse (roots.h), to be freed with g_ptr_array_unref(). Errors: -ENOENT. Any thread. */
int bh_pools_list_uses(BhPools *pools, const char *path, GPtrArray **ret, BhFailure *failure);
