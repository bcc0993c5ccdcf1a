/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "inventory.h"

/* What is known of a drive beside what it says of itself: for estimates and warnings, never for a refusal. Any thread. */

/* Whether the model is known to record shingled (SMR) without saying so, which makes a rebuild take days. The list is of the makers' own publications and is not
 * complete: false means nothing. */
bool bh_drive_is_shingled(const BhDrive *drive);

/* Whether two drives may be of one batch and so fail at about the same time: the same model, and serial numbers next to each other or nearly as many hours in
 * use. */
bool bh_drives_may_be_of_one_batch(const BhDrive *a, const BhDrive *b);

/* Whether they are one drive that is reached in two ways. */
bool bh_drives_are_same(const BhDrive *a, const BhDrive *b);

/* Bytes a second that such a drive is good for when it is read or written from end to end. */
uint64_t bh_drive_rate(const BhDrive *drive);
