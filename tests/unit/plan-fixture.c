/* SPDX-License-Identifier: MIT */

#include "plan-fixture.h"

#include <glib.h>
#include <string.h>

#include "inventory-fixture.h"
#include "macro.h"

static void world_add(World *world, const char *name, uint64_t size) {
        g_autofree char *serial = g_strdup_printf("%s-%08x", name, g_str_hash(name)),
                        *path = g_strconcat("/disks/", name, NULL);
        BhBlock *block = fixture_add_disk(world->inventory, name, serial, size);
        const BhPlanDisk disk = {path,   block->drive, (char *)name,      (char *)"Spinner 3000",
                                 serial, (char *)"",   (char *)"healthy", (char *)""};

        bh_plan_disk_copy(&world->disks[world->n_disks++], &disk);
}

void world_set_up(World *world) {
        *world = (World){.inventory = fixture_inventory()};
        for (size_t i = 0; i < 4; i++)
                world_add(world, ((const char *[]){"sda", "sdb", "sdc", "sdd"})[i], 10 * GB);
        world_add(world, "sde", 20 * GB);
        world_add(world, "sdf", 5 * GB);
}

void world_clear(World *world) {
        for (size_t i = 0; i < world->n_disks; i++)
                bh_plan_disk_clear(&world->disks[i]);
        bh_inventory_unref(world->inventory);
}

BhPlanDisk *world_disk(World *world, const char *name) {
        for (size_t i = 0; i < world->n_disks; i++)
                if (g_str_equal(world->disks[i].name, name))
                        return &world->disks[i];
        g_assert_not_reached();
}

BhDrive *world_drive(World *world, const char *name) {
        return fixture_drive(world->inventory, name);
}

BhBlock *world_block(World *world, const char *name) {
        return fixture_block(world->inventory, name);
}

/* names: of the disks, separated by blanks. */
void world_request_array(World *world, BhRaidLevel level, const char *names, size_t n_spares, BhPlanRequest *ret) {
        g_auto(GStrv) parts = g_strsplit(names, " ", -1);
        size_t n = g_strv_length(parts);

        *ret = (BhPlanRequest){
                .kind = BH_PLAN_ARRAY_CREATE,
                .name = g_strdup("data"),
                .level = level,
                .disks = g_new0(BhPlanDisk, n),
                .n_disks = n,
                .n_spares = n_spares,
                .chunk_size = bh_raid_level_has_chunks(level) ? BH_RAID_CHUNK_DEFAULT : 0,
                .has_bitmap = bh_raid_level_is_redundant(level),
        };
        for (size_t i = 0; i < n; i++)
                bh_plan_disk_copy(&ret->disks[i], world_disk(world, parts[i]));
}

void world_request_for(World *world, BhPlanKind kind, const BhMdArray *array, const char *name, BhPlanRequest *ret) {
        *ret = (BhPlanRequest){.kind = kind, .array = g_strdup(array->uuid), .array_path = g_strdup("/arrays/x")};
        if (name) {
                ret->disks = g_new0(BhPlanDisk, 1);
                ret->n_disks = 1;
                bh_plan_disk_copy(&ret->disks[0], world_disk(world, name));
        }
}

BhPlan *world_make_plan(World *world, const BhPlanRequest *request) {
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        BhPlan *plan = NULL;
        int r;

        r = bh_plan_make(world->inventory, request, &plan, &failure);
        g_test_message("%s", failure.message ?: plan->text);
        g_assert_cmpint(r, ==, 0);
        return plan;
}

/* The plan is refused with that error (a name, or NULL for what the errno says), and a sentence that has part in it. */
void world_assert_refused(World *world, const BhPlanRequest *request, int result, const char *name, const char *part) {
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL;
        int r;

        r = bh_plan_make(world->inventory, request, &plan, &failure);
        g_test_message("%d %s: %s", r, failure.name ?: "", failure.message ?: "");
        g_assert_cmpint(r, ==, result);
        g_assert_null(plan);
        g_assert_cmpstr(failure.name, ==, name);
        g_assert_nonnull(failure.message);
        g_assert_nonnull(strstr(failure.message, part));
}

bool plan_has_warning(const BhPlan *plan, const char *part) {
        for (guint i = 0; i < plan->warnings->len; i++)
                if (strstr(plan->warnings->pdata[i], part))
                        return true;
        return false;
}
