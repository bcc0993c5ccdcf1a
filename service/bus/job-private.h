/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "bus/job.h"
#include "progress.h"

/* What job.c (running) and job-object.c (showing) share. Event loop only, unless it says otherwise. */

#define BH_JOB_INTERFACE BH_BUS_NAME ".Job"

struct BhJob {
        BhService *service;
        const BhJobKind *kind;
        void *data; /* until it ends */
        BhCaller starter;
        char *path, *subject;
        sd_bus_slot *slot;
        sd_event_source *removal;

        BhProgress *progress;
        char *run_result;      /* of the worker, until it ends */
        BhFailure run_failure; /* likewise */

        GMutex text_lock;
        char *new_text; /* under text_lock: what is to be shown next, NULL nothing new */

        BhJobState state;
        bool is_cancelling;
        bool is_observing; /* no thread works on it */
        BhProgressView view;
        int64_t started_usec;
        char *text, *result, *error, *error_name;
};

struct BhJobs {
        BhService *service;
        GHashTable *jobs;   /* path → BhJob, owned */
        unsigned n_running; /* of all */
        unsigned n_threads; /* of those that a thread works on or that wait for one */
        GQueue ended;       /* of BhJob, oldest first */
        uint64_t serial;
        sd_event_source *tick, *observation;
        BhJobsHook hook;
        void *hook_userdata;
};

/* Puts a job on the bus. Errors: those of the bus. */
int bh_job_export(BhJob *job);

/* Says on the bus that how far it is has changed, or what it is doing. */
void bh_job_emit_progress(BhJob *job);
void bh_job_emit_text(BhJob *job);
