/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

/* What an alert can be about. The names are those of the bus, of the database and of the journal. */

typedef enum BhAlertKind {
        BH_ALERT_ARRAY_DEGRADED,
        BH_ALERT_ARRAY_FAILED,
        BH_ALERT_MEMBER_MISSING,
        BH_ALERT_REBUILD_FAILED,
        BH_ALERT_SMART_FAILING,
        BH_ALERT_SMART_WORSE,
        BH_ALERT_TOO_HOT,
        BH_ALERT_POOL_FULL,
        BH_ALERT_POOL_ABSENT,
        BH_ALERT_SCRUB_MISMATCH,
        BH_ALERT_STORAGE_UNAVAILABLE,
        BH_ALERT_KINDS,
} BhAlertKind;

typedef enum BhSeverity {
        BH_SEVERITY_WARNING,
        BH_SEVERITY_CRITICAL,
} BhSeverity;

/* "array-degraded", … */
const char *bh_alert_kind_to_string(BhAlertKind kind);

/* The kind with that name; false when there is none. */
bool bh_alert_kind_from_string(const char *text, BhAlertKind *ret);

/* MESSAGE_ID of the journal entry that says that an alert of the kind was raised, 32 digits. baluhostd(8) lists them. */
const char *bh_alert_kind_message_id(BhAlertKind kind);

/* MESSAGE_ID of the entry that says that an alert has been resolved, of whichever kind. */
#define BH_ALERT_RESOLVED_MESSAGE_ID "953b8809f04b45498d178e152bd7ba4b"

/* "warning", "critical" */
const char *bh_severity_to_string(BhSeverity severity);
