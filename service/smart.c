/* SPDX-License-Identifier: MIT */

#include "smart.h"

#include <errno.h>
#include <glib.h>
#include <math.h>

#include "macro.h"
#include "smart-history.h"
#include "smart-track.h"

/* How often a disk that tests itself is asked how far it is, when UDisks2 does not tell. */
#define TEST_USEC (INT64_C(30) * BH_USEC_PER_SEC)

/* How long what UDisks2 told may be newer than what it has shown on the event loop. */
#define OUTDATED_USEC (INT64_C(60) * BH_USEC_PER_SEC)

typedef struct Disk {
        char *id;

        /* What UDisks2 shows. */
        char *drive; /* "": it is absent */
        bool is_nvme, is_supported, is_enabled;
        BhSmart shown; /* selftest_status is owned */

        /* What it said last. */
        bool is_read;
        BhSmartReading reading;
        GPtrArray *tracks; /* of BhSmartTrack, owned */
        BhSmartVerdict verdict;

        /* The schedule. */
        bool is_stale;    /* UDisks2 shows something newer than our attributes */
        bool is_doubtful; /* and it cannot be told from that whether a test has ended */
        bool is_busy;     /* a task is under way */
        bool is_test_beginning;
        int64_t tried_usec, fetched_usec;
} Disk;

struct BhSmarts {
        BhDatabase *database;
        int64_t interval_usec;
        GHashTable *disks; /* id → Disk, owned */
        BhSmartListener listener;
        void *userdata;
};

void bh_smart_report_clear(BhSmartReport *report) {
        g_free(report->smart.selftest_status);
        g_free(report->attributes);
        *report = (BhSmartReport){};
}

void bh_smart_task_clear(BhSmartTask *task) {
        g_free(task->disk_id);
        g_free(task->drive);
        *task = (BhSmartTask){};
}

/* Disks ----------------------------------------------------------------------------------------------------------------------------------- */

static void disk_free(gpointer data) {
        Disk *disk = data;

        g_free(disk->id);
        g_free(disk->drive);
        g_free(disk->shown.selftest_status);
        bh_smart_reading_clear(&disk->reading);
        g_ptr_array_unref(disk->tracks);
        bh_smart_verdict_clear(&disk->verdict);
        g_free(disk);
}

static void track_destroy(gpointer data) {
        bh_smart_track_free(data);
}

static Disk *get_or_add(BhSmarts *smarts, const char *id) {
        Disk *disk = g_hash_table_lookup(smarts->disks, id);

        if (disk)
                return disk;
        disk = g_new0(Disk, 1);
        disk->id = g_strdup(id);
        disk->drive = g_strdup("");
        disk->shown.selftest_status = g_strdup("");
        disk->tracks = g_ptr_array_new_with_free_func(track_destroy);
        g_hash_table_insert(smarts->disks, disk->id, disk);
        return disk;
}

static BhSmartTrack *find_track(const Disk *disk, uint8_t id) {
        for (guint i = 0; i < disk->tracks->len; i++) {
                BhSmartTrack *track = g_ptr_array_index(disk->tracks, i);

                if (track->id == id)
                        return track;
        }
        return NULL;
}

static BhSmartTrack *get_track(Disk *disk, uint8_t id) {
        BhSmartTrack *track = find_track(disk, id);

        if (track)
                return track;
        track = bh_smart_track_new(disk->reading.is_nvme, id);
        g_ptr_array_add(disk->tracks, track);
        return track;
}

static void judge(Disk *disk) {
        g_autofree BhSmartSeries *series = g_new(BhSmartSeries, disk->tracks->len);
        size_t n = 0;

        for (guint i = 0; i < disk->tracks->len; i++) {
                const BhSmartTrack *track = g_ptr_array_index(disk->tracks, i);

                if (track->id != BH_SMART_TEMPERATURE)
                        series[n++] = bh_smart_track_series(track);
        }
        bh_smart_verdict_clear(&disk->verdict);
        bh_smart_judge(&disk->reading, series, n, &disk->verdict);
}

/* Loading --------------------------------------------------------------------------------------------------------------------------------- */

static void load_reading(const char *disk_id, const BhSmartReading *reading, void *userdata) {
        Disk *disk = get_or_add(userdata, disk_id);

        bh_smart_reading_copy(&disk->reading, reading);
        disk->is_read = true;
}

static void load_sample(const char *disk_id, uint8_t attribute, BhSmartSample sample, void *userdata) {
        const BhSmarts *smarts = userdata;
        Disk *disk = g_hash_table_lookup(smarts->disks, disk_id);

        if (disk)
                bh_smart_track_restore(get_track(disk, attribute), sample);
}

int bh_smarts_load(BhSmarts **ret, BhDatabase *database, int64_t interval_usec) {
        BhSmarts *smarts = g_new0(BhSmarts, 1);
        const BhSmartHistoryLoad load = {load_reading, load_sample, smarts};
        GHashTableIter iter;
        gpointer disk;
        int r;

        smarts->database = database;
        smarts->interval_usec = interval_usec;
        smarts->disks = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, disk_free);
        r = bh_smart_history_load(database, g_get_real_time(), &load);
        if (r < 0) {
                bh_smarts_free(smarts);
                return r;
        }
        g_hash_table_iter_init(&iter, smarts->disks);
        while (g_hash_table_iter_next(&iter, NULL, &disk))
                judge(disk);
        *ret = smarts;
        return 0;
}

void bh_smarts_free(BhSmarts *smarts) {
        if (!smarts)
                return;
        g_hash_table_unref(smarts->disks);
        g_free(smarts);
}

void bh_smarts_set_listener(BhSmarts *smarts, BhSmartListener listener, void *userdata) {
        smarts->listener = listener;
        smarts->userdata = userdata;
}

/* Taking in ------------------------------------------------------------------------------------------------------------------------------- */

static bool is_same_number(double a, double b) {
        return a == b || (isnan(a) && isnan(b));
}

static bool is_same_smart(const BhSmart *a, const BhSmart *b) {
        return a->is_supported == b->is_supported && a->is_enabled == b->is_enabled && a->is_failing == b->is_failing &&
               a->updated_usec == b->updated_usec && is_same_number(a->temperature, b->temperature) &&
               a->power_on_usec == b->power_on_usec && a->n_failing_now == b->n_failing_now &&
               a->n_failed_before == b->n_failed_before && a->n_bad_sectors == b->n_bad_sectors &&
               g_str_equal(a->selftest_status, b->selftest_status) &&
               a->selftest_percent_remaining == b->selftest_percent_remaining;
}

/* What UDisks2 shows as properties goes into the reading at once; the attributes have to be asked for. */
static void take_properties(Disk *disk, const BhSmart *smart) {
        BhSmartReading *reading = &disk->reading;

        reading->time_usec = smart->updated_usec;
        reading->is_nvme = disk->is_nvme;
        reading->is_failing = smart->is_failing;
        reading->temperature = smart->temperature;
        reading->power_on_hours = smart->power_on_usec / (uint64_t)(3600 * BH_USEC_PER_SEC);
        bh_smart_reading_set_selftest(reading, smart->selftest_status, smart->selftest_percent_remaining,
                                      reading->selftest);
        disk->is_read = true;
}

/* UDisks2 told us more than it shows in the inventory that is published now: the one that says this is about to come. */
static bool is_outdated(const Disk *disk, const BhSmart *smart) {
        return disk->is_read && smart->updated_usec < disk->reading.time_usec &&
               disk->reading.time_usec - smart->updated_usec < OUTDATED_USEC;
}

/* UDisks2 tells times in seconds: whether what it shows is of before the test, or of its end within the second in which it was begun, only the disk knows. */
static bool is_doubtful(const Disk *disk, const BhSmart *smart) {
        return disk->is_read && disk->reading.selftest == BH_SELFTEST_RUNNING &&
               smart->updated_usec == disk->reading.time_usec && !g_str_equal(smart->selftest_status, "inprogress");
}

static void set_shown(Disk *disk, const BhSmart *smart, bool is_nvme) {
        char *status = g_strdup(smart->selftest_status);

        g_free(disk->shown.selftest_status);
        disk->shown = *smart;
        disk->shown.selftest_status = status;
        disk->is_nvme = is_nvme;
        disk->is_supported = smart->is_supported;
        disk->is_enabled = smart->is_enabled;
}

static void see_drive(BhSmarts *smarts, Disk *disk, const BhDrive *drive) {
        BhSelftest before = disk->reading.selftest;
        bool is_new = !g_str_equal(disk->drive, drive->object);

        if (is_new) {
                g_free(disk->drive);
                disk->drive = g_strdup(drive->object);
        }
        if (!is_new && is_same_smart(&disk->shown, &drive->smart))
                return;
        set_shown(disk, &drive->smart, drive->has_nvme);

        /* What UDisks2 had read before it was started anew is not known to it; we remember it. */
        if (drive->smart.updated_usec == 0 || !disk->is_supported || is_outdated(disk, &drive->smart))
                return;
        disk->is_doubtful = is_doubtful(disk, &drive->smart);
        if (disk->is_doubtful)
                return;
        disk->is_stale = true;
        take_properties(disk, &drive->smart);
        if (disk->reading.selftest != before)
                bh_smart_history_post(smarts->database, disk->id, &disk->reading, NULL, 0, false);
        judge(disk);
}

void bh_smarts_see(BhSmarts *smarts, const BhInventory *inventory, char *const *ids) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
        GHashTableIter iter;
        gpointer value;

        for (size_t i = 0; i < inventory->n_drives; i++) {
                Disk *disk;

                if (!ids[i])
                        continue;
                disk = get_or_add(smarts, ids[i]);
                g_hash_table_add(seen, disk->id);
                see_drive(smarts, disk, &inventory->drives[i]);
        }
        g_hash_table_iter_init(&iter, smarts->disks);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                Disk *disk = value;

                if (disk->drive[0] != '\0' && !g_hash_table_contains(seen, disk->id)) {
                        g_free(disk->drive);
                        disk->drive = g_strdup("");
                }
        }
}

static void keep_sample(Disk *disk, GArray *keep, bool *is_back, uint8_t id, uint64_t value) {
        BhSmartSample samples[2];
        bool was_back;
        size_t n;

        n = bh_smart_track_add(get_track(disk, id), (BhSmartSample){disk->reading.time_usec, value}, samples,
                               &was_back);
        *is_back |= was_back;
        for (size_t i = 0; i < n; i++) {
                BhSmartKeep one = {id, samples[i]};

                g_array_append_val(keep, one);
        }
}

static void take(BhSmarts *smarts, Disk *disk, const BhSmartReport *report) {
        g_autoptr(GArray) keep = g_array_new(FALSE, FALSE, sizeof(BhSmartKeep));
        BhSmartReading *reading = &disk->reading;
        bool is_back = false;

        set_shown(disk, &report->smart, report->is_nvme);
        take_properties(disk, &report->smart);
        g_free(reading->attributes);
        reading->attributes = g_memdup2(report->attributes, report->n_attributes * sizeof *report->attributes);
        reading->n_attributes = report->n_attributes;
        for (size_t i = 0; i < reading->n_attributes; i++)
                if (reading->attributes[i].id != BH_SMART_TEMPERATURE)
                        keep_sample(disk, keep, &is_back, reading->attributes[i].id, reading->attributes[i].raw);
        if (reading->temperature >= 0)
                keep_sample(disk, keep, &is_back, BH_SMART_TEMPERATURE, (uint64_t)lround(reading->temperature));
        bh_smart_history_post(smarts->database, disk->id, reading, (const BhSmartKeep *)(const void *)keep->data,
                              keep->len, is_back);
        judge(disk);
        if (smarts->listener)
                smarts->listener(disk->id, smarts->userdata);
}

void bh_smarts_take(BhSmarts *smarts, const char *disk_id, const BhSmartReport *report) {
        Disk *disk = g_hash_table_lookup(smarts->disks, disk_id);

        if (disk)
                take(smarts, disk, report);
}

/* The schedule ---------------------------------------------------------------------------------------------------------------------------- */

static bool is_readable(const Disk *disk) {
        return disk->drive[0] != '\0' && disk->is_supported && disk->is_enabled;
}

static bool is_testing(const Disk *disk) {
        return disk->drive[0] != '\0' && disk->is_read && disk->reading.selftest == BH_SELFTEST_RUNNING;
}

/* A time in the future is of a clock that was wrong. */
static int64_t after(int64_t last_usec, int64_t step_usec, int64_t now_usec) {
        return last_usec > now_usec ? now_usec : last_usec + step_usec;
}

static int64_t fetch_usec(const Disk *disk, int64_t now_usec) {
        /* A test that runs is shown by properties; all that the attributes say meanwhile is how much was read. */
        return is_testing(disk) && disk->reading.n_attributes > 0 ? after(disk->fetched_usec, TEST_USEC, now_usec)
                                                                  : now_usec;
}

static int64_t update_usec(const BhSmarts *smarts, const Disk *disk, int64_t now_usec) {
        int64_t step = is_testing(disk) ? MIN(smarts->interval_usec, TEST_USEC) : smarts->interval_usec;
        int64_t updated = after(disk->shown.updated_usec, step, now_usec);
        int64_t tried = after(disk->tried_usec, step, now_usec);

        return disk->is_doubtful ? now_usec : MAX(updated, tried);
}

static void begin(Disk *disk, bool is_update, int64_t now_usec, BhSmartTask *ret) {
        disk->is_busy = true;
        disk->is_stale = false;
        disk->fetched_usec = now_usec;
        if (is_update) {
                disk->is_doubtful = false;
                disk->tried_usec = now_usec;
        }
        *ret = (BhSmartTask){g_strdup(disk->id), g_strdup(disk->drive), disk->is_nvme, is_update};
}

bool bh_smarts_next(BhSmarts *smarts, int64_t now_usec, BhSmartTask *ret, int64_t *ret_next_usec) {
        GHashTableIter iter;
        gpointer value;

        *ret_next_usec = INT64_MAX;
        g_hash_table_iter_init(&iter, smarts->disks);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                Disk *disk = value;
                int64_t update, fetch;

                if (!is_readable(disk) || disk->is_busy)
                        continue;
                update = update_usec(smarts, disk, now_usec);
                fetch = disk->is_stale ? fetch_usec(disk, now_usec) : INT64_MAX;
                if (MIN(update, fetch) <= now_usec) {
                        begin(disk, update <= now_usec, now_usec, ret);
                        return true;
                }
                *ret_next_usec = MIN(*ret_next_usec, MIN(update, fetch));
        }
        return false;
}

void bh_smarts_finish(BhSmarts *smarts, const BhSmartTask *task, int r, const BhSmartReport *report, int64_t now_usec) {
        Disk *disk = g_hash_table_lookup(smarts->disks, task->disk_id);

        disk->is_busy = false; /* it was there when the task began, and none is ever taken out */
        if (r >= 0)
                take(smarts, disk, report);
        else
                disk->tried_usec =
                        now_usec; /* also when UDisks2 has read something that it does not tell: not in a circle */
}

/* Questions ------------------------------------------------------------------------------------------------------------------------------- */

static bool is_known(const Disk *disk) {
        return disk->is_read && (disk->drive[0] == '\0' || (disk->is_supported && disk->is_enabled));
}

static const char *status_of(const Disk *disk) {
        if (is_known(disk))
                return disk->reading.is_failing ? "failed" : "passed";
        return disk->drive[0] != '\0' && !disk->is_supported ? "unsupported" : "unknown";
}

static const char *reason_of_unknown(const Disk *disk) {
        if (disk->drive[0] == '\0')
                return "The health was never read";
        if (!disk->is_supported)
                return "The disk does not report its health";
        return disk->is_enabled ? "The health was not read yet" : "SMART is switched off, so the health is not known";
}

bool bh_smarts_judge(void *userdata, const char *disk_id, const BhDrive *drive, BhHealth *ret) {
        static const char *const states[] = {
                [BH_SMART_HEALTHY] = "healthy", [BH_SMART_WARNING] = "warning", [BH_SMART_FAILED] = "failing"};
        const BhSmarts *smarts = userdata;
        const Disk *disk = g_hash_table_lookup(smarts->disks, disk_id);
        const BhSmartReading *reading;

        if (!disk)
                return false;
        *ret = (BhHealth){.state = "unknown",
                          .smart_status = status_of(disk),
                          .selftest_status = bh_selftest_to_string(BH_SELFTEST_NONE),
                          .temperature = (double)NAN};
        if (!is_known(disk)) {
                ret->text = g_strdup(reason_of_unknown(disk));
                return true;
        }
        reading = &disk->reading;
        ret->state = states[disk->verdict.state];
        ret->text = g_strdup(disk->verdict.text);
        ret->selftest_status = bh_selftest_to_string(reading->selftest);
        ret->updated_usec = reading->time_usec;
        ret->temperature = reading->temperature;
        ret->selftest_progress = reading->selftest_percent;
        ret->power_on_hours = reading->power_on_hours;
        return true;
}

const BhSmartReading *bh_smarts_get_reading(const BhSmarts *smarts, const char *disk_id) {
        const Disk *disk = g_hash_table_lookup(smarts->disks, disk_id);

        return disk && disk->is_read ? &disk->reading : NULL;
}

bool bh_smarts_get_series(const BhSmarts *smarts, const char *disk_id, uint8_t attribute, BhSmartSeries *ret) {
        const Disk *disk = g_hash_table_lookup(smarts->disks, disk_id);
        const BhSmartTrack *track = disk ? find_track(disk, attribute) : NULL;

        if (track)
                *ret = bh_smart_track_series(track);
        return track;
}

int bh_smarts_find_drive(const BhSmarts *smarts, const char *disk_id, const char **ret_drive, bool *ret_is_nvme,
                         BhFailure *failure) {
        const Disk *disk = g_hash_table_lookup(smarts->disks, disk_id);

        if (!disk || disk->drive[0] == '\0')
                return bh_failure_set(failure, -ENODEV, NULL, "The disk is not there");
        if (!disk->is_supported || !disk->is_enabled)
                return bh_failure_set(failure, -EOPNOTSUPP, NULL, "%s", reason_of_unknown(disk));
        *ret_drive = disk->drive;
        *ret_is_nvme = disk->is_nvme;
        return 0;
}

int bh_smarts_begin_test(BhSmarts *smarts, const char *disk_id, BhFailure *failure) {
        Disk *disk = g_hash_table_lookup(smarts->disks, disk_id);

        if (!disk)
                return bh_failure_set(failure, -ENODEV, NULL, "The disk is not there");
        if (disk->is_test_beginning || is_testing(disk))
                return bh_failure_set(failure, -EBUSY, NULL, "The disk tests itself already");
        disk->is_test_beginning = true;
        return 0;
}

void bh_smarts_end_test_begin(BhSmarts *smarts, const char *disk_id, bool has_begun) {
        Disk *disk = g_hash_table_lookup(smarts->disks, disk_id);

        disk->is_test_beginning = false; /* bh_smarts_begin_test() found it */
        if (!has_begun)
                return;
        disk->reading.selftest = BH_SELFTEST_RUNNING;
        disk->reading.selftest_percent = 0;
        g_clear_pointer(&disk->reading.selftest_problem, g_free);
}

void bh_smarts_for_each_test(const BhSmarts *smarts, BhSmartVisitor visitor, void *userdata) {
        GHashTableIter iter;
        gpointer disk;

        g_hash_table_iter_init(&iter, smarts->disks);
        while (g_hash_table_iter_next(&iter, NULL, &disk))
                if (is_testing(disk) && !((const Disk *)disk)->is_test_beginning)
                        visitor(((const Disk *)disk)->id, userdata);
}
