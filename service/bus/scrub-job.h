/* SPDX-License-Identifier: MIT */
#pragma once

#include "bus/call.h"

/* Begins a scrub of an array ("check" or "repair") and follows it to its observed end; Cancel() of it stops the scrub. array: object path on the bus. *ret_path lives as long as the job.
 * Errors: as bh_job_start(). Event loop. */
int bh_scrub_job_start(BhService *service, const BhCaller *caller, const char *array, const char *action,
                       const char **ret_path);

/* As above, for one that runs already, whoever has begun it. */
int bh_scrub_job_follow(BhService *service, const char *array, const char *action);
