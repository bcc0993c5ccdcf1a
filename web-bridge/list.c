/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "list.h"

#include "bodies.h"
#include "call.h"
#include "reply.h"

#include <string.h>

/* In front of the service's version in an ETag: another BaluHost may say the same in another way. */
#define ETAG_PREFIX BALUHOST_VERSION "-"

/* Files.List() and the answer that is at hand. */
typedef struct {
        BhRequest *request;
        GBytes *body;  /* NULL: none */
        char *version; /* that the service was asked for */
} Call;

static void call_free(Call *call) {
        g_clear_pointer(&call->body, g_bytes_unref);
        g_free(call->version);
        bh_request_unref(call->request);
        g_free(call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Call, call_free)

#define ENTRY "sstxtsb"
#define REPLY "a(" ENTRY ")sts"

/* Members of one entry, then what follows from them. 0: there are no more. */
static int write_entry(yajl_gen json, sd_bus_message *reply, GString *path, gsize folder_length) {
        const char *name, *type, *etag;
        guint64 size, owner_id;
        gint64 modified_usec;
        int is_writable, r;

        r = sd_bus_message_read(reply, "(" ENTRY ")", &name, &type, &size, &modified_usec, &owner_id, &etag,
                                &is_writable);
        if (r <= 0)
                return r;
        g_string_truncate(path, folder_length);
        g_string_append(path, name);

        yajl_gen_map_open(json);
        bh_json_member(json, "name", name);
        bh_json_member(json, "type", type);
        bh_json_string(json, "size");
        bh_json_uint(json, size);
        bh_json_string(json, "modified_at");
        bh_json_time(json, modified_usec);
        bh_json_string(json, "owner_id");
        bh_json_id(json, owner_id);
        bh_json_member(json, "etag", *etag ? etag : NULL);
        bh_json_string(json, "is_writable");
        yajl_gen_bool(json, is_writable);
        bh_json_member(json, "path", path->str);
        bh_json_member(json, "id", path->str);
        bh_json_string(json, "is_directory");
        yajl_gen_bool(json, g_str_equal(type, "directory"));
        bh_json_string(json, "modified");
        bh_json_time(json, modified_usec);
        yajl_gen_map_close(json);
        return 1;
}

static int write_entries(yajl_gen json, sd_bus_message *reply, const char *folder) {
        g_autoptr(GString) path = g_string_new(folder);
        int r = sd_bus_message_enter_container(reply, 'a', "(" ENTRY ")");
        gsize length;

        if (path->len > 0)
                g_string_append_c(path, '/');
        length = path->len;
        yajl_gen_array_open(json);
        while (r > 0)
                r = write_entry(json, reply, path, length);
        yajl_gen_array_close(json);
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

int bh_list_write_members(yajl_gen json, sd_bus_message *reply, const char *folder, const char **version) {
        const char *next_cursor;
        guint64 total;
        int r;

        bh_json_string(json, "files");
        r = write_entries(json, reply, folder);
        if (r >= 0)
                r = sd_bus_message_read(reply, "sts", &next_cursor, &total, version);
        if (r < 0)
                return r;
        bh_json_member(json, "next_cursor", *next_cursor ? next_cursor : NULL);
        bh_json_string(json, "total");
        bh_json_uint(json, total);
        return 0;
}

/* NULL when the reply cannot be read. @version is borrowed from it. */
static GBytes *render(BhRequest *request, sd_bus_message *reply, const char **version) {
        const char *folder = bh_request_query_value(request, "path");
        g_auto(yajl_gen) json = bh_json_new();
        int r;

        yajl_gen_map_open(json);
        r = bh_list_write_members(json, reply, folder ? folder : "", version);
        yajl_gen_map_close(json);
        return r < 0 ? NULL : bh_json_finish(json);
}

static const char *query_of(BhRequest *request) {
        return request->target_query ? request->target_query : "";
}

/* Whoever keeps it has to ask each time, with the token that it was given for. */
static void add_version(BhRequest *request, const char *etag) {
        SoupMessageHeaders *headers = soup_server_message_get_response_headers(request->msg);

        soup_message_headers_replace(headers, "ETag", etag);
        soup_message_headers_replace(headers, "Cache-Control", "private, no-cache");
        soup_message_headers_append(headers, "Vary", "Authorization");
}

/* @body: what the reply has, which is nothing when the page is still of the version that was asked for. */
static void answer(Call *call, const char *version, GBytes *body) {
        BhRequest *request = call->request;
        g_autofree char *etag = g_strdup_printf("\"" ETAG_PREFIX "%s\"", version);

        add_version(request, etag);
        if (bh_request_has_etag(request, etag)) {
                bh_reply_empty(request, 304);
                return;
        }
        if (call->body && g_str_equal(version, call->version))
                body = call->body;
        else
                bh_bodies_keep(request->server->bodies, request->token, query_of(request), version, body);
        bh_reply_json(request, 200, body);
}

static void answered(gpointer data, sd_bus_message *reply, const GError *error) {
        g_autoptr(Call) call = data;
        g_autoptr(GBytes) body = NULL;
        const char *version;

        if (error) {
                bh_reply_dbus_error(call->request, error);
                return;
        }
        if (sd_bus_message_has_signature(reply, REPLY))
                body = render(call->request, reply, &version);
        if (body)
                answer(call, version, body);
        else {
                g_warning("Files.List answered with “%s”", sd_bus_message_get_signature(reply, TRUE));
                bh_reply_error(call->request, 500, "Internal error");
        }
}

/* The version in the client's If-None-Match, when it has one of ours and no other. */
static char *version_of_client(BhRequest *request) {
        const char *header = bh_request_header(request, "If-None-Match");
        const char *start;
        gsize length;

        if (!header)
                return NULL;
        if (g_str_has_prefix(header, "W/"))
                header += 2;
        if (!g_str_has_prefix(header, "\"" ETAG_PREFIX))
                return NULL;
        start = header + strlen("\"" ETAG_PREFIX);
        length = strspn(start, "0123456789abcdef");
        return g_str_equal(start + length, "\"") && length <= 64 ? g_strndup(start, length) : NULL;
}

void bh_list_serve(BhRequest *request) {
        g_autoptr(Call) call = g_new0(Call, 1);
        BhCarried carried = bh_call_carried(request);
        sd_bus_message *message;

        call->request = bh_request_ref(request);
        call->body = bh_bodies_find(request->server->bodies, request->token, query_of(request), &call->version);
        if (!call->version)
                call->version = version_of_client(request);
        if (!call->version)
                call->version = g_strdup("");
        carried.if_version = call->version;
        message = bh_call_prepare(request, &carried);
        if (!message)
                return;
        bh_request_pause(request);
        bh_call_send(request->server, message, answered, g_steal_pointer(&call));
}
