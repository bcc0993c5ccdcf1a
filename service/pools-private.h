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
