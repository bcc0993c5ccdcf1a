/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>

#include "bus/job.h"
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
        int64_t running_usec; /* the reading by which it ran: what is not newer says nothing about its end; 0 it was found running */
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
        if (reading->time_usec <= selftest->running_usec)
                return BH_JOB_OBSERVE;
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
