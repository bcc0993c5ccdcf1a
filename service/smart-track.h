/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smart-verdict.h"

/* One value of a disk in the course of time, as far as a verdict needs it, and which of its samples are worth to be kept for a year: the first of each day (of UTC), and those
 * at which it changed. A value that matters is kept at each change, together with the last sample before it, so that it stays known how fast it went; others
 * change all the time, and are not. Pure. One thread at a time. */

/* Id of the temperature among the attributes: the disk's own word for it, whole degrees Celsius. */
#define BH_SMART_TEMPERATURE 0

typedef struct BhSmartTrack {
        uint8_t id;
        bool is_nvme;
        GArray *samples; /* of BhSmartSample, oldest first; of the window, and the last one before it */
        bool has_tail;   /* the last of them is not to be kept, so the next may take its place */
} BhSmartTrack;

BhSmartTrack *bh_smart_track_new(bool is_nvme, uint8_t id);
void bh_smart_track_free(BhSmartTrack *track);

/* Takes in what was kept earlier. In the order of time. */
void bh_smart_track_restore(BhSmartTrack *track, BhSmartSample sample);

/* Takes in a sample, and says which ones have to be kept now: how many, at most two. One with the time of the sample before replaces it; what is of a later
 * time (the clock was wrong then) is dropped here, and is to be dropped by the caller where it is kept: *ret_is_back, which says so, may be NULL. */
size_t bh_smart_track_add(BhSmartTrack *track, BhSmartSample sample, BhSmartSample ret[2], bool *ret_is_back);

/* What it looks like for a verdict. Borrowed until the next change. */
BhSmartSeries bh_smart_track_series(const BhSmartTrack *track);
