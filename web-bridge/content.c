/* SPDX-License-Identifier: MIT */
#include "content.h"

#include <string.h>

#define SANDBOX "sandbox; default-src 'none'; frame-ancestors 'self'"
/* A sandbox keeps browsers from showing a PDF at all; their viewers run it apart from the page. */
#define PDF_POLICY "default-src 'none'; object-src 'self'; frame-ancestors 'self'"

typedef enum { ACTIVE, HARMLESS, AS_TEXT, PDF } Kind;

static Kind kind_of(const char *type) {
        if (g_str_has_prefix(type, "image/"))
                return g_str_has_prefix(type, "image/svg") ? ACTIVE : HARMLESS;
        if (g_str_has_prefix(type, "video/") || g_str_has_prefix(type, "audio/"))
                return HARMLESS;
        if (g_str_has_prefix(type, "text/") || g_str_equal(type, "application/json"))
                return AS_TEXT;
        return g_str_equal(type, "application/pdf") ? PDF : ACTIVE;
}

/* A media type as a header may carry it; anything else is not sent. */
static gboolean is_media_type(const char *type) {
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+/";
        const char *slash = strchr(type, '/');

        return slash && slash != type && slash[1] && strspn(type, allowed) == strlen(type) && !strchr(slash + 1, '/');
}

/* For clients that do not read filename*: what is not plain ASCII, or has a meaning in a quoted string, becomes "_". */
static char *ascii_name(const char *name) {
        GString *plain = g_string_new(NULL);

        for (const char *p = name; *p; p = g_utf8_next_char(p)) {
                guchar c = *p;

                g_string_append_c(plain, c < 0x20 || c >= 0x7f || strchr("\"\\%/", c) ? '_' : c);
        }
        return g_string_free(plain, FALSE);
}

char *bh_content_disposition(const char *disposition, const char *name) {
        g_autofree char *plain = ascii_name(name);
        g_autofree char *encoded = g_uri_escape_string(name, "!#$&+^`|", FALSE);

        return g_strdup_printf("%s; filename=\"%s\"; filename*=UTF-8''%s", disposition, plain, encoded);
}

const char *bh_content_headers(SoupMessageHeaders *headers, const char *name, const char *type, gboolean show) {
        g_autofree char *disposition = NULL;
        Kind kind;

        if (!type || !is_media_type(type))
                type = "application/octet-stream";
        kind = kind_of(type);
        show = show && kind != ACTIVE;
        disposition = bh_content_disposition(show ? "inline" : "attachment", name);
        soup_message_headers_replace(headers, "Content-Disposition", disposition);
        soup_message_headers_replace(headers, "Content-Security-Policy", show && kind == PDF ? PDF_POLICY : SANDBOX);
        soup_message_headers_replace(headers, "X-Frame-Options", "SAMEORIGIN");
        return show && kind == AS_TEXT ? "text/plain; charset=utf-8" : type;
}
