/* SPDX-License-Identifier: MIT */

#include "smart-verdict.h"

#include <glib.h>
#include <string.h>

#include "macro.h"

#define HOUR_USEC (INT64_C(3600) * BH_USEC_PER_SEC)
#define DAY_USEC (24 * HOUR_USEC)

/* How many attributes a verdict names at most. */
#define NAMED_MAX 3

/* Readings -------------------------------------------------------------------------------------------------------------------------------- */

void bh_smart_reading_clear(BhSmartReading *reading) {
        g_free(reading->selftest_problem);
        g_free(reading->attributes);
        *reading = (BhSmartReading){};
}

void bh_smart_reading_copy(BhSmartReading *dest, const BhSmartReading *src) {
        *dest = *src;
        dest->selftest_problem = g_strdup(src->selftest_problem);
        dest->attributes = g_memdup2(src->attributes, src->n_attributes * sizeof *src->attributes);
}

void bh_smart_reading_set_selftest(BhSmartReading *reading, const char *word, int percent_remaining,
                                   BhSelftest before) {
        static const struct {
                const char *word;
                BhSelftest selftest;
                const char *problem;
        } words[] = {
                {"inprogress", BH_SELFTEST_RUNNING, NULL},
                {"aborted", BH_SELFTEST_ABORTED, NULL},
                {"interrupted", BH_SELFTEST_INTERRUPTED, NULL},
                {"fatal", BH_SELFTEST_INTERRUPTED, NULL}, /* it could not be brought to an end */
                {"error_unknown", BH_SELFTEST_FAILED, "for an unknown reason"},
                {"error_electrical", BH_SELFTEST_FAILED, "in its electronics"},
                {"error_servo", BH_SELFTEST_FAILED, "in positioning its heads"},
                {"error_read", BH_SELFTEST_FAILED, "in reading"},
                {"error_handling", BH_SELFTEST_FAILED, "and may have been damaged by handling"},
                /* NVMe's words */
                {"ctrl_reset", BH_SELFTEST_INTERRUPTED, NULL},
                {"ns_removed", BH_SELFTEST_INTERRUPTED, NULL},
                {"aborted_format", BH_SELFTEST_ABORTED, NULL},
                {"fatal_error", BH_SELFTEST_INTERRUPTED, NULL},
                {"unknown_seg_fail", BH_SELFTEST_FAILED, "for an unknown reason"},
                {"known_seg_fail", BH_SELFTEST_FAILED, "in one of its parts"},
                {"aborted_unknown", BH_SELFTEST_ABORTED, NULL},
                {"aborted_sanitize", BH_SELFTEST_ABORTED, NULL},
        };

        g_clear_pointer(&reading->selftest_problem, g_free);
        reading->selftest_percent = 0;
        for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
                if (g_str_equal(words[i].word, word)) {
                        reading->selftest = words[i].selftest;
                        reading->selftest_problem = g_strdup(words[i].problem);
                        if (reading->selftest == BH_SELFTEST_RUNNING)
                                reading->selftest_percent = 100 - CLAMP(percent_remaining, 0, 100);
                        return;
                }
        reading->selftest =
                before == BH_SELFTEST_NONE || !g_str_equal(word, "success") ? BH_SELFTEST_NONE : BH_SELFTEST_PASSED;
}

static const char *const selftests[] = {"none", "running", "passed", "aborted", "interrupted", "failed"};

const char *bh_selftest_to_string(BhSelftest selftest) {
        return selftests[selftest];
}

BhSelftest bh_selftest_from_string(const char *text) {
        for (size_t i = 0; i < G_N_ELEMENTS(selftests); i++)
                if (g_str_equal(selftests[i], text))
                        return (BhSelftest)i;
        return BH_SELFTEST_NONE;
}

/* Change ---------------------------------------------------------------------------------------------------------------------------------- */

/* The first sample that counts: the last one before the window, for it says what the value was when the window began. */
static size_t window_start(const BhSmartSeries *series) {
        int64_t begin = series->samples[series->n_samples - 1].time_usec - BH_SMART_WINDOW_USEC;
        size_t first = 0;

        while (first + 1 < series->n_samples && series->samples[first + 1].time_usec <= begin)
                first++;
        return first;
}

bool bh_smart_find_rise(const BhSmartSeries *series, BhSmartRise *ret) {
        const BhSmartSample *samples = series->samples;
        size_t low, end;

        if (series->n_samples < 2)
                return false;
        low = window_start(series);
        for (size_t i = low; i < series->n_samples; i++)
                if (samples[i].value <= samples[low].value)
                        low = i;
        end = series->n_samples - 1;
        if (samples[end].value == samples[low].value)
                return false;
        ret->from = samples[low].value;
        ret->to = samples[end].value;
        while (end - 1 > low && samples[end - 1].value >= ret->to)
                end--;
        ret->span_usec = samples[end].time_usec - samples[low].time_usec;
        return true;
}

char *bh_smart_span_to_text(int64_t span_usec) {
        static const char *const words[] = {"",      "one",   "two",  "three", "four",   "five",  "six",
                                            "seven", "eight", "nine", "ten",   "eleven", "twelve"};
        int64_t hours = (span_usec + HOUR_USEC / 2) / HOUR_USEC, days = (span_usec + DAY_USEC / 2) / DAY_USEC;

        if (hours <= 1)
                return g_strdup("within an hour");
        if (hours < 24)
                return g_strdup_printf("in %" G_GINT64_FORMAT " hours", hours);
        if (days <= 1)
                return g_strdup("in a day");
        if (days < (int64_t)G_N_ELEMENTS(words))
                return g_strdup_printf("in %s days", words[days]);
        return g_strdup_printf("in %" G_GINT64_FORMAT " days", days);
}

/* Attributes ------------------------------------------------------------------------------------------------------------------------------ */

static bool is_past_limit(const BhSmartAttribute *attribute) {
        return attribute->value > 0 && attribute->threshold > 0 && attribute->value <= attribute->threshold;
}

static bool was_past_limit(const BhSmartAttribute *attribute) {
        return attribute->worst > 0 && attribute->threshold > 0 && attribute->worst <= attribute->threshold;
}

static bool matters(const BhSmartMeaning *meaning) {
        return meaning->significance != BH_SMART_PLAIN;
}

static char *trend_of(const BhSmartMeaning *meaning, const BhSmartAttribute *attribute, const BhSmartSeries *series) {
        g_autofree char *span = NULL;
        BhSmartRise rise;
        int64_t known;

        if (!series || series->n_samples == 0 || !matters(meaning))
                return g_strdup("");
        if (bh_smart_find_rise(series, &rise)) {
                span = bh_smart_span_to_text(rise.span_usec);
                return g_strdup_printf("Rose from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " %s", rise.from,
                                       rise.to, span);
        }
        known = series->samples[series->n_samples - 1].time_usec - series->samples[0].time_usec;
        if (attribute->raw == 0 || known < DAY_USEC)
                return g_strdup("");
        known = MIN(known, BH_SMART_WINDOW_USEC) / DAY_USEC;
        return g_strdup_printf("Unchanged for %s%" G_GINT64_FORMAT " day%s",
                               known * DAY_USEC == BH_SMART_WINDOW_USEC ? "at least " : "", known,
                               known == 1 ? "" : "s");
}

BhSmartStatus bh_smart_judge_attribute(bool is_nvme, const BhSmartAttribute *attribute, const BhSmartSeries *series,
                                       char **ret_trend) {
        const BhSmartMeaning *meaning = bh_smart_meaning(is_nvme, attribute->id);
        BhSmartRise rise;

        if (ret_trend)
                *ret_trend = trend_of(meaning, attribute, series);
        if (is_past_limit(attribute))
                return BH_SMART_FAILING;
        if (was_past_limit(attribute))
                return BH_SMART_FAILED_BEFORE;
        if (meaning->significance == BH_SMART_PREDICTIVE && attribute->raw > 0)
                return BH_SMART_WATCH;
        return matters(meaning) && series && bh_smart_find_rise(series, &rise) ? BH_SMART_WATCH : BH_SMART_OK;
}

const char *bh_smart_status_to_string(BhSmartStatus status) {
        static const char *const names[] = {"ok", "failing", "failed_before", "watch"};

        return names[status];
}

/* The disk -------------------------------------------------------------------------------------------------------------------------------- */

static const BhSmartSeries *find_series(const BhSmartSeries *series, size_t n_series, uint8_t id) {
        for (size_t i = 0; i < n_series; i++)
                if (series[i].id == id)
                        return &series[i];
        return NULL;
}

/* The words with a small letter, for the middle of a sentence. */
static char *lower_first(const char *text) {
        char *copy = g_strdup(text);

        copy[0] = g_ascii_tolower(copy[0]);
        return copy;
}

/* Which of those that rise is named first: what says most, in the order of how soon it matters. */
static int rank(const BhSmartMeaning *meaning) {
        static const uint8_t order[] = {197, 5, 198, 187, 188};

        for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
                if (order[i] == meaning->id)
                        return (int)i;
        return (int)G_N_ELEMENTS(order);
}

typedef struct Risen {
        const BhSmartMeaning *meaning;
        BhSmartRise rise;
} Risen;

static int by_rank(const void *a, const void *b) {
        return rank(((const Risen *)a)->meaning) - rank(((const Risen *)b)->meaning);
}

/* "Pending sectors rose from 0 to 8 in two days, reallocated sectors from 0 to 16 in two days: replace soon"; NULL when nothing of that significance has risen. */
static char *risen_to_text(const BhSmartReading *reading, const BhSmartSeries *series, size_t n_series,
                           BhSmartSignificance significance) {
        g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Risen));
        GString *text;

        for (size_t i = 0; i < reading->n_attributes; i++) {
                const BhSmartMeaning *meaning = bh_smart_meaning(reading->is_nvme, reading->attributes[i].id);
                const BhSmartSeries *mine = find_series(series, n_series, reading->attributes[i].id);
                Risen risen = {.meaning = meaning};

                if (meaning->significance == significance && mine && bh_smart_find_rise(mine, &risen.rise))
                        g_array_append_val(all, risen);
        }
        if (all->len == 0)
                return NULL;
        g_array_sort(all, by_rank);
        text = g_string_new(NULL);
        for (guint i = 0; i < MIN(all->len, NAMED_MAX); i++) {
                const Risen *risen = &g_array_index(all, Risen, i);
                g_autofree char *title = lower_first(risen->meaning->title);
                g_autofree char *span = bh_smart_span_to_text(risen->rise.span_usec);

                g_string_append_printf(text, "%s%s from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " %s",
                                       i == 0 ? risen->meaning->title : ", ", i == 0 ? " rose" : title,
                                       risen->rise.from, risen->rise.to, span);
        }
        g_string_append_printf(text, ": %s", g_array_index(all, Risen, 0).meaning->advice);
        return g_string_free(text, FALSE);
}

/* An attribute that is past its maker's limit, or was, those that predict a failure first. */
static const BhSmartAttribute *find_past(const BhSmartReading *reading, bool is_prefailure,
                                         bool (*is_past)(const BhSmartAttribute *attribute)) {
        for (size_t i = 0; i < reading->n_attributes; i++)
                if (reading->attributes[i].is_prefailure == is_prefailure && is_past(&reading->attributes[i]))
                        return &reading->attributes[i];
        return NULL;
}

static char *past_to_text(const BhSmartReading *reading, const BhSmartAttribute *attribute, const char *advice) {
        return g_strdup_printf("%s: past the limit that its maker has set (%d, the limit is %d): %s",
                               bh_smart_meaning(reading->is_nvme, attribute->id)->title, attribute->value,
                               attribute->threshold, advice);
}

static char *judge_failing(const BhSmartReading *reading) {
        const BhSmartAttribute *past = find_past(reading, true, is_past_limit);

        if (past)
                return past_to_text(reading, past, "replace it now");
        if (reading->is_failing)
                return g_strdup("The disk itself says that it is failing: replace it now");
        if (reading->selftest == BH_SELFTEST_FAILED)
                return g_strdup_printf("The disk failed its own test%s%s: replace it now",
                                       reading->selftest_problem ? " " : "", reading->selftest_problem ?: "");
        return NULL;
}

static char *judge_warning(const BhSmartReading *reading, const BhSmartSeries *series, size_t n_series) {
        const BhSmartAttribute *past;
        char *text = risen_to_text(reading, series, n_series, BH_SMART_PREDICTIVE);

        if (text)
                return text;
        past = find_past(reading, false, is_past_limit);
        if (past)
                return past_to_text(reading, past, "plan to replace it");
        past = find_past(reading, true, was_past_limit);
        if (past)
                return g_strdup_printf("%s: was past the limit that its maker has set (%d, the limit is %d): plan to "
                                       "replace it",
                                       bh_smart_meaning(reading->is_nvme, past->id)->title, past->worst,
                                       past->threshold);
        for (size_t i = 0; reading->is_nvme && i < reading->n_attributes; i++)
                if (reading->attributes[i].id == BH_NVME_PERCENT_USED && reading->attributes[i].raw >= 100)
                        return g_strdup("All the endurance that its maker promised is used up: plan to replace it");
        return NULL;
}

/* A number that is not zero and should be, though it does not rise. */
static const BhSmartAttribute *find_blemish(const BhSmartReading *reading) {
        const BhSmartAttribute *found = NULL;

        for (size_t i = 0; i < reading->n_attributes; i++) {
                const BhSmartMeaning *meaning = bh_smart_meaning(reading->is_nvme, reading->attributes[i].id);

                if (meaning->significance == BH_SMART_PREDICTIVE && reading->attributes[i].raw > 0 &&
                    (!found || rank(meaning) < rank(bh_smart_meaning(reading->is_nvme, found->id))))
                        found = &reading->attributes[i];
        }
        return found;
}

static char *judge_healthy(const BhSmartReading *reading, const BhSmartSeries *series, size_t n_series) {
        g_autofree char *risen = risen_to_text(reading, series, n_series, BH_SMART_WATCHED), *title = NULL,
                        *trend = NULL;
        const BhSmartAttribute *blemish;

        if (risen) {
                title = lower_first(risen);
                return g_strdup_printf("Healthy; %s", title);
        }
        blemish = find_blemish(reading);
        if (!blemish)
                return g_strdup("Healthy");
        (void)bh_smart_judge_attribute(reading->is_nvme, blemish, find_series(series, n_series, blemish->id), &trend);
        title = lower_first(bh_smart_meaning(reading->is_nvme, blemish->id)->title);
        if (trend[0] != '\0')
                trend[0] = g_ascii_tolower(trend[0]);
        return g_strdup_printf("Healthy; %s: %" G_GUINT64_FORMAT ", %s", title, blemish->raw,
                               trend[0] != '\0' ? trend : "no rise seen");
}

void bh_smart_verdict_clear(BhSmartVerdict *verdict) {
        g_free(verdict->text);
        *verdict = (BhSmartVerdict){};
}

void bh_smart_judge(const BhSmartReading *reading, const BhSmartSeries *series, size_t n_series, BhSmartVerdict *ret) {
        char *text;

        *ret = (BhSmartVerdict){.state = BH_SMART_FAILED, .text = judge_failing(reading)};
        if (ret->text)
                return;
        text = judge_warning(reading, series, n_series);
        ret->state = text ? BH_SMART_WARNING : BH_SMART_HEALTHY;
        ret->text = text ?: judge_healthy(reading, series, n_series);
}
