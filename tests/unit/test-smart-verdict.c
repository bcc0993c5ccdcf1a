/* SPDX-License-Identifier: MIT */

#include <glib.h>
#include <math.h>

#include "macro.h"
#include "smart-verdict.h"

#define HOUR (INT64_C(3600) * BH_USEC_PER_SEC)
#define DAY (24 * HOUR)

static void what_attributes_are_called(void) {
        static const struct {
                uint8_t id;
                const char *name;
                BhSmartSignificance significance;
        } rows[] = {
                {5, "Reallocated_Sector_Ct", BH_SMART_PREDICTIVE},
                {9, "Power_On_Hours", BH_SMART_PLAIN},
                {10, "Spin_Retry_Count", BH_SMART_WATCHED},
                {184, "End-to-End_Error", BH_SMART_WATCHED},
                {187, "Reported_Uncorrect", BH_SMART_PREDICTIVE},
                {188, "Command_Timeout", BH_SMART_PREDICTIVE},
                {194, "Temperature_Celsius", BH_SMART_PLAIN},
                {196, "Reallocated_Event_Count", BH_SMART_WATCHED},
                {197, "Current_Pending_Sector", BH_SMART_PREDICTIVE},
                {198, "Offline_Uncorrectable", BH_SMART_PREDICTIVE},
                {199, "UDMA_CRC_Error_Count", BH_SMART_WATCHED},
                {250, "Unknown_Attribute", BH_SMART_PLAIN},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                const BhSmartMeaning *meaning = bh_smart_meaning(false, rows[i].id);

                g_assert_cmpstr(meaning->name, ==, rows[i].name);
                g_assert_cmpint(meaning->significance, ==, rows[i].significance);
        }
        for (unsigned id = 0; id < 256; id++)
                for (unsigned is_nvme = 0; is_nvme < 2; is_nvme++) {
                        const BhSmartMeaning *meaning = bh_smart_meaning(is_nvme, (uint8_t)id);

                        g_assert_true(meaning->id == id || meaning->id == 0);
                        g_assert_true((meaning->significance != BH_SMART_PLAIN) == (meaning->advice != NULL));
                        g_assert_false(meaning->significance != BH_SMART_PLAIN && meaning->unit == BH_SMART_OPAQUE);
                }
        g_assert_cmpstr(bh_smart_meaning(true, bh_nvme_id_of("media_errors"))->name, ==,
                        "Media_and_Data_Integrity_Errors");
        g_assert_cmpuint(bh_nvme_id_of("temp_sensors"), ==, 0);
}

static void raw_values_are_unpacked(void) {
        static const struct {
                uint8_t id;
                int64_t pretty;
                int unit;
                uint64_t raw;
                const char *text;
        } rows[] = {
                {5, 8, 3, 8, "8 sectors"},
                {197, 1, 3, 1, "1 sector"},
                {9, INT64_C(31536000000), 2, 8760, "8760 hours"},
                {3, 420, 2, 420, "420 ms"},
                {194, 306150, 4, 33, "33 °C"},
                {194, 268150, 4, 0, "0 °C"},                    /* below zero */
                {194, INT64_C(0x002d00120021), 0, 33, "33 °C"}, /* highest and lowest above the present one */
                {190, INT64_C(0x2d12001e), 1, 30, "30 °C"},
                {188, INT64_C(0x000100010001), 1, 1, "1"}, /* slow ones and very slow ones above */
                {188, 3, 1, 3, "3"},
                {199, 12, 1, 12, "12"},
                {250, -1, 0, 0, "0"},
                {1, INT64_MAX, 0, INT64_MAX, "9223372036854775807"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                uint64_t raw = bh_smart_raw(rows[i].id, rows[i].pretty, rows[i].unit);
                g_autofree char *text = bh_smart_raw_to_text(bh_smart_meaning(false, rows[i].id), raw);

                g_assert_cmpuint(raw, ==, rows[i].raw);
                g_assert_cmpstr(text, ==, rows[i].text);
        }
}

static void spans_are_said_in_words(void) {
        static const struct {
                int64_t span;
                const char *text;
        } rows[] = {
                {0, "within an hour"},        {HOUR, "within an hour"}, {5 * HOUR, "in 5 hours"},
                {23 * HOUR, "in 23 hours"},   {DAY, "in a day"},        {2 * DAY, "in two days"},
                {12 * DAY, "in twelve days"}, {13 * DAY, "in 13 days"}, {40 * DAY, "in 40 days"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *text = bh_smart_span_to_text(rows[i].span);

                g_assert_cmpstr(text, ==, rows[i].text);
        }
}

/* Values at days; ends with one at a negative day, or where the array does. */
typedef struct Point {
        int day;
        uint64_t value;
} Point;

static size_t fill(const Point *points, size_t n_points, BhSmartSample *samples) {
        size_t n = 0;

        for (; n < n_points && points[n].day >= 0; n++)
                samples[n] = (BhSmartSample){points[n].day * DAY, points[n].value};
        return n;
}

static void rises_are_found_within_the_window(void) {
        static const struct {
                Point points[10];
                bool rises;
                uint64_t from, to;
                int days;
        } rows[] = {
                {{{-1}}, false},
                {{{0, 8}, {-1}}, false}, /* seen once: nobody knows */
                {{{0, 0}, {10, 0}, {-1}}, false},
                {{{0, 0}, {8, 0}, {10, 8}, {-1}}, true, 0, 8, 2},
                {{{0, 0}, {1, 4}, {2, 6}, {3, 8}, {20, 8}, {-1}},
                 true,
                 0,
                 8,
                 3}, /* until it was reached, not until now */
                {{{0, 5}, {1, 8}, {-1}}, true, 5, 8, 1},
                {{{0, 8}, {5, 0}, {-1}}, false}, /* they were written again and are fine */
                {{{0, 8}, {5, 0}, {9, 3}, {-1}}, true, 0, 3, 4},
                {{{0, 0}, {1, 8}, {31, 8}, {-1}}, false}, /* a month without a change */
                {{{0, 0}, {1, 8}, {30, 8}, {-1}}, true, 0, 8, 1},
                {{{0, 0}, {5, 0}, {200, 8}, {-1}}, true, 0, 8, 195}, /* was off all the time between */
                {{{0, 3}, {1, 9}, {2, 4}, {3, 9}, {-1}}, true, 3, 9, 3},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                BhSmartSample samples[10];
                BhSmartSeries series = {197, samples, fill(rows[i].points, G_N_ELEMENTS(rows[i].points), samples)};
                BhSmartRise rise;

                g_assert_cmpint(bh_smart_find_rise(&series, &rise), ==, rows[i].rises);
                if (!rows[i].rises)
                        continue;
                g_assert_cmpuint(rise.from, ==, rows[i].from);
                g_assert_cmpuint(rise.to, ==, rows[i].to);
                g_assert_cmpint(rise.span_usec, ==, rows[i].days * DAY);
        }
}

static void attributes_have_a_status_and_a_trend(void) {
        static const struct {
                BhSmartAttribute attribute;
                Point points[6];
                BhSmartStatus status;
                const char *trend;
        } rows[] = {
                {{5, true, 100, 100, 36, 0}, {{0, 0}, {9, 0}, {-1}}, BH_SMART_OK, ""},
                {{5, true, 30, 30, 36, 900}, {{-1}}, BH_SMART_FAILING, ""},
                {{5, true, 36, 36, 36, 900}, {{-1}}, BH_SMART_FAILING, ""},
                {{5, true, 90, 30, 36, 0}, {{-1}}, BH_SMART_FAILED_BEFORE, ""},
                {{5, true, 0, 0, 36, 0}, {{-1}}, BH_SMART_OK, ""},     /* 0 is what disks say that do not know */
                {{5, true, 30, 30, 0, 9}, {{-1}}, BH_SMART_WATCH, ""}, /* has no limit */
                {{5, true, -1, -1, -1, 0}, {{-1}}, BH_SMART_OK, ""},
                {{197, false, 100, 100, 0, 8}, {{0, 0}, {2, 8}, {-1}}, BH_SMART_WATCH, "Rose from 0 to 8 in two days"},
                {{197, false, 100, 100, 0, 8}, {{0, 8}, {9, 8}, {-1}}, BH_SMART_WATCH, "Unchanged for 9 days"},
                {{197, false, 100, 100, 0, 8}, {{0, 8}, {1, 8}, {-1}}, BH_SMART_WATCH, "Unchanged for 1 day"},
                {{197, false, 100, 100, 0, 8},
                 {{0, 8}, {99, 8}, {-1}},
                 BH_SMART_WATCH,
                 "Unchanged for at least 30 days"},
                {{199, false, 100, 100, 0, 8}, {{0, 8}, {9, 8}, {-1}}, BH_SMART_OK, "Unchanged for 9 days"},
                {{199, false, 100, 100, 0, 9}, {{0, 8}, {9, 9}, {-1}}, BH_SMART_WATCH, "Rose from 8 to 9 in nine days"},
                {{9, false, 90, 90, 0, 9}, {{0, 8}, {9, 9}, {-1}}, BH_SMART_OK, ""}, /* rises as it should */
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                BhSmartSample samples[6];
                BhSmartSeries series = {rows[i].attribute.id, samples,
                                        fill(rows[i].points, G_N_ELEMENTS(rows[i].points), samples)};
                g_autofree char *trend = NULL;

                g_assert_cmpint(bh_smart_judge_attribute(false, &rows[i].attribute, &series, &trend), ==,
                                rows[i].status);
                g_assert_cmpstr(trend, ==, rows[i].trend);
                g_assert_cmpint(bh_smart_judge_attribute(false, &rows[i].attribute, NULL, NULL), <=,
                                BH_SMART_WATCH); /* also without */
        }
}

typedef struct Case {
        bool is_nvme, is_failing;
        const char *selftest;
        BhSmartAttribute attributes[4];
        Point points[4][5];
        BhSmartState state;
        const char *text;
} Case;

static void check(const Case *c) {
        BhSmartSample samples[4][5];
        BhSmartSeries series[4];
        BhSmartAttribute attributes[4];
        BhSmartReading reading = {.is_nvme = c->is_nvme, .is_failing = c->is_failing, .temperature = NAN};
        _cleanup_(bh_smart_verdict_clear) BhSmartVerdict verdict = {};

        reading.attributes = attributes;
        for (; reading.n_attributes < 4 && c->attributes[reading.n_attributes].id != 0; reading.n_attributes++) {
                size_t i = reading.n_attributes;

                attributes[i] = c->attributes[i];
                series[i].id = attributes[i].id;
                series[i].n_samples = fill(c->points[i], 5, samples[i]);
                series[i].samples = samples[i];
        }
        bh_smart_reading_set_selftest(&reading, c->selftest ?: "success", 0, BH_SELFTEST_NONE);
        bh_smart_judge(&reading, series, reading.n_attributes, &verdict);
        g_assert_cmpstr(verdict.text, ==, c->text);
        g_assert_cmpint(verdict.state, ==, c->state);
        g_free(reading.selftest_problem);
}

static void disks_are_judged_by_what_changes(void) {
        static const Case cases[] = {
                {.state = BH_SMART_HEALTHY, .text = "Healthy"},
                {.is_failing = true,
                 .state = BH_SMART_FAILED,
                 .text = "The disk itself says that it is failing: replace it now"},
                {.is_failing = true,
                 .attributes = {{5, true, 20, 20, 36, 1600}},
                 .points = {{{0, 0}, {1, 1600}, {-1}}},
                 .state = BH_SMART_FAILED,
                 .text = "Reallocated sectors: past the limit that its maker has set (20, the limit is 36): replace it "
                         "now"},
                {.selftest = "error_read",
                 .state = BH_SMART_FAILED,
                 .text = "The disk failed its own test in reading: replace it now"},
                {.selftest = "aborted", .state = BH_SMART_HEALTHY, .text = "Healthy"},
                {.attributes = {{197, false, 100, 100, 0, 8}},
                 .points = {{{0, 0}, {2, 8}, {-1}}},
                 .state = BH_SMART_WARNING,
                 .text = "Pending sectors rose from 0 to 8 in two days: replace soon"},
                {.attributes = {{5, true, 90, 90, 36, 16},
                                {187, false, 98, 98, 0, 2},
                                {197, false, 92, 92, 0, 8},
                                {198, false, 96, 96, 0, 4}},
                 .points = {{{0, 0}, {1, 16}, {-1}},
                            {{0, 0}, {1, 2}, {-1}},
                            {{0, 0}, {1, 8}, {-1}},
                            {{0, 0}, {1, 4}, {-1}}},
                 .state = BH_SMART_WARNING,
                 .text = "Pending sectors rose from 0 to 8 in a day, reallocated sectors from 0 to 16 in a day, "
                         "unreadable sectors from 0 to 4 in a day: replace soon"},
                {.attributes = {{188, false, 100, 100, 0, 3}},
                 .points = {{{0, 1}, {1, 3}, {-1}}},
                 .state = BH_SMART_WARNING,
                 .text = "Commands that timed out rose from 1 to 3 in a day: check its cable and power supply, and "
                         "replace it if this goes on"},
                /* a number by itself says nothing */
                {.attributes = {{5, true, 90, 90, 36, 2000}},
                 .points = {{{0, 2000}, {-1}}},
                 .state = BH_SMART_HEALTHY,
                 .text = "Healthy; reallocated sectors: 2000, no rise seen"},
                {.attributes = {{5, true, 90, 90, 36, 2000}, {197, false, 100, 100, 0, 1}},
                 .points = {{{0, 2000}, {7, 2000}, {-1}}, {{0, 1}, {7, 1}, {-1}}},
                 .state = BH_SMART_HEALTHY,
                 .text = "Healthy; pending sectors: 1, unchanged for 7 days"},
                {.attributes = {{199, false, 100, 100, 0, 10}},
                 .points = {{{0, 3}, {2, 10}, {-1}}},
                 .state = BH_SMART_HEALTHY,
                 .text = "Healthy; transmission errors rose from 3 to 10 in two days: check its cable"},
                {.attributes = {{9, false, 90, 90, 0, 9000}},
                 .points = {{{0, 8000}, {2, 9000}, {-1}}},
                 .state = BH_SMART_HEALTHY,
                 .text = "Healthy"},
                {.attributes = {{12, false, 10, 10, 20, 9000}},
                 .state = BH_SMART_WARNING,
                 .text = "Times switched on: past the limit that its maker has set (10, the limit is 20): plan to "
                         "replace it"},
                {.attributes = {{5, true, 90, 30, 36, 0}},
                 .state = BH_SMART_WARNING,
                 .text = "Reallocated sectors: was past the limit that its maker has set (30, the limit is 36): plan "
                         "to "
                         "replace it"},
                /* the temperature of the air was too high once, as it was on many disks that are fine */
                {.attributes = {{190, false, 70, 40, 45, 30}}, .state = BH_SMART_HEALTHY, .text = "Healthy"},
                {.is_nvme = true,
                 .attributes = {{BH_NVME_MEDIA_ERRORS, false, -1, -1, -1, 2}},
                 .points = {{{0, 0}, {3, 2}, {-1}}},
                 .state = BH_SMART_WARNING,
                 .text = "Errors that could not be corrected rose from 0 to 2 in three days: replace soon"},
                {.is_nvme = true,
                 .attributes = {{BH_NVME_AVAILABLE_SPARE, true, 5, -1, 10, 5}},
                 .state = BH_SMART_FAILED,
                 .text = "Reserve space left: past the limit that its maker has set (5, the limit is 10): replace it "
                         "now"},
                {.is_nvme = true,
                 .attributes = {{BH_NVME_PERCENT_USED, false, -1, -1, -1, 104}},
                 .state = BH_SMART_WARNING,
                 .text = "All the endurance that its maker promised is used up: plan to replace it"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                check(&cases[i]);
}

static void words_of_selftests_are_understood(void) {
        static const struct {
                const char *word;
                int remaining;
                BhSelftest before, after;
                double percent;
        } rows[] = {
                {"success", 0, BH_SELFTEST_NONE, BH_SELFTEST_NONE, 0}, /* which also means that there never was one */
                {"success", 0, BH_SELFTEST_RUNNING, BH_SELFTEST_PASSED, 0},
                {"success", 0, BH_SELFTEST_PASSED, BH_SELFTEST_PASSED, 0},
                {"success", 0, BH_SELFTEST_FAILED, BH_SELFTEST_PASSED, 0},
                {"inprogress", 90, BH_SELFTEST_NONE, BH_SELFTEST_RUNNING, 10},
                {"inprogress", -1, BH_SELFTEST_NONE, BH_SELFTEST_RUNNING, 100},
                {"aborted", 0, BH_SELFTEST_RUNNING, BH_SELFTEST_ABORTED, 0},
                {"interrupted", 0, BH_SELFTEST_RUNNING, BH_SELFTEST_INTERRUPTED, 0},
                {"fatal", 0, BH_SELFTEST_RUNNING, BH_SELFTEST_INTERRUPTED, 0},
                {"error_read", 0, BH_SELFTEST_RUNNING, BH_SELFTEST_FAILED, 0},
                {"error_handling", 0, BH_SELFTEST_NONE, BH_SELFTEST_FAILED, 0},
                {"", 0, BH_SELFTEST_PASSED, BH_SELFTEST_NONE, 0},
                {"something new", 0, BH_SELFTEST_PASSED, BH_SELFTEST_NONE, 0},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                _cleanup_(bh_smart_reading_clear) BhSmartReading reading = {};

                bh_smart_reading_set_selftest(&reading, rows[i].word, rows[i].remaining, rows[i].before);
                g_assert_cmpint(reading.selftest, ==, rows[i].after);
                g_assert_cmpfloat(reading.selftest_percent, ==, rows[i].percent);
                g_assert_true((reading.selftest == BH_SELFTEST_FAILED) == (reading.selftest_problem != NULL));
                g_assert_cmpint(bh_selftest_from_string(bh_selftest_to_string(reading.selftest)), ==, reading.selftest);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(function) g_test_add_func("/smart-verdict/" #function, function)
        ADD(what_attributes_are_called);
        ADD(raw_values_are_unpacked);
        ADD(spans_are_said_in_words);
        ADD(rises_are_found_within_the_window);
        ADD(attributes_have_a_status_and_a_trend);
        ADD(disks_are_judged_by_what_changes);
        ADD(words_of_selftests_are_understood);
        return g_test_run();
}
