/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smart-attribute.h"

/* What to think of a disk, from what it says of itself and from how that changed. Numbers alone say little: makers count differently, and a disk may live long
 * with a few bad sectors, as long as they do not become more. So nothing here judges by a number, but by its rising, unless the disk itself says that it is failing
 * or a limit of its maker is passed. Pure: no clock, no database. Any thread. */

typedef struct BhSmartAttribute {
        uint8_t id;
        bool is_prefailure;          /* its maker says that a failure is near when the limit is passed */
        int value, worst, threshold; /* the maker's scale, where lower is worse; -1 not known */
        uint64_t raw;                /* in the unit of its meaning */
} BhSmartAttribute;

/* How the disk's own test ended or goes. */
typedef enum BhSelftest {
        BH_SELFTEST_NONE, /* none that we know of */
        BH_SELFTEST_RUNNING,
        BH_SELFTEST_PASSED,
        BH_SELFTEST_ABORTED,
        BH_SELFTEST_INTERRUPTED,
        BH_SELFTEST_FAILED,
} BhSelftest;

typedef struct BhSmartReading {
        int64_t time_usec; /* when the disk was asked; since 1970 */
        bool is_nvme;
        bool is_failing;    /* what the disk itself says */
        double temperature; /* °C; NaN not known */
        uint64_t power_on_hours;
        BhSelftest selftest;
        char *selftest_problem;       /* owned; what failed, as words ("reading"); NULL */
        double selftest_percent;      /* done, while it runs; 0 to 100 */
        BhSmartAttribute *attributes; /* owned */
        size_t n_attributes;
} BhSmartReading;

void bh_smart_reading_clear(BhSmartReading *reading);
void bh_smart_reading_copy(BhSmartReading *dest, const BhSmartReading *src);

/* Takes UDisks2's word ("success", "inprogress", "error_read", …) apart. before: what was known until now, for its "success" also means that there never was
 * a test. */
void bh_smart_reading_set_selftest(BhSmartReading *reading, const char *word, int percent_remaining, BhSelftest before);

/* "none", "running", "passed", "aborted", "interrupted", "failed" */
const char *bh_selftest_to_string(BhSelftest selftest);
BhSelftest bh_selftest_from_string(const char *text);

/* A value at a time. */
typedef struct BhSmartSample {
        int64_t time_usec;
        uint64_t value;
} BhSmartSample;

/* What is known of an attribute, oldest first, the newest reading included. */
typedef struct BhSmartSeries {
        uint8_t id;
        BhSmartSample *samples;
        size_t n_samples;
} BhSmartSeries;

/* A rise is news for so long. */
#define BH_SMART_WINDOW_USEC (INT64_C(30) * 86400 * 1000000)

typedef struct BhSmartRise {
        uint64_t from, to;
        int64_t span_usec; /* from when it last was the one to when it first was the other */
} BhSmartRise;

/* Whether the newest value is above the lowest one of the window before it. */
bool bh_smart_find_rise(const BhSmartSeries *series, BhSmartRise *ret);

/* "within an hour", "in 5 hours", "in two days"; owned by the caller. */
char *bh_smart_span_to_text(int64_t span_usec);

typedef enum BhSmartStatus {
        BH_SMART_OK,
        BH_SMART_FAILING,       /* past the limit */
        BH_SMART_FAILED_BEFORE, /* was past it once */
        BH_SMART_WATCH,         /* it rises, or is not what it is on a new disk, and matters */
} BhSmartStatus;

/* "ok", "failing", "failed_before", "watch" */
const char *bh_smart_status_to_string(BhSmartStatus status);

/* series may be NULL. *ret_trend (may be NULL), owned by the caller: how it changed, a sentence, or "". */
BhSmartStatus bh_smart_judge_attribute(bool is_nvme, const BhSmartAttribute *attribute, const BhSmartSeries *series,
                                       char **ret_trend);

typedef enum BhSmartState {
        BH_SMART_HEALTHY,
        BH_SMART_WARNING,
        BH_SMART_FAILED,
} BhSmartState;

typedef struct BhSmartVerdict {
        BhSmartState state;
        char *text; /* owned; a sentence with the reason and what to do */
} BhSmartVerdict;

void bh_smart_verdict_clear(BhSmartVerdict *verdict);

/* series: of as many attributes as are known. */
void bh_smart_judge(const BhSmartReading *reading, const BhSmartSeries *series, size_t n_series, BhSmartVerdict *ret);
