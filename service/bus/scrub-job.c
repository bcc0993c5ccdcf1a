/* SPDX-License-Identifier: MIT */

#include "bus/scrub-job.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <math.h>

#include "array-verbs.h"
#include "audit.h"
#include "bus/job.h"
#include "disks.h"
#include "udisks.h"

typedef struct ScrubJob {
        BhService *service;
        BhCaller caller;
        bool has_caller;
        char *path, *action;
        int64_t started_usec; /* since 1970 */
        bool was_seen;        /* to run */
} ScrubJob;

static void scrub_job_free(void *data) {
        ScrubJob *scrub = data;

        bh_caller_clear(&scrub->caller);
        g_free(scrub->path);
        g_free(scrub->action);
        g_free(scrub);
}

static int end(const ScrubJob *scrub, const char *name, int result, const char *message) {
        if (scrub->has_caller)
                bh_audit_post(scrub->service->database, &scrub->caller,
                              &(BhAudit){.event_type = BH_AUDIT_SYSTEM,
                                         .action = "array-scrub",
                                         .target = name,
                                         .result = result,
                                         .message = message});
        return result;
}

static char *describe(const BhArray *array, const char *action) {
        if (!array->is_mismatch_known)
                return g_strdup("It has ended; how much differed is not known");
        if (array->mismatches == 0)
                return g_strdup("It has ended: nothing differed");
        return g_str_equal(action, "repair")
                       ? g_strdup_printf("It has ended: %" PRIu64 " bytes differed and were corrected",
                                         array->mismatches)
                       : g_strdup_printf("It has ended: %" PRIu64 " bytes differ", array->mismatches);
}

/* What came of it, when the kernel does nothing any more. The topology knows of an end by having seen it, so this comes after that. */
static int conclude(BhJob *job, ScrubJob *scrub, const BhArray *array, char **result, BhFailure *failure) {
        g_autofree char *message = NULL;

        if (scrub->was_seen && array->last_scrub_usec < scrub->started_usec) {
                if (bh_job_is_cancelling(job)) {
                        bh_failure_set(failure, -ECANCELED, NULL, "The scrub was stopped");
                        return end(scrub, array->name, -ECANCELED, failure->message);
                }
                bh_failure_set(failure, -EIO, NULL, "The scrub of the array “%s” was stopped before its end",
                               array->name);
                return end(scrub, array->name, -EIO, failure->message);
        }
        message = scrub->was_seen ? describe(array, scrub->action)
                                  : g_strdup("It has ended before it was seen; how much differed is not known");
        bh_job_set_text(job, message);
        *result = g_strdup(scrub->path);
        return end(scrub, array->name, 0, message);
}

static int observe(BhJob *job, void *data, char **result, BhFailure *failure) {
        ScrubJob *scrub = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(scrub->service->disks);
        const BhArray *array = bh_topology_array(topology, scrub->path);
        g_autofree char *text = NULL;

        if (!topology->inventory->is_available)
                return BH_JOB_OBSERVE;
        if (!array || !array->is_running) {
                bh_failure_set(failure, -EIO, NULL, "The array does not run any more");
                return end(scrub, array ? array->name : scrub->path, -EIO, failure->message);
        }
        if (g_str_equal(array->sync_action, scrub->action)) {
                scrub->was_seen = true;
                bh_job_report_percent(job, array->sync_progress, array->sync_rate, array->sync_end_usec);
                text = g_strdup_printf(g_str_equal(scrub->action, "repair") ? "Comparing and correcting the array “%s”"
                                                                            : "Comparing the array “%s”",
                                       array->name);
                bh_job_set_text(job, text);
                return BH_JOB_OBSERVE;
        }
        scrub->was_seen = scrub->was_seen || array->last_scrub_usec >= scrub->started_usec;
        return conclude(job, scrub, array, result, failure);
}

/* Stopping is asked for on a thread; the end is observed. */
typedef struct Stop {
        BhService *service;
        char *object;
} Stop;

static int stop_work(void *userdata) {
        const Stop *stop = userdata;

        return bh_udisks_md_request_sync(stop->service->udisks, stop->object, "idle", NULL);
}

static void stop_done(void *userdata, int result) {
        Stop *stop = userdata;

        g_free(stop->object);
        g_free(stop);
}

static void cancel(void *data) {
        const ScrubJob *scrub = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(scrub->service->disks);
        const BhArray *array = bh_topology_array(topology, scrub->path);
        Stop *stop;

        if (!array || !g_str_equal(array->sync_action, scrub->action))
                return;
        stop = g_new(Stop, 1);
        *stop = (Stop){scrub->service, g_strdup(array->object)};
        if (bh_workers_run(scrub->service->workers, BH_POOL_STORAGE, stop_work, stop_done, stop) < 0)
                stop_done(stop, -ECANCELED);
}

/* Begins it; worker thread. */
static int run(BhJob *job, void *data, char **result, BhFailure *failure) {
        ScrubJob *scrub = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(scrub->service->disks);
        const BhArray *array = bh_topology_array(topology, scrub->path);
        int r;

        r = bh_array_scrub(scrub->service->udisks, topology, scrub->path, scrub->action, &scrub->was_seen, failure);
        return r < 0 ? end(scrub, array ? array->name : scrub->path, r, failure->message) : BH_JOB_OBSERVE;
}

static const BhJobKind asked_kind = {
        .operation = "array-scrub",
        .pool = BH_POOL_STORAGE,
        .is_storage = true,
        .run = run,
        .observe = observe,
        .cancel = cancel,
        .free = scrub_job_free,
};

static const BhJobKind found_kind = {
        .operation = "array-scrub",
        .is_storage = true,
        .observe = observe,
        .cancel = cancel,
        .free = scrub_job_free,
};

static ScrubJob *scrub_job_new(BhService *service, const char *array, const char *action) {
        ScrubJob *scrub = g_new0(ScrubJob, 1);

        scrub->service = service;
        scrub->path = g_strdup(array);
        scrub->action = g_strdup(action);
        scrub->started_usec = g_get_real_time();
        return scrub;
}

int bh_scrub_job_start(BhService *service, const BhCaller *caller, const char *array, const char *action,
                       const char **ret_path) {
        ScrubJob *scrub = scrub_job_new(service, array, action);

        scrub->has_caller = true;
        bh_caller_copy(&scrub->caller, caller);
        return bh_job_start(service, caller, &asked_kind, array, scrub, ret_path);
}

int bh_scrub_job_follow(BhService *service, const char *array, const char *action) {
        ScrubJob *scrub = scrub_job_new(service, array, action);

        scrub->was_seen = true;
        return bh_job_start(service, NULL, &found_kind, array, scrub, NULL);
}
