/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "reply.h"

#include "json.h"

#include <string.h>

/* A rest of a body up to this size is read and dropped, so that the connection can go on. */
#define SMALL_REST (64 * 1024)

/* The hash is that of the one style element that react-aria's usePress() adds; the user interface has no other inline style. */
#define POLICY                                                                                                         \
        "default-src 'none'; script-src 'self'; style-src 'self' "                                                     \
        "'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o='; "                                                      \
        "img-src 'self' blob: data:; media-src 'self' blob:; frame-src 'self'; font-src 'self'; connect-src 'self'; "  \
        "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

static const struct {
        const char *name, *value;
} security[] = {
        {"Content-Security-Policy", POLICY},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cache-Control", "no-store"},
};

void bh_reply_security_headers(SoupMessageHeaders *headers) {
        for (guint i = 0; i < G_N_ELEMENTS(security); i++)
                soup_message_headers_append(headers, security[i].name, security[i].value);
}

/* CORS is off unless the configuration lists the origin; cookies never go along. */
static void add_cors_headers(BhRequest *request, SoupMessageHeaders *headers) {
        const char *origin = bh_request_header(request, "Origin");

        if (!origin || !g_strv_contains((const char *const *)request->server->config->cors_origins, origin))
                return;
        soup_message_headers_replace(headers, "Access-Control-Allow-Origin", origin);
        soup_message_headers_replace(headers, "Access-Control-Expose-Headers",
                                     "ETag, Content-Range, Content-Disposition, Location, Retry-After");
        soup_message_headers_replace(headers, "Cross-Origin-Resource-Policy", "cross-origin");
        soup_message_headers_append(headers, "Vary", "Origin");
}

const char *bh_status_phrase(guint status) {
        switch (status) {
        case 413:
                return "Content Too Large";
        case 414:
                return "URI Too Long";
        case 422:
                return "Unprocessable Content";
        case 429:
                return "Too Many Requests";
        case 431:
                return "Request Header Fields Too Large";
        default:
                return soup_status_get_phrase(status);
        }
}

static GString *format_head(guint status, SoupMessageHeaders *headers) {
        GString *head = g_string_sized_new(1024);
        SoupMessageHeadersIter iter;
        const char *name, *value;

        g_string_append_printf(head, "HTTP/1.1 %u %s\r\n", status, bh_status_phrase(status));
        soup_message_headers_iter_init(&iter, headers);
        while (soup_message_headers_iter_next(&iter, &name, &value))
                g_string_append_printf(head, "%s: %s\r\n", name, value);
        g_string_append(head, "\r\n");
        return head;
}

GString *bh_reply_format_head(SoupServerMessage *msg) {
        return format_head(soup_server_message_get_status(msg), soup_server_message_get_response_headers(msg));
}

/* What is still to come of a body that is not wanted. */
static gboolean rest_is_small(BhRequest *request) {
        SoupMessageHeaders *headers = soup_server_message_get_request_headers(request->msg);

        switch (soup_message_headers_get_encoding(headers)) {
        case SOUP_ENCODING_CONTENT_LENGTH:
                return soup_message_headers_get_content_length(headers) <= SMALL_REST;
        case SOUP_ENCODING_CHUNKED:
                return FALSE;
        default:
                return TRUE;
        }
}

/* Head and body. */
static GString *format_answer(BhRequest *request) {
        g_autoptr(GBytes) content = soup_message_body_flatten(soup_server_message_get_response_body(request->msg));
        GString *text;

        soup_message_headers_set_content_length(soup_server_message_get_response_headers(request->msg),
                                                g_bytes_get_size(content));
        text = bh_reply_format_head(request->msg);
        g_string_append_len(text, g_bytes_get_data(content, NULL), g_bytes_get_size(content));
        return text;
}

GString *bh_reply_refusal(guint status, const char *reason) {
        g_autoptr(GBytes) body = bh_error_body(status, NULL, reason);
        SoupMessageHeaders *headers = soup_message_headers_new(SOUP_MESSAGE_HEADERS_RESPONSE);
        GString *text;

        soup_message_headers_append(headers, "Connection", "close");
        soup_message_headers_append(headers, "Content-Type", "application/json");
        soup_message_headers_set_content_length(headers, g_bytes_get_size(body));
        bh_reply_security_headers(headers);
        text = format_head(status, headers);
        g_string_append_len(text, g_bytes_get_data(body, NULL), g_bytes_get_size(body));
        soup_message_headers_unref(headers);
        return text;
}

/* libsoup writes an answer only when it has read all of the body. So this one goes straight to the client's stream; then our side is closed, what still comes is
 * dropped for a short while so that the client gets to read the answer, and the connection ends. */
static void answer_before_body(BhRequest *request) {
        BhConnection *connection = bh_request_connection(request);
        g_autoptr(GString) text = format_answer(request);

        if (connection)
                bh_connection_answer_and_linger(connection, text->str, text->len);
}

/* The answer to a request whose body went past libsoup. */
static void answer_directly(BhRequest *request) {
        BhConnection *connection = bh_request_connection(request);
        g_autoptr(GString) text = format_answer(request);

        if (connection && bh_connection_write(connection, text->str, text->len))
                bh_request_over_directly(request);
        else {
                if (connection)
                        bh_connection_shutdown(connection);
                bh_request_resume(request);
        }
}

/* A chunked body may have been read further than to its end, so that the next head would escape the guard. */
static gboolean body_is_chunked(BhRequest *request) {
        return soup_message_headers_get_encoding(soup_server_message_get_request_headers(request->msg)) ==
               SOUP_ENCODING_CHUNKED;
}

void bh_reply_common_headers(BhRequest *request) {
        SoupMessageHeaders *headers = soup_server_message_get_response_headers(request->msg);

        if (request->secure)
                soup_message_headers_replace(headers, "Strict-Transport-Security", "max-age=31536000");
        add_cors_headers(request, headers);
        if (body_is_chunked(request))
                soup_message_headers_replace(headers, "Connection", "close");
}

void bh_reply_finish(BhRequest *request) {
        SoupMessageHeaders *headers = soup_server_message_get_response_headers(request->msg);

        if (request->gone || request->answered)
                return;
        request->answered = TRUE;
        bh_reply_common_headers(request);
        if (request->bypassed) {
                answer_directly(request);
                return;
        }
        if (!request->complete) {
                soup_message_body_set_accumulate(soup_server_message_get_request_body(request->msg), FALSE);
                if (request->continues || !rest_is_small(request))
                        soup_message_headers_replace(headers, "Connection", "close");
                if (!request->continues && !rest_is_small(request))
                        answer_before_body(request);
        }
        bh_request_resume(request);
}

/* Head and body in one piece save the client a wake-up, and us a call of the kernel for each answer. Not before all of the request is there: libsoup has more
 * to do then than to write the answer. */
static void hold_head(BhRequest *request, GBytes *body) {
        BhConnection *connection = bh_request_connection(request);

        if (connection && request->complete && !request->bypassed && g_bytes_get_size(body) > 0 &&
            !bh_request_is(request, "HEAD"))
                bh_connection_hold_head(connection);
}

void bh_reply_bytes(BhRequest *request, guint status, const char *type, GBytes *body) {
        if (request->gone || request->answered)
                return;
        soup_server_message_set_status(request->msg, status, bh_status_phrase(status));
        soup_message_headers_replace(soup_server_message_get_response_headers(request->msg), "Content-Type", type);
        soup_message_body_append_bytes(soup_server_message_get_response_body(request->msg), body);
        hold_head(request, body);
        bh_reply_finish(request);
}

void bh_reply_json(BhRequest *request, guint status, GBytes *json) {
        bh_reply_bytes(request, status, "application/json", json);
}

void bh_reply_empty(BhRequest *request, guint status) {
        if (request->gone || request->answered)
                return;
        soup_server_message_set_status(request->msg, status, bh_status_phrase(status));
        bh_reply_finish(request);
}

/* "InvalidToken" → "urn:baluhost:error:InvalidToken": names the problem, and is not an address to fetch. */
static void write_problem_members(yajl_gen json, guint status, const char *name) {
        g_autofree char *type = name ? g_strconcat("urn:baluhost:error:", name, NULL) : g_strdup("about:blank");

        bh_json_member(json, "type", type);
        bh_json_member(json, "title", bh_status_phrase(status));
        bh_json_string(json, "status");
        bh_json_uint(json, status);
}

GBytes *bh_error_body(guint status, const char *name, const char *detail) {
        g_auto(yajl_gen) json = bh_json_new();

        yajl_gen_map_open(json);
        bh_json_member(json, "detail", detail);
        write_problem_members(json, status, name);
        yajl_gen_map_close(json);
        return bh_json_finish(json);
}

static const char *error_type(BhRequest *request) {
        const char *accept = bh_request_header(request, "Accept");

        return accept && strstr(accept, "application/problem+json") ? "application/problem+json" : "application/json";
}

void bh_reply_failure(BhRequest *request, const BhFailure *failure) {
        SoupMessageHeaders *headers = soup_server_message_get_response_headers(request->msg);
        g_autoptr(GBytes) body = bh_error_body(failure->status, failure->name, failure->detail);
        char seconds[16];

        if (failure->retry_after != 0) {
                g_snprintf(seconds, sizeof seconds, "%u", failure->retry_after);
                soup_message_headers_replace(headers, "Retry-After", seconds);
        }
        if (failure->status == 401)
                soup_message_headers_replace(headers, "WWW-Authenticate", "Bearer");
        bh_reply_bytes(request, failure->status, error_type(request), body);
}

void bh_reply_error(BhRequest *request, guint status, const char *detail) {
        BhFailure failure = {.status = status, .detail = (char *)detail};

        bh_reply_failure(request, &failure);
}

void bh_reply_dbus_error(BhRequest *request, const GError *error) {
        g_auto(BhFailure) failure = {};

        bh_failure_from_error(error, &failure);
        for (const BhRouteError *row = request->route ? request->route->errors : NULL; row && row->name; row++) {
                if (!g_str_equal(row->name, failure.name))
                        continue;
                if (row->status == 200) {
                        g_autoptr(GBytes) json = g_bytes_new_static(row->detail, strlen(row->detail));

                        bh_reply_json(request, 200, json);
                        return;
                }
                failure.status = row->status;
                if (row->detail) {
                        g_free(failure.detail);
                        failure.detail = g_strdup(row->detail);
                }
                break;
        }
        bh_reply_failure(request, &failure);
}

void bh_reply_problems(BhRequest *request, GPtrArray *problems) {
        g_auto(yajl_gen) json = bh_json_new();
        g_autoptr(GBytes) body = NULL;

        yajl_gen_map_open(json);
        bh_json_string(json, "detail");
        yajl_gen_array_open(json);
        for (guint i = 0; i < problems->len; i++) {
                const BhProblem *problem = g_ptr_array_index(problems, i);

                yajl_gen_map_open(json);
                bh_json_string(json, "loc");
                yajl_gen_array_open(json);
                bh_json_string(json, problem->where);
                if (problem->member)
                        bh_json_string(json, problem->member);
                yajl_gen_array_close(json);
                bh_json_member(json, "msg", problem->message);
                bh_json_member(json, "type", problem->type);
                yajl_gen_map_close(json);
        }
        yajl_gen_array_close(json);
        write_problem_members(json, 422, "InvalidArgument");
        yajl_gen_map_close(json);
        body = bh_json_finish(json);
        bh_reply_bytes(request, 422, error_type(request), body);
}

void bh_reply_problem(BhRequest *request, const char *where, const char *member, const char *message) {
        g_autoptr(GPtrArray) problems = bh_problems_new();

        bh_problems_add(problems, where, member, "value_error", message);
        bh_reply_problems(request, problems);
}
