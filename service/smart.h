/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "database.h"
#include "disk.h"
#include "failure.h"
#include "inventory.h"
#include "smart-verdict.h"

/* Health of all disks: what each said of itself last, how that changed, what to think of it, and when to ask it again. A disk is known by the last element of its
 * object's path. What is known of one that sleeps, is gone, or was seen by an earlier run of the service is what it said last.
 *
 * Disks are asked by somebody else (smart-reader.c), who learns here which one is next. Event loop, but for loading. */

typedef struct BhSmarts BhSmarts;

/* What is known of that disk's health has changed by what it was asked. */
typedef void (*BhSmartListener)(const char *disk_id, void *userdata);

/* What a disk was asked, and said. */
typedef struct BhSmartReport {
        BhSmart smart; /* selftest_status is owned */
        bool is_nvme;
        BhSmartAttribute *attributes; /* owned */
        size_t n_attributes;
} BhSmartReport;

void bh_smart_report_clear(BhSmartReport *report);

/* Reads what is in the database. interval_usec: how often a disk is asked. Errors: as bh_database_read(). Blocks. */
int bh_smarts_load(BhSmarts **ret, BhDatabase *database, int64_t interval_usec);

/* NULL is fine. */
void bh_smarts_free(BhSmarts *smarts);

/* There is one listener. */
void bh_smarts_set_listener(BhSmarts *smarts, BhSmartListener listener, void *userdata);

/* Takes in what UDisks2 shows, which must be available; the listener is not called. ids: for each drive the id of the disk, NULL for what is none of ours. */
void bh_smarts_see(BhSmarts *smarts, const BhInventory *inventory, char *const *ids);

/* What to do next. */
typedef struct BhSmartTask {
        char *disk_id, *drive; /* owned; UDisks2's object */
        bool is_nvme;
        bool is_update; /* ask the disk, unless it sleeps; otherwise only get what UDisks2 has read already */
} BhSmartTask;

void bh_smart_task_clear(BhSmartTask *task);

/* Returns whether there is something to do now, which counts as begun; otherwise *ret_next_usec is when there will be (since 1970; INT64_MAX never). A clock that was
 * set back does not make anybody wait for long. */
bool bh_smarts_next(BhSmarts *smarts, int64_t now_usec, BhSmartTask *ret, int64_t *ret_next_usec);

/* The end of a task: r 0 or a negative errno, -EBUSY: the disk sleeps. report: what it said, if r is 0. */
void bh_smarts_finish(BhSmarts *smarts, const BhSmartTask *task, int r, const BhSmartReport *report, int64_t now_usec);

/* What a disk said that somebody asked beyond the schedule. A disk that is not known is not learned of. */
void bh_smarts_take(BhSmarts *smarts, const char *disk_id, const BhSmartReport *report);

/* How healthy the disk is, as bh_disks_set_judge() wants it; userdata: the BhSmarts. Returns false when it is not known. drive is not looked at, for
 * bh_smarts_see() has. */
bool bh_smarts_judge(void *userdata, const char *disk_id, const BhDrive *drive, BhHealth *ret);

/* What it said last; NULL when it never said anything. Borrowed until the next change. */
const BhSmartReading *bh_smarts_get_reading(const BhSmarts *smarts, const char *disk_id);

/* How that changed; false when nothing is known. Borrowed until the next change. */
bool bh_smarts_get_series(const BhSmarts *smarts, const char *disk_id, uint8_t attribute, BhSmartSeries *ret);

/* UDisks2's object of the disk, for verbs about its health; borrowed until the next change. Errors, with a sentence in failure: -EOPNOTSUPP it does not tell
 * it, -ENODEV it is absent. */
int bh_smarts_find_drive(const BhSmarts *smarts, const char *disk_id, const char **ret_drive, bool *ret_is_nvme,
                         BhFailure *failure);

/* A test is two steps, so that nobody takes it for one that he found: the first is before it is started; the second is after that, whatever came of it, and makes it known
 * that it runs. Errors: -EBUSY one runs, or is about to; -ENODEV. */
int bh_smarts_begin_test(BhSmarts *smarts, const char *disk_id, BhFailure *failure);
void bh_smarts_end_test_begin(BhSmarts *smarts, const char *disk_id, bool has_begun);

typedef void (*BhSmartVisitor)(const char *disk_id, void *userdata);

/* Calls visitor for each disk that is present and tests itself, but for those whose test is just being started. visitor must change nothing here. */
void bh_smarts_for_each_test(const BhSmarts *smarts, BhSmartVisitor visitor, void *userdata);
