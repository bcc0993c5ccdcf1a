/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "inventory-fixture.h"
#include "macro.h"
#include "plan-fixture.h"

/* Arrays that are there ---------------------------------------------------------------------------------------------------------------------------------- */

static BhMdArray *add_mirror(World *world) {
        BhMdArray *array = fixture_add_array(world->inventory, "nas:data", "md0", "raid1", 10 * GB - 10 * MIB, 2);

        fixture_add_member(world->inventory, array, "sda", 0, "in_sync");
        fixture_add_member(world->inventory, array, "sdb", 1, "in_sync");
        return array;
}

/* As add_mirror(), with the second member gone. */
static BhMdArray *add_degraded_mirror(World *world) {
        BhMdArray *array = fixture_add_array(world->inventory, "nas:data", "md0", "raid1", 10 * GB - 10 * MIB, 2);

        fixture_add_member(world->inventory, array, "sda", 0, "in_sync");
        array->degraded = 1;
        return array;
}

static void an_array_is_deleted_only_when_nothing_uses_it(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {}, unknown = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL, *filled = NULL;
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        BhMdArray *array;

        world_set_up(&world);
        array = add_mirror(&world);
        world_request_for(&world, BH_PLAN_ARRAY_DELETE, array, "sda", &request);
        plan = world_make_plan(&world, &request);
        g_assert_cmpstr(plan->name, ==, "data");
        g_assert_cmpuint(plan->losses->len, ==, 1);
        g_assert_false(bh_plan_is_harmless(plan));

        fixture_format(world_block(&world, "md0"), "filesystem", "xfs", "Films", "u");
        g_assert_cmpint(bh_plan_recheck(plan, world.inventory, &failure), ==, -ESTALE);
        g_assert_nonnull(strstr(failure.message, "xfs “Films”"));
        filled = world_make_plan(&world, &request);
        g_assert_nonnull(strstr(filled->text, "xfs “Films”"));

        fixture_mount(world_block(&world, "md0"), "/srv/x");
        world_assert_refused(&world, &request, -EACCES, "Refused", "“data” is in use: md0 is mounted");
        fixture_mount(world_block(&world, "md0"), "/");
        world_assert_refused(&world, &request, -EACCES, "Refused", "operating system");

        world_request_for(&world, BH_PLAN_ARRAY_DELETE, array, NULL, &unknown);
        fixture_set(&unknown.array, "nobody-has-this");
        world_assert_refused(&world, &unknown, -ENOENT, NULL, "no such array");
}

static void an_array_that_does_not_run_can_be_deleted(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL;
        BhMdArray *array;

        world_set_up(&world);
        array = fixture_add_array(world.inventory, "nas:data", NULL, "raid1", GB, 2);
        fixture_add_member(world.inventory, array, "sda", 0, "");
        world_request_for(&world, BH_PLAN_ARRAY_DELETE, array, "sda", &request);
        plan = world_make_plan(&world, &request);
        g_assert_cmpuint(plan->losses->len, ==, 1);
}

static void a_disk_that_is_added_is_a_spare_or_replaces_a_missing_member(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {}, small = {}, member = {};
        _cleanup_(bh_plan_freep) BhPlan *spare = NULL, *replacement = NULL;
        BhMdArray *array;

        world_set_up(&world);
        array = add_mirror(&world);
        world_request_for(&world, BH_PLAN_ARRAY_ADD, array, "sdc", &request);
        spare = world_make_plan(&world, &request);
        g_assert_nonnull(strstr(spare->text, "spare"));
        g_assert_cmpuint(spare->sync_usec, ==, 0);
        g_assert_cmpuint(spare->survives, ==, 1);
        g_assert_true(bh_plan_is_harmless(spare));
        world_request_for(&world, BH_PLAN_ARRAY_ADD, array, "sdf", &small);
        world_assert_refused(&world, &small, -EACCES, "Refused", "too small");
        world_request_for(&world, BH_PLAN_ARRAY_ADD, array, "sdb", &member);
        world_assert_refused(&world, &member, -EACCES, "Refused", "already");
        array->degraded = 1;
        replacement = world_make_plan(&world, &request);
        g_assert_nonnull(strstr(replacement->text, "rebuilt at once"));
        g_assert_cmpuint(replacement->sync_usec, >, 0);
        fixture_set(&array->level, "raid0");
        world_assert_refused(&world, &request, -EOPNOTSUPP, NULL, "RAID 0");
        fixture_set(&array->level, "raid1");
        world_block(&world, "md0")->size = 0; /* as md shows an array that it could not start */
        world_assert_refused(&world, &request, -EACCES, "Refused", "does not run");
}

static int choose(World *world, const BhMdArray *array, const char *replacement, BhPlanRequest *request,
                  const char **ret_error) {
        static BhFailure failure;
        int r;

        bh_failure_clear(&failure);
        world_request_for(world, BH_PLAN_ARRAY_REPAIR, array, NULL, request);
        request->failed = (BhPlanFailed){.slot = 1, .state = g_strdup("missing"), .block = g_strdup("")};
        r = bh_plan_choose_replacement(world->inventory, world->disks, world->n_disks,
                                       replacement ? world_disk(world, replacement) : NULL, request, &failure);
        *ret_error = failure.message;
        g_test_message("%d %s", r, failure.message ?: request->why);
        return r;
}

static void a_repair_takes_a_spare_then_a_former_member_then_the_smallest_empty_disk(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest empty = {}, former = {}, spare = {}, asked = {};
        _cleanup_(bh_plan_freep) BhPlan *with_empty = NULL, *with_former = NULL, *with_spare = NULL, *with_asked = NULL;
        const char *error;
        BhMdArray *array;

        world_set_up(&world);
        array = add_degraded_mirror(&world);
        fixture_format(world_block(&world, "sdb"), "filesystem", "ext4", "", "u"); /* not empty */
        fixture_set(&world_disk(&world, "sdc")->state, "failing");
        fixture_mount(fixture_add_partition(world.inventory, "sdb", 1, GB), "/mnt/x");
        g_assert_cmpint(choose(&world, array, NULL, &empty, &error), ==, 0);
        g_assert_cmpstr(empty.disks[0].name, ==, "sdd");
        with_empty = world_make_plan(&world, &empty);
        g_assert_true(bh_plan_is_harmless(with_empty));
        g_assert_nonnull(strstr(with_empty->text, "slot 1"));

        g_assert_cmpint(choose(&world, array, "sde", &asked, &error), ==, 0);
        g_assert_cmpstr(asked.disks[0].name, ==, "sde");
        with_asked = world_make_plan(&world, &asked);

        /* On a partition, as arrays made elsewhere are. */
        fixture_add_partition(world.inventory, "sde", 1, 10 * GB);
        fixture_format(world_block(&world, "sde1"), "raid", "linux_raid_member", "", array->uuid);
        fixture_set(&world_block(&world, "sde1")->member_of, array->object);
        g_assert_cmpint(choose(&world, array, NULL, &former, &error), ==, 0);
        g_assert_cmpstr(former.disks[0].name, ==, "sde");
        g_assert_true(bh_plan_former_member(world.inventory, &former.disks[0], array) == world_block(&world, "sde1"));
        with_former = world_make_plan(&world, &former);
        g_assert_true(bh_plan_is_harmless(with_former));

        fixture_add_member(world.inventory, array, "sdd", -1, "spare");
        g_assert_cmpint(choose(&world, array, NULL, &spare, &error), ==, 0);
        g_assert_cmpstr(spare.disks[0].name, ==, "sdd");
        g_assert_cmpuint(spare.n_spares, ==, 1);
        with_spare = world_make_plan(&world, &spare);
        g_assert_cmpuint(with_spare->losses->len, ==, 0);
}

static void a_repair_that_costs_something_says_so(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL;
        const char *error;
        BhMdArray *array;

        world_set_up(&world);
        array = add_degraded_mirror(&world);
        fixture_format(world_block(&world, "sdc"), "filesystem", "ext4", "Photos", "u");
        g_assert_cmpint(choose(&world, array, "sdc", &request, &error), ==, 0);
        plan = world_make_plan(&world, &request);
        g_assert_false(bh_plan_is_harmless(plan));
        fixture_mount(world_block(&world, "sdc"), "/mnt");
        world_assert_refused(&world, &request, -EACCES, "Refused", "is mounted on");
}

static void there_must_be_something_to_repair_and_to_repair_it_with(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest whole = {}, none = {}, rebuilding = {},
                                                                      stopped = {}, stripes = {};
        const char *error;
        BhMdArray *array;

        world_set_up(&world);
        array = add_mirror(&world);
        g_assert_cmpint(choose(&world, array, NULL, &whole, &error), <, 0);
        g_assert_nonnull(strstr(error, "nothing to repair"));
        array->degraded = 1;
        array->n_members = 1;
        for (size_t i = 0; i < 3; i++)
                fixture_format(world_block(&world, ((const char *[]){"sdc", "sdd", "sde"})[i]), "filesystem", "ext4",
                               "", "u");
        fixture_format(world_block(&world, "sdb"), "filesystem", "ext4", "", "u");
        fixture_set(&world_block(&world, "sdb")->member_of, "");
        g_assert_cmpint(choose(&world, array, NULL, &none, &error), ==, -EACCES);
        g_assert_nonnull(strstr(error, "No disk is free that is large enough"));
        array->n_members = 2;
        fixture_set(&array->members[1].state, "spare");
        fixture_set(&array->sync_action, "recover");
        g_assert_cmpint(choose(&world, array, NULL, &rebuilding, &error), ==, -EACCES);
        g_assert_nonnull(strstr(error, "being rebuilt already"));
        world_block(&world, "md0")->size = 0;
        g_assert_cmpint(choose(&world, array, NULL, &stopped, &error), ==, -EACCES);
        g_assert_nonnull(strstr(error, "does not run"));
        fixture_set(&array->level, "raid0");
        g_assert_cmpint(choose(&world, array, NULL, &stripes, &error), ==, -EOPNOTSUPP);
}

static void the_blocks_to_look_at_anew_are_all_that_the_plan_is_about(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL;
        g_autofree const char **blocks = NULL;

        world_set_up(&world);
        fixture_add_partition(world.inventory, "sdb", 1, GB);
        world_request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
        plan = world_make_plan(&world, &request);
        blocks = bh_plan_blocks(plan, world.inventory);
        g_assert_cmpuint(g_strv_length((char **)blocks), ==, 3);
        g_assert_cmpstr(blocks[0], ==, world_block(&world, "sda")->object);
        g_assert_cmpstr(blocks[2], ==, world_block(&world, "sdb1")->object);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/plan-array/" #name, name)
        ADD(an_array_is_deleted_only_when_nothing_uses_it);
        ADD(an_array_that_does_not_run_can_be_deleted);
        ADD(a_disk_that_is_added_is_a_spare_or_replaces_a_missing_member);
        ADD(a_repair_takes_a_spare_then_a_former_member_then_the_smallest_empty_disk);
        ADD(a_repair_that_costs_something_says_so);
        ADD(there_must_be_something_to_repair_and_to_repair_it_with);
        ADD(the_blocks_to_look_at_anew_are_all_that_the_plan_is_about);
#undef ADD
        return g_test_run();
}
