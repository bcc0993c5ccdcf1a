/* SPDX-License-Identifier: MIT */
#pragma once

#include "request.h"

/* Rows whose reply takes more than one call of the service. No rule is in here, only order. */
void bh_setup_state(BhRequest *request);
void bh_job_get(BhRequest *request);
void bh_users_bulk_delete(BhRequest *request);
void bh_users_toggle_active(BhRequest *request);
void bh_trash_empty(BhRequest *request);
void bh_storage_available(BhRequest *request);
