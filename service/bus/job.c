/* SPDX-License-Identifier: MIT */

#include "bus/job.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "bus/error.h"
#include "bus/job-private.h"
#include "errors.h"
#include "log.h"
#include "macro.h"
#include "notification.h"

/* PropertiesChanged at most so often, for what a thread reports. */
#define TICK_USEC (500 * BH_USEC_PER_MSEC)

#define KEPT_USEC (5 * 60 * BH_USEC_PER_SEC)

static void job_free(gpointer data) {
        BhJob *job = data;

        if (job->data)
                job->kind->free(job->data);
        sd_bus_slot_unref(job->slot);
        sd_event_source_disable_unref(job->removal);
        bh_progress_free(job->progress);
        bh_failure_clear(&job->run_failure);
        bh_caller_clear(&job->starter);
        g_mutex_clear(&job->text_lock);
        g_free(job->new_text);
        g_free(job->run_result);
        g_free(job->path);
        g_free(job->subject);
        g_free(job->text);
        g_free(job->result);
        g_free(job->error);
        g_free(job->error_name);
        g_free(job);
}

/* How far it is --------------------------------------------------------------------------------------------------------------------------- */

void bh_job_report(BhJob *job, uint64_t bytes_done, uint64_t bytes_total) {
        bh_progress_report(job->progress, bytes_done, bytes_total);
}

static void show_view(BhJob *job, const BhProgressView *view) {
        if (bh_progress_view_is_equal(view, &job->view))
                return;
        job->view = *view;
        bh_job_emit_progress(job);
}

void bh_job_report_percent(BhJob *job, double percent, uint64_t rate, int64_t expected_end_usec) {
        BhProgressView view = job->view;

        view.is_valid = !isnan(percent);
        view.percent = view.is_valid ? CLAMP(percent, 0, 100) : 0;
        view.rate = rate;
        view.expected_end_usec = expected_end_usec;
        show_view(job, &view);
}

void bh_job_set_text(BhJob *job, const char *text) {
        g_mutex_lock(&job->text_lock);
        g_free(job->new_text);
        job->new_text = g_strdup(text);
        g_mutex_unlock(&job->text_lock);
}

static void show_text(BhJob *job) {
        g_autofree char *text = NULL;

        g_mutex_lock(&job->text_lock);
        text = g_steal_pointer(&job->new_text);
        g_mutex_unlock(&job->text_lock);
        if (!text || g_str_equal(text, job->text))
                return;
        g_free(job->text);
        job->text = g_steal_pointer(&text);
        bh_job_emit_text(job);
}

bool bh_job_is_cancelling(const BhJob *job) {
        return job->is_cancelling;
}

BhService *bh_job_get_service(const BhJob *job) {
        return job->service;
}

const char *bh_job_get_path(const BhJob *job) {
        return job->path;
}

static void look_at(BhJob *job) {
        if (!job->is_observing) {
                BhProgressView view = bh_progress_look(job->progress, g_get_real_time(), g_get_monotonic_time());

                show_view(job, &view);
        }
        show_text(job);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        BhJobs *jobs = userdata;
        GHashTableIter iter;
        gpointer value;

        g_hash_table_iter_init(&iter, jobs->jobs);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                BhJob *job = value;

                if (job->state == BH_JOB_RUNNING && !job->is_observing)
                        look_at(job);
        }
        if (jobs->n_threads == 0)
                return 0;
        (void)sd_event_source_set_time_relative(source, TICK_USEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int start_tick(BhJobs *jobs) {
        int r;

        if (!jobs->tick) {
                r = sd_event_add_time_relative(jobs->service->event, &jobs->tick, CLOCK_MONOTONIC, TICK_USEC, 0,
                                               on_tick, jobs);
                if (r < 0)
                        return r;
        }
        r = sd_event_source_set_time_relative(jobs->tick, TICK_USEC);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(jobs->tick, SD_EVENT_ONESHOT);
}

/* The end --------------------------------------------------------------------------------------------------------------------------------- */

static void job_remove(BhJob *job) {
        BhJobs *jobs = job->service->jobs;

        g_queue_remove(&jobs->ended, job);
        (void)sd_bus_emit_object_removed(job->service->bus, job->path);
        g_hash_table_remove(jobs->jobs, job->path);
}

static int on_removal(sd_event_source *source, uint64_t usec, void *userdata) {
        job_remove(userdata);
        return 0;
}

static void set_outcome(BhJob *job, int result) {
        if (result >= 0) {
                job->state = BH_JOB_SUCCEEDED;
                g_free(job->result);
                job->result = job->run_result ? g_steal_pointer(&job->run_result) : g_strdup("");
                return;
        }
        job->state = result == -ECANCELED && job->is_cancelling ? BH_JOB_CANCELLED : BH_JOB_FAILED;
        g_free(job->error);
        g_free(job->error_name);
        job->error = g_strdup(job->run_failure.message ?: bh_error_sentence(result, job->run_failure.name));
        job->error_name = g_strdup(bh_error_full_name(result, job->run_failure.name));
}

static void notify(BhJob *job) {
        BhJobs *jobs = job->service->jobs;

        if (jobs->hook && !g_str_equal(job->subject, "/"))
                jobs->hook(jobs->hook_userdata, job->subject);
}

/* What fails with files, whoever asked for it sees; what fails with disks and arrays concerns everybody, whoever is there to see it. */
static void tell_failure(const BhJob *job) {
        g_autofree char *title = NULL;

        if (job->state != BH_JOB_FAILED || g_str_equal(job->subject, "/"))
                return;
        title = g_strdup_printf("Failed: %s", job->kind->operation);
        bh_notify(job->service->notifier, BH_NOTIFICATION_JOB_FAILED, BH_NOTIFICATION_WARNING, title, job->error,
                  job->subject);
}

static void job_end(BhJob *job, int result) {
        BhService *service = job->service;
        int r;

        look_at(job);
        set_outcome(job, result);
        job->kind->free(g_steal_pointer(&job->data));
        service->jobs->n_running--;
        (void)sd_bus_emit_properties_changed(service->bus, job->path, BH_JOB_INTERFACE, "State", NULL);
        (void)sd_bus_emit_signal(service->bus, job->path, BH_JOB_INTERFACE, "Completed", "b", result >= 0);
        tell_failure(job);
        r = sd_event_add_time_relative(service->event, &job->removal, CLOCK_MONOTONIC, KEPT_USEC, BH_USEC_PER_SEC,
                                       on_removal, job);
        if (r < 0)
                bh_log_warning_errno(r, "Cannot remember to remove %s", job->path);
        notify(job);
        g_queue_push_tail(&service->jobs->ended, job);
        if (service->jobs->ended.length > BH_JOBS_ENDED_MAX)
                job_remove(g_queue_peek_head(&service->jobs->ended));
}

/* Observing ------------------------------------------------------------------------------------------------------------------------------- */

static void job_observe(BhJob *job) {
        int r = job->kind->observe(job, job->data, &job->run_result, &job->run_failure);

        show_text(job);
        if (r != BH_JOB_OBSERVE)
                job_end(job, r);
}

void bh_jobs_observe(BhJobs *jobs) {
        g_autoptr(GPtrArray) observing = g_ptr_array_new();
        GHashTableIter iter;
        gpointer value;

        /* Looking may end jobs, and what has ended may be removed; none of these is removed before we are through with it, for so many do not run at once. */
        g_hash_table_iter_init(&iter, jobs->jobs);
        while (g_hash_table_iter_next(&iter, NULL, &value))
                if (((BhJob *)value)->state == BH_JOB_RUNNING && ((BhJob *)value)->is_observing)
                        g_ptr_array_add(observing, value);
        for (unsigned i = 0; i < observing->len; i++)
                job_observe(g_ptr_array_index(observing, i));
}

static int on_observation(sd_event_source *source, void *userdata) {
        bh_jobs_observe(userdata);
        return 0;
}

/* Lets those that have just begun look before long: not at once, for who started one is not told its path yet. */
static int start_observation(BhJobs *jobs) {
        int r;

        if (!jobs->observation) {
                r = sd_event_add_defer(jobs->service->event, &jobs->observation, on_observation, jobs);
                if (r < 0)
                        return r;
        }
        return sd_event_source_set_enabled(jobs->observation, SD_EVENT_ONESHOT);
}

/* Running --------------------------------------------------------------------------------------------------------------------------------- */

static int run(void *userdata) {
        BhJob *job = userdata;

        return job->kind->run(job, job->data, &job->run_result, &job->run_failure);
}

static void run_done(void *userdata, int result) {
        BhJob *job = userdata;
        BhService *service = job->service;

        look_at(job);
        service->jobs->n_threads--;
        if (result == BH_JOB_OBSERVE) {
                job->is_observing = true;
                job_observe(job);
        } else {
                job_end(job, result);
        }
        bh_service_check_idle(service);
}

static BhJob *job_new(BhService *service, const BhCaller *caller, const BhJobKind *kind, const char *subject,
                      void *data) {
        BhJob *job = g_new0(BhJob, 1);

        job->service = service;
        job->kind = kind;
        job->data = data;
        if (caller)
                bh_caller_copy(&job->starter, caller);
        else
                job->starter.uid = geteuid();
        job->path = g_strdup_printf(BH_ROOT_PATH "/jobs/%" G_GUINT64_FORMAT, ++service->jobs->serial);
        job->subject = g_strdup(subject ?: "/");
        job->progress = bh_progress_new();
        g_mutex_init(&job->text_lock);
        job->state = BH_JOB_RUNNING;
        job->is_observing = !kind->run;
        job->started_usec = g_get_real_time();
        job->text = g_strdup("");
        job->result = g_strdup("");
        job->error = g_strdup("");
        job->error_name = g_strdup("");
        return job;
}

/* Whether there is room for one more of the caller's. */
static bool has_room(BhJobs *jobs, const BhCaller *caller) {
        unsigned n = 0;
        GHashTableIter iter;
        gpointer value;

        if (jobs->n_running >= BH_JOBS_MAX)
                return false;
        g_hash_table_iter_init(&iter, jobs->jobs);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const BhJob *job = value;

                n += job->state == BH_JOB_RUNNING && bh_job_is_by(&job->starter, caller);
        }
        return n < BH_JOBS_OF_USER_MAX;
}

/* On error the job is the caller's to free. */
static int job_begin(BhJob *job) {
        BhService *service = job->service;
        int r;

        r = bh_job_export(job);
        if (r < 0)
                return r;
        r = job->is_observing ? start_observation(service->jobs) : start_tick(service->jobs);
        if (r < 0 || job->is_observing)
                return r;
        return bh_workers_run(service->workers, job->kind->pool, run, run_done, job);
}

int bh_job_start(BhService *service, const BhCaller *caller, const BhJobKind *kind, const char *subject, void *data,
                 const char **ret_path) {
        BhJobs *jobs = service->jobs;
        BhJob *job;
        int r;

        if (caller && !has_room(jobs, caller)) {
                kind->free(data);
                return -EAGAIN;
        }
        job = job_new(service, caller, kind, subject, data);
        r = job_begin(job);
        if (r < 0) {
                job_free(job);
                return r;
        }
        g_hash_table_insert(jobs->jobs, job->path, job);
        jobs->n_running++;
        jobs->n_threads += !job->is_observing;
        (void)sd_bus_emit_object_added(service->bus, job->path);
        notify(job);
        if (ret_path)
                *ret_path = job->path;
        return 0;
}

/* All of them ----------------------------------------------------------------------------------------------------------------------------- */

const char *bh_jobs_find(BhJobs *jobs, const char *subject, const char *operation) {
        GHashTableIter iter;
        gpointer value;

        g_hash_table_iter_init(&iter, jobs->jobs);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const BhJob *job = value;

                if (job->state == BH_JOB_RUNNING && g_str_equal(job->subject, subject) &&
                    (!operation || g_str_equal(job->kind->operation, operation)))
                        return job->path;
        }
        return NULL;
}

void bh_jobs_set_hook(BhJobs *jobs, BhJobsHook hook, void *userdata) {
        jobs->hook = hook;
        jobs->hook_userdata = userdata;
}

void bh_jobs_cancel_all(BhJobs *jobs) {
        GHashTableIter iter;
        gpointer value;

        g_hash_table_iter_init(&iter, jobs->jobs);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                BhJob *job = value;

                if (job->state == BH_JOB_RUNNING && job->kind->cancel && !job->kind->is_storage) {
                        job->is_cancelling = true;
                        job->kind->cancel(job->data);
                }
        }
}

bool bh_jobs_are_idle(BhJobs *jobs) {
        return jobs->n_threads == 0;
}

BhJobs *bh_jobs_new(BhService *service) {
        BhJobs *jobs = g_new0(BhJobs, 1);

        jobs->service = service;
        g_queue_init(&jobs->ended);
        jobs->jobs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, job_free);
        return jobs;
}

void bh_jobs_free(BhJobs *jobs) {
        if (!jobs)
                return;
        sd_event_source_disable_unref(jobs->tick);
        sd_event_source_disable_unref(jobs->observation);
        g_queue_clear(&jobs->ended);
        g_hash_table_unref(jobs->jobs);
        g_free(jobs);
}
