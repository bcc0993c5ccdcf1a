/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <string.h>

#define GET "GET / HTTP/1.1\r\n"
#define HOST "Host: nas\r\n"
#define END "\r\n"

static guint check(const char *head) {
        const char *reason = NULL;
        guint status = bh_guard_check(head, strlen(head), &reason);

        g_test_message("%.60s → %u %s", head, status, reason);
        g_assert_cmpint(status == 0, ==, reason == NULL);
        return status;
}

static void test_sound_heads_pass(void) {
        static const char *const heads[] = {
                GET HOST END,
                "GET / HTTP/1.0\r\n" END,
                "GET / HTTP/1.0\r\n" HOST END,
                "PUT /a%20b?c=d&e HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" END,
                "PUT /a HTTP/1.1\r\n" HOST "transfer-encoding: Chunked\r\n" END,
                "GET http://nas:80/x HTTP/1.1\r\n" HOST END,
                GET "Host: [::1]:8080\r\n" END,
                GET HOST "X:\r\n" END,
                GET HOST "X: \t a\tb \xc3\xa4 \r\n" END,
                GET HOST "Expect: 100-continue\r\n" END,
        };

        for (guint i = 0; i < G_N_ELEMENTS(heads); i++)
                g_assert_cmpuint(check(heads[i]), ==, 0);
}

static void test_ambiguous_heads_are_refused(void) {
        static const struct {
                const char *head;
                guint status;
        } cases[] = {
                {GET END, 400},
                {GET HOST HOST END, 400},
                {GET HOST "host: other\r\n" END, 400},
                {GET "Host: a/b\r\n" END, 400},
                {GET "Host: a b\r\n" END, 400},
                {GET "Host: a, b\r\n" END, 400},
                {GET HOST "Content-Length: 1\r\nContent-Length: 1\r\n" END, 400},
                {GET HOST "Content-Length: 1\r\ncontent-length: 2\r\n" END, 400},
                {GET HOST "Content-Length: 1, 1\r\n" END, 400},
                {GET HOST "Content-Length: +1\r\n" END, 400},
                {GET HOST "Content-Length: -1\r\n" END, 400},
                {GET HOST "Content-Length: 0x1\r\n" END, 400},
                {GET HOST "Content-Length:\r\n" END, 400},
                {GET HOST "Content-Length: 9999999999999999999\r\n" END, 400},
                {GET HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n" END, 400},
                {GET HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END, 400},
                {GET HOST "Transfer-Encoding: gzip, chunked\r\n" END, 501},
                {GET HOST "Transfer-Encoding: identity\r\n" END, 501},
                {GET HOST "Transfer-Encoding: \x0b"
                          "chunked\r\n" END,
                 400},
                {"GET / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n" END, 400},
                {GET HOST "Transfer-Encoding : chunked\r\n" END, 400},
                {GET HOST "Content-Length : 1\r\n" END, 400},
                {GET HOST " folded\r\n" END, 400},
                {GET " folded\r\n" HOST END, 400},
                {GET HOST "no colon\r\n" END, 400},
                {GET HOST ": no name\r\n" END, 400},
                {GET HOST "Bad(name: x\r\n" END, 400},
                {GET HOST "Expect: something\r\n" END, 417},
                {"GET  / HTTP/1.1\r\n" HOST END, 400},
                {"GET /  HTTP/1.1\r\n" HOST END, 400},
                {" GET / HTTP/1.1\r\n" HOST END, 400},
                {"GET / HTTP/1.1 \r\n" HOST END, 400},
                {"GET /\r\n" HOST END, 400},
                {"GET / HTTP/2.0\r\n" HOST END, 505},
                {"GET / HTTP/1.2\r\n" HOST END, 505},
                {"GET / http/1.1\r\n" HOST END, 400},
                {"G\tET / HTTP/1.1\r\n" HOST END, 400},
                {"GET /a#b HTTP/1.1\r\n" HOST END, 400},
                {"GET a HTTP/1.1\r\n" HOST END, 400},
                {"GET * HTTP/1.1\r\n" HOST END, 400},
                {"CONNECT nas:80 HTTP/1.1\r\n" HOST END, 400},
                {"GET http://user@nas/ HTTP/1.1\r\n" HOST END, 400},
                {"GET http:///x HTTP/1.1\r\n" HOST END, 400},
                {"GET /%00 HTTP/1.1\r\n" HOST END, 400},
                {"GET /a?b=%0d%0a HTTP/1.1\r\n" HOST END, 400},
                {"GET /%7F HTTP/1.1\r\n" HOST END, 400},
                {"GET /<script> HTTP/1.1\r\n" HOST END, 400},
                {"GET /\\..\\x HTTP/1.1\r\n" HOST END, 400},
                {"\r\n\r\n", 400},
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
                g_assert_cmpuint(check(cases[i].head), ==, cases[i].status);
}

static char *repeat(const char *text, guint times) {
        GString *all = g_string_new(NULL);

        while (times-- > 0)
                g_string_append(all, text);
        return g_string_free(all, FALSE);
}

static void test_too_much_is_refused(void) {
        g_autofree char *path = repeat("a", BH_MAX_TARGET), *value = repeat("x", BH_MAX_HEADER),
                        *fields = repeat("X: y\r\n", BH_MAX_HEADERS),
                        *large = repeat("X: 0123456789\r\n", BH_MAX_HEAD / 15);
        g_autofree char *long_path = g_strconcat("GET /", path, " HTTP/1.1\r\n" HOST END, NULL);
        g_autofree char *fitting_path = g_strconcat("GET /", path + 1, " HTTP/1.1\r\n" HOST END, NULL);
        g_autofree char *long_field = g_strconcat(GET HOST "X: ", value, "\r\n" END, NULL);
        g_autofree char *many_fields = g_strconcat(GET HOST, fields, END, NULL);
        g_autofree char *fitting_fields = g_strconcat(GET HOST, fields + strlen("X: y\r\n"), END, NULL);
        g_autofree char *large_head = g_strconcat(GET HOST, large, END, NULL);

        g_assert_cmpuint(check(long_path), ==, 414);
        g_assert_cmpuint(check(fitting_path), ==, 0);
        g_assert_cmpuint(check(long_field), ==, 431);
        g_assert_cmpuint(check(many_fields), ==, 431);
        g_assert_cmpuint(check(fitting_fields), ==, 0);
        g_assert_cmpuint(check(large_head), ==, 431);
}

static void test_nul_is_refused(void) {
        static const char head[] = "GET /a\0b HTTP/1.1\r\nHost: nas\r\n\r\n";
        const char *reason;

        g_assert_cmpuint(bh_guard_check(head, sizeof head - 1, &reason), ==, 400);
        g_assert_cmpint(bh_guard_find_end(head, sizeof head - 1, 0), ==, -1);
}

static void test_end_is_found_however_it_arrives(void) {
        static const char text[] = GET HOST END "body";
        gssize length = strlen(GET HOST END);

        for (gsize had = 0; had < (gsize)length; had++) {
                g_assert_cmpint(bh_guard_find_end(text, had, 0), ==, 0);
                g_assert_cmpint(bh_guard_find_end(text, strlen(text), had), ==, length);
        }
}

static void test_what_cannot_become_a_head_is_known_at_once(void) {
        static const char *const texts[] = {"GET / HTTP/1.1\n", "\n",        "GET\r /",
                                            "\x16\x03\x01",     "GET /\x7f", "a\r\n\rb"};

        for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
                g_assert_cmpint(bh_guard_find_end(texts[i], strlen(texts[i]), 0), ==, -1);
        g_assert_cmpint(bh_guard_find_end("GET\r", 4, 0), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/web/guard/sound_heads_pass", test_sound_heads_pass);
        g_test_add_func("/web/guard/ambiguous_heads_are_refused", test_ambiguous_heads_are_refused);
        g_test_add_func("/web/guard/too_much_is_refused", test_too_much_is_refused);
        g_test_add_func("/web/guard/nul_is_refused", test_nul_is_refused);
        g_test_add_func("/web/guard/end_is_found_however_it_arrives", test_end_is_found_however_it_arrives);
        g_test_add_func("/web/guard/what_cannot_become_a_head_is_known_at_once",
                        test_what_cannot_become_a_head_is_known_at_once);
        return g_test_run();
}
