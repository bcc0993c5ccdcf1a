/* SPDX-License-Identifier: MIT */
#pragma once

#include "pool-mount.h"
#include "pools.h"

/* What pools.c (the set), pools-keep.c (what is done by itself) and pools-change.c (what is asked for) share. */

#define BH_POOLS_LISTENERS_MAX 4

typedef struct BhPoolEntry {
        BhKnownPool *known; /* replaced on the event loop alone, and under lock */

        /* Event loop only. */
        char *problem; /* a sentence; NULL none */
        unsigned n_failures;
        int64_t retry_usec;   /* monotonic: not tried again before */
        int64_t missing_usec; /* monotonic: since when its files are open although it is not mounted; 0 it is */
        int64_t noted_usec;   /* last_seen_usec as it is in the database */
        bool was_present;
        bool is_lost; /* its files are to be closed by force, until they are */
        bool is_detaching, is_mounting;
        bool is_measured;
        uint64_t size, used, available; /* bytes */
} BhPoolEntry;

struct BhPools {
        BhPoolsParts parts;
        GPtrArray *entries; /* BhPoolEntry; changed on the event loop alone, and under lock */
        GMutex lock;
        GCond changed;
        GHashTable *held;      /* under lock: UUIDs of pools that are being changed */
        GHashTable *reserved;  /* under lock: names of pools that are being made or renamed */
        GHashTable *attaching; /* under lock: UUIDs of pools whose files are about to be made available */

        /* Event loop only. */
        bool is_stopping, is_measuring, is_settled;
        sd_event_source *again, *measure; /* timers */
        BhPoolView main, *shown;
        size_t n_shown;
        uint64_t main_size, main_used, main_available;
        struct {
                BhPoolsListener listener;
                void *userdata;
        } listeners[BH_POOLS_LISTENERS_MAX];
        unsigned n_listeners;
};

/* Event loop. */
BhPoolEntry *bh_pools_find(BhPools *pools, const char *uuid);
void bh_pools_publish(BhPools *pools);

static inline BhPoolPlace bh_pools_place(const BhPools *pools, const BhKnownPool *known) {
        return (BhPoolPlace){known->uuid, known->name, known->filesystem, pools->parts.pools_directory};
}

/* Begins to keep them; looks what is to be done, and publishes. Event loop. */
int bh_pools_keep_start(BhPools *pools);
void bh_pools_look(BhPools *pools);

/* Makes the files of a pool that is mounted available, in a thread of its own. Returns when they can be read, or with a sentence in failure why not.
 * initialise: as of bh_files_attach(). Errors: those. Worker thread. */
int bh_pools_attach(BhPools *pools, const BhKnownPool *known, bool initialise, BhFailure *failure);

/* Closes them. force: also while they are used. Errors: -EBUSY. Worker thread. */
int bh_pools_close(BhPools *pools, const BhKnownPool *known, bool force, BhFailure *failure);

/* Keeps others from changing the pool; waits for who does. Errors: -EBUSY. Worker thread. */
int bh_pools_hold(BhPools *pools, const char *uuid, BhFailure *failure);

/* Likewise without waiting. */
bool bh_pools_try_hold(BhPools *pools, const char *uuid);
void bh_pools_release(BhPools *pools, const char *uuid);

/* Parts of changes: pools-change.c. All for worker threads; on error as it was, or failure says what is left. ------------------------------------ */

/* Takes hold of the pool of the change, and looks what it is like then. */
int bh_pools_take(BhPools *pools, BhPoolsChange *change, BhFailure *failure);
int bh_pools_require_udisks(BhPools *pools, BhFailure *failure);

/* Adds to the sentence of a failure what is left. */
__attribute__((format(printf, 2, 3))) void bh_pools_append(BhFailure *failure, const char *format, ...);

/* Writes it down, or that it is gone, together with a row of the audit trail. */
int bh_pools_write(BhPools *pools, const BhCaller *caller, const BhKnownPool *known, bool is_gone, const char *action,
                   const char *message, BhFailure *failure);

/* Audits what has failed, and returns r. */
int bh_pools_finish(BhPools *pools, const BhCaller *caller, const char *action, const char *target, int r,
                    const BhFailure *failure);

/* Undoes bh_pool_mount(). */
void bh_pools_undo_mount(BhPools *pools, const BhKnownPool *known, const BhPoolMount *mount, BhFailure *failure);

/* Closes its files, unmounts it, and takes its entry out of fstab. */
int bh_pools_take_down(BhPools *pools, const BhKnownPool *known, bool force, BhFailure *failure);

/* Undoes that. */
void bh_pools_put_back(BhPools *pools, const BhKnownPool *known, BhFailure *failure);

/* Of pools-make.c ------------------------------------------------------------------------------------------------------------------------------- */

/* Takes a name for a pool, so that nothing else gets it. Errors: -EILSEQ, -EEXIST. */
int bh_pools_reserve(BhPools *pools, BhPoolsChange *change, const char *name, BhFailure *failure);

/* Gives the name up; uuid: whose usage is forgotten, "" nobody's. */
void bh_pools_forget_name(BhPools *pools, const char *name, const char *uuid);
