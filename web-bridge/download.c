/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "download.h"

#include "call.h"
#include "content.h"
#include "range.h"
#include "reply.h"
#include "sender.h"

#include "../dbus/errors.h"

#include <string.h>
#include <unistd.h>

/* What is sent, as the service described it. */
typedef struct {
        const char *name, *type, *content_type, *etag;
        guint64 size;
        gint64 modified_usec;
} Entry;

static Entry entry_from_dictionary(GVariant *dictionary) {
        Entry entry = {.name = "", .type = "", .etag = ""};

        g_variant_lookup(dictionary, "name", "&s", &entry.name);
        g_variant_lookup(dictionary, "type", "&s", &entry.type);
        g_variant_lookup(dictionary, "content_type", "&s", &entry.content_type);
        g_variant_lookup(dictionary, "etag", "&s", &entry.etag);
        g_variant_lookup(dictionary, "size", "t", &entry.size);
        g_variant_lookup(dictionary, "modified_usec", "x", &entry.modified_usec);
        return entry;
}

static SoupMessageHeaders *headers_of(BhRequest *request) {
        return soup_server_message_get_response_headers(request->msg);
}

static char *http_date(gint64 usec) {
        g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(usec / G_USEC_PER_SEC);

        return date ? soup_date_time_to_string(date, SOUP_DATE_HTTP) : NULL;
}

static gboolean is_unmodified(BhRequest *request, const Entry *entry, const char *etag) {
        const char *since = bh_request_header(request, "If-Modified-Since");
        g_autoptr(GDateTime) date = NULL;

        if (bh_request_header(request, "If-None-Match"))
                return bh_request_has_etag(request, etag);
        date = since ? soup_date_time_new_from_http_string(since) : NULL;
        return date && entry->modified_usec / G_USEC_PER_SEC <= g_date_time_to_unix(date);
}

/* If-Range: the ranges are only of use to the client when the file is still the one that it has the rest of. */
static gboolean ranges_apply(BhRequest *request, const char *etag, const char *modified) {
        const char *condition = bh_request_header(request, "If-Range");

        return !condition || g_str_equal(condition, etag) || g_strcmp0(condition, modified) == 0;
}

static void set_content_range(BhRequest *request, const BhRange *range, guint64 size) {
        g_autofree char *text = g_strdup_printf("bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                                                range->first, range->last, size);

        soup_message_headers_replace(headers_of(request), "Content-Range", text);
}

static void add_multipart(BhRequest *request, BhSender *sender, const GArray *ranges, guint64 size, const char *type) {
        g_autofree char *boundary = g_uuid_string_random();
        g_autofree char *multipart = g_strdup_printf("multipart/byteranges; boundary=%s", boundary);

        for (guint i = 0; i < ranges->len; i++) {
                const BhRange *range = &g_array_index(ranges, BhRange, i);

                bh_sender_add_text(
                        sender, g_strdup_printf("%s--%s\r\nContent-Type: %s\r\nContent-Range: bytes %" G_GUINT64_FORMAT
                                                "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "\r\n\r\n",
                                                i > 0 ? "\r\n" : "", boundary, type, range->first, range->last, size));
                bh_sender_add_file(sender, range->first, range->last - range->first + 1);
        }
        bh_sender_add_text(sender, g_strdup_printf("\r\n--%s--\r\n", boundary));
        soup_message_headers_replace(headers_of(request), "Content-Type", multipart);
}

/* Sends the whole content or ranges of it. Takes @fd, which is -1 for HEAD. */
static void send_content(BhRequest *request, const Entry *entry, int fd, const char *type, BhRanges kind,
                         const GArray *ranges) {
        BhSender *sender;

        soup_server_message_set_status(request->msg, kind == BH_RANGES_SOME ? 206 : 200, NULL);
        if (fd < 0) {
                soup_message_headers_set_content_length(headers_of(request), entry->size);
                bh_reply_finish(request);
                return;
        }
        sender = bh_sender_new(request, fd);
        if (kind == BH_RANGES_SOME && ranges->len > 1)
                add_multipart(request, sender, ranges, entry->size, type);
        else if (kind == BH_RANGES_SOME) {
                const BhRange *range = &g_array_index(ranges, BhRange, 0);

                set_content_range(request, range, entry->size);
                bh_sender_add_file(sender, range->first, range->last - range->first + 1);
        } else if (entry->size > 0)
                bh_sender_add_file(sender, 0, entry->size);
        bh_sender_start(sender);
}

static void refuse_ranges(BhRequest *request, guint64 size) {
        g_autofree char *text = g_strdup_printf("bytes */%" G_GUINT64_FORMAT, size);

        soup_message_headers_replace(headers_of(request), "Content-Range", text);
        bh_reply_error(request, 416, "Range not satisfiable");
}

/* Takes @fd. */
static void answer(BhRequest *request, GVariant *dictionary, int fd) {
        Entry entry = entry_from_dictionary(dictionary);
        g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(BhRange));
        g_autofree char *etag = g_strdup_printf("\"%s\"", entry.etag);
        g_autofree char *modified = http_date(entry.modified_usec);
        BhRanges kind = BH_RANGES_IGNORED;
        const char *type;

        soup_message_headers_replace(headers_of(request), "ETag", etag);
        soup_message_headers_replace(headers_of(request), "Cache-Control", "private, no-cache");
        if (modified)
                soup_message_headers_replace(headers_of(request), "Last-Modified", modified);
        if (is_unmodified(request, &entry, etag)) {
                if (fd >= 0)
                        close(fd);
                bh_reply_empty(request, 304);
                return;
        }
        soup_message_headers_replace(headers_of(request), "Accept-Ranges", "bytes");
        if (fd >= 0 && ranges_apply(request, etag, modified))
                kind = bh_ranges_parse(
                        soup_message_headers_get_list(soup_server_message_get_request_headers(request->msg), "Range"),
                        entry.size, ranges);
        if (kind == BH_RANGES_UNSATISFIABLE) {
                close(fd);
                refuse_ranges(request, entry.size);
                return;
        }
        type = bh_content_headers(headers_of(request), entry.name, entry.content_type,
                                  bh_request_query_flag(request, "inline"));
        soup_message_headers_replace(headers_of(request), "Content-Type", type);
        send_content(request, &entry, fd, type, kind, ranges);
}

/* The path of the request: of its address, or of its query. */
static const char *wanted_path(BhRequest *request) {
        const char *path = bh_request_path_value(request, "path");

        return path ? path : bh_request_query_value(request, "path");
}

/* A further part of a download that has been audited is not audited again. */
static gboolean is_audited_already(BhRequest *request) {
        return bh_request_header(request, "Range") &&
               bh_recent_has(request->server->recent, request->token, wanted_path(request), g_get_monotonic_time());
}

static void opened(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(BhRequest) request = data;
        g_autoptr(GUnixFDList) descriptors = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, &descriptors, &error);
        g_autoptr(GVariant) entry = NULL;
        int index, fd;

        if (!reply) {
                bh_reply_dbus_error(request, error);
                return;
        }
        g_variant_get(reply, "(h@a{sv})", &index, &entry);
        fd = descriptors ? g_unix_fd_list_get(descriptors, index, NULL) : -1;
        if (fd < 0) {
                bh_reply_error(request, 500, "Internal error");
                return;
        }
        if (!is_audited_already(request))
                bh_recent_note(request->server->recent, request->token, wanted_path(request), g_get_monotonic_time());
        answer(request, entry, fd);
}

static void looked(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(BhRequest) request = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, NULL, &error);
        g_autoptr(GVariant) entry = NULL;

        if (!reply) {
                bh_reply_dbus_error(request, error);
                return;
        }
        entry = g_variant_get_child_value(reply, 0);
        if (g_strcmp0(entry_from_dictionary(entry).type, "file") != 0)
                bh_reply_error(request, 409, "Is a directory");
        else
                answer(request, entry, -1);
}

static void open_file(BhRequest *request) {
        g_auto(GVariantBuilder) options = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

        bh_options_add_caller(&options, request->token);
        if (is_audited_already(request))
                g_variant_builder_add(&options, "{sv}", "audit", g_variant_new_boolean(FALSE));
        bh_bus_call(request->server->bus, NULL, "Files", "Open",
                    g_variant_new("(s@a{sv})", wanted_path(request), g_variant_builder_end(&options)), "(ha{sv})",
                    BH_CALL_TIMEOUT_MS, opened, bh_request_ref(request));
}

void bh_download(BhRequest *request) {
        if (!wanted_path(request)) {
                g_autoptr(GPtrArray) problems = bh_problems_new();

                bh_problems_add(problems, "query", "path", "missing", "Field required");
                bh_reply_problems(request, problems);
                return;
        }
        bh_request_pause(request);
        if (bh_request_is(request, "HEAD"))
                bh_call(request->server, NULL, "Files", "Stat",
                        g_variant_new("(s@a{sv})", wanted_path(request), bh_call_options(request)), looked,
                        bh_request_ref(request));
        else
                open_file(request);
}
