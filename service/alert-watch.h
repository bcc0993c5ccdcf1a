/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-event.h>

#include "alert-rules.h"
#include "disks.h"

/* Has the rules look each time that something new was observed, and when they want to look again. Event loop. */

typedef struct BhAlertWatch BhAlertWatch;

/* What it works with; all must outlive it. */
typedef struct BhAlertWatchParts {
        sd_event *event;
        BhAlerts *alerts;
        BhDisks *disks;
        BhRulesConfig config;
} BhAlertWatchParts;

/* Errors: those of sd-event. */
int bh_alert_watch_new(BhAlertWatch **ret, const BhAlertWatchParts *parts);

/* NULL is fine. */
void bh_alert_watch_free(BhAlertWatch *watch);

/* How full the storage root of the configuration is, NULL while that is not known, and what is known of all pools, NULL until it is. To be called whenever any of it has changed: a pool
 * that came, went, fills or empties. Copied, but for the path and name of the root, which must last. */
void bh_alert_watch_set_pools(BhAlertWatch *watch, const BhPoolFacts *root, const BhPoolFacts *pools, size_t n_pools);
