/* SPDX-License-Identifier: MIT */

/* Syncs and scrubs that nobody asked us for: the kernel rebuilds onto a spare, a new array is made whole, somebody uses mdadm, or we were restarted meanwhile. Each becomes a job
 * that follows it, unless one is about the array already. */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "bus/adapters.h"
#include "bus/job.h"
#include "bus/scrub-job.h"
#include "disks.h"
#include "log.h"
#include "macro.h"
#include "udisks.h"

typedef struct Sync {
        char *uuid;
        bool is_repair;
} Sync;

static void sync_free(void *data) {
        Sync *sync = data;

        g_free(sync->uuid);
        g_free(sync);
}

static bool is_sync(const char *action) {
        return g_str_equal(action, "resync") || g_str_equal(action, "recover") || g_str_equal(action, "reshape");
}

/* Whether a member is being made one, or waits for it: md interrupts and resumes that as it sees fit. */
static bool has_unfinished_member(const BhMdArray *md) {
        for (size_t i = 0; i < md->n_members; i++)
                if (md->members[i].slot >= 0 && strstr(md->members[i].state, "spare"))
                        return true;
        return false;
}

static void report(BhJob *job, const Sync *sync, const BhMdArray *md) {
        g_autofree char *text = NULL;
        int64_t end_usec = 0;

        if (md->sync_remaining_usec > 0 && md->sync_remaining_usec < INT64_MAX / 2)
                end_usec = g_get_real_time() + (int64_t)md->sync_remaining_usec;
        text = g_strdup_printf(sync->is_repair ? "Rebuilding the array %s" : "Synchronising the array %s", md->name);
        bh_job_set_text(job, text);
        bh_job_report_percent(job, md->sync_completed * 100, md->sync_rate, end_usec);
}

static int observe(BhJob *job, void *data, char **result, BhFailure *failure) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory =
                bh_udisks_get_inventory(bh_job_get_service(job)->udisks);
        const Sync *sync = data;
        const BhMdArray *md = bh_inventory_array_by_uuid(inventory, sync->uuid);

        if (!inventory->is_available) /* the kernel goes on without UDisks2 */
                return BH_JOB_OBSERVE;
        if (!md || !*md->block)
                return bh_failure_set(failure, -EIO, NULL, "The array does not run any more");
        if (is_sync(md->sync_action)) {
                report(job, sync, md);
                return BH_JOB_OBSERVE;
        }
        if (has_unfinished_member(md))
                return BH_JOB_OBSERVE;
        if (md->degraded > 0)
                return bh_failure_set(failure, -EIO, NULL,
                                      "The array is still degraded: what it was rebuilt onto has failed, or is gone");
        bh_job_report_percent(job, 100, 0, 0);
        *result = bh_array_path(sync->uuid);
        return 0;
}

static const BhJobKind repair_kind = {
        .operation = "array-repair",
        .is_storage = true,
        .observe = observe,
        .free = sync_free,
};

static const BhJobKind sync_kind = {
        .operation = "array-sync",
        .is_storage = true,
        .observe = observe,
        .free = sync_free,
};

static void follow(BhService *service, const BhArray *array) {
        Sync *sync = g_new0(Sync, 1);
        int r;

        sync->uuid = g_strdup(array->uuid);
        sync->is_repair = g_str_equal(array->sync_action, "recover") && !array->is_first_sync;
        r = bh_job_start(service, NULL, sync->is_repair ? &repair_kind : &sync_kind, array->path, sync, NULL);
        if (r < 0)
                bh_log_warning_errno(r, "Cannot follow the sync of the array %s", array->name);
}

static bool is_scrub(const char *action) {
        return g_str_equal(action, "check") || g_str_equal(action, "repair");
}

static void follow_scrub(BhService *service, const BhArray *array) {
        int r = bh_scrub_job_follow(service, array->path, array->sync_action);

        if (r < 0)
                bh_log_warning_errno(r, "Cannot follow the scrub of the array %s", array->name);
}

static void on_topology(void *userdata, const BhTopology *before, const BhTopology *now) {
        BhService *service = userdata;

        for (size_t i = 0; i < now->n_arrays; i++) {
                const BhArray *array = &now->arrays[i];

                if (!array->is_running || bh_jobs_find(service->jobs, array->path, NULL))
                        continue;
                if (is_sync(array->sync_action))
                        follow(service, array);
                else if (is_scrub(array->sync_action))
                        follow_scrub(service, array);
        }
}

void bh_bus_syncs_watch(BhService *service) {
        bh_disks_add_listener(service->disks, on_topology, service);
}
