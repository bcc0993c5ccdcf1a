/* SPDX-License-Identifier: MIT */
#include "content.h"

static void test_only_harmless_types_are_shown(void) {
        static const struct {
                const char *type;
                gboolean shown;
                const char *sent; /* when it is to be shown */
        } cases[] = {
                {"image/png", TRUE, "image/png"},
                {"image/svg+xml", FALSE, "image/svg+xml"},
                {"image/svg+xml-compressed", FALSE, "image/svg+xml-compressed"},
                {"video/mp4", TRUE, "video/mp4"},
                {"audio/ogg", TRUE, "audio/ogg"},
                {"text/html", TRUE, "text/plain; charset=utf-8"},
                {"text/xml", TRUE, "text/plain; charset=utf-8"},
                {"application/json", TRUE, "text/plain; charset=utf-8"},
                {"application/pdf", TRUE, "application/pdf"},
                {"application/xhtml+xml", FALSE, "application/xhtml+xml"},
                {"application/javascript", FALSE, "application/javascript"},
                {NULL, FALSE, "application/octet-stream"},
                {"", FALSE, "application/octet-stream"},
                {"text", FALSE, "application/octet-stream"},
                {"image/png\r\nX: y", FALSE, "application/octet-stream"},
                {"image/png; x=y", FALSE, "application/octet-stream"},
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                SoupMessageHeaders *shown = soup_message_headers_new(SOUP_MESSAGE_HEADERS_RESPONSE);
                SoupMessageHeaders *saved = soup_message_headers_new(SOUP_MESSAGE_HEADERS_RESPONSE);

                g_test_message("%s", cases[i].type);
                g_assert_cmpstr(bh_content_headers(shown, "n", cases[i].type, TRUE), ==, cases[i].sent);
                g_assert_cmpint(g_str_has_prefix(soup_message_headers_get_one(shown, "Content-Disposition"), "inline;"),
                                ==, cases[i].shown);
                bh_content_headers(saved, "n", cases[i].type, FALSE);
                g_assert_true(
                        g_str_has_prefix(soup_message_headers_get_one(saved, "Content-Disposition"), "attachment;"));
                g_assert_true(
                        g_str_has_prefix(soup_message_headers_get_one(saved, "Content-Security-Policy"), "sandbox;"));
                soup_message_headers_unref(shown);
                soup_message_headers_unref(saved);
        }
}

static void test_names_cannot_leave_their_quotes(void) {
        static const struct {
                const char *name, *header;
        } cases[] = {
                {"a.txt", "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt"},
                {"ä€.txt", "attachment; filename=\"__.txt\"; filename*=UTF-8''%C3%A4%E2%82%AC.txt"},
                {"a\"b\\c%d", "attachment; filename=\"a_b_c_d\"; filename*=UTF-8''a%22b%5Cc%25d"},
                {"a\r\nX: y", "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"},
                {"'(a)*", "attachment; filename=\"'(a)*\"; filename*=UTF-8''%27%28a%29%2A"},
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *header = bh_content_disposition("attachment", cases[i].name);

                g_assert_cmpstr(header, ==, cases[i].header);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/web/content/only_harmless_types_are_shown", test_only_harmless_types_are_shown);
        g_test_add_func("/web/content/names_cannot_leave_their_quotes", test_names_cannot_leave_their_quotes);
        return g_test_run();
}
