/* SPDX-License-Identifier: MIT */
#include "target.h"

static void test_decoding_happens_once(void) {
        static const struct {
                const char *text, *plain, *query;
        } cases[] = {
                {"", "", ""},
                {"a%2Fb", "a/b", "a/b"},
                {"%252F", "%2F", "%2F"},
                {"%25252F", "%252F", "%252F"},
                {"a+b%2b", "a+b+", "a b+"},
                {"%C3%A4", "ä", "ä"},
                {"..%2f..%2Fetc", "../../etc", "../../etc"},
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                const char *error = NULL;
                g_autofree char *plain = bh_percent_decode(cases[i].text, FALSE, &error);
                g_autofree char *query = bh_percent_decode(cases[i].text, TRUE, &error);

                g_assert_cmpstr(plain, ==, cases[i].plain);
                g_assert_cmpstr(query, ==, cases[i].query);
                g_assert_null(error);
        }
}

static void test_malformed_is_refused(void) {
        static const char *const cases[] = {"%",     "%2",  "%zz", "a%2",    "%-1",       "% 1",  "%00",
                                            "a%00b", "%ff", "%C3", "%C3%28", "%ED%A0%80", "\xff", "%F5%80%80%80"};

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                const char *error = NULL;

                g_autofree char *shown = g_strescape(cases[i], NULL);

                g_test_message("%s", shown);
                g_assert_null(bh_percent_decode(cases[i], FALSE, &error));
                g_assert_nonnull(error);
        }
}

static void test_query(void) {
        g_autofree char *member = NULL;
        const char *error = NULL;
        g_autoptr(GHashTable) values =
                bh_query_parse("path=a%2Fb+c&flag&limit=1&&x=%26%3D&limit=2&=e", &member, &error);
        g_autoptr(GHashTable) none = bh_query_parse(NULL, &member, &error);

        g_assert_cmpstr(g_hash_table_lookup(values, "path"), ==, "a/b c");
        g_assert_cmpstr(g_hash_table_lookup(values, "flag"), ==, "");
        g_assert_cmpstr(g_hash_table_lookup(values, "limit"), ==, "2");
        g_assert_cmpstr(g_hash_table_lookup(values, "x"), ==, "&=");
        g_assert_cmpuint(g_hash_table_size(none), ==, 0);
        g_assert_null(bh_query_parse("a=1&path=%ff", &member, &error));
        g_assert_cmpstr(member, ==, "path");
        g_clear_pointer(&member, g_free);
        g_assert_null(bh_query_parse("%ff=1", &member, &error));
        g_assert_null(member);
}

static void test_templates(void) {
        static const struct {
                const char *template, *path;
                gboolean matches;
                const char *name, *value;
        } cases[] = {
                {"/api/users", "/api/users", TRUE, NULL, NULL},
                {"/api/users", "/api/users/", TRUE, NULL, NULL},
                {"/api/users", "/api/users//", FALSE, NULL, NULL},
                {"/api/users", "/api/user", FALSE, NULL, NULL},
                {"/api/users", "/api/users2", FALSE, NULL, NULL},
                {"/api/users", "/api", FALSE, NULL, NULL},
                {"/api/users/{id}", "/api/users/5", TRUE, "id", "5"},
                {"/api/users/{id}", "/api/users/5/", TRUE, "id", "5"},
                {"/api/users/{id}", "/api/users/", FALSE, NULL, NULL},
                {"/api/users/{id}", "/api/users/5/x", FALSE, NULL, NULL},
                {"/api/users/{id}/toggle", "/api/users/a%2Fb/toggle", TRUE, "id", "a%2Fb"},
                {"/api/files/{path}", "/api/files/a/b%2Fc", TRUE, "path", "a/b%2Fc"},
                {"/api/files/{path}", "/api/files/", TRUE, "path", ""},
                {"/api/files/{path}", "/api/files", FALSE, NULL, NULL},
                {"/api/files/{path}", "/api/files/a/", TRUE, "path", "a/"},
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GHashTable) values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

                g_test_message("%s on %s", cases[i].template, cases[i].path);
                g_assert_cmpint(bh_template_match(cases[i].template, cases[i].path, values), ==, cases[i].matches);
                if (cases[i].name)
                        g_assert_cmpstr(g_hash_table_lookup(values, cases[i].name), ==, cases[i].value);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/web/target/percent_encoding_is_decoded_once", test_decoding_happens_once);
        g_test_add_func("/web/target/malformed_encoding_is_refused", test_malformed_is_refused);
        g_test_add_func("/web/target/query_is_a_table", test_query);
        g_test_add_func("/web/target/template_matches_segments", test_templates);
        return g_test_run();
}
