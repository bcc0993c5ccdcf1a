/* SPDX-License-Identifier: MIT */
#include "range.h"

typedef struct {
        const char *header;
        guint64 size;
        BhRanges kind;
        const char *ranges; /* "0-1 5-9" */
} Case;

static const Case cases[] = {
        {NULL, 100, BH_RANGES_IGNORED, ""},
        {"bytes=0-0", 100, BH_RANGES_SOME, "0-0"},
        {"bytes=0-", 100, BH_RANGES_SOME, "0-99"},
        {"bytes=-1", 100, BH_RANGES_SOME, "99-99"},
        {"bytes=-1000", 100, BH_RANGES_SOME, "0-99"},
        {"bytes=10-1000", 100, BH_RANGES_SOME, "10-99"},
        {"bytes=10-18446744073709551615", 100, BH_RANGES_SOME, "10-99"},
        {"bytes=10-99999999999999999999999999", 100, BH_RANGES_SOME, "10-99"},
        {"bytes=5-9,0-1", 100, BH_RANGES_SOME, "0-1 5-9"},
        {"bytes=0-4,5-9", 100, BH_RANGES_SOME, "0-9"},
        {"bytes=0-50,10-20", 100, BH_RANGES_SOME, "0-50"},
        {"bytes=0-1, ,5-6,", 100, BH_RANGES_SOME, "0-1 5-6"},
        {"bytes=0-1,200-300", 100, BH_RANGES_SOME, "0-1"},
        {"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14", 100, BH_RANGES_SOME, "0-0 2-2 4-4 6-6 8-8 10-10 12-12 14-14"},
        {"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16", 100, BH_RANGES_IGNORED, NULL},
        {"bytes=100-", 100, BH_RANGES_UNSATISFIABLE, ""},
        {"bytes=18446744073709551615-", 100, BH_RANGES_UNSATISFIABLE, ""},
        {"bytes=-0", 100, BH_RANGES_UNSATISFIABLE, ""},
        {"bytes=0-", 0, BH_RANGES_UNSATISFIABLE, ""},
        {"bytes=-5", 0, BH_RANGES_UNSATISFIABLE, ""},
        {"bytes=5-4", 100, BH_RANGES_IGNORED, NULL},
        {"bytes=", 100, BH_RANGES_IGNORED, NULL},
        {"bytes=,", 100, BH_RANGES_IGNORED, NULL},
        {"bytes=1", 100, BH_RANGES_IGNORED, NULL},
        {"bytes=-", 100, BH_RANGES_IGNORED, NULL},
        {"bytes=1-2-3", 100, BH_RANGES_IGNORED, NULL},
        {"bytes=1-2x", 100, BH_RANGES_IGNORED, NULL},
        {"bytes=+1-2", 100, BH_RANGES_IGNORED, NULL},
        {"bytes = 1-2", 100, BH_RANGES_IGNORED, NULL},
        {"lines=1-2", 100, BH_RANGES_IGNORED, NULL},
        {"bytes=0-99", G_MAXUINT64, BH_RANGES_SOME, "0-99"},
        {"bytes=18446744073709551614-,0-1", G_MAXUINT64, BH_RANGES_SOME,
         "0-1 18446744073709551614-18446744073709551614"},
};

static void test_cases(void) {
        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(BhRange));
                g_autoptr(GString) text = g_string_new(NULL);
                BhRanges kind = bh_ranges_parse(cases[i].header, cases[i].size, ranges);

                g_test_message("%s of %" G_GUINT64_FORMAT, cases[i].header, cases[i].size);
                g_assert_cmpint(kind, ==, cases[i].kind);
                if (!cases[i].ranges)
                        continue;
                for (guint j = 0; j < ranges->len; j++) {
                        const BhRange *range = &g_array_index(ranges, BhRange, j);

                        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, j > 0 ? " " : "",
                                               range->first, range->last);
                }
                g_assert_cmpstr(text->str, ==, cases[i].ranges);
        }
}

static void test_length(void) {
        g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(BhRange));

        bh_ranges_parse("bytes=0-9,20-24,-1", 100, ranges);
        g_assert_cmpuint(bh_ranges_length(ranges), ==, 16);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/web/range/header_is_read_as_rfc_9110_says", test_cases);
        g_test_add_func("/web/range/length_is_the_sum", test_length);
        return g_test_run();
}
