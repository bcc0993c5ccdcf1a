/* SPDX-License-Identifier: MIT */
#include "multipart.h"

#include <string.h>

#define MAX_BOUNDARY 70 /* RFC 2046 */
#define MAX_HEAD 8192   /* header fields of one part */
#define MAX_PREAMBLE 1024
#define MAX_PARTS 20000

typedef enum {
        PREAMBLE,  /* before the first delimiter */
        DELIMITER, /* behind a delimiter: "--" or the end of the line */
        HEAD,
        BODY,
        EPILOGUE,
} State;

struct BhMultipart {
        const BhMultipartEvents *events;
        gpointer user;
        char *delimiter; /* "\r\n--boundary" */
        gsize delimiter_length;
        gsize matched; /* bytes of the delimiter seen at the end of what was fed */
        State state;
        GString *held; /* DELIMITER: the rest of its line; HEAD: all lines so far */
        gsize preamble, parts;
        gboolean in_part; /* begun and not ended */
        gboolean stopped;
        const char *error;
};

static gboolean is_boundary(const char *text) {
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'()+_,-./:=? ";
        gsize length = strlen(text);

        return length > 0 && length <= MAX_BOUNDARY && strspn(text, allowed) == length && text[length - 1] != ' ';
}

/* The value of a parameter at @text, which is a token or a quoted string; *@end is moved behind it. In a quoted string "\"" and "\\" stand for what follows
 * the backslash; others are what browsers make of Windows' names, and are kept. NULL when it is neither. */
static char *read_value(const char *text, const char **end) {
        g_autoptr(GString) value = g_string_new(NULL);

        if (*text != '"') {
                gsize length = strcspn(text, "; \t\"");

                *end = text + length;
                return length > 0 ? g_strndup(text, length) : NULL;
        }
        for (text++; *text && *text != '"'; text++) {
                if (*text == '\\' && (text[1] == '"' || text[1] == '\\'))
                        text++;
                g_string_append_c(value, *text);
        }
        if (*text != '"')
                return NULL;
        *end = text + 1;
        return g_string_free(g_steal_pointer(&value), FALSE);
}

/* Parameters of a header's value ("form-data; name=x"), lower-case name → value. NULL when they are malformed or one comes twice. */
static GHashTable *read_parameters(const char *text) {
        g_autoptr(GHashTable) parameters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

        text += strcspn(text, ";");
        while (*text == ';') {
                g_autofree char *name = NULL;
                gsize length;
                char *value;

                text += 1 + strspn(text + 1, " \t");
                if (!*text)
                        break;
                length = strcspn(text, "=; \t");
                if (length == 0 || text[length] != '=')
                        return NULL;
                name = g_ascii_strdown(text, length);
                value = read_value(text + length + 1, &text);
                if (!value)
                        return NULL;
                if (!g_hash_table_insert(parameters, g_steal_pointer(&name), value))
                        return NULL;
                text += strspn(text, " \t");
        }
        return *text ? NULL : g_steal_pointer(&parameters);
}

static gboolean has_type(const char *text, const char *type) {
        gsize length = strlen(type);

        return g_ascii_strncasecmp(text, type, length) == 0 &&
               (text[length] == ';' || text[length] == ' ' || text[length] == '\0');
}

BhMultipart *bh_multipart_new(const char *content_type, const BhMultipartEvents *events, gpointer user) {
        g_autoptr(GHashTable) parameters = NULL;
        const char *boundary;
        BhMultipart *parser;

        if (!content_type || !has_type(content_type, "multipart/form-data"))
                return NULL;
        parameters = read_parameters(content_type);
        boundary = parameters ? g_hash_table_lookup(parameters, "boundary") : NULL;
        if (!boundary || !is_boundary(boundary))
                return NULL;
        parser = g_new0(BhMultipart, 1);
        parser->events = events;
        parser->user = user;
        parser->delimiter = g_strconcat("\r\n--", boundary, NULL);
        parser->delimiter_length = strlen(parser->delimiter);
        parser->matched = 2; /* the first delimiter has no line end in front of it */
        parser->held = g_string_new(NULL);
        return parser;
}

void bh_multipart_free(BhMultipart *parser) {
        g_string_free(parser->held, TRUE);
        g_free(parser->delimiter);
        g_free(parser);
}

const char *bh_multipart_get_error(BhMultipart *parser) {
        return parser->error;
}

gboolean bh_multipart_is_complete(BhMultipart *parser) {
        return parser->state == EPILOGUE && !parser->error;
}

/* What browsers write for characters that a quoted string cannot hold (WHATWG HTML, multipart/form-data). */
static void unescape_name(char *name) {
        static const struct {
                const char *escaped;
                char plain;
        } escapes[] = {{"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}};
        char *to = name;

        for (const char *from = name; *from;) {
                gboolean found = FALSE;

                for (guint i = 0; i < G_N_ELEMENTS(escapes) && !found; i++)
                        if (g_ascii_strncasecmp(from, escapes[i].escaped, 3) == 0) {
                                *to++ = escapes[i].plain;
                                from += 3;
                                found = TRUE;
                        }
                if (!found)
                        *to++ = *from++;
        }
        *to = '\0';
}

/* filename*=UTF-8''…, which RFC 7578 forbids and some programs send; NULL when it is nothing of the kind. */
static char *decode_extended(const char *text) {
        const char *encoded = g_ascii_strncasecmp(text, "UTF-8'", 6) == 0 ? strchr(text + 6, '\'') : NULL;

        return encoded ? g_uri_unescape_string(encoded + 1, NULL) : NULL;
}

static char *part_filename(GHashTable *parameters) {
        const char *extended = g_hash_table_lookup(parameters, "filename*"),
                   *plain = g_hash_table_lookup(parameters, "filename");
        char *name = NULL;

        if (extended)
                return decode_extended(extended);
        name = g_strdup(plain);
        if (name)
                unescape_name(name);
        return name;
}

/* Content-Disposition among the header fields @lines; NULL when it is not there exactly once. */
static const char *find_disposition(char **lines) {
        static const char field[] = "Content-Disposition:";
        const char *found = NULL;

        for (char **line = lines; *line; line++) {
                if (g_ascii_strncasecmp(*line, field, strlen(field)) != 0)
                        continue;
                if (found)
                        return NULL;
                found = *line + strlen(field);
        }
        return found ? found + strspn(found, " \t") : NULL;
}

static gboolean has_control(char **lines) {
        for (char **line = lines; *line; line++)
                for (const char *p = *line; *p; p++)
                        if (((guchar)*p < 0x20 && *p != '\t') || *p == 0x7f)
                                return TRUE;
        return FALSE;
}

static void begin_part(BhMultipart *parser) {
        g_auto(GStrv) lines = g_strsplit(parser->held->str, "\r\n", 0);
        const char *disposition = find_disposition(lines);
        g_autoptr(GHashTable) parameters =
                disposition && has_type(disposition, "form-data") ? read_parameters(disposition) : NULL;
        g_autofree char *filename = NULL;
        const char *name;

        parser->error = "A part of the form has no valid Content-Disposition";
        if (!parameters || has_control(lines) || strlen(parser->held->str) != parser->held->len)
                return;
        name = g_hash_table_lookup(parameters, "name");
        filename = part_filename(parameters);
        if (!name || !g_utf8_validate(name, -1, NULL) || (filename && !g_utf8_validate(filename, -1, NULL)) ||
            (!filename && g_hash_table_contains(parameters, "filename*")))
                return;
        parser->error = NULL;
        if (++parser->parts > MAX_PARTS) {
                parser->error = "The form has too many parts";
                return;
        }
        parser->state = BODY;
        parser->in_part = TRUE;
        parser->stopped = !parser->events->begin(parser->user, name, filename);
}

static void give_data(BhMultipart *parser, const char *data, gsize length) {
        if (length == 0)
                return;
        if (parser->state == PREAMBLE) {
                parser->preamble += length;
                if (parser->preamble > MAX_PREAMBLE)
                        parser->error = "The form does not begin with its boundary";
        } else if (!parser->events->data(parser->user, data, length))
                parser->stopped = TRUE;
}

/* PREAMBLE and BODY: up to the next delimiter. Only its first character is a carriage return, so after a mismatch a new match can only begin at the
 * mismatched character itself. */
static gsize feed_body(BhMultipart *parser, const char *data, gsize length) {
        gsize i = 0;

        while (i < length && parser->matched > 0 && parser->matched < parser->delimiter_length &&
               data[i] == parser->delimiter[parser->matched]) {
                parser->matched++;
                i++;
        }
        if (parser->matched == parser->delimiter_length) {
                parser->matched = 0;
                parser->state = DELIMITER;
                return i;
        }
        if (i == length)
                return i;
        if (parser->matched > 0) { /* what looked like the delimiter was data */
                gsize looked_like = parser->matched;

                parser->matched = 0;
                give_data(parser, parser->delimiter, looked_like);
                return i;
        }
        {
                const char *cr = memchr(data + i, '\r', length - i);
                gsize plain = cr ? (gsize)(cr - data) - i : length - i;

                give_data(parser, data + i, plain);
                if (cr && !parser->error && !parser->stopped) {
                        parser->matched = 1;
                        plain++;
                }
                return i + plain;
        }
}

/* Whether @text can still become "--" or spaces and a line end. */
static gboolean may_end_delimiter(const char *text) {
        gsize spaces = strspn(text, " \t");

        if (*text == '-')
                return !text[1] || g_str_equal(text, "--");
        text += spaces;
        return spaces <= MAX_BOUNDARY && (!*text || g_str_equal(text, "\r") || g_str_equal(text, "\r\n"));
}

/* DELIMITER: "--" ends the form; spaces and a line end begin a part. Only now has the part before it ended for certain. */
static gsize feed_delimiter(BhMultipart *parser, const char *data, gsize length) {
        for (gsize i = 0; i < length; i++) {
                g_string_append_c(parser->held, data[i]);
                if (!data[i] || !may_end_delimiter(parser->held->str)) {
                        parser->error = "The form has a malformed boundary";
                        return i;
                }
                if (data[i] != '\n' && !g_str_equal(parser->held->str, "--"))
                        continue;
                parser->state = data[i] == '\n' ? HEAD : EPILOGUE;
                g_string_truncate(parser->held, 0);
                if (parser->in_part)
                        parser->stopped = !parser->events->end(parser->user);
                parser->in_part = FALSE;
                return i + 1;
        }
        return length;
}

/* HEAD: lines up to an empty one. */
static gsize feed_head(BhMultipart *parser, const char *data, gsize length) {
        for (gsize i = 0; i < length; i++) {
                g_string_append_c(parser->held, data[i]);
                if (parser->held->len > MAX_HEAD) {
                        parser->error = "A part of the form has too large header fields";
                        return i;
                }
                if (data[i] == '\n' && parser->held->len >= 4 &&
                    memcmp(parser->held->str + parser->held->len - 4, "\r\n\r\n", 4) == 0) {
                        begin_part(parser);
                        g_string_truncate(parser->held, 0);
                        return i + 1;
                }
        }
        return length;
}

gsize bh_multipart_feed(BhMultipart *parser, const char *data, gsize length) {
        gsize done = 0;

        parser->stopped = FALSE;
        while (done < length && !parser->error && !parser->stopped) {
                switch (parser->state) {
                case PREAMBLE:
                case BODY:
                        done += feed_body(parser, data + done, length - done);
                        break;
                case DELIMITER:
                        done += feed_delimiter(parser, data + done, length - done);
                        break;
                case HEAD:
                        done += feed_head(parser, data + done, length - done);
                        break;
                case EPILOGUE:
                default:
                        return length; /* what follows means nothing */
                }
        }
        return done;
}
