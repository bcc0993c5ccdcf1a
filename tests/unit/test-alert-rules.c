/* SPDX-License-Identifier: MIT */

#include <math.h>

#include "account-fixture.h"
#include "alert-rules.h"
#include "inventory-fixture.h"
#include "macro.h"

#define MSEC BH_USEC_PER_MSEC
#define SEC BH_USEC_PER_SEC
#define ARRAY "/org/baluhost/NAS1/arrays/1"
#define DISK_A "/org/baluhost/NAS1/disks/a"
#define DISK_B "/org/baluhost/NAS1/disks/b"
#define POOL "/org/baluhost/NAS1/pools/1"

/* A RAID 1 of two disks, and a pool on it, with a clock of its own. Everything in it is borrowed. */
typedef struct Fixture {
        AccountFixture accounts;
        BhAlerts *alerts;
        BhRules *rules;
        int64_t now, next;
        BhInventory *inventory;
        BhDisk disks[2];
        BhArrayMember members[2];
        BhArray array;
        BhTopology topology;
        BhPoolFacts pool;
        BhObservation observation;
} Fixture;

static void load(Fixture *f) {
        const BhRulesConfig config = {.temperature_limit = 55, .temperature_limit_solid = 70};

        g_assert_cmpint(bh_alerts_load(&f->alerts, f->accounts.database), ==, 0);
        f->rules = bh_rules_new(f->alerts, &config);
}

static void set_up(Fixture *f, gconstpointer data) {
        account_fixture_set_up(&f->accounts, NULL);
        f->inventory = fixture_inventory();
        f->inventory->taken_usec = g_get_real_time();
        for (int i = 0; i < 2; i++) {
                f->disks[i] = (BhDisk){.id = (char *)(i ? "b" : "a"),
                                       .path = (char *)(i ? DISK_B : DISK_A),
                                       .name = (char *)(i ? "sdb" : "sda"),
                                       .model = (char *)"WD40EFRX",
                                       .serial = (char *)(i ? "B2" : "A1"),
                                       .slot = (char *)(i ? "2" : ""),
                                       .state = (char *)"healthy",
                                       .state_text = (char *)"Healthy",
                                       .smart_status = (char *)"passed",
                                       .rotation_rate = 5400,
                                       .temperature = 30,
                                       .is_present = true};
                f->members[i] = (BhArrayMember){.slot = i,
                                                .disk = f->disks[i].path,
                                                .disk_id = f->disks[i].id,
                                                .name = f->disks[i].name,
                                                .model = f->disks[i].model,
                                                .serial = f->disks[i].serial,
                                                .bay = f->disks[i].slot,
                                                .state = "active",
                                                .is_present = true,
                                                .last_seen_usec = f->inventory->taken_usec};
        }
        f->array = (BhArray){.path = (char *)ARRAY,
                             .name = (char *)"md0",
                             .state = "optimal",
                             .state_text = (char *)"All is well",
                             .sync_action = (char *)"idle",
                             .is_running = true,
                             .devices = 2,
                             .survives = 1,
                             .members = f->members,
                             .n_members = 2};
        f->topology = (BhTopology){
                .inventory = f->inventory, .disks = f->disks, .n_disks = 2, .arrays = &f->array, .n_arrays = 1};
        f->pool = (BhPoolFacts){.path = POOL, .name = "Photos", .used = 500, .available = 500};
        f->observation = (BhObservation){
                .topology = &f->topology, .is_expected = true, .has_pools = true, .pools = &f->pool, .n_pools = 1};
        f->now = 1000 * SEC;
        load(f);
}

static void tear_down(Fixture *f, gconstpointer data) {
        bh_rules_free(f->rules);
        bh_alerts_free(f->alerts);
        bh_inventory_unref(f->inventory);
        account_fixture_tear_down(&f->accounts, NULL);
}

static void restart(Fixture *f) {
        bh_rules_free(f->rules);
        bh_alerts_free(f->alerts);
        account_fixture_restart(&f->accounts);
        load(f);
}

static void look(Fixture *f) {
        f->next = bh_rules_evaluate(f->rules, &f->observation, f->now);
}

/* Looks now, and again when the rules want to; what they find has settled by then. */
static void settle(Fixture *f) {
        for (look(f); f->next != INT64_MAX; look(f)) {
                g_assert_cmpint(f->next, >, f->now);
                g_assert_cmpint(f->next, <=, f->now + 2 * SEC);
                f->now = f->next;
        }
}

static int by_text(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The active alerts, "kind!" those that are critical, in the order of the alphabet. */
static void assert_active(Fixture *f, const char *expected) {
        g_autofree const BhAlert **list = NULL;
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *text = NULL;
        size_t n;

        list = bh_alerts_list(f->alerts, false, 100, &n);
        for (size_t i = 0; i < n; i++)
                g_ptr_array_add(names, g_strdup_printf("%s%s", bh_alert_kind_to_string(list[i]->kind),
                                                       list[i]->severity == BH_SEVERITY_CRITICAL ? "!" : ""));
        g_ptr_array_sort(names, by_text);
        g_ptr_array_add(names, NULL);
        text = g_strjoinv(" ", (char **)names->pdata);
        g_assert_cmpstr(text, ==, expected);
}

static void assert_says(Fixture *f, BhAlertKind kind, const char *subject, const char *title, const char *part) {
        const BhAlert *alert = bh_alerts_find(f->alerts, kind, subject);

        g_assert_nonnull(alert);
        g_assert_cmpstr(alert->title, ==, title);
        if (!strstr(alert->text, part))
                g_error("“%s” is not in “%s”", part, alert->text);
}

static void set_array(Fixture *f, const char *state, const char *sync_action, uint32_t degraded) {
        f->array.state = state;
        f->array.sync_action = (char *)sync_action;
        f->array.degraded = degraded;
        f->array.survives = degraded ? 0 : 1;
        f->array.state_text = (char *)"What is wrong";
}

static void set_available(Fixture *f, uint64_t available) {
        f->pool.used = 1000 - available;
        f->pool.available = available;
}

static void lose_b(Fixture *f) {
        set_array(f, "degraded", "idle", 1);
        f->members[1].state = "missing";
        f->members[1].is_present = false;
        f->disks[1].is_present = false;
}

static void find_b(Fixture *f) {
        set_array(f, "optimal", "idle", 0);
        f->members[1].state = "active";
        f->members[1].is_present = true;
        f->disks[1].is_present = true;
}

static void a_nas_that_is_well_has_no_alerts(Fixture *f, gconstpointer data) {
        look(f);
        assert_active(f, "");
        g_assert_cmpint(f->next, ==, INT64_MAX);
}

static void a_lost_disk_is_missing_and_its_array_degraded_within_two_seconds(Fixture *f, gconstpointer data) {
        lose_b(f);
        look(f);
        assert_active(f, "");
        g_assert_cmpint(f->next, ==, f->now + SEC);
        f->now += 999 * MSEC;
        look(f);
        assert_active(f, "");
        f->now += MSEC;
        look(f);
        assert_active(f, "array-degraded! member-missing");
        assert_says(f, BH_ALERT_ARRAY_DEGRADED, ARRAY, "The array md0 is degraded", "What is wrong. Replace");
        assert_says(f, BH_ALERT_MEMBER_MISSING, DISK_B, "A disk of the array md0 is missing",
                    "Expected WD40EFRX, serial B2, in bay “2”, last seen today ");
        look(f);
        settle(f);
        assert_active(f, "array-degraded! member-missing");
        find_b(f);
        look(f);
        assert_active(f, "array-degraded! member-missing");
        settle(f);
        assert_active(f, "");
}

static void what_is_only_so_for_a_moment_is_nothing(Fixture *f, gconstpointer data) {
        lose_b(f);
        look(f);
        f->now += 900 * MSEC;
        find_b(f);
        look(f);
        f->now += 900 * MSEC;
        lose_b(f);
        look(f);
        g_assert_cmpint(f->next, ==, f->now + SEC);
        assert_active(f, "");
        settle(f);
        find_b(f);
        look(f);
        f->now += 900 * MSEC;
        lose_b(f);
        settle(f);
        assert_active(f, "array-degraded! member-missing");
        g_assert_cmpuint(bh_alerts_find(f->alerts, BH_ALERT_ARRAY_DEGRADED, ARRAY)->count, ==, 1);
}

static void an_array_that_may_lose_another_disk_is_no_emergency(Fixture *f, gconstpointer data) {
        lose_b(f);
        f->array.survives = 1;
        settle(f);
        assert_active(f, "array-degraded member-missing");
        f->array.survives = 0;
        look(f);
        assert_active(f, "array-degraded! member-missing");
}

static void a_new_array_in_its_first_sync_is_not_degraded(Fixture *f, gconstpointer data) {
        set_array(f, "rebuilding", "recover", 1);
        f->array.is_first_sync = true;
        settle(f);
        assert_active(f, "");
}

static void a_member_that_was_replaced_or_is_not_known_is_not_missing(Fixture *f, gconstpointer data) {
        lose_b(f);
        f->members[1].is_present = true; /* it is there, and no member */
        settle(f);
        assert_active(f, "array-degraded!");
        f->members[1].is_present = false;
        f->members[1].disk_id = (char *)"";
        f->members[1].disk = (char *)"/";
        settle(f);
        assert_active(f, "array-degraded!");
}

static void an_array_that_cannot_run_has_failed(Fixture *f, gconstpointer data) {
        static const struct {
                const char *state, *title;
                uint32_t degraded;
        } rows[] = {
                {"failed", "The array md0 has failed", 2},
                {"absent", "The array md0 is not there", 2},
                {"inactive", "The array md0 has not started", 1},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                set_array(f, rows[i].state, "", rows[i].degraded);
                f->array.is_running = g_str_equal(rows[i].state, "failed");
                settle(f);
                assert_active(f, "array-failed!");
                assert_says(f, BH_ALERT_ARRAY_FAILED, ARRAY, rows[i].title, "What is wrong. ");
        }
        set_array(f, "inactive", "", 0); /* stopped by somebody */
        settle(f);
        assert_active(f, "");
}

static void an_array_that_is_forgotten_has_no_alerts(Fixture *f, gconstpointer data) {
        lose_b(f);
        settle(f);
        f->topology.n_arrays = 0;
        settle(f);
        assert_active(f, "");
}

static void a_rebuild_that_stops_early_has_failed(Fixture *f, gconstpointer data) {
        lose_b(f);
        f->members[1].state = "rebuilding";
        f->members[1].is_present = true;
        set_array(f, "rebuilding", "recover", 1);
        settle(f);
        assert_active(f, "array-degraded!");
        assert_says(f, BH_ALERT_ARRAY_DEGRADED, ARRAY, "The array md0 is degraded", "Leave it alone");
        set_array(f, "degraded", "idle", 1);
        settle(f);
        assert_active(f, "array-degraded! rebuild-failed!");
        restart(f);
        settle(f);
        assert_active(f, "array-degraded! rebuild-failed!");
        set_array(f, "rebuilding", "recover", 1);
        settle(f);
        assert_active(f, "array-degraded!");
        set_array(f, "optimal", "idle", 0);
        settle(f);
        assert_active(f, "");
}

static void a_rebuild_that_pauses_for_a_moment_has_not_failed(Fixture *f, gconstpointer data) {
        set_array(f, "rebuilding", "recover", 1);
        settle(f);
        set_array(f, "degraded", "frozen", 1);
        look(f);
        f->now += 500 * MSEC;
        set_array(f, "rebuilding", "recover", 1);
        settle(f);
        set_array(f, "degraded", "idle", 1);
        look(f);
        f->now += 500 * MSEC;
        set_array(f, "optimal", "idle", 0);
        settle(f);
        assert_active(f, "");
        set_array(f, "degraded", "idle", 1); /* and without a rebuild before */
        settle(f);
        assert_active(f, "array-degraded!");
}

static void mismatches_are_told_until_a_scrub_finds_none(Fixture *f, gconstpointer data) {
        f->array.mismatches = 65536;
        settle(f);
        assert_active(f, "");
        f->array.is_mismatch_known = true;
        settle(f);
        assert_active(f, "scrub-mismatch");
        assert_says(f, BH_ALERT_SCRUB_MISMATCH, ARRAY, "The members of the array md0 differ", "64.0\u00a0KiB");
        f->array.mismatches = 0;
        settle(f);
        assert_active(f, "");
}

static void health_makes_alerts_as_long_as_the_disk_is_there(Fixture *f, gconstpointer data) {
        f->disks[1].state = (char *)"warning";
        f->disks[1].state_text = (char *)"Pending sectors rose from 0 to 8 in two days: replace soon";
        settle(f);
        assert_active(f, "smart-worse");
        assert_says(
                f, BH_ALERT_SMART_WORSE, DISK_B, "The disk sdb gets worse",
                "sdb (WD40EFRX, serial B2, in bay “2”): Pending sectors rose from 0 to 8 in two days: replace soon.");
        f->disks[1].state = (char *)"failing";
        settle(f);
        assert_active(f, "smart-failing!");
        f->disks[1].state = (char *)"failed"; /* by its array, too */
        f->disks[1].smart_status = (char *)"failed";
        settle(f);
        assert_active(f, "smart-failing!");
        f->disks[1].smart_status = (char *)"passed";
        settle(f);
        assert_active(f, "");
        f->disks[1].state = (char *)"failing";
        settle(f);
        f->disks[1].is_present = false;
        settle(f);
        assert_active(f, "");
}

static void heat_has_to_go_well_below_the_limit(Fixture *f, gconstpointer data) {
        static const struct {
                double temperature;
                const char *active;
        } rows[] = {
                {54.9, ""},       {55, "too-hot"},  {50.1, "too-hot"}, {64.9, "too-hot"},
                {65, "too-hot!"}, {60, "too-hot!"}, {59, "too-hot"},   {63, "too-hot"},
                {49.9, ""},       {54, ""},         {70, "too-hot!"},  {30, ""},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                f->disks[0].temperature = rows[i].temperature;
                settle(f);
                assert_active(f, rows[i].active);
        }
        f->disks[0].rotation_rate = 0;
        f->disks[0].temperature = 69;
        settle(f);
        assert_active(f, "");
        f->disks[0].temperature = 71;
        settle(f);
        assert_active(f, "too-hot");
        assert_says(f, BH_ALERT_TOO_HOT, DISK_A, "The disk sda is too hot",
                    "sda (WD40EFRX, serial A1) has 71 °C, and 70 °C is the limit");
        f->disks[0].temperature = 72;
        settle(f);
        g_assert_cmpuint(bh_alerts_find(f->alerts, BH_ALERT_TOO_HOT, DISK_A)->count, ==, 1);
        f->disks[0].temperature = (double)NAN;
        settle(f);
        assert_active(f, "");
}

static void a_pool_is_nearly_full_until_there_is_some_room_again(Fixture *f, gconstpointer data) {
        static const struct {
                uint64_t free;
                const char *active;
        } rows[] = {
                {101, ""},          {100, "pool-full"}, {119, "pool-full"}, {51, "pool-full"}, {50, "pool-full!"},
                {69, "pool-full!"}, {71, "pool-full"},  {0, "pool-full!"},  {121, ""},         {1000, ""},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                set_available(f, rows[i].free);
                look(f); /* which does not have to settle */
                assert_active(f, rows[i].active);
        }
        set_available(f, 80);
        look(f);
        assert_says(f, BH_ALERT_POOL_FULL, POOL, "The pool “Photos” is nearly full",
                    "92 % are used, 80 bytes are free");
        f->pool.used = f->pool.available = 0; /* not mounted */
        look(f);
        assert_active(f, "");
}

static void the_storage_root_is_looked_at_by_itself(Fixture *f, gconstpointer data) {
        const BhPoolFacts root = {.path = "/", .name = "", .used = 97, .available = 3};

        f->observation.root = &root;
        f->observation.has_pools = false;
        set_available(f, 0);
        look(f);
        assert_active(f, "pool-full!");
        assert_says(f, BH_ALERT_POOL_FULL, "/", "The storage is nearly full", "97 % are used");
        f->observation.root = NULL;
        f->observation.has_pools = true;
        look(f);
        assert_active(f, "pool-full! pool-full!");
        set_available(f, 500);
        look(f);
        assert_active(f, "pool-full!");
}

static void a_pool_that_is_absent_is_told_with_the_reason(Fixture *f, gconstpointer data) {
        f->pool.is_absent = true;
        f->pool.problem = "Its disk is not there";
        f->pool.used = f->pool.available = 0;
        settle(f);
        assert_active(f, "pool-absent!");
        assert_says(f, BH_ALERT_POOL_ABSENT, POOL, "The pool “Photos” is not there",
                    "Its disk is not there. Its files cannot be reached.");
        f->pool.problem = NULL;
        look(f);
        assert_says(f, BH_ALERT_POOL_ABSENT, POOL, "The pool “Photos” is not there", "Its files cannot be reached.");
        f->observation.n_pools = 0; /* detached */
        settle(f);
        assert_active(f, "");
}

static void without_udisks_nothing_is_resolved_and_that_is_told(Fixture *f, gconstpointer data) {
        BhInventory *absent = bh_inventory_new_unavailable("UDisks2 is not running");

        lose_b(f);
        f->pool.is_absent = true;
        settle(f);
        assert_active(f, "array-degraded! member-missing pool-absent!");
        f->topology = (BhTopology){.inventory = absent};
        f->pool.is_absent = false;
        look(f);
        f->now += 1400 * MSEC; /* it may only be started anew */
        look(f);
        assert_active(f, "array-degraded! member-missing pool-absent!");
        f->now += 100 * MSEC;
        look(f);
        assert_active(f, "array-degraded! member-missing pool-absent! storage-unavailable");
        assert_says(f, BH_ALERT_STORAGE_UNAVAILABLE, "/", "Disks are not watched", "UDisks2 is not running. ");
        f->topology = (BhTopology){
                .inventory = f->inventory, .disks = f->disks, .n_disks = 2, .arrays = &f->array, .n_arrays = 1};
        settle(f);
        assert_active(f, "array-degraded! member-missing");
        bh_inventory_unref(absent);
}

static void without_udisks_and_arrays_nothing_is_told(Fixture *f, gconstpointer data) {
        BhInventory *absent = bh_inventory_new_unavailable("UDisks2 is not running");

        f->topology = (BhTopology){.inventory = absent};
        f->observation.is_expected = false;
        settle(f);
        assert_active(f, "");
        bh_inventory_unref(absent);
}

static void alerts_of_an_earlier_run_are_resolved_by_observation(Fixture *f, gconstpointer data) {
        lose_b(f);
        f->disks[0].temperature = 60;
        settle(f);
        set_available(f, 0);
        settle(f);
        assert_active(f, "array-degraded! member-missing pool-full! too-hot");
        restart(f);
        assert_active(f, "array-degraded! member-missing pool-full! too-hot");
        f->observation.has_pools = false; /* not looked at yet */
        find_b(f);
        f->disks[0].temperature = 51; /* which is too hot only for one that was */
        settle(f);
        assert_active(f, "pool-full! too-hot");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add("/alert-rules/" #name, Fixture, NULL, set_up, name, tear_down)
        ADD(a_nas_that_is_well_has_no_alerts);
        ADD(a_lost_disk_is_missing_and_its_array_degraded_within_two_seconds);
        ADD(what_is_only_so_for_a_moment_is_nothing);
        ADD(an_array_that_may_lose_another_disk_is_no_emergency);
        ADD(a_new_array_in_its_first_sync_is_not_degraded);
        ADD(a_member_that_was_replaced_or_is_not_known_is_not_missing);
        ADD(an_array_that_cannot_run_has_failed);
        ADD(an_array_that_is_forgotten_has_no_alerts);
        ADD(a_rebuild_that_stops_early_has_failed);
        ADD(a_rebuild_that_pauses_for_a_moment_has_not_failed);
        ADD(mismatches_are_told_until_a_scrub_finds_none);
        ADD(health_makes_alerts_as_long_as_the_disk_is_there);
        ADD(heat_has_to_go_well_below_the_limit);
        ADD(a_pool_is_nearly_full_until_there_is_some_room_again);
        ADD(the_storage_root_is_looked_at_by_itself);
        ADD(a_pool_that_is_absent_is_told_with_the_reason);
        ADD(without_udisks_nothing_is_resolved_and_that_is_told);
        ADD(without_udisks_and_arrays_nothing_is_told);
        ADD(alerts_of_an_earlier_run_are_resolved_by_observation);
        return g_test_run();
}
