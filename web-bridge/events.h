/* SPDX-License-Identifier: MIT */
#pragma once

#include "request.h"

/* GET /api/events: what happens on the NAS, as server-sent events. A stream begins with "hello" {"heartbeat_seconds":25}, after which a client
 * reads anew what it shows and expects a comment at least so often; each further event says what to read again, and carries nothing that only some
 * may know:
 *
 *   changed, added, removed   {"path":"disks/ID","interface":"Disk"}
 *   job                       {"path":"jobs/3","success":true}: it has ended
 *   alert                     {"path":"alerts/4","severity":"critical","title":"…","text":"…"}: it is new, or has become critical
 *   alert-resolved            {"path":"alerts/4","title":"…"}
 *
 * Signals of the service are subscribed to for as long as somebody listens. A stream ends with the session of its token. Main thread only. */

/* Streams at once; more are refused with 503. */
#define BH_EVENTS_MAX 256

/* @server: borrowed, outlives it. */
BhEvents *bh_events_new(BhServer *server);
void bh_events_free(BhEvents *events);

/* Ends all streams; for the end of the program. */
void bh_events_end(BhEvents *events);

/* The handler of the row. */
void bh_events_serve(BhRequest *request);
