/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "inventory-fixture.h"
#include "macro.h"
#include "plan-fixture.h"

/* Creating ------------------------------------------------------------------------------------------------------------------------------------------ */

static void a_plan_says_what_is_made_and_what_is_lost(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL;
        const BhPlanLoss *loss;

        world_set_up(&world);
        fixture_format(world_block(&world, "sdb"), "filesystem", "ext4", "Photos", "u");
        world_request_array(&world, BH_RAID_5, "sda sdb sdc sdd", 1, &request);
        plan = world_make_plan(&world, &request);
        g_assert_cmpstr(plan->name, ==, "data");
        g_assert_cmpuint(plan->survives, ==, 1);
        g_assert_cmpuint(plan->usable_bytes, >, 20 * GB - 40 * MIB);
        g_assert_cmpuint(plan->usable_bytes, <, 20 * GB);
        g_assert_cmpuint(plan->sync_usec, >, 0);
        g_assert_cmpuint(plan->losses->len, ==, 4);
        loss = plan->losses->pdata[0];
        g_assert_cmpstr(loss->contents, ==, "empty");
        g_assert_false(loss->destroys);
        loss = plan->losses->pdata[1];
        g_assert_cmpstr(loss->contents, ==, "ext4 “Photos”");
        g_assert_true(loss->destroys);
        g_assert_false(bh_plan_is_harmless(plan));
        g_assert_cmpuint(plan->warnings->len, ==, 0);
}

static void set_lvm(World *world) {
        fixture_format(world_block(world, "sdb"), "raid", "LVM2_member", "", "u");
}

static void set_luks(World *world) {
        fixture_format(fixture_add_partition(world->inventory, "sdb", 1, GB), "crypto", "crypto_LUKS", "", "u");
}

static void set_zfs(World *world) {
        fixture_format(world_block(world, "sdb"), "filesystem", "zfs_member", "", "u");
}

static void set_btrfs(World *world) {
        fixture_format(world_block(world, "sdb"), "filesystem", "btrfs", "", "u");
}

static void set_foreign_member(World *world) {
        fixture_format(world_block(world, "sdb"), "raid", "linux_raid_member", "", "u");
}

static void set_member(World *world) {
        fixture_add_member(world->inventory, fixture_add_array(world->inventory, "nas:old", "md9", "raid1", GB, 2),
                           "sdb", 0, "in_sync");
}

static void set_idle_member(World *world) {
        fixture_add_member(world->inventory, fixture_add_array(world->inventory, "nas:old", NULL, "raid1", GB, 2),
                           "sdb", 0, "");
}

static void set_system(World *world) {
        fixture_mount(fixture_add_partition(world->inventory, "sdb", 1, GB), "/boot");
}

static void set_swap(World *world) {
        BhBlock *swap = fixture_add_partition(world->inventory, "sdb", 1, GB);

        fixture_format(swap, "other", "swap", "", "u");
        swap->is_swap_active = true;
}

static void set_mounted(World *world) {
        fixture_mount(fixture_add_partition(world->inventory, "sdb", 1, GB), "/mnt/x");
}

static void set_fstab(World *world) {
        g_strfreev(world_block(world, "sdb")->fstab_directories);
        world_block(world, "sdb")->fstab_directories = g_strsplit("/data", " ", -1);
}

static void set_absent(World *world) {
        fixture_set(&world_disk(world, "sdb")->drive, "");
}

static void set_gone(World *world) {
        fixture_set(&world_disk(world, "sdb")->drive, "/org/freedesktop/UDisks2/drives/gone");
}

static void set_failed(World *world) {
        fixture_set(&world_disk(world, "sdb")->state, "failed");
}

static void set_smart_failed(World *world) {
        world_drive(world, "sdb")->smart.is_failing = true;
}

static void set_read_only(World *world) {
        world_block(world, "sdb")->is_read_only = true;
}

static void set_removable(World *world) {
        world_drive(world, "sdb")->is_removable = true;
}

static void set_optical(World *world) {
        world_drive(world, "sdb")->is_optical = true;
}

static void set_no_medium(World *world) {
        world_drive(world, "sdb")->is_media_missing = true;
}

static void set_no_size(World *world) {
        world_block(world, "sdb")->size = 0;
}

static void set_ignored(World *world) {
        world_block(world, "sdb")->hint_ignore = true;
}

static void set_same_wwn(World *world) {
        fixture_set(&world_drive(world, "sda")->wwn, "0x5000");
        fixture_set(&world_drive(world, "sdb")->wwn, "0x5000");
}

static void set_same_serial(World *world) {
        fixture_set(&world_drive(world, "sdb")->serial, world_drive(world, "sda")->serial);
}

static void set_multipath(World *world) {
        fixture_set(&fixture_add_disk(world->inventory, "sdz", "Z", 10 * GB)->drive, world_block(world, "sdb")->drive);
}

static void set_tiny(World *world) {
        world_block(world, "sdb")->size = MIB;
}

static void what_must_not_be_destroyed_is_refused_with_the_disk_and_the_reason(void) {
        static const struct {
                void (*set)(World *world);
                const char *reason;
        } cases[] = {
                {set_lvm, "belongs to LVM"},
                {set_luks, "LUKS"},
                {set_zfs, "ZFS"},
                {set_btrfs, "btrfs"},
                {set_foreign_member, "array that is not known"},
                {set_member, "is a member of the array “old”"},
                {set_idle_member, "“old”, which does not run"},
                {set_system, "carries the operating system: “/boot” is on sdb1"},
                {set_swap, "swaps to sdb1"},
                {set_mounted, "sdb1 is mounted on “/mnt/x”"},
                {set_fstab, "/etc/fstab"},
                {set_absent, "is absent"},
                {set_gone, "is absent"},
                {set_failed, "has failed"},
                {set_smart_failed, "has failed"},
                {set_read_only, "is read-only"},
                {set_removable, "removable"},
                {set_optical, "removable"},
                {set_no_medium, "removable"},
                {set_no_size, "no size"},
                {set_ignored, "left alone"},
                {set_same_wwn, "is the same disk as sda"},
                {set_same_serial, "is the same disk as sda"},
                {set_multipath, "more than one way"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                __attribute__((cleanup(world_clear))) World world;
                __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {}, add = {};
                BhMdArray *array;

                world_set_up(&world);
                cases[i].set(&world);
                world_request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
                world_assert_refused(&world, &request, -EACCES, "Refused", cases[i].reason);
                {
                        _cleanup_(bh_failure_clear) BhFailure failure = {};
                        _cleanup_(bh_plan_freep) BhPlan *plan = NULL;

                        g_assert_cmpint(bh_plan_make(world.inventory, &request, &plan, &failure), <, 0);
                        g_assert_nonnull(strstr(failure.message, "sdb"));
                }

                /* The same goes for a disk that is added to an array, but for what is about two disks. */
                if (cases[i].set == set_same_wwn || cases[i].set == set_same_serial)
                        continue;
                array = fixture_add_array(world.inventory, "nas:data", "md0", "raid1", 9 * GB, 2);
                fixture_add_member(world.inventory, array, "sdc", 0, "in_sync");
                world_request_for(&world, BH_PLAN_ARRAY_ADD, array, "sdb", &add);
                world_assert_refused(&world, &add, -EACCES, "Refused", cases[i].reason);
        }
}

static void disks_that_are_too_small_are_refused(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {}, spare = {};

        world_set_up(&world);
        world_request_array(&world, BH_RAID_1, "sda sdb sdf", 1, &spare);
        world_assert_refused(&world, &spare, -EACCES, "Refused", "spare");
        set_tiny(&world);
        world_request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
        world_assert_refused(&world, &request, -EACCES, "Refused", "too small");
}

static void names_are_what_mdadm_takes_and_nobody_has(void) {
        static const struct {
                const char *name;
                int result;
        } cases[] = {
                {"data", 0},
                {"0a", 0},
                {"d", 0},
                {"a-b_C9", 0},
                {"abcdefghijklmnopqrstuvwxyz012345", 0},
                {"", -EILSEQ},
                {"abcdefghijklmnopqrstuvwxyz0123456", -EILSEQ},
                {"-a", -EILSEQ},
                {"_a", -EILSEQ},
                {"a b", -EILSEQ},
                {"a/b", -EILSEQ},
                {"../x", -EILSEQ},
                {"a.b", -EILSEQ},
                {"ä", -EILSEQ},
                {"a\n", -EILSEQ},
                {"127", -EILSEQ},
                {"d1", -EILSEQ},
                {"taken", -EEXIST},
                {"also", -EEXIST},
        };
        __attribute__((cleanup(world_clear))) World world;

        world_set_up(&world);
        fixture_add_array(world.inventory, "taken", NULL, "raid1", GB, 2);
        fixture_add_array(world.inventory, "other-host:also", "md7", "raid1", GB, 2);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};

                world_request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
                fixture_set(&request.name, cases[i].name);
                if (cases[i].result < 0)
                        world_assert_refused(&world, &request, cases[i].result, NULL, "array");
                else
                        bh_plan_free(world_make_plan(&world, &request));
        }
}

static void what_is_no_valid_array_is_refused_and_says_why(void) {
        static const struct {
                BhRaidLevel level;
                const char *disks;
                size_t n_spares;
                uint64_t chunk;
                bool has_bitmap;
                const char *reason;
        } cases[] = {
                {BH_RAID_0, "sda", 0, BH_RAID_CHUNK_DEFAULT, false, "at least 2"},
                {BH_RAID_1, "sda", 0, 0, true, "at least 2"},
                {BH_RAID_5, "sda sdb", 0, BH_RAID_CHUNK_DEFAULT, true, "at least 3"},
                {BH_RAID_6, "sda sdb sdc", 0, BH_RAID_CHUNK_DEFAULT, true, "at least 4"},
                {BH_RAID_10, "sda sdb sdc", 0, BH_RAID_CHUNK_DEFAULT, true, "at least 4"},
                {BH_RAID_1, "sda sdb", 1, 0, true, "at least 2"},
                {BH_RAID_1, "sda sdb", 9, 0, true, "at least 2"},
                {BH_RAID_1, "sda sda", 0, 0, true, "given twice"},
                {BH_RAID_5, "sda sdb sdc sdb", 1, BH_RAID_CHUNK_DEFAULT, true, "given twice"},
                {BH_RAID_0, "sda sdb sdc", 1, BH_RAID_CHUNK_DEFAULT, false, "spares"},
                {BH_RAID_0, "sda sdb", 0, BH_RAID_CHUNK_DEFAULT, true, "bitmap"},
                {BH_RAID_1, "sda sdb", 0, BH_RAID_CHUNK_DEFAULT, true, "chunk_size"},
                {BH_RAID_5, "sda sdb sdc", 0, 0, true, "chunk_size"},
                {BH_RAID_5, "sda sdb sdc", 0, 2048, true, "chunk_size"},
                {BH_RAID_5, "sda sdb sdc", 0, 5000, true, "chunk_size"},
                {BH_RAID_5, "sda sdb sdc", 0, 2 * MIB, true, "chunk_size"},
        };
        __attribute__((cleanup(world_clear))) World world;

        world_set_up(&world);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};

                world_request_array(&world, cases[i].level, cases[i].disks, cases[i].n_spares, &request);
                request.chunk_size = cases[i].chunk;
                request.has_bitmap = cases[i].has_bitmap;
                world_assert_refused(&world, &request, -EINVAL, NULL, cases[i].reason);
        }
}

static void what_may_go_wrong_later_is_warned_about(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {}, stripes = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL, *striped = NULL;

        world_set_up(&world);
        fixture_set(&world_drive(&world, "sda")->connection, "usb");
        fixture_set(&world_drive(&world, "sdb")->model, "WDC WD40EFAX-68JH4N1");
        fixture_set(&world_disk(&world, "sdc")->state, "warning");
        fixture_set(&world_disk(&world, "sdc")->state_text, "pending sectors rose");
        fixture_set(&world_drive(&world, "sdc")->serial, "WD-ABC123");
        fixture_set(&world_drive(&world, "sdd")->serial, "WD-ABC199");
        world_request_array(&world, BH_RAID_5, "sda sdb sdc sdd sde", 0, &request);
        plan = world_make_plan(&world, &request);
        g_assert_true(plan_has_warning(plan, "sda (Spinner 3000"));
        g_assert_true(plan_has_warning(plan, "USB"));
        g_assert_true(plan_has_warning(plan, "SMR"));
        g_assert_true(plan_has_warning(plan, "pending sectors rose"));
        g_assert_true(plan_has_warning(plan, "one batch"));
        g_assert_true(plan_has_warning(plan, "cannot be used"));
        g_assert_cmpuint(plan->warnings->len, ==, 5);

        world_request_array(&world, BH_RAID_0, "sdc sdd sde", 0, &stripes); /* batches and sizes do not matter to it */
        striped = world_make_plan(&world, &stripes);
        g_assert_false(plan_has_warning(striped, "one batch"));
        g_assert_false(plan_has_warning(striped, "cannot be used"));
}

static void disks_that_were_installed_together_count_as_one_batch(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL, *later = NULL;

        world_set_up(&world);
        for (size_t i = 0; i < 2; i++) {
                BhSmart *smart = &world_drive(&world, i == 0 ? "sda" : "sdb")->smart;

                smart->updated_usec = 1;
                smart->power_on_usec = (20000 + 30 * i) * UINT64_C(3600) * BH_USEC_PER_SEC;
        }
        world_request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
        plan = world_make_plan(&world, &request);
        g_assert_true(plan_has_warning(plan, "one batch"));
        world_drive(&world, "sdb")->smart.power_on_usec += UINT64_C(3600) * 1000 * BH_USEC_PER_SEC;
        later = world_make_plan(&world, &request);
        g_assert_false(plan_has_warning(later, "one batch"));
}

/* What has changed since ------------------------------------------------------------------------------------------------------------------------------ */

static void change_serial(World *world) {
        fixture_set(&world_drive(world, "sdb")->serial, "OTHER");
}

static void change_wwn(World *world) {
        fixture_set(&world_drive(world, "sdb")->wwn, "0x1");
}

static void change_size(World *world) {
        world_block(world, "sdb")->size += 512;
}

static void change_partition(World *world) {
        fixture_add_partition(world->inventory, "sdb", 1, GB);
}

static void change_table(World *world) {
        world_block(world, "sdb")->has_partitions = true;
}

static void change_filesystem(World *world) {
        fixture_format(world_block(world, "sdb"), "filesystem", "ext4", "", "new");
}

static void change_gone(World *world) {
        fixture_set(&world_drive(world, "sdb")->object, "/elsewhere");
}

static void change_block(World *world) {
        fixture_set(&world_block(world, "sdb")->object, "/elsewhere");
}

static void recheck_notices_every_difference_and_names_the_disk(void) {
        static const struct {
                void (*change)(World *world);
                const char *part;
        } cases[] = {
                {change_serial, "which disk it is"}, {change_wwn, "which disk it is"},
                {change_size, "its size"},           {change_partition, "what is on it"},
                {change_table, "what is on it"},     {change_filesystem, "what is on it"},
                {change_gone, "has gone"},           {change_block, "its device"},
                {set_mounted, "what is on it"},      {set_fstab, "what uses it"},
                {set_member, "what is on it"},       {set_lvm, "what is on it"},
                {set_read_only, "written to"},       {set_smart_failed, "it fails"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                __attribute__((cleanup(world_clear))) World world;
                __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
                _cleanup_(bh_failure_clear) BhFailure failure = {};
                _cleanup_(bh_plan_freep) BhPlan *plan = NULL;

                world_set_up(&world);
                world_request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
                plan = world_make_plan(&world, &request);
                g_assert_cmpint(bh_plan_recheck(plan, world.inventory, &failure), ==, 0);
                world.inventory->generation++;
                cases[i].change(&world);
                g_assert_cmpint(bh_plan_recheck(plan, world.inventory, &failure), ==, -ESTALE);
                g_test_message("%s", failure.message);
                g_assert_nonnull(strstr(failure.message, cases[i].part));
                g_assert_nonnull(strstr(failure.message, "sdb (Spinner 3000"));
        }
}

/* A filesystem in the place of another that is just like it. */
static void recheck_notices_another_filesystem_of_the_same_kind(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL;

        world_set_up(&world);
        fixture_format(world_block(&world, "sdb"), "filesystem", "ext4", "Photos", "first");
        world_request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
        plan = world_make_plan(&world, &request);
        fixture_format(world_block(&world, "sdb"), "filesystem", "ext4", "Photos", "second");
        g_assert_cmpint(bh_plan_recheck(plan, world.inventory, &failure), ==, -ESTALE);
}

static void what_has_nothing_to_do_with_the_plan_may_change(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL;

        world_set_up(&world);
        world_request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
        plan = world_make_plan(&world, &request);
        fixture_add_partition(world.inventory, "sdc", 1, GB);
        fixture_mount(world_block(&world, "sdd"), "/mnt");
        world_drive(&world, "sda")->smart.temperature = 40;
        world_drive(&world, "sdb")->smart.updated_usec = 77;
        world.inventory->generation += 5;
        g_assert_cmpint(bh_plan_recheck(plan, world.inventory, &failure), ==, 0);
        fixture_add_array(world.inventory, "nas:data", NULL, "raid1", GB, 2); /* but the name is taken now */
        g_assert_cmpint(bh_plan_recheck(plan, world.inventory, &failure), ==, -EEXIST);
}

static void nothing_is_planned_or_rechecked_without_udisks(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        _cleanup_(bh_inventory_unrefp) BhInventory *absent = bh_inventory_new_unavailable("UDisks2 is not running");
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL, *other = NULL;
        BhFailure failure = {};

        world_set_up(&world);
        world_request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
        plan = world_make_plan(&world, &request);
        g_assert_cmpint(bh_plan_recheck(plan, absent, &failure), ==, -ENODEV);
        g_assert_cmpstr(failure.message, ==, "UDisks2 is not running");
        bh_failure_clear(&failure);
        g_assert_cmpint(bh_plan_make(absent, &request, &other, &failure), ==, -ENODEV);
        bh_failure_clear(&failure);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/plan/" #name, name)
        ADD(a_plan_says_what_is_made_and_what_is_lost);
        ADD(what_must_not_be_destroyed_is_refused_with_the_disk_and_the_reason);
        ADD(disks_that_are_too_small_are_refused);
        ADD(names_are_what_mdadm_takes_and_nobody_has);
        ADD(what_is_no_valid_array_is_refused_and_says_why);
        ADD(what_may_go_wrong_later_is_warned_about);
        ADD(disks_that_were_installed_together_count_as_one_batch);
        ADD(recheck_notices_every_difference_and_names_the_disk);
        ADD(recheck_notices_another_filesystem_of_the_same_kind);
        ADD(what_has_nothing_to_do_with_the_plan_may_change);
        ADD(nothing_is_planned_or_rechecked_without_udisks);
#undef ADD
        return g_test_run();
}
