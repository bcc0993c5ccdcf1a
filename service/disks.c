/* SPDX-License-Identifier: MIT */

#include "disks.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "audit.h"
#include "macro.h"

#define LISTENERS_MAX 8

struct BhDisks {
        BhDatabase *database;
        BhMemory *memory; /* event loop only */
        char *sysfs;
        BhTopologyHooks hooks;
        GMutex lock;
        BhTopology *topology; /* under lock; never NULL */
        struct {
                BhDisksListener listener;
                void *userdata;
        } listeners[LISTENERS_MAX];
        unsigned n_listeners;
        bool is_publishing, is_stale;
};

/* Publishing ------------------------------------------------------------------------------------------------------------------------------ */

static void publish(BhDisks *disks, BhInventory *inventory, char *const *ids) {
        BhTopology *now = bh_topology_new(inventory, disks->memory, ids, &disks->hooks, g_get_real_time());
        _cleanup_(bh_topology_unrefp) BhTopology *before = NULL;

        g_mutex_lock(&disks->lock);
        before = disks->topology;
        disks->topology = bh_topology_ref(now);
        g_mutex_unlock(&disks->lock);
        for (unsigned i = 0; i < disks->n_listeners; i++)
                disks->listeners[i].listener(disks->listeners[i].userdata, before, now);
        bh_topology_unref(now);
}

/* A listener may change what a hook says, so that it has to be published once more; but not while it is. */
static void publish_all(BhDisks *disks, BhInventory *inventory, bool learn) {
        _cleanup_(bh_inventory_unrefp) BhInventory *kept = bh_inventory_ref(inventory);
        char **ids = bh_disk_ids_new(kept);

        if (learn && kept->is_available)
                bh_memory_learn(disks->memory, kept, ids, disks->sysfs, g_get_real_time());
        disks->is_publishing = true;
        do {
                disks->is_stale = false;
                publish(disks, kept, ids);
        } while (disks->is_stale);
        disks->is_publishing = false;
        bh_disk_ids_free(ids, kept->n_drives);
}

void bh_disks_hold(BhDisks *disks) {
        disks->is_publishing = true;
}

bool bh_disks_has_arrays(const BhDisks *disks) {
        g_autoptr(GPtrArray) arrays = bh_memory_list_arrays(disks->memory);

        return arrays->len > 0;
}

void bh_disks_update(BhDisks *disks, const BhInventory *inventory) {
        publish_all(disks, (BhInventory *)inventory, true);
}

void bh_disks_refresh(BhDisks *disks) {
        disks->is_stale = true;
        if (!disks->is_publishing)
                publish_all(disks, disks->topology->inventory, false);
}

BhTopology *bh_disks_get(BhDisks *disks) {
        BhTopology *topology;

        g_mutex_lock(&disks->lock);
        topology = bh_topology_ref(disks->topology);
        g_mutex_unlock(&disks->lock);
        return topology;
}

void bh_disks_add_listener(BhDisks *disks, BhDisksListener listener, void *userdata) {
        g_assert(disks->n_listeners < LISTENERS_MAX);
        disks->listeners[disks->n_listeners].listener = listener;
        disks->listeners[disks->n_listeners++].userdata = userdata;
}

void bh_disks_set_pools(BhDisks *disks,
                        const char *(*pool_of)(void *userdata, const BhInventory *inventory, const BhBlock *block),
                        bool (*is_expected)(void *userdata, const char *disk_id), void *userdata) {
        disks->hooks.pool_of = pool_of;
        disks->hooks.is_expected = is_expected;
        disks->hooks.pools_userdata = userdata;
}

void bh_disks_set_judge(BhDisks *disks,
                        bool (*judge)(void *userdata, const char *disk_id, const BhDrive *drive, BhHealth *ret),
                        void *userdata) {
        disks->hooks.judge = judge;
        disks->hooks.judge_userdata = userdata;
}

void bh_disks_set_jobs(BhDisks *disks, const char *(*job_of)(void *userdata, const char *path), void *userdata) {
        disks->hooks.job_of = job_of;
        disks->hooks.jobs_userdata = userdata;
}

/* Changes --------------------------------------------------------------------------------------------------------------------------------- */

void bh_disks_change_clear(BhDisksChange *change) {
        g_free(change->path);
        g_free(change->slot);
        g_free(change->id);
        g_free(change->name);
        g_free(change->previous_slot);
        *change = (BhDisksChange){};
}

typedef struct Write {
        const BhCaller *caller;
        const BhDisksChange *change;
        const char *action;
        int (*write)(sqlite3 *db, const BhDisksChange *change);
        char *message;
} Write;

static int do_write(sqlite3 *db, void *userdata) {
        const Write *write = userdata;
        const BhAudit audit = {.event_type = BH_AUDIT_SYSTEM,
                               .action = write->action,
                               .target = write->change->name,
                               .message = write->message};
        int r = write->write(db, write->change);

        return r < 0 ? r : bh_audit_append(db, write->caller, &audit);
}

static int write_change(BhDisks *disks, BhDisksChange *change, Write *write) {
        int r = bh_database_write(disks->database, do_write, write);

        change->is_written = r >= 0;
        g_free(write->message);
        return r;
}

static const BhDisk *find_disk(BhDisks *disks, BhDisksChange *change, BhFailure *failure) {
        const BhDisk *disk = bh_topology_disk(disks->topology, change->path);

        if (!disk) {
                bh_failure_set(failure, -ENOENT, NULL, "There is no such disk any more");
                return NULL;
        }
        change->id = g_strdup(disk->id);
        change->name = bh_disk_describe(disk->model, disk->serial, disk->name);
        return disk;
}

/* A name that people can read. */
static int check_slot(const char *slot, BhFailure *failure) {
        if (strlen(slot) > BH_SLOT_MAX)
                return bh_failure_set(failure, -EINVAL, NULL, "The slot is longer than %d bytes", BH_SLOT_MAX);
        for (const char *c = slot; *c; c = g_utf8_next_char(c))
                if (!g_unichar_isprint(g_utf8_get_char(c)))
                        return bh_failure_set(failure, -EINVAL, NULL,
                                              "The slot has a character in it that cannot be shown");
        if (*slot == ' ' || (*slot && slot[strlen(slot) - 1] == ' '))
                return bh_failure_set(failure, -EINVAL, NULL, "The slot must not begin or end with a space");
        return 0;
}

int bh_disks_slot_begin(BhDisks *disks, BhDisksChange *change, BhFailure *failure) {
        const BhDisk *disk;
        int r;

        r = check_slot(change->slot, failure);
        if (r < 0)
                return r;
        disk = find_disk(disks, change, failure);
        if (!disk)
                return -ENOENT;
        for (size_t i = 0; *change->slot && i < disks->topology->n_disks; i++) {
                const BhDisk *other = &disks->topology->disks[i];

                if (other != disk && other->is_present && g_str_equal(other->slot, change->slot))
                        return bh_failure_set(failure, -EEXIST, NULL, "The disk %s is in “%s” already", other->name,
                                              other->slot);
        }
        change->previous_slot = g_strdup(disk->slot);
        change->is_begun = true;
        bh_memory_set_slot(disks->memory, change->id, change->slot);
        bh_disks_refresh(disks);
        return 0;
}

static int write_slot(sqlite3 *db, const BhDisksChange *change) {
        return bh_memory_write_slot(db, change->id, change->slot);
}

int bh_disks_slot_write(BhDisks *disks, const BhCaller *caller, BhDisksChange *change) {
        Write write = {.caller = caller, .change = change, .action = "disk-set-slot", .write = write_slot};

        write.message = *change->slot ? g_strdup_printf("It is in “%s”", change->slot)
                                      : g_strdup_printf("It is in “%s” no more", change->previous_slot);
        return write_change(disks, change, &write);
}

void bh_disks_slot_end(BhDisks *disks, const BhDisksChange *change) {
        if (!change->is_begun || change->is_written)
                return;
        bh_memory_set_slot(disks->memory, change->id, change->previous_slot);
        bh_disks_refresh(disks);
}

int bh_disks_forget_disk_begin(BhDisks *disks, BhDisksChange *change, BhFailure *failure) {
        const BhDisk *disk = find_disk(disks, change, failure);

        if (!disk)
                return -ENOENT;
        if (disk->is_present)
                return bh_failure_set(failure, -EACCES, "Conflict", "The disk %s is there", disk->name);
        change->is_begun = true;
        return 0;
}

static int write_forget_disk(sqlite3 *db, const BhDisksChange *change) {
        return bh_memory_write_forget_disk(db, change->id);
}

int bh_disks_forget_disk_write(BhDisks *disks, const BhCaller *caller, BhDisksChange *change) {
        Write write = {.caller = caller, .change = change, .action = "disk-forget", .write = write_forget_disk};

        return write_change(disks, change, &write);
}

/* Unless it has come back meanwhile. */
void bh_disks_forget_disk_end(BhDisks *disks, const BhDisksChange *change) {
        const BhKnownDisk *known = change->is_written ? bh_memory_get_disk(disks->memory, change->id) : NULL;

        if (!known || known->is_present)
                return;
        bh_memory_forget_disk(disks->memory, change->id);
        bh_disks_refresh(disks);
}

int bh_disks_forget_array_begin(BhDisks *disks, BhDisksChange *change, BhFailure *failure) {
        const BhArray *array = bh_topology_array(disks->topology, change->path);

        if (!array)
                return bh_failure_set(failure, -ENOENT, NULL, "There is no such array any more");
        if (!g_str_equal(array->state, "absent"))
                return bh_failure_set(failure, -EACCES, "Conflict", "The array %s is there, or parts of it are",
                                      array->name);
        change->id = g_strdup(array->uuid);
        change->name = g_strdup(array->name);
        change->is_begun = true;
        return 0;
}

static int write_forget_array(sqlite3 *db, const BhDisksChange *change) {
        return bh_memory_write_forget_array(db, change->id);
}

int bh_disks_forget_array_write(BhDisks *disks, const BhCaller *caller, BhDisksChange *change) {
        Write write = {.caller = caller, .change = change, .action = "array-forget", .write = write_forget_array};

        return write_change(disks, change, &write);
}

void bh_disks_forget_array_end(BhDisks *disks, const BhDisksChange *change) {
        const BhKnownArray *known = change->is_written ? bh_memory_get_array(disks->memory, change->id) : NULL;

        if (!known || known->is_present)
                return;
        bh_memory_forget_array(disks->memory, change->id);
        bh_disks_refresh(disks);
}

static int write_deletion(sqlite3 *db, void *uuid) {
        return bh_memory_write_forget_array(db, uuid);
}

void bh_disks_array_is_deleted(BhDisks *disks, const char *uuid) {
        bh_database_post(disks->database, write_deletion, g_strdup(uuid), g_free);
        bh_memory_forget_array(disks->memory, uuid);
        bh_disks_refresh(disks);
}

/* The whole ------------------------------------------------------------------------------------------------------------------------------- */

int bh_disks_new(BhDisks **ret, BhDatabase *database, const char *sysfs) {
        _cleanup_(bh_inventory_unrefp) BhInventory *nothing = bh_inventory_new_unavailable("UDisks2 was not asked yet");
        BhDisks *disks = g_new0(BhDisks, 1);
        int r;

        g_mutex_init(&disks->lock);
        disks->database = database;
        disks->sysfs = g_strdup(sysfs);
        r = bh_memory_load(&disks->memory, database);
        if (r < 0) {
                bh_disks_free(disks);
                return r;
        }
        disks->topology = bh_topology_new(nothing, disks->memory, NULL, &disks->hooks, 0);
        *ret = disks;
        return 0;
}

void bh_disks_free(BhDisks *disks) {
        if (!disks)
                return;
        bh_memory_free(disks->memory);
        bh_topology_unref(disks->topology);
        g_mutex_clear(&disks->lock);
        g_free(disks->sysfs);
        g_free(disks);
}
