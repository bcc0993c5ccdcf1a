/* SPDX-License-Identifier: MIT */
#include "forwarded.h"

static void test_cases(void) {
        static const struct {
                const char *peer, *header, *proxies, *client;
        } cases[] = {
                {"192.0.2.1", NULL, "", "192.0.2.1"},
                {"192.0.2.1", "203.0.113.9", "", "192.0.2.1"},
                {"192.0.2.1", "203.0.113.9", "192.0.2.1", "203.0.113.9"},
                {"192.0.2.1", "203.0.113.9", "192.0.2.0/24", "203.0.113.9"},
                {"192.0.2.1", "1.1.1.1, 203.0.113.9", "192.0.2.1", "203.0.113.9"},
                {"192.0.2.1", "1.1.1.1, 203.0.113.9, 192.0.2.7", "192.0.2.0/24", "203.0.113.9"},
                {"192.0.2.1", "192.0.2.5,192.0.2.6", "192.0.2.0/24", "192.0.2.5"},
                {"192.0.2.1", "", "192.0.2.1", "192.0.2.1"},
                {"192.0.2.1", "nonsense", "192.0.2.1", "192.0.2.1"},
                {"192.0.2.1", "203.0.113.9, unknown", "192.0.2.1", "192.0.2.1"},
                {"192.0.2.1", "203.0.113.9:80", "192.0.2.1", "192.0.2.1"},
                {"::1", "2001:db8::5", "::1", "2001:db8::5"},
                {"::ffff:192.0.2.1", "203.0.113.9", "192.0.2.1", "203.0.113.9"},
                {"::ffff:192.0.2.1", NULL, "", "192.0.2.1"},
                {"192.0.2.1", "::ffff:203.0.113.9", "192.0.2.1", "203.0.113.9"},
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GInetAddress) peer = g_inet_address_new_from_string(cases[i].peer);
                g_auto(GStrv) proxies = g_strsplit(cases[i].proxies, ";", 0);
                g_autofree char *client = bh_client_address(peer, cases[i].header, proxies);

                g_test_message("%s by %s", cases[i].header, cases[i].peer);
                g_assert_cmpstr(client, ==, cases[i].client);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/web/forwarded/nearest_untrusted_address_is_the_client", test_cases);
        return g_test_run();
}
