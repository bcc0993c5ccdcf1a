/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <string.h>

typedef struct {
        guint hosts, lengths, encodings, count;
        gsize bytes;
        gboolean overlong, control, bad_length, bad_encoding;
} Tally;

static gboolean has_control(const char *text) {
        for (const char *p = text; *p; p++)
                if ((guchar) *p < 0x20 || *p == 0x7f)
                        return TRUE;
        return FALSE;
}

/* Also when it is percent-encoded: no name on the NAS contains one, and libsoup encodes what came raw. */
static gboolean target_has_control(const char *text) {
        for (const char *p = text; *p; p++) {
                int high = *p == '%' ? g_ascii_xdigit_value(p[1]) : -1;
                int low = high < 0 ? -1 : g_ascii_xdigit_value(p[2]);

                if ((guchar) *p < 0x20 || *p == 0x7f)
                        return TRUE;
                if (low >= 0 && ((high << 4 | low) < 0x20 || (high << 4 | low) == 0x7f))
                        return TRUE;
        }
        return FALSE;
}

static gboolean only_digits(const char *text) {
        return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 18;
}

static Tally tally_headers(SoupMessageHeaders *headers) {
        SoupMessageHeadersIter iter;
        const char *name, *value;
        Tally tally = {};

        soup_message_headers_iter_init(&iter, headers);
        while (soup_message_headers_iter_next(&iter, &name, &value)) {
                gsize size = strlen(name) + strlen(value) + 4;

                tally.count++;
                tally.bytes += size;
                tally.overlong |= size > BH_MAX_HEADER;
                /* A tab may stand in a value (RFC 9110); nothing of ours has one. */
                tally.control |= has_control(name) || has_control(value) || strpbrk(name, " ()<>@,;:\\\"/[]?={}");
                if (g_ascii_strcasecmp(name, "Host") == 0)
                        tally.hosts++;
                else if (g_ascii_strcasecmp(name, "Content-Length") == 0) {
                        tally.lengths++;
                        tally.bad_length |= !only_digits(value);
                } else if (g_ascii_strcasecmp(name, "Transfer-Encoding") == 0) {
                        tally.encodings++;
                        tally.bad_encoding |= g_ascii_strcasecmp(value, "chunked") != 0;
                }
        }
        return tally;
}

static guint check_target(GUri *uri, const char **reason) {
        const char *path, *query;

        if (!uri) {
                *reason = "Not a valid request target";
                return 400;
        }
        path = g_uri_get_path(uri);
        query = g_uri_get_query(uri);
        if (strlen(path) + (query ? strlen(query) : 0) > BH_MAX_TARGET) {
                *reason = "The address is too long";
                return 414;
        }
        if (target_has_control(path) || (query && target_has_control(query))) {
                *reason = "The address contains control characters";
                return 400;
        }
        if (g_uri_get_fragment(uri) || g_uri_get_userinfo(uri)) {
                *reason = "Not a valid request target";
                return 400;
        }
        return 0;
}

guint bh_guard_check(SoupHTTPVersion version, GUri *uri, SoupMessageHeaders *headers, const char **reason) {
        Tally tally = tally_headers(headers);

        if (version != SOUP_HTTP_1_1 && version != SOUP_HTTP_1_0) {
                *reason = "Only HTTP/1.1 is served";
                return 505;
        }
        if (tally.count > BH_MAX_HEADERS || tally.bytes > BH_MAX_HEAD || tally.overlong) {
                *reason = "Too many or too large header fields";
                return 431;
        }
        if (tally.control) {
                *reason = "Not a valid header field";
                return 400;
        }
        if (tally.hosts > 1 || (tally.hosts == 0 && version == SOUP_HTTP_1_1)) {
                *reason = "Exactly one Host is needed";
                return 400;
        }
        if (tally.lengths + tally.encodings > 1 || tally.bad_length) {
                *reason = "The length of the request is ambiguous";
                return 400;
        }
        if (tally.encodings == 1 && (tally.bad_encoding || version == SOUP_HTTP_1_0)) {
                *reason = "Only the transfer encoding chunked is understood";
                return 501;
        }
        return check_target(uri, reason);
}
