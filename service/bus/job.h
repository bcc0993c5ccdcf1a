/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "caller.h"
#include "failure.h"
#include "service.h"
#include "worker.h"

/* org.baluhost.NAS1.Job: objects at BH_ROOT_PATH/jobs/… for work that takes longer than a moment, for as long as it runs and five minutes
 * after, unless too many have ended since.
 *
 * A job has one or two parts. First run, on a worker thread, which does something and waits for its end. Then observe, on the event loop without a thread
 * of its own: it looks, each time that UDisks2 shows something new, whether what the job is about has come to its end. */

typedef struct BhJob BhJob;

/* What run and observe return when the job goes on, and is to be observed. */
#define BH_JOB_OBSERVE 1

typedef struct BhJobKind {
        const char *operation; /* "copy" */
        BhPool pool;           /* where run runs: BH_POOL_JOBS, BH_POOL_STORAGE */

        /* About disks, arrays or pools: every administrator sees it in ListJobs(), and a clean stop of the service does not cancel it. What it observes goes on
         * meanwhile; what waits for UDisks2 is told to stop waiting (bh_udisks_stop()). */
        bool is_storage;

        /* Does it; worker thread. Reports with bh_job_report() and bh_job_set_text(). Returns 0, BH_JOB_OBSERVE, or a negative errno: -ECANCELED when it was
         * cancelled; *result (owned, to be freed with g_free()) is what came of it; failure may say why not. NULL: there is nothing to do but to observe. */
        int (*run)(BhJob *job, void *data, char **result, BhFailure *failure);

        /* Looks how far it is, and reports with bh_job_report_percent() and bh_job_set_text(). Event loop; once soon after the beginning, and then for every
         * inventory of UDisks2's. Returns as run does; what run has left in *result stays there
         * unless it is freed and replaced. May be NULL when run never returns BH_JOB_OBSERVE. */
        int (*observe)(BhJob *job, void *data, char **result, BhFailure *failure);

        /* Makes run give up soon, or ends what is observed. Event loop, at any time before the job has ended, also twice. NULL: it cannot be cancelled. */
        void (*cancel)(void *data);

        /* Event loop, after the end. */
        void (*free)(void *data);
} BhJobKind;

/* Jobs that run or wait at once, of all and of one user; and how many that have ended are kept at most. */
#define BH_JOBS_MAX 64
#define BH_JOBS_OF_USER_MAX 16
#define BH_JOBS_ENDED_MAX 128

BhJobs *bh_jobs_new(BhService *service);
void bh_jobs_free(BhJobs *jobs);

/* Starts a job and shows it on the bus. caller NULL: the service itself found something to follow, for which there is always room. subject: object path of
 * the disk, array or pool that it is about; NULL none. Takes over data, also on error. *ret_path (may be NULL) is its object path, which lives as long as the
 * job. Errors: -EAGAIN too many, those of the bus. Event loop. */
int bh_job_start(BhService *service, const BhCaller *caller, const BhJobKind *kind, const char *subject, void *data,
                 const char **ret_path);

/* Says how far it is, in bytes; total 0: not known. The thread that runs it. */
void bh_job_report(BhJob *job, uint64_t bytes_done, uint64_t bytes_total);

/* Says how far it is: percent 0 to 100 (NaN not known), bytes a second (0 not known), expected end since 1970 (0 not known). In observe. */
void bh_job_report_percent(BhJob *job, double percent, uint64_t rate, int64_t expected_end_usec);

/* Says what it is doing now, as a sentence without anything personal. In run (shown within half a second) and observe (shown at once). */
void bh_job_set_text(BhJob *job, const char *text);

/* Whether Cancel() was called. In observe. */
bool bh_job_is_cancelling(const BhJob *job);

/* Lasts as long as the job. Any thread. */
BhService *bh_job_get_service(const BhJob *job);
const char *bh_job_get_path(const BhJob *job);

/* Object path of a job about that subject that has not ended; NULL none. operation: of these only; NULL any. Event loop. */
const char *bh_jobs_find(BhJobs *jobs, const char *subject, const char *operation);

/* Calls hook when a job with a subject begins or has ended. Event loop. */
typedef void (*BhJobsHook)(void *userdata, const char *subject);
void bh_jobs_set_hook(BhJobs *jobs, BhJobsHook hook, void *userdata);

/* Lets all jobs that observe look. Event loop; for whoever publishes what is observed. */
void bh_jobs_observe(BhJobs *jobs);

/* Cancels what can be cancelled and is no storage job, for the clean stop. Event loop. */
void bh_jobs_cancel_all(BhJobs *jobs);

/* Whether no thread works on one. */
bool bh_jobs_are_idle(BhJobs *jobs);
