/* SPDX-License-Identifier: MIT */
#pragma once

#include "plan.h"

/* What a plan relies on, in words: of each disk and array that it is about, who it is, how large, what is on it, what uses it. Two inventories agree for a plan when all of that is the same. */

typedef struct BhPlanFact {
        char *subject; /* owned; "sdb (Spinner 3000, serial 7F2K)" */
        char *what;    /* owned; "what is on it" */
        char *value;   /* owned; "1 partition: …" */
} BhPlanFact;

/* The facts for a request, always the same ones in the same order. To be freed with g_ptr_array_unref(). */
GPtrArray *bh_plan_facts(const BhInventory *inventory, const BhPlanRequest *request);

/* Returns 0 when nothing has changed; -ESTALE, and says in failure of which disk, and what. */
int bh_plan_facts_compare(const GPtrArray *before, const GPtrArray *now, BhFailure *failure);
