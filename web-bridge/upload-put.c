/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "upload-put.h"

#include "call.h"
#include "direct.h"
#include "reply.h"
#include "upload.h"

#include "../dbus/errors.h"

#include <string.h>

typedef struct {
        BhUpload *upload;  /* NULL before it has begun and after its end */
        gboolean replaces; /* there was a file of that name */
        GVariant *options; /* for BeginUpload, while the old file is looked up */
} Put;

static void put_free(gpointer data) {
        Put *put = data;

        if (put->upload)
                bh_upload_abort(put->upload);
        g_clear_pointer(&put->options, g_variant_unref);
        g_free(put);
}

static void on_gone(BhRequest *request) {
        Put *put = request->stream;

        g_clear_pointer(&put->upload, bh_upload_abort);
}

static void refuse(BhRequest *request, const GError *error) {
        Put *put = request->stream;

        g_clear_pointer(&put->upload, bh_upload_abort);
        bh_reply_dbus_error(request, error);
}

static void on_room(gpointer data) {
        BhRequest *request = data;
        Put *put = request->stream;

        if (bh_upload_get_error(put->upload))
                refuse(request, bh_upload_get_error(put->upload));
        else
                bh_request_resume(request);
}

static void on_chunk(SoupServerMessage *msg, GBytes *chunk, gpointer data) {
        BhRequest *request = data;
        Put *put = request->stream;
        gsize length;
        gconstpointer bytes = g_bytes_get_data(chunk, &length);

        if (put->upload && !bh_upload_write(put->upload, bytes, length))
                bh_request_pause(request);
}

static guint64 announced_size(BhRequest *request) {
        SoupMessageHeaders *headers = soup_server_message_get_request_headers(request->msg);

        switch (soup_message_headers_get_encoding(headers)) {
        case SOUP_ENCODING_CONTENT_LENGTH:
                return soup_message_headers_get_content_length(headers);
        case SOUP_ENCODING_CHUNKED:
                return BH_SIZE_UNKNOWN;
        default:
                return 0;
        }
}

static void commit(BhRequest *request);

/* The body has come past libsoup, which still is where the head ended. */
static void received(BhRequest *request, gboolean complete) {
        Put *put = request->stream;

        if (complete)
                commit(request);
        else if (bh_upload_get_error(put->upload))
                refuse(request, bh_upload_get_error(put->upload));
        else {
                g_clear_pointer(&put->upload, bh_upload_abort);
                bh_request_resume(request); /* libsoup finds that the client has hung up */
        }
}

static gboolean is_large(BhRequest *request) {
        guint64 size = announced_size(request);

        return size != BH_SIZE_UNKNOWN && size >= BH_DIRECT_MINIMUM;
}

static void receive_directly(BhRequest *request) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        Put *put = request->stream;

        if (request->continues)
                bh_connection_write(bh_request_connection(request), go_on, strlen(go_on));
        request->continues = FALSE;
        bh_direct_receive(request, put->upload, announced_size(request), received);
}

static void begun(gpointer data, BhUpload *upload, const GError *error) {
        g_autoptr(BhRequest) request = data;
        Put *put = request->stream;

        if (error) {
                bh_reply_dbus_error(request, error);
                return;
        }
        if (request->gone) {
                bh_upload_abort(upload);
                return;
        }
        put->upload = upload;
        if (is_large(request) && bh_direct_is_possible(request)) {
                receive_directly(request);
                return;
        }
        bh_upload_set_room(upload, on_room, request);
        g_signal_connect(request->msg, "got-chunk", G_CALLBACK(on_chunk), request);
        request->continues = FALSE;
        bh_request_resume(request);
}

static void begin(BhRequest *request) {
        Put *put = request->stream;
        g_autoptr(GVariant) options = g_steal_pointer(&put->options);

        bh_upload_begin(request->server, request->token, bh_request_path_value(request, "path"),
                        announced_size(request), options, begun, bh_request_ref(request));
}

/* Only to tell 200 from 201. */
static void looked(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(BhRequest) request = data;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, NULL, NULL);
        Put *put = request->stream;

        put->replaces = reply != NULL;
        begin(request);
}

/* The value of If-Match without quotes, for "if_etag". FALSE when it is none that could match. */
static gboolean read_if_match(BhRequest *request, char **etag) {
        const char *header = bh_request_header(request, "If-Match");
        gsize length = header ? strlen(header) : 0;

        *etag = NULL;
        if (!header)
                return TRUE;
        if (length < 3 || header[0] != '"' || header[length - 1] != '"' || strchr(header, ',') ||
            !g_utf8_validate(header, -1, NULL))
                return FALSE;
        *etag = g_strndup(header + 1, length - 2);
        return TRUE;
}

/* The options of the row, and those that come from header fields. */
static GVariant *put_options(BhRequest *request, const char *etag) {
        g_autoptr(GVariant) arguments = bh_call_arguments(request);
        g_autoptr(GVariant) given = NULL;
        g_auto(GVariantDict) options = {};

        if (!arguments)
                return NULL;
        given = g_variant_get_child_value(arguments, 2);
        g_variant_dict_init(&options, given);
        if (etag) {
                g_variant_dict_insert(&options, "if_etag", "s", etag);
                g_variant_dict_insert(&options, "overwrite", "b", TRUE);
        }
        return g_variant_ref_sink(g_variant_dict_end(&options));
}

void bh_upload_put_begin(BhRequest *request) {
        g_autofree char *etag = NULL;
        g_autoptr(GVariant) options = NULL;
        gboolean overwrite = FALSE;
        Put *put;

        if (!read_if_match(request, &etag)) {
                bh_reply_error(request, 412, "Has changed meanwhile");
                return;
        }
        options = put_options(request, etag);
        if (!options)
                return;
        put = g_new0(Put, 1);
        put->options = g_variant_ref(options);
        put->replaces = etag != NULL;
        request->stream = put;
        request->stream_free = put_free;
        request->stream_gone = on_gone;
        g_variant_lookup(options, "overwrite", "b", &overwrite);
        bh_request_pause(request);
        if (overwrite && !etag)
                bh_call(request->server, NULL, "Files", "Stat",
                        g_variant_new("(s@a{sv})", bh_request_path_value(request, "path"), bh_call_options(request)),
                        looked, bh_request_ref(request));
        else
                begin(request);
}

static void committed(gpointer data, GVariant *entry, const GError *error) {
        g_autoptr(BhRequest) request = data;
        Put *put = request->stream;
        g_auto(yajl_gen) json = NULL;
        g_autoptr(GBytes) text = NULL;
        const char *etag;

        if (error) {
                bh_reply_dbus_error(request, error);
                return;
        }
        if (g_variant_lookup(entry, "etag", "&s", &etag)) {
                g_autofree char *quoted = g_strdup_printf("\"%s\"", etag);

                soup_message_headers_replace(soup_server_message_get_response_headers(request->msg), "ETag", quoted);
        }
        json = bh_json_new();
        yajl_gen_map_open(json);
        bh_call_write_file(json, entry);
        yajl_gen_map_close(json);
        text = bh_json_finish(json);
        bh_reply_json(request, put->replaces ? 200 : 201, text);
}

static void commit(BhRequest *request) {
        Put *put = request->stream;
        BhConnection *connection = bh_request_connection(request);

        if (connection)
                bh_connection_enter(connection, BH_PHASE_WORK);
        bh_upload_commit(g_steal_pointer(&put->upload), committed, bh_request_ref(request));
}

void bh_upload_put_end(BhRequest *request) {
        Put *put = request->stream;

        if (!put || !put->upload)
                return; /* it has been answered */
        bh_request_pause(request);
        commit(request);
}
