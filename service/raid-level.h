/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a RAID level makes of a set of disks: how much can be stored, how many disks may fail, how long a sync takes. Only calculates; any thread.
 *
 * Sizes are those that mdadm 4.2 and the kernel come to for metadata 1.2, which is what UDisks2 creates: the data of every member begins after a superblock, room for a bitmap and some headroom for
 * reshaping, and the rest is rounded down to chunks. They are never more than md gives. */

typedef enum BhRaidLevel {
        BH_RAID_0,
        BH_RAID_1,
        BH_RAID_5,
        BH_RAID_6,
        BH_RAID_10,
        BH_RAID_LEVELS,
} BhRaidLevel;

/* What a striped array is created with unless somebody asks for something else, in bytes, and what may be asked for: a power of two in between. */
#define BH_RAID_CHUNK_DEFAULT (UINT64_C(512) * 1024)
#define BH_RAID_CHUNK_MIN UINT64_C(4096)
#define BH_RAID_CHUNK_MAX (UINT64_C(1024) * 1024)

/* Members and spares that an array may have. */
#define BH_RAID_DISKS_MAX 64

typedef struct BhRaidDisk {
        uint64_t size; /* bytes */
        uint64_t rate; /* bytes a second that it is good for when read or written from end to end; 0 not known */
} BhRaidDisk;

typedef struct BhRaidEstimate {
        BhRaidLevel level;
        bool is_possible;
        char *reason;          /* owned; why not, as a sentence; "" when it is possible */
        uint64_t usable_bytes; /* the size of the array */
        uint64_t raw_bytes;    /* of all members, without spares */
        uint64_t unused_bytes; /* of members that are larger than the smallest */
        uint64_t spare_bytes; /* that a disk must have at least to be a spare of it, or to take the place of a member */
        unsigned survives;    /* disks that may fail, whichever they are */
        uint64_t sync_usec;   /* of the first sync or of a rebuild, estimated; 0 there is none */
        double read_factor, write_factor; /* streaming speed in terms of one disk */
        char *text;                       /* owned; all that as a sentence */
} BhRaidEstimate;

/* "raid5" */
const char *bh_raid_level_to_string(BhRaidLevel level);

/* Returns false for what is no level that an array can be created with. */
bool bh_raid_level_from_string(const char *text, BhRaidLevel *ret);

/* "RAID 5"; for any word of the kernel's ("raid4", "linear"), which is returned as it is when it has no better name. */
const char *bh_raid_level_title(const char *level);

/* Members that it takes at least. */
unsigned bh_raid_level_min_disks(BhRaidLevel level);

/* Whether data is striped over the members in chunks; whether a disk may fail, so that there are syncs, spares and bitmaps. */
bool bh_raid_level_has_chunks(BhRaidLevel level);
bool bh_raid_level_is_redundant(BhRaidLevel level);

/* Disks that may fail, whichever they are, in an array of so many members that are all in sync. */
unsigned bh_raid_level_survives(BhRaidLevel level, size_t n_disks);

/* Bytes of each member that hold data of an array of that size; 0 when that depends on the member (raid0). */
uint64_t bh_raid_level_member_bytes(BhRaidLevel level, uint64_t array_bytes, size_t n_disks);

/* Bytes that a disk must have to become a member, when each member holds so many bytes of data. chunk_bytes 0: no chunks. */
uint64_t bh_raid_disk_bytes_needed(uint64_t member_bytes, uint64_t chunk_bytes);

/* How long a sync of members of that size takes when the slowest is good for so many bytes a second; 0: not known. */
uint64_t bh_raid_sync_usec(uint64_t member_bytes, uint64_t rate);

/* disks in the order in which the array is created, the last n_spares of them are spares; chunk_bytes is looked at for striped levels only. */
void bh_raid_estimate(BhRaidLevel level, const BhRaidDisk *disks, size_t n_disks, size_t n_spares, uint64_t chunk_bytes,
                      BhRaidEstimate *ret);

/* Frees what the estimate owns and zeroes it. */
void bh_raid_estimate_clear(BhRaidEstimate *estimate);

/* How long it takes, in words: "about 9 hours", "less than a minute". To be freed with g_free(). */
char *bh_raid_format_duration(uint64_t usec);
