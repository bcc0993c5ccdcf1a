/* SPDX-License-Identifier: MIT */

#include "topology.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "block-use.h"
#include "macro.h"

typedef struct Build {
        const BhInventory *inventory;
        const BhMemory *memory;
        char *const *ids;
        const BhTopologyHooks *hooks;
        int64_t now_usec;
        GArray *disks, *arrays; /* BhDisk, BhArray */
} Build;

/* Arrays ---------------------------------------------------------------------------------------------------------------------------------- */

static const char *pool_on(const Build *build, const BhBlock *block) {
        g_autoptr(GPtrArray) stack = block && build->hooks->pool_of ? bh_block_stack(build->inventory, block) : NULL;

        for (unsigned i = 0; stack && i < stack->len; i++) {
                const char *pool =
                        build->hooks->pool_of(build->hooks->pools_userdata, build->inventory, stack->pdata[i]);

                if (pool)
                        return pool;
        }
        return NULL;
}

static void replace(char **field, const char *text) {
        g_free(*field);
        *field = g_strdup(text);
}

static void build_array(const Build *build, const BhKnownArray *known) {
        const BhMdArray *md = bh_inventory_array_by_uuid(build->inventory, known->uuid);
        const char *pool, *job;
        BhArray array = {};

        bh_array_read(&array, build->inventory, md, known, build->memory, build->ids, build->now_usec);
        pool = md ? pool_on(build, bh_inventory_block(build->inventory, md->block)) : NULL;
        if (pool)
                replace(&array.pool, pool);
        job = build->hooks->job_of ? build->hooks->job_of(build->hooks->jobs_userdata, array.path) : NULL;
        if (job)
                replace(&array.job, job);
        g_array_append_val(build->arrays, array);
}

/* Disks ----------------------------------------------------------------------------------------------------------------------------------- */

static const BhArrayMember *find_membership(const Build *build, const char *disk_id, const BhArray **ret) {
        const BhArrayMember *found = NULL;

        for (unsigned i = 0; i < build->arrays->len; i++) {
                const BhArray *array = &g_array_index(build->arrays, BhArray, i);

                for (size_t j = 0; j < array->n_members; j++) {
                        const BhArrayMember *member = &array->members[j];

                        if (!g_str_equal(member->disk_id, disk_id))
                                continue;
                        /* Of two, the one that it is a part of now. */
                        if (!found || (*found->block == '\0' && *member->block)) {
                                found = member;
                                *ret = array;
                        }
                }
        }
        return found;
}

static void set_use(const Build *build, BhDisk *disk, const BhBlock *block) {
        BhBlockUse use = {};
        const char *pool = pool_on(build, block);

        bh_block_use(build->inventory, block, &use);
        /* A pool is mounted by us, and a member of its array all the same. One with btrfs looks as if it were somebody else's. */
        disk->usage = g_strdup(
                pool && use.kind != BH_USE_ARRAY && use.kind != BH_USE_SYSTEM ? "pool" : bh_use_to_string(use.kind));
        disk->contents = bh_block_contents(build->inventory, block);
        if (pool)
                replace(&disk->pool, pool);
        bh_block_use_clear(&use);
}

static void set_state(const Build *build, BhDisk *disk, const BhDrive *drive, const BhArray *array,
                      const BhArrayMember *member) {
        const BhTopologyHooks *hooks = build->hooks;
        BhHealth health = {};

        if (!hooks->judge || !hooks->judge(hooks->judge_userdata, disk->id, drive, &health))
                health = bh_disk_judge(drive);
        disk->smart_status = g_strdup(health.smart_status);
        disk->selftest_status = g_strdup(health.selftest_status);
        disk->smart_updated_usec = health.updated_usec;
        disk->temperature = health.temperature;
        disk->selftest_progress = health.selftest_progress;
        disk->power_on_hours = health.power_on_hours;
        if (member && g_str_equal(member->state, "failed")) {
                g_free(health.text);
                health.text = g_strdup_printf("The array %s has had errors with it and uses it no more: replace it",
                                              array->name);
                health.state = "failed";
        }
        disk->state = g_strdup(health.state);
        disk->state_text = health.text;
}

static void build_present(const Build *build, const BhDrive *drive, const char *id) {
        const BhBlock *block = bh_inventory_block_of_drive(build->inventory, drive->object);
        const BhKnownDisk *known = bh_memory_get_disk(build->memory, id);
        const BhArray *array = NULL;
        const BhArrayMember *member = find_membership(build, id, &array);
        BhDisk disk = {.id = g_strdup(id), .path = bh_disk_path(id)};

        bh_disk_read_drive(&disk, build->inventory, drive);
        disk.slot = g_strdup(known ? known->slot : "");
        disk.last_seen_usec = known ? known->last_seen_usec : build->now_usec;
        disk.array = g_strdup(member && *member->block ? array->path : "/");
        disk.pool = g_strdup("/");
        disk.partitions = bh_disk_partitions(build->inventory, block);
        set_use(build, &disk, block);
        set_state(build, &disk, drive, array, member);
        g_array_append_val(build->disks, disk);
}

/* One that is not there, if anything expects it. */
static void build_absent(const Build *build, const BhKnownDisk *known) {
        g_autofree char *seen = bh_format_seen(known->last_seen_usec, build->now_usec);
        const BhTopologyHooks *hooks = build->hooks;
        const BhArray *array = NULL;
        const BhArrayMember *member = find_membership(build, known->id, &array);
        bool is_of_pool = !member && hooks->is_expected && hooks->is_expected(hooks->pools_userdata, known->id);
        BhDisk disk = {};

        if (!member && !is_of_pool)
                return;
        disk = (BhDisk){
                .id = g_strdup(known->id),
                .path = bh_disk_path(known->id),
                .name = g_strdup(known->name),
                .device = g_strdup(""),
                .vendor = g_strdup(known->vendor),
                .model = g_strdup(known->model),
                .serial = g_strdup(known->serial),
                .wwn = g_strdup(known->wwn),
                .connection = g_strdup(known->connection),
                .slot = g_strdup(known->slot),
                .usage = g_strdup(member ? "array" : "pool"),
                .contents = member ? g_strdup_printf("member of the array %s", array->name) : g_strdup("a pool"),
                .state = g_strdup("absent"),
                .smart_status = g_strdup("unknown"),
                .selftest_status = g_strdup("none"),
                .array = g_strdup(member ? array->path : "/"),
                .pool = g_strdup(member ? array->pool : "/"),
                .partitions = g_new0(char *, 1),
                .size = known->size,
                .rotation_rate = known->rotation_rate,
                .last_seen_usec = known->last_seen_usec,
                .temperature = (double)NAN,
                .drive = g_strdup(""),
                .block = g_strdup(""),
        };
        disk.state_text = member ? g_strdup_printf("Absent, last seen %s; the array %s expects it", seen, array->name)
                                 : g_strdup_printf("Absent, last seen %s", seen);
        g_array_append_val(build->disks, disk);
}

/* The whole ------------------------------------------------------------------------------------------------------------------------------- */

static int by_slot_and_name(gconstpointer a, gconstpointer b) {
        const BhDisk *one = a, *other = b;
        int r;

        if (!*one->slot != !*other->slot)
                return *one->slot ? -1 : 1;
        r = strcmp(one->slot, other->slot);
        if (r != 0)
                return r;
        if (strlen(one->name) != strlen(other->name)) /* sdz comes before sdaa */
                return strlen(one->name) < strlen(other->name) ? -1 : 1;
        r = strcmp(one->name, other->name);
        return r != 0 ? r : strcmp(one->id, other->id);
}

static int by_name(gconstpointer a, gconstpointer b) {
        const BhArray *one = a, *other = b;
        int r = strcmp(one->name, other->name);

        return r != 0 ? r : strcmp(one->uuid, other->uuid);
}

static void build_all(const Build *build) {
        g_autoptr(GPtrArray) disks = bh_memory_list_disks(build->memory), arrays = bh_memory_list_arrays(build->memory);

        for (unsigned i = 0; i < arrays->len; i++)
                build_array(build, arrays->pdata[i]);
        for (size_t i = 0; i < build->inventory->n_drives; i++)
                if (build->ids[i])
                        build_present(build, &build->inventory->drives[i], build->ids[i]);
        for (unsigned i = 0; i < disks->len; i++)
                if (!((const BhKnownDisk *)disks->pdata[i])->is_present)
                        build_absent(build, disks->pdata[i]);
        g_array_sort(build->disks, by_slot_and_name);
        g_array_sort(build->arrays, by_name);
}

BhTopology *bh_topology_new(BhInventory *inventory, const BhMemory *memory, char *const *ids,
                            const BhTopologyHooks *hooks, int64_t now_usec) {
        BhTopology *topology = g_new0(BhTopology, 1);
        const Build build = {.inventory = inventory,
                             .memory = memory,
                             .ids = ids,
                             .hooks = hooks,
                             .now_usec = now_usec,
                             .disks = g_array_new(FALSE, FALSE, sizeof(BhDisk)),
                             .arrays = g_array_new(FALSE, FALSE, sizeof(BhArray))};

        if (inventory->is_available)
                build_all(&build);
        topology->references = 1;
        topology->inventory = bh_inventory_ref(inventory);
        topology->n_disks = build.disks->len;
        topology->disks = (BhDisk *)(void *)g_array_free(build.disks, FALSE);
        topology->n_arrays = build.arrays->len;
        topology->arrays = (BhArray *)(void *)g_array_free(build.arrays, FALSE);
        return topology;
}

BhTopology *bh_topology_ref(BhTopology *topology) {
        g_atomic_int_inc(&topology->references);
        return topology;
}

void bh_topology_unref(BhTopology *topology) {
        if (!topology || !g_atomic_int_dec_and_test(&topology->references))
                return;
        for (size_t i = 0; i < topology->n_disks; i++)
                bh_disk_clear(&topology->disks[i]);
        for (size_t i = 0; i < topology->n_arrays; i++)
                bh_array_clear(&topology->arrays[i]);
        g_free(topology->disks);
        g_free(topology->arrays);
        bh_inventory_unref(topology->inventory);
        g_free(topology);
}

void bh_topology_unrefp(BhTopology **topology) {
        bh_topology_unref(*topology);
}

const BhDisk *bh_topology_disk(const BhTopology *topology, const char *path) {
        for (size_t i = 0; i < topology->n_disks; i++)
                if (g_str_equal(topology->disks[i].path, path))
                        return &topology->disks[i];
        return NULL;
}

const BhDisk *bh_topology_disk_by_id(const BhTopology *topology, const char *id) {
        for (size_t i = 0; i < topology->n_disks; i++)
                if (g_str_equal(topology->disks[i].id, id))
                        return &topology->disks[i];
        return NULL;
}

const BhArray *bh_topology_array(const BhTopology *topology, const char *path) {
        for (size_t i = 0; i < topology->n_arrays; i++)
                if (g_str_equal(topology->arrays[i].path, path))
                        return &topology->arrays[i];
        return NULL;
}

const BhDisk *bh_topology_disk_of_drive(const BhTopology *topology, const char *drive) {
        for (size_t i = 0; *drive && i < topology->n_disks; i++)
                if (g_str_equal(topology->disks[i].drive, drive))
                        return &topology->disks[i];
        return NULL;
}

const BhArray *bh_topology_array_of_object(const BhTopology *topology, const char *object) {
        for (size_t i = 0; *object && i < topology->n_arrays; i++)
                if (g_str_equal(topology->arrays[i].object, object))
                        return &topology->arrays[i];
        return NULL;
}
