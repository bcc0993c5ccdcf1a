/* SPDX-License-Identifier: MIT */
/* What the desktop app says of disks and arrays, without a display and without a service. */

#include "storage-words.h"

#include <math.h>

#define SECOND ((gint64)G_USEC_PER_SEC)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static void times_are_said_no_more_exactly_than_they_are_known(void) {
        const struct {
                gint64 usec;
                const char *words;
        } times[] = {
                {0, "less than a minute"},  {59 * SECOND, "less than a minute"},
                {MINUTE, "1 minute"},       {89 * SECOND, "1 minute"},
                {90 * SECOND, "2 minutes"}, {59 * MINUTE, "59 minutes"},
                {HOUR, "1 h 0 min"},        {2 * HOUR + 10 * MINUTE, "2 h 10 min"},
                {48 * HOUR, "2 days"},      {71 * HOUR, "2 days"},
        };

        for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
                g_autofree char *words = bh_words_duration((guint64)times[i].usec);

                g_assert_cmpstr(words, ==, times[i].words);
        }
}

static void progress_says_only_what_is_known(void) {
        g_autofree char *nothing = bh_words_progress(-1, 0, 0), *percent = bh_words_progress(99.97, 0, 0),
                        *past = bh_words_progress(12, 0, 1),
                        *all = bh_words_progress(45.2, 120000000, g_get_real_time() + 3 * MINUTE);

        g_assert_cmpstr(nothing, ==, "");
        g_assert_cmpstr(percent, ==, "99 %"); /* what is not done yet is not said to be */
        g_assert_cmpstr(past, ==, "12 %");
        g_assert_true(g_str_has_prefix(all, "45 % · 120.0"));
        g_assert_true(g_str_has_suffix(all, "/s · 3 minutes left"));
}

static void disks_are_told_apart_by_bay_model_and_the_end_of_the_serial_number(void) {
        GVariantDict dictionary;
        g_autoptr(GVariant) with_bay = NULL, without_bay = NULL, unknown = NULL;
        g_autofree char *first = NULL, *second = NULL, *third = NULL, *umlauts = bh_words_serial_end("ÄÖÜäöü"),
                        *brief = bh_words_serial_end("A1");

        g_variant_dict_init(&dictionary, NULL);
        g_variant_dict_insert(&dictionary, "name", "s", "sda1");
        g_variant_dict_insert(&dictionary, "model", "s", "WD40EFRX");
        g_variant_dict_insert(&dictionary, "serial", "s", "WD-WCC4E7F2K");
        without_bay = g_variant_ref_sink(g_variant_dict_end(&dictionary));
        g_variant_dict_init(&dictionary, without_bay);
        g_variant_dict_insert(&dictionary, "bay", "s", "Bay 3");
        with_bay = g_variant_ref_sink(g_variant_dict_end(&dictionary));
        g_variant_dict_init(&dictionary, NULL);
        unknown = g_variant_ref_sink(g_variant_dict_end(&dictionary));

        first = bh_words_disk_of(with_bay);
        second = bh_words_disk_of(without_bay);
        third = bh_words_disk_of(unknown);
        g_assert_cmpstr(first, ==, "Bay 3 · WD40EFRX · …7F2K");
        g_assert_cmpstr(second, ==, "sda1 · WD40EFRX · …7F2K");
        g_assert_cmpstr(third, ==, "");
        g_assert_cmpstr(umlauts, ==, "…Üäöü");
        g_assert_cmpstr(brief, ==, "A1");
}

static void every_state_of_the_service_has_a_word_an_icon_and_a_colour(void) {
        const char *const disks[] = {"healthy", "warning", "failing", "failed", "absent", "unknown"};
        const char *const arrays[] = {"optimal", "degraded", "rebuilding", "checking", "failed", "inactive", "absent"};
        const char *const members[] = {"active", "spare", "failed", "rebuilding", "missing", "write-mostly"};
        const char *const pools[] = {"ready", "degraded", "unmounted", "absent", "failed"};

        for (gsize i = 0; i < G_N_ELEMENTS(disks); i++)
                g_assert_cmpstr(bh_words_disk_state(disks[i])->name, ==, disks[i]);
        for (gsize i = 0; i < G_N_ELEMENTS(arrays); i++)
                g_assert_cmpstr(bh_words_array_state(arrays[i])->name, ==, arrays[i]);
        for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
                g_assert_cmpstr(bh_words_member_state(members[i])->name, ==, members[i]);
        for (gsize i = 0; i < G_N_ELEMENTS(pools); i++)
                g_assert_cmpstr(bh_words_pool_state(pools[i])->name, ==, pools[i]);
        /* One of a newer service is not passed off as another. */
        g_assert_cmpstr(bh_words_array_state("melting")->word, ==, "Not known");
        g_assert_cmpstr(bh_words_disk_state(NULL)->word, ==, "Not known");
}

static void a_temperature_that_is_not_known_is_not_made_up(void) {
        g_autofree char *warm = bh_words_temperature(30), *unknown = bh_words_temperature(NAN);

        g_assert_cmpstr(warm, ==, "30 °C");
        g_assert_null(unknown);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/client-storage/times_are_said_no_more_exactly_than_they_are_known",
                        times_are_said_no_more_exactly_than_they_are_known);
        g_test_add_func("/client-storage/progress_says_only_what_is_known", progress_says_only_what_is_known);
        g_test_add_func("/client-storage/disks_are_told_apart_by_bay_model_and_the_end_of_the_serial_number",
                        disks_are_told_apart_by_bay_model_and_the_end_of_the_serial_number);
        g_test_add_func("/client-storage/every_state_of_the_service_has_a_word_an_icon_and_a_colour",
                        every_state_of_the_service_has_a_word_an_icon_and_a_colour);
        g_test_add_func("/client-storage/a_temperature_that_is_not_known_is_not_made_up",
                        a_temperature_that_is_not_known_is_not_made_up);
        return g_test_run();
}
