/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "caller.h"
#include "failure.h"
#include "service.h"

/* org.baluhost.NAS1.Job: objects at BH_ROOT_PATH/jobs/… for work that takes longer than a moment, for as long as it runs and five minutes
 * after, unless too many have ended since. */

typedef struct BhJob BhJob;

typedef struct BhJobKind {
        const char *operation; /* "copy" */

        /* Does it; worker thread (BH_POOL_JOBS). Reports with bh_job_report(). Returns 0 or a negative errno: -ECANCELED when it was cancelled; *result
         * (owned, to be freed with g_free()) is what came of it; failure may say why not. */
        int (*run)(BhJob *job, void *data, char **result, BhFailure *failure);

        /* Makes run give up soon. Event loop, while run runs or before. NULL: it cannot be cancelled. */
        void (*cancel)(void *data);

        /* Event loop, after run. */
        void (*free)(void *data);
} BhJobKind;

/* Jobs that run or wait at once, of all and of one user; and how many that have ended are kept at most. */
#define BH_JOBS_MAX 64
#define BH_JOBS_OF_USER_MAX 16
#define BH_JOBS_ENDED_MAX 128

BhJobs *bh_jobs_new(BhService *service);
void bh_jobs_free(BhJobs *jobs);

/* Starts a job and shows it on the bus. Takes over data, also on error. *ret_path is its object path, which lives as long as the job. Errors: -EAGAIN too many,
 * those of the bus. Event loop. */
int bh_job_start(BhService *service, const BhCaller *caller, const BhJobKind *kind, void *data, const char **ret_path);

/* Says how far it is; total 0: not known. The thread that runs it. */
void bh_job_report(BhJob *job, uint64_t bytes_done, uint64_t bytes_total);

/* Cancels what can be cancelled, for the clean stop. Event loop. */
void bh_jobs_cancel_all(BhJobs *jobs);

/* Whether none runs. */
bool bh_jobs_are_idle(BhJobs *jobs);
