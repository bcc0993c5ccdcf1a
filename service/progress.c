/* SPDX-License-Identifier: MIT */

#include "progress.h"

#include <glib.h>

#include "macro.h"

/* The rate is taken over so long, so that it neither jumps nor lags. */
#define WINDOW_USEC (5 * BH_USEC_PER_SEC)
#define SAMPLES 16

typedef struct Sample {
        int64_t usec; /* monotonic */
        uint64_t bytes;
} Sample;

struct BhProgress {
        GMutex lock;
        uint64_t bytes_done, bytes_total; /* under lock */
        Sample samples[SAMPLES];          /* of the looking thread; oldest first */
        unsigned n_samples;
};

BhProgress *bh_progress_new(void) {
        BhProgress *progress = g_new0(BhProgress, 1);

        g_mutex_init(&progress->lock);
        return progress;
}

void bh_progress_free(BhProgress *progress) {
        g_mutex_clear(&progress->lock);
        g_free(progress);
}

void bh_progress_report(BhProgress *progress, uint64_t bytes_done, uint64_t bytes_total) {
        g_mutex_lock(&progress->lock);
        progress->bytes_done = bytes_done;
        progress->bytes_total = bytes_total;
        g_mutex_unlock(&progress->lock);
}

/* Keeps what lies within the window, and one sample before it. */
static void add_sample(BhProgress *progress, Sample sample) {
        unsigned stale = 0;

        while (stale + 1 < progress->n_samples && progress->samples[stale + 1].usec <= sample.usec - WINDOW_USEC)
                stale++;
        if (stale == 0 && progress->n_samples == SAMPLES)
                stale = 1;
        for (unsigned i = stale; i < progress->n_samples; i++)
                progress->samples[i - stale] = progress->samples[i];
        progress->n_samples -= stale;
        progress->samples[progress->n_samples++] = sample;
}

static uint64_t get_rate(const BhProgress *progress) {
        const Sample *first = &progress->samples[0], *last = &progress->samples[progress->n_samples - 1];
        double seconds = (double)(last->usec - first->usec) / (double)BH_USEC_PER_SEC;

        if (seconds <= 0 || last->bytes <= first->bytes)
                return 0;
        return (uint64_t)((double)(last->bytes - first->bytes) / seconds);
}

BhProgressView bh_progress_look(BhProgress *progress, int64_t now_usec, int64_t monotonic_usec) {
        BhProgressView view = {};

        g_mutex_lock(&progress->lock);
        view.bytes_done = progress->bytes_done;
        view.bytes_total = progress->bytes_total;
        g_mutex_unlock(&progress->lock);

        add_sample(progress, (Sample){monotonic_usec, view.bytes_done});
        view.rate = get_rate(progress);
        if (view.bytes_total > 0) {
                view.is_valid = true;
                view.percent = MIN(100.0, 100.0 * (double)view.bytes_done / (double)view.bytes_total);
                if (view.rate > 0 && view.bytes_done <= view.bytes_total)
                        view.expected_end_usec = now_usec + (int64_t)((double)(view.bytes_total - view.bytes_done) /
                                                                      (double)view.rate * (double)BH_USEC_PER_SEC);
        }
        return view;
}

/* Percentages are the same when neither is more than the other. */
bool bh_progress_view_is_equal(const BhProgressView *a, const BhProgressView *b) {
        return a->bytes_done == b->bytes_done && a->bytes_total == b->bytes_total && a->is_valid == b->is_valid &&
               a->percent <= b->percent && a->percent >= b->percent && a->rate == b->rate &&
               a->expected_end_usec == b->expected_end_usec;
}

const char *bh_job_state_to_string(BhJobState state) {
        switch (state) {
        case BH_JOB_RUNNING:
                return "running";
        case BH_JOB_SUCCEEDED:
                return "succeeded";
        case BH_JOB_CANCELLED:
                return "cancelled";
        default:
                return "failed";
        }
}

bool bh_job_is_by(const BhCaller *starter, const BhCaller *caller) {
        if (starter->user_id != 0)
                return starter->user_id == caller->user_id;
        return caller->user_id == 0 && caller->uid == starter->uid;
}

bool bh_job_is_of(const BhCaller *starter, const BhCaller *caller) {
        return bh_caller_is_admin(caller) || bh_job_is_by(starter, caller);
}
