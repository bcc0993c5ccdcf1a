/* SPDX-License-Identifier: MIT */
#pragma once

#include "sender.h"
#include "upload.h"

/* Large bodies between a plain socket and a file, past libsoup. Workers move what can be moved without waiting; the main loop waits. A worker
 * is never held up by a slow client.
 *
 * Why: libsoup hands out 8 KiB at a time. Measured over loopback with a file of 2 GiB in memory, one client, on two cores that others used as well: down 0.4 of
 * what nginx's sendfile does through libsoup, 0.9 to 1.3 directly; up 250 to 460 MB/s through libsoup, 500 to 1030 MB/s directly. */

/* Bodies below this go through libsoup. */
#define BH_DIRECT_MINIMUM (256 * 1024)

/* Whether @request's connection allows it. */
gboolean bh_direct_is_possible(BhRequest *request);

/* One piece of what is sent: @text, or @length bytes of the file from @offset. */
typedef struct {
        char *text;
        guint64 offset, length;
} BhPiece;

/* Sends @head and the pieces as the answer to @request, which ends with them. Takes @fd, @head and @pieces (of BhPiece, with a clear function). */
void bh_direct_send(BhRequest *request, int fd, GString *head, GArray *pieces);

/* Receives @length bytes of @request's body into @upload, then calls @received; @complete is FALSE when the client hung up before. An error of
 * writing is the upload's. Nothing else may be done with @upload meanwhile. */
typedef void (*BhDirectReceived)(BhRequest *request, gboolean complete);
void bh_direct_receive(BhRequest *request, BhUpload *upload, guint64 length, BhDirectReceived received);
