/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <string.h>

#define TOKEN "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define HOST "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%[]:"

typedef struct {
        guint hosts, lengths, encodings, count;
        gboolean http_1_0;
} Tally;

static gboolean is_plain(guchar c) {
        return c >= 0x20 && c != 0x7f;
}

/* Nearly all of a head is plain, and goes by fast. */
gssize bh_guard_find_end(const char *text, gsize length, gsize scanned) {
        for (gsize i = scanned; i < length; i++) {
                guchar c = text[i];

                if (c == '\n') {
                        if (i == 0 || text[i - 1] != '\r')
                                return -1;
                        if (i >= 3 && text[i - 2] == '\n')
                                return i + 1;
                } else if ((!is_plain(c) && c != '\r' && c != '\t') || (i > 0 && text[i - 1] == '\r'))
                        return -1;
                else if (is_plain(c))
                        while (i + 1 < length && is_plain(text[i + 1]))
                                i++;
        }
        return 0;
}

static guint refuse(guint status, const char *sentence, const char **reason) {
        *reason = sentence;
        return status;
}

/* Names on the NAS hold no control characters, so an address that does has no honest meaning. */
static gboolean has_encoded_control(const char *text) {
        for (const char *p = strchr(text, '%'); p; p = strchr(p + 1, '%')) {
                int high = g_ascii_xdigit_value(p[1]), low = high < 0 ? -1 : g_ascii_xdigit_value(p[2]);

                if (low >= 0 && ((high << 4 | low) < 0x20 || (high << 4 | low) == 0x7f))
                        return TRUE;
        }
        return FALSE;
}

static guint check_target(const char *target, const char **reason) {
        const char *authority = NULL;

        if (strlen(target) > BH_MAX_TARGET)
                return refuse(414, "The address is too long", reason);
        if (g_ascii_strncasecmp(target, "http://", 7) == 0)
                authority = target + 7;
        else if (g_ascii_strncasecmp(target, "https://", 8) == 0)
                authority = target + 8;
        if (authority && (strspn(authority, HOST) != strcspn(authority, "/?") || strspn(authority, HOST) == 0))
                return refuse(400, "Not a valid request target", reason);
        if ((*target != '/' && !authority) || strpbrk(target, "#\"<>\\^`{|}"))
                return refuse(400, "Not a valid request target", reason);
        if (has_encoded_control(target))
                return refuse(400, "The address contains control characters", reason);
        return 0;
}

/* "GET /path HTTP/1.1" */
static guint check_request_line(char *line, Tally *tally, const char **reason) {
        gsize method = strspn(line, TOKEN);
        char *target = line + method + 1, *version;

        if (method == 0 || method > 32 || line[method] != ' ')
                return refuse(400, "Not a valid HTTP request", reason);
        version = strchr(target, ' ');
        if (!version || strchr(target, '\t'))
                return refuse(400, "Not a valid HTTP request", reason);
        *version++ = '\0';
        tally->http_1_0 = g_str_equal(version, "HTTP/1.0");
        if (!tally->http_1_0 && !g_str_equal(version, "HTTP/1.1")) {
                if (g_str_has_prefix(version, "HTTP/") && !strchr(version, ' '))
                        return refuse(505, "Only HTTP/1.1 is served", reason);
                return refuse(400, "Not a valid HTTP request", reason);
        }
        return check_target(target, reason);
}

static guint check_known_field(const char *name, const char *value, Tally *tally, const char **reason) {
        if (g_ascii_strcasecmp(name, "Host") == 0) {
                tally->hosts++;
                if (strspn(value, HOST) != strlen(value))
                        return refuse(400, "Not a valid Host", reason);
        } else if (g_ascii_strcasecmp(name, "Content-Length") == 0) {
                tally->lengths++;
                if (!*value || strspn(value, "0123456789") != strlen(value) || strlen(value) > 18)
                        return refuse(400, "Not a valid Content-Length", reason);
        } else if (g_ascii_strcasecmp(name, "Transfer-Encoding") == 0) {
                tally->encodings++;
                if (g_ascii_strcasecmp(value, "chunked") != 0)
                        return refuse(501, "Only the transfer encoding chunked is understood", reason);
        } else if (g_ascii_strcasecmp(name, "Expect") == 0 && g_ascii_strcasecmp(value, "100-continue") != 0)
                return refuse(417, "Only 100-continue can be expected", reason);
        return 0;
}

/* "Name: value". Lines that begin with a space, which once continued the one before, are no fields. */
static guint check_field(char *line, Tally *tally, const char **reason) {
        gsize name = strspn(line, TOKEN);

        if (++tally->count > BH_MAX_HEADERS || strlen(line) > BH_MAX_HEADER)
                return refuse(431, "Too many or too large header fields", reason);
        if (name == 0 || line[name] != ':')
                return refuse(400, "Not a valid header field", reason);
        line[name] = '\0';
        return check_known_field(line, g_strstrip(line + name + 1), tally, reason);
}

static guint check_tally(const Tally *tally, const char **reason) {
        if (tally->hosts > 1 || (tally->hosts == 0 && !tally->http_1_0))
                return refuse(400, "Exactly one Host is needed", reason);
        if (tally->lengths + tally->encodings > 1 || (tally->encodings > 0 && tally->http_1_0))
                return refuse(400, "The length of the request is ambiguous", reason);
        return 0;
}

guint bh_guard_check(const char *head, gsize length, const char **reason) {
        g_autofree char *text = g_strndup(head, length);
        g_auto(GStrv) lines = NULL;
        Tally tally = {};
        guint status;

        if (length > BH_MAX_HEAD)
                return refuse(431, "Too many or too large header fields", reason);
        if (bh_guard_find_end(head, length, 0) != (gssize)length)
                return refuse(400, "Not a valid HTTP request", reason);
        text[length - 4] = '\0';
        lines = g_strsplit(text, "\r\n", 0);
        status = check_request_line(lines[0] ? lines[0] : text, &tally, reason);
        for (char **line = lines + 1; status == 0 && lines[0] && *line; line++)
                status = check_field(*line, &tally, reason);
        return status != 0 ? status : check_tally(&tally, reason);
}
