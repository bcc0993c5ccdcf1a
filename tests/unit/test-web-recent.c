/* SPDX-License-Identifier: MIT */
#include "recent.h"

#define MINUTE (60 * G_USEC_PER_SEC)

static void test_is_known_for_a_while(void) {
        BhRecent *recent = bh_recent_new();

        g_assert_false(bh_recent_has(recent, "token", "a", 0));
        bh_recent_note(recent, "token", "a", 0);
        g_assert_true(bh_recent_has(recent, "token", "a", 10 * MINUTE));
        g_assert_false(bh_recent_has(recent, "token", "a", 10 * MINUTE + 1));
        bh_recent_note(recent, "token", "a", 11 * MINUTE);
        g_assert_true(bh_recent_has(recent, "token", "a", 12 * MINUTE));
        bh_recent_free(recent);
}

static void test_is_known_for_that_token_and_path_only(void) {
        BhRecent *recent = bh_recent_new();

        bh_recent_note(recent, "token", "a", 0);
        g_assert_false(bh_recent_has(recent, "token", "b", 0));
        g_assert_false(bh_recent_has(recent, "other", "a", 0));
        g_assert_false(bh_recent_has(recent, "tokena", "", 0));
        g_assert_false(bh_recent_has(recent, "toke", "na", 0));
        bh_recent_free(recent);
}

static void test_memory_is_bounded(void) {
        BhRecent *recent = bh_recent_new();

        for (guint i = 0; i < 5000; i++) {
                g_autofree char *path = g_strdup_printf("%u", i);

                bh_recent_note(recent, "token", path, i);
                g_assert_true(bh_recent_has(recent, "token", path, i));
        }
        g_assert_false(bh_recent_has(recent, "token", "0", 5000));
        bh_recent_free(recent);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/web/recent/is_known_for_a_while", test_is_known_for_a_while);
        g_test_add_func("/web/recent/is_known_for_that_token_and_path_only",
                        test_is_known_for_that_token_and_path_only);
        g_test_add_func("/web/recent/memory_is_bounded", test_memory_is_bounded);
        return g_test_run();
}
