/* SPDX-License-Identifier: MIT */
#pragma once

#include "request.h"

/* What is said of disks, arrays and pools in the shapes that clients of BaluHost 0.1 know, and GET /api/storage and of single
 * objects of it. */
void bh_storage_state(BhRequest *request);
void bh_storage_object(BhRequest *request);
void bh_raid_status(BhRequest *request);
void bh_raid_available_disks(BhRequest *request);
void bh_smart_status(BhRequest *request);
void bh_mountpoints(BhRequest *request);
