/* SPDX-License-Identifier: MIT */

#include "raid-level.h"

#include <glib.h>

#include "macro.h"

#define SECTOR UINT64_C(512)
#define MIB (UINT64_C(1024) * 1024)
#define GIB (UINT64_C(1024) * MIB)

/* The kernel syncs no faster, unless somebody has changed dev.raid.speed_limit_max. */
#define SYNC_RATE_MAX (UINT64_C(200000) * 1024)

/* What a disk is good for of which that is not known. */
#define RATE_UNKNOWN (UINT64_C(100) * 1000 * 1000)

/* mdadm rounds the members of a raid1 to this, so that it can become a raid5 one day. */
#define MIRROR_ROUNDING (UINT64_C(64) * 1024)

static const struct {
        const char *name, *title;
        unsigned min_disks;
        bool has_chunks;
} levels[BH_RAID_LEVELS] = {
        [BH_RAID_0] = {"raid0", "RAID 0", 2, true},    [BH_RAID_1] = {"raid1", "RAID 1", 2, false},
        [BH_RAID_5] = {"raid5", "RAID 5", 3, true},    [BH_RAID_6] = {"raid6", "RAID 6", 4, true},
        [BH_RAID_10] = {"raid10", "RAID 10", 4, true},
};

const char *bh_raid_level_to_string(BhRaidLevel level) {
        return levels[level].name;
}

bool bh_raid_level_from_string(const char *text, BhRaidLevel *ret) {
        for (size_t i = 0; i < G_N_ELEMENTS(levels); i++)
                if (g_str_equal(levels[i].name, text)) {
                        *ret = (BhRaidLevel)i;
                        return true;
                }
        return false;
}

const char *bh_raid_level_title(const char *level) {
        BhRaidLevel known;

        if (g_str_equal(level, "raid4"))
                return "RAID 4";
        return bh_raid_level_from_string(level, &known) ? levels[known].title : level;
}

unsigned bh_raid_level_min_disks(BhRaidLevel level) {
        return levels[level].min_disks;
}

bool bh_raid_level_has_chunks(BhRaidLevel level) {
        return levels[level].has_chunks;
}

bool bh_raid_level_is_redundant(BhRaidLevel level) {
        return level != BH_RAID_0;
}

unsigned bh_raid_level_survives(BhRaidLevel level, size_t n_disks) {
        switch (level) {
        case BH_RAID_1:
                return n_disks > 0 ? (unsigned)n_disks - 1 : 0;
        case BH_RAID_5:
        case BH_RAID_10: /* two copies; more disks may fail, if they happen to be the right ones */
                return 1;
        case BH_RAID_6:
                return 2;
        default:
                return 0;
        }
}

/* What md does ------------------------------------------------------------------------------------------------------------------------------ */

/* Room for a bitmap, in sectors (choose_bm_space() of mdadm). */
static uint64_t bitmap_sectors(uint64_t sectors) {
        if (sectors < 64 * 2)
                return 0;
        if (sectors - 64 * 2 >= 200 * GIB / SECTOR)
                return 128 * 2;
        if (sectors - 4 * 2 > 8 * GIB / SECTOR)
                return 64 * 2;
        return 4 * 2;
}

/* Where the data of all members begins, in bytes: mdadm decides by the size of the first one (validate_geometry1()). Headroom is about 0.1 % of it, at most
 * 128 MiB, but where there are chunks not much less than two of them. */
static uint64_t data_offset(uint64_t first_bytes, uint64_t chunk_bytes) {
        uint64_t sectors = first_bytes / SECTOR, headroom = 128 * MIB / SECTOR;

        while (headroom << 10 > sectors && (chunk_bytes == 0 || headroom / 2 >= 2 * chunk_bytes / SECTOR))
                headroom >>= 1;
        headroom += 12 * 2 + bitmap_sectors(sectors);
        return (headroom * SECTOR + MIB - 1) / MIB * MIB;
}

/* Bytes of a disk that hold data. */
static uint64_t member_bytes(uint64_t disk_bytes, uint64_t offset, uint64_t rounding) {
        return disk_bytes > offset ? (disk_bytes - offset) / rounding * rounding : 0;
}

static uint64_t array_bytes(BhRaidLevel level, uint64_t member, size_t n_disks, uint64_t chunk) {
        switch (level) {
        case BH_RAID_1:
                return member;
        case BH_RAID_5:
                return member * (n_disks - 1);
        case BH_RAID_6:
                return member * (n_disks - 2);
        default: /* raid10, two copies side by side: with an odd number of disks half a chunk remains */
                return member / chunk * n_disks / 2 * chunk;
        }
}

uint64_t bh_raid_level_member_bytes(BhRaidLevel level, uint64_t array_bytes, size_t n_disks) {
        if (n_disks < levels[level].min_disks && level != BH_RAID_10)
                return level == BH_RAID_0 ? 0 : array_bytes; /* not of our making, such as a raid1 of one disk */
        switch (level) {
        case BH_RAID_1:
                return array_bytes;
        case BH_RAID_5:
                return array_bytes / (n_disks - 1);
        case BH_RAID_6:
                return array_bytes / (n_disks - 2);
        case BH_RAID_10:
                return n_disks < 2 ? array_bytes : (array_bytes * 2 + n_disks - 1) / n_disks;
        default:
                return 0;
        }
}

uint64_t bh_raid_disk_bytes_needed(uint64_t member, uint64_t chunk_bytes) {
        return member + data_offset(member, chunk_bytes);
}

/* Estimates --------------------------------------------------------------------------------------------------------------------------------- */

char *bh_raid_format_duration(uint64_t usec) {
        static const struct {
                uint64_t seconds;
                const char *one, *many;
        } units[] = {{86400, "a day", "days"}, {3600, "an hour", "hours"}, {60, "a minute", "minutes"}};
        uint64_t seconds = usec / BH_USEC_PER_SEC;

        for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
                uint64_t n = (seconds + units[i].seconds / 2) / units[i].seconds;

                if (n >= 2)
                        return g_strdup_printf("about %" G_GUINT64_FORMAT " %s", n, units[i].many);
                if (seconds >= units[i].seconds)
                        return g_strdup_printf("about %s", units[i].one);
        }
        return g_strdup("less than a minute");
}

/* Everybody waits for the slowest. */
static uint64_t slowest(const BhRaidDisk *disks, size_t n_disks) {
        uint64_t rate = UINT64_MAX;

        for (size_t i = 0; i < n_disks; i++)
                rate = MIN(rate, disks[i].rate > 0 ? disks[i].rate : RATE_UNKNOWN);
        return rate;
}

/* 128 bits on the way, so that no size overflows. */
uint64_t bh_raid_sync_usec(uint64_t bytes, uint64_t rate) {
        return (uint64_t)((unsigned __int128)bytes * BH_USEC_PER_SEC /
                          MIN(rate > 0 ? rate : RATE_UNKNOWN, SYNC_RATE_MAX));
}

static void set_factors(BhRaidEstimate *estimate, size_t n_disks) {
        double n = (double)n_disks;

        switch (estimate->level) {
        case BH_RAID_0:
                estimate->read_factor = estimate->write_factor = n;
                break;
        case BH_RAID_1: /* one stream is read from one disk */
                estimate->read_factor = estimate->write_factor = 1;
                break;
        case BH_RAID_5:
                estimate->read_factor = estimate->write_factor = n - 1;
                break;
        case BH_RAID_6:
                estimate->read_factor = estimate->write_factor = n - 2;
                break;
        default:
                estimate->read_factor = estimate->write_factor = n / 2;
                break;
        }
}

static char *impossible(BhRaidLevel level, size_t n_members, size_t n_disks, size_t n_spares) {
        if (n_members < levels[level].min_disks)
                return g_strdup_printf("%s takes at least %u disks", levels[level].title, levels[level].min_disks);
        if (n_disks > BH_RAID_DISKS_MAX)
                return g_strdup_printf("An array may have at most %d disks", BH_RAID_DISKS_MAX);
        if (n_spares > 0 && !bh_raid_level_is_redundant(level))
                return g_strdup_printf("%s has no use for spares: no disk may fail", levels[level].title);
        return NULL;
}

static char *describe(const BhRaidEstimate *estimate, size_t n_members, size_t n_spares) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree char *usable = g_format_size(estimate->usable_bytes);

        g_string_printf(text, "%s of %zu disks: %s can be stored; ", levels[estimate->level].title, n_members, usable);
        if (estimate->survives == 0)
                g_string_append(text, "everything is lost when one disk fails");
        else if (estimate->survives == 1)
                g_string_append(text, "any one disk may fail");
        else
                g_string_append_printf(text, "any %u disks may fail", estimate->survives);
        if (n_spares > 0)
                g_string_append_printf(text, "; %zu more %s ready to replace a failed one", n_spares,
                                       n_spares == 1 ? "disk is" : "disks are");
        if (estimate->unused_bytes >= MIB) {
                g_autofree char *unused = g_format_size(estimate->unused_bytes);

                g_string_append_printf(text, "; %s of the larger disks cannot be used", unused);
        }
        if (estimate->sync_usec > 0) {
                g_autofree char *duration = bh_raid_format_duration(estimate->sync_usec);

                g_string_append_printf(text, "; a sync takes %s", duration);
        }
        return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Fills in the sizes; returns why it is impossible, or NULL. */
static char *set_sizes(BhRaidEstimate *estimate, const BhRaidDisk *disks, size_t n_members, size_t n_spares,
                       uint64_t chunk) {
        bool has_chunks = levels[estimate->level].has_chunks;
        uint64_t offset = data_offset(disks[0].size, has_chunks ? chunk : 0);
        uint64_t rounding = has_chunks ? chunk : MIRROR_ROUNDING;
        uint64_t smallest = UINT64_MAX, least = UINT64_MAX;

        for (size_t i = 0; i < n_members; i++) {
                uint64_t bytes = member_bytes(disks[i].size, offset, rounding);

                if (bytes == 0)
                        return g_strdup_printf("A disk is too small: %" G_GUINT64_FORMAT " bytes", disks[i].size);
                smallest = MIN(smallest, disks[i].size);
                least = MIN(least, bytes);
                estimate->raw_bytes += disks[i].size;
                if (estimate->level == BH_RAID_0)
                        estimate->usable_bytes += bytes; /* stripes over fewer members where the smaller ones end */
        }
        estimate->spare_bytes = offset + least;
        for (size_t i = n_members; i < n_members + n_spares; i++)
                if (disks[i].size < estimate->spare_bytes)
                        return g_strdup_printf("A spare is smaller than the members: %" G_GUINT64_FORMAT " bytes",
                                               disks[i].size);
        if (estimate->level != BH_RAID_0) {
                estimate->usable_bytes = array_bytes(estimate->level, least, n_members, chunk);
                estimate->unused_bytes = estimate->raw_bytes - smallest * n_members;
                estimate->sync_usec = bh_raid_sync_usec(least, slowest(disks, n_members));
        }
        return NULL;
}

void bh_raid_estimate(BhRaidLevel level, const BhRaidDisk *disks, size_t n_disks, size_t n_spares, uint64_t chunk_bytes,
                      BhRaidEstimate *ret) {
        size_t n_members = n_disks - MIN(n_spares, n_disks);
        g_autofree char *reason = impossible(level, n_members, n_disks, n_spares);

        *ret = (BhRaidEstimate){.level = level};
        if (!reason)
                reason = set_sizes(ret, disks, n_members, n_spares, chunk_bytes);
        if (reason) {
                *ret = (BhRaidEstimate){.level = level};
                for (size_t i = 0; i < n_members; i++)
                        ret->raw_bytes += disks[i].size;
                ret->text = g_strdup(reason);
                ret->reason = g_steal_pointer(&reason);
                return;
        }
        ret->is_possible = true;
        ret->reason = g_strdup("");
        ret->survives = bh_raid_level_survives(level, n_members);
        set_factors(ret, n_members);
        ret->text = describe(ret, n_members, n_spares);
}

void bh_raid_estimate_clear(BhRaidEstimate *estimate) {
        g_free(estimate->reason);
        g_free(estimate->text);
        *estimate = (BhRaidEstimate){};
}
