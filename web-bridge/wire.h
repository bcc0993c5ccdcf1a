/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

/* The stream between a client and libsoup.
 *
 * It holds a request's head back until it is complete and has passed the guard, and gives libsoup that head and no byte more. So libsoup parses only heads that
 * are in order; and what follows one is still here, so that large bodies can go between socket and file without passing through libsoup, and
 * the connection can go on afterwards in a new wire. Main thread only. */
#define BH_TYPE_WIRE (bh_wire_get_type())
G_DECLARE_FINAL_TYPE(BhWire, bh_wire, BH, WIRE, GIOStream)

/* A head was refused with @status for @reason. From now on libsoup reads nothing and what comes in is dropped, until the socket is shut down. */
typedef void (*BhWireRefused)(gpointer data, guint status, const char *reason);

BhWire *bh_wire_new(GIOStream *base, BhWireRefused refused, gpointer data);

/* The body, if any, has been read: what follows is a head. */
void bh_wire_expect_head(BhWire *wire);

/* What libsoup writes next is the head of an answer with a body: it waits for the first of the body, so that both go out in one piece. */
void bh_wire_hold_head(BhWire *wire);

/* The request target of the last head, as it came: libsoup's own resolves "..", decodes and encodes. Borrowed, "" before the first. */
const char *bh_wire_get_target(BhWire *wire);

/* Takes up to @size bytes that have been received beyond the head; 0 when there are none here. */
gsize bh_wire_take(BhWire *wire, void *buffer, gsize size);

/* A new wire on the same connection, which begins with what has been received already. For libsoup the old one has ended. */
BhWire *bh_wire_renew(BhWire *wire);
