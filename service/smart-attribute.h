/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What the numbers mean that disks count: a table of ATA's attributes, and one of what NVMe says instead, which gets ids here so that both look the same
 * to everybody else. */

typedef enum BhSmartUnit {
        BH_SMART_COUNT,
        BH_SMART_SECTORS,
        BH_SMART_HOURS,
        BH_SMART_MSEC,
        BH_SMART_CELSIUS,
        BH_SMART_PERCENT,
        BH_SMART_BYTES,
        BH_SMART_OPAQUE, /* the maker's secret: several numbers in one, or a rate. Never judged */
} BhSmartUnit;

typedef enum BhSmartSignificance {
        BH_SMART_PLAIN,
        BH_SMART_WATCHED,    /* worth a look when it rises, but no reason to replace the disk */
        BH_SMART_PREDICTIVE, /* disks on which it rises fail soon, more often than not */
} BhSmartSignificance;

typedef struct BhSmartMeaning {
        uint8_t id;
        const char *name;  /* as smartctl calls it: "Current_Pending_Sector" */
        const char *title; /* in plain words, to begin a sentence with: "Pending sectors" */
        BhSmartUnit unit;
        BhSmartSignificance significance;
        const char *advice; /* what to do when it rises: "replace soon"; NULL unless it is watched or predictive */
} BhSmartMeaning;

/* Ids of what NVMe says. */
enum {
        BH_NVME_AVAILABLE_SPARE = 1,
        BH_NVME_PERCENT_USED,
        BH_NVME_MEDIA_ERRORS,
        BH_NVME_ERROR_LOG,
        BH_NVME_UNSAFE_SHUTDOWNS,
        BH_NVME_POWER_CYCLES,
        BH_NVME_BYTES_READ,
        BH_NVME_BYTES_WRITTEN,
        BH_NVME_BUSY_MINUTES,
        BH_NVME_WARNING_MINUTES,
        BH_NVME_CRITICAL_MINUTES,
};

/* Never NULL: of an id that is not in the table it says that. */
const BhSmartMeaning *bh_smart_meaning(bool is_nvme, uint8_t id);

/* The id for a key of UDisks2's NVMe.Controller.SmartGetAttributes(), "media_errors"; 0 when it is none of ours. */
uint8_t bh_nvme_id_of(const char *key);

/* The raw value, in the unit of the attribute's meaning, out of UDisks2's "pretty" value and its unit (of libatasmart: 0 not known and so the 48 bits as they
 * are, 1 none, 2 milliseconds, 3 sectors, 4 millikelvin). */
uint64_t bh_smart_raw(uint8_t id, int64_t pretty, int pretty_unit);

/* The raw value with its unit, "8 sectors"; owned by the caller. */
char *bh_smart_raw_to_text(const BhSmartMeaning *meaning, uint64_t raw);
