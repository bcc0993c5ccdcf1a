/* SPDX-License-Identifier: MIT */

#include "telemetry.h"

#include "macro.h"

#define WATCHED_USEC ((uint64_t)BH_USEC_PER_SEC)
#define WATCHED_ACCURACY_USEC (UINT64_C(20) * BH_USEC_PER_MSEC)
#define IDLE_USEC (UINT64_C(30) * BH_USEC_PER_SEC)
#define IDLE_ACCURACY_USEC (UINT64_C(5) * BH_USEC_PER_SEC)
#define AWAKE_USEC (10 * BH_USEC_PER_SEC)
#define FRESH_USEC (1500 * BH_USEC_PER_MSEC)

struct BhTelemetry {
        BhTelemetryParts parts; /* event, workers */
        BhMachine *machine;     /* under sampling */
        GMutex sampling, lock;  /* lock is the inner one */

        /* Under lock. */
        BhSample *newest;
        GArray *filesystems;

        /* Event loop only. */
        sd_event_source *timer;
        bool is_sampling, is_watched;
        int64_t awake_usec; /* monotonic: as if watched until then */
        BhTelemetryListener listener;
        void *userdata;
};

/* Taking samples -------------------------------------------------------------------------------------------------------------------------- */

static BhSample *get_newest(BhTelemetry *telemetry) {
        BhSample *sample;

        g_mutex_lock(&telemetry->lock);
        sample = telemetry->newest ? bh_sample_ref(telemetry->newest) : NULL;
        g_mutex_unlock(&telemetry->lock);
        return sample;
}

/* Unless somebody is at it already, who may be held up by a driver: then the sample before has to do. */
static void take_sample(BhTelemetry *telemetry) {
        _cleanup_(bh_sample_unrefp) BhSample *before = NULL;
        g_autoptr(GArray) filesystems = NULL;
        BhReading *reading;

        if (!g_mutex_trylock(&telemetry->sampling))
                return;
        reading = bh_machine_read(telemetry->machine);
        g_mutex_lock(&telemetry->lock);
        before = telemetry->newest;
        filesystems = g_array_ref(telemetry->filesystems);
        telemetry->newest = bh_sample_new(before, reading, filesystems);
        g_mutex_unlock(&telemetry->lock);
        g_mutex_unlock(&telemetry->sampling);
}

BhSample *bh_telemetry_get(BhTelemetry *telemetry) {
        BhSample *sample = get_newest(telemetry);

        if (g_get_monotonic_time() - sample->reading->monotonic_usec < FRESH_USEC)
                return sample;
        bh_sample_unref(sample);
        take_sample(telemetry);
        return get_newest(telemetry);
}

const char *bh_telemetry_model(const BhTelemetry *telemetry) {
        return bh_machine_model(telemetry->machine);
}

/* When ------------------------------------------------------------------------------------------------------------------------------------ */

static bool is_awake(const BhTelemetry *telemetry) {
        return telemetry->is_watched || g_get_monotonic_time() < telemetry->awake_usec;
}

static int arm(BhTelemetry *telemetry, uint64_t usec) {
        bool awake = is_awake(telemetry);
        int r;

        r = sd_event_source_set_time_accuracy(telemetry->timer, awake ? WATCHED_ACCURACY_USEC : IDLE_ACCURACY_USEC);
        if (r >= 0)
                r = sd_event_source_set_time_relative(telemetry->timer, usec);
        return r < 0 ? r : sd_event_source_set_enabled(telemetry->timer, SD_EVENT_ONESHOT);
}

static int run(void *userdata) {
        take_sample(userdata);
        return 0;
}

static void done(void *userdata, int result) {
        BhTelemetry *telemetry = userdata;
        _cleanup_(bh_sample_unrefp) BhSample *sample = get_newest(telemetry);

        telemetry->is_sampling = false;
        if (result >= 0 && telemetry->listener)
                telemetry->listener(telemetry->userdata, sample);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        BhTelemetry *telemetry = userdata;

        if (!telemetry->is_sampling)
                telemetry->is_sampling =
                        bh_workers_run(telemetry->parts.workers, BH_POOL_GENERAL, run, done, telemetry) >= 0;
        return arm(telemetry, is_awake(telemetry) ? WATCHED_USEC : IDLE_USEC);
}

void bh_telemetry_set_watched(BhTelemetry *telemetry, bool is_watched) {
        bool was_awake = is_awake(telemetry);

        telemetry->is_watched = is_watched;
        if (is_watched && !was_awake)
                (void)arm(telemetry, 0);
}

void bh_telemetry_wake(BhTelemetry *telemetry) {
        bool was_awake = is_awake(telemetry);

        telemetry->awake_usec = g_get_monotonic_time() + AWAKE_USEC;
        if (!was_awake)
                (void)arm(telemetry, WATCHED_USEC); /* who asks takes one by himself */
}

/* All together ---------------------------------------------------------------------------------------------------------------------------- */

void bh_telemetry_set_listener(BhTelemetry *telemetry, BhTelemetryListener listener, void *userdata) {
        telemetry->listener = listener;
        telemetry->userdata = userdata;
}

void bh_telemetry_set_filesystems(BhTelemetry *telemetry, GArray *filesystems) {
        g_autoptr(GArray) before = NULL;

        g_mutex_lock(&telemetry->lock);
        before = telemetry->filesystems;
        telemetry->filesystems = filesystems;
        g_mutex_unlock(&telemetry->lock);
}

int bh_telemetry_new(BhTelemetry **ret, const BhTelemetryParts *parts) {
        BhTelemetry *telemetry = g_new0(BhTelemetry, 1);
        int r;

        telemetry->parts = *parts;
        g_mutex_init(&telemetry->sampling);
        g_mutex_init(&telemetry->lock);
        telemetry->machine = bh_machine_new(parts->proc, parts->sysfs);
        telemetry->filesystems = bh_filesystems_new();
        take_sample(telemetry);
        r = sd_event_add_time_relative(parts->event, &telemetry->timer, CLOCK_MONOTONIC, IDLE_USEC, IDLE_ACCURACY_USEC,
                                       on_timer, telemetry);
        if (r < 0) {
                bh_telemetry_free(telemetry);
                return r;
        }
        *ret = telemetry;
        return 0;
}

void bh_telemetry_free(BhTelemetry *telemetry) {
        if (!telemetry)
                return;
        sd_event_source_disable_unref(telemetry->timer);
        bh_sample_unref(telemetry->newest);
        bh_machine_free(telemetry->machine);
        g_array_unref(telemetry->filesystems);
        g_mutex_clear(&telemetry->sampling);
        g_mutex_clear(&telemetry->lock);
        g_free(telemetry);
}
