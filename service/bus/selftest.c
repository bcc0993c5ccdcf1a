/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>

#include "audit.h"
#include "bus/call.h"
#include "bus/job.h"
#include "bus/polkit.h"
#include "bus/smart.h"
#include "disk.h"
#include "log.h"
#include "macro.h"
#include "smart-reader.h"

/* Tests that disks do of themselves: a job for each, which is found again when the service was away, and ends with what is observed. */

#define OPERATION "smart-selftest"

/* Aborting -------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Abort {
        BhService *service;
        char *disk_id, *drive;
        bool is_nvme;
        BhSmartReport report;
} Abort;

static void abort_free(Abort *abort) {
        g_free(abort->disk_id);
        g_free(abort->drive);
        bh_smart_report_clear(&abort->report);
        g_free(abort);
}

static int abort_work(void *userdata) {
        Abort *abort = userdata;
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        int r;

        r = bh_udisks_smart_abort_selftest(abort->service->udisks, abort->drive, abort->is_nvme, &failure);
        if (r >= 0)
                r = bh_smart_read(abort->service->udisks, abort->drive, abort->is_nvme, BH_SMART_ASK_ANYWAY,
                                  &abort->report, &failure);
        if (r < 0 && r != -ECANCELED)
                bh_log_warning_errno(r, "Cannot abort the test of the disk %s: %s", abort->disk_id,
                                     failure.message ?: "");
        return r;
}

static void abort_done(void *userdata, int r) {
        Abort *abort = userdata;

        if (r >= 0)
                bh_smarts_take(abort->service->smarts, abort->disk_id, &abort->report);
        abort_free(abort);
}

/* The job --------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Selftest {
        BhService *service;
        char *disk_id;
        char *text; /* what is being done, for people */
} Selftest;

static void selftest_free(void *data) {
        Selftest *selftest = data;

        g_free(selftest->disk_id);
        g_free(selftest->text);
        g_free(selftest);
}

/* How it ended, with a sentence. */
static int outcome(const BhSmartReading *reading, bool is_cancelling, BhFailure *failure) {
        switch (reading->selftest) {
        case BH_SELFTEST_FAILED:
                return bh_failure_set(failure, -EIO, NULL, "The disk failed its test%s%s: replace it",
                                      reading->selftest_problem ? " " : "", reading->selftest_problem ?: "");
        case BH_SELFTEST_INTERRUPTED:
                return bh_failure_set(failure, -EIO, NULL,
                                      "The test was interrupted, by a reset or because the disk was switched off");
        case BH_SELFTEST_ABORTED:
                return bh_failure_set(failure, -ECANCELED, NULL, "The test was aborted");
        default:
                /* Some disks forget that they were told to stop. */
                return is_cancelling ? bh_failure_set(failure, -ECANCELED, NULL, "The test was aborted") : 0;
        }
}

static int selftest_observe(BhJob *job, void *data, char **result, BhFailure *failure) {
        const Selftest *selftest = data;
        const BhSmarts *smarts = selftest->service->smarts;
        const BhSmartReading *reading = bh_smarts_get_reading(smarts, selftest->disk_id);
        const char *drive;
        bool is_nvme;
        int r;

        r = bh_smarts_find_drive(smarts, selftest->disk_id, &drive, &is_nvme, failure);
        if (r < 0)
                return r;
        bh_job_set_text(job, selftest->text);
        if (!reading)
                return BH_JOB_OBSERVE;
        if (reading->selftest == BH_SELFTEST_RUNNING) {
                bh_job_report_percent(job, reading->selftest_percent, 0, 0);
                return BH_JOB_OBSERVE;
        }
        return outcome(reading, bh_job_is_cancelling(job), failure);
}

static void selftest_cancel(void *data) {
        const Selftest *selftest = data;
        const char *drive;
        bool is_nvme;
        Abort *abort;

        if (bh_smarts_find_drive(selftest->service->smarts, selftest->disk_id, &drive, &is_nvme, NULL) < 0)
                return;
        abort = g_new0(Abort, 1);
        *abort = (Abort){.service = selftest->service,
                         .disk_id = g_strdup(selftest->disk_id),
                         .drive = g_strdup(drive),
                         .is_nvme = is_nvme};
        if (bh_workers_run(selftest->service->workers, BH_POOL_STORAGE, abort_work, abort_done, abort) < 0)
                abort_free(abort);
}

static const BhJobKind kind = {
        .operation = OPERATION,
        .is_storage = true,
        .observe = selftest_observe,
        .cancel = selftest_cancel,
        .free = selftest_free,
};

/* Tests that nobody asked us for ---------------------------------------------------------------------------------------------------------- */

static void collect(const char *disk_id, void *userdata) {
        g_ptr_array_add(userdata, g_strdup(disk_id));
}

void bh_bus_selftests_follow(BhService *service) {
        g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);

        bh_smarts_for_each_test(service->smarts, collect, ids);
        for (guint i = 0; i < ids->len; i++) {
                const char *id = g_ptr_array_index(ids, i);
                g_autofree char *path = bh_disk_path(id);
                Selftest *selftest;
                int r;

                if (bh_jobs_find(service->jobs, path, OPERATION))
                        continue;
                selftest = g_new0(Selftest, 1);
                *selftest = (Selftest){
                        .service = service, .disk_id = g_strdup(id), .text = g_strdup("The disk tests itself")};
                r = bh_job_start(service, NULL, &kind, path, selftest, NULL);
                if (r < 0)
                        bh_log_warning_errno(r, "Cannot follow the test of the disk %s", id);
        }
}

/* StartSelftest(s type, a{sv} options) → o job --------------------------------------------------------------------------------------------- */

/* Starting one, and aborting one. */
typedef struct Change {
        char *disk_id, *drive;
        bool is_nvme;
        char *type;
        bool has_begun, has_started;
        bool is_read; /* there is a report */
        BhSmartReport report;
} Change;

static void change_clear(void *data) {
        Change *change = data;

        g_free(change->disk_id);
        g_free(change->drive);
        g_free(change->type);
        bh_smart_report_clear(&change->report);
}

static int find_drive(BhCall *call, Change *change) {
        const char *drive;
        int r;

        r = bh_smarts_find_drive(call->service->smarts, change->disk_id, &drive, &change->is_nvme, &call->failure);
        if (r >= 0)
                change->drive = g_strdup(drive);
        return r;
}

/* What was done to the disk is done, whether it can be read afterwards or not: if not, it is at its next turn. */
static void read_after(BhCall *call, Change *change) {
        change->is_read = bh_smart_read(call->service->udisks, change->drive, change->is_nvme, BH_SMART_ASK_ANYWAY,
                                        &change->report, NULL) >= 0;
}

static void audit(BhCall *call, const Change *change, const char *action, int result) {
        g_autofree char *target = g_strconcat("disks/", change->disk_id, NULL);

        bh_audit_post(call->service->database, &call->caller,
                      &(BhAudit){.event_type = BH_AUDIT_SYSTEM,
                                 .action = action,
                                 .target = target,
                                 .result = result,
                                 .message = result < 0 ? call->failure.message : change->type});
}

static int start_prepare(BhCall *call, void *data) {
        Change *change = data;
        int r;

        if (!g_str_equal(change->type, "short") && !g_str_equal(change->type, "extended"))
                return bh_failure_set(&call->failure, -EINVAL, NULL,
                                      "The argument “type” must be “short” or “extended”");
        r = find_drive(call, change);
        if (r < 0)
                return r;
        r = bh_smarts_begin_test(call->service->smarts, change->disk_id, &call->failure);
        change->has_begun = r >= 0;
        return r;
}

static int start_work(BhCall *call, void *data) {
        Change *change = data;
        int r;

        r = bh_udisks_smart_start_selftest(call->service->udisks, change->drive, change->is_nvme, change->type,
                                           &call->failure);
        audit(call, change, "selftest-start", r);
        if (r < 0)
                return r;
        change->has_started = true;
        read_after(call, change);
        return 0;
}

static void start_end(BhCall *call, void *data) {
        const Change *change = data;

        if (change->has_begun)
                bh_smarts_end_test_begin(call->service->smarts, change->disk_id, change->has_started);
}

/* The job first: otherwise what the disk says would be taken for a test that nobody follows. */
static int start_reply(BhCall *call, void *data, sd_bus_message *reply) {
        Change *change = data;
        BhService *service = call->service;
        g_autofree char *subject = bh_disk_path(change->disk_id);
        Selftest *selftest = g_new0(Selftest, 1);
        const char *path;
        int r;

        *selftest = (Selftest){
                .service = service,
                .disk_id = g_strdup(change->disk_id),
                .text = g_strdup_printf("The disk does its %s test", change->type),
        };
        r = bh_job_start(service, &call->caller, &kind, subject, selftest, &path);
        if (r >= 0)
                r = sd_bus_message_append(reply, "o", path);
        if (change->is_read)
                bh_smarts_take(service->smarts, change->disk_id, &change->report);
        else
                bh_bus_smart_changed(service);
        return r;
}

static const BhMethod start_method = {
        .name = "Disk.StartSelftest",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_SMART_TEST,
        .pool = BH_POOL_STORAGE,
        .size = sizeof(Change),
        .clear = change_clear,
        .prepare = start_prepare,
        .work = start_work,
        .end = start_end,
        .reply = start_reply,
};

int bh_bus_method_start_selftest(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const BhExport *object = userdata;
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(object->service, m, &start_method);
        Change *change = call->data;
        int r;

        change->disk_id = bh_bus_disk_id(object);
        r = bh_options_read_string(m, "type", BH_CALL_PATH_MAX, &change->type, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* AbortSelftest(a{sv} options) ------------------------------------------------------------------------------------------------------------- */

static int abort_prepare(BhCall *call, void *data) {
        Change *change = data;
        const BhSmartReading *reading;
        int r;

        r = find_drive(call, change);
        if (r < 0)
                return r;
        reading = bh_smarts_get_reading(call->service->smarts, change->disk_id);
        if (!reading || reading->selftest != BH_SELFTEST_RUNNING)
                return bh_failure_set(&call->failure, -ENOENT, "Conflict", "The disk does not test itself");
        return 0;
}

static int abort_method_work(BhCall *call, void *data) {
        Change *change = data;
        int r;

        r = bh_udisks_smart_abort_selftest(call->service->udisks, change->drive, change->is_nvme, &call->failure);
        audit(call, change, "selftest-abort", r);
        if (r >= 0)
                read_after(call, change);
        return r;
}

static void abort_method_done(BhCall *call, void *data) {
        const Change *change = data;

        if (change->is_read)
                bh_smarts_take(call->service->smarts, change->disk_id, &change->report);
}

static const BhMethod abort_method = {
        .name = "Disk.AbortSelftest",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_SMART_TEST,
        .pool = BH_POOL_STORAGE,
        .size = sizeof(Change),
        .clear = change_clear,
        .prepare = abort_prepare,
        .work = abort_method_work,
        .done = abort_method_done,
};

int bh_bus_method_abort_selftest(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const BhExport *object = userdata;
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(object->service, m, &abort_method);

        ((Change *)call->data)->disk_id = bh_bus_disk_id(object);
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}
