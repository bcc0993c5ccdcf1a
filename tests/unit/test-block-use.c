/* SPDX-License-Identifier: MIT */

#include <glib.h>
#include <string.h>

#include "block-use.h"
#include "inventory-fixture.h"
#include "macro.h"

#define GB UINT64_C(1000000000)

static void assert_use(const BhInventory *inventory, const BhBlock *block, BhUseKind kind, const char *part_of_reason) {
        __attribute__((cleanup(bh_block_use_clear))) BhBlockUse use = {};

        bh_block_use(inventory, block, &use);
        g_test_message("%s: %s %s", block->name, bh_use_to_string(use.kind), use.reason);
        g_assert_cmpstr(bh_use_to_string(use.kind), ==, bh_use_to_string(kind));
        g_assert_nonnull(strstr(use.reason, part_of_reason));
}

static void assert_contents(const BhInventory *inventory, const BhBlock *block, const char *expected) {
        g_autofree char *contents = bh_block_contents(inventory, block);

        g_assert_cmpstr(contents, ==, expected);
}

static void an_empty_disk_is_free(void) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
        BhBlock *sda = fixture_add_disk(inventory, "sda", "A", 5 * GB);

        assert_use(inventory, sda, BH_USE_FREE, "");
        assert_contents(inventory, sda, "empty");
}

static void a_disk_with_a_partition_table_or_a_filesystem_is_not_free(void) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
        BhBlock *sda = fixture_add_disk(inventory, "sda", "A", 5 * GB),
                *sdb = fixture_add_disk(inventory, "sdb", "B", 5 * GB);

        sda->has_partitions = true;
        assert_use(inventory, sda, BH_USE_DATA, "an empty partition table");
        fixture_format(sdb, "filesystem", "ext4", "Photos", "u");
        assert_use(inventory, sdb, BH_USE_DATA, "ext4 “Photos”");
        assert_contents(inventory, sdb, "ext4 “Photos”");
        fixture_format(fixture_add_partition(inventory, "sda", 2, GB), "other", "swap", "", "v");
        fixture_format(fixture_add_partition(inventory, "sda", 1, 4 * GB), "filesystem", "xfs", "", "w");
        assert_use(inventory, sda, BH_USE_DATA, "2 partitions");
        assert_contents(inventory, sda, "2 partitions: sda1: xfs (4.0\u00a0GB); sda2: swap (1.0\u00a0GB)");
}

/* Each of them, on the disk itself and on a partition of it. */
static void what_belongs_to_others_is_foreign(void) {
        static const struct {
                const char *usage, *type, *reason;
        } cases[] = {
                {"raid", "LVM2_member", "LVM"},         {"crypto", "crypto_LUKS", "LUKS"},
                {"crypto", "BitLocker", "BitLocker"},   {"filesystem", "zfs_member", "ZFS"},
                {"filesystem", "btrfs", "btrfs"},       {"raid", "linux_raid_member", "array"},
                {"raid", "isw_raid_member", "RAID"},    {"raid", "ddf_raid_member", "RAID"},
                {"other", "bcache", "bcache"},          {"other", "ceph_bluestore", "Ceph"},
                {"other", "jbd", "not known"},          {"raid", "something_new", "RAID"},
                {"crypto", "something_new", "encrypt"}, {"other", "something_new", "not known"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
                BhBlock *sda = fixture_add_disk(inventory, "sda", "A", 5 * GB),
                        *sdb = fixture_add_disk(inventory, "sdb", "B", 5 * GB);

                fixture_format(sda, cases[i].usage, cases[i].type, "", "u");
                fixture_format(fixture_add_partition(inventory, "sdb", 1, GB), cases[i].usage, cases[i].type, "", "u");
                assert_use(inventory, sda, BH_USE_FOREIGN, cases[i].reason);
                assert_use(inventory, sdb, BH_USE_FOREIGN, "sdb1");
        }
}

static void what_is_to_be_left_alone_is_foreign(void) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
        BhBlock *sda = fixture_add_disk(inventory, "sda", "A", 5 * GB);

        sda->hint_ignore = true;
        assert_use(inventory, sda, BH_USE_FOREIGN, "left alone");
}

static void a_mounted_filesystem_is_found_wherever_it_is(void) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
        BhBlock *sda = fixture_add_disk(inventory, "sda", "A", 5 * GB),
                *sdb = fixture_add_disk(inventory, "sdb", "B", 5 * GB);

        fixture_mount(sda, "/mnt/a");
        assert_use(inventory, sda, BH_USE_MOUNTED, "sda is mounted on “/mnt/a”");
        fixture_mount(fixture_add_partition(inventory, "sdb", 1, GB), "/media/boot");
        assert_use(inventory, sdb, BH_USE_MOUNTED, "sdb1 is mounted on “/media/boot”");
}

static void what_fstab_will_mount_is_in_use(void) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
        BhBlock *sda = fixture_add_disk(inventory, "sda", "A", 5 * GB);

        g_strfreev(sda->fstab_directories);
        sda->fstab_directories = g_strsplit("/data", " ", -1);
        assert_use(inventory, sda, BH_USE_MOUNTED, "/etc/fstab mounts sda on “/data”");
        g_strfreev(sda->fstab_directories);
        sda->fstab_directories = g_strsplit("/var", " ", -1);
        assert_use(inventory, sda, BH_USE_SYSTEM, "“/var”");
}

static void the_operating_system_is_found_under_every_layer(void) {
        static const char *const directories[] = {"/", "/boot", "/boot/efi", "/usr", "/var/lib/docker", "/home"};

        for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
                _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
                BhBlock *sda = fixture_add_disk(inventory, "sda", "A", 5 * GB),
                        *sdb = fixture_add_disk(inventory, "sdb", "B", 5 * GB);
                BhBlock *sdc = fixture_add_disk(inventory, "sdc", "C", 5 * GB);
                BhMdArray *array;

                fixture_mount(fixture_add_partition(inventory, "sdc", 1, GB), directories[i]);
                assert_use(inventory, sdc, BH_USE_SYSTEM, directories[i]);

                /* partition → array → partition of the array → LUKS → mounted */
                fixture_add_partition(inventory, "sda", 1, GB);
                fixture_add_partition(inventory, "sda", 2, GB);
                array = fixture_add_array(inventory, "md0", "md0", "raid1", GB, 2);
                fixture_add_member(inventory, array, "sda2", 0, "in_sync");
                fixture_add_member(inventory, array, "sdb", 1, "in_sync");
                fixture_format(fixture_add_partition(inventory, "md0", 1, GB), "crypto", "crypto_LUKS", "", "u");
                assert_use(inventory, sda, BH_USE_ARRAY, "“md0”");
                fixture_mount(fixture_add_cleartext(inventory, "dm-0", "md01"), directories[i]);
                assert_use(inventory, sda, BH_USE_SYSTEM, "dm-0");
                assert_use(inventory, sdb, BH_USE_SYSTEM, "dm-0");
                assert_use(inventory, fixture_block(inventory, "md0"), BH_USE_SYSTEM, "dm-0");
        }
}

static void active_swap_is_of_the_operating_system_and_other_swap_is_data(void) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
        BhBlock *sda = fixture_add_disk(inventory, "sda", "A", 5 * GB),
                *swap = fixture_add_partition(inventory, "sda", 1, GB);

        fixture_format(swap, "other", "swap", "", "u");
        assert_use(inventory, sda, BH_USE_DATA, "swap");
        swap->is_swap_active = true;
        assert_use(inventory, sda, BH_USE_SYSTEM, "swaps to sda1");
}

static void members_name_their_array_whether_it_runs_or_not(void) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
        BhBlock *sda = fixture_add_disk(inventory, "sda", "A", 5 * GB),
                *sdb = fixture_add_disk(inventory, "sdb", "B", 5 * GB);
        BhMdArray *running = fixture_add_array(inventory, "md0", "md0", "raid1", GB, 2),
                  *stopped = fixture_add_array(inventory, "old", NULL, "raid1", GB, 2);
        __attribute__((cleanup(bh_block_use_clear))) BhBlockUse use = {};

        fixture_add_member(inventory, running, "sda", 0, "in_sync");
        fixture_add_member(inventory, stopped, "sdb", -1, "");
        assert_use(inventory, sda, BH_USE_ARRAY, "is a member of the array “md0”");
        assert_use(inventory, sdb, BH_USE_ARRAY, "“old”, which does not run");
        assert_contents(inventory, sda, "member of the array md0");
        fixture_mount(fixture_block(inventory, "md0"), "/srv/pool");
        bh_block_use(inventory, sda, &use);
        g_assert_cmpint(use.kind, ==, BH_USE_ARRAY);
        g_assert_true(use.array == running);
}

/* Nonsense from outside must end, too. */
static void blocks_that_stand_on_each_other_are_each_looked_at_once(void) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
        BhBlock *sda = fixture_add_disk(inventory, "sda", "A", GB), *sdb = fixture_add_disk(inventory, "sdb", "B", GB);
        g_autoptr(GPtrArray) stack = NULL;

        fixture_set(&sda->crypto_backing, sdb->object);
        fixture_set(&sdb->crypto_backing, sda->object);
        stack = bh_block_stack(inventory, sda);
        g_assert_cmpuint(stack->len, ==, 2);
        assert_use(inventory, sda, BH_USE_DATA, "not empty");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/block-use/" #name, name)
        ADD(an_empty_disk_is_free);
        ADD(a_disk_with_a_partition_table_or_a_filesystem_is_not_free);
        ADD(what_belongs_to_others_is_foreign);
        ADD(what_is_to_be_left_alone_is_foreign);
        ADD(a_mounted_filesystem_is_found_wherever_it_is);
        ADD(what_fstab_will_mount_is_in_use);
        ADD(the_operating_system_is_found_under_every_layer);
        ADD(active_swap_is_of_the_operating_system_and_other_swap_is_data);
        ADD(members_name_their_array_whether_it_runs_or_not);
        ADD(blocks_that_stand_on_each_other_are_each_looked_at_once);
#undef ADD
        return g_test_run();
}
