/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "inventory.h"

/* The disks and arrays that were ever seen, and which disk was which member, so that what is missing can be named. In memory, and behind it in the
 * database, where it is written without being waited for. Event loop only, but for bh_memory_load(). */

typedef struct BhMemory BhMemory;

typedef struct BhKnownDisk {
        char *id, *vendor, *model, *serial, *wwn, *connection, *name;
        char *slot; /* name of its bay; "" none */
        uint64_t size;
        int rotation_rate;
        int64_t first_seen_usec, last_seen_usec; /* since 1970 */
        bool is_present;                         /* in the inventory that was learned last */
} BhKnownDisk;

typedef struct BhKnownArray {
        char *uuid, *name, *level;
        uint64_t size, chunk_size;
        uint32_t devices;
        int64_t first_seen_usec, last_seen_usec;
        int64_t completed_usec; /* when all members were in sync for the first time; 0 never: its first sync has not ended */
        int64_t last_scrub_usec; /* 0 not known */
        bool is_mismatch_known;
        uint64_t mismatches; /* bytes */
        bool is_present;
        bool was_scrubbing; /* in the inventory that was learned last */
} BhKnownArray;

typedef struct BhKnownMember {
        char *uuid, *disk_id;
        int slot;   /* -1 spare */
        char *name; /* of its device, "sda1", as it was last */
        int64_t last_seen_usec;
        bool is_present; /* the array showed it as its member, or it was there while the array did not run */
} BhKnownMember;

/* Reads what is in the database. Errors: as bh_database_errno(). Blocks. */
int bh_memory_load(BhMemory **ret, BhDatabase *database);

/* Notes when everything was seen last, and frees. NULL is fine. */
void bh_memory_free(BhMemory *memory);

/* Learns what the inventory shows, which must be available; ids as of bh_disk_ids_new(). sysfs: where the kernel tells how many mismatches a scrub found.
 * now_usec since 1970. */
void bh_memory_learn(BhMemory *memory, const BhInventory *inventory, char *const *ids, const char *sysfs,
                     int64_t now_usec);

/* NULL when it is not known. */
const BhKnownDisk *bh_memory_get_disk(const BhMemory *memory, const char *id);
const BhKnownArray *bh_memory_get_array(const BhMemory *memory, const char *uuid);
const BhKnownMember *bh_memory_get_member(const BhMemory *memory, const char *uuid, const char *disk_id);

/* All of them, in no order: of const BhKnownDisk *, const BhKnownArray *; free the list alone. */
GPtrArray *bh_memory_list_disks(const BhMemory *memory);
GPtrArray *bh_memory_list_arrays(const BhMemory *memory);

/* Those of one array, by slot, spares last; uuid NULL: of all. Free the list alone. */
GPtrArray *bh_memory_list_members(const BhMemory *memory, const char *uuid);

/* Changes, in memory alone: whoever calls these sees to the database, with the function below in the transaction that also audits it. */
void bh_memory_set_slot(BhMemory *memory, const char *disk_id, const char *slot);
void bh_memory_forget_disk(BhMemory *memory, const char *disk_id);
void bh_memory_forget_array(BhMemory *memory, const char *uuid);

/* The same in the database; inside BhDatabaseWork. Errors: as bh_database_errno(). */
int bh_memory_write_slot(sqlite3 *db, const char *disk_id, const char *slot);
int bh_memory_write_forget_disk(sqlite3 *db, const char *disk_id);
int bh_memory_write_forget_array(sqlite3 *db, const char *uuid);
