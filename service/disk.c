/* SPDX-License-Identifier: MIT */

#include "disk.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "errors.h"
#include "macro.h"

#define ID_MAX 120

/* Identity -------------------------------------------------------------------------------------------------------------------------------- */

/* What may stand in an object path, and no longer than anybody can read. */
static char *sanitize(const char *text) {
        char *id = g_strndup(text, ID_MAX);

        for (char *c = id; *c; c++)
                if (!g_ascii_isalnum(*c))
                        *c = '_';
        return id;
}

/* Without WWN, and without model and serial, there is nothing but the name that would tell it from others. */
static char *make_id(const BhDrive *drive, const BhBlock *block) {
        g_autofree char *text = NULL;

        if (*drive->wwn)
                return sanitize(drive->wwn);
        if (*drive->serial)
                text = g_strjoin("_", *drive->model ? drive->model : "disk", drive->serial, NULL);
        else
                text = g_strjoin("_", "name", block->name, NULL);
        return sanitize(text);
}

static bool is_disk(const BhDrive *drive, const BhBlock *block) {
        return block && !drive->is_optical && !drive->is_media_missing && block->size > 0 && !block->hint_ignore;
}

/* Two that cannot be told apart, as cheap USB adapters make them, are told apart by their order. */
static void make_unique(GHashTable *seen, char **id) {
        for (unsigned n = 2; g_hash_table_contains(seen, *id); n++) {
                g_autofree char *other = g_strdup_printf("%s_%u", *id, n);

                if (g_hash_table_contains(seen, other))
                        continue;
                g_free(*id);
                *id = g_steal_pointer(&other);
        }
        g_hash_table_add(seen, *id);
}

char **bh_disk_ids_new(const BhInventory *inventory) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
        char **ids = g_new0(char *, inventory->n_drives + 1);

        for (size_t i = 0; i < inventory->n_drives; i++) {
                const BhDrive *drive = &inventory->drives[i];
                const BhBlock *block = bh_inventory_block_of_drive(inventory, drive->object);

                if (!is_disk(drive, block))
                        continue;
                ids[i] = make_id(drive, block);
                make_unique(seen, &ids[i]);
        }
        return ids;
}

void bh_disk_ids_free(char **ids, size_t n_ids) {
        for (size_t i = 0; ids && i < n_ids; i++)
                g_free(ids[i]);
        g_free(ids);
}

const char *bh_disk_id_of_block(const BhInventory *inventory, char *const *ids, const BhBlock *block) {
        const BhDrive *drive = block ? bh_inventory_drive(inventory, block->drive) : NULL;

        return drive ? ids[drive - inventory->drives] : NULL;
}

char *bh_disk_path(const char *id) {
        return g_strconcat(BH_ROOT_PATH "/disks/", id, NULL);
}

char *bh_array_path(const char *uuid) {
        g_autofree char *id = sanitize(uuid);

        return g_strconcat(BH_ROOT_PATH "/arrays/", id, NULL);
}

/* Words ----------------------------------------------------------------------------------------------------------------------------------- */

char *bh_disk_describe(const char *model, const char *serial, const char *name) {
        if (*model && *serial)
                return g_strdup_printf("%s, serial %s", model, serial);
        if (*serial)
                return g_strdup_printf("a disk with the serial %s", serial);
        if (*model)
                return g_strdup_printf("%s (%s)", model, name);
        return g_strdup(*name ? name : "a disk");
}

char *bh_format_seen(int64_t usec, int64_t now_usec) {
        g_autoptr(GDateTime) seen = g_date_time_new_from_unix_local(usec / BH_USEC_PER_SEC);
        g_autoptr(GDateTime) now = g_date_time_new_from_unix_local(now_usec / BH_USEC_PER_SEC);
        g_autoptr(GDateTime) yesterday = now ? g_date_time_add_days(now, -1) : NULL;

        if (!seen || !yesterday)
                return g_strdup("some time ago");
        if (g_date_time_get_year(seen) == g_date_time_get_year(now) &&
            g_date_time_get_day_of_year(seen) == g_date_time_get_day_of_year(now))
                return g_date_time_format(seen, "today %H:%M");
        if (g_date_time_get_year(seen) == g_date_time_get_year(yesterday) &&
            g_date_time_get_day_of_year(seen) == g_date_time_get_day_of_year(yesterday))
                return g_date_time_format(seen, "yesterday %H:%M");
        return g_date_time_format(seen, "on %Y-%m-%d %H:%M");
}

/* Health ---------------------------------------------------------------------------------------------------------------------------------- */

static const char *smart_status(const BhSmart *smart) {
        if (!smart->is_supported)
                return "unsupported";
        if (!smart->is_enabled || smart->updated_usec == 0)
                return "unknown";
        return smart->is_failing ? "failed" : "passed";
}

/* UDisks2 says "success" also when there never was a test, and before it has asked. */
static const char *selftest_status(const BhSmart *smart) {
        if (smart->updated_usec == 0 || !*smart->selftest_status)
                return "none";
        if (g_str_equal(smart->selftest_status, "success"))
                return "passed";
        if (g_str_equal(smart->selftest_status, "inprogress"))
                return "running";
        if (g_str_equal(smart->selftest_status, "aborted") || g_str_equal(smart->selftest_status, "interrupted"))
                return g_str_equal(smart->selftest_status, "aborted") ? "aborted" : "interrupted";
        return "failed";
}

static void judge(const BhSmart *smart, BhHealth *health) {
        health->state = "unknown";
        if (!smart->is_supported) {
                health->text = g_strdup("The disk does not report its health");
        } else if (!smart->is_enabled) {
                health->text = g_strdup("SMART is switched off, so the health is not known");
        } else if (smart->updated_usec == 0) {
                health->text = g_strdup("The health was not read yet");
        } else if (smart->is_failing) {
                health->state = "failing";
                health->text = g_strdup("The disk says of itself that it is about to fail: replace it");
        } else if (smart->n_failing_now > 0) {
                health->state = "failing";
                health->text = g_strdup("A value is worse than the maker of the disk allows: replace it");
        } else if (smart->n_bad_sectors > 0) {
                health->state = "warning";
                health->text =
                        g_strdup_printf("%" G_GINT64_FORMAT " bad sectors: keep an eye on it", smart->n_bad_sectors);
        } else {
                health->state = "healthy";
                health->text = g_strdup("Nothing is known against it");
        }
}

BhHealth bh_disk_judge(const BhDrive *drive) {
        const BhSmart *smart = &drive->smart;
        BhHealth health = {
                .smart_status = smart_status(smart),
                .selftest_status = selftest_status(smart),
                .updated_usec = smart->updated_usec,
                .temperature = smart->temperature,
                .power_on_hours = smart->power_on_usec / (uint64_t)(3600 * BH_USEC_PER_SEC),
        };

        if (g_str_equal(health.selftest_status, "running") && smart->selftest_percent_remaining >= 0)
                health.selftest_progress = 100 - smart->selftest_percent_remaining;
        judge(smart, &health);
        return health;
}

/* Reading a drive ------------------------------------------------------------------------------------------------------------------------- */

/* UDisks2 names the bus for USB and the like only. */
static const char *connection_of(const BhDrive *drive, const BhBlock *block) {
        if (*drive->connection)
                return drive->connection;
        if (drive->has_nvme || g_str_has_prefix(block->name, "nvme"))
                return "nvme";
        if (drive->has_ata)
                return "ata";
        if (g_str_has_prefix(block->name, "vd"))
                return "virtio";
        if (g_str_has_prefix(block->name, "mmcblk"))
                return "mmc";
        return "";
}

void bh_disk_read_drive(BhDisk *disk, const BhInventory *inventory, const BhDrive *drive) {
        const BhBlock *block = bh_inventory_block_of_drive(inventory, drive->object);

        disk->name = g_strdup(block->name);
        disk->device = g_strdup(block->device);
        disk->vendor = g_strdup(drive->vendor);
        disk->model = g_strdup(drive->model);
        disk->serial = g_strdup(drive->serial);
        disk->wwn = g_strdup(drive->wwn);
        disk->connection = g_strdup(connection_of(drive, block));
        disk->size = block->size;
        disk->rotation_rate = drive->rotation_rate;
        disk->is_present = true;
        disk->is_removable = drive->is_removable;
        disk->is_read_only = block->is_read_only;
        disk->has_ata = drive->has_ata;
        disk->has_nvme = drive->has_nvme;
        disk->drive = g_strdup(drive->object);
        disk->block = g_strdup(block->object);
}

static int by_number(gconstpointer a, gconstpointer b) {
        const BhBlock *one = *(const BhBlock *const *)a, *other = *(const BhBlock *const *)b;

        return (one->partition_number > other->partition_number) - (one->partition_number < other->partition_number);
}

char **bh_disk_partitions(const BhInventory *inventory, const BhBlock *whole) {
        g_autoptr(GPtrArray) blocks = g_ptr_array_new();
        char **names;

        for (size_t i = 0; i < inventory->n_blocks; i++)
                if (inventory->blocks[i].is_partition && g_str_equal(inventory->blocks[i].partition_of, whole->object))
                        g_ptr_array_add(blocks, (gpointer)&inventory->blocks[i]);
        g_ptr_array_sort(blocks, by_number);
        names = g_new0(char *, blocks->len + 1);
        for (unsigned i = 0; i < blocks->len; i++)
                names[i] = g_strdup(((const BhBlock *)blocks->pdata[i])->name);
        return names;
}

void bh_disk_clear(BhDisk *disk) {
        g_free(disk->id);
        g_free(disk->path);
        g_free(disk->name);
        g_free(disk->device);
        g_free(disk->vendor);
        g_free(disk->model);
        g_free(disk->serial);
        g_free(disk->wwn);
        g_free(disk->connection);
        g_free(disk->slot);
        g_free(disk->usage);
        g_free(disk->contents);
        g_free(disk->state);
        g_free(disk->state_text);
        g_free(disk->smart_status);
        g_free(disk->selftest_status);
        g_strfreev(disk->partitions);
        g_free(disk->array);
        g_free(disk->pool);
        g_free(disk->drive);
        g_free(disk->block);
        *disk = (BhDisk){};
}
