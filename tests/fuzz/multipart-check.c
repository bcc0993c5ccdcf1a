/* SPDX-License-Identifier: MIT */
#include "multipart-check.h"

#include "multipart.h"

#include <string.h>

typedef struct {
        GString *log; /* what happened; data of one part in one piece */
        gboolean in_part, stops;
} Trace;

static gboolean on_begin(gpointer user, const char *name, const char *filename) {
        Trace *trace = user;

        g_assert_false(trace->in_part);
        g_assert_true(g_utf8_validate(name, -1, NULL));
        g_assert_true(!filename || g_utf8_validate(filename, -1, NULL));
        trace->in_part = TRUE;
        g_string_append_printf(trace->log, "\n[%s|%s]", name, filename ? filename : "-");
        return !trace->stops;
}

static gboolean on_data(gpointer user, const char *data, gsize length) {
        Trace *trace = user;

        g_assert_true(trace->in_part);
        g_assert_cmpuint(length, >, 0);
        g_string_append_len(trace->log, data, length);
        return !trace->stops;
}

static gboolean on_end(gpointer user) {
        Trace *trace = user;

        g_assert_true(trace->in_part);
        trace->in_part = FALSE;
        g_string_append(trace->log, "[end]");
        return !trace->stops;
}

static const BhMultipartEvents events = {on_begin, on_data, on_end};

/* @step 0: all at once. Ends with whether it was complete and what was wrong. */
static GString *run(const char *type, const char *body, gsize length, gsize step, gboolean stops) {
        Trace trace = {g_string_new(NULL), FALSE, stops};
        g_autoptr(BhMultipart) parser = bh_multipart_new(type, &events, &trace);

        if (!parser)
                return trace.log;
        for (gsize done = 0; done < length;) {
                gsize piece = step ? MIN(step, length - done) : length - done;
                gsize taken = bh_multipart_feed(parser, body + done, piece);

                g_assert_cmpuint(taken, <=, piece);
                done += taken;
                if (bh_multipart_get_error(parser))
                        break;
                g_assert_true(taken > 0 || stops); /* what looked like a boundary can be given on without taking more */
        }
        g_string_append_printf(trace.log, "\n%d %s", bh_multipart_is_complete(parser), bh_multipart_get_error(parser));
        g_assert_false(bh_multipart_is_complete(parser) && trace.in_part);
        return trace.log;
}

/* Where an error is noticed may depend on the pieces, but not what was found before it. */
static void assert_same(GString *one, GString *other) {
        g_assert_cmpmem(one->str, one->len, other->str, other->len);
        g_string_free(other, TRUE);
}

void bh_multipart_check(const guint8 *data, gsize size) {
        const char *newline = memchr(data, '\n', MIN(size, 200));
        gsize line = newline ? (gsize)(newline - (const char *)data) : 0;
        g_autofree char *boundary = g_strndup((const char *)data, line);
        g_autofree char *type = g_strdup_printf("multipart/form-data; boundary=\"%s\"", boundary);
        const char *body = newline ? newline + 1 : (const char *)data;
        gsize length = size - (body - (const char *)data);
        GString *whole = run(type, body, length, 0, FALSE);

        assert_same(whole, run(type, body, length, 1, FALSE));
        assert_same(whole, run(type, body, length, 3, TRUE));
        assert_same(whole, run(type, body, length, 0, TRUE));
        g_string_free(whole, TRUE);
}
