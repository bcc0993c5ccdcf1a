/* SPDX-License-Identifier: MIT */

#include "alert-kind.h"

#include <glib.h>

typedef struct Row {
        const char *name, *message_id;
} Row;

static const Row rows[BH_ALERT_KINDS] = {
        [BH_ALERT_ARRAY_DEGRADED] = {"array-degraded", "89e83b97d9964809984fe75ba899102d"},
        [BH_ALERT_ARRAY_FAILED] = {"array-failed", "284b25a944014af8b278f8acb73c3c32"},
        [BH_ALERT_MEMBER_MISSING] = {"member-missing", "0c106ce6704d49619562cbb5dc7c6083"},
        [BH_ALERT_REBUILD_FAILED] = {"rebuild-failed", "9cd77b34afbe41d893db4d0f0fed2c0a"},
        [BH_ALERT_SMART_FAILING] = {"smart-failing", "18094553d1a74a799bd31f7da1762925"},
        [BH_ALERT_SMART_WORSE] = {"smart-worse", "f64396d5cd2d4e4ca42b9c7f71810586"},
        [BH_ALERT_TOO_HOT] = {"too-hot", "7b2a6db3e1954bc5afa0f0dbb52df58c"},
        [BH_ALERT_POOL_FULL] = {"pool-full", "a41a8e9a54e140219af0138c7b52fee6"},
        [BH_ALERT_POOL_ABSENT] = {"pool-absent", "19c9496dce3d4369aa77185d3c245f71"},
        [BH_ALERT_SCRUB_MISMATCH] = {"scrub-mismatch", "9c2931534321461fb82fb351d726334e"},
        [BH_ALERT_STORAGE_UNAVAILABLE] = {"storage-unavailable", "7993bded23284527baa8d3e0c7204dab"},
};

const char *bh_alert_kind_to_string(BhAlertKind kind) {
        g_assert(kind < BH_ALERT_KINDS);
        return rows[kind].name;
}

bool bh_alert_kind_from_string(const char *text, BhAlertKind *ret) {
        for (BhAlertKind kind = 0; kind < BH_ALERT_KINDS; kind++)
                if (g_str_equal(rows[kind].name, text)) {
                        *ret = kind;
                        return true;
                }
        return false;
}

const char *bh_alert_kind_message_id(BhAlertKind kind) {
        g_assert(kind < BH_ALERT_KINDS);
        return rows[kind].message_id;
}

const char *bh_severity_to_string(BhSeverity severity) {
        return severity == BH_SEVERITY_CRITICAL ? "critical" : "warning";
}
