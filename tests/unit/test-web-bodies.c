/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "bodies.h"

static void keep(BhBodies *bodies, const char *token, const char *query, const char *version, gsize size) {
        g_autofree char *text = g_strnfill(size, 'x');
        g_autoptr(GBytes) body = g_bytes_new(text, size);

        bh_bodies_keep(bodies, token, query, version, body);
}

/* Version of what is kept, and its size in @size; "" when there is nothing. Free with g_free(). */
static char *find(BhBodies *bodies, const char *token, const char *query, gsize *size) {
        char *version;
        g_autoptr(GBytes) body = bh_bodies_find(bodies, token, query, &version);

        g_assert_cmpint(body == NULL, ==, version == NULL);
        *size = body ? g_bytes_get_size(body) : 0;
        return version ? version : g_strdup("");
}

static void assert_found(BhBodies *bodies, const char *token, const char *query, const char *version, gsize size) {
        gsize found_size;
        g_autofree char *found = find(bodies, token, query, &found_size);

        g_assert_cmpstr(found, ==, version);
        g_assert_cmpuint(found_size, ==, size);
}

static void test_every_token_has_its_own(void) {
        BhBodies *bodies = bh_bodies_new();

        assert_found(bodies, "a", "q", "", 0);
        keep(bodies, "a", "q", "1", 10);
        keep(bodies, "b", "q", "2", 20);
        keep(bodies, "a", "qq", "3", 30);
        assert_found(bodies, "a", "q", "1", 10);
        assert_found(bodies, "b", "q", "2", 20);
        assert_found(bodies, "a", "qq", "3", 30);
        assert_found(bodies, "aq", "q", "", 0); /* where one ends and the other begins counts */
        keep(bodies, "a", "q", "4", 40);
        assert_found(bodies, "a", "q", "4", 40);
        bh_bodies_free(bodies);
}

static void test_the_oldest_go_first(void) {
        BhBodies *bodies = bh_bodies_new();

        for (guint i = 0; i < 300; i++) {
                g_autofree char *query = g_strdup_printf("%u", i);

                keep(bodies, "t", query, "v", 1);
                assert_found(bodies, "t", "0", "v", 1);
        }
        assert_found(bodies, "t", "1", "", 0);
        assert_found(bodies, "t", "299", "v", 1);
        bh_bodies_free(bodies);
}

static void test_bytes_are_bounded(void) {
        const gsize mebibyte = 1024 * 1024;
        BhBodies *bodies = bh_bodies_new();

        for (guint i = 0; i < 20; i++) {
                g_autofree char *query = g_strdup_printf("%u", i);

                keep(bodies, "t", query, "v", mebibyte);
                g_assert_cmpuint(bh_bodies_size(bodies), <=, 8 * mebibyte);
        }
        keep(bodies, "t", "19", "v", 3 * mebibyte);
        assert_found(bodies, "t", "19", "", 0); /* too large, and what was there is not of that version */
        g_assert_cmpuint(bh_bodies_size(bodies), >, 5 * mebibyte);
        bh_bodies_free(bodies);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/bodies/every_token_has_its_own", test_every_token_has_its_own);
        g_test_add_func("/bodies/the_oldest_go_first", test_the_oldest_go_first);
        g_test_add_func("/bodies/bytes_are_bounded", test_bytes_are_bounded);
        return g_test_run();
}
