/* SPDX-License-Identifier: MIT */

#include <glib.h>

#include "caller.h"
#include "macro.h"
#include "progress.h"

#define SECOND BH_USEC_PER_SEC
#define START INT64_C(1800000000000000)

static BhProgressView look_at(BhProgress *progress, double seconds) {
        int64_t usec = (int64_t)(seconds * (double)SECOND);

        return bh_progress_look(progress, START + usec, usec);
}

static void nothing_is_made_up_before_anything_is_known(void) {
        BhProgress *progress = bh_progress_new();
        BhProgressView view = look_at(progress, 0);

        g_assert_cmpuint(view.bytes_total, ==, 0);
        g_assert_cmpfloat(view.percent, ==, 0);
        g_assert_cmpuint(view.rate, ==, 0);
        g_assert_cmpint(view.expected_end_usec, ==, 0);

        bh_progress_report(progress, 500, 0);
        view = look_at(progress, 1);
        g_assert_cmpuint(view.bytes_done, ==, 500);
        g_assert_cmpuint(view.rate, ==, 500);
        g_assert_cmpfloat(view.percent, ==, 0);
        g_assert_cmpint(view.expected_end_usec, ==, 0);
        bh_progress_free(progress);
}

static void the_rate_is_that_of_the_last_seconds(void) {
        BhProgress *progress = bh_progress_new();
        BhProgressView view = {};

        for (int half = 0; half <= 20; half++) { /* ten seconds of 1000 a second */
                bh_progress_report(progress, (uint64_t)half * 500, 100000);
                view = look_at(progress, half / 2.0);
        }
        g_assert_cmpuint(view.rate, ==, 1000);
        g_assert_cmpfloat_with_epsilon(view.percent, 10, 1e-9);
        g_assert_cmpint(view.expected_end_usec, ==, START + 10 * SECOND + 90 * SECOND);

        for (int half = 1; half <= 20; half++) /* then it stands still */
                view = look_at(progress, 10 + half / 2.0);
        g_assert_cmpuint(view.rate, ==, 0);
        g_assert_cmpint(view.expected_end_usec, ==, 0);
        bh_progress_free(progress);
}

static void looking_very_often_does_no_harm(void) {
        BhProgress *progress = bh_progress_new();
        BhProgressView view = {};

        for (int i = 0; i < 1000; i++) {
                bh_progress_report(progress, (uint64_t)i, 1000);
                view = look_at(progress, i / 1000.0);
        }
        g_assert_cmpuint(view.rate, >=, 900);
        g_assert_cmpuint(view.rate, <=, 1100);
        bh_progress_report(progress, 2000, 1000); /* more than there was to do */
        view = look_at(progress, 2);
        g_assert_cmpfloat(view.percent, ==, 100);
        g_assert_cmpint(view.expected_end_usec, ==, 0);
        bh_progress_free(progress);
}

static void a_job_is_whose_it_is_and_administrators(void) {
        const BhCaller alex = {.user_id = 2, .role = BH_ROLE_USER, .uid = 33},
                       maria = {.user_id = 3, .role = BH_ROLE_USER, .uid = 33};
        const BhCaller admin = {.user_id = 1, .role = BH_ROLE_ADMIN, .uid = 33},
                       peer = {.role = BH_ROLE_NONE, .uid = 1000};
        const BhCaller other_peer = {.role = BH_ROLE_NONE, .uid = 1001};

        g_assert_true(bh_job_is_of(&alex, &alex));
        g_assert_true(bh_job_is_of(&alex, &admin));
        g_assert_false(bh_job_is_of(&alex, &maria));
        g_assert_false(bh_job_is_of(&alex, &peer));
        g_assert_true(bh_job_is_of(&peer, &peer));
        g_assert_false(bh_job_is_of(&peer, &other_peer));
        g_assert_false(bh_job_is_of(&peer, &alex));
}

static void callers_are_copied_whole(void) {
        BhCaller original = {.user_id = 2,
                             .owner = "o",
                             .role = BH_ROLE_USER,
                             .username = g_strdup("alex"),
                             .session_id = g_strdup("s"),
                             .uid = 1,
                             .pid = 2,
                             .unit = g_strdup("u"),
                             .bus_name = g_strdup(":1.1"),
                             .client_address = g_strdup("::1"),
                             .client_agent = g_strdup("a")};
        BhCaller copy = {};

        bh_caller_copy(&copy, &original);
        bh_caller_clear(&original);
        g_assert_null(original.username);
        g_assert_cmpuint(original.user_id, ==, 0);
        g_assert_cmpstr(copy.username, ==, "alex");
        g_assert_cmpstr(copy.session_id, ==, "s");
        g_assert_cmpstr(copy.unit, ==, "u");
        g_assert_cmpstr(copy.bus_name, ==, ":1.1");
        g_assert_cmpstr(copy.client_address, ==, "::1");
        g_assert_cmpstr(copy.client_agent, ==, "a");
        g_assert_cmpstr(copy.owner, ==, "o");
        bh_caller_clear(&copy);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/progress/unknown", nothing_is_made_up_before_anything_is_known);
        g_test_add_func("/progress/rate", the_rate_is_that_of_the_last_seconds);
        g_test_add_func("/progress/often", looking_very_often_does_no_harm);
        g_test_add_func("/progress/job-owner", a_job_is_whose_it_is_and_administrators);
        g_test_add_func("/progress/caller", callers_are_copied_whole);
        return g_test_run();
}
