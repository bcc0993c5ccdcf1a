/* SPDX-License-Identifier: MIT */

#include <glib.h>
#include <string.h>

#include "inventory-fixture.h"
#include "macro.h"
#include "rebuild.h"
#include "what-if.h"

#define GB UINT64_C(1000000000)

/* An array of all members sda, sdb, … in sync, and the dead ones by name. */
static void assert_effect(const char *level, uint32_t devices, unsigned missing, const char *dead, BhEffect expected,
                          unsigned survives) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
        BhMdArray *array = fixture_add_array(inventory, "nas:data", "md0", level, GB, devices);
        const char *drives[16];
        size_t n_drives = 0;
        g_autoptr(GPtrArray) effects = NULL;
        const BhArrayEffect *effect;

        for (uint32_t slot = 0; slot < devices; slot++) {
                g_autofree char *name = g_strdup_printf("sd%c", 'a' + (int)slot);
                const BhBlock *block = fixture_add_disk(inventory, name, name, GB);

                if (slot < devices - missing) /* the last ones are missing */
                        fixture_add_member(inventory, array, name, (int)slot, "in_sync");
                if (strchr(dead, 'a' + (int)slot))
                        drives[n_drives++] = block->drive;
        }
        array->degraded = missing;
        effects = bh_what_if(inventory, drives, n_drives);
        g_assert_cmpuint(effects->len, ==, 1);
        effect = effects->pdata[0];
        g_test_message("%s of %u without %s: %s", level, devices, dead, effect->text);
        g_assert_cmpstr(bh_effect_to_string(effect->effect), ==, bh_effect_to_string(expected));
        g_assert_cmpuint(effect->survives, ==, survives);
        g_assert_nonnull(strstr(effect->text, "“data”"));
}

static void each_level_goes_on_as_long_as_it_can(void) {
        static const struct {
                const char *level;
                uint32_t devices;
                unsigned missing;
                const char *dead;
                BhEffect effect;
                unsigned survives;
        } cases[] = {
                {"raid0", 2, 0, "", BH_EFFECT_UNAFFECTED, 0},  {"raid0", 2, 0, "a", BH_EFFECT_LOST, 0},
                {"linear", 2, 0, "b", BH_EFFECT_LOST, 0},      {"raid1", 2, 0, "", BH_EFFECT_UNAFFECTED, 1},
                {"raid1", 2, 0, "a", BH_EFFECT_DEGRADED, 0},   {"raid1", 2, 0, "ab", BH_EFFECT_LOST, 0},
                {"raid1", 3, 0, "a", BH_EFFECT_DEGRADED, 1},   {"raid1", 3, 0, "ac", BH_EFFECT_DEGRADED, 0},
                {"raid1", 2, 1, "a", BH_EFFECT_LOST, 0},       {"raid1", 2, 1, "b", BH_EFFECT_UNAFFECTED, 0},
                {"raid5", 3, 0, "c", BH_EFFECT_DEGRADED, 0},   {"raid5", 3, 0, "bc", BH_EFFECT_LOST, 0},
                {"raid5", 3, 1, "a", BH_EFFECT_LOST, 0},       {"raid4", 3, 0, "a", BH_EFFECT_DEGRADED, 0},
                {"raid4", 3, 0, "ab", BH_EFFECT_LOST, 0},      {"raid6", 4, 0, "a", BH_EFFECT_DEGRADED, 1},
                {"raid6", 4, 0, "ab", BH_EFFECT_DEGRADED, 0},  {"raid6", 4, 0, "abc", BH_EFFECT_LOST, 0},
                {"raid10", 4, 0, "a", BH_EFFECT_DEGRADED, 0},  {"raid10", 4, 0, "ab", BH_EFFECT_LOST, 0},
                {"raid10", 4, 0, "bc", BH_EFFECT_DEGRADED, 0}, {"raid10", 4, 0, "ac", BH_EFFECT_DEGRADED, 0},
                {"raid10", 5, 0, "ae", BH_EFFECT_LOST, 0},     {"raid10", 5, 0, "bd", BH_EFFECT_DEGRADED, 0},
                {"raid10", 4, 0, "", BH_EFFECT_UNAFFECTED, 1},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                assert_effect(cases[i].level, cases[i].devices, cases[i].missing, cases[i].dead, cases[i].effect,
                              cases[i].survives);
}

static void a_spare_is_no_loss_but_is_mentioned(void) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
        BhMdArray *array = fixture_add_array(inventory, "data", "md0", "raid1", GB, 2);
        g_autoptr(GPtrArray) effects = NULL;
        const BhArrayEffect *effect;
        const char *drive;

        for (size_t i = 0; i < 3; i++) {
                const char *name = ((const char *[]){"sda", "sdb", "sdc"})[i];

                drive = fixture_add_disk(inventory, name, name, GB)->drive;
                fixture_add_member(inventory, array, name, i < 2 ? (int)i : -1, i < 2 ? "in_sync" : "spare");
        }
        effects = bh_what_if(inventory, &drive, 1);
        effect = effects->pdata[0];
        g_assert_cmpint(effect->effect, ==, BH_EFFECT_UNAFFECTED);
        g_assert_nonnull(strstr(effect->text, "loses a spare"));
}

static void an_array_that_does_not_run_is_not_said_to_go_on(void) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
        BhMdArray *array = fixture_add_array(inventory, "data", NULL, "raid1", GB, 2);
        const char *drive = fixture_add_disk(inventory, "sda", "A", GB)->drive;
        g_autoptr(GPtrArray) hit = NULL, missed = NULL;

        fixture_add_member(inventory, array, "sda", 0, "");
        hit = bh_what_if(inventory, &drive, 1);
        missed = bh_what_if(inventory, NULL, 0);
        g_assert_cmpint(((BhArrayEffect *)hit->pdata[0])->effect, ==, BH_EFFECT_LOST);
        g_assert_cmpint(((BhArrayEffect *)missed->pdata[0])->effect, ==, BH_EFFECT_UNAFFECTED);
}

/* Rebuilds -------------------------------------------------------------------------------------------------------------------------------------- */

static void a_rebuild_ends_when_the_member_is_seen_in_sync_and_not_before(void) {
        static const struct {
                int slot;
                const char *state, *action;
                uint32_t degraded;
                BhRebuildState expected;
        } cases[] = {
                {-1, "spare", "idle", 1, BH_REBUILD_WAITING},
                {-1, "spare", "frozen", 1, BH_REBUILD_WAITING},
                {-1, "spare", "recover", 1, BH_REBUILD_WAITING},
                {1, "spare", "recover", 1, BH_REBUILD_RUNNING},
                {1, "spare", "idle", 1, BH_REBUILD_WAITING},
                {1, "in_sync", "recover", 0, BH_REBUILD_RUNNING},
                {1, "in_sync", "idle", 0, BH_REBUILD_DONE},
                {1, "in_sync,write_mostly", "idle", 1, BH_REBUILD_DONE},
                {-1, "faulty", "idle", 1, BH_REBUILD_FAILED},
                {-1, "spare", "idle", 0, BH_REBUILD_SPARE},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
                BhMdArray *array = fixture_add_array(inventory, "data", "md0", "raid1", GB, 2);
                const BhBlock *block = fixture_add_disk(inventory, "sda", "A", GB);
                BhRebuild rebuild;

                fixture_add_member(inventory, array, "sda", cases[i].slot, cases[i].state);
                fixture_set(&array->sync_action, cases[i].action);
                array->degraded = cases[i].degraded;
                array->sync_completed = 0.25;
                rebuild = bh_rebuild_look(inventory, array->uuid, block->object);
                g_test_message("case %zu", i);
                g_assert_cmpint(rebuild.state, ==, cases[i].expected);
                if (rebuild.state == BH_REBUILD_RUNNING)
                        g_assert_cmpfloat(rebuild.percent, ==, 25);
                if (rebuild.state == BH_REBUILD_FAILED)
                        g_assert_nonnull(rebuild.problem);
        }
}

static void a_rebuild_fails_when_what_it_takes_is_gone_but_not_when_udisks_is(void) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory(),
                                                   *absent = bh_inventory_new_unavailable("restarts");
        BhMdArray *array = fixture_add_array(inventory, "data", "md0", "raid1", GB, 2);
        const BhBlock *block = fixture_add_disk(inventory, "sda", "A", GB);

        g_assert_cmpint(bh_rebuild_look(absent, array->uuid, block->object).state, ==, BH_REBUILD_WAITING);
        g_assert_cmpint(bh_rebuild_look(inventory, "other", block->object).state, ==, BH_REBUILD_FAILED);
        g_assert_cmpstr(bh_rebuild_look(inventory, array->uuid, "/gone").problem, ==, "the replacement is gone");
        g_assert_cmpstr(bh_rebuild_look(inventory, array->uuid, block->object).problem, ==,
                        "the replacement was taken out of the array");
        fixture_block(inventory, "md0")->size = 0;
        g_assert_cmpstr(bh_rebuild_look(inventory, array->uuid, block->object).problem, ==,
                        "the array does not run any more");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/what-if/" #name, name)
        ADD(each_level_goes_on_as_long_as_it_can);
        ADD(a_spare_is_no_loss_but_is_mentioned);
        ADD(an_array_that_does_not_run_is_not_said_to_go_on);
        ADD(a_rebuild_ends_when_the_member_is_seen_in_sync_and_not_before);
        ADD(a_rebuild_fails_when_what_it_takes_is_gone_but_not_when_udisks_is);
#undef ADD
        return g_test_run();
}
