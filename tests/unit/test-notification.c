/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "macro.h"
#include "notification-rule.h"
#include "notification-secret.h"
#include "notification-send.h"

/* In Berlin, where summer time of 2026 begins on 29 March (02:00 is 03:00) and ends on 25 October (03:00 is 02:00). */
static int64_t berlin(const char *text) {
        g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("Europe/Berlin");
        g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, zone);

        g_assert_nonnull(time);
        return g_date_time_to_unix(time) * BH_USEC_PER_SEC;
}

static int64_t when(unsigned from, unsigned to, bool quiet_critical, const BhNotification *notification,
                    int64_t now_usec) {
        BhRule rule = {.quiet_from = from, .quiet_to = to, .quiet_critical = quiet_critical};

        return bh_rule_when(&rule, notification, now_usec);
}

#define AT(hour, minute) ((hour)*60 + (minute))

static const BhNotification warning = {.kind = "too-hot", .severity = BH_NOTIFICATION_WARNING};
static const BhNotification critical = {.kind = "too-hot", .severity = BH_NOTIFICATION_CRITICAL};
static const BhNotification over = {.kind = "too-hot", .severity = BH_NOTIFICATION_CRITICAL, .is_over = true};

static void assert_when(unsigned from, unsigned to, const char *now, const char *expected) {
        g_assert_cmpint(when(from, to, false, &warning, berlin(now)), ==, berlin(expected));
}

static void quiet_hours_end_on_the_same_day_or_the_next(void) {
        assert_when(AT(12, 0), AT(14, 0), "20260601T130000", "20260601T140000");
        assert_when(AT(12, 0), AT(14, 0), "20260601T115959", "20260601T115959");
        assert_when(AT(12, 0), AT(14, 0), "20260601T140000", "20260601T140000");
        assert_when(AT(22, 0), AT(7, 0), "20260601T220000", "20260602T070000");
        assert_when(AT(22, 0), AT(7, 0), "20260602T065959", "20260602T070000");
        assert_when(AT(22, 0), AT(7, 0), "20260602T070000", "20260602T070000");
        assert_when(AT(22, 0), AT(7, 0), "20261231T230000", "20270101T070000");
        assert_when(AT(5, 0), AT(5, 0), "20260601T050000", "20260601T050000");
}

static void quiet_hours_follow_the_clock_on_the_wall_when_summer_time_begins_and_ends(void) {
        /* The night is an hour shorter, then an hour longer. */
        g_assert_cmpint(when(AT(22, 0), AT(7, 0), false, &warning, berlin("20260328T220000")) -
                                berlin("20260328T220000"),
                        ==, INT64_C(8) * 3600 * BH_USEC_PER_SEC);
        g_assert_cmpint(when(AT(22, 0), AT(7, 0), false, &warning, berlin("20261024T220000")) -
                                berlin("20261024T220000"),
                        ==, INT64_C(10) * 3600 * BH_USEC_PER_SEC);
        /* In the hour that comes twice, the end is still ahead in its second half. */
        g_assert_cmpint(when(AT(1, 0), AT(2, 30), false, &warning, berlin("20261025T021500+01")), >,
                        berlin("20261025T021500+01"));
        g_assert_cmpint(when(AT(1, 0), AT(2, 30), false, &warning, berlin("20261025T021500+01")), <=,
                        berlin("20261025T030000"));
}

static void what_is_critical_may_pass_but_not_that_it_is_over(void) {
        int64_t night = berlin("20260601T230000"), morning = berlin("20260602T070000");

        g_assert_cmpint(when(AT(22, 0), AT(7, 0), true, &critical, night), ==, night);
        g_assert_cmpint(when(AT(22, 0), AT(7, 0), true, &warning, night), ==, morning);
        g_assert_cmpint(when(AT(22, 0), AT(7, 0), true, &over, night), ==, morning);
        g_assert_cmpint(when(AT(22, 0), AT(7, 0), false, &critical, night), ==, morning);
}

static void rules_choose_by_kind_severity_and_whether_it_is_over(void) {
        char *none[] = {NULL}, *kinds[] = {(char *)"too-hot", NULL}, *others[] = {(char *)"pool-full", NULL};
        BhRule rule = {.is_enabled = true, .kinds = none, .minimum_severity = BH_NOTIFICATION_WARNING};

        g_assert_true(bh_rule_matches(&rule, &warning));
        g_assert_false(bh_rule_matches(&rule, &over));
        rule.resolved = true;
        g_assert_true(bh_rule_matches(&rule, &over));
        rule.minimum_severity = BH_NOTIFICATION_CRITICAL;
        g_assert_false(bh_rule_matches(&rule, &warning));
        g_assert_true(bh_rule_matches(&rule, &critical));
        rule.kinds = kinds;
        g_assert_true(bh_rule_matches(&rule, &critical));
        rule.kinds = others;
        g_assert_false(bh_rule_matches(&rule, &critical));
        rule.kinds = none;
        rule.is_enabled = false;
        g_assert_false(bh_rule_matches(&rule, &critical));
}

/* As GLib, which has nothing to do with libsodium, computes it. */
static void signatures_are_hmac_sha256(void) {
        g_autofree char *signature = bh_send_sign("Jefe", 1, "x");
        g_autoptr(GHmac) hmac = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)"Jefe", 4);

        g_hmac_update(hmac, (const guchar *)"1.x", 3);
        g_assert_cmpstr(signature, ==, g_hmac_get_string(hmac));
}

static void headers_are_ascii_in_words_of_at_most_75_characters(void) {
        g_autofree char *plain = bh_send_encode_header("A disk is too hot"), *word = bh_send_encode_header("Übung");
        g_autofree char *tricky = bh_send_encode_header("=?UTF-8?Q?x?="), *spoken = g_strnfill(400, 'a'), *all = NULL,
                        *encoded = NULL;
        g_auto(GStrv) words = NULL;

        g_assert_cmpstr(plain, ==, "A disk is too hot");
        g_assert_cmpstr(word, ==, "=?UTF-8?B?w5xidW5n?=");
        g_assert_cmpstr(tricky, ==, "=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=");
        all = g_strconcat("ß", spoken, NULL);
        encoded = bh_send_encode_header(all);
        words = g_strsplit(encoded, " ", -1);
        for (size_t i = 0; words[i]; i++)
                g_assert_cmpuint(strlen(words[i]), <=, 75);
}

static void a_secret_comes_back_with_its_key_alone(void) {
        BhKey key = {.bytes = {1, 2, 3}}, other = {.bytes = {1, 2, 4}};
        g_autoptr(GBytes) sealed = bh_notification_seal(&key, "pässword");
        g_autofree guint8 *data = NULL;
        char *text = NULL;
        gsize size;
        gconstpointer bytes = g_bytes_get_data(sealed, &size);

        g_assert_cmpint(bh_notification_unseal(&key, bytes, size, &text), ==, 0);
        g_assert_cmpstr(text, ==, "pässword");
        bh_notification_secret_free(text);
        g_assert_cmpint(bh_notification_unseal(&other, bytes, size, &text), ==, -EBADMSG);
        g_assert_cmpint(bh_notification_unseal(&key, bytes, 5, &text), ==, -EBADMSG);
        data = g_memdup2(bytes, size);
        data[size - 1] ^= 1;
        g_assert_cmpint(bh_notification_unseal(&key, data, size, &text), ==, -EBADMSG);
}

int main(int argc, char *argv[]) {
        setenv("TZ", "Europe/Berlin", 1);
        tzset();
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/notification/quiet-hours", quiet_hours_end_on_the_same_day_or_the_next);
        g_test_add_func("/notification/summer-time",
                        quiet_hours_follow_the_clock_on_the_wall_when_summer_time_begins_and_ends);
        g_test_add_func("/notification/critical", what_is_critical_may_pass_but_not_that_it_is_over);
        g_test_add_func("/notification/rules", rules_choose_by_kind_severity_and_whether_it_is_over);
        g_test_add_func("/notification/signature", signatures_are_hmac_sha256);
        g_test_add_func("/notification/headers", headers_are_ascii_in_words_of_at_most_75_characters);
        g_test_add_func("/notification/secret", a_secret_comes_back_with_its_key_alone);
        return g_test_run();
}
