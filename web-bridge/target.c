/* SPDX-License-Identifier: MIT */
#include "target.h"

#include <string.h>

char *bh_percent_decode(const char *text, gboolean plus_is_space, const char **error) {
        g_autoptr(GString) decoded = g_string_sized_new(strlen(text));

        for (const char *p = text; *p; p++) {
                int high, low;

                if (*p == '+' && plus_is_space) {
                        g_string_append_c(decoded, ' ');
                        continue;
                }
                if (*p != '%') {
                        g_string_append_c(decoded, *p);
                        continue;
                }
                high = g_ascii_xdigit_value(p[1]);
                low = high < 0 ? -1 : g_ascii_xdigit_value(p[2]);
                if (low < 0) {
                        *error = "Not valid percent-encoding";
                        return NULL;
                }
                if (high == 0 && low == 0) {
                        *error = "Contains a NUL byte";
                        return NULL;
                }
                g_string_append_c(decoded, high << 4 | low);
                p += 2;
        }
        if (!g_utf8_validate(decoded->str, decoded->len, NULL)) {
                *error = "Not valid UTF-8";
                return NULL;
        }
        return g_string_free(g_steal_pointer(&decoded), FALSE);
}

GHashTable *bh_query_parse(const char *query, char **member, const char **error) {
        g_autoptr(GHashTable) values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        g_auto(GStrv) pairs = g_strsplit(query ? query : "", "&", 0);

        for (char **pair = pairs; *pair; pair++) {
                char *equals = strchr(*pair, '=');
                g_autofree char *name = NULL;
                char *value;

                if (!**pair)
                        continue;
                if (equals)
                        *equals = '\0';
                name = bh_percent_decode(*pair, TRUE, error);
                if (!name)
                        return NULL;
                value = bh_percent_decode(equals ? equals + 1 : "", TRUE, error);
                if (!value) {
                        *member = g_steal_pointer(&name);
                        return NULL;
                }
                g_hash_table_replace(values, g_steal_pointer(&name), value);
        }
        return g_steal_pointer(&values);
}

static void add_value(GHashTable *values, const char *name, gsize name_length, const char *value, gsize length) {
        if (values)
                g_hash_table_replace(values, g_strndup(name, name_length), g_strndup(value, length));
}

gboolean bh_template_match(const char *template, const char *path, GHashTable *values) {
        while (*template == '/') {
                const char *want = template + 1, *have = path + 1;
                gsize want_length = strcspn(want, "/"), have_length;

                if (*path != '/')
                        return FALSE;
                if (g_str_equal(want, "{path}")) {
                        add_value(values, "path", 4, have, strlen(have));
                        return TRUE;
                }
                have_length = strcspn(have, "/");
                if (*want == '{') {
                        if (have_length == 0)
                                return FALSE;
                        add_value(values, want + 1, want_length - 2, have, have_length);
                } else if (want_length != have_length || strncmp(want, have, want_length) != 0)
                        return FALSE;
                template = want + want_length;
                path = have + have_length;
        }
        return !*path || g_str_equal(path, "/");
}
