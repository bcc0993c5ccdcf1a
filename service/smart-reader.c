/* SPDX-License-Identifier: MIT */

#include "smart-reader.h"

#include <errno.h>
#include <glib.h>
#include <math.h>

#include "log.h"
#include "macro.h"

/* More than anything counts, and exact as a double. */
#define NUMBER_MAX 9007199254740992.0

#define RETRY_USEC (60 * BH_USEC_PER_SEC)

struct BhSmartReader {
        sd_event_source *timer;
        BhWorkers *workers;
        BhUdisks *udisks;
        BhSmarts *smarts;

        /* One at a time. */
        bool is_busy;
        BhSmartTask task;
        BhSmartReport report;
};

/* Reading (worker thread) ----------------------------------------------------------------------------------------------------------------- */

static int read_ata(BhUdisks *udisks, const char *drive, BhSmartReport *ret, BhFailure *failure) {
        BhUdisksAttribute *list = NULL;
        size_t n = 0;
        int r;

        r = bh_udisks_smart_get_attributes(udisks, drive, &list, &n, failure);
        if (r < 0)
                return r;
        ret->attributes = g_new0(BhSmartAttribute, n);
        ret->n_attributes = n;
        for (size_t i = 0; i < n; i++)
                ret->attributes[i] = (BhSmartAttribute){.id = list[i].id,
                                                        .is_prefailure = (list[i].flags & 1) != 0,
                                                        .value = list[i].value,
                                                        .worst = list[i].worst,
                                                        .threshold = list[i].threshold,
                                                        .raw = bh_smart_raw(list[i].id, list[i].pretty, list[i].unit)};
        bh_udisks_attributes_free(list, n);
        return 0;
}

size_t bh_smart_attributes_of_nvme(const BhUdisksNvmeValue *values, size_t n_values, BhSmartAttribute *ret) {
        size_t n = 0;

        for (size_t i = 0; i < n_values; i++) {
                uint8_t id = bh_nvme_id_of(values[i].name);

                if (id != 0 && !isnan(values[i].value))
                        ret[n++] = (BhSmartAttribute){.id = id,
                                                      .value = -1,
                                                      .worst = -1,
                                                      .threshold = -1,
                                                      .raw = (uint64_t)CLAMP(values[i].value, 0.0, NUMBER_MAX)};
        }
        return n;
}

static int read_nvme(BhUdisks *udisks, const char *drive, BhSmartReport *ret, BhFailure *failure) {
        BhUdisksNvmeValue *list = NULL;
        size_t n = 0;
        int r;

        r = bh_udisks_nvme_get_values(udisks, drive, &list, &n, failure);
        if (r < 0)
                return r;
        ret->attributes = g_new0(BhSmartAttribute, n);
        ret->n_attributes = bh_smart_attributes_of_nvme(list, n, ret->attributes);
        bh_udisks_nvme_values_free(list, n);
        return 0;
}

/* That it cannot be told whether the disk sleeps is no obstacle, for UDisks2 looks as well. */
static int ask(BhUdisks *udisks, const char *drive, bool is_nvme, bool wake, BhFailure *failure) {
        bool is_asleep;

        if (!is_nvme && !wake && bh_udisks_get_power_state(udisks, drive, &is_asleep, NULL) >= 0 && is_asleep)
                return bh_failure_set(failure, -EBUSY, NULL, "The disk sleeps");
        return bh_udisks_smart_update(udisks, drive, is_nvme, wake, failure);
}

static int read_properties(BhUdisks *udisks, const char *drive, bool is_anew, BhSmartReport *ret, BhFailure *failure) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        const BhDrive *found;
        int r = 0;

        if (is_anew)
                r = bh_udisks_read_inventory(udisks, &inventory, failure);
        else
                inventory = bh_udisks_get_inventory(udisks);
        if (r < 0)
                return r;
        found = bh_inventory_drive(inventory, drive);
        if (!found)
                return bh_failure_set(failure, -ENODEV, NULL, "The disk is gone");
        if (found->smart.updated_usec == 0)
                return bh_failure_set(failure, -ENODATA, NULL, "The disk has not told its health yet");
        ret->smart = found->smart;
        ret->smart.selftest_status = g_strdup(found->smart.selftest_status);
        return 0;
}

int bh_smart_read(BhUdisks *udisks, const char *drive, bool is_nvme, BhSmartHow how, BhSmartReport *ret,
                  BhFailure *failure) {
        int r = 0;

        *ret = (BhSmartReport){.is_nvme = is_nvme};
        if (how != BH_SMART_GET)
                r = ask(udisks, drive, is_nvme, how == BH_SMART_ASK_ANYWAY, failure);
        if (r >= 0)
                r = is_nvme ? read_nvme(udisks, drive, ret, failure) : read_ata(udisks, drive, ret, failure);
        if (r >= 0)
                r = read_properties(udisks, drive, how != BH_SMART_GET, ret, failure);
        if (r < 0)
                bh_smart_report_clear(ret);
        return r;
}

/* Turns ----------------------------------------------------------------------------------------------------------------------------------- */

static int work(void *userdata) {
        BhSmartReader *reader = userdata;
        const BhSmartTask *task = &reader->task;
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        int r;

        r = bh_smart_read(reader->udisks, task->drive, task->is_nvme, task->is_update ? BH_SMART_ASK : BH_SMART_GET,
                          &reader->report, &failure);
        if (r < 0 && r != -EBUSY && r != -ENODEV && r != -ENOENT && r != -ECANCELED)
                bh_log_warning_errno(r, "Cannot read the health of the disk %s: %s", task->disk_id,
                                     failure.message ?: "");
        return r;
}

static void done(void *userdata, int r) {
        BhSmartReader *reader = userdata;

        bh_smarts_finish(reader->smarts, &reader->task, r, &reader->report, g_get_real_time());
        bh_smart_report_clear(&reader->report);
        bh_smart_task_clear(&reader->task);
        reader->is_busy = false; /* not before: what has changed wakes us */
        if (r != -ECANCELED)     /* we are being stopped */
                bh_smart_reader_wake(reader);
}

static void arm(BhSmartReader *reader, int64_t next_usec, int64_t now_usec) {
        if (next_usec == INT64_MAX) {
                (void)sd_event_source_set_enabled(reader->timer, SD_EVENT_OFF);
                return;
        }
        (void)sd_event_source_set_time_relative(reader->timer, (uint64_t)MAX(next_usec - now_usec, 0));
        (void)sd_event_source_set_enabled(reader->timer, SD_EVENT_ONESHOT);
}

void bh_smart_reader_wake(BhSmartReader *reader) {
        int64_t now_usec = g_get_real_time(), next_usec;

        if (reader->is_busy)
                return;
        if (!bh_smarts_next(reader->smarts, now_usec, &reader->task, &next_usec)) {
                arm(reader, next_usec, now_usec);
                return;
        }
        if (bh_workers_run(reader->workers, BH_POOL_STORAGE, work, done, reader) >= 0) {
                reader->is_busy = true;
                return;
        }
        /* Too much is under way: its next turn comes. Or we are being stopped. */
        bh_smarts_finish(reader->smarts, &reader->task, -EAGAIN, NULL, now_usec);
        bh_smart_task_clear(&reader->task);
        arm(reader, now_usec + RETRY_USEC, now_usec);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        bh_smart_reader_wake(userdata);
        return 0;
}

int bh_smart_reader_new(BhSmartReader **ret, sd_event *event, BhWorkers *workers, BhUdisks *udisks, BhSmarts *smarts) {
        BhSmartReader *reader = g_new0(BhSmartReader, 1);
        int r;

        *reader = (BhSmartReader){.workers = workers, .udisks = udisks, .smarts = smarts};
        r = sd_event_add_time_relative(event, &reader->timer, CLOCK_MONOTONIC, 0, BH_USEC_PER_SEC, on_timer, reader);
        if (r >= 0)
                r = sd_event_source_set_enabled(reader->timer, SD_EVENT_OFF);
        if (r < 0) {
                bh_smart_reader_free(reader);
                return r;
        }
        *ret = reader;
        return 0;
}

void bh_smart_reader_free(BhSmartReader *reader) {
        if (!reader)
                return;
        sd_event_source_disable_unref(reader->timer);
        g_free(reader);
}
