/* SPDX-License-Identifier: MIT */

#include "inventory.h"

#include <glib.h>
#include <math.h>

/* Freeing --------------------------------------------------------------------------------------------------------------------------------- */

static void drive_clear(BhDrive *drive) {
        g_free(drive->object);
        g_free(drive->vendor);
        g_free(drive->model);
        g_free(drive->revision);
        g_free(drive->serial);
        g_free(drive->wwn);
        g_free(drive->connection);
        g_free(drive->smart.selftest_status);
}

static void block_clear(BhBlock *block) {
        g_free(block->object);
        g_free(block->device);
        g_free(block->name);
        g_free(block->drive);
        g_free(block->id_usage);
        g_free(block->id_type);
        g_free(block->id_label);
        g_free(block->id_uuid);
        g_free(block->array);
        g_free(block->member_of);
        g_free(block->crypto_backing);
        g_free(block->partition_of);
        g_strfreev(block->mount_points);
        g_strfreev(block->fstab_directories);
}

static void array_clear(BhMdArray *array) {
        g_free(array->object);
        g_free(array->uuid);
        g_free(array->name);
        g_free(array->level);
        g_free(array->sync_action);
        g_free(array->bitmap);
        g_free(array->block);
        for (size_t i = 0; i < array->n_members; i++) {
                g_free(array->members[i].block);
                g_free(array->members[i].state);
        }
        g_free(array->members);
}

BhInventory *bh_inventory_new_unavailable(const char *problem) {
        BhInventory *inventory = g_new0(BhInventory, 1);

        inventory->references = 1;
        inventory->taken_usec = g_get_real_time();
        inventory->problem = g_strdup(problem);
        inventory->version = g_strdup("");
        inventory->filesystems = g_new0(char *, 1);
        return inventory;
}

BhInventory *bh_inventory_ref(BhInventory *inventory) {
        g_atomic_int_inc(&inventory->references);
        return inventory;
}

void bh_inventory_unref(BhInventory *inventory) {
        if (!inventory || !g_atomic_int_dec_and_test(&inventory->references))
                return;
        for (size_t i = 0; i < inventory->n_drives; i++)
                drive_clear(&inventory->drives[i]);
        for (size_t i = 0; i < inventory->n_blocks; i++)
                block_clear(&inventory->blocks[i]);
        for (size_t i = 0; i < inventory->n_arrays; i++)
                array_clear(&inventory->arrays[i]);
        g_free(inventory->drives);
        g_free(inventory->blocks);
        g_free(inventory->arrays);
        g_free(inventory->problem);
        g_free(inventory->version);
        g_strfreev(inventory->filesystems);
        g_free(inventory);
}

void bh_inventory_unrefp(BhInventory **inventory) {
        bh_inventory_unref(*inventory);
}

/* Looking up ------------------------------------------------------------------------------------------------------------------------------ */

const BhDrive *bh_inventory_drive(const BhInventory *inventory, const char *object) {
        for (size_t i = 0; i < inventory->n_drives; i++)
                if (g_str_equal(inventory->drives[i].object, object))
                        return &inventory->drives[i];
        return NULL;
}

const BhBlock *bh_inventory_block(const BhInventory *inventory, const char *object) {
        for (size_t i = 0; i < inventory->n_blocks; i++)
                if (g_str_equal(inventory->blocks[i].object, object))
                        return &inventory->blocks[i];
        return NULL;
}

const BhMdArray *bh_inventory_array(const BhInventory *inventory, const char *object) {
        for (size_t i = 0; i < inventory->n_arrays; i++)
                if (g_str_equal(inventory->arrays[i].object, object))
                        return &inventory->arrays[i];
        return NULL;
}

const BhMdArray *bh_inventory_array_by_uuid(const BhInventory *inventory, const char *uuid) {
        for (size_t i = 0; i < inventory->n_arrays; i++)
                if (g_str_equal(inventory->arrays[i].uuid, uuid))
                        return &inventory->arrays[i];
        return NULL;
}

const BhBlock *bh_inventory_block_of_drive(const BhInventory *inventory, const char *drive) {
        for (size_t i = 0; i < inventory->n_blocks; i++)
                if (!inventory->blocks[i].is_partition && g_str_equal(inventory->blocks[i].drive, drive))
                        return &inventory->blocks[i];
        return NULL;
}

const BhBlock *bh_inventory_block_of_array(const BhInventory *inventory, const char *array) {
        const BhMdArray *md = bh_inventory_array(inventory, array);

        return md ? bh_inventory_block(inventory, md->block) : NULL;
}

/* Comparing ------------------------------------------------------------------------------------------------------------------------------- */

/* Numbers that are both "not known" are the same. */
static bool same_number(double a, double b) {
        return (isnan(a) && isnan(b)) || (a <= b && a >= b);
}

static bool same_strings(char *const *a, char *const *b) {
        return g_strv_equal((const char *const *)a, (const char *const *)b);
}

static bool same_smart(const BhSmart *a, const BhSmart *b) {
        return a->is_supported == b->is_supported && a->is_enabled == b->is_enabled && a->is_failing == b->is_failing &&
               a->updated_usec == b->updated_usec && same_number(a->temperature, b->temperature) &&
               a->power_on_usec == b->power_on_usec && a->n_failing_now == b->n_failing_now &&
               a->n_failed_before == b->n_failed_before && a->n_bad_sectors == b->n_bad_sectors &&
               g_str_equal(a->selftest_status, b->selftest_status) &&
               a->selftest_percent_remaining == b->selftest_percent_remaining;
}

static bool same_drive(const BhDrive *a, const BhDrive *b) {
        return g_str_equal(a->object, b->object) && g_str_equal(a->vendor, b->vendor) &&
               g_str_equal(a->model, b->model) && g_str_equal(a->revision, b->revision) &&
               g_str_equal(a->serial, b->serial) && g_str_equal(a->wwn, b->wwn) &&
               g_str_equal(a->connection, b->connection) && a->size == b->size &&
               a->rotation_rate == b->rotation_rate && a->is_removable == b->is_removable &&
               a->is_media_missing == b->is_media_missing && a->is_optical == b->is_optical &&
               a->has_ata == b->has_ata && a->has_nvme == b->has_nvme && same_smart(&a->smart, &b->smart);
}

static bool same_block_flags(const BhBlock *a, const BhBlock *b) {
        return a->is_read_only == b->is_read_only && a->hint_system == b->hint_system &&
               a->hint_ignore == b->hint_ignore && a->is_partition == b->is_partition &&
               a->has_partitions == b->has_partitions && a->has_filesystem == b->has_filesystem &&
               a->has_swap == b->has_swap && a->is_swap_active == b->is_swap_active &&
               a->is_encrypted == b->is_encrypted && a->is_loop == b->is_loop;
}

static bool same_block(const BhBlock *a, const BhBlock *b) {
        return g_str_equal(a->object, b->object) && g_str_equal(a->device, b->device) &&
               g_str_equal(a->name, b->name) && g_str_equal(a->drive, b->drive) &&
               g_str_equal(a->id_usage, b->id_usage) && g_str_equal(a->id_type, b->id_type) &&
               g_str_equal(a->id_label, b->id_label) && g_str_equal(a->id_uuid, b->id_uuid) && a->size == b->size &&
               g_str_equal(a->array, b->array) && g_str_equal(a->member_of, b->member_of) &&
               g_str_equal(a->crypto_backing, b->crypto_backing) && g_str_equal(a->partition_of, b->partition_of) &&
               a->partition_number == b->partition_number && a->filesystem_size == b->filesystem_size &&
               same_block_flags(a, b) && same_strings(a->mount_points, b->mount_points) &&
               same_strings(a->fstab_directories, b->fstab_directories);
}

static bool same_members(const BhMdArray *a, const BhMdArray *b) {
        if (a->n_members != b->n_members)
                return false;
        for (size_t i = 0; i < a->n_members; i++) {
                const BhMemberState *one = &a->members[i], *other = &b->members[i];

                if (!g_str_equal(one->block, other->block) || one->slot != other->slot ||
                    !g_str_equal(one->state, other->state) || one->errors != other->errors)
                        return false;
        }
        return true;
}

static bool same_array(const BhMdArray *a, const BhMdArray *b) {
        return g_str_equal(a->object, b->object) && g_str_equal(a->uuid, b->uuid) && g_str_equal(a->name, b->name) &&
               g_str_equal(a->level, b->level) && g_str_equal(a->sync_action, b->sync_action) &&
               g_str_equal(a->bitmap, b->bitmap) && a->size == b->size && a->chunk_size == b->chunk_size &&
               a->devices == b->devices && a->degraded == b->degraded &&
               same_number(a->sync_completed, b->sync_completed) && same_number(a->sync_peak, b->sync_peak) &&
               a->sync_rate == b->sync_rate && a->sync_remaining_usec == b->sync_remaining_usec &&
               g_str_equal(a->block, b->block) && same_members(a, b);
}

bool bh_inventory_is_equal(const BhInventory *a, const BhInventory *b) {
        if (a->is_available != b->is_available || !g_str_equal(a->problem, b->problem) ||
            !g_str_equal(a->version, b->version) || !same_strings(a->filesystems, b->filesystems) ||
            a->n_drives != b->n_drives || a->n_blocks != b->n_blocks || a->n_arrays != b->n_arrays)
                return false;
        for (size_t i = 0; i < a->n_drives; i++)
                if (!same_drive(&a->drives[i], &b->drives[i]))
                        return false;
        for (size_t i = 0; i < a->n_blocks; i++)
                if (!same_block(&a->blocks[i], &b->blocks[i]))
                        return false;
        for (size_t i = 0; i < a->n_arrays; i++)
                if (!same_array(&a->arrays[i], &b->arrays[i]))
                        return false;
        return true;
}
