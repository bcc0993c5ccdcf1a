/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>

#include "password.h"

static const BhPasswordCost cost = {1, 1024 * 1024};

static void a_hash_matches_its_password_only(void) {
        g_autofree char *hash = NULL, *again = NULL;

        g_assert_cmpint(bh_password_hash(&cost, "correct horse", &hash), ==, 0);
        g_assert_true(g_str_has_prefix(hash, "$argon2id$v=19$m=1024,t=1,p=1$"));
        g_assert_cmpint(bh_password_verify(&cost, hash, "correct horse"), ==, 0);
        g_assert_cmpint(bh_password_verify(&cost, hash, "correct horsf"), ==, -EKEYREJECTED);
        g_assert_cmpint(bh_password_verify(&cost, hash, ""), ==, -EKEYREJECTED);

        g_assert_cmpint(bh_password_hash(&cost, "correct horse", &again), ==, 0);
        g_assert_cmpstr(hash, !=, again); /* it is salted */
}

static void nobody_has_no_password(void) {
        g_assert_cmpint(bh_password_verify(&cost, NULL, "correct horse"), ==, -EKEYREJECTED);
        g_assert_cmpint(bh_password_verify(&cost, NULL, ""), ==, -EKEYREJECTED);
}

static int64_t time_of(const char *hash) {
        int64_t best = INT64_MAX;

        for (int i = 0; i < 5; i++) {
                int64_t start = g_get_monotonic_time();

                g_assert_cmpint(bh_password_verify(&(BhPasswordCost){3, 8 * 1024 * 1024}, hash, "wrong"), ==,
                                -EKEYREJECTED);
                best = MIN(best, g_get_monotonic_time() - start);
        }
        return best;
}

static void an_unknown_user_costs_as_much_as_a_wrong_password(void) {
        g_autofree char *hash = NULL;
        int64_t known, unknown;

        g_assert_cmpint(bh_password_hash(&(BhPasswordCost){3, 8 * 1024 * 1024}, "right", &hash), ==, 0);
        known = time_of(hash);
        unknown = time_of(NULL);
        g_assert_cmpint(unknown, >, known / 2);
        g_assert_cmpint(unknown, <, known * 2);
}

static void another_cost_is_noticed(void) {
        g_autofree char *hash = NULL;

        g_assert_cmpint(bh_password_hash(&cost, "correct horse", &hash), ==, 0);
        g_assert_false(bh_password_needs_rehash(&cost, hash));
        g_assert_true(bh_password_needs_rehash(&(BhPasswordCost){2, 1024 * 1024}, hash));
        g_assert_true(bh_password_needs_rehash(&(BhPasswordCost){1, 2048 * 1024}, hash));
        g_assert_true(bh_password_needs_rehash(&cost, "$y$j9T$nonsense"));
}

static void a_hash_of_another_cost_still_verifies(void) {
        g_autofree char *hash = NULL;

        g_assert_cmpint(bh_password_hash(&(BhPasswordCost){2, 2048 * 1024}, "correct horse", &hash), ==, 0);
        g_assert_cmpint(bh_password_verify(&cost, hash, "correct horse"), ==, 0);
}

static void a_broken_hash_matches_nothing(void) {
        static const char *const hashes[] = {"", "x", "$argon2id$", "$argon2id$v=19$m=1024,t=1,p=1$AAAA$AAAA"};

        for (size_t i = 0; i < G_N_ELEMENTS(hashes); i++)
                g_assert_cmpint(bh_password_verify(&cost, hashes[i], "correct horse"), ==, -EKEYREJECTED);
}

static void too_much_memory_is_an_error(void) {
        g_autofree char *hash = NULL;

        g_assert_cmpint(bh_password_hash(&(BhPasswordCost){1, SIZE_MAX}, "correct horse", &hash), ==, -ENOMEM);
        g_assert_null(hash);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/password/match", a_hash_matches_its_password_only);
        g_test_add_func("/password/nobody", nobody_has_no_password);
        g_test_add_func("/password/timing", an_unknown_user_costs_as_much_as_a_wrong_password);
        g_test_add_func("/password/needs-rehash", another_cost_is_noticed);
        g_test_add_func("/password/other-cost", a_hash_of_another_cost_still_verifies);
        g_test_add_func("/password/broken", a_broken_hash_matches_nothing);
        g_test_add_func("/password/memory", too_much_memory_is_an_error);
        return g_test_run();
}
