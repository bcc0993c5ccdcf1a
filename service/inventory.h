/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What disks, arrays and filesystems UDisks2 shows at one moment: plain data, immutable once published, counted references. Made by udisks-parse.c of
 * UDisks2's objects; what the domain knows beyond that (topology seen before, slots, pools, history) is added in disk.c, array.c and pool.c. Strings are
 * never NULL ("" when not known), UTF-8, and belong to the inventory. */

typedef struct BhSmart {
        bool is_supported, is_enabled, is_failing;
        int64_t updated_usec; /* since 1970; 0 never */
        double temperature;   /* °C; NaN not known */
        uint64_t power_on_usec;
        int n_failing_now, n_failed_before; /* attributes; -1 not known */
        int64_t n_bad_sectors;              /* -1 not known */
        char *selftest_status; /* UDisks2's word: "success", "aborted", "interrupted", "fatal", "error_unknown", "error_electrical", "error_servo",
                                * "error_read", "error_handling", "inprogress" */
        int selftest_percent_remaining; /* -1 not known */
} BhSmart;

typedef struct BhDrive {
        char *object; /* UDisks2's object path */
        char *vendor, *model, *revision, *serial, *wwn, *connection;
        uint64_t size;
        int rotation_rate; /* revolutions a minute; 0 solid state; -1 not known */
        bool is_removable; /* its medium is, as in a card reader */
        bool is_media_missing, is_optical, has_ata, has_nvme;
        BhSmart smart; /* is_supported false: neither ATA nor NVMe values */
} BhDrive;

typedef struct BhBlock {
        char *object, *device; /* "/dev/sda1": the kernel's name of it, not a link */
        char *name;            /* "sda1" */
        char *drive;           /* object of its drive, "" none */
        char *id_usage, *id_type, *id_label, *id_uuid;
        uint64_t size;
        bool is_read_only, hint_system, hint_ignore;
        char *array;          /* object of the array whose device this is, "" none */
        char *member_of;      /* object of the array that this is a member of, "" none */
        char *crypto_backing; /* object of the encrypted block it was opened from, "" none */
        bool is_partition, has_partitions, has_filesystem, has_swap, is_swap_active, is_encrypted, is_loop;
        char *partition_of; /* object of the whole disk's block, "" none */
        uint32_t partition_number;
        uint64_t filesystem_size; /* 0 not known */
        char **mount_points;      /* NULL-terminated, never NULL */
        char **fstab_directories; /* of Configuration entries of type fstab; NULL-terminated, never NULL */
} BhBlock;

typedef struct BhMemberState {
        char *block;     /* object of the member's block device */
        int slot;        /* -1 none (spare, faulty) */
        char *state;     /* as in sysfs, words separated by commas: "in_sync", "faulty", "spare", "write_mostly", … */
        uint64_t errors; /* read errors that were corrected */
} BhMemberState;

typedef struct BhMdArray {
        char *object, *uuid, *name, *level, *sync_action, *bitmap;
        uint64_t size, chunk_size;
        uint32_t devices, degraded;
        double sync_completed;        /* 0 to 1 */
        double sync_peak;             /* the most that it was since the last action began; kept when that has ended */
        uint64_t sync_rate;           /* bytes a second */
        uint64_t sync_remaining_usec; /* 0 not known */
        char *block; /* object of the block device that carries it, "" it does not run: stopped, or assembled of too little */
        BhMemberState *members;
        size_t n_members;
} BhMdArray;

typedef struct BhInventory {
        int references;      /* bh_inventory_ref/unref only */
        int64_t taken_usec;  /* since 1970 */
        uint64_t generation; /* grows with each */
        bool is_available;   /* UDisks2 is there; otherwise there is nothing below but problem */
        char *problem;       /* why not, as a sentence; "" when it is */
        char *version;       /* of UDisks2 */
        char **filesystems;  /* of "ext4", "xfs", "btrfs", what UDisks2 can format here; NULL-terminated, never NULL */
        BhDrive *drives;
        size_t n_drives;
        BhBlock *blocks;
        size_t n_blocks;
        BhMdArray *arrays;
        size_t n_arrays;
} BhInventory;

/* With nothing in it: problem says why it is not available. Owned, one reference. */
BhInventory *bh_inventory_new_unavailable(const char *problem);

/* Any thread. NULL is fine for unref. */
BhInventory *bh_inventory_ref(BhInventory *inventory);
void bh_inventory_unref(BhInventory *inventory);
void bh_inventory_unrefp(BhInventory **inventory);

/* By UDisks2's object path; NULL when there is none, also for "". They live as long as the inventory. */
const BhDrive *bh_inventory_drive(const BhInventory *inventory, const char *object);
const BhBlock *bh_inventory_block(const BhInventory *inventory, const char *object);
const BhMdArray *bh_inventory_array(const BhInventory *inventory, const char *object);

/* By the UUID that md gave it; NULL when there is none. */
const BhMdArray *bh_inventory_array_by_uuid(const BhInventory *inventory, const char *uuid);

/* The block device of a whole drive, the one that is no partition; NULL when it has none. */
const BhBlock *bh_inventory_block_of_drive(const BhInventory *inventory, const char *drive);

/* The block device that carries an array; NULL while it does not run. */
const BhBlock *bh_inventory_block_of_array(const BhInventory *inventory, const char *array);

/* Whether two inventories show the same, when they were taken aside. */
bool bh_inventory_is_equal(const BhInventory *a, const BhInventory *b);
