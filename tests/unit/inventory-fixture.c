/* SPDX-License-Identifier: MIT */

#include "inventory-fixture.h"

#include <glib.h>
#include <math.h>

/* So that nothing moves while a test holds a pointer to it. */
#define CAPACITY 128

#define OBJECT "/org/freedesktop/UDisks2/"

BhInventory *fixture_inventory(void) {
        BhInventory *inventory = bh_inventory_new_unavailable("");

        inventory->is_available = true;
        inventory->generation = 1;
        inventory->drives = g_new0(BhDrive, CAPACITY);
        inventory->blocks = g_new0(BhBlock, CAPACITY);
        inventory->arrays = g_new0(BhMdArray, CAPACITY);
        g_strfreev(inventory->filesystems);
        inventory->filesystems = g_strsplit("ext4 xfs btrfs", " ", -1);
        return inventory;
}

static BhBlock *add_block(BhInventory *inventory, const char *name, uint64_t size) {
        BhBlock *block = &inventory->blocks[inventory->n_blocks++];
        char **empty[] = {&block->drive,     &block->id_usage,       &block->id_type,
                          &block->id_label,  &block->id_uuid,        &block->array,
                          &block->member_of, &block->crypto_backing, &block->partition_of};

        g_assert_cmpuint(inventory->n_blocks, <=, CAPACITY);
        for (size_t i = 0; i < G_N_ELEMENTS(empty); i++)
                *empty[i] = g_strdup("");
        block->object = g_strconcat(OBJECT "block_devices/", name, NULL);
        block->device = g_strconcat("/dev/", name, NULL);
        block->name = g_strdup(name);
        block->size = size;
        block->mount_points = g_new0(char *, 1);
        block->fstab_directories = g_new0(char *, 1);
        return block;
}

BhBlock *fixture_add_disk(BhInventory *inventory, const char *name, const char *serial, uint64_t size) {
        BhDrive *drive = &inventory->drives[inventory->n_drives++];
        BhBlock *block = add_block(inventory, name, size);

        *drive = (BhDrive){
                .object = g_strconcat(OBJECT "drives/", name, NULL),
                .vendor = g_strdup("ACME"),
                .model = g_strdup("Spinner 3000"),
                .revision = g_strdup(""),
                .serial = g_strdup(serial),
                .wwn = g_strdup(""),
                .connection = g_strdup("ata"),
                .size = size,
                .rotation_rate = 7200,
                .has_ata = true,
                .smart = {.is_supported = true,
                          .is_enabled = true,
                          .temperature = NAN,
                          .n_failing_now = -1,
                          .n_failed_before = -1,
                          .n_bad_sectors = -1,
                          .selftest_status = g_strdup(""),
                          .selftest_percent_remaining = -1},
        };
        fixture_set(&block->drive, drive->object);
        return block;
}

BhBlock *fixture_add_partition(BhInventory *inventory, const char *disk, uint32_t number, uint64_t size) {
        g_autofree char *name = g_strdup_printf("%s%u", disk, number);
        BhBlock *whole = fixture_block(inventory, disk), *block = add_block(inventory, name, size);

        whole->has_partitions = true;
        block->is_partition = true;
        block->partition_number = number;
        fixture_set(&block->drive, whole->drive);
        fixture_set(&block->partition_of, whole->object);
        return block;
}

BhBlock *fixture_add_cleartext(BhInventory *inventory, const char *name, const char *backing) {
        BhBlock *lower = fixture_block(inventory, backing), *block = add_block(inventory, name, lower->size);

        fixture_set(&block->crypto_backing, lower->object);
        return block;
}

BhMdArray *fixture_add_array(BhInventory *inventory, const char *name, const char *device, const char *level,
                             uint64_t size, uint32_t devices) {
        BhMdArray *array = &inventory->arrays[inventory->n_arrays++];

        *array = (BhMdArray){
                .object = g_strconcat(OBJECT "mdraid/", name, NULL),
                .uuid = g_strconcat("uuid-of-", name, NULL),
                .name = g_strdup(name),
                .level = g_strdup(level),
                .sync_action = g_strdup(device ? "idle" : ""),
                .bitmap = g_strdup(""),
                .size = size,
                .devices = devices,
                .block = g_strdup(""),
                .members = g_new0(BhMemberState, CAPACITY),
        };
        if (device) {
                BhBlock *block = add_block(inventory, device, size);

                fixture_set(&block->array, array->object);
                fixture_set(&array->block, block->object);
        }
        return array;
}

void fixture_add_member(BhInventory *inventory, BhMdArray *array, const char *name, int slot, const char *state) {
        BhBlock *block = fixture_block(inventory, name);

        fixture_format(block, "raid", "linux_raid_member", "", array->uuid);
        fixture_set(&block->member_of, array->object);
        if (array->block[0] != '\0')
                array->members[array->n_members++] = (BhMemberState){g_strdup(block->object), slot, g_strdup(state), 0};
}

BhDrive *fixture_drive(BhInventory *inventory, const char *name) {
        g_autofree char *object = g_strconcat(OBJECT "drives/", name, NULL);

        return (BhDrive *)bh_inventory_drive(inventory, object);
}

BhBlock *fixture_block(BhInventory *inventory, const char *name) {
        g_autofree char *object = g_strconcat(OBJECT "block_devices/", name, NULL);

        return (BhBlock *)bh_inventory_block(inventory, object);
}

void fixture_set(char **field, const char *value) {
        g_free(*field);
        *field = g_strdup(value);
}

void fixture_format(BhBlock *block, const char *usage, const char *type, const char *label, const char *uuid) {
        fixture_set(&block->id_usage, usage);
        fixture_set(&block->id_type, type);
        fixture_set(&block->id_label, label);
        fixture_set(&block->id_uuid, uuid);
        block->has_filesystem = g_str_equal(usage, "filesystem");
        block->has_swap = g_str_equal(type, "swap");
        block->is_encrypted = g_str_equal(usage, "crypto");
}

void fixture_mount(BhBlock *block, const char *directory) {
        g_strfreev(block->mount_points);
        block->mount_points = g_new0(char *, 2);
        block->mount_points[0] = g_strdup(directory);
}
