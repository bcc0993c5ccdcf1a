/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "server.h"

#include "call.h"
#include "json.h"
#include "pages.h"
#include "reply.h"
#include "session.h"

#include <string.h>

#define MAX_JSON_BODY (1024 * 1024)

static gboolean route_has_body(const BhRoute *route) {
        if ((route->flags & BH_ROUTE_ARRAY_BODY) || route->body_schema)
                return TRUE;
        for (const BhInput *input = route->inputs; input->source != BH_FROM_NOWHERE; input++)
                if (input->source == BH_FROM_BODY || input->source == BH_FROM_JOIN)
                        return TRUE;
        return FALSE;
}

/* "application/json; charset=utf-8"; absent is taken for JSON. Forms of other sites, which browsers send without asking, are not JSON. */
static gboolean body_is_json(BhRequest *request) {
        g_autofree char *type = g_strdup(bh_request_header(request, "Content-Type"));

        if (!type)
                return TRUE;
        type[strcspn(type, ";")] = '\0';
        g_strstrip(type);
        return g_ascii_strcasecmp(type, "application/json") == 0 || g_str_has_suffix(type, "+json");
}

/* FALSE when it has answered. */
static gboolean read_json_body(BhRequest *request) {
        SoupMessageBody *body = soup_server_message_get_request_body(request->msg);
        g_autoptr(GBytes) bytes = NULL;
        const char *problem;
        gsize length;
        const char *text;

        if (!route_has_body(request->route) || body->length == 0)
                return TRUE;
        if (!body_is_json(request)) {
                bh_reply_error(request, 415, "The body must be application/json");
                return FALSE;
        }
        bytes = soup_message_body_flatten(body);
        text = g_bytes_get_data(bytes, &length);
        request->body = bh_json_parse(text, length, (request->route->flags & BH_ROUTE_ARRAY_BODY) != 0, &problem);
        if (!request->body)
                bh_reply_problem(request, "body", NULL, problem);
        return request->body != NULL;
}

static void on_complete(SoupServer *soup, SoupServerMessage *msg, const char *path, GHashTable *query, gpointer data) {
        BhRequest *request = bh_request_from_message(msg);

        request->complete = TRUE;
        if (request->answered)
                return;
        if (!request->route)
                bh_pages_serve(request);
        else if (read_json_body(request)) {
                if (request->route->handler)
                        request->route->handler(request);
                else
                        bh_call_route(request);
        }
}

/* "Authorization" or, for content that a page shows, the media cookie. Without either no route but the public ones is called: the bridge's own Unix
 * user may well be somebody on the NAS. */
static gboolean check_token(BhRequest *request) {
        const BhRoute *route = request->route;
        const char *cookie = bh_table_get(request->cookies, BH_COOKIE_MEDIA);

        if (route->access == BH_ACCESS_PUBLIC || request->token)
                return TRUE;
        if ((route->flags & BH_ROUTE_MEDIA_COOKIE) && cookie && *cookie && !bh_session_is_cross_site(request)) {
                request->token = g_strdup(cookie);
                return TRUE;
        }
        if ((route->flags & BH_ROUTE_COOKIE) && bh_session_may_use_cookies(request) &&
            bh_table_get(request->cookies, BH_COOKIE_REFRESH))
                return TRUE;
        bh_reply_error(request, 401, "Not authenticated");
        return FALSE;
}

static gboolean check_cross_site(BhRequest *request) {
        guint flags = request->route->flags;

        if ((flags & BH_ROUTE_COOKIE) && !request->token && !bh_session_may_use_cookies(request)) {
                bh_reply_error(request, 403, "The header " BH_CLIENT_HEADER " is required");
                return FALSE;
        }
        if ((flags & BH_ROUTE_SETS_COOKIES) && bh_session_is_cross_site(request)) {
                bh_reply_error(request, 403, "Not from another site");
                return FALSE;
        }
        return TRUE;
}

static gboolean check_body_size(BhRequest *request) {
        SoupMessageHeaders *headers = soup_server_message_get_request_headers(request->msg);

        if (soup_message_headers_get_encoding(headers) != SOUP_ENCODING_CONTENT_LENGTH ||
            soup_message_headers_get_content_length(headers) <= MAX_JSON_BODY)
                return TRUE;
        bh_reply_error(request, 413, "The body is too large");
        return FALSE;
}

static void on_chunk(SoupServerMessage *msg, GBytes *chunk, gpointer data) {
        BhRequest *request = data;
        BhConnection *connection = bh_request_connection(request);

        if (request->route && (request->route->flags & BH_ROUTE_STREAM)) {
                if (connection)
                        bh_connection_progress(connection, g_bytes_get_size(chunk));
                return;
        }
        request->received += g_bytes_get_size(chunk);
        if (request->received > MAX_JSON_BODY && !request->answered)
                bh_reply_error(request, 413, "The body is too large");
}

/* A page of an allowed origin asks whether it may call (CORS). */
static gboolean answer_preflight(BhRequest *request) {
        SoupMessageHeaders *headers = soup_server_message_get_response_headers(request->msg);
        const char *origin = bh_request_header(request, "Origin");

        if (!bh_request_is(request, "OPTIONS") || !origin ||
            !bh_request_header(request, "Access-Control-Request-Method") ||
            !g_strv_contains((const char *const *)request->server->config->cors_origins, origin))
                return FALSE;
        soup_message_headers_replace(headers, "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
        soup_message_headers_replace(headers, "Access-Control-Allow-Headers",
                                     "Authorization, Content-Type, If-Match, If-None-Match, If-Range, Range");
        soup_message_headers_replace(headers, "Access-Control-Max-Age", "600");
        bh_reply_empty(request, 204);
        return TRUE;
}

/* Finds the row. Outside of /api there are pages, which need none. FALSE when it has answered. */
static gboolean find_route(BhRequest *request) {
        const char *path = request->target;
        g_autofree char *allowed = NULL;

        request->path = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        if (answer_preflight(request))
                return FALSE;
        if (!g_str_has_prefix(path, "/api/") && !g_str_equal(path, "/api"))
                return TRUE;
        request->route = bh_route_find(soup_server_message_get_method(request->msg), path, request->path, &allowed);
        if (request->route)
                return TRUE;
        if (allowed) {
                soup_message_headers_replace(soup_server_message_get_response_headers(request->msg), "Allow", allowed);
                bh_reply_error(request, 405, "Method not allowed");
        } else
                bh_reply_error(request, 404, "Not found");
        return FALSE;
}

static void on_head(SoupServer *soup, SoupServerMessage *msg, const char *path, GHashTable *query, gpointer data) {
        BhRequest *request = bh_request_from_message(msg);
        SoupMessageHeaders *headers = soup_server_message_get_request_headers(msg);
        BhConnection *connection = bh_request_connection(request);

        soup_message_body_truncate(soup_server_message_get_response_body(msg));
        soup_message_headers_remove(soup_server_message_get_response_headers(msg), "Content-Type");
        if (connection)
                bh_connection_enter(connection, BH_PHASE_BODY);
        request->continues = (soup_message_headers_get_expectations(headers) & SOUP_EXPECTATION_CONTINUE) != 0;
        bh_request_read_target(request);
        if (!find_route(request) || !bh_request_read_head(request))
                return;
        if (request->route && (!check_token(request) || !check_cross_site(request)))
                return;
        if (request->route && (request->route->flags & BH_ROUTE_STREAM)) {
                soup_message_body_set_accumulate(soup_server_message_get_request_body(msg), FALSE);
                request->route->early(request);
                return;
        }
        if (check_body_size(request) && !(request->route && route_has_body(request->route)))
                soup_message_body_set_accumulate(soup_server_message_get_request_body(msg), FALSE);
}

static void on_written(SoupServerMessage *msg, guint bytes, gpointer data) {
        BhConnection *connection = bh_request_connection(data);

        if (connection)
                bh_connection_progress(connection, bytes);
}

/* An answer without a length ends with the connection, thinks libsoup, and closes it: not so one that never has a body. */
static void on_head_written(SoupServerMessage *msg, gpointer data) {
        if (soup_server_message_get_status(msg) == 204)
                soup_message_headers_set_encoding(soup_server_message_get_response_headers(msg), SOUP_ENCODING_NONE);
}

static void on_finished(SoupServerMessage *msg, gpointer data) {
        bh_request_over(data);
}

/* The message exists before its first byte. What libsoup refuses by itself, a head that it cannot parse, gets this body; on_head() removes it. */
static void prepare_refusal(BhRequest *request) {
        static GBytes *body; /* always the same; main thread only */
        SoupMessageHeaders *headers = soup_server_message_get_response_headers(request->msg);

        if (!body)
                body = bh_error_body(400, NULL, "Not a valid HTTP request");
        soup_message_headers_replace(headers, "Content-Type", "application/json");
        soup_message_body_append_bytes(soup_server_message_get_response_body(request->msg), body);
        bh_reply_security_headers(headers);
}

static void on_started(SoupServer *soup, SoupServerMessage *msg, gpointer data) {
        BhServer *server = data;
        BhRequest *request;
        BhConnection *connection;

        if (bh_request_from_message(msg))
                return;
        request = bh_request_new(server, msg);
        connection = bh_request_connection(request);
        prepare_refusal(request);
        if (connection)
                bh_connection_enter(connection, BH_PHASE_HEAD);
        g_signal_connect(msg, "got-chunk", G_CALLBACK(on_chunk), request);
        g_signal_connect(msg, "wrote-headers", G_CALLBACK(on_head_written), request);
        g_signal_connect(msg, "wrote-body-data", G_CALLBACK(on_written), request);
        g_signal_connect(msg, "finished", G_CALLBACK(on_finished), request);
}

void bh_server_attach(BhServer *server) {
        g_signal_connect(server->soup, "request-started", G_CALLBACK(on_started), server);
        soup_server_add_early_handler(server->soup, NULL, on_head, server, NULL);
        soup_server_add_handler(server->soup, NULL, on_complete, server, NULL);
}
