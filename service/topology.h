/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "array.h"
#include "disk.h"
#include "inventory.h"
#include "memory.h"

/* All disks and arrays of the NAS at one moment: what UDisks2 shows, put together with what is remembered. Immutable, counted references; any thread. */

typedef struct BhTopology {
        int references; /* bh_topology_ref/unref only */
        BhInventory *inventory;
        BhDisk *disks; /* by slot, then name; those without a slot last */
        size_t n_disks;
        BhArray *arrays; /* by name */
        size_t n_arrays;
} BhTopology;

/* What others know. Event loop. Each may be NULL. */
typedef struct BhTopologyHooks {
        void *pools_userdata, *judge_userdata, *jobs_userdata;

        /* Object path of the pool whose filesystem is on the block device; NULL none. */
        const char *(*pool_of)(void *userdata, const BhInventory *inventory, const BhBlock *block);

        /* Whether a pool expects the disk, although it is no member of an array. */
        bool (*is_expected)(void *userdata, const char *disk_id);

        /* How healthy a disk is in the eyes of who has watched it; false: nothing is known of it. */
        bool (*judge)(void *userdata, const char *disk_id, const BhDrive *drive, BhHealth *ret);

        /* Object path of the job that works on it; NULL none. */
        const char *(*job_of)(void *userdata, const char *path);
} BhTopologyHooks;

/* Without UDisks2 there is nothing in it. now_usec since 1970. Owned. Event loop. */
BhTopology *bh_topology_new(BhInventory *inventory, const BhMemory *memory, char *const *ids,
                            const BhTopologyHooks *hooks, int64_t now_usec);

BhTopology *bh_topology_ref(BhTopology *topology);
void bh_topology_unref(BhTopology *topology);
void bh_topology_unrefp(BhTopology **topology);

/* By object path on the bus, or id; NULL when there is none. They live as long as the topology. */
const BhDisk *bh_topology_disk(const BhTopology *topology, const char *path);
const BhDisk *bh_topology_disk_by_id(const BhTopology *topology, const char *id);
const BhArray *bh_topology_array(const BhTopology *topology, const char *path);

/* By UDisks2's object of the drive, or of the array. */
const BhDisk *bh_topology_disk_of_drive(const BhTopology *topology, const char *drive);
const BhArray *bh_topology_array_of_object(const BhTopology *topology, const char *object);
