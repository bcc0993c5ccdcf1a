/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "cursor.h"
#include "path.h"

/* Paths and cursors from outside. What is taken must be what the header promises; everything else is refused, and nothing is read beyond its end. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(const char *text) {
        g_autoptr(GString) again = g_string_new(NULL);
        BhPath path;

        if (bh_path_parse(&path, text) < 0)
                return;
        g_assert_cmpuint(path.depth, <=, BH_PATH_DEPTH_MAX);
        for (size_t i = 0; i < path.depth; i++) {
                const char *name = path.names[i];

                g_assert_cmpint(bh_name_validate(name), ==, 0);
                g_assert_true(strcmp(name, "..") != 0 && strcmp(name, ".") != 0 && !strchr(name, '/') && name[0]);
                g_assert_true(g_utf8_validate(name, -1, NULL));
                g_string_append_printf(again, "%s%s", i > 0 ? "/" : "", name);
        }
        g_assert_cmpstr(again->str, ==, text);
        g_assert_true(bh_path_is_within(&path, &path));
        bh_path_clear(&path);
}

static void check_cursor(const char *text) {
        BhCursor cursor;

        if (bh_cursor_parse(&cursor, text) < 0)
                return;
        g_assert_cmpint(bh_name_validate(cursor.name), ==, 0);
        g_autofree char *again = bh_cursor_format(&cursor);
        g_assert_cmpstr(again, ==, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *)data, size);

        check_path(text);
        check_cursor(text);
        g_autofree char *encoded = g_base64_encode(data, size); /* so that it gets past the first check */
        check_cursor(encoded);
        return 0;
}
