/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "request.h"

#include "forwarded.h"
#include "reply.h"
#include "target.h"

#include <string.h>

#define REQUEST_KEY "baluhost-request"
#define MAX_TOKEN 4096

static void request_free(gpointer data) {
        BhRequest *request = data;

        if (request->stream && request->stream_free)
                request->stream_free(request->stream);
        g_clear_pointer(&request->path, g_hash_table_unref);
        g_clear_pointer(&request->query, g_hash_table_unref);
        g_clear_pointer(&request->cookies, g_hash_table_unref);
        g_clear_pointer(&request->body, json_node_unref);
        g_free(request->target);
        g_free(request->target_query);
        g_free(request->token);
        g_free(request->client_address);
        g_free(request);
}

BhRequest *bh_request_new(BhServer *server, SoupServerMessage *msg) {
        BhRequest *request = g_new0(BhRequest, 1);

        request->server = server;
        request->msg = msg;
        g_object_set_data_full(G_OBJECT(msg), REQUEST_KEY, request, request_free);
        return request;
}

BhRequest *bh_request_from_message(SoupServerMessage *msg) {
        return g_object_get_data(G_OBJECT(msg), REQUEST_KEY);
}

BhRequest *bh_request_ref(BhRequest *request) {
        g_object_ref(request->msg);
        return request;
}

void bh_request_unref(BhRequest *request) {
        g_object_unref(request->msg);
}

BhConnection *bh_request_connection(BhRequest *request) {
        return bh_connection_from_address(soup_server_message_get_remote_address(request->msg));
}

const char *bh_request_header(BhRequest *request, const char *name) {
        return soup_message_headers_get_one(soup_server_message_get_request_headers(request->msg), name);
}

gboolean bh_request_has_etag(BhRequest *request, const char *etag) {
        const char *header =
                soup_message_headers_get_list(soup_server_message_get_request_headers(request->msg), "If-None-Match");
        g_auto(GStrv) items = header ? g_strsplit(header, ",", 0) : NULL;

        for (char **item = items; item && *item; item++) {
                const char *text = g_strstrip(*item);

                if (g_str_has_prefix(text, "W/"))
                        text += 2;
                if (g_str_equal(text, "*") || g_str_equal(text, etag))
                        return TRUE;
        }
        return FALSE;
}

gboolean bh_request_is(BhRequest *request, const char *method) {
        return g_strcmp0(soup_server_message_get_method(request->msg), method) == 0;
}

const char *bh_request_path_value(BhRequest *request, const char *name) {
        return bh_table_get(request->path, name);
}

const char *bh_request_query_value(BhRequest *request, const char *name) {
        return bh_table_get(request->query, name);
}

gboolean bh_request_query_flag(BhRequest *request, const char *name) {
        const char *value = bh_request_query_value(request, name);

        return value && (g_str_equal(value, "true") || g_str_equal(value, "1"));
}

void bh_request_pause(BhRequest *request) {
        BhConnection *connection = bh_request_connection(request);

        if (request->gone)
                return;
        if (connection)
                bh_connection_enter(connection, BH_PHASE_WORK);
        request->paused = TRUE;
        soup_server_message_pause(request->msg);
}

void bh_request_resume(BhRequest *request) {
        BhConnection *connection = bh_request_connection(request);

        if (request->gone)
                return;
        if (connection)
                bh_connection_enter(connection,
                                    request->complete || request->answered ? BH_PHASE_REPLY : BH_PHASE_BODY);
        if (request->paused)
                soup_server_message_unpause(request->msg);
        request->paused = FALSE;
}

void bh_request_over(BhRequest *request) {
        BhConnection *connection = bh_request_connection(request);

        if (request->gone)
                return;
        request->gone = TRUE;
        if (request->stream_gone)
                request->stream_gone(request);
        if (connection)
                bh_connection_enter(connection, BH_PHASE_IDLE);
}

static gboolean wants_to_go_on(BhRequest *request) {
        SoupMessageHeaders *headers = soup_server_message_get_request_headers(request->msg);
        SoupMessageHeaders *answer = soup_server_message_get_response_headers(request->msg);

        return soup_server_message_get_http_version(request->msg) == SOUP_HTTP_1_1 &&
               !soup_message_headers_header_contains(headers, "Connection", "close") &&
               !soup_message_headers_header_contains(answer, "Connection", "close");
}

void bh_request_over_directly(BhRequest *request) {
        BhConnection *connection = bh_request_connection(request);
        gboolean goes_on = wants_to_go_on(request);

        if (request->gone)
                return;
        bh_request_over(request);
        if (connection && goes_on)
                bh_connection_serve_again(connection);
        else if (connection)
                bh_connection_shutdown(connection);
        soup_server_message_unpause(request->msg); /* libsoup finds its stream ended */
}

/* Lines of one name count as one list. */
static char *joined_header(BhRequest *request, const char *name) {
        return g_strdup(soup_message_headers_get_list(soup_server_message_get_request_headers(request->msg), name));
}

static void read_client(BhRequest *request) {
        GSocketAddress *address = soup_server_message_get_remote_address(request->msg);
        GInetAddress *peer = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address));
        char **proxies = request->server->config->trusted_proxies;
        g_autofree char *hops = joined_header(request, "X-Forwarded-For");
        const char *scheme = bh_request_header(request, "X-Forwarded-Proto");

        request->client_address = bh_client_address(peer, hops, proxies);
        request->secure = request->server->config->tls_certificate != NULL ||
                          (scheme && g_ascii_strcasecmp(scheme, "https") == 0 && bh_proxy_is_trusted(peer, proxies));
}

/* Names that come twice keep the first, most specific one (RFC 6265, 5.4). */
static void read_cookies(BhRequest *request) {
        g_autofree char *header = joined_header(request, "Cookie");
        g_auto(GStrv) pairs = g_strsplit_set(header ? header : "", ";,", 0);

        request->cookies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        for (char **pair = pairs; *pair; pair++) {
                char *name = g_strstrip(*pair), *equals = strchr(name, '=');

                if (!equals)
                        continue;
                *equals = '\0';
                if (!g_hash_table_contains(request->cookies, name) && g_utf8_validate(equals + 1, -1, NULL))
                        g_hash_table_insert(request->cookies, g_strdup(name), g_strdup(equals + 1));
        }
}

static gboolean is_token(const char *text) {
        gsize length = strlen(text);

        return length > 0 && length <= MAX_TOKEN &&
               strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=") == length;
}

static gboolean read_token(BhRequest *request) {
        g_autofree char *header = joined_header(request, "Authorization");

        if (!header)
                return TRUE;
        if (g_ascii_strncasecmp(header, "Bearer ", 7) != 0 || !is_token(g_strstrip(header + 7))) {
                bh_reply_error(request, 401, "Could not validate credentials");
                return FALSE;
        }
        request->token = g_strdup(header + 7 + strspn(header + 7, " "));
        return TRUE;
}

/* "/path?query", or the same behind "http://host". */
void bh_request_read_target(BhRequest *request) {
        BhConnection *connection = bh_request_connection(request);
        const char *target = connection ? bh_connection_get_target(connection) : "";
        const char *authority = *target == '/' ? NULL : strstr(target, "://");
        const char *path = authority ? authority + 3 + strcspn(authority + 3, "/?") : target;
        gsize length = strcspn(path, "?");

        request->target = length > 0 ? g_strndup(path, length) : g_strdup("/");
        request->target_query = path[length] == '?' ? g_strdup(path + length + 1) : NULL;
}

static gboolean read_query(BhRequest *request) {
        g_autofree char *member = NULL;
        const char *problem = NULL;

        request->query = bh_query_parse(request->target_query, &member, &problem);
        if (!request->query)
                bh_reply_problem(request, "query", member, problem);
        return request->query != NULL;
}

static gboolean decode_placeholders(BhRequest *request) {
        GHashTableIter iter;
        gpointer name, value;

        g_hash_table_iter_init(&iter, request->path);
        while (g_hash_table_iter_next(&iter, &name, &value)) {
                const char *problem = NULL;
                char *decoded = bh_percent_decode(value, FALSE, &problem);

                if (!decoded) {
                        bh_reply_problem(request, "path", name, problem);
                        return FALSE;
                }
                g_hash_table_iter_replace(&iter, decoded);
        }
        return TRUE;
}

gboolean bh_request_read_head(BhRequest *request) {
        read_client(request);
        read_cookies(request);
        return read_token(request) && read_query(request) && decode_placeholders(request);
}
