/* SPDX-License-Identifier: MIT */
#pragma once

#include <libsoup/soup.h>

#include "config.h"

/* A client's connection, from accept() until its stream is finalized. libsoup has no timers and no caps, so they are here: a connection is always in one
 * phase, most phases have a deadline, and when it passes the socket is shut down, which libsoup notices like any hang-up. Main thread only. */
typedef struct BhConnection BhConnection;
typedef struct BhConnections BhConnections;

typedef enum {
        BH_PHASE_HEAD,  /* waiting for, or reading, a request head: header-timeout in all */
        BH_PHASE_BODY,  /* reading a body: body-timeout, extended by bh_connection_progress() */
        BH_PHASE_WORK,  /* the NAS is at work: no deadline */
        BH_PHASE_REPLY, /* writing an answer: body-timeout, extended by bh_connection_progress() */
        BH_PHASE_IDLE,  /* between two requests: keep-alive-timeout */
} BhPhase;

/* The answer to a head that the guard refuses, as it goes over the wire. */
typedef GString *(*BhRefusal)(guint status, const char *reason);

/* @config and @soup: borrowed, must outlive it. */
BhConnections *bh_connections_new(const BhConfig *config, SoupServer *soup, BhRefusal refusal);
void bh_connections_free(BhConnections *connections);
guint bh_connections_count(BhConnections *connections);

/* Shuts down every connection that is not in the middle of a request; those in one are when it ends. */
void bh_connections_drain(BhConnections *connections);

/* Registers a socket just accepted. NULL when a cap forbids it: close it. The connection lives until @stream, the connection
 * object of @socket, is finalized. */
BhConnection *bh_connection_new(BhConnections *connections, GSocket *socket, GIOStream *stream);

/* The connection that @address, as given to soup_server_accept_iostream(), belongs to; NULL when it is gone. */
BhConnection *bh_connection_from_address(GSocketAddress *address);

/* Address of the other end; the object to give to soup_server_accept_iostream(). Borrowed. */
GSocketAddress *bh_connection_get_address(BhConnection *connection);
GSocket *bh_connection_get_socket(BhConnection *connection);

void bh_connection_enter(BhConnection *connection, BhPhase phase);

/* @bytes more have moved. The deadline moves on with every 4 KiB, so that a byte now and then does not keep a connection open. */
void bh_connection_progress(BhConnection *connection, gsize bytes);

/* Lets libsoup serve the connection. @stream: that of bh_connection_new(), or TLS over it. */
void bh_connection_serve(BhConnection *connection, GIOStream *stream);

/* Lets libsoup serve it anew after the answer to a request went past libsoup, which is left with an ended stream. */
void bh_connection_serve_again(BhConnection *connection);

/* The answer that libsoup is about to write has a body: its head goes out with the first of it. */
void bh_connection_hold_head(BhConnection *connection);

/* Whether bytes may go between the socket and files directly: not through TLS. */
gboolean bh_connection_is_plain(BhConnection *connection);

/* The target of the request being served, as it came. Borrowed. */
const char *bh_connection_get_target(BhConnection *connection);

/* Takes bytes of the body that were received together with the head. */
gsize bh_connection_take(BhConnection *connection, void *buffer, gsize size);

/* Writes a short text past libsoup; FALSE when the client takes less, as one does that does not read. */
gboolean bh_connection_write(BhConnection *connection, const char *text, gsize length);

/* Sends @text, an answer to a request whose body has not been read, past libsoup; then closes our side and gives the client two seconds to read it.
 * libsoup goes on reading meanwhile and finds the socket closed. No phase applies any more. */
void bh_connection_answer_and_linger(BhConnection *connection, const char *text, gsize length);

/* Ends it both ways at once. */
void bh_connection_shutdown(BhConnection *connection);
