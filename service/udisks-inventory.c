/* SPDX-License-Identifier: MIT */

/* The inventory that UDisks2's objects amount to: names are given, links resolved, numbers that make no sense dropped. */

#include <math.h>
#include <string.h>

#include "macro.h"
#include "udisks-store-private.h"

#define KELVIN 273.15

static char *text_of(const char *text) {
        return g_strdup(text ?: "");
}

/* UDisks2's "/" is our "". */
static char *link_of(const char *path) {
        return g_strdup(path && !g_str_equal(path, "/") ? path : "");
}

static char **list_of(char **list) {
        return list ? g_strdupv(list) : g_new0(char *, 1);
}

/* Sizes fit into what SQLite can keep. */
static uint64_t size_of(uint64_t size) {
        return MIN(size, (uint64_t)INT64_MAX);
}

static int64_t usec_of_sec(uint64_t sec) {
        return sec > (uint64_t)(INT64_MAX / BH_USEC_PER_SEC) ? 0 : (int64_t)sec * BH_USEC_PER_SEC;
}

/* What no disk that still answers can have is no measurement. */
static double celsius_of(double kelvin) {
        double celsius = kelvin - KELVIN;

        return celsius > -60 && celsius < 200 ? celsius : (double)NAN;
}

static double part_of_one(double value) {
        return value >= 0 && value <= 1 ? value : 0;
}

/* Drives ---------------------------------------------------------------------------------------------------------------------------------- */

static BhSmart smart_unknown(void) {
        return (BhSmart){.temperature = (double)NAN,
                         .n_failing_now = -1,
                         .n_failed_before = -1,
                         .n_bad_sectors = -1,
                         .selftest_percent_remaining = -1};
}

static BhSmart smart_of_ata(const BhAtaPart *ata) {
        BhSmart smart = smart_unknown();

        smart.is_supported = ata->supported;
        smart.is_enabled = ata->enabled;
        smart.updated_usec = usec_of_sec(ata->updated_sec);
        if (smart.updated_usec > 0) {
                smart.is_failing = ata->failing;
                smart.temperature = celsius_of(ata->kelvin);
                smart.power_on_usec = (uint64_t)usec_of_sec(ata->power_on_sec);
                smart.n_failing_now = MAX(ata->n_failing, -1);
                smart.n_failed_before = MAX(ata->n_failed_before, -1);
                smart.n_bad_sectors = MAX(ata->n_bad_sectors, -1);
                smart.selftest_percent_remaining = CLAMP(ata->selftest_percent, -1, 100);
        }
        smart.selftest_status = text_of(ata->selftest_status);
        return smart;
}

static BhSmart smart_of_nvme(const BhNvmePart *nvme) {
        BhSmart smart = smart_unknown();

        smart.is_supported = true;
        smart.is_enabled = true;
        smart.updated_usec = usec_of_sec(nvme->updated_sec);
        if (smart.updated_usec > 0) {
                smart.is_failing = nvme->critical_warnings && nvme->critical_warnings[0];
                smart.temperature = celsius_of(nvme->kelvin);
                smart.power_on_usec = (uint64_t)usec_of_sec(MIN(nvme->power_on_hours, UINT64_C(1) << 32) * 3600);
                smart.selftest_percent_remaining = CLAMP(nvme->selftest_percent, -1, 100);
        }
        smart.selftest_status = text_of(nvme->selftest_status);
        return smart;
}

static BhDrive build_drive(const BhUdisksObject *object) {
        const BhDrivePart *part = object->parts[BH_PART_DRIVE];
        BhDrive drive = {.object = g_strdup(object->path)};

        drive.vendor = text_of(part->vendor);
        drive.model = text_of(part->model);
        drive.revision = text_of(part->revision);
        drive.serial = text_of(part->serial);
        drive.wwn = text_of(part->wwn);
        drive.connection = text_of(part->connection);
        drive.size = size_of(part->size);
        drive.rotation_rate = MAX(part->rotation_rate, -1);
        drive.is_removable = part->media_removable;
        drive.is_media_missing = part->media_removable && !part->media_available;
        drive.is_optical = part->optical;
        drive.has_ata = object->parts[BH_PART_ATA];
        drive.has_nvme = object->parts[BH_PART_NVME];
        if (drive.has_ata) {
                drive.smart = smart_of_ata(object->parts[BH_PART_ATA]);
        } else if (drive.has_nvme) {
                drive.smart = smart_of_nvme(object->parts[BH_PART_NVME]);
        } else {
                drive.smart = smart_unknown();
                drive.smart.selftest_status = g_strdup("");
        }
        return drive;
}

/* Blocks ---------------------------------------------------------------------------------------------------------------------------------- */

static void build_device(const BhBlockPart *part, BhBlock *block) {
        const char *slash;

        block->device = text_of(part->device);
        slash = strrchr(block->device, '/');
        block->name = g_strdup(slash ? slash + 1 : block->device);
}

static BhBlock build_block(const BhUdisksObject *object) {
        const BhBlockPart *part = object->parts[BH_PART_BLOCK];
        const BhPartitionPart *partition = object->parts[BH_PART_PARTITION];
        const BhFilesystemPart *filesystem = object->parts[BH_PART_FILESYSTEM];
        const BhSwapPart *swap = object->parts[BH_PART_SWAP];
        BhBlock block = {.object = g_strdup(object->path)};

        build_device(part, &block);
        block.drive = link_of(part->drive);
        block.id_usage = text_of(part->id_usage);
        block.id_type = text_of(part->id_type);
        block.id_label = text_of(part->id_label);
        block.id_uuid = text_of(part->id_uuid);
        block.size = size_of(part->size);
        block.is_read_only = part->read_only;
        block.hint_system = part->hint_system;
        block.hint_ignore = part->hint_ignore;
        block.array = link_of(part->md);
        block.member_of = link_of(part->md_member);
        block.crypto_backing = link_of(part->crypto_backing);
        block.is_partition = partition;
        block.partition_of = link_of(partition ? partition->table : NULL);
        block.partition_number = partition ? partition->number : 0;
        block.has_partitions = object->parts[BH_PART_TABLE];
        block.has_filesystem = filesystem;
        block.filesystem_size = filesystem ? size_of(filesystem->size) : 0;
        block.mount_points = list_of(filesystem ? filesystem->mount_points : NULL);
        block.has_swap = swap;
        block.is_swap_active = swap && swap->active;
        block.is_encrypted = object->parts[BH_PART_ENCRYPTED];
        block.is_loop = object->parts[BH_PART_LOOP];
        block.fstab_directories = list_of(part->fstab_directories);
        return block;
}

/* Arrays ---------------------------------------------------------------------------------------------------------------------------------- */

/* mdadm lets a name begin with the host's: "nas:photos". */
static char *array_name(const char *name) {
        const char *colon = name ? strchr(name, ':') : NULL;

        return text_of(colon ? colon + 1 : name);
}

static BhMdArray build_array(const BhUdisksObject *object) {
        const BhMdPart *part = object->parts[BH_PART_MD];
        BhMdArray array = {.object = g_strdup(object->path)};

        array.uuid = text_of(part->uuid);
        array.name = array_name(part->name);
        array.level = text_of(part->level);
        array.sync_action = text_of(part->sync_action);
        array.bitmap = text_of(part->bitmap);
        array.size = size_of(part->size);
        array.chunk_size = size_of(part->chunk_size);
        array.devices = part->devices;
        array.degraded = part->degraded;
        array.sync_completed = part_of_one(part->sync_completed);
        array.sync_peak = part_of_one(part->sync_peak);
        array.sync_rate = size_of(part->sync_rate);
        array.sync_remaining_usec = size_of(part->sync_remaining_usec);
        array.block = g_strdup("");
        array.members = g_new0(BhMemberState, part->members.n_items + 1);
        array.n_members = part->members.n_items;
        for (size_t i = 0; i < array.n_members; i++) {
                const BhMemberState *member = &part->members.items[i];

                array.members[i] =
                        (BhMemberState){g_strdup(member->block), member->slot, g_strdup(member->state), member->errors};
        }
        return array;
}

/* MDRaid.Running says little: it is also true of what was assembled of too few members, which has a block device too, of no size. */
static void find_devices_of_arrays(BhInventory *inventory) {
        for (size_t i = 0; i < inventory->n_blocks; i++) {
                const BhBlock *block = &inventory->blocks[i];

                if (block->is_partition || !*block->array || block->size == 0)
                        continue;
                for (size_t j = 0; j < inventory->n_arrays; j++) {
                        BhMdArray *array = &inventory->arrays[j];

                        if (!g_str_equal(array->object, block->array) || *array->block)
                                continue;
                        g_free(array->block);
                        array->block = g_strdup(block->object);
                }
        }
}

/* All of it ------------------------------------------------------------------------------------------------------------------------------- */

static int by_path(gconstpointer a, gconstpointer b) {
        return strcmp((*(BhUdisksObject *const *)a)->path, (*(BhUdisksObject *const *)b)->path);
}

static GPtrArray *sorted_objects(BhUdisksStore *store) {
        GPtrArray *objects = g_ptr_array_new();
        GHashTableIter iter;
        gpointer object;

        g_hash_table_iter_init(&iter, store->objects);
        while (g_hash_table_iter_next(&iter, NULL, &object))
                g_ptr_array_add(objects, object);
        g_ptr_array_sort(objects, by_path);
        return objects;
}

BhInventory *bh_udisks_store_build(BhUdisksStore *store, const char *const *filesystems) {
        g_autoptr(GPtrArray) objects = sorted_objects(store);
        BhInventory *inventory = bh_inventory_new_unavailable("");

        inventory->is_available = true;
        g_strfreev(inventory->filesystems);
        inventory->filesystems = g_strdupv((char **)filesystems);
        inventory->drives = g_new0(BhDrive, objects->len + 1);
        inventory->blocks = g_new0(BhBlock, objects->len + 1);
        inventory->arrays = g_new0(BhMdArray, objects->len + 1);
        for (unsigned i = 0; i < objects->len; i++) {
                const BhUdisksObject *object = g_ptr_array_index(objects, i);
                const BhManagerPart *manager = object->parts[BH_PART_MANAGER];

                if (manager) {
                        g_free(inventory->version);
                        inventory->version = text_of(manager->version);
                }
                if (object->parts[BH_PART_DRIVE])
                        inventory->drives[inventory->n_drives++] = build_drive(object);
                if (object->parts[BH_PART_BLOCK])
                        inventory->blocks[inventory->n_blocks++] = build_block(object);
                if (object->parts[BH_PART_MD])
                        inventory->arrays[inventory->n_arrays++] = build_array(object);
        }
        find_devices_of_arrays(inventory);
        return inventory;
}
