/* SPDX-License-Identifier: MIT */
#pragma once

#include "caller.h"
#include "database.h"
#include "failure.h"
#include "topology.h"

/* The disks and arrays of the NAS: takes what UDisks2 shows, learns and remembers, and publishes the topology. */

typedef struct BhDisks BhDisks;

/* Longest name of a bay, in bytes. */
#define BH_SLOT_MAX 32

/* sysfs: where that is mounted. Errors: as bh_database_errno(). Blocks. */
int bh_disks_new(BhDisks **ret, BhDatabase *database, const char *sysfs);

/* Notes when everything was seen last. NULL is fine. Event loop. */
void bh_disks_free(BhDisks *disks);

/* What others know; each one that is set replaces the one before, with the userdata. Event loop. */
void bh_disks_set_pools(BhDisks *disks,
                        const char *(*pool_of)(void *userdata, const BhInventory *inventory, const BhBlock *block),
                        bool (*is_expected)(void *userdata, const char *disk_id), void *userdata);
void bh_disks_set_judge(BhDisks *disks,
                        bool (*judge)(void *userdata, const char *disk_id, const BhDrive *drive, BhHealth *ret),
                        void *userdata);
void bh_disks_set_jobs(BhDisks *disks, const char *(*job_of)(void *userdata, const char *path), void *userdata);

/* Calls listener with every new topology, from now on, in the order of adding; before is the last one. At most eight. Event loop. */
typedef void (*BhDisksListener)(void *userdata, const BhTopology *before, const BhTopology *now);
void bh_disks_add_listener(BhDisks *disks, BhDisksListener listener, void *userdata);

/* An inventory is about to be taken in: until then nothing is published, since what is shown by now is older than what others look at. Event loop. */
void bh_disks_hold(BhDisks *disks);

/* Takes in an inventory, and publishes. Event loop. */
void bh_disks_update(BhDisks *disks, const BhInventory *inventory);

/* Publishes anew, because something that a hook says has changed. Event loop. */
void bh_disks_refresh(BhDisks *disks);

/* The newest topology; unref it. Never NULL. Any thread, does not block. */
BhTopology *bh_disks_get(BhDisks *disks);

/* Whether arrays are known, there or not. Event loop. */
bool bh_disks_has_arrays(const BhDisks *disks);

/* What changes both memory and database takes steps: _begin on the event loop checks; _write in a worker thread makes it durable and audits it; _end on the
 * event loop, whatever came of it, makes memory follow and publishes. The name of a bay is taken already by _begin, so that nobody else takes it meanwhile. */
typedef struct BhDisksChange {
        char *path;                /* of the disk or array; for the caller to fill in */
        char *slot;                /* of bh_disks_slot_begin(); likewise */
        char *id;                  /* of the disk; UUID of the array */
        char *name;                /* for the audit trail: "WD40EFRX, serial WCC7K1" */
        char *previous_slot;       /* what it was */
        bool is_begun, is_written; /* that is done */
} BhDisksChange;

void bh_disks_change_clear(BhDisksChange *change);

/* Errors: -ENOENT no such disk; -EINVAL the name; -EEXIST another disk that is present has it. */
int bh_disks_slot_begin(BhDisks *disks, BhDisksChange *change, BhFailure *failure);
int bh_disks_slot_write(BhDisks *disks, const BhCaller *caller, BhDisksChange *change);
void bh_disks_slot_end(BhDisks *disks, const BhDisksChange *change);

/* Errors: -ENOENT no such disk or array; Conflict: it is there. */
int bh_disks_forget_disk_begin(BhDisks *disks, BhDisksChange *change, BhFailure *failure);
int bh_disks_forget_disk_write(BhDisks *disks, const BhCaller *caller, BhDisksChange *change);
int bh_disks_forget_array_begin(BhDisks *disks, BhDisksChange *change, BhFailure *failure);
int bh_disks_forget_array_write(BhDisks *disks, const BhCaller *caller, BhDisksChange *change);
void bh_disks_forget_disk_end(BhDisks *disks, const BhDisksChange *change);
void bh_disks_forget_array_end(BhDisks *disks, const BhDisksChange *change);

/* Forgets an array that was deleted: what is no longer there is no longer expected. In the database without waiting. Event loop. */
void bh_disks_array_is_deleted(BhDisks *disks, const char *uuid);
