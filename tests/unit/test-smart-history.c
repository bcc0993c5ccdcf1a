/* SPDX-License-Identifier: MIT */

#include <math.h>

#include "account-fixture.h"
#include "macro.h"
#include "smart-history.h"
#include "smart-track.h"

#define HOUR (INT64_C(3600) * BH_USEC_PER_SEC)
#define DAY (24 * HOUR)
#define NOON (INT64_C(20000) * DAY + 12 * HOUR)
#define PENDING 197
#define POWER_ON 9

/* Tracks ---------------------------------------------------------------------------------------------------------------------------------- */

static BhSmartTrack *track;

static void new_track(uint8_t id) {
        g_clear_pointer(&track, bh_smart_track_free);
        track = bh_smart_track_new(false, id);
}

/* What is to be kept of a sample, as "hour:value hour:value"; hours since NOON. */
static void assert_keeps(int64_t hour, uint64_t value, const char *kept) {
        g_autoptr(GString) text = g_string_new(NULL);
        BhSmartSample keep[2];
        size_t n = bh_smart_track_add(track, (BhSmartSample){NOON + hour * HOUR, value}, keep, NULL);

        for (size_t i = 0; i < n; i++)
                g_string_append_printf(text, "%s%" G_GINT64_FORMAT ":%" G_GUINT64_FORMAT, i ? " " : "",
                                       (keep[i].time_usec - NOON) / HOUR, keep[i].value);
        g_assert_cmpstr(text->str, ==, kept);
}

static void a_value_is_kept_once_a_day(void) {
        new_track(PENDING);
        assert_keeps(0, 7, "0:7");
        assert_keeps(1, 7, "");
        assert_keeps(11, 7, "");
        assert_keeps(12, 7, "12:7"); /* midnight */
        assert_keeps(35, 7, "");
        assert_keeps(36, 7, "36:7");
        g_assert_cmpuint(bh_smart_track_series(track).n_samples, ==, 3);
}

static void each_change_of_what_matters_is_kept_with_what_was_before_it(void) {
        BhSmartRise rise;
        BhSmartSeries series;

        new_track(PENDING);
        assert_keeps(0, 0, "0:0");
        assert_keeps(1, 0, "");
        assert_keeps(2, 0, "");
        assert_keeps(3, 8, "2:0 3:8");
        assert_keeps(4, 16, "4:16");
        series = bh_smart_track_series(track);
        g_assert_true(bh_smart_find_rise(&series, &rise));
        g_assert_cmpuint(rise.from, ==, 0);
        g_assert_cmpuint(rise.to, ==, 16);
        g_assert_cmpint(rise.span_usec, ==, 2 * HOUR);
}

static void what_always_changes_is_kept_once_a_day_and_temperatures_once_an_hour(void) {
        new_track(POWER_ON);
        assert_keeps(0, 100, "0:100");
        assert_keeps(1, 101, "");
        assert_keeps(12, 112, "12:112");
        new_track(BH_SMART_TEMPERATURE);
        assert_keeps(0, 30, "0:30");
        assert_keeps(1, 30, "");
        assert_keeps(2, 31, "2:31");
        g_assert_cmpuint(
                bh_smart_track_add(track, (BhSmartSample){NOON + 2 * HOUR + HOUR / 2, 35}, (BhSmartSample[2]){}, NULL),
                ==, 0);
        assert_keeps(3, 34, "3:34");
}

static void the_newest_value_is_part_of_the_series_kept_or_not(void) {
        BhSmartSeries series;

        new_track(PENDING);
        assert_keeps(0, 1, "0:1");
        assert_keeps(1, 1, "");
        assert_keeps(2, 1, "");
        series = bh_smart_track_series(track);
        g_assert_cmpuint(series.n_samples, ==, 2);
        g_assert_cmpint(series.samples[1].time_usec, ==, NOON + 2 * HOUR);
}

static void a_second_reading_of_the_same_moment_replaces_the_first(void) {
        new_track(PENDING);
        assert_keeps(0, 0, "0:0");
        assert_keeps(1, 0, "");
        assert_keeps(1, 8, "1:8"); /* the one before it, at the same moment, was wrong */
        assert_keeps(1, 8, "");
        assert_keeps(1, 16, "1:16");
        g_assert_cmpuint(bh_smart_track_series(track).n_samples, ==, 2);
}

static void what_a_wrong_clock_has_left_is_dropped(void) {
        BhSmartSample keep[2];
        bool is_back;

        new_track(PENDING);
        assert_keeps(0, 0, "0:0");
        assert_keeps(24 * 400, 8, "9600:8");
        assert_keeps(24 * 401, 8, "9624:8");
        g_assert_cmpuint(bh_smart_track_add(track, (BhSmartSample){NOON + HOUR, 8}, keep, &is_back), ==, 1);
        g_assert_true(is_back);
        g_assert_cmpuint(bh_smart_track_add(track, (BhSmartSample){NOON + 2 * HOUR, 8}, keep, &is_back), ==, 0);
        g_assert_false(is_back);
}

static void assert_keeps_at_day(int day) {
        g_autofree char *kept = g_strdup_printf("%d:3", 24 * day);

        assert_keeps(24 * day, 3, kept);
}

static void a_track_forgets_what_is_before_the_window_but_for_the_last_sample(void) {
        BhSmartSeries series;

        new_track(PENDING);
        for (int day = 0; day < 100; day++)
                assert_keeps_at_day(day);
        series = bh_smart_track_series(track);
        g_assert_cmpuint(series.n_samples, ==, 31);
        g_assert_cmpint(series.samples[0].time_usec, ==, NOON + 69 * DAY);
}

/* Database -------------------------------------------------------------------------------------------------------------------------------- */

static void set_up(AccountFixture *f, gconstpointer data) {
        account_fixture_set_up(f, NULL);
}

static void tear_down(AccountFixture *f, gconstpointer data) {
        account_fixture_tear_down(f, NULL);
}

static BhSmartReading reading_at(int64_t time_usec) {
        BhSmartReading reading = {.time_usec = time_usec,
                                  .temperature = 31.5,
                                  .power_on_hours = 8760,
                                  .selftest = BH_SELFTEST_FAILED,
                                  .selftest_problem = g_strdup("in reading")};

        reading.n_attributes = 2;
        reading.attributes = g_new0(BhSmartAttribute, 2);
        reading.attributes[0] = (BhSmartAttribute){5, true, 100, 99, 36, 16};
        reading.attributes[1] = (BhSmartAttribute){PENDING, false, -1, -1, -1, UINT64_MAX};
        return reading;
}

static void load_reading(const char *disk_id, const BhSmartReading *reading, void *userdata) {
        GString *text = userdata;

        g_string_append_printf(text, "%s at %" G_GINT64_FORMAT " %.1f° %" G_GUINT64_FORMAT " h %s %s", disk_id,
                               (reading->time_usec - NOON) / HOUR, reading->temperature, reading->power_on_hours,
                               bh_selftest_to_string(reading->selftest), reading->selftest_problem ?: "-");
        for (size_t i = 0; i < reading->n_attributes; i++) {
                const BhSmartAttribute *attribute = &reading->attributes[i];

                g_string_append_printf(text, " [%u %d %d %d %d %" G_GUINT64_FORMAT "]", attribute->id,
                                       attribute->is_prefailure, attribute->value, attribute->worst,
                                       attribute->threshold, attribute->raw);
        }
        g_string_append(text, "; ");
}

static void load_sample(const char *disk_id, uint8_t attribute, BhSmartSample sample, void *userdata) {
        g_string_append_printf(userdata, "%s/%u %" G_GINT64_FORMAT ":%" G_GUINT64_FORMAT "; ", disk_id, attribute,
                               (sample.time_usec - NOON) / HOUR, sample.value);
}

static void assert_loads(AccountFixture *f, int64_t now_usec, const char *expected) {
        g_autoptr(GString) text = g_string_new(NULL);
        const BhSmartHistoryLoad load = {load_reading, load_sample, text};

        g_assert_cmpint(bh_smart_history_load(f->database, now_usec, &load), ==, 0);
        g_assert_cmpstr(text->str, ==, expected);
}

static void post(AccountFixture *f, const char *disk_id, int64_t hour, uint64_t value, bool is_back) {
        _cleanup_(bh_smart_reading_clear) BhSmartReading reading = reading_at(NOON + hour * HOUR);
        BhSmartKeep keep = {PENDING, {reading.time_usec, value}};

        bh_smart_history_post(f->database, disk_id, &reading, &keep, 1, is_back);
}

static void the_last_reading_survives_a_restart(AccountFixture *f, gconstpointer data) {
        _cleanup_(bh_smart_reading_clear) BhSmartReading reading = reading_at(NOON + 2 * HOUR);

        post(f, "wd", 1, 0, false);
        reading.temperature = (double)NAN;
        reading.selftest = BH_SELFTEST_NONE;
        g_clear_pointer(&reading.selftest_problem, g_free);
        reading.n_attributes = 1;
        bh_smart_history_post(f->database, "wd", &reading, NULL, 0, false);
        account_fixture_restart(f);
        assert_loads(f, NOON + DAY, "wd at 2 nan° 8760 h none - [5 1 100 99 36 16]; wd/197 1:0; ");
}

static void a_disk_that_says_an_attribute_twice_is_taken_at_its_last_word(AccountFixture *f, gconstpointer data) {
        _cleanup_(bh_smart_reading_clear) BhSmartReading reading = reading_at(NOON);

        reading.attributes[1] = reading.attributes[0];
        reading.attributes[1].raw = 17;
        bh_smart_history_post(f->database, "wd", &reading, NULL, 0, false);
        account_fixture_restart(f);
        assert_loads(f, NOON + DAY, "wd at 0 31.5° 8760 h failed in reading [5 1 100 99 36 17]; ");
}

static void loading_takes_the_window_and_the_last_sample_before_it(AccountFixture *f, gconstpointer data) {
        post(f, "wd", 0, 1, false);
        post(f, "wd", 24, 2, false);
        post(f, "wd", 24 * 50, 3, false);
        account_fixture_restart(f);
        assert_loads(f, NOON + 60 * DAY,
                     "wd at 1200 31.5° 8760 h failed in reading [5 1 100 99 36 16]"
                     " [197 0 -1 -1 -1 18446744073709551615]; wd/197 24:2; wd/197 1200:3; ");
}

static void assert_reads(AccountFixture *f, int64_t from_hour, int64_t to_hour, const char *expected) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree BhSmartSample *samples = NULL;
        size_t n;

        g_assert_cmpint(bh_smart_history_read(f->database, "wd", PENDING, NOON + from_hour * HOUR,
                                              NOON + to_hour * HOUR, &samples, &n),
                        ==, 0);
        for (size_t i = 0; i < n; i++)
                load_sample("wd", PENDING, samples[i], text);
        g_assert_cmpstr(text->str, ==, expected);
}

static void samples_are_read_from_a_time_to_another(AccountFixture *f, gconstpointer data) {
        post(f, "wd", 2, 8, false);
        post(f, "wd", 1, 0, false);
        post(f, "other", 1, 99, false);
        post(f, "wd", 3, 16, false);
        account_fixture_restart(f);
        assert_reads(f, 0, 9, "wd/197 1:0; wd/197 2:8; wd/197 3:16; ");
        assert_reads(f, 2, 2, "wd/197 2:8; ");
        assert_reads(f, 4, 9, "");
        assert_reads(f, 9, 0, "");
}

static void what_a_wrong_clock_has_left_goes_from_the_database_too(AccountFixture *f, gconstpointer data) {
        post(f, "wd", 1, 0, false);
        post(f, "wd", 900, 8, false);
        post(f, "other", 900, 8, false);
        post(f, "wd", 2, 0, true);
        account_fixture_restart(f);
        assert_reads(f, 0, 1000, "wd/197 1:0; wd/197 2:0; ");
}

static void many_samples_are_thinned_out_evenly(AccountFixture *f, gconstpointer data) {
        g_autofree BhSmartSample *samples = NULL;
        _cleanup_(bh_smart_reading_clear) BhSmartReading reading = reading_at(NOON);
        g_autofree BhSmartKeep *keep = g_new0(BhSmartKeep, 5000);
        size_t n;

        for (size_t i = 0; i < 5000; i++)
                keep[i] = (BhSmartKeep){PENDING, {NOON + (int64_t)i * HOUR, i}};
        bh_smart_history_post(f->database, "wd", &reading, keep, 5000, false);
        account_fixture_restart(f);
        g_assert_cmpint(bh_smart_history_read(f->database, "wd", PENDING, 0, INT64_MAX, &samples, &n), ==, 0);
        g_assert_cmpuint(n, <=, BH_SMART_SAMPLES_MAX);
        g_assert_cmpuint(n, >, BH_SMART_SAMPLES_MAX * 9 / 10);
        g_assert_cmpuint(samples[n - 1].value, ==, 4999);
        for (size_t i = 1; i < n; i++)
                g_assert_cmpuint(samples[i].value - samples[i - 1].value, <=, 6);
}

static void samples_are_kept_for_a_year(AccountFixture *f, gconstpointer data) {
        int64_t now = NOON + 400 * DAY;

        post(f, "gone", 24, 1, false);
        post(f, "wd", 24, 1, false);
        post(f, "wd", 24 * 35, 2, false);
        g_assert_cmpint(bh_smart_history_prune(f->database, now), ==, 0);
        assert_reads(f, 0, 24 * 400, "wd/197 840:2; ");
        assert_loads(f, now,
                     "wd at 840 31.5° 8760 h failed in reading [5 1 100 99 36 16]"
                     " [197 0 -1 -1 -1 18446744073709551615]; wd/197 840:2; ");
}

int main(int argc, char *argv[]) {
        int r;

        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/smart-track/a_value_is_kept_once_a_day", a_value_is_kept_once_a_day);
        g_test_add_func("/smart-track/each_change_of_what_matters_is_kept_with_what_was_before_it",
                        each_change_of_what_matters_is_kept_with_what_was_before_it);
        g_test_add_func("/smart-track/what_always_changes_is_kept_once_a_day_and_temperatures_once_an_hour",
                        what_always_changes_is_kept_once_a_day_and_temperatures_once_an_hour);
        g_test_add_func("/smart-track/the_newest_value_is_part_of_the_series_kept_or_not",
                        the_newest_value_is_part_of_the_series_kept_or_not);
        g_test_add_func("/smart-track/a_second_reading_of_the_same_moment_replaces_the_first",
                        a_second_reading_of_the_same_moment_replaces_the_first);
        g_test_add_func("/smart-track/what_a_wrong_clock_has_left_is_dropped", what_a_wrong_clock_has_left_is_dropped);
        g_test_add_func("/smart-track/a_track_forgets_what_is_before_the_window_but_for_the_last_sample",
                        a_track_forgets_what_is_before_the_window_but_for_the_last_sample);
#define ADD(name) g_test_add("/smart-history/" #name, AccountFixture, NULL, set_up, name, tear_down)
        ADD(the_last_reading_survives_a_restart);
        ADD(a_disk_that_says_an_attribute_twice_is_taken_at_its_last_word);
        ADD(loading_takes_the_window_and_the_last_sample_before_it);
        ADD(samples_are_read_from_a_time_to_another);
        ADD(what_a_wrong_clock_has_left_goes_from_the_database_too);
        ADD(many_samples_are_thinned_out_evenly);
        ADD(samples_are_kept_for_a_year);
        r = g_test_run();
        g_clear_pointer(&track, bh_smart_track_free);
        return r;
}
