/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* An incremental parser of multipart/form-data (RFC 7578): libsoup's needs all of the body in memory. Strict: what it does not understand is an error. */
typedef struct BhMultipart BhMultipart;

/* What happens, in this order for every part: begin, data…, end. A function returns FALSE to stop the parser after it; bh_multipart_feed() then returns. */
typedef struct {
        /* @name: of the field. @filename: NULL when the part is no file. Both valid UTF-8. */
        gboolean (*begin)(gpointer user, const char *name, const char *filename);
        gboolean (*data)(gpointer user, const char *data, gsize length);
        gboolean (*end)(gpointer user);
} BhMultipartEvents;

/* NULL when @content_type is not multipart/form-data with a valid boundary. @events and @user are borrowed. */
BhMultipart *bh_multipart_new(const char *content_type, const BhMultipartEvents *events, gpointer user);
void bh_multipart_free(BhMultipart *parser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BhMultipart, bh_multipart_free)

/* Returns how many bytes of @data it took: less than @length when an event stopped it (give it the rest later) or when there is an error. */
gsize bh_multipart_feed(BhMultipart *parser, const char *data, gsize length);

/* A sentence, NULL when all is well. */
const char *bh_multipart_get_error(BhMultipart *parser);

/* Whether the closing boundary has been seen. */
gboolean bh_multipart_is_complete(BhMultipart *parser);
