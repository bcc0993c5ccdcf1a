/* SPDX-License-Identifier: MIT */

#include "alert-rules.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "alert-findings.h"
#include "macro.h"

/* What has to be so for how long to be believed, in both directions. */
#define SETTLE_USEC BH_USEC_PER_SEC
#define UNAVAILABLE_USEC (3 * BH_USEC_PER_SEC / 2)

struct BhRules {
        BhAlerts *alerts;
        BhRulesConfig config;
        GHashTable *pending;  /* "kind subject" → int64_t *, since when it is not as the alerts say */
        GHashTable *rebuilds; /* path of array → BhRebuild, of those that were rebuilt or have failed to be */
};

BhRules *bh_rules_new(BhAlerts *alerts, const BhRulesConfig *config) {
        BhRules *rules = g_new0(BhRules, 1);

        rules->alerts = alerts;
        rules->config = *config;
        rules->pending = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        rules->rebuilds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return rules;
}

void bh_rules_free(BhRules *rules) {
        if (!rules)
                return;
        g_hash_table_unref(rules->pending);
        g_hash_table_unref(rules->rebuilds);
        g_free(rules);
}

/* Settling -------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Kind {
        int64_t settle_usec;
        const char *why; /* it is over, for the audit trail */
} Kind;

static const Kind kinds[BH_ALERT_KINDS] = {
        [BH_ALERT_ARRAY_DEGRADED] = {SETTLE_USEC, "no member is missing, or it is about more than that now"},
        [BH_ALERT_ARRAY_FAILED] = {SETTLE_USEC, "it runs again, or is expected no more"},
        [BH_ALERT_MEMBER_MISSING] = {SETTLE_USEC, "it is there again, or is expected no more"},
        [BH_ALERT_REBUILD_FAILED] = {SETTLE_USEC, "it is rebuilt again, or whole"},
        [BH_ALERT_SMART_FAILING] = {SETTLE_USEC, "the disk does not say so any more, or is gone"},
        [BH_ALERT_SMART_WORSE] = {SETTLE_USEC, "that is not news any more, or the disk is gone"},
        [BH_ALERT_TOO_HOT] = {SETTLE_USEC, "it has cooled down, or is gone"},
        [BH_ALERT_POOL_FULL] = {0, "there is room again"},
        [BH_ALERT_POOL_ABSENT] = {SETTLE_USEC, "it is there again, or is expected no more"},
        [BH_ALERT_SCRUB_MISMATCH] = {SETTLE_USEC, "the last scrub found nothing"},
        [BH_ALERT_STORAGE_UNAVAILABLE] = {UNAVAILABLE_USEC, "UDisks2 is there again"},
};

typedef struct Round {
        BhRules *rules;
        int64_t now_usec, next_usec;
        GHashTable *waiting; /* keys of what is not as the alerts say; owned by pending */
} Round;

/* Whether it has been otherwise than the alerts say for long enough; if not, remembers to come again. */
static bool has_settled(Round *round, BhAlertKind kind, const char *subject) {
        g_autofree char *key = g_strdup_printf("%s %s", bh_alert_kind_to_string(kind), subject);
        GHashTable *pending = round->rules->pending;
        const int64_t *since = g_hash_table_lookup(pending, key);
        gpointer kept;
        int64_t when;

        if (!since) {
                since = g_memdup2(&round->now_usec, sizeof round->now_usec);
                g_hash_table_insert(pending, g_strdup(key), (gpointer)since);
        }
        when = *since + kinds[kind].settle_usec;
        if (round->now_usec >= when)
                return true;
        round->next_usec = MIN(round->next_usec, when);
        if (g_hash_table_lookup_extended(pending, key, &kept, NULL))
                g_hash_table_add(round->waiting, kept);
        return false;
}

static gboolean is_not_waiting(gpointer key, gpointer value, gpointer waiting) {
        return !g_hash_table_contains(waiting, key);
}

static void raise_found(Round *round, const BhFindings *findings) {
        for (guint i = 0; i < findings->list->len; i++) {
                const BhFinding *finding = g_ptr_array_index(findings->list, i);

                if (bh_alerts_find(round->rules->alerts, finding->kind, finding->subject) ||
                    has_settled(round, finding->kind, finding->subject))
                        bh_alerts_raise(round->rules->alerts, finding);
        }
}

static void resolve_others(Round *round, const BhFindings *findings) {
        g_autofree const BhAlert **list = NULL;
        g_autoptr(GPtrArray) over = g_ptr_array_new();
        size_t n;

        list = bh_alerts_list(round->rules->alerts, false, SIZE_MAX, &n);
        for (size_t i = 0; i < n; i++)
                if (bh_findings_covers(findings, list[i]->kind, list[i]->subject) &&
                    !bh_findings_has(findings, list[i]->kind, list[i]->subject) &&
                    has_settled(round, list[i]->kind, list[i]->subject))
                        g_ptr_array_add(over, (gpointer)list[i]);
        for (guint i = 0; i < over->len; i++) {
                const BhAlert *alert = g_ptr_array_index(over, i);
                g_autofree char *subject = g_strdup(alert->subject);

                bh_alerts_resolve(round->rules->alerts, alert->kind, subject, kinds[alert->kind].why);
        }
}

/* All together ---------------------------------------------------------------------------------------------------------------------------- */

int64_t bh_rules_evaluate(BhRules *rules, const BhObservation *observation, int64_t now_usec) {
        g_autoptr(GHashTable) waiting = g_hash_table_new(g_direct_hash, g_direct_equal);
        Round round = {rules, now_usec, INT64_MAX, waiting};
        BhFindings *findings = bh_findings_new(rules->alerts, observation);

        bh_findings_add_availability(findings);
        if (observation->topology->inventory->is_available) {
                bh_findings_add_arrays(findings, rules->rebuilds);
                bh_findings_add_disks(findings, &rules->config);
        }
        bh_findings_add_pools(findings);

        raise_found(&round, findings);
        resolve_others(&round, findings);
        g_hash_table_foreach_remove(rules->pending, is_not_waiting, waiting);
        bh_findings_free(findings);
        return round.next_usec;
}
