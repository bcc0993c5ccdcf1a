/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "inventory-fixture.h"
#include "macro.h"
#include "plan.h"

#define GB UINT64_C(1000000000)
#define MIB (UINT64_C(1024) * 1024)

/* Disks sda to sdf, empty, of 10 GB (sda to sdd), 20 GB (sde), 5 GB (sdf). */
typedef struct World {
        BhInventory *inventory;
        BhPlanDisk disks[8];
        size_t n_disks;
} World;

static void world_add(World *world, const char *name, uint64_t size) {
        g_autofree char *serial = g_strdup_printf("%s-%08x", name, g_str_hash(name)),
                        *path = g_strconcat("/disks/", name, NULL);
        BhBlock *block = fixture_add_disk(world->inventory, name, serial, size);
        const BhPlanDisk disk = {path,   block->drive, (char *)name,      (char *)"Spinner 3000",
                                 serial, (char *)"",   (char *)"healthy", (char *)""};

        bh_plan_disk_copy(&world->disks[world->n_disks++], &disk);
}

static void world_set_up(World *world) {
        *world = (World){.inventory = fixture_inventory()};
        for (size_t i = 0; i < 4; i++)
                world_add(world, ((const char *[]){"sda", "sdb", "sdc", "sdd"})[i], 10 * GB);
        world_add(world, "sde", 20 * GB);
        world_add(world, "sdf", 5 * GB);
}

static void world_clear(World *world) {
        for (size_t i = 0; i < world->n_disks; i++)
                bh_plan_disk_clear(&world->disks[i]);
        bh_inventory_unref(world->inventory);
}

static BhPlanDisk *disk(World *world, const char *name) {
        for (size_t i = 0; i < world->n_disks; i++)
                if (g_str_equal(world->disks[i].name, name))
                        return &world->disks[i];
        g_assert_not_reached();
}

static BhDrive *drive(World *world, const char *name) {
        return fixture_drive(world->inventory, name);
}

static BhBlock *block(World *world, const char *name) {
        return fixture_block(world->inventory, name);
}

/* names: of the disks, separated by blanks. */
static void request_array(World *world, BhRaidLevel level, const char *names, size_t n_spares, BhPlanRequest *ret) {
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
                bh_plan_disk_copy(&ret->disks[i], disk(world, parts[i]));
}

static void request_for(World *world, BhPlanKind kind, const BhMdArray *array, const char *name, BhPlanRequest *ret) {
        *ret = (BhPlanRequest){.kind = kind, .array = g_strdup(array->uuid), .array_path = g_strdup("/arrays/x")};
        if (name) {
                ret->disks = g_new0(BhPlanDisk, 1);
                ret->n_disks = 1;
                bh_plan_disk_copy(&ret->disks[0], disk(world, name));
        }
}

static BhPlan *make(World *world, const BhPlanRequest *request) {
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        BhPlan *plan = NULL;
        int r;

        r = bh_plan_make(world->inventory, request, &plan, &failure);
        g_test_message("%s", failure.message ?: plan->text);
        g_assert_cmpint(r, ==, 0);
        return plan;
}

/* The plan is refused with that error (a name, or NULL for what the errno says), and a sentence that has part in it. */
static void assert_refused(World *world, const BhPlanRequest *request, int result, const char *name, const char *part) {
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

static bool has_warning(const BhPlan *plan, const char *part) {
        for (guint i = 0; i < plan->warnings->len; i++)
                if (strstr(plan->warnings->pdata[i], part))
                        return true;
        return false;
}

/* Creating ------------------------------------------------------------------------------------------------------------------------------------------ */

static void a_plan_says_what_is_made_and_what_is_lost(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL;
        const BhPlanLoss *loss;

        world_set_up(&world);
        fixture_format(block(&world, "sdb"), "filesystem", "ext4", "Photos", "u");
        request_array(&world, BH_RAID_5, "sda sdb sdc sdd", 1, &request);
        plan = make(&world, &request);
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
        fixture_format(block(world, "sdb"), "raid", "LVM2_member", "", "u");
}

static void set_luks(World *world) {
        fixture_format(fixture_add_partition(world->inventory, "sdb", 1, GB), "crypto", "crypto_LUKS", "", "u");
}

static void set_zfs(World *world) {
        fixture_format(block(world, "sdb"), "filesystem", "zfs_member", "", "u");
}

static void set_btrfs(World *world) {
        fixture_format(block(world, "sdb"), "filesystem", "btrfs", "", "u");
}

static void set_foreign_member(World *world) {
        fixture_format(block(world, "sdb"), "raid", "linux_raid_member", "", "u");
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
        g_strfreev(block(world, "sdb")->fstab_directories);
        block(world, "sdb")->fstab_directories = g_strsplit("/data", " ", -1);
}

static void set_absent(World *world) {
        fixture_set(&disk(world, "sdb")->drive, "");
}

static void set_gone(World *world) {
        fixture_set(&disk(world, "sdb")->drive, "/org/freedesktop/UDisks2/drives/gone");
}

static void set_failed(World *world) {
        fixture_set(&disk(world, "sdb")->state, "failed");
}

static void set_smart_failed(World *world) {
        drive(world, "sdb")->smart.is_failing = true;
}

static void set_read_only(World *world) {
        block(world, "sdb")->is_read_only = true;
}

static void set_removable(World *world) {
        drive(world, "sdb")->is_removable = true;
}

static void set_optical(World *world) {
        drive(world, "sdb")->is_optical = true;
}

static void set_no_medium(World *world) {
        drive(world, "sdb")->is_media_missing = true;
}

static void set_no_size(World *world) {
        block(world, "sdb")->size = 0;
}

static void set_ignored(World *world) {
        block(world, "sdb")->hint_ignore = true;
}

static void set_same_wwn(World *world) {
        fixture_set(&drive(world, "sda")->wwn, "0x5000");
        fixture_set(&drive(world, "sdb")->wwn, "0x5000");
}

static void set_same_serial(World *world) {
        fixture_set(&drive(world, "sdb")->serial, drive(world, "sda")->serial);
}

static void set_multipath(World *world) {
        fixture_set(&fixture_add_disk(world->inventory, "sdz", "Z", 10 * GB)->drive, block(world, "sdb")->drive);
}

static void set_tiny(World *world) {
        block(world, "sdb")->size = MIB;
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
                request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
                assert_refused(&world, &request, -EACCES, "Refused", cases[i].reason);
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
                request_for(&world, BH_PLAN_ARRAY_ADD, array, "sdb", &add);
                assert_refused(&world, &add, -EACCES, "Refused", cases[i].reason);
        }
}

static void disks_that_are_too_small_are_refused(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {}, spare = {};

        world_set_up(&world);
        request_array(&world, BH_RAID_1, "sda sdb sdf", 1, &spare);
        assert_refused(&world, &spare, -EACCES, "Refused", "spare");
        set_tiny(&world);
        request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
        assert_refused(&world, &request, -EACCES, "Refused", "too small");
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

                request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
                fixture_set(&request.name, cases[i].name);
                if (cases[i].result < 0)
                        assert_refused(&world, &request, cases[i].result, NULL, "array");
                else
                        bh_plan_free(make(&world, &request));
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

                request_array(&world, cases[i].level, cases[i].disks, cases[i].n_spares, &request);
                request.chunk_size = cases[i].chunk;
                request.has_bitmap = cases[i].has_bitmap;
                assert_refused(&world, &request, -EINVAL, NULL, cases[i].reason);
        }
}

static void what_may_go_wrong_later_is_warned_about(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {}, stripes = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL, *striped = NULL;

        world_set_up(&world);
        fixture_set(&drive(&world, "sda")->connection, "usb");
        fixture_set(&drive(&world, "sdb")->model, "WDC WD40EFAX-68JH4N1");
        fixture_set(&disk(&world, "sdc")->state, "warning");
        fixture_set(&disk(&world, "sdc")->state_text, "pending sectors rose");
        fixture_set(&drive(&world, "sdc")->serial, "WD-ABC123");
        fixture_set(&drive(&world, "sdd")->serial, "WD-ABC199");
        request_array(&world, BH_RAID_5, "sda sdb sdc sdd sde", 0, &request);
        plan = make(&world, &request);
        g_assert_true(has_warning(plan, "sda (Spinner 3000"));
        g_assert_true(has_warning(plan, "USB"));
        g_assert_true(has_warning(plan, "SMR"));
        g_assert_true(has_warning(plan, "pending sectors rose"));
        g_assert_true(has_warning(plan, "one batch"));
        g_assert_true(has_warning(plan, "cannot be used"));
        g_assert_cmpuint(plan->warnings->len, ==, 5);

        request_array(&world, BH_RAID_0, "sdc sdd sde", 0, &stripes); /* batches and sizes do not matter to it */
        striped = make(&world, &stripes);
        g_assert_false(has_warning(striped, "one batch"));
        g_assert_false(has_warning(striped, "cannot be used"));
}

static void disks_that_were_installed_together_count_as_one_batch(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL, *later = NULL;

        world_set_up(&world);
        for (size_t i = 0; i < 2; i++) {
                BhSmart *smart = &drive(&world, i == 0 ? "sda" : "sdb")->smart;

                smart->updated_usec = 1;
                smart->power_on_usec = (20000 + 30 * i) * UINT64_C(3600) * BH_USEC_PER_SEC;
        }
        request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
        plan = make(&world, &request);
        g_assert_true(has_warning(plan, "one batch"));
        drive(&world, "sdb")->smart.power_on_usec += UINT64_C(3600) * 1000 * BH_USEC_PER_SEC;
        later = make(&world, &request);
        g_assert_false(has_warning(later, "one batch"));
}

/* What has changed since ------------------------------------------------------------------------------------------------------------------------------ */

static void change_serial(World *world) {
        fixture_set(&drive(world, "sdb")->serial, "OTHER");
}

static void change_wwn(World *world) {
        fixture_set(&drive(world, "sdb")->wwn, "0x1");
}

static void change_size(World *world) {
        block(world, "sdb")->size += 512;
}

static void change_partition(World *world) {
        fixture_add_partition(world->inventory, "sdb", 1, GB);
}

static void change_table(World *world) {
        block(world, "sdb")->has_partitions = true;
}

static void change_filesystem(World *world) {
        fixture_format(block(world, "sdb"), "filesystem", "ext4", "", "new");
}

static void change_gone(World *world) {
        fixture_set(&drive(world, "sdb")->object, "/elsewhere");
}

static void change_block(World *world) {
        fixture_set(&block(world, "sdb")->object, "/elsewhere");
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
                request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
                plan = make(&world, &request);
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
        fixture_format(block(&world, "sdb"), "filesystem", "ext4", "Photos", "first");
        request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
        plan = make(&world, &request);
        fixture_format(block(&world, "sdb"), "filesystem", "ext4", "Photos", "second");
        g_assert_cmpint(bh_plan_recheck(plan, world.inventory, &failure), ==, -ESTALE);
}

static void what_has_nothing_to_do_with_the_plan_may_change(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL;

        world_set_up(&world);
        request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
        plan = make(&world, &request);
        fixture_add_partition(world.inventory, "sdc", 1, GB);
        fixture_mount(block(&world, "sdd"), "/mnt");
        drive(&world, "sda")->smart.temperature = 40;
        drive(&world, "sdb")->smart.updated_usec = 77;
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
        request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
        plan = make(&world, &request);
        g_assert_cmpint(bh_plan_recheck(plan, absent, &failure), ==, -ENODEV);
        g_assert_cmpstr(failure.message, ==, "UDisks2 is not running");
        bh_failure_clear(&failure);
        g_assert_cmpint(bh_plan_make(absent, &request, &other, &failure), ==, -ENODEV);
        bh_failure_clear(&failure);
}

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
        request_for(&world, BH_PLAN_ARRAY_DELETE, array, "sda", &request);
        plan = make(&world, &request);
        g_assert_cmpstr(plan->name, ==, "data");
        g_assert_cmpuint(plan->losses->len, ==, 1);
        g_assert_false(bh_plan_is_harmless(plan));

        fixture_format(block(&world, "md0"), "filesystem", "xfs", "Films", "u");
        g_assert_cmpint(bh_plan_recheck(plan, world.inventory, &failure), ==, -ESTALE);
        g_assert_nonnull(strstr(failure.message, "xfs “Films”"));
        filled = make(&world, &request);
        g_assert_nonnull(strstr(filled->text, "xfs “Films”"));

        fixture_mount(block(&world, "md0"), "/srv/x");
        assert_refused(&world, &request, -EACCES, "Refused", "“data” is in use: md0 is mounted");
        fixture_mount(block(&world, "md0"), "/");
        assert_refused(&world, &request, -EACCES, "Refused", "operating system");

        request_for(&world, BH_PLAN_ARRAY_DELETE, array, NULL, &unknown);
        fixture_set(&unknown.array, "nobody-has-this");
        assert_refused(&world, &unknown, -ENOENT, NULL, "no such array");
}

static void an_array_that_does_not_run_can_be_deleted(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {};
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL;
        BhMdArray *array;

        world_set_up(&world);
        array = fixture_add_array(world.inventory, "nas:data", NULL, "raid1", GB, 2);
        fixture_add_member(world.inventory, array, "sda", 0, "");
        request_for(&world, BH_PLAN_ARRAY_DELETE, array, "sda", &request);
        plan = make(&world, &request);
        g_assert_cmpuint(plan->losses->len, ==, 1);
}

static void a_disk_that_is_added_is_a_spare_or_replaces_a_missing_member(void) {
        __attribute__((cleanup(world_clear))) World world;
        __attribute__((cleanup(bh_plan_request_clear))) BhPlanRequest request = {}, small = {}, member = {};
        _cleanup_(bh_plan_freep) BhPlan *spare = NULL, *replacement = NULL;
        BhMdArray *array;

        world_set_up(&world);
        array = add_mirror(&world);
        request_for(&world, BH_PLAN_ARRAY_ADD, array, "sdc", &request);
        spare = make(&world, &request);
        g_assert_nonnull(strstr(spare->text, "spare"));
        g_assert_cmpuint(spare->sync_usec, ==, 0);
        g_assert_cmpuint(spare->survives, ==, 1);
        g_assert_true(bh_plan_is_harmless(spare));
        request_for(&world, BH_PLAN_ARRAY_ADD, array, "sdf", &small);
        assert_refused(&world, &small, -EACCES, "Refused", "too small");
        request_for(&world, BH_PLAN_ARRAY_ADD, array, "sdb", &member);
        assert_refused(&world, &member, -EACCES, "Refused", "already");
        array->degraded = 1;
        replacement = make(&world, &request);
        g_assert_nonnull(strstr(replacement->text, "rebuilt at once"));
        g_assert_cmpuint(replacement->sync_usec, >, 0);
        fixture_set(&array->level, "raid0");
        assert_refused(&world, &request, -EOPNOTSUPP, NULL, "RAID 0");
        fixture_set(&array->level, "raid1");
        block(&world, "md0")->size = 0; /* as md shows an array that it could not start */
        assert_refused(&world, &request, -EACCES, "Refused", "does not run");
}

static int choose(World *world, const BhMdArray *array, const char *replacement, BhPlanRequest *request,
                  const char **ret_error) {
        static BhFailure failure;
        int r;

        bh_failure_clear(&failure);
        request_for(world, BH_PLAN_ARRAY_REPAIR, array, NULL, request);
        request->failed = (BhPlanFailed){.slot = 1, .state = g_strdup("missing"), .block = g_strdup("")};
        r = bh_plan_choose_replacement(world->inventory, world->disks, world->n_disks,
                                       replacement ? disk(world, replacement) : NULL, request, &failure);
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
        fixture_format(block(&world, "sdb"), "filesystem", "ext4", "", "u"); /* not empty */
        fixture_set(&disk(&world, "sdc")->state, "failing");
        set_mounted(&world);
        g_assert_cmpint(choose(&world, array, NULL, &empty, &error), ==, 0);
        g_assert_cmpstr(empty.disks[0].name, ==, "sdd");
        with_empty = make(&world, &empty);
        g_assert_true(bh_plan_is_harmless(with_empty));
        g_assert_nonnull(strstr(with_empty->text, "slot 1"));

        g_assert_cmpint(choose(&world, array, "sde", &asked, &error), ==, 0);
        g_assert_cmpstr(asked.disks[0].name, ==, "sde");
        with_asked = make(&world, &asked);

        /* On a partition, as arrays made elsewhere are. */
        fixture_add_partition(world.inventory, "sde", 1, 10 * GB);
        fixture_format(block(&world, "sde1"), "raid", "linux_raid_member", "", array->uuid);
        fixture_set(&block(&world, "sde1")->member_of, array->object);
        g_assert_cmpint(choose(&world, array, NULL, &former, &error), ==, 0);
        g_assert_cmpstr(former.disks[0].name, ==, "sde");
        g_assert_true(bh_plan_former_member(world.inventory, &former.disks[0], array) == block(&world, "sde1"));
        with_former = make(&world, &former);
        g_assert_true(bh_plan_is_harmless(with_former));

        fixture_add_member(world.inventory, array, "sdd", -1, "spare");
        g_assert_cmpint(choose(&world, array, NULL, &spare, &error), ==, 0);
        g_assert_cmpstr(spare.disks[0].name, ==, "sdd");
        g_assert_cmpuint(spare.n_spares, ==, 1);
        with_spare = make(&world, &spare);
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
        fixture_format(block(&world, "sdc"), "filesystem", "ext4", "Photos", "u");
        g_assert_cmpint(choose(&world, array, "sdc", &request, &error), ==, 0);
        plan = make(&world, &request);
        g_assert_false(bh_plan_is_harmless(plan));
        fixture_mount(block(&world, "sdc"), "/mnt");
        assert_refused(&world, &request, -EACCES, "Refused", "is mounted on");
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
                fixture_format(block(&world, ((const char *[]){"sdc", "sdd", "sde"})[i]), "filesystem", "ext4", "",
                               "u");
        fixture_format(block(&world, "sdb"), "filesystem", "ext4", "", "u");
        fixture_set(&block(&world, "sdb")->member_of, "");
        g_assert_cmpint(choose(&world, array, NULL, &none, &error), ==, -EACCES);
        g_assert_nonnull(strstr(error, "No disk is free that is large enough"));
        array->n_members = 2;
        fixture_set(&array->members[1].state, "spare");
        fixture_set(&array->sync_action, "recover");
        g_assert_cmpint(choose(&world, array, NULL, &rebuilding, &error), ==, -EACCES);
        g_assert_nonnull(strstr(error, "being rebuilt already"));
        block(&world, "md0")->size = 0;
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
        request_array(&world, BH_RAID_1, "sda sdb", 0, &request);
        plan = make(&world, &request);
        blocks = bh_plan_blocks(plan, world.inventory);
        g_assert_cmpuint(g_strv_length((char **)blocks), ==, 3);
        g_assert_cmpstr(blocks[0], ==, block(&world, "sda")->object);
        g_assert_cmpstr(blocks[2], ==, block(&world, "sdb1")->object);
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
