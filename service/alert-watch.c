/* SPDX-License-Identifier: MIT */

#include "alert-watch.h"

#include <glib.h>

#include "macro.h"

struct BhAlertWatch {
        BhAlertWatchParts parts;
        BhRules *rules;
        sd_event_source *again; /* timer */
        GArray *pools;          /* of BhPoolFacts, which own their strings */
        bool has_pools, has_root;
        BhPoolFacts root;
};

/* Looking --------------------------------------------------------------------------------------------------------------------------------- */

static void look_at(BhAlertWatch *watch, const BhTopology *topology) {
        const BhObservation observation = {
                .topology = topology,
                .is_expected = bh_disks_has_arrays(watch->parts.disks) || watch->pools->len > 0,
                .root = watch->has_root ? &watch->root : NULL,
                .has_pools = watch->has_pools,
                .pools = (const BhPoolFacts *)(const void *)watch->pools->data,
                .n_pools = watch->pools->len,
        };
        int64_t now_usec = g_get_monotonic_time(), next_usec;

        next_usec = bh_rules_evaluate(watch->rules, &observation, now_usec);
        if (next_usec == INT64_MAX) {
                (void)sd_event_source_set_enabled(watch->again, SD_EVENT_OFF);
                return;
        }
        (void)sd_event_source_set_time_relative(watch->again, (uint64_t)(next_usec - now_usec));
        (void)sd_event_source_set_enabled(watch->again, SD_EVENT_ONESHOT);
}

static void look(BhAlertWatch *watch) {
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(watch->parts.disks);

        look_at(watch, topology);
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata) {
        look(userdata);
        return 0;
}

static void on_topology(void *userdata, const BhTopology *before, const BhTopology *now) {
        look_at(userdata, now);
}

/* Pools ----------------------------------------------------------------------------------------------------------------------------------- */

static void facts_clear(gpointer data) {
        BhPoolFacts *facts = data;

        g_free((char *)facts->path);
        g_free((char *)facts->name);
        g_free((char *)facts->problem);
}

void bh_alert_watch_set_pools(BhAlertWatch *watch, const BhPoolFacts *root, const BhPoolFacts *pools, size_t n_pools) {
        watch->has_root = root != NULL;
        if (root)
                watch->root = *root;
        watch->has_pools = pools != NULL;
        g_array_set_size(watch->pools, 0);
        for (size_t i = 0; i < n_pools; i++) {
                BhPoolFacts facts = pools[i];

                facts.path = g_strdup(facts.path);
                facts.name = g_strdup(facts.name);
                facts.problem = g_strdup(facts.problem);
                g_array_append_val(watch->pools, facts);
        }
        look(watch);
}

/* All together ---------------------------------------------------------------------------------------------------------------------------- */

int bh_alert_watch_new(BhAlertWatch **ret, const BhAlertWatchParts *parts) {
        BhAlertWatch *watch = g_new0(BhAlertWatch, 1);
        int r;

        watch->parts = *parts;
        watch->rules = bh_rules_new(parts->alerts, &parts->config);
        watch->pools = g_array_new(FALSE, FALSE, sizeof(BhPoolFacts));
        g_array_set_clear_func(watch->pools, facts_clear);
        /* What settles within a second is to be told within two. */
        r = sd_event_add_time_relative(parts->event, &watch->again, CLOCK_MONOTONIC, 0, 10 * BH_USEC_PER_MSEC, on_again,
                                       watch);
        if (r >= 0)
                r = sd_event_source_set_enabled(watch->again, SD_EVENT_OFF);
        if (r < 0) {
                bh_alert_watch_free(watch);
                return r;
        }
        bh_disks_add_listener(parts->disks, on_topology, watch);
        *ret = watch;
        return 0;
}

void bh_alert_watch_free(BhAlertWatch *watch) {
        if (!watch)
                return;
        sd_event_source_disable_unref(watch->again);
        bh_rules_free(watch->rules);
        g_array_unref(watch->pools);
        g_free(watch);
}
