/* SPDX-License-Identifier: MIT */
#pragma once

#include "pool.h"
#include "udisks.h"

/* Mounting the filesystem of a pool, so that it is mounted again at the next start of the system. Each function returns when what it did has been observed, or
 * when what it had begun is undone. Errors: those of UDisks2's verbs, with a sentence in failure. Worker thread of BH_POOL_STORAGE. */

/* What it is about. */
typedef struct BhPoolPlace {
        const char *uuid, *name, *filesystem;
        const char *pools_directory; /* where mount points of pools are */
} BhPoolPlace;

/* Where it is to be mounted. Owned. */
char *bh_pool_directory(const char *pools_directory, const char *name);

/* Whether a directory is one in which pools are mounted. */
bool bh_pool_is_place(const char *pools_directory, const char *directory);

/* What was done, so that it can be undone. */
typedef struct BhPoolMount {
        bool is_entry_new, is_mount_new;
} BhPoolMount;

/* Sees to its entry in /etc/fstab, and mounts it. One that is mounted there already is fine. On error what was done is undone; failure says when it could not be.
 * Errors in addition: -ENODEV it is absent, Refused something else mounts it. */
int bh_pool_mount(BhUdisks *udisks, const BhPoolPlace *place, BhPoolMount *ret, BhFailure *failure);

/* Undoes that; returns false, with a sentence in *ret_left (owned), when it could not be. */
bool bh_pool_mount_undo(BhUdisks *udisks, const BhPoolPlace *place, const BhPoolMount *mount, char **ret_left);

/* Unmounts it where it is mounted; force: also while it is in use. One that is not mounted, or absent, is fine. */
int bh_pool_unmount(BhUdisks *udisks, const BhPoolPlace *place, bool force, BhFailure *failure);

/* Takes its entry out of /etc/fstab. None, or UDisks2 not being there while the pool is absent, is fine. */
int bh_pool_remove_entry(BhUdisks *udisks, const BhPoolPlace *place, BhFailure *failure);
