/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "inventory.h"
#include "raid-level.h"

/* What would happen to disks, before it does. A plan is made of a request and an inventory and changes nothing; it refuses what must not be done, says what would be made and what would be lost, and
 * remembers everything that it relies on, so that it can be held against a later inventory. Pure; any thread. */

typedef enum BhPlanKind {
        BH_PLAN_ARRAY_CREATE,
        BH_PLAN_ARRAY_DELETE,
        BH_PLAN_FORMAT,
        BH_PLAN_POOL_DELETE,
        BH_PLAN_ARRAY_ADD,
        BH_PLAN_ARRAY_REPAIR,
} BhPlanKind;

/* A disk, as the service knows it beside the inventory. Strings are owned and never NULL. */
typedef struct BhPlanDisk {
        char *path;                  /* our object */
        char *drive;                 /* UDisks2's object of the drive; "" it is absent */
        char *name, *model, *serial; /* "sda"; as they were last when it is absent */
        char *bay;
        char *state, *state_text; /* of our object: "healthy", "warning", "failing", "failed", "absent", "unknown" */
        bool has_pool;            /* a pool is on it, mounted or not */
} BhPlanDisk;

/* The member that a repair replaces. */
typedef struct BhPlanFailed {
        BhPlanDisk disk; /* path "/" when it is not known which disk it was; strings NULL when nothing is */
        int slot;        /* -1 not known */
        char *state;     /* owned: "failed", "missing" */
        char *block;     /* owned; UDisks2's object of it while the array still has it as faulty; "" it is gone */
        int64_t last_seen_usec; /* 0 not known */
} BhPlanFailed;

typedef struct BhPlanRequest {
        BhPlanKind kind;
        char *name; /* array-create: of the array; format, pool-delete: of the pool */

        /* array-create: members, then spares. format: the disk, unless it is an array. array-add, array-repair: the disk that is added, or (n_spares 1) that is a spare of the array already. array-delete: its members, also absent ones. */
        BhPlanDisk *disks;
        size_t n_disks, n_spares;
        BhRaidLevel level;
        uint64_t chunk_size; /* bytes; 0 the level has none */
        bool has_bitmap;

        /* All but array-create, format of a disk. */
        char *array;      /* UUID of md */
        char *array_path; /* our object */
        char *array_name; /* set by bh_plan_make() */

        char *filesystem, *label; /* format; label NULL: after the name */
        char *pool,
                *pool_path; /* pool-delete: UUID, our object; its name is name, and what it is on is disks or array */

        /* array-repair */
        BhPlanFailed failed;
        char *why; /* this replacement was chosen; a sentence */
} BhPlanRequest;

typedef struct BhPlanLoss {
        BhPlanDisk disk;
        uint64_t size;
        char *contents; /* owned */
        bool destroys;
} BhPlanLoss;

typedef struct BhPlan {
        BhPlanRequest request;
        char *title, *text, *name; /* owned */
        uint64_t usable_bytes;
        unsigned survives;
        uint64_t sync_usec;
        GPtrArray *warnings;  /* of owned sentences */
        GPtrArray *losses;    /* of owned BhPlanLoss */
        GPtrArray *facts;     /* of plan-facts.h */
        int64_t expires_usec; /* since 1970; set by who keeps it */
} BhPlan;

/* "array-create" */
const char *bh_plan_kind_to_string(BhPlanKind kind);

/* Makes a plan; copies the request. Errors, with a sentence in failure that names the disk: those named "Refused", "Conflict" and "InvalidArgument" (-EACCES, -EACCES, -EINVAL), -EILSEQ and -EEXIST for
 * the name, -ENOENT no such array, -EOPNOTSUPP its level cannot do this, -ENODEV no UDisks2. */
int bh_plan_make(const BhInventory *inventory, const BhPlanRequest *request, BhPlan **ret, BhFailure *failure);

/* Whether the plan can still be carried out as it was made. Errors: -ESTALE something that it relies on has changed (failure says of which disk, and what), those of bh_plan_make(). */
int bh_plan_recheck(const BhPlan *plan, const BhInventory *inventory, BhFailure *failure);

/* Makes a request for the repair of an array out of what has failed in it and of all disks: asks for replacement (NULL: a spare of the array, a former member, or the smallest free disk that is large enough and
 * empty). The request is to be cleared also on error. Errors: those of bh_plan_make(); "Refused" when there is no disk. */
int bh_plan_choose_replacement(const BhInventory *inventory, const BhPlanDisk *disks, size_t n_disks,
                               const BhPlanDisk *replacement, BhPlanRequest *request, BhFailure *failure);

/* Whether nothing is lost by it: only empty disks and former members of the same array are written to. */
bool bh_plan_is_harmless(const BhPlan *plan);

/* UDisks2's objects of the block devices that are to be looked at anew before the plan is rechecked; NULL-terminated, of the inventory. To be freed with g_free(). */
const char **bh_plan_blocks(const BhPlan *plan, const BhInventory *inventory);

/* NULL is fine. */
void bh_plan_free(BhPlan *plan);
void bh_plan_freep(BhPlan **plan);

void bh_plan_disk_copy(BhPlanDisk *dest, const BhPlanDisk *src);
void bh_plan_disk_clear(BhPlanDisk *disk);
void bh_plan_request_copy(BhPlanRequest *dest, const BhPlanRequest *src);
void bh_plan_request_clear(BhPlanRequest *request);

/* "sdb (Spinner 3000, serial 7F2K, bay 2)". To be freed with g_free(). */
char *bh_plan_disk_label(const BhPlanDisk *disk);

/* The block device on the disk that was a member of the array and is not now; NULL when there is none. Only that is added to the array then, instead of the whole disk. */
const BhBlock *bh_plan_former_member(const BhInventory *inventory, const BhPlanDisk *disk, const BhMdArray *array);

/* The block device of the whole disk in an inventory; NULL when it is not there. */
const BhBlock *bh_plan_disk_block(const BhInventory *inventory, const BhPlanDisk *disk);
