/* SPDX-License-Identifier: MIT */
#include "work.h"

typedef struct {
        BhWorkFunc work, done;
        gpointer data;
} Job;

static gboolean job_done(gpointer data) {
        Job *job = data;

        job->done(job->data);
        return G_SOURCE_REMOVE;
}

static void job_run(gpointer data, gpointer unused) {
        Job *job = data;

        job->work(job->data);
        g_idle_add_full(G_PRIORITY_DEFAULT, job_done, job, g_free);
}

GThreadPool *bh_workers_new(guint threads) {
        return g_thread_pool_new(job_run, NULL, threads, FALSE, NULL);
}

void bh_workers_free(GThreadPool *workers) {
        g_thread_pool_free(workers, FALSE, TRUE);
}

void bh_work(GThreadPool *workers, BhWorkFunc work, BhWorkFunc done, gpointer data) {
        Job *job = g_new(Job, 1);

        *job = (Job){work, done, data};
        g_thread_pool_push(workers, job, NULL);
}
