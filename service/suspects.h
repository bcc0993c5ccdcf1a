/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "topology.h"

/* Disks that md has thrown out of an array, or that could not be added to one: they are there, and nothing on them says so, but no repair should choose them by itself. In memory only, until they
 * work in that array again. Thread-safe. */

typedef struct BhSuspects BhSuspects;

BhSuspects *bh_suspects_new(void);

/* NULL is fine. */
void bh_suspects_free(BhSuspects *suspects);

/* disk: object path on the bus; uuid: of the array. */
void bh_suspects_note(BhSuspects *suspects, const char *uuid, const char *disk);
void bh_suspects_forget(BhSuspects *suspects, const char *uuid, const char *disk);
bool bh_suspects_has(BhSuspects *suspects, const char *uuid, const char *disk);

/* Notes the members that have failed, and forgets those that work. */
void bh_suspects_learn(BhSuspects *suspects, const BhTopology *topology);
