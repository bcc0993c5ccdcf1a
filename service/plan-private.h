/* SPDX-License-Identifier: MIT */
#pragma once

#include "block-use.h"
#include "plan.h"

/* What plan.c, plan-make.c and plan-repair.c share. */

/* Refuses, with the error Refused and this sentence. */
#define bh_plan_refuse(failure, ...) bh_failure_set(failure, -EACCES, "Refused", __VA_ARGS__)

__attribute__((format(printf, 2, 3))) void bh_plan_warn(BhPlan *plan, const char *format, ...);

/* The array of the request; NULL with -ENOENT set. */
int bh_plan_get_array(const BhInventory *inventory, const BhPlanRequest *request, const BhMdArray **ret,
                      BhFailure *failure);

/* Refuses a disk that must not be written to: absent, of the system, in use, somebody else's, failed, removable, read-only. own: an array that it may be an idle former member of; NULL none. */
int bh_plan_check_disk(const BhInventory *inventory, const BhPlanDisk *disk, const BhMdArray *own, BhFailure *failure);

/* Whether the array has that block device among its members now. */
bool bh_plan_is_member(const BhMdArray *array, const char *block);

/* Notes what is lost of a disk, and what is to be said about its health and kind. */
void bh_plan_add_disk(BhPlan *plan, const BhInventory *inventory, const BhPlanDisk *disk, const BhMdArray *own);

/* The usual end of a disk that is added to an array: checks that it is large enough. */
int bh_plan_check_size(const BhInventory *inventory, const BhMdArray *array, const BhPlanDisk *disk,
                       BhFailure *failure);

/* The disk of a request to add one to the array, or to put it in for a member: refuses one that cannot be, and notes it. */
int bh_plan_take_disk(BhPlan *plan, const BhInventory *inventory, const BhMdArray *array, BhFailure *failure);

/* Bytes that a disk must have at least to be added to the array. */
uint64_t bh_plan_bytes_needed(const BhInventory *inventory, const BhMdArray *array);

/* How long it takes to rebuild a member on the disk; 0 not known. */
uint64_t bh_plan_rebuild_usec(const BhInventory *inventory, const BhMdArray *array, const BhPlanDisk *disk);

/* Whether the level of an array has members to replace; false for raid0, linear and what is not known. */
bool bh_plan_array_is_redundant(const BhMdArray *array);

/* Disks that may still fail, whichever they are, with so many missing. */
unsigned bh_plan_survives(const BhMdArray *array, uint32_t degraded);

/* The makers of each kind; plan->request is filled in already. */
int bh_plan_make_array(BhPlan *plan, const BhInventory *inventory, BhFailure *failure);
int bh_plan_make_format(BhPlan *plan, const BhInventory *inventory, BhFailure *failure);
int bh_plan_make_pool_delete(BhPlan *plan, const BhInventory *inventory, BhFailure *failure);
int bh_plan_make_delete(BhPlan *plan, const BhInventory *inventory, BhFailure *failure);
int bh_plan_make_add(BhPlan *plan, const BhInventory *inventory, BhFailure *failure);
int bh_plan_make_repair(BhPlan *plan, const BhInventory *inventory, BhFailure *failure);
