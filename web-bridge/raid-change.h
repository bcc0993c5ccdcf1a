/* SPDX-License-Identifier: MIT */
#pragma once

#include "request.h"

/* Changes of arrays and disks as clients of BaluHost 0.1 ask for them, by names. What destroys data is planned first: such a request without the token of a plan is answered with 409 and the plan. */
void bh_raid_degrade(BhRequest *request);
void bh_raid_rebuild(BhRequest *request);
void bh_raid_finalize(BhRequest *request);
void bh_raid_options(BhRequest *request);
void bh_raid_format_disk(BhRequest *request);
void bh_raid_create_array(BhRequest *request);
void bh_raid_delete_array(BhRequest *request);
