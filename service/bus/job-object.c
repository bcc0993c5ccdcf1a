/* SPDX-License-Identifier: MIT */

#include <errno.h>

#include "bus/adapters.h"
#include "bus/call.h"
#include "bus/job-private.h"
#include "errors.h"

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
        return sd_bus_message_append(reply, "b", (int)((BhJob *)userdata)->view.is_valid);
}

static int get_cancelable(sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "b", ((BhJob *)userdata)->kind->cancel != NULL);
}

void bh_job_emit_progress(BhJob *job) {
        (void)sd_bus_emit_properties_changed(job->service->bus, job->path, BH_JOB_INTERFACE, "Progress",
                                             "ProgressValid", "BytesDone", "BytesTotal", "Rate", "ExpectedEndTime",
                                             NULL);
}

void bh_job_emit_text(BhJob *job) {
        (void)sd_bus_emit_properties_changed(job->service->bus, job->path, BH_JOB_INTERFACE, "Text", NULL);
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
        SD_BUS_PROPERTY("Subject", "o", NULL, offsetof(BhJob, subject), SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Text", "s", NULL, offsetof(BhJob, text), SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_cancel,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetResult", SD_BUS_ARGS("a{sv}", options),
                                SD_BUS_RESULT("s", state, "s", result, "s", error, "s", error_name), method_get_result,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("Completed", SD_BUS_ARGS("b", success), 0),
        SD_BUS_VTABLE_END,
};

int bh_job_export(BhJob *job) {
        return sd_bus_add_object_vtable(job->service->bus, &job->slot, job->path, BH_JOB_INTERFACE, vtable, job);
}

/* Manager.ListJobs(a{sv} options) → aa{sv} jobs ------------------------------------------------------------------------------------------- */

static int append_job(sd_bus_message *reply, const BhJob *job) {
        const BhProgressView *view = &job->view;

        return sd_bus_message_append(reply, "a{sv}", 13, "path", "o", job->path, "operation", "s", job->kind->operation,
                                     "state", "s", bh_job_state_to_string(job->state), "progress", "d", view->percent,
                                     "progress_valid", "b", (int)view->is_valid, "bytes_done", "t", view->bytes_done,
                                     "bytes_total", "t", view->bytes_total, "rate", "t", view->rate, "start_usec", "x",
                                     job->started_usec, "expected_end_usec", "x", view->expected_end_usec, "cancelable",
                                     "b", (int)(job->kind->cancel != NULL), "subject", "o", job->subject, "text", "s",
                                     job->text);
}

static int by_start(gconstpointer a, gconstpointer b) {
        const BhJob *one = a, *other = b;

        return (one->started_usec > other->started_usec) - (one->started_usec < other->started_usec);
}

static int list_reply(BhCall *call, void *data, sd_bus_message *reply) {
        g_autoptr(GList) jobs = g_hash_table_get_values(call->service->jobs->jobs);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        jobs = g_list_sort(jobs, by_start);
        for (GList *item = jobs; r >= 0 && item; item = item->next) {
                const BhJob *job = item->data;

                if (bh_job_is_by(&job->starter, &call->caller) ||
                    (job->kind->is_storage && bh_caller_is_admin(&call->caller)))
                        r = append_job(reply, job);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const BhMethod list_method = {
        .name = "Manager.ListJobs",
        .who = BH_WHO_PEER,
        .reply = list_reply,
};

int bh_bus_method_list_jobs(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &list_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}
