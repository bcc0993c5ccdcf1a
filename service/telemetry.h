/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "sample.h"
#include "worker.h"

/* Measures the machine as often as somebody wants to know: once a second while it is watched, otherwise every 30 seconds. Files are read in a worker thread, one reading at
 * a time. Event loop, unless a function says otherwise. */

typedef struct BhTelemetry BhTelemetry;

/* What it works with; all must outlive it, but for the strings. */
typedef struct BhTelemetryParts {
        sd_event *event;
        BhWorkers *workers;
        const char *proc, *sysfs; /* where those are mounted */
} BhTelemetryParts;

/* Takes the first sample. Errors: those of sd-event. Blocks for as long as reading takes. */
int bh_telemetry_new(BhTelemetry **ret, const BhTelemetryParts *parts);

/* The workers must have been freed before. NULL is fine. */
void bh_telemetry_free(BhTelemetry *telemetry);

/* Calls listener with each sample that the timer took; one listener. */
typedef void (*BhTelemetryListener)(void *userdata, BhSample *sample);
void bh_telemetry_set_listener(BhTelemetry *telemetry, BhTelemetryListener listener, void *userdata);

/* Whether somebody watches from now on. */
void bh_telemetry_set_watched(BhTelemetry *telemetry, bool is_watched);

/* Somebody has asked: as if watched for ten seconds. */
void bh_telemetry_wake(BhTelemetry *telemetry);

/* How full the filesystems are: of bh_filesystems_new(), which is taken and must not change any more. Part of the next samples. */
void bh_telemetry_set_filesystems(BhTelemetry *telemetry, GArray *filesystems);

/* The newest sample, and a new one if that is older than a second and a half; unref it. Never NULL. Any thread. Blocks for as long as reading takes. */
BhSample *bh_telemetry_get(BhTelemetry *telemetry);

/* What kind of processor it is; "" not known. Any thread. */
const char *bh_telemetry_model(const BhTelemetry *telemetry);
