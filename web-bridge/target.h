/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* The address of a request: templates, percent-encoding and queries. Pure functions. */

/* Decodes @text once: "%252F" becomes "%2F" and stays so. Returns NULL, with @error a sentence to show, for a malformed escape, a NUL byte and
 * what is not UTF-8. @plus_is_space: the rule of query strings. */
char *bh_percent_decode(const char *text, gboolean plus_is_space, const char **error);

/* Decodes the query string @query (may be NULL) into name → value; the last of several with one name wins. Returns NULL like bh_percent_decode(), with
 * the name of the member in @member (transfer full) when it is known. */
GHashTable *bh_query_parse(const char *query, char **member, const char **error);

/* Whether the still encoded @path is one of @template ("/api/users/{id}"). A placeholder stands for one segment, and "{path}" at the end for all
 * the rest, which may be empty. Adds the still encoded text of each placeholder to @values (may be NULL). "/api/users/" is the same as "/api/users". */
gboolean bh_template_match(const char *template, const char *path, GHashTable *values);
