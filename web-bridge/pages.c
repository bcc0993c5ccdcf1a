/* SPDX-License-Identifier: MIT */
#include "pages.h"

#include "openapi.h"
#include "reply.h"
#include "target.h"

#include <string.h>

/* Files of the web UI as resources, each also as NAME.br and NAME.gz when that is smaller. Without the option web-ui there are none. */
#define UI "/org/baluhost/web/ui"

static const char no_ui[] = "<!doctype html>\n<html lang=\"en\"><head><meta "
                            "charset=\"utf-8\"><title>BaluHost</title></head><body><h1>BaluHost</h1>"
                            "<p>This server was built without the web interface. Programs find its API at <a "
                            "href=\"/docs\">/docs</a>.</p></body></html>\n";

static const struct {
        const char *suffix, *type;
} types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".txt", "text/plain; charset=utf-8"},
};

static const struct { const char *coding, *suffix; } variants[] = {{"br", ".br"}, {"gzip", ".gz"}};

static const char *type_of(const char *path) {
        for (guint i = 0; i < G_N_ELEMENTS(types); i++)
                if (g_str_has_suffix(path, types[i].suffix))
                        return types[i].type;
        return "application/octet-stream";
}

static SoupMessageHeaders *reply_headers(BhRequest *request) {
        return soup_server_message_get_response_headers(request->msg);
}

/* The smallest form that the client accepts. */
static GBytes *lookup(BhRequest *request, const char *path) {
        SoupMessageHeaders *accepted = soup_server_message_get_request_headers(request->msg);

        for (guint i = 0; i < G_N_ELEMENTS(variants); i++) {
                g_autofree char *name = g_strconcat(UI, path, variants[i].suffix, NULL);
                GBytes *bytes;

                if (!soup_message_headers_header_contains(accepted, "Accept-Encoding", variants[i].coding))
                        continue;
                bytes = g_resources_lookup_data(name, 0, NULL);
                if (bytes) {
                        soup_message_headers_replace(reply_headers(request), "Content-Encoding", variants[i].coding);
                        return bytes;
                }
        }
        {
                g_autofree char *name = g_strconcat(UI, path, NULL);

                return g_resources_lookup_data(name, 0, NULL);
        }
}

/* What is below /assets has a hash of its content in its name; everything else is asked for again, and is not sent again when it is the same. */
static gboolean serve_file(BhRequest *request, const char *path) {
        g_autoptr(GBytes) bytes = lookup(request, path);
        g_autofree char *sum = NULL, *etag = NULL;

        if (!bytes)
                return FALSE;
        soup_message_headers_append(reply_headers(request), "Vary", "Accept-Encoding");
        if (g_str_has_prefix(path, "/assets/")) {
                soup_message_headers_replace(reply_headers(request), "Cache-Control",
                                             "public, max-age=31536000, immutable");
        } else {
                sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
                etag = g_strdup_printf("\"%.32s\"", sum);
                soup_message_headers_replace(reply_headers(request), "Cache-Control", "no-cache");
                soup_message_headers_replace(reply_headers(request), "ETag", etag);
                if (g_strcmp0(bh_request_header(request, "If-None-Match"), etag) == 0) {
                        soup_message_headers_remove(reply_headers(request), "Content-Encoding");
                        bh_reply_empty(request, 304);
                        return TRUE;
                }
        }
        bh_reply_bytes(request, 200, type_of(path), bytes);
        return TRUE;
}

/* An address of the UI's own router: no file has it, and its last part does not look like a file's name, unless it names one of the
 * users' folders and files, which may be called anything. */
static gboolean is_view(const char *path) {
        return g_str_has_prefix(path, "/files/") || !strchr(strrchr(path, '/'), '.');
}

static void serve_ui(BhRequest *request, const char *path) {
        g_autoptr(GBytes) plain = NULL;

        if (!g_str_equal(path, "/") && serve_file(request, path))
                return;
        if (!is_view(path)) {
                bh_reply_error(request, 404, "Not found");
                return;
        }
        if (serve_file(request, "/index.html"))
                return;
        plain = g_bytes_new_static(no_ui, strlen(no_ui));
        bh_reply_bytes(request, 200, "text/html; charset=utf-8", plain);
}

void bh_pages_serve(BhRequest *request) {
        BhServer *server = request->server;
        const char *problem;
        g_autofree char *path = bh_percent_decode(request->target, FALSE, &problem);

        if (!bh_request_is(request, "GET") && !bh_request_is(request, "HEAD")) {
                soup_message_headers_replace(reply_headers(request), "Allow", "GET, HEAD");
                bh_reply_error(request, 405, "Method not allowed");
        } else if (!path || *path != '/')
                bh_reply_error(request, 404, "Not found");
        else if (g_str_equal(path, "/openapi.json")) {
                if (!server->openapi)
                        server->openapi = bh_openapi_print();
                bh_reply_json(request, 200, server->openapi);
        } else if (g_str_equal(path, "/docs")) {
                if (!server->docs)
                        server->docs = bh_docs_print();
                bh_reply_bytes(request, 200, "text/html; charset=utf-8", server->docs);
        } else if (g_str_equal(path, "/docs.css")) {
                g_autoptr(GBytes) style = g_resources_lookup_data("/org/baluhost/web/docs.css", 0, NULL);

                bh_reply_bytes(request, 200, "text/css; charset=utf-8", style);
        } else
                serve_ui(request, path);
}
