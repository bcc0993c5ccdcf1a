/* SPDX-License-Identifier: MIT */
#pragma once

#include "bus/call.h"
#include "plan-request.h"

/* Carrying plans out: the jobs array-create, array-delete, array-add, array-repair. */

/* The recheck of a plan before its job is started; what fails is audited. In work, BH_POOL_STORAGE. */
int bh_plan_job_check(BhCall *call, const BhPlan *plan);

/* Starts the job of a plan, which it takes over also on error. *ret_path lives as long as the job. Errors: as bh_job_start(). Event loop. */
int bh_plan_job_start(BhService *service, const BhCaller *caller, BhPlan *plan, const char **ret_path);

/* Says in the audit trail what became of a plan. message may be NULL. */
void bh_plan_audit(BhService *service, const BhCaller *caller, const BhPlanRequest *request, int result,
                   const char *message);
