/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inventory.h"
#include "memory.h"

/* An array of md, running or not, there or only remembered. Plain data, made by topology.c; strings are never NULL. */

typedef struct BhArrayMember {
        int slot;      /* -1 a spare, or not known */
        char *disk;    /* object path on the bus of the disk; "/" not known */
        char *disk_id; /* "" not known */
        char *name, *model, *serial, *bay;
        const char *state; /* "active", "spare", "failed", "rebuilding", "missing", "write-mostly" */
        uint64_t errors;
        bool is_present; /* the disk is there, taken in by the array or not */
        int64_t last_seen_usec;
        char *block; /* UDisks2's object of the device that is the member; "" none */
} BhArrayMember;

typedef struct BhArray {
        char *path; /* of its object on the bus */

        /* As org.baluhost.NAS1.Array has them. */
        char *uuid, *name, *device, *level, *state_text, *sync_action, *bitmap;
        const char *state;
        uint64_t size, chunk_size, sync_rate, mismatches;
        bool is_running, is_mismatch_known;
        uint32_t devices, degraded, survives;
        BhArrayMember *members;
        size_t n_members;
        double sync_progress;
        int64_t sync_end_usec, last_scrub_usec;
        char *pool, *job; /* object paths on the bus; "/" none */

        /* For verbs and rules. */
        char *object; /* UDisks2's; "" it is not there at all */
        char *block;  /* UDisks2's object of the block device; "" it does not run */
        bool is_first_sync; /* it was never seen whole and no member is missing: what is not in sync is being made, and nothing has failed */
        bool is_enough; /* enough members are there for it to run, or to be started */
} BhArray;

/* Fills in what UDisks2 shows and what is remembered; md NULL: it is not there. The array must be zeroed; pool and job
 * are "/". now_usec since 1970. */
void bh_array_read(BhArray *array, const BhInventory *inventory, const BhMdArray *md, const BhKnownArray *known,
                   const BhMemory *memory, char *const *ids, int64_t now_usec);

void bh_array_clear(BhArray *array);

/* Whether an array of the level with so many devices can run with those that it has. has: for each slot. Of what is not known it is said that all are needed. */
bool bh_array_is_enough(const char *level, uint32_t devices, const bool *has);

/* How many further disks may fail, whichever they are, when n_in_sync of so many devices are in sync. */
uint32_t bh_array_survives(const char *level, uint32_t devices, uint32_t n_in_sync);
