/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "udisks-store.h"

/* What udisks-store.c (reading) and udisks-inventory.c (building) share: the interfaces of an object as structs. Strings may be NULL here. */

typedef enum BhPart {
        BH_PART_MANAGER,
        BH_PART_DRIVE,
        BH_PART_ATA,
        BH_PART_NVME,
        BH_PART_BLOCK,
        BH_PART_PARTITION,
        BH_PART_TABLE,
        BH_PART_FILESYSTEM,
        BH_PART_SWAP,
        BH_PART_ENCRYPTED,
        BH_PART_LOOP,
        BH_PART_MD,
        BH_PARTS,
} BhPart;

typedef struct BhManagerPart {
        char *version;
} BhManagerPart;

typedef struct BhDrivePart {
        char *vendor, *model, *revision, *serial, *wwn, *connection;
        uint64_t size;
        int32_t rotation_rate;
        bool media_removable, media_available, optical;
} BhDrivePart;

typedef struct BhAtaPart {
        bool supported, enabled, failing;
        uint64_t updated_sec, power_on_sec;
        double kelvin;
        int32_t n_failing, n_failed_before, selftest_percent;
        int64_t n_bad_sectors;
        char *selftest_status;
} BhAtaPart;

typedef struct BhNvmePart {
        uint64_t updated_sec, power_on_hours;
        uint16_t kelvin;
        char **critical_warnings;
        char *selftest_status;
        int32_t selftest_percent;
} BhNvmePart;

typedef struct BhBlockPart {
        char *device, *drive, *md, *md_member, *crypto_backing, *id_usage, *id_type, *id_label, *id_uuid;
        uint64_t size;
        bool read_only, hint_system, hint_ignore;
        char **fstab_directories;
} BhBlockPart;

typedef struct BhPartitionPart {
        uint32_t number;
        char *table;
} BhPartitionPart;

typedef struct BhFilesystemPart {
        char **mount_points;
        uint64_t size;
} BhFilesystemPart;

typedef struct BhSwapPart {
        bool active;
} BhSwapPart;

typedef struct BhMembers {
        BhMemberState *items;
        size_t n_items;
} BhMembers;

typedef struct BhMdPart {
        char *uuid, *name, *level, *sync_action, *bitmap;
        uint64_t size, chunk_size, sync_rate, sync_remaining_usec;
        uint32_t devices, degraded;
        double sync_completed;
        double sync_peak; /* ours, as is was_idle */
        bool was_idle;
        BhMembers members;
} BhMdPart;

typedef struct BhUdisksObject {
        char *path;
        void *parts
                [BH_PARTS]; /* of those structs; NULL: the object does not have the interface. Interfaces without properties of interest have an empty one */
} BhUdisksObject;

struct BhUdisksStore {
        GHashTable *objects; /* path → BhUdisksObject */
        bool is_full;
};
