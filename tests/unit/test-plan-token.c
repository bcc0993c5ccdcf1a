/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <sodium.h>

#include "macro.h"
#include "plan-token.h"
#include "plan.h"

static const BhCaller alex = {.user_id = 1, .uid = 33}, maria = {.user_id = 2, .uid = 33},
                      root = {.user_id = 0, .uid = 0}, operator= {.user_id = 0, .uid = 5};

static BhPlan *new_plan(BhPlanKind kind) {
        BhPlan *plan = g_new0(BhPlan, 1);

        plan->request.kind = kind;
        plan->warnings = g_ptr_array_new();
        plan->losses = g_ptr_array_new();
        return plan;
}

static char *keep(BhPlans *plans, const BhCaller *caller, int64_t now) {
        char *token = bh_plans_make_token();

        g_assert_cmpint(bh_plans_keep(plans, caller, token, new_plan(BH_PLAN_ARRAY_DELETE), now), ==, 0);
        return token;
}

static bool take(BhPlans *plans, const BhCaller *caller, const char *token, int64_t now) {
        BhPlan *plan = bh_plans_take(plans, caller, token, now);
        bool is_there = plan != NULL;

        bh_plan_free(plan);
        return is_there;
}

static void a_token_works_once(void) {
        BhPlans *plans = bh_plans_new();
        g_autofree char *token = keep(plans, &alex, 0), *other = keep(plans, &alex, 0);

        g_assert_cmpuint(strlen(token), ==, 32);
        g_assert_cmpstr(token, !=, other);
        g_assert_cmpint(bh_plans_peek_kind(plans, token, 0), ==, BH_PLAN_ARRAY_DELETE);
        g_assert_true(take(plans, &alex, token, 0));
        g_assert_false(take(plans, &alex, token, 0));
        g_assert_cmpint(bh_plans_peek_kind(plans, token, 0), ==, -ENOENT);
        g_assert_true(take(plans, &alex, other, 0));
        bh_plans_free(plans);
}

static void a_token_is_its_owners_and_survives_the_attempts_of_others(void) {
        BhPlans *plans = bh_plans_new();
        g_autofree char *of_alex = keep(plans, &alex, 0), *of_operator = keep(plans, &operator, 0);

        g_assert_false(take(plans, &maria, of_alex, 0)); /* by the same Unix user, the bridge */
        g_assert_false(take(plans, &root, of_alex, 0));
        g_assert_false(take(plans, &root, of_operator, 0));
        g_assert_false(take(plans, &alex, of_operator, 0));
        g_assert_false(take(plans, &alex, "", 0));
        g_assert_false(take(plans, &alex, "00000000000000000000000000000000", 0));
        g_assert_true(take(plans, &alex, of_alex, 0));
        g_assert_true(take(plans, &operator, of_operator, 0));
        bh_plans_free(plans);
}

static void a_token_works_for_ten_minutes(void) {
        BhPlans *plans = bh_plans_new();
        g_autofree char *token = keep(plans, &alex, 1000), *late = keep(plans, &alex, 1000);
        int64_t end = 1000 + BH_PLAN_LIFETIME_USEC;

        g_assert_cmpint(BH_PLAN_LIFETIME_USEC, ==, 600 * BH_USEC_PER_SEC);
        g_assert_true(take(plans, &alex, token, end - 1));
        g_assert_cmpint(bh_plans_peek_kind(plans, late, end), ==, -ENOENT);
        g_assert_false(take(plans, &alex, late, end));
        bh_plans_free(plans);
}

static void whoever_plans_too_much_loses_their_own_oldest_plans(void) {
        BhPlans *plans = bh_plans_new();
        g_autofree char *of_maria = keep(plans, &maria, 0), *first = keep(plans, &alex, 0),
                        *second = keep(plans, &alex, 1);

        for (int i = 2; i <= BH_PLANS_OF_CALLER_MAX; i++)
                g_free(keep(plans, &alex, i));
        g_assert_false(take(plans, &alex, first, 20));
        g_assert_true(take(plans, &alex, second, 20));
        g_assert_true(take(plans, &maria, of_maria, 20));
        bh_plans_free(plans);
}

static void memory_is_bounded(void) {
        BhPlans *plans = bh_plans_new();
        char *token;
        unsigned kept = 0;

        for (uint64_t user = 10; user < 10 + BH_PLANS_MAX; user++) {
                g_free(keep(plans, &(BhCaller){.user_id = user}, 0));
                kept++;
        }
        g_assert_cmpuint(kept, ==, BH_PLANS_MAX);
        g_assert_cmpint(bh_plans_keep(plans, &alex, "x", new_plan(BH_PLAN_FORMAT), 0), ==, -EAGAIN);
        token = keep(plans, &(BhCaller){.user_id = 10}, 0); /* in the place of one's own */
        g_free(token);
        token = keep(plans, &alex, BH_PLAN_LIFETIME_USEC); /* all others are over */
        g_assert_true(take(plans, &alex, token, BH_PLAN_LIFETIME_USEC));
        g_free(token);
        bh_plans_free(plans);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(sodium_init(), >=, 0);
#define ADD(name) g_test_add_func("/plan-token/" #name, name)
        ADD(a_token_works_once);
        ADD(a_token_is_its_owners_and_survives_the_attempts_of_others);
        ADD(a_token_works_for_ten_minutes);
        ADD(whoever_plans_too_much_loses_their_own_oldest_plans);
        ADD(memory_is_bounded);
#undef ADD
        return g_test_run();
}
