/* SPDX-License-Identifier: MIT */

#include "pool.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "disk.h"
#include "errors.h"
#include "macro.h"
#include "path.h"

/* What is known ---------------------------------------------------------------------------------------------------------------------------- */

BhKnownPool *bh_known_pool_new(const char *uuid, const char *name, const char *filesystem) {
        BhKnownPool *known = g_new0(BhKnownPool, 1);

        known->uuid = g_strdup(uuid);
        known->path = bh_pool_path(uuid);
        known->name = g_strdup(name);
        known->filesystem = g_strdup(filesystem);
        known->array_uuid = g_strdup("");
        known->disk_id = g_strdup("");
        return known;
}

BhKnownPool *bh_known_pool_copy(const BhKnownPool *known) {
        BhKnownPool *copy = g_memdup2(known, sizeof *known);

        copy->uuid = g_strdup(known->uuid);
        copy->path = g_strdup(known->path);
        copy->name = g_strdup(known->name);
        copy->filesystem = g_strdup(known->filesystem);
        copy->array_uuid = g_strdup(known->array_uuid);
        copy->disk_id = g_strdup(known->disk_id);
        return copy;
}

void bh_known_pool_free(void *data) {
        BhKnownPool *known = data;

        if (!known)
                return;
        g_free(known->uuid);
        g_free(known->path);
        g_free(known->name);
        g_free(known->filesystem);
        g_free(known->array_uuid);
        g_free(known->disk_id);
        g_free(known);
}

void bh_known_pool_freep(BhKnownPool **known) {
        bh_known_pool_free(*known);
}

char *bh_pool_path(const char *uuid) {
        g_autofree char *id = g_strdup(uuid);

        for (char *c = id; *c; c++)
                if (!g_ascii_isalnum(*c))
                        *c = '_';
        return g_strconcat(BH_ROOT_PATH "/pools/", id, NULL);
}

int bh_pool_check_name(const char *name, BhFailure *failure) {
        if (strlen(name) > BH_POOL_NAME_MAX)
                return bh_failure_set(failure, -EILSEQ, NULL, "The name of a pool has at most %d bytes",
                                      BH_POOL_NAME_MAX);
        if (bh_name_validate(name) < 0 || g_ascii_strcasecmp(name, BH_RESERVED_NAME) == 0)
                return bh_failure_set(failure, -EILSEQ, NULL, "The name of a pool must be one that a folder can have");
        return 0;
}

bool bh_pool_takes_filesystem(const char *type) {
        static const char *const types[] = {"ext4", "xfs", "btrfs", NULL};

        return g_strv_contains(types, type);
}

/* In the inventory ------------------------------------------------------------------------------------------------------------------------- */

const BhBlock *bh_pool_find_block(const BhInventory *inventory, const char *uuid, bool *ret_is_ambiguous) {
        const BhBlock *found = NULL;
        bool is_ambiguous = false;

        for (size_t i = 0; i < inventory->n_blocks; i++) {
                const BhBlock *block = &inventory->blocks[i];

                if (!block->has_filesystem || block->size == 0 || !g_str_equal(block->id_uuid, uuid))
                        continue;
                is_ambiguous = found != NULL;
                found = block;
        }
        if (ret_is_ambiguous)
                *ret_is_ambiguous = is_ambiguous;
        return is_ambiguous ? NULL : found;
}

bool bh_pool_is_mounted_at(const BhBlock *block, const char *directory) {
        return g_strv_contains((const char *const *)block->mount_points, directory);
}

void bh_pool_find_source(const BhTopology *topology, const BhInventory *inventory, const BhBlock *block,
                         const char **ret_array_uuid, const char **ret_disk_id) {
        const BhBlock *whole = bh_inventory_block(inventory, block->partition_of) ?: block;
        const BhMdArray *md = bh_inventory_array(inventory, whole->array);
        const BhDisk *disk = bh_topology_disk_of_drive(topology, whole->drive);

        *ret_array_uuid = md ? md->uuid : "";
        *ret_disk_id = !md && disk ? disk->id : "";
}

/* As it is shown --------------------------------------------------------------------------------------------------------------------------- */

static const BhArray *find_array(const BhTopology *topology, const BhKnownPool *known) {
        g_autofree char *path = *known->array_uuid ? bh_array_path(known->array_uuid) : NULL;

        return path ? bh_topology_array(topology, path) : NULL;
}

static const BhDisk *find_disk(const BhTopology *topology, const BhKnownPool *known) {
        return *known->disk_id ? bh_topology_disk_by_id(topology, known->disk_id) : NULL;
}

static char *describe_absence(const BhKnownPool *known, const BhArray *array, const BhDisk *disk, int64_t now_usec) {
        g_autofree char *seen = bh_format_seen(known->last_seen_usec, now_usec), *label = NULL;

        if (array && !array->is_running)
                return g_strdup_printf("Absent, last seen %s: the array %s does not run", seen, array->name);
        if (array)
                return g_strdup_printf("Absent, last seen %s: it is on the array %s no more", seen, array->name);
        if (!disk)
                return g_strdup_printf("Absent, last seen %s", seen);
        label = bh_disk_describe(disk->model, disk->serial, disk->name);
        return disk->is_present ? g_strdup_printf("Absent, last seen %s: it is on the disk %s no more", seen, label)
                                : g_strdup_printf("Absent, last seen %s: the disk %s is not there", seen, label);
}

typedef struct Look {
        const BhKnownPool *known;
        const BhPoolStatus *status;
        const BhArray *array;
        const BhDisk *disk;
        const BhBlock *block;
        bool is_available, is_ambiguous;
        int64_t now_usec;
} Look;

/* Of one whose files can be used. */
static const char *judge_attached(const Look *look, char **ret_text) {
        if (look->array && !look->array->is_enough) {
                *ret_text = g_strdup_printf("The array %s has lost more disks than it survives: stop what uses the "
                                            "pool, unmount it, and see to the array",
                                            look->array->name);
                return "failed";
        }
        if (look->array && (look->array->degraded > 0 || g_str_equal(look->array->state, "degraded")) &&
            !look->array->is_first_sync) {
                *ret_text = g_strdup_printf("Its files are there, but the array %s is degraded", look->array->name);
                return "degraded";
        }
        *ret_text = look->status->is_working ? g_strdup("It can be read, and changed as soon as its usage is counted")
                                             : g_strdup("Ready");
        return "ready";
}

static const char *judge(const Look *look, char **ret_text) {
        const BhPoolStatus *status = look->status;

        if (status->is_attached && (look->block || !look->is_available))
                return judge_attached(look, ret_text);
        if (look->is_ambiguous) {
                *ret_text = g_strdup("There is more than one filesystem with its UUID: take one of the disks out");
                return "failed";
        }
        if (!look->block && look->is_available) {
                *ret_text = describe_absence(look->known, look->array, look->disk, look->now_usec);
                return "absent";
        }
        if (!look->known->is_wanted) {
                *ret_text = look->block && look->block->mount_points[0] && !status->is_working
                                    ? g_strdup_printf("Unmounted by an administrator; but something else has mounted "
                                                      "it on %s",
                                                      look->block->mount_points[0])
                                    : g_strdup("Unmounted by an administrator");
                return "unmounted";
        }
        if (status->problem || !look->is_available) {
                *ret_text = g_strdup(status->problem ?: "It is not mounted, and UDisks2 is not there to do it");
                return "failed";
        }
        *ret_text = g_strdup("It is being mounted");
        return "unmounted";
}

static void read_space(BhPoolView *pool, const Look *look) {
        const BhPoolStatus *status = look->status;

        pool->size = look->known->size;
        if (look->block && look->block->filesystem_size > 0)
                pool->size = look->block->filesystem_size;
        if (!status->is_measured || !status->is_attached)
                return;
        pool->size = status->size;
        pool->used = status->used;
        pool->available = status->available;
}

void bh_pool_read(BhPoolView *pool, const BhKnownPool *known, const BhTopology *topology, const BhPoolStatus *status,
                  int64_t now_usec) {
        Look look = {.known = known,
                     .status = status,
                     .array = find_array(topology, known),
                     .disk = find_disk(topology, known),
                     .is_available = topology->inventory->is_available,
                     .now_usec = now_usec};

        look.block = bh_pool_find_block(topology->inventory, known->uuid, &look.is_ambiguous);
        pool->path = g_strdup(known->path);
        pool->uuid = g_strdup(known->uuid);
        pool->name = g_strdup(known->name);
        pool->filesystem = g_strdup(known->filesystem);
        pool->source = g_strdup(look.array ? look.array->path : look.disk ? look.disk->path : "/");
        pool->level = g_strdup(look.array ? look.array->level : "");
        pool->mount_point =
                g_strdup(look.block && bh_pool_is_mounted_at(look.block, status->directory) ? status->directory : "");
        pool->state = judge(&look, &pool->state_text);
        pool->is_missed =
                known->is_wanted && (g_str_equal(pool->state, "absent") || g_str_equal(pool->state, "failed"));
        pool->is_default = known->is_default;
        pool->last_seen_usec = known->last_seen_usec;
        read_space(pool, &look);
}

void bh_pool_clear(BhPoolView *pool) {
        g_free(pool->path);
        g_free(pool->uuid);
        g_free(pool->name);
        g_free(pool->filesystem);
        g_free(pool->source);
        g_free(pool->level);
        g_free(pool->mount_point);
        g_free(pool->state_text);
        *pool = (BhPoolView){};
}
