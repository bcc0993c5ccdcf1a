/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "inventory.h"
#include "topology.h"

/* A pool: a filesystem on a disk or array that holds files of the NAS, there or only known. It is known by the UUID of its filesystem, which is also the
 * mark that the filesystem carries (roots.h). Plain data; strings are never NULL. */

/* Longest name, in bytes: it is a folder, and the last element of its mount point. */
#define BH_POOL_NAME_MAX 64

/* What is kept of it. */
typedef struct BhKnownPool {
        char *uuid; /* of the filesystem, as blkid writes it */
        char *path; /* of its object on the bus */
        char *name;
        char *filesystem;           /* "ext4", "xfs", "btrfs" */
        char *array_uuid, *disk_id; /* what it is on, as of when it was seen last: one of them, or none */
        bool is_default;
        bool is_wanted;         /* it is to be mounted, for nobody has unmounted it */
        uint64_t size;          /* bytes, as of when it was seen last */
        int64_t last_seen_usec; /* since 1970 */
} BhKnownPool;

BhKnownPool *bh_known_pool_new(const char *uuid, const char *name, const char *filesystem);
BhKnownPool *bh_known_pool_copy(const BhKnownPool *known);
void bh_known_pool_free(void *known);
void bh_known_pool_freep(BhKnownPool **known);

/* What is known of it at this moment, beside the topology. */
typedef struct BhPoolStatus {
        const char *directory; /* where it is to be mounted */
        bool is_attached;      /* its files can be read at least */
        bool is_working;       /* something is being done about it */
        const char *problem;   /* a sentence why it cannot be used although it is there; NULL none */
        bool is_measured;
        uint64_t size, used, available; /* bytes; is_measured */
} BhPoolStatus;

/* As org.baluhost.NAS1.Pool has it. */
typedef struct BhPoolView {
        char *path;
        char *uuid, *name, *filesystem, *source, *level, *mount_point, *state_text;
        const char *state; /* "ready", "degraded", "unmounted", "absent", "failed" */
        uint64_t size, used, available;
        bool is_default;
        int64_t last_seen_usec;

        /* For rules: it is wanted, and cannot be used. */
        bool is_missed;
} BhPoolView;

/* Puts it together; pool must be zeroed. now_usec since 1970. */
void bh_pool_read(BhPoolView *pool, const BhKnownPool *known, const BhTopology *topology, const BhPoolStatus *status,
                  int64_t now_usec);
void bh_pool_clear(BhPoolView *pool);

/* Path on the bus of the pool with that UUID. Owned. */
char *bh_pool_path(const char *uuid);

/* Whether the folder of a pool can be called so. Errors: -EILSEQ, with a sentence. */
int bh_pool_check_name(const char *name, BhFailure *failure);

/* Whether pools may have that filesystem. */
bool bh_pool_takes_filesystem(const char *type);

/* The block device with the pool's filesystem; NULL when there is none, or more than one: *ret_is_ambiguous (may be NULL). It lives as long as the inventory. */
const BhBlock *bh_pool_find_block(const BhInventory *inventory, const char *uuid, bool *ret_is_ambiguous);

/* Whether it is mounted at that directory; whether at any. */
bool bh_pool_is_mounted_at(const BhBlock *block, const char *directory);

/* What the block device, of that inventory, is on: UUID of an array or id of a disk, "" for the other; both are "" when that is not known. They live as long as both. */
void bh_pool_find_source(const BhTopology *topology, const BhInventory *inventory, const BhBlock *block,
                         const char **ret_array_uuid, const char **ret_disk_id);
