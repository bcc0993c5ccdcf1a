/* SPDX-License-Identifier: MIT */

#include <glib.h>

#include "macro.h"
#include "rate-limit.h"

#define SECOND BH_USEC_PER_SEC

static void attempts_are_spent_and_come_back(void) {
        BhRateLimit *limit = bh_rate_limit_new(3, 30, 100); /* one in ten seconds */
        uint64_t retry = 0;

        for (int i = 0; i < 3; i++)
                g_assert_true(bh_rate_limit_take(limit, "alex", 0, &retry));
        g_assert_false(bh_rate_limit_take(limit, "alex", 0, &retry));
        g_assert_cmpuint(retry, ==, 10);
        g_assert_false(bh_rate_limit_take(limit, "alex", 4 * SECOND, &retry));
        g_assert_cmpuint(retry, ==, 6);
        g_assert_false(bh_rate_limit_take(limit, "alex", 9 * SECOND + 999999, &retry));
        g_assert_cmpuint(retry, ==, 1);
        g_assert_true(bh_rate_limit_take(limit, "alex", 10 * SECOND, &retry));
        g_assert_false(bh_rate_limit_take(limit, "alex", 10 * SECOND, &retry));
        bh_rate_limit_free(limit);
}

static void no_more_come_back_than_there_were(void) {
        BhRateLimit *limit = bh_rate_limit_new(2, 10, 100);
        uint64_t retry = 0;

        g_assert_true(bh_rate_limit_take(limit, "alex", 0, &retry));
        for (int i = 0; i < 2; i++)
                g_assert_true(bh_rate_limit_take(limit, "alex", 10000 * SECOND, &retry));
        g_assert_false(bh_rate_limit_take(limit, "alex", 10000 * SECOND, &retry));
        bh_rate_limit_refund(limit, "alex");
        bh_rate_limit_refund(limit, "nobody");
        g_assert_true(bh_rate_limit_take(limit, "alex", 10000 * SECOND, &retry));
        g_assert_false(bh_rate_limit_take(limit, "alex", 10000 * SECOND, &retry));
        bh_rate_limit_free(limit);
}

static void keys_do_not_share_and_can_be_forgiven(void) {
        BhRateLimit *limit = bh_rate_limit_new(1, 10, 100);
        uint64_t retry = 0;

        g_assert_true(bh_rate_limit_take(limit, "alex", 0, &retry));
        g_assert_true(bh_rate_limit_take(limit, "maria", 0, &retry));
        g_assert_false(bh_rate_limit_take(limit, "alex", 0, &retry));
        bh_rate_limit_reset(limit, "alex");
        bh_rate_limit_reset(limit, "nobody");
        g_assert_true(bh_rate_limit_take(limit, "alex", 0, &retry));
        g_assert_false(bh_rate_limit_take(limit, "maria", 0, &retry));
        bh_rate_limit_free(limit);
}

static void memory_is_bounded_and_the_busiest_are_remembered(void) {
        BhRateLimit *limit = bh_rate_limit_new(1, 1000, 10);
        uint64_t retry = 0;

        g_assert_true(bh_rate_limit_take(limit, "busy", 0, &retry));
        for (int i = 0; i < 1000; i++) {
                g_autofree char *key = g_strdup_printf("%d", i);

                g_assert_true(bh_rate_limit_take(limit, key, 0, &retry));
                g_assert_false(bh_rate_limit_take(limit, "busy", 0, &retry));
        }
        g_assert_cmpuint(bh_rate_limit_size(limit), ==, 10);
        bh_rate_limit_free(limit);
}

static void a_clock_that_goes_back_gives_nothing(void) {
        BhRateLimit *limit = bh_rate_limit_new(1, 10, 100);
        uint64_t retry = 0;

        g_assert_true(bh_rate_limit_take(limit, "alex", 100 * SECOND, &retry));
        g_assert_false(bh_rate_limit_take(limit, "alex", 50 * SECOND, &retry));
        g_assert_cmpuint(retry, ==, 10);
        bh_rate_limit_free(limit);
        bh_rate_limit_free(NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/rate-limit/spend", attempts_are_spent_and_come_back);
        g_test_add_func("/rate-limit/full", no_more_come_back_than_there_were);
        g_test_add_func("/rate-limit/keys", keys_do_not_share_and_can_be_forgiven);
        g_test_add_func("/rate-limit/memory", memory_is_bounded_and_the_busiest_are_remembered);
        g_test_add_func("/rate-limit/clock", a_clock_that_goes_back_gives_nothing);
        return g_test_run();
}
