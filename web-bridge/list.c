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

enum { NAME, TYPE, SIZE, MODIFIED_USEC, OWNER_ID, ETAG, IS_WRITABLE, MEMBERS };

/* Members of one entry of Files.List(), "(sstxtsb)", then what follows from them. */
static void write_entry(yajl_gen json, GVariant *entry, GString *path, gsize folder_length) {
        GVariant *members[MEMBERS]; /* not by a format string: that would serialise each entry first */
        const char *name, *type, *etag;
        gint64 modified_usec;
        gboolean is_directory;

        for (guint i = 0; i < MEMBERS; i++)
                members[i] = g_variant_get_child_value(entry, i);
        name = g_variant_get_string(members[NAME], NULL);
        type = g_variant_get_string(members[TYPE], NULL);
        etag = g_variant_get_string(members[ETAG], NULL);
        modified_usec = g_variant_get_int64(members[MODIFIED_USEC]);
        is_directory = g_str_equal(type, "directory");
        g_string_truncate(path, folder_length);
        g_string_append(path, name);

        yajl_gen_map_open(json);
        bh_json_member(json, "name", name);
        bh_json_member(json, "type", type);
        bh_json_string(json, "size");
        bh_json_uint(json, g_variant_get_uint64(members[SIZE]));
        bh_json_string(json, "modified_at");
        bh_json_time(json, modified_usec);
        bh_json_string(json, "owner_id");
        bh_json_id(json, g_variant_get_uint64(members[OWNER_ID]));
        bh_json_member(json, "etag", *etag ? etag : NULL);
        bh_json_string(json, "is_writable");
        yajl_gen_bool(json, g_variant_get_boolean(members[IS_WRITABLE]));
        bh_json_member(json, "path", path->str);
        bh_json_member(json, "id", path->str);
        bh_json_string(json, "is_directory");
        yajl_gen_bool(json, is_directory);
        bh_json_string(json, "modified");
        bh_json_time(json, modified_usec);
        yajl_gen_map_close(json);
        for (guint i = 0; i < MEMBERS; i++)
                g_variant_unref(members[i]);
}

static void write_entries(yajl_gen json, GVariant *entries, const char *folder) {
        g_autoptr(GString) path = g_string_new(folder);
        gsize count = g_variant_n_children(entries), length;

        if (path->len > 0)
                g_string_append_c(path, '/');
        length = path->len;
        yajl_gen_array_open(json);
        for (gsize i = 0; i < count; i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(entries, i);

                write_entry(json, entry, path, length);
        }
        yajl_gen_array_close(json);
}

void bh_list_write_members(yajl_gen json, GVariant *entries, const char *next_cursor, guint64 total,
                           const char *folder) {
        bh_json_string(json, "files");
        write_entries(json, entries, folder);
        bh_json_member(json, "next_cursor", *next_cursor ? next_cursor : NULL);
        bh_json_string(json, "total");
        bh_json_uint(json, total);
}

static GBytes *render(BhRequest *request, GVariant *entries, const char *next_cursor, guint64 total) {
        const char *folder = bh_request_query_value(request, "path");
        g_auto(yajl_gen) json = bh_json_new();

        yajl_gen_map_open(json);
        bh_list_write_members(json, entries, next_cursor, total, folder ? folder : "");
        yajl_gen_map_close(json);
        return bh_json_finish(json);
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

static void answer(Call *call, GVariant *reply) {
        BhRequest *request = call->request;
        g_autoptr(GVariant) entries = NULL;
        g_autoptr(GBytes) body = NULL;
        g_autofree char *etag = NULL;
        const char *next_cursor, *version;
        guint64 total;

        g_variant_get(reply, "(@a(sstxtsb)&st&s)", &entries, &next_cursor, &total, &version);
        etag = g_strdup_printf("\"" ETAG_PREFIX "%s\"", version);
        add_version(request, etag);
        if (bh_request_has_etag(request, etag)) {
                bh_reply_empty(request, 304);
                return;
        }
        if (call->body && g_str_equal(version, call->version))
                body = g_bytes_ref(call->body);
        else {
                body = render(request, entries, next_cursor, total);
                bh_bodies_keep(request->server->bodies, request->token, query_of(request), version, body);
        }
        bh_reply_json(request, 200, body);
}

static void answered(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(Call) call = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, NULL, &error);

        if (!reply)
                bh_reply_dbus_error(call->request, error);
        else if (!g_variant_is_of_type(reply, G_VARIANT_TYPE("(a(sstxtsb)sts)"))) {
                g_warning("Files.List answered with “%s”", g_variant_get_type_string(reply));
                bh_reply_error(call->request, 500, "Internal error");
        } else
                answer(call, reply);
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
        g_autoptr(GPtrArray) problems = bh_problems_new();
        g_autoptr(Call) call = g_new0(Call, 1);
        BhCarried carried = bh_call_carried(request);
        const char *refusal;
        GVariant *arguments;

        call->request = bh_request_ref(request);
        call->body = bh_bodies_find(request->server->bodies, request->token, query_of(request), &call->version);
        if (!call->version)
                call->version = version_of_client(request);
        if (!call->version)
                call->version = g_strdup("");
        carried.if_version = call->version;
        arguments = bh_arguments_build(request->route, &carried, problems, &refusal);
        if (!arguments) {
                bh_reply_problems(request, problems);
                return;
        }
        bh_request_pause(request);
        bh_call(request->server, NULL, "Files", "List", arguments, answered, g_steal_pointer(&call));
}
