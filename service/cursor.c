/* SPDX-License-Identifier: MIT */
#include "cursor.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

/* Base64 of: "n", "s" or "m" for the order; "a" or "d"; "d" or "f" for a directory or file; 16 hexadecimal digits; the
 * name. */
#define HEAD_SIZE 19
#define SORT_LETTERS "nsm"

char *bh_cursor_format(const BhCursor *cursor) {
        g_autofree char *text = g_strdup_printf("%c%c%c%016" G_GINT64_MODIFIER "x%s", SORT_LETTERS[cursor->sort],
                                                cursor->descending ? 'd' : 'a', cursor->is_directory ? 'd' : 'f',
                                                (guint64)cursor->value, cursor->name);

        return g_base64_encode((const guchar *)text, strlen(text));
}

int bh_cursor_parse(BhCursor *ret, const char *text) {
        size_t size = 0;
        BhCursor cursor = {};
        guint64 value;

        if (strlen(text) > (HEAD_SIZE + BH_NAME_SIZE_MAX + 2) * 4 / 3 + 4)
                return -EINVAL;
        g_autofree guchar *decoded = g_base64_decode(text, &size);
        g_autofree char *again = g_base64_encode(decoded, size); /* decoding skips over letters that do not belong */
        g_autofree char *head = g_strndup((const char *)decoded, MIN(size, HEAD_SIZE));
        if (strcmp(again, text) != 0 || strlen(head) < HEAD_SIZE || memchr(decoded, '\0', size))
                return -EINVAL;

        const char *letter = strchr(SORT_LETTERS, head[0]);
        if (!letter || !strchr("ad", head[1]) || !strchr("df", head[2]) ||
            strspn(head + 3, "0123456789abcdef") != HEAD_SIZE - 3)
                return -EINVAL;
        value = g_ascii_strtoull(head + 3, NULL, 16);
        cursor.sort = (BhSort)(letter - SORT_LETTERS);
        cursor.descending = head[1] == 'd';
        cursor.is_directory = head[2] == 'd';
        cursor.value = (int64_t)value;
        if (size - HEAD_SIZE > BH_NAME_SIZE_MAX)
                return -EINVAL;
        memcpy(cursor.name, decoded + HEAD_SIZE, size - HEAD_SIZE);
        if (bh_name_validate(cursor.name) < 0)
                return -EINVAL;
        *ret = cursor;
        return 0;
}
