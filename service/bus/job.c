/* SPDX-License-Identifier: MIT */

#include "bus/job.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "bus/call.h"
#include "errors.h"
#include "progress.h"
#include "log.h"

#define INTERFACE "org.baluhost.NAS1.Job"

/* PropertiesChanged at most so often. */
#define TICK_USEC (500 * BH_USEC_PER_MSEC)

#define KEPT_USEC (5 * 60 * BH_USEC_PER_SEC)

struct BhJob {
        BhService *service;
        const BhJobKind *kind;
        void *data;
        BhCaller starter;
        char *path;
        sd_bus_slot *slot;
        sd_event_source *removal;

        BhProgress *progress;
        char *run_result;      /* of the worker, until run_done() */
        BhFailure run_failure; /* likewise */

        /* Event loop only. */
        BhJobState state;
        bool is_cancelling;
        BhProgressView view;
        int64_t started_usec;
        char *result, *error, *error_name;
};

struct BhJobs {
        BhService *service;
        GHashTable *jobs; /* path → BhJob, owned */
        unsigned n_running;
        GQueue ended; /* of BhJob, oldest first */
        uint64_t serial;
        sd_event_source *tick;
};

static void job_free(gpointer data) {
        BhJob *job = data;

        sd_bus_slot_unref(job->slot);
        sd_event_source_disable_unref(job->removal);
        bh_progress_free(job->progress);
        bh_failure_clear(&job->run_failure);
        bh_caller_clear(&job->starter);
        g_free(job->run_result);
        g_free(job->path);
        g_free(job->result);
        g_free(job->error);
        g_free(job->error_name);
        g_free(job);
}

/* Properties ------------------------------------------------------------------------------------------------------------------------------ */

static int get_operation(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", ((BhJob *)userdata)->kind->operation);
}

static int get_state(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                     void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", bh_job_state_to_string(((BhJob *)userdata)->state));
}

static int get_progress_valid(sd_bus *bus, const char *path, const char *interface, const char *property,
                              sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "b", ((BhJob *)userdata)->view.bytes_total > 0);
}

static int get_cancelable(sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "b", ((BhJob *)userdata)->kind->cancel != NULL);
}

static int emit_progress(BhJob *job) {
        return sd_bus_emit_properties_changed(job->service->bus, job->path, INTERFACE, "Progress", "ProgressValid",
                                              "BytesDone", "BytesTotal", "Rate", "ExpectedEndTime", NULL);
}

/* Methods --------------------------------------------------------------------------------------------------------------------------------- */

/* The call is parsed with the job as userdata; afterwards the job may be gone, so it is found by its path again. */
typedef struct JobCall {
        char *path;
} JobCall;

static void job_call_clear(void *data) {
        g_free(((JobCall *)data)->path);
}

static BhJob *find_job(BhCall *call, void *data) {
        return g_hash_table_lookup(call->service->jobs->jobs, ((JobCall *)data)->path);
}

static int check_job(BhCall *call, void *data) {
        BhJob *job = find_job(call, data);

        if (!job)
                return bh_failure_set(&call->failure, -ENOENT, NULL, "There is no such job any more");
        if (!bh_job_is_of(&job->starter, &call->caller))
                return bh_failure_set(&call->failure, -EACCES, NULL, "This is somebody else’s job");
        return 0;
}

static int cancel_prepare(BhCall *call, void *data) {
        BhJob *job = find_job(call, data);
        int r;

        r = check_job(call, data);
        if (r < 0)
                return r;
        if (job->state != BH_JOB_RUNNING)
                return bh_failure_set(&call->failure, -EACCES, "Conflict", "The job has ended already");
        if (!job->kind->cancel)
                return bh_failure_set(&call->failure, -EOPNOTSUPP, NULL, "This job cannot be cancelled");
        job->is_cancelling = true;
        job->kind->cancel(job->data);
        return 0;
}

static int get_result_reply(BhCall *call, void *data, sd_bus_message *reply) {
        BhJob *job = find_job(call, data);

        return sd_bus_message_append(reply, "ssss", bh_job_state_to_string(job->state), job->result, job->error,
                                     job->error_name);
}

static const BhMethod cancel_method = {
        .name = "Job.Cancel",
        .who = BH_WHO_PEER,
        .size = sizeof(JobCall),
        .clear = job_call_clear,
        .prepare = cancel_prepare,
};

static const BhMethod get_result_method = {
        .name = "Job.GetResult",
        .who = BH_WHO_PEER,
        .size = sizeof(JobCall),
        .clear = job_call_clear,
        .prepare = check_job,
        .reply = get_result_reply,
};

static int start_job_call(sd_bus_message *m, BhJob *job, const BhMethod *method, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(job->service, m, method);

        ((JobCall *)call->data)->path = g_strdup(job->path);
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

static int method_cancel(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return start_job_call(m, userdata, &cancel_method, error);
}

static int method_get_result(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return start_job_call(m, userdata, &get_result_method, error);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Operation", "s", get_operation, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", get_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Progress", "d", NULL, offsetof(BhJob, view.percent), SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("ProgressValid", "b", get_progress_valid, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("BytesDone", "t", NULL, offsetof(BhJob, view.bytes_done), SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("BytesTotal", "t", NULL, offsetof(BhJob, view.bytes_total),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Rate", "t", NULL, offsetof(BhJob, view.rate), SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("StartTime", "x", NULL, offsetof(BhJob, started_usec), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("ExpectedEndTime", "x", NULL, offsetof(BhJob, view.expected_end_usec),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Cancelable", "b", get_cancelable, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_cancel,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetResult", SD_BUS_ARGS("a{sv}", options),
                                SD_BUS_RESULT("s", state, "s", result, "s", error, "s", error_name), method_get_result,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("Completed", SD_BUS_ARGS("b", success), 0),
        SD_BUS_VTABLE_END,
};

/* Running --------------------------------------------------------------------------------------------------------------------------------- */

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

static void look_at(BhJob *job) {
        BhProgressView view = bh_progress_look(job->progress, g_get_real_time(), g_get_monotonic_time());

        if (memcmp(&view, &job->view, sizeof view) == 0)
                return;
        job->view = view;
        (void)emit_progress(job);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        BhJobs *jobs = userdata;
        GHashTableIter iter;
        gpointer job;

        g_hash_table_iter_init(&iter, jobs->jobs);
        while (g_hash_table_iter_next(&iter, NULL, &job))
                if (((BhJob *)job)->state == BH_JOB_RUNNING)
                        look_at(job);
        if (jobs->n_running == 0)
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

static int run(void *userdata) {
        BhJob *job = userdata;

        return job->kind->run(job, job->data, &job->run_result, &job->run_failure);
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

static void run_done(void *userdata, int result) {
        BhJob *job = userdata;
        BhService *service = job->service;
        int r;

        look_at(job);
        set_outcome(job, result);
        job->kind->free(g_steal_pointer(&job->data));
        service->jobs->n_running--;
        (void)sd_bus_emit_properties_changed(service->bus, job->path, INTERFACE, "State", NULL);
        (void)sd_bus_emit_signal(service->bus, job->path, INTERFACE, "Completed", "b", result >= 0);
        r = sd_event_add_time_relative(service->event, &job->removal, CLOCK_MONOTONIC, KEPT_USEC, BH_USEC_PER_SEC,
                                       on_removal, job);
        if (r < 0)
                bh_log_warning_errno(r, "Cannot remember to remove %s", job->path);
        g_queue_push_tail(&service->jobs->ended, job);
        if (service->jobs->ended.length > BH_JOBS_ENDED_MAX)
                job_remove(g_queue_peek_head(&service->jobs->ended));
        bh_service_check_idle(service);
}

static BhJob *job_new(BhService *service, const BhCaller *caller, const BhJobKind *kind, void *data) {
        BhJob *job = g_new0(BhJob, 1);

        job->service = service;
        job->kind = kind;
        job->data = data;
        bh_caller_copy(&job->starter, caller);
        job->path = g_strdup_printf(BH_ROOT_PATH "/jobs/%" G_GUINT64_FORMAT, ++service->jobs->serial);
        job->progress = bh_progress_new();
        job->state = BH_JOB_RUNNING;
        job->started_usec = g_get_real_time();
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

                n += job->state == BH_JOB_RUNNING && job->starter.user_id == caller->user_id &&
                     (caller->user_id != 0 || job->starter.uid == caller->uid);
        }
        return n < BH_JOBS_OF_USER_MAX;
}

int bh_job_start(BhService *service, const BhCaller *caller, const BhJobKind *kind, void *data, const char **ret_path) {
        BhJobs *jobs = service->jobs;
        BhJob *job;
        int r;

        if (!has_room(jobs, caller)) {
                kind->free(data);
                return -EAGAIN;
        }
        job = job_new(service, caller, kind, data);
        r = sd_bus_add_object_vtable(service->bus, &job->slot, job->path, INTERFACE, vtable, job);
        if (r >= 0)
                r = start_tick(jobs);
        if (r < 0) {
                kind->free(data);
                job_free(job);
                return r;
        }
        g_hash_table_insert(jobs->jobs, job->path, job);
        jobs->n_running++;
        (void)sd_bus_emit_object_added(service->bus, job->path);
        *ret_path = job->path;
        r = bh_workers_run(service->workers, BH_POOL_JOBS, run, run_done, job);
        if (r < 0) /* we are stopping */
                run_done(job, r);
        return 0;
}

void bh_job_report(BhJob *job, uint64_t bytes_done, uint64_t bytes_total) {
        bh_progress_report(job->progress, bytes_done, bytes_total);
}

void bh_jobs_cancel_all(BhJobs *jobs) {
        GHashTableIter iter;
        gpointer value;

        g_hash_table_iter_init(&iter, jobs->jobs);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                BhJob *job = value;

                if (job->state == BH_JOB_RUNNING && job->kind->cancel) {
                        job->is_cancelling = true;
                        job->kind->cancel(job->data);
                }
        }
}

bool bh_jobs_are_idle(BhJobs *jobs) {
        return jobs->n_running == 0;
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
        g_queue_clear(&jobs->ended);
        g_hash_table_unref(jobs->jobs);
        g_free(jobs);
}
