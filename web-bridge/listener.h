/* SPDX-License-Identifier: MIT */
#pragma once

#include <libsoup/soup.h>

#include "connection.h"

/* Accepts connections for a SoupServer, so that caps and timers hold from the first moment. */
typedef struct BhListener BhListener;

/* Listens where @config says, or on the sockets that systemd passed. @soup, which is the server of @connections, and these are borrowed. */
BhListener *bh_listener_new(const BhConfig *config, SoupServer *soup, BhConnections *connections, GError **error);

/* The port that it listens on, 0 when that is unknown (a passed socket of another family). */
guint bh_listener_get_port(BhListener *listener);

/* Stops to accept; what has been accepted goes on. */
void bh_listener_stop(BhListener *listener);
void bh_listener_free(BhListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhListener, bh_listener_free)
