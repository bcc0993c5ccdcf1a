/* SPDX-License-Identifier: MIT */

#include "alert-findings.h"

#include <math.h>

/* A disk is not too hot any more, or not far too hot, when it is so many degrees below the limit. */
#define HOT_HYSTERESIS 5.0
#define HOT_CRITICAL 10.0 /* above the limit */

/* Percent of a pool. */
#define FULL_WARNING 90.0
#define FULL_CRITICAL 95.0
#define FULL_HYSTERESIS 2.0

/* Findings -------------------------------------------------------------------------------------------------------------------------------- */

static void finding_free(gpointer data) {
        BhFinding *finding = data;

        g_free((char *)finding->subject);
        g_free((char *)finding->title);
        g_free((char *)finding->text);
        g_free(finding);
}

BhFindings *bh_findings_new(const BhAlerts *alerts, const BhObservation *observation) {
        BhFindings *findings = g_new0(BhFindings, 1);

        findings->alerts = alerts;
        findings->observation = observation;
        findings->list = g_ptr_array_new_with_free_func(finding_free);
        return findings;
}

void bh_findings_free(BhFindings *findings) {
        g_ptr_array_unref(findings->list);
        g_free(findings);
}

bool bh_findings_has(const BhFindings *findings, BhAlertKind kind, const char *subject) {
        for (guint i = 0; i < findings->list->len; i++) {
                const BhFinding *finding = g_ptr_array_index(findings->list, i);

                if (finding->kind == kind && g_str_equal(finding->subject, subject))
                        return true;
        }
        return false;
}

/* Takes title and text. The first one about a subject counts. */
static void add(BhFindings *findings, BhAlertKind kind, const char *subject, BhSeverity severity, char *title,
                char *text) {
        BhFinding *finding;

        if (bh_findings_has(findings, kind, subject)) {
                g_free(title);
                g_free(text);
                return;
        }
        finding = g_new(BhFinding, 1);
        *finding = (BhFinding){kind, g_strdup(subject), severity, title, text};
        g_ptr_array_add(findings->list, finding);
}

/* The same, of something that is measured: while only the number has changed, the alert stays as it is. */
static void add_measured(BhFindings *findings, BhAlertKind kind, const char *subject, BhSeverity severity, char *title,
                         char *text) {
        const BhAlert *alert = bh_alerts_find(findings->alerts, kind, subject);

        if (alert && alert->severity == severity) {
                g_free(title);
                g_free(text);
                title = g_strdup(alert->title);
                text = g_strdup(alert->text);
        }
        add(findings, kind, subject, severity, title, text);
}

/* How bad a measured value is: -1 not at all. An alert that is active eases, and ends, only some way below where it began. */
static int grade(const BhFindings *findings, BhAlertKind kind, const char *subject, double value, double warning,
                 double critical, double hysteresis) {
        const BhAlert *alert = bh_alerts_find(findings->alerts, kind, subject);
        bool was_critical = alert && alert->severity == BH_SEVERITY_CRITICAL;

        if (value >= critical - (was_critical ? hysteresis : 0))
                return BH_SEVERITY_CRITICAL;
        return value >= warning - (alert ? hysteresis : 0) ? (int)BH_SEVERITY_WARNING : -1;
}

static bool is_available(const BhFindings *findings) {
        return findings->observation->topology->inventory->is_available;
}

bool bh_findings_covers(const BhFindings *findings, BhAlertKind kind, const char *subject) {
        const BhObservation *observation = findings->observation;

        switch (kind) {
        case BH_ALERT_STORAGE_UNAVAILABLE:
                return true;
        case BH_ALERT_POOL_FULL:
                return g_str_equal(subject, "/") ? observation->root != NULL : observation->has_pools;
        case BH_ALERT_POOL_ABSENT: /* whether a pool is there is only known while it is known which disks are */
                return observation->has_pools && is_available(findings);
        default:
                return is_available(findings);
        }
}

/* UDisks2 --------------------------------------------------------------------------------------------------------------------------------- */

void bh_findings_add_availability(BhFindings *findings) {
        if (is_available(findings) || !findings->observation->is_expected)
                return;
        add(findings, BH_ALERT_STORAGE_UNAVAILABLE, "/", BH_SEVERITY_WARNING, g_strdup("Disks are not watched"),
            g_strdup_printf("%s. Until it is back nobody sees whether a disk fails: see what the journal says of "
                            "udisks2.service.",
                            findings->observation->topology->inventory->problem));
}

/* Arrays ---------------------------------------------------------------------------------------------------------------------------------- */

static bool is_state(const BhArray *array, const char *state) {
        return g_str_equal(array->state, state);
}

/* Not as long as a new array makes its first sync: what is missing then is only not made yet. */
static bool is_degraded(const BhArray *array) {
        return array->is_running && array->degraded > 0 && !array->is_first_sync &&
               (is_state(array, "degraded") || is_state(array, "rebuilding"));
}

/* Not one that somebody has stopped while all of it is there. */
static bool is_failed(const BhArray *array) {
        return is_state(array, "failed") || is_state(array, "absent") ||
               (is_state(array, "inactive") && array->degraded > 0);
}

static void add_degraded(BhFindings *findings, const BhArray *array) {
        const char *advice = is_state(array, "rebuilding") ? "Leave it alone until that is done."
                                                           : "Replace what is missing and repair the array.";

        add(findings, BH_ALERT_ARRAY_DEGRADED, array->path,
            array->survives == 0 ? BH_SEVERITY_CRITICAL : BH_SEVERITY_WARNING,
            g_strdup_printf("The array %s is degraded", array->name),
            g_strdup_printf("%s. %s", array->state_text, advice));
}

static void add_failed(BhFindings *findings, const BhArray *array) {
        const char *what = "has failed", *advice = "Check the cables and the power of what is missing. Do not format "
                                                   "anything: what is on it may still be there.";

        if (is_state(array, "absent"))
                what = "is not there";
        if (is_state(array, "inactive")) {
                what = "has not started";
                advice = "If what is missing does not come back, start the array degraded.";
        }
        add(findings, BH_ALERT_ARRAY_FAILED, array->path, BH_SEVERITY_CRITICAL,
            g_strdup_printf("The array %s %s", array->name, what),
            g_strdup_printf("%s. %s", array->state_text, advice));
}

static void add_missing(BhFindings *findings, const BhArray *array, const BhArrayMember *member, int64_t now_usec) {
        g_autofree char *who = bh_disk_describe(member->model, member->serial, member->name);
        g_autofree char *seen = bh_format_seen(member->last_seen_usec, now_usec);
        g_autofree char *where = *member->bay ? g_strdup_printf(", in bay “%s”", member->bay) : g_strdup("");

        add(findings, BH_ALERT_MEMBER_MISSING, member->disk, BH_SEVERITY_WARNING,
            g_strdup_printf("A disk of the array %s is missing", array->name),
            g_strdup_printf("Expected %s%s, last seen %s. Check its cable and power; if it is dead, replace it and "
                            "repair the array.",
                            who, where, seen));
}

static void add_members(BhFindings *findings, const BhArray *array, int64_t now_usec) {
        for (size_t i = 0; i < array->n_members; i++) {
                const BhArrayMember *member = &array->members[i];

                if (g_str_equal(member->state, "missing") && !member->is_present && *member->disk_id)
                        add_missing(findings, array, member, now_usec);
        }
}

static void add_mismatches(BhFindings *findings, const BhArray *array) {
        g_autofree char *amount = NULL;

        if (!array->is_mismatch_known || array->mismatches == 0)
                return;
        amount = g_format_size_full(array->mismatches, G_FORMAT_SIZE_IEC_UNITS);
        add(findings, BH_ALERT_SCRUB_MISMATCH, array->path, BH_SEVERITY_WARNING,
            g_strdup_printf("The members of the array %s differ", array->name),
            g_strdup_printf(
                    "The last scrub found that %s of it are not the same on all members, or do not fit together. "
                    "Look at the health of its disks, have a backup, repair the array by a scrub, and check it "
                    "once more.",
                    amount));
}

/* How a rebuild goes: one that ends without every member in sync has failed, until the next one begins. */
static BhRebuild follow_rebuild(const BhFindings *findings, const BhArray *array, GHashTable *rebuilds) {
        gpointer value;
        BhRebuild before = BH_REBUILD_NONE, now;

        if (g_hash_table_lookup_extended(rebuilds, array->path, NULL, &value))
                before = (BhRebuild)GPOINTER_TO_INT(value);
        else if (bh_alerts_find(findings->alerts, BH_ALERT_REBUILD_FAILED, array->path))
                before = BH_REBUILD_FAILED; /* by an earlier run of the service */

        now = before;
        if (array->is_running && array->degraded == 0)
                now = BH_REBUILD_NONE;
        else if (array->is_running && g_str_equal(array->sync_action, "recover"))
                now = BH_REBUILD_RUNS;
        else if (before == BH_REBUILD_RUNS)
                now = BH_REBUILD_FAILED;
        g_hash_table_replace(rebuilds, g_strdup(array->path), GINT_TO_POINTER(now));
        return now;
}

static void add_rebuild(BhFindings *findings, const BhArray *array, GHashTable *rebuilds) {
        if (follow_rebuild(findings, array, rebuilds) != BH_REBUILD_FAILED)
                return;
        add(findings, BH_ALERT_REBUILD_FAILED, array->path, BH_SEVERITY_CRITICAL,
            g_strdup_printf("The rebuild of the array %s has stopped", array->name),
            g_strdup_printf(
                    "It ended before all members were in sync. %s. See which disk has read or write errors, and "
                    "repair the array with another one.",
                    array->state_text));
}

static gboolean is_gone(gpointer path, gpointer value, gpointer topology) {
        return !bh_topology_array(topology, path);
}

void bh_findings_add_arrays(BhFindings *findings, GHashTable *rebuilds) {
        const BhTopology *topology = findings->observation->topology;
        int64_t now_usec = topology->inventory->taken_usec;

        for (size_t i = 0; i < topology->n_arrays; i++) {
                const BhArray *array = &topology->arrays[i];

                if (is_failed(array))
                        add_failed(findings, array);
                else if (is_degraded(array))
                        add_degraded(findings, array);
                add_members(findings, array, now_usec);
                add_mismatches(findings, array);
                add_rebuild(findings, array, rebuilds);
        }
        g_hash_table_foreach_remove(rebuilds, is_gone, (gpointer)topology);
}

/* Disks ----------------------------------------------------------------------------------------------------------------------------------- */

/* "sda (WD40EFRX, serial WCC7K1, in bay “2”)". */
static char *describe(const BhDisk *disk) {
        g_autofree char *who = bh_disk_describe(disk->model, disk->serial, disk->name);
        g_autofree char *where = *disk->slot ? g_strdup_printf(", in bay “%s”", disk->slot) : g_strdup("");

        return g_strdup_printf("%s (%s%s)", disk->name, who, where);
}

static void add_health(BhFindings *findings, const BhDisk *disk) {
        bool is_failing = g_str_equal(disk->state, "failing") ||
                          (g_str_equal(disk->state, "failed") && g_str_equal(disk->smart_status, "failed"));
        g_autofree char *who = NULL;

        if (!is_failing && !g_str_equal(disk->state, "warning"))
                return;
        who = describe(disk);
        add(findings, is_failing ? BH_ALERT_SMART_FAILING : BH_ALERT_SMART_WORSE, disk->path,
            is_failing ? BH_SEVERITY_CRITICAL : BH_SEVERITY_WARNING,
            g_strdup_printf("The disk %s %s", disk->name, is_failing ? "is failing" : "gets worse"),
            g_strdup_printf("%s: %s.", who, disk->state_text));
}

static void add_heat(BhFindings *findings, const BhDisk *disk, const BhRulesConfig *config) {
        double limit = disk->rotation_rate == 0 ? config->temperature_limit_solid : config->temperature_limit;
        g_autofree char *who = NULL;
        int severity;

        if (isnan(disk->temperature))
                return;
        severity = grade(findings, BH_ALERT_TOO_HOT, disk->path, disk->temperature, limit, limit + HOT_CRITICAL,
                         HOT_HYSTERESIS);
        if (severity < 0)
                return;
        who = describe(disk);
        add_measured(findings, BH_ALERT_TOO_HOT, disk->path, (BhSeverity)severity,
                     g_strdup_printf("The disk %s is too hot", disk->name),
                     g_strdup_printf("%s has %.0f °C, and %.0f °C is the limit: see that it gets more air.", who,
                                     disk->temperature, limit));
}

void bh_findings_add_disks(BhFindings *findings, const BhRulesConfig *config) {
        const BhTopology *topology = findings->observation->topology;

        for (size_t i = 0; i < topology->n_disks; i++) {
                const BhDisk *disk = &topology->disks[i];

                if (!disk->is_present)
                        continue;
                add_health(findings, disk);
                add_heat(findings, disk, config);
        }
}

/* Pools ----------------------------------------------------------------------------------------------------------------------------------- */

static char *name_of_pool(const BhPoolFacts *pool) {
        return *pool->name ? g_strdup_printf("The pool “%s”", pool->name) : g_strdup("The storage");
}

static void add_absence(BhFindings *findings, const BhPoolFacts *pool) {
        g_autofree char *name = NULL;

        if (!pool->is_absent)
                return;
        name = name_of_pool(pool);
        add(findings, BH_ALERT_POOL_ABSENT, pool->path, BH_SEVERITY_CRITICAL, g_strdup_printf("%s is not there", name),
            g_strdup_printf("%s%sIts files cannot be reached. Check the cables and the power of its disks.",
                            pool->problem ?: "", pool->problem ? ". " : ""));
}

static void add_fullness(BhFindings *findings, const BhPoolFacts *pool) {
        double used = (double)pool->used, all = used + (double)pool->available, percent;
        g_autofree char *name = NULL, *available = NULL;
        int severity;

        if (all == 0)
                return;
        percent = 100 * used / all;
        severity =
                grade(findings, BH_ALERT_POOL_FULL, pool->path, percent, FULL_WARNING, FULL_CRITICAL, FULL_HYSTERESIS);
        if (severity < 0)
                return;
        name = name_of_pool(pool);
        available = g_format_size_full(pool->available, G_FORMAT_SIZE_IEC_UNITS);
        add_measured(findings, BH_ALERT_POOL_FULL, pool->path, (BhSeverity)severity,
                     g_strdup_printf("%s is nearly full", name),
                     g_strdup_printf("%.0f %% are used, %s are free. Empty the trash, delete what nobody needs, or add "
                                     "disks.",
                                     floor(percent), available));
}

void bh_findings_add_pools(BhFindings *findings) {
        const BhObservation *observation = findings->observation;

        if (observation->root)
                add_fullness(findings, observation->root);
        for (size_t i = 0; observation->has_pools && i < observation->n_pools; i++) {
                if (is_available(findings))
                        add_absence(findings, &observation->pools[i]);
                add_fullness(findings, &observation->pools[i]);
        }
}
