/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-event.h>

#include "alert-rules.h"
#include "disks.h"
#include "files.h"
#include "worker.h"

/* Has the rules look each time that something new was observed, and when they want to look again. Event loop. */

typedef struct BhAlertWatch BhAlertWatch;

/* What it works with; all must outlive it. */
typedef struct BhAlertWatchParts {
        sd_event *event;
        BhWorkers *workers;
        BhAlerts *alerts;
        BhDisks *disks;
        BhFiles *files; /* NULL there is no storage, so nothing is said about how full it is */
        BhRulesConfig config;
} BhAlertWatchParts;

/* Errors: those of sd-event. */
int bh_alert_watch_new(BhAlertWatch **ret, const BhAlertWatchParts *parts);

/* The workers must have been freed before. NULL is fine. */
void bh_alert_watch_free(BhAlertWatch *watch);

/* What is known of all pools, but for the storage root of the configuration, which is measured here once a minute. To be called when the first is known, and
 * whenever any of it has changed: a pool that came, went, fills or empties. Copied. */
void bh_alert_watch_set_pools(BhAlertWatch *watch, const BhPoolFacts *pools, size_t n_pools);
