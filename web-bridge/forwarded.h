/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

/* Whether @address is one of @proxies, addresses and networks that bh_config_load() has checked. */
gboolean bh_proxy_is_trusted(GInetAddress *address, char **proxies);

/* Address of the client as text: @peer's own, or, while the peer is a trusted proxy, the right-most address of @header (X-Forwarded-For, all its
 * lines joined by ",", may be NULL) that is not one. Text that is no address ends the search: nothing further to the left is believed. */
char *bh_client_address(GInetAddress *peer, const char *header, char **proxies);
