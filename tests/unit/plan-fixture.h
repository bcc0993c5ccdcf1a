/* SPDX-License-Identifier: MIT */
#pragma once

#include "inventory.h"
#include "plan.h"

#define GB UINT64_C(1000000000)
#define MIB (UINT64_C(1024) * 1024)

/* Disks sda to sdf, empty, of 10 GB (sda to sdd), 20 GB (sde), 5 GB (sdf). */
typedef struct World {
        BhInventory *inventory;
        BhPlanDisk disks[8];
        size_t n_disks;
} World;

void world_set_up(World *world);

void world_clear(World *world);

BhPlanDisk *world_disk(World *world, const char *name);

BhDrive *world_drive(World *world, const char *name);

BhBlock *world_block(World *world, const char *name);

/* names: of the disks, separated by blanks. */
void world_request_array(World *world, BhRaidLevel level, const char *names, size_t n_spares, BhPlanRequest *ret);

void world_request_for(World *world, BhPlanKind kind, const BhMdArray *array, const char *name, BhPlanRequest *ret);

BhPlan *world_make_plan(World *world, const BhPlanRequest *request);

/* The plan is refused with that error (a name, or NULL for what the errno says), and a sentence that has part in it. */
void world_assert_refused(World *world, const BhPlanRequest *request, int result, const char *name, const char *part);

bool plan_has_warning(const BhPlan *plan, const char *part);
