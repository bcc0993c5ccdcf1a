/* SPDX-License-Identifier: MIT */

#include "bus/plan-job.h"

#include <errno.h>
#include <glib.h>
#include <math.h>

#include "apply.h"
#include "audit.h"
#include "bitmap-wish.h"
#include "bus/job.h"
#include "disks.h"
#include "plan-token.h"
#include "pools.h"
#include "rebuild.h"

typedef struct PlanJob {
        BhService *service;
        BhCaller caller;
        BhPlan *plan;
        char *uuid;  /* owned; of the array */
        char *block; /* owned; UDisks2's object of the member that is rebuilt; NULL none */
        bool is_forgotten, is_ended;
        BhPoolsChange change; /* of a pool */
} PlanJob;

static void plan_job_free(void *data) {
        PlanJob *plan_job = data;

        if (!plan_job->is_ended && (plan_job->change.held || plan_job->change.reserved))
                bh_pools_end(plan_job->service->pools, &plan_job->change);
        bh_pools_change_clear(&plan_job->change);
        bh_caller_clear(&plan_job->caller);
        bh_plan_free(plan_job->plan);
        g_free(plan_job->uuid);
        g_free(plan_job->block);
        g_free(plan_job);
}

void bh_plan_audit(BhService *service, const BhCaller *caller, const BhPlanRequest *request, int result,
                   const char *message) {
        bh_audit_post(service->database, caller,
                      &(BhAudit){.event_type = BH_AUDIT_SYSTEM,
                                 .action = bh_plan_kind_to_string(request->kind),
                                 .target = request->name ?: request->array_name ?: request->array,
                                 .result = result,
                                 .message = message});
}

static int check_pools(BhService *service, const BhPlan *plan, BhFailure *failure) {
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(service->disks);

        return bh_plan_request_check_pools(topology, &plan->request, failure);
}

/* The name may have been taken since. */
static int check_name(BhService *service, const BhPlan *plan, BhFailure *failure) {
        return plan->request.kind == BH_PLAN_FORMAT ? bh_pools_check_name(service->pools, plan->request.name, failure)
                                                    : 0;
}

int bh_plan_job_check(BhCall *call, const BhPlan *plan) {
        int r = check_pools(call->service, plan, &call->failure);

        if (r >= 0)
                r = check_name(call->service, plan, &call->failure);
        if (r >= 0)
                r = bh_apply_recheck(call->service->udisks, plan, NULL, &call->failure);

        if (r < 0)
                bh_plan_audit(call->service, &call->caller, &plan->request, r, call->failure.message);
        return r;
}

/* Running ---------------------------------------------------------------------------------------------------------------------------------------- */

static void say(void *userdata, const char *text) {
        bh_job_set_text(userdata, text);
}

static int carry_out(const BhApply *apply, PlanJob *plan_job, BhFailure *failure) {
        switch (apply->plan->request.kind) {
        case BH_PLAN_ARRAY_CREATE:
                return bh_apply_array_create(apply, &plan_job->uuid, failure);
        case BH_PLAN_ARRAY_DELETE:
                return bh_apply_array_delete(apply, failure);
        case BH_PLAN_ARRAY_ADD:
                return bh_apply_array_add(apply, &plan_job->block, failure);
        case BH_PLAN_ARRAY_REPAIR:
                return bh_apply_array_repair(apply, &plan_job->block, failure);
        case BH_PLAN_FORMAT:
                return bh_pools_format_do(plan_job->service->pools, &plan_job->caller, &plan_job->change, apply,
                                          failure);
        case BH_PLAN_POOL_DELETE:
                return bh_pools_erase_do(plan_job->service->pools, &plan_job->caller, &plan_job->change, apply,
                                         failure);
        default:
                return -EOPNOTSUPP;
        }
}

static int run(BhJob *job, void *data, char **result, BhFailure *failure) {
        PlanJob *plan_job = data;
        BhService *service = plan_job->service;
        const BhApply apply = {service->udisks, plan_job->plan, say, job};
        int r;

        bh_plans_lock(service->plans);
        r = check_pools(service, plan_job->plan, failure);
        if (r >= 0)
                r = carry_out(&apply, plan_job, failure);
        bh_plans_unlock(service->plans);
        if (r < 0) {
                if (r == -EIO && plan_job->uuid && plan_job->plan->request.n_disks == 1)
                        bh_suspects_note(service->suspects, plan_job->uuid, plan_job->plan->request.disks[0].path);
                bh_plan_audit(service, &plan_job->caller, &plan_job->plan->request, r, failure->message);
                return r;
        }
        return BH_JOB_OBSERVE;
}

/* Ends the job well. */
static int succeed(PlanJob *plan_job, char **result, const char *path, const char *message) {
        *result = g_strdup(path);
        bh_plan_audit(plan_job->service, &plan_job->caller, &plan_job->plan->request, 0, message);
        return 0;
}

/* Observing -------------------------------------------------------------------------------------------------------------------------------------- */

/* The array is there when the service itself shows it, so that whoever is told its path finds it. */
static int observe_create(BhJob *job, void *data, char **result, BhFailure *failure) {
        PlanJob *plan_job = data;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(plan_job->service->disks);
        g_autofree char *path = bh_array_path(plan_job->uuid);
        const BhArray *array = bh_topology_array(topology, path);

        if (!array || !array->is_running)
                return BH_JOB_OBSERVE;
        if (bh_raid_level_is_redundant(plan_job->plan->request.level))
                bh_bitmap_wishes_add(plan_job->service->bitmap_wishes, plan_job->uuid,
                                     plan_job->plan->request.has_bitmap);
        return succeed(plan_job, result, path, plan_job->plan->title);
}

static int observe_delete(BhJob *job, void *data, char **result, BhFailure *failure) {
        PlanJob *plan_job = data;

        if (plan_job->is_forgotten)
                return BH_JOB_OBSERVE; /* forgetting it lets all jobs look once more, this one too */
        plan_job->is_forgotten = true;
        bh_disks_array_is_deleted(plan_job->service->disks, plan_job->uuid);
        return succeed(plan_job, result, "", plan_job->plan->title);
}

/* What was changed is taken in first, so that whoever is told finds it. That lets all jobs look once more, this one too. */
static int observe_pool(BhJob *job, void *data, char **result, BhFailure *failure) {
        PlanJob *plan_job = data;

        if (plan_job->is_ended)
                return BH_JOB_OBSERVE;
        plan_job->is_ended = true;
        *result = g_strdup(plan_job->change.is_gone ? "" : plan_job->change.path);
        bh_pools_end(plan_job->service->pools, &plan_job->change);
        return 0;
}

static int rebuild_failed(PlanJob *plan_job, const BhRebuild *rebuild, BhFailure *failure) {
        const BhPlanRequest *request = &plan_job->plan->request;
        g_autofree char *label = bh_plan_disk_label(&request->disks[0]);

        bh_failure_set(failure, -EIO, NULL, "The rebuild of the array “%s” onto %s has failed: %s", request->array_name,
                       label, rebuild->problem);
        bh_plan_audit(plan_job->service, &plan_job->caller, request, -EIO, failure->message);
        return -EIO;
}

static void report_rebuild(BhJob *job, const PlanJob *plan_job, const BhRebuild *rebuild) {
        const BhPlanRequest *request = &plan_job->plan->request;
        g_autofree char *label = bh_plan_disk_label(&request->disks[0]), *text = NULL;

        if (rebuild->state != BH_REBUILD_RUNNING) {
                text = g_strdup_printf("Waiting for the rebuild of the array “%s” to begin", request->array_name);
                bh_job_report_percent(job, NAN, 0, 0);
        } else {
                text = g_strdup_printf("Rebuilding the array “%s” onto %s", request->array_name, label);
                bh_job_report_percent(job, rebuild->percent, rebuild->rate,
                                      rebuild->remaining_usec > 0 ? g_get_real_time() + (int64_t)rebuild->remaining_usec
                                                                  : 0);
        }
        bh_job_set_text(job, text);
}

static int observe_rebuild(BhJob *job, void *data, char **result, BhFailure *failure) {
        PlanJob *plan_job = data;
        const BhPlanRequest *request = &plan_job->plan->request;
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = bh_udisks_get_inventory(plan_job->service->udisks);
        BhRebuild rebuild = bh_rebuild_look(inventory, plan_job->uuid, plan_job->block);
        g_autofree char *message = NULL;

        switch (rebuild.state) {
        case BH_REBUILD_FAILED:
                return rebuild_failed(plan_job, &rebuild, failure);
        case BH_REBUILD_SPARE:
                return succeed(plan_job, result, request->array_path, "It is a spare");
        case BH_REBUILD_DONE:
                message = rebuild.degraded == 0
                                  ? g_strdup("All members are in sync")
                                  : g_strdup_printf("It is rebuilt; %u more members are missing", rebuild.degraded);
                bh_job_set_text(job, message);
                return succeed(plan_job, result, request->array_path, message);
        default:
                report_rebuild(job, plan_job, &rebuild);
                return BH_JOB_OBSERVE;
        }
}

static const BhJobKind kinds[] = {
        [BH_PLAN_FORMAT] = {.operation = "pool-format",
                            .pool = BH_POOL_STORAGE,
                            .is_storage = true,
                            .run = run,
                            .observe = observe_pool,
                            .free = plan_job_free},
        [BH_PLAN_POOL_DELETE] = {.operation = "pool-delete",
                                 .pool = BH_POOL_STORAGE,
                                 .is_storage = true,
                                 .run = run,
                                 .observe = observe_pool,
                                 .free = plan_job_free},
        [BH_PLAN_ARRAY_CREATE] = {.operation = "array-create",
                                  .pool = BH_POOL_STORAGE,
                                  .is_storage = true,
                                  .run = run,
                                  .observe = observe_create,
                                  .free = plan_job_free},
        [BH_PLAN_ARRAY_DELETE] = {.operation = "array-delete",
                                  .pool = BH_POOL_STORAGE,
                                  .is_storage = true,
                                  .run = run,
                                  .observe = observe_delete,
                                  .free = plan_job_free},
        [BH_PLAN_ARRAY_ADD] = {.operation = "array-add",
                               .pool = BH_POOL_STORAGE,
                               .is_storage = true,
                               .run = run,
                               .observe = observe_rebuild,
                               .free = plan_job_free},
        [BH_PLAN_ARRAY_REPAIR] = {.operation = "array-repair",
                                  .pool = BH_POOL_STORAGE,
                                  .is_storage = true,
                                  .run = run,
                                  .observe = observe_rebuild,
                                  .free = plan_job_free},
};

static const char *subject_of(const BhPlanRequest *request) {
        if (request->kind == BH_PLAN_FORMAT && !request->array_path)
                return request->disks[0].path;
        return request->pool_path ?: request->array_path;
}

int bh_plan_job_start(BhService *service, const BhCaller *caller, BhPlan *plan, const char **ret_path) {
        PlanJob *plan_job = g_new0(PlanJob, 1);

        plan_job->service = service;
        plan_job->plan = plan;
        plan_job->uuid = g_strdup(plan->request.array);
        bh_caller_copy(&plan_job->caller, caller);
        return bh_job_start(service, caller, &kinds[plan->request.kind], subject_of(&plan->request), plan_job,
                            ret_path);
}
