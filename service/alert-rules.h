/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert.h"
#include "topology.h"

/* The rules by which alerts are raised and resolved: what is wrong is found anew each time that something was observed, and compared with the alerts there
 * are. Whatever depends on more than what is seen at this moment depends on the active alerts, which survive a restart, or is kept here for as long as
 * that takes.
 *
 * What UDisks2 shows is in motion: while an array is made, or UDisks2 starts anew, things are missing for a moment. So a finding about disks and arrays counts
 * when it has held for a second, and is over when it has been so for a second. Event loop. */

typedef struct BhRules BhRules;

typedef struct BhRulesConfig {
        double temperature_limit;       /* °C, of disks that turn, or of which that is not known */
        double temperature_limit_solid; /* °C, of those that do not */
} BhRulesConfig;

/* A pool, as far as rules look at it. Strings are borrowed. */
typedef struct BhPoolFacts {
        const char *path;    /* its object; "/" for the storage root of the configuration */
        const char *name;    /* "" for that */
        bool is_absent;      /* its filesystem should be there, and is not, or cannot be used */
        const char *problem; /* a sentence about that; may be NULL */
        uint64_t used,
                available; /* bytes, to the service; both 0: not known, so nothing is said about how full it is */
} BhPoolFacts;

/* What was observed. Strings are borrowed. */
typedef struct BhObservation {
        const BhTopology *topology;
        bool is_expected; /* disks, arrays or pools are known that need UDisks2 */
        const BhPoolFacts *
                root; /* the storage root of the configuration; NULL it was not looked at, so an alert about it stays as it is */
        bool has_pools; /* the others were looked at; otherwise likewise */
        const BhPoolFacts *pools;
        size_t n_pools;
} BhObservation;

BhRules *bh_rules_new(BhAlerts *alerts, const BhRulesConfig *config);

/* NULL is fine. */
void bh_rules_free(BhRules *rules);

/* Raises, changes and resolves alerts. now_usec: of a clock that is never set. Returns when to come again although nothing new was observed, INT64_MAX never. */
int64_t bh_rules_evaluate(BhRules *rules, const BhObservation *observation, int64_t now_usec);
