/* SPDX-License-Identifier: MIT */
#include "forwarded.h"

#include <string.h>

/* An IPv4 client of an IPv6 socket is "::ffff:192.0.2.1" to the kernel, and 192.0.2.1 to everybody else. */
static GInetAddress *unmap(GInetAddress *address) {
        static const guint8 prefix[12] = {[10] = 0xff, [11] = 0xff};
        const guint8 *bytes = g_inet_address_to_bytes(address);

        if (g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV6 && memcmp(bytes, prefix, sizeof prefix) == 0)
                return g_inet_address_new_from_bytes(bytes + sizeof prefix, G_SOCKET_FAMILY_IPV4);
        return g_object_ref(address);
}

gboolean bh_proxy_is_trusted(GInetAddress *address, char **proxies) {
        g_autoptr(GInetAddress) plain = unmap(address);

        for (char **proxy = proxies; *proxy; proxy++) {
                g_autoptr(GInetAddressMask) mask = g_inet_address_mask_new_from_string(*proxy, NULL);

                if (mask && g_inet_address_mask_matches(mask, plain))
                        return TRUE;
        }
        return FALSE;
}

char *bh_client_address(GInetAddress *peer, const char *header, char **proxies) {
        g_autoptr(GInetAddress) client = unmap(peer);
        g_auto(GStrv) hops = g_strsplit(header ? header : "", ",", 0);

        for (guint i = g_strv_length(hops); i > 0 && bh_proxy_is_trusted(client, proxies); i--) {
                g_autoptr(GInetAddress) hop = g_inet_address_new_from_string(g_strstrip(hops[i - 1]));

                if (!hop)
                        break;
                g_object_unref(client);
                client = unmap(hop);
        }
        return g_inet_address_to_string(client);
}
