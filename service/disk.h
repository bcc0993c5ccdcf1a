/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "inventory.h"

/* A disk, present or expected: what UDisks2 shows of it, what it is used for, and what is remembered. Plain data, made by topology.c; strings are never
 * NULL. */

typedef struct BhDisk {
        char *id;   /* last element of path: of its WWN or, without one, model and serial */
        char *path; /* of its object on the bus */

        /* As org.baluhost.NAS1.Disk has them. */
        char *name, *device, *vendor, *model, *serial, *wwn, *connection, *slot;
        char *usage, *contents, *state, *state_text, *smart_status, *selftest_status;
        char **partitions;  /* names, "sda1"; NULL-terminated */
        char *array, *pool; /* object paths on the bus, "/" none */
        uint64_t size, power_on_hours;
        int32_t rotation_rate;
        bool is_present;
        int64_t last_seen_usec, smart_updated_usec;
        double temperature, selftest_progress;

        /* For verbs and rules. */
        char *drive, *block; /* UDisks2's objects, of the whole disk; "" while it is absent */
        bool has_ata, has_nvme, is_removable, is_read_only;
} BhDisk;

/* How healthy a disk is, as the properties of org.baluhost.NAS1.Disk have it. */
typedef struct BhHealth {
        const char *state; /* "healthy", "warning", "failing" or "unknown" */
        char *text;        /* owned; a sentence with the reason and what to do */
        const char *smart_status, *selftest_status;
        int64_t updated_usec;
        double temperature, selftest_progress;
        uint64_t power_on_hours;
} BhHealth;

/* For each drive of the inventory, in the same order, the id of the disk that it is; NULL for what is none of ours: optical drives, empty card readers, what
 * has no block device. Owned; free with bh_disk_ids_free(). */
char **bh_disk_ids_new(const BhInventory *inventory);
void bh_disk_ids_free(char **ids, size_t n_ids);

/* Id of the disk that a block device is on, by its drive; NULL when it is on none. */
const char *bh_disk_id_of_block(const BhInventory *inventory, char *const *ids, const BhBlock *block);

/* Path on the bus of the disk with that id; of an array with that UUID. Owned. */
char *bh_disk_path(const char *id);
char *bh_array_path(const char *uuid);

/* Fills in what the drive shows by itself: who it is, how large, where. The disk must be zeroed. */
void bh_disk_read_drive(BhDisk *disk, const BhInventory *inventory, const BhDrive *drive);

/* How healthy the drive is by what it says now, without a memory of what it said before. */
BhHealth bh_disk_judge(const BhDrive *drive);

/* Names of its partitions; NULL-terminated, owned. */
char **bh_disk_partitions(const BhInventory *inventory, const BhBlock *whole);

void bh_disk_clear(BhDisk *disk);

/* How it is called in sentences: "WD40EFRX, serial WCC7K1". Owned. */
char *bh_disk_describe(const char *model, const char *serial, const char *name);

/* When something was seen last: "today 14:03", "yesterday 14:03", "on 2026-11-02 14:03"; local time. Owned. */
char *bh_format_seen(int64_t usec, int64_t now_usec);
