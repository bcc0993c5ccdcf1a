/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Watches a descriptor for something to read, for one wait after the other.
 *
 * GLib writes to its own eventfd for each descriptor that begins or ends to be polled, and does both for each source on the way while it is dispatched: ten
 * writes for each request, when libsoup waits for it by sources that poll the socket. Here the descriptor stays in the poll, and what is waited with
 * has none. While nobody waits and something is there, it is not polled. Main thread only. */

/* Whether a wait is over whatever the descriptor says. */
typedef gboolean (*BhWatchOver)(gpointer data);

/* Watches @fd, which must stay open until g_source_destroy(). The caller's to destroy and to unref. */
GSource *bh_watch_new(int fd);

/* A source that is ready when the descriptor of @watch is readable or has an error, when @over says so, or when @watch is destroyed. For g_pollable_source_new_full(): dispatching
 * it does nothing. @data must stay valid as long as the source is attached. */
GSource *bh_watch_wait(GSource *watch, BhWatchOver over, gpointer data);
