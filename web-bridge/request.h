/* SPDX-License-Identifier: MIT */
#pragma once

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

#include "bodies.h"
#include "bus.h"
#include "config.h"
#include "connection.h"
#include "recent.h"
#include "routes.h"

typedef struct BhEvents BhEvents;

/* The program. Borrowed by every request. */
typedef struct {
        BhConfig *config;
        BhBus *bus;
        SoupServer *soup;
        BhConnections *connections;
        BhRecent *recent;     /* downloads */
        GThreadPool *workers; /* see work.h */
        BhBodies *bodies;
        BhEvents *events;       /* NULL once the program ends */
        GBytes *openapi, *docs; /* printed once */
} BhServer;

/* One request, from its head to its answer; belongs to its message. Main thread only. */
struct BhRequest {
        BhServer *server;
        SoupServerMessage *msg; /* the owner */
        const BhRoute *route;   /* NULL: none of the table */
        char *target;           /* path of the request target, still encoded, as it came */
        char *target_query;     /* its query, NULL: none */
        GHashTable *path;       /* values of the placeholders, decoded */
        GHashTable *query;
        GHashTable *cookies;
        JsonNode *body; /* parsed JSON, of a row of the table that has one */
        char *token;    /* of Authorization: Bearer, NULL: none */
        char *client_address;
        gboolean secure;    /* TLS here or at a trusted proxy */
        gboolean complete;  /* the body has been read */
        gboolean continues; /* the client waits for "100 Continue" before it sends the body */
        gboolean paused;
        gboolean answered;
        gsize received;    /* bytes of a body that is not streamed */
        gboolean bypassed; /* the body was read past libsoup, which still waits for it */
        gboolean gone;     /* the client has hung up, or the answer is out */
        gpointer stream;   /* of a streaming handler */
        GDestroyNotify stream_free;
        void (*stream_gone)(BhRequest *request); /* the client hung up before it was answered */
};

BhRequest *bh_request_new(BhServer *server, SoupServerMessage *msg);
BhRequest *bh_request_from_message(SoupServerMessage *msg);

/* Keep the message, and so the request, through an asynchronous call. */
BhRequest *bh_request_ref(BhRequest *request);
void bh_request_unref(BhRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhRequest, bh_request_unref)

/* Reads the request target into @request. */
void bh_request_read_target(BhRequest *request);

/* Reads what the head says into @request: addresses, cookies, token, query, placeholders. FALSE when it has answered with a refusal. */
gboolean bh_request_read_head(BhRequest *request);

/* The connection, or NULL when it is gone. */
BhConnection *bh_request_connection(BhRequest *request);

const char *bh_request_header(BhRequest *request, const char *name);
/* Whether the client has what @etag (with its quotes) names, as If-None-Match says: by the weak comparison. */
gboolean bh_request_has_etag(BhRequest *request, const char *etag);

gboolean bh_request_is(BhRequest *request, const char *method);

/* Text of a decoded placeholder, query or cookie value; NULL when it is absent. */
const char *bh_request_path_value(BhRequest *request, const char *name);
const char *bh_request_query_value(BhRequest *request, const char *name);
gboolean bh_request_query_flag(BhRequest *request, const char *name);

/* The request is over: it has been answered, or the client has hung up. Nothing is done for it any more. */
void bh_request_over(BhRequest *request);

/* The same for one whose answer went past libsoup, all of it. The connection goes on when the client wants it to. */
void bh_request_over_directly(BhRequest *request);

/* Stops libsoup's work on the message until it is answered or bh_request_resume() is called. */
void bh_request_pause(BhRequest *request);
void bh_request_resume(BhRequest *request);
