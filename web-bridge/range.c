/* SPDX-License-Identifier: MIT */
#include "range.h"

#include <string.h>

/* More parts than this are not even sorted. */
#define MAX_PARTS 64

/* A number at *@text, which is moved behind it. One that does not fit is as good as the largest. */
static gboolean read_number(const char **text, guint64 *number) {
        const char *p = *text;

        if (!g_ascii_isdigit(*p))
                return FALSE;
        for (*number = 0; g_ascii_isdigit(*p); p++) {
                guint digit = *p - '0';

                *number = *number > (G_MAXUINT64 - digit) / 10 ? G_MAXUINT64 : *number * 10 + digit;
        }
        *text = p;
        return TRUE;
}

typedef enum { PART_BAD, PART_OUTSIDE, PART_GOOD } Part;

static Part read_part(const char *text, guint64 size, BhRange *range) {
        guint64 number;

        if (*text == '-') { /* the last N bytes */
                text++;
                if (!read_number(&text, &number) || *text)
                        return PART_BAD;
                *range = (BhRange){size - MIN(number, size), size - 1};
                return number == 0 || size == 0 ? PART_OUTSIDE : PART_GOOD;
        }
        if (!read_number(&text, &range->first) || *text++ != '-')
                return PART_BAD;
        range->last = size - 1;
        if (*text) {
                if (!read_number(&text, &number) || *text || number < range->first)
                        return PART_BAD;
                range->last = MIN(number, size - 1);
        }
        return range->first >= size ? PART_OUTSIDE : PART_GOOD;
}

static int by_first(gconstpointer a, gconstpointer b) {
        const BhRange *one = a, *other = b;

        return one->first < other->first ? -1 : one->first > other->first;
}

static void join_touching(GArray *ranges) {
        guint kept = 0;

        g_array_sort(ranges, by_first);
        for (guint i = 1; i < ranges->len; i++) {
                BhRange *last = &g_array_index(ranges, BhRange, kept), *next = &g_array_index(ranges, BhRange, i);

                if (next->first <= last->last + 1)
                        last->last = MAX(last->last, next->last);
                else
                        g_array_index(ranges, BhRange, ++kept) = *next;
        }
        g_array_set_size(ranges, MIN(ranges->len, kept + 1));
}

BhRanges bh_ranges_parse(const char *header, guint64 size, GArray *ranges) {
        g_auto(GStrv) parts = NULL;
        guint count = 0;

        if (!header || g_ascii_strncasecmp(header, "bytes=", 6) != 0)
                return BH_RANGES_IGNORED;
        parts = g_strsplit(header + 6, ",", MAX_PARTS + 1);
        if (g_strv_length(parts) > MAX_PARTS)
                return BH_RANGES_IGNORED;
        for (char **part = parts; *part; part++) {
                const char *text = g_strstrip(*part);
                BhRange range;

                if (!*text) /* an empty element of a list counts for nothing */
                        continue;
                count++;
                switch (read_part(text, size, &range)) {
                case PART_BAD:
                        return BH_RANGES_IGNORED;
                case PART_GOOD:
                        g_array_append_val(ranges, range);
                        break;
                case PART_OUTSIDE:
                default:
                        break;
                }
        }
        if (count == 0)
                return BH_RANGES_IGNORED;
        if (ranges->len == 0)
                return BH_RANGES_UNSATISFIABLE;
        join_touching(ranges);
        return ranges->len > BH_MAX_RANGES ? BH_RANGES_IGNORED : BH_RANGES_SOME;
}

guint64 bh_ranges_length(const GArray *ranges) {
        guint64 length = 0;

        for (guint i = 0; i < ranges->len; i++) {
                const BhRange *range = &g_array_index(ranges, BhRange, i);

                length += range->last - range->first + 1;
        }
        return length;
}
