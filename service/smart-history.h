/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "database.h"
#include "smart-verdict.h"

/* Health of disks in the database: the last reading of each, and samples of its values for a year. For smart.c alone, but for reading samples. */

/* Samples are kept so long. */
#define BH_SMART_HISTORY_USEC (INT64_C(366) * 86400 * 1000000)

/* Samples that are read at once at most. */
#define BH_SMART_SAMPLES_MAX 1000

/* Each is called for what is found: first all readings (borrowed), then the samples of the window of verdicts and the last one of each value before it, in
 * the order of time. */
typedef struct BhSmartHistoryLoad {
        void (*reading)(const char *disk_id, const BhSmartReading *reading, void *userdata);
        void (*sample)(const char *disk_id, uint8_t attribute, BhSmartSample sample, void *userdata);
        void *userdata;
} BhSmartHistoryLoad;

/* now_usec: since 1970. Errors: as bh_database_read(). Blocks. */
int bh_smart_history_load(BhDatabase *database, int64_t now_usec, const BhSmartHistoryLoad *load);

/* A sample to be kept. */
typedef struct BhSmartKeep {
        uint8_t attribute;
        BhSmartSample sample;
} BhSmartKeep;

/* Writes the reading and samples without waiting for it. is_back: drops first what is of a later time than the reading, for the clock was wrong then. */
void bh_smart_history_post(BhDatabase *database, const char *disk_id, const BhSmartReading *reading,
                           const BhSmartKeep *keep, size_t n_keep, bool is_back);

/* The samples of a value from a time to another, both included, oldest first. Are there more than BH_SMART_SAMPLES_MAX, then the last one of each of as many equal
 * spans of time. *ret is the caller's. Errors: as bh_database_read(). Blocks. */
int bh_smart_history_read(BhDatabase *database, const char *disk_id, uint8_t attribute, int64_t from_usec,
                          int64_t to_usec, BhSmartSample **ret, size_t *ret_n);

/* Drops what is older than a year. Errors: as bh_database_write(). Blocks. */
int bh_smart_history_prune(BhDatabase *database, int64_t now_usec);
