/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* The header Range (RFC 9110, 14.2). Pure. */

#define BH_MAX_RANGES 8

typedef struct {
        guint64 first, last; /* bytes, both included */
} BhRange;

typedef enum {
        BH_RANGES_IGNORED, /* none, not understood, or too many: send everything */
        BH_RANGES_SOME,
        BH_RANGES_UNSATISFIABLE, /* 416 */
} BhRanges;

/* Reads @header (may be NULL) for a content of @size bytes into @ranges, an array of BhRange: ascending, and those that touch or overlap joined. */
BhRanges bh_ranges_parse(const char *header, guint64 size, GArray *ranges);

/* Sum of their lengths. */
guint64 bh_ranges_length(const GArray *ranges);
