/* SPDX-License-Identifier: MIT */
#pragma once

#include "plan.h"
#include "udisks.h"

/* Carries plans out, by UDisks2. Each function rechecks the plan against what UDisks2 shows after it has looked at the devices anew, at the last moment before something is destroyed, and returns when
 * its result has been observed: that a command was sent, or that its reply got lost, says nothing. UDisks2 itself opens what it destroys exclusively, so that what came into use since is refused by it.
 *
 * What goes wrong is a negative errno and a sentence in failure that also says what had been done by then. Worker thread of BH_POOL_STORAGE. */

/* Says what is being done now, as a sentence; on the same thread. */
typedef void (*BhApplySay)(void *userdata, const char *text);

typedef struct BhApply {
        BhUdisks *udisks;
        const BhPlan *plan;
        BhApplySay say;
        void *userdata;
} BhApply;

/* Lets UDisks2 look at the devices of the plan anew, and holds the plan against that. *ret (may be NULL) is what it shows, the caller's. Errors: those of bh_plan_recheck() and of UDisks2's verbs. */
int bh_apply_recheck(BhUdisks *udisks, const BhPlan *plan, BhInventory **ret, BhFailure *failure);

/* *ret_uuid (owned) is that of the new array, which runs, and has its spares. Its first sync goes on. */
int bh_apply_array_create(const BhApply *apply, char **ret_uuid, BhFailure *failure);

/* The array is gone, and no device that is there has anything of it. */
int bh_apply_array_delete(const BhApply *apply, BhFailure *failure);

/* The disk is a spare or member of the array. *ret_block (owned) is UDisks2's object of its device. */
int bh_apply_array_add(const BhApply *apply, char **ret_block, BhFailure *failure);

/* The failed member is out, and the replacement is in. *ret_block (owned) is UDisks2's object of the latter's device; it is being rebuilt, or will be. */
int bh_apply_array_repair(const BhApply *apply, char **ret_block, BhFailure *failure);
