/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "caller.h"

/* Plans that wait for their Apply(), in memory only, each under a random token of 128 bits. A token works once, for ten minutes, for whoever asked for the plan: the same account, or the same Unix
 * user where there is none. Thread-safe. */

#define BH_PLAN_LIFETIME_USEC (10 * 60 * INT64_C(1000000))

/* Plans that wait at once, of all; of one who asks fewer are kept. What is more drives out that one's oldest. */
#define BH_PLANS_MAX 128
#define BH_PLANS_OF_CALLER_MAX 16

typedef struct BhPlan BhPlan;
typedef struct BhPlans BhPlans;

BhPlans *bh_plans_new(void);

/* NULL is fine. */
void bh_plans_free(BhPlans *plans);

/* A new token, for bh_plans_keep(). Owned. */
char *bh_plans_make_token(void);

/* Keeps the plan, which it takes over, under the token. now_usec: monotonic. Errors: -EAGAIN there are too many of others. */
int bh_plans_keep(BhPlans *plans, const BhCaller *caller, const char *token, BhPlan *plan, int64_t now_usec);

/* Takes the plan out, whatever becomes of it then; NULL when there is none under that token, its time is over, or it is somebody else's (which it remains). */
BhPlan *bh_plans_take(BhPlans *plans, const BhCaller *caller, const char *token, int64_t now_usec);

/* The kind of the plan (BhPlanKind) under that token, whoever asks, so that the right polkit action can be asked for; -ENOENT when there is none. */
int bh_plans_peek_kind(BhPlans *plans, const char *token, int64_t now_usec);

/* One plan is carried out at a time, from its last recheck to what it does, so that two never meet on a disk. Blocks. */
void bh_plans_lock(BhPlans *plans);
void bh_plans_unlock(BhPlans *plans);
