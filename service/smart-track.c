/* SPDX-License-Identifier: MIT */

#include "smart-track.h"

#include "macro.h"

#define HOUR_USEC (INT64_C(3600) * BH_USEC_PER_SEC)
#define DAY_USEC (24 * HOUR_USEC)

BhSmartTrack *bh_smart_track_new(bool is_nvme, uint8_t id) {
        BhSmartTrack *track = g_new0(BhSmartTrack, 1);

        track->id = id;
        track->is_nvme = is_nvme;
        track->samples = g_array_new(FALSE, FALSE, sizeof(BhSmartSample));
        return track;
}

void bh_smart_track_free(BhSmartTrack *track) {
        g_array_unref(track->samples);
        g_free(track);
}

BhSmartSeries bh_smart_track_series(const BhSmartTrack *track) {
        return (BhSmartSeries){track->id, (BhSmartSample *)(void *)track->samples->data, track->samples->len};
}

void bh_smart_track_restore(BhSmartTrack *track, BhSmartSample sample) {
        g_array_append_val(track->samples, sample);
}

static BhSmartSample *last_of(const BhSmartTrack *track) {
        guint n = track->samples->len;

        return n > 0 ? &g_array_index(track->samples, BhSmartSample, n - 1) : NULL;
}

/* The last one that is kept; NULL none. */
static const BhSmartSample *last_kept(const BhSmartTrack *track) {
        guint n = track->samples->len - (track->has_tail ? 1 : 0);

        return n > 0 ? &g_array_index(track->samples, BhSmartSample, n - 1) : NULL;
}

static bool matters(const BhSmartTrack *track) {
        return track->id != BH_SMART_TEMPERATURE &&
               bh_smart_meaning(track->is_nvme, track->id)->significance != BH_SMART_PLAIN;
}

/* How far apart changes have to be to be kept. */
static int64_t change_interval(const BhSmartTrack *track) {
        if (matters(track))
                return 0;
        return track->id == BH_SMART_TEMPERATURE ? HOUR_USEC : DAY_USEC;
}

static bool is_to_keep(const BhSmartTrack *track, BhSmartSample sample) {
        const BhSmartSample *kept = last_kept(track);

        if (!kept || sample.time_usec / DAY_USEC != kept->time_usec / DAY_USEC)
                return true;
        return sample.value != kept->value && sample.time_usec - kept->time_usec >= change_interval(track);
}

static bool drop_later(BhSmartTrack *track, int64_t time_usec) {
        bool is_back = false;

        for (BhSmartSample *last = last_of(track); last && last->time_usec > time_usec; last = last_of(track)) {
                g_array_set_size(track->samples, track->samples->len - 1);
                track->has_tail = false;
                is_back = true;
        }
        return is_back;
}

/* All that is before the window, except for the last one of it: that says what the value was when the window began. */
static void drop_early(BhSmartTrack *track) {
        int64_t begin = last_of(track)->time_usec - BH_SMART_WINDOW_USEC;
        guint n = 0;

        while (n + 1 < track->samples->len && g_array_index(track->samples, BhSmartSample, n + 1).time_usec <= begin)
                n++;
        if (n > 0)
                g_array_remove_range(track->samples, 0, n);
}

static void push(BhSmartTrack *track, BhSmartSample sample, bool is_tail) {
        if (track->has_tail)
                g_array_set_size(track->samples, track->samples->len - 1);
        g_array_append_val(track->samples, sample);
        track->has_tail = is_tail;
        drop_early(track);
}

size_t bh_smart_track_add(BhSmartTrack *track, BhSmartSample sample, BhSmartSample ret[2], bool *ret_is_back) {
        bool is_back = drop_later(track, sample.time_usec);
        BhSmartSample *last = last_of(track);
        size_t n = 0;

        if (ret_is_back)
                *ret_is_back = is_back;
        if (last && last->time_usec == sample.time_usec) {
                if (last->value == sample.value)
                        return 0;
                last->value = sample.value;
                if (track->has_tail && !is_to_keep(track, sample))
                        return 0;
                track->has_tail = false;
                ret[n++] = sample;
                return n;
        }
        if (!is_to_keep(track, sample)) {
                push(track, sample, true);
                return 0;
        }
        if (last && track->has_tail && matters(track) && last->value != sample.value) {
                ret[n++] = *last;
                track->has_tail = false;
        }
        push(track, sample, false);
        ret[n++] = sample;
        return n;
}
