/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "files.h"
#include "path.h"

/* Where a page of a list ends: the place in the order of its last entry, so that the next page continues there whatever
 * has come or gone since. */

typedef struct BhCursor {
        BhSort sort;
        bool descending;
        bool is_directory;
        int64_t value; /* size or modification time in nanoseconds, when sorted by it; else 0 */
        char name[BH_NAME_SIZE_MAX + 1];
} BhCursor;

/* As text for outside; free with g_free(). */
char *bh_cursor_format(const BhCursor *cursor);

/* Errors: -EINVAL when text was not made by bh_cursor_format(). */
int bh_cursor_parse(BhCursor *ret, const char *text);
