/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "jwt.h"
#include "verified-tokens.h"

#define NOW INT64_C(1800000000)
#define LIFETIME 900

static const uint8_t key[32] = "0123456789abcdef0123456789abcdef";

static char *sign_for(uint64_t account, const char *session, const uint8_t *with) {
        const BhJwtClaims claims = {
                .sub = account,
                .username = (char *)"alex",
                .role = (char *)"user",
                .sid = (char *)session,
                .jti = (char *)"jti",
                .iat = NOW,
                .exp = NOW + LIFETIME,
        };

        return bh_jwt_sign(with, sizeof key, &claims);
}

static int check(BhVerifiedTokens *tokens, const char *token, int64_t now) {
        g_autofree char *session = NULL;
        uint64_t account;

        return bh_verified_tokens_check(tokens, token, now, &account, &session);
}

static void a_token_says_the_same_each_time(void) {
        g_autofree char *alex = sign_for(7, "one", key), *maria = sign_for(8, "two", key);
        BhVerifiedTokens *tokens = bh_verified_tokens_new(key, sizeof key);

        for (unsigned i = 0; i < 3; i++) {
                g_autofree char *first = NULL, *second = NULL;
                uint64_t account;

                g_assert_cmpint(bh_verified_tokens_check(tokens, alex, NOW + i, &account, &first), ==, 0);
                g_assert_cmpuint(account, ==, 7);
                g_assert_cmpstr(first, ==, "one");
                g_assert_cmpint(bh_verified_tokens_check(tokens, maria, NOW + i, &account, &second), ==, 0);
                g_assert_cmpuint(account, ==, 8);
                g_assert_cmpstr(second, ==, "two");
                g_assert_cmpuint(bh_verified_tokens_count(tokens), ==, 2);
        }
        bh_verified_tokens_free(tokens);
}

static void a_remembered_token_expires_all_the_same(void) {
        g_autofree char *token = sign_for(7, "one", key);
        BhVerifiedTokens *tokens = bh_verified_tokens_new(key, sizeof key);

        g_assert_cmpint(check(tokens, token, NOW), ==, 0);
        g_assert_cmpint(check(tokens, token, NOW + LIFETIME - 1), ==, 0);
        g_assert_cmpint(check(tokens, token, NOW + LIFETIME), ==, -EKEYREJECTED);
        g_assert_cmpint(check(tokens, token, NOW + LIFETIME - 1), ==, 0);
        bh_verified_tokens_free(tokens);
}

static void a_clock_that_was_set_back_counts(void) {
        g_autofree char *token = sign_for(7, "one", key);
        BhVerifiedTokens *tokens = bh_verified_tokens_new(key, sizeof key);

        g_assert_cmpint(check(tokens, token, NOW - 3600), ==, -EKEYREJECTED);
        g_assert_cmpint(check(tokens, token, NOW), ==, 0);
        g_assert_cmpint(check(tokens, token, NOW - 3600), ==, -EKEYREJECTED);
        g_assert_cmpint(check(tokens, token, NOW), ==, 0);
        bh_verified_tokens_free(tokens);
}

static void nothing_that_is_like_a_remembered_token_passes(void) {
        g_autofree char *token = sign_for(7, "one", key), *longer = g_strconcat(token, "A", NULL);
        BhVerifiedTokens *tokens = bh_verified_tokens_new(key, sizeof key);

        g_assert_cmpint(check(tokens, token, NOW), ==, 0);
        for (char *c = token; *c; c++) {
                char good = *c;

                *c = good == 'A' ? 'B' : 'A';
                g_assert_cmpint(check(tokens, token, NOW), ==, -EKEYREJECTED);
                *c = good;
        }
        g_assert_cmpint(check(tokens, longer, NOW), ==, -EKEYREJECTED);
        token[strlen(token) - 1] = '\0';
        g_assert_cmpint(check(tokens, token, NOW), ==, -EKEYREJECTED);
        g_assert_cmpint(check(tokens, "", NOW), ==, -EKEYREJECTED);
        g_assert_cmpuint(bh_verified_tokens_count(tokens), ==, 1);
        bh_verified_tokens_free(tokens);
}

static void what_another_key_signed_is_refused_and_takes_no_room(void) {
        static const uint8_t other[32] = "fedcba9876543210fedcba9876543210";
        g_autofree char *token = sign_for(7, "one", other);
        BhVerifiedTokens *tokens = bh_verified_tokens_new(key, sizeof key);

        for (unsigned i = 0; i < 3; i++)
                g_assert_cmpint(check(tokens, token, NOW), ==, -EKEYREJECTED);
        g_assert_cmpuint(bh_verified_tokens_count(tokens), ==, 0);
        bh_verified_tokens_free(tokens);
}

static void memory_is_bounded_and_what_was_forgotten_still_passes(void) {
        g_autofree char *first = sign_for(1, "s", key);
        BhVerifiedTokens *tokens = bh_verified_tokens_new(key, sizeof key);

        for (unsigned i = 1; i <= 3 * BH_VERIFIED_TOKENS_MAX; i++) {
                g_autofree char *token = sign_for(i, "s", key);

                g_assert_cmpint(check(tokens, token, NOW), ==, 0);
                g_assert_cmpuint(bh_verified_tokens_count(tokens), <=, BH_VERIFIED_TOKENS_MAX);
        }
        g_assert_cmpint(check(tokens, first, NOW), ==, 0);
        bh_verified_tokens_free(tokens);
}

static void *check_many(void *data) {
        for (unsigned i = 0; i < 4000; i++) {
                g_autofree char *token = sign_for(i % 1500 + 1, "s", key), *session = NULL;
                uint64_t account;

                g_assert_cmpint(bh_verified_tokens_check(data, token, NOW, &account, &session), ==, 0);
                g_assert_cmpuint(account, ==, i % 1500 + 1);
                g_assert_cmpstr(session, ==, "s");
        }
        return NULL;
}

static void threads_do_not_disturb_each_other(void) {
        BhVerifiedTokens *tokens = bh_verified_tokens_new(key, sizeof key);
        GThread *threads[4];

        for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
                threads[i] = g_thread_new("check", check_many, tokens);
        for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
                g_thread_join(threads[i]);
        bh_verified_tokens_free(tokens);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/verified-tokens/same", a_token_says_the_same_each_time);
        g_test_add_func("/verified-tokens/expires", a_remembered_token_expires_all_the_same);
        g_test_add_func("/verified-tokens/clock", a_clock_that_was_set_back_counts);
        g_test_add_func("/verified-tokens/alike", nothing_that_is_like_a_remembered_token_passes);
        g_test_add_func("/verified-tokens/key", what_another_key_signed_is_refused_and_takes_no_room);
        g_test_add_func("/verified-tokens/bounded", memory_is_bounded_and_what_was_forgotten_still_passes);
        g_test_add_func("/verified-tokens/threads", threads_do_not_disturb_each_other);
        return g_test_run();
}
