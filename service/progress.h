/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "caller.h"
#include "failure.h"

/* Work that takes longer than a moment: what is known of one piece of it, and how fast it goes. No bus in here; bus/job.c shows it to the world.
 * One thread does the work and reports, another looks. */

typedef enum BhJobState {
        BH_JOB_RUNNING,
        BH_JOB_SUCCEEDED,
        BH_JOB_FAILED,
        BH_JOB_CANCELLED,
} BhJobState;

typedef struct BhProgress BhProgress;

/* What can be said at one moment. */
typedef struct BhProgressView {
        uint64_t bytes_done, bytes_total; /* bytes_total 0: not known */
        bool is_valid;                    /* whether percent is known */
        double percent;                   /* 0 to 100; 0 when not known */
        uint64_t rate;                    /* bytes a second over the last seconds */
        int64_t expected_end_usec;        /* since 1970; 0: not known */
} BhProgressView;

BhProgress *bh_progress_new(void);
void bh_progress_free(BhProgress *progress);

/* The thread that works. bytes_total 0: not known. */
void bh_progress_report(BhProgress *progress, uint64_t bytes_done, uint64_t bytes_total);

/* The thread that looks, every now and then: the rate is taken between looks. now_usec since 1970, monotonic_usec likewise but never set back. */
BhProgressView bh_progress_look(BhProgress *progress, int64_t now_usec, int64_t monotonic_usec);

bool bh_progress_view_is_equal(const BhProgressView *a, const BhProgressView *b);

/* "running", "succeeded", "failed", "cancelled" */
const char *bh_job_state_to_string(BhJobState state);

/* Whether it is the caller who started a job. */
bool bh_job_is_by(const BhCaller *starter, const BhCaller *caller);

/* Whether the caller may cancel a job and know its result: whoever started it, and administrators. */
bool bh_job_is_of(const BhCaller *starter, const BhCaller *caller);
