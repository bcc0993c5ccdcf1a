/* SPDX-License-Identifier: MIT */
#pragma once

#include "failure.h"
#include "suspects.h"
#include "topology.h"
#include "udisks.h"

/* What is done to an array in one step, without a plan: nothing is lost by it. Each checks what it can beforehand, does it, and returns when it has been observed. path: object of the
 * array on the bus. Errors: -ENOENT no such array, those named "Conflict" and "Refused" (-EACCES), -EBUSY, -EOPNOTSUPP, and those of UDisks2's verbs. Worker thread of BH_POOL_STORAGE. */

/* disk: object on the bus. wipe: also what md wrote on it. Refused when the array would not survive it. */
int bh_array_remove_member(BhUdisks *udisks, BhSuspects *suspects, const BhTopology *topology, const char *path,
                           const char *disk, bool wipe, BhFailure *failure);

/* bitmap: "internal" or "none". */
int bh_array_set_bitmap(BhUdisks *udisks, const BhTopology *topology, const char *path, const char *bitmap,
                        BhFailure *failure);

/* degraded: also with members missing. */
int bh_array_start(BhUdisks *udisks, const BhTopology *topology, const char *path, bool degraded, BhFailure *failure);
int bh_array_stop(BhUdisks *udisks, const BhTopology *topology, const char *path, BhFailure *failure);

/* Begins a check or repair; action: "check", "repair". *ret_seen: whether it was seen to run; a very short one may have ended before. */
int bh_array_scrub(BhUdisks *udisks, const BhTopology *topology, const char *path, const char *action, bool *ret_seen,
                   BhFailure *failure);

/* Whether a scrub can begin, with the errors of bh_array_scrub(). Any thread. */
int bh_array_check_scrub(const BhTopology *topology, const char *path, const char *action, BhFailure *failure);
