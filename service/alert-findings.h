/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "alert-rules.h"

/* What the rules find in one observation, as it is, without regard to how long it has been so. For alert-rules.c alone. */

typedef struct BhFindings {
        const BhAlerts *alerts;
        const BhObservation *observation;
        GPtrArray *list; /* of BhFinding, one for each kind and subject; all owned */
} BhFindings;

/* What is known of an array's rebuilds. */
typedef enum BhRebuild {
        BH_REBUILD_NONE,
        BH_REBUILD_RUNS,
        BH_REBUILD_FAILED,
} BhRebuild;

/* Both are borrowed. */
BhFindings *bh_findings_new(const BhAlerts *alerts, const BhObservation *observation);
void bh_findings_free(BhFindings *findings);
bool bh_findings_has(const BhFindings *findings, BhAlertKind kind, const char *subject);

/* Whether it was looked at at all: if so, what is not in the list is not so. */
bool bh_findings_covers(const BhFindings *findings, BhAlertKind kind, const char *subject);

/* UDisks2, and pools. */
void bh_findings_add_availability(BhFindings *findings);
void bh_findings_add_pools(BhFindings *findings);

/* While UDisks2 is available. rebuilds: path of array (owned) → BhRebuild; brought up to date. */
void bh_findings_add_arrays(BhFindings *findings, GHashTable *rebuilds);
void bh_findings_add_disks(BhFindings *findings, const BhRulesConfig *config);
