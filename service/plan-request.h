/* SPDX-License-Identifier: MIT */
#pragma once

#include "plan.h"
#include "pool.h"
#include "suspects.h"
#include "topology.h"

/* From what a caller asks for, in object paths of the bus, to a request that plans are made of. Each fills in a zeroed request, which is to be cleared also on error; those without
 * further mention fail with -ENOENT when there is no such disk or array, and say which argument it was. Any thread. */

typedef struct BhArrayWish {
        const char *name;
        BhRaidLevel level;
        char **disks, **spares; /* NULL-terminated */
        uint64_t chunk_size;    /* bytes; 0 the default */
        bool is_bitmap_set, has_bitmap;
} BhArrayWish;

int bh_plan_request_create(const BhTopology *topology, const BhArrayWish *wish, BhPlanRequest *ret, BhFailure *failure);
int bh_plan_request_delete(const BhTopology *topology, const char *array, BhPlanRequest *ret, BhFailure *failure);

/* target: a disk or an array. label NULL: after the name. Whether the name is free is not looked at. */
typedef struct BhFormatWish {
        const char *target, *name, *filesystem, *label;
} BhFormatWish;

int bh_plan_request_format(const BhTopology *topology, const BhFormatWish *wish, BhPlanRequest *ret,
                           BhFailure *failure);
int bh_plan_request_pool_delete(const BhTopology *topology, const BhKnownPool *pool, BhPlanRequest *ret,
                                BhFailure *failure);

/* Whether no pool is, by now, on what the request would destroy. Errors: -ESTALE. */
int bh_plan_request_check_pools(const BhTopology *topology, const BhPlanRequest *request, BhFailure *failure);

int bh_plan_request_add(const BhTopology *topology, const char *array, const char *disk, BhPlanRequest *ret,
                        BhFailure *failure);

/* disk NULL: it is chosen, and no suspect is. Errors in addition: those of bh_plan_choose_replacement(). */
int bh_plan_request_repair(const BhTopology *topology, BhSuspects *suspects, const char *array, const char *disk,
                           BhPlanRequest *ret, BhFailure *failure);

/* Puts in what is known of a disk. Owned. */
void bh_plan_disk_from(BhPlanDisk *dest, const BhDisk *disk);

/* By object path; sets the failure and returns NULL when there is none. what: "disk", as the argument is called. */
const BhDisk *bh_plan_find_disk(const BhTopology *topology, const char *path, const char *what, BhFailure *failure);
const BhArray *bh_plan_find_array(const BhTopology *topology, const char *path, BhFailure *failure);
