/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include "log.h"
#include "macro.h"
#include "pool-rows.h"
#include "pools-private.h"
#include "roots.h"

/* That something is still there is written down so often. */
#define NOTE_USEC (3600 * BH_USEC_PER_SEC)

/* Entries ---------------------------------------------------------------------------------------------------------------------------------- */

static BhPoolEntry *entry_new(BhKnownPool *known) {
        BhPoolEntry *entry = g_new0(BhPoolEntry, 1);

        entry->known = known;
        entry->noted_usec = known->last_seen_usec;
        return entry;
}

static void entry_free(gpointer data) {
        BhPoolEntry *entry = data;

        bh_known_pool_free(entry->known);
        g_free(entry->problem);
        g_free(entry);
}

BhPoolEntry *bh_pools_find(BhPools *pools, const char *uuid) {
        for (unsigned i = 0; i < pools->entries->len; i++) {
                BhPoolEntry *entry = pools->entries->pdata[i];

                if (g_str_equal(entry->known->uuid, uuid))
                        return entry;
        }
        return NULL;
}

static int by_name(gconstpointer a, gconstpointer b) {
        const BhPoolEntry *one = *(const BhPoolEntry *const *)a, *other = *(const BhPoolEntry *const *)b;

        return strcmp(one->known->name, other->known->name);
}

/* Showing ---------------------------------------------------------------------------------------------------------------------------------- */

static void read_entry(const BhPools *pools, const BhPoolEntry *entry, const BhTopology *topology, BhPoolView *ret) {
        g_autofree char *directory = bh_pool_directory(pools->parts.pools_directory, entry->known->name);
        BhFiles *files = pools->parts.files;
        const BhPoolStatus status = {
                .directory = directory,
                .is_attached = files && !entry->is_lost && bh_files_is_attached(files, entry->known->name),
                .is_working = g_hash_table_contains(pools->attaching, entry->known->uuid),
                .problem = files ? entry->problem : "The main storage cannot be used, and without it no pool can",
                .is_measured = entry->is_measured,
                .size = entry->size,
                .used = entry->used,
                .available = entry->available,
        };

        bh_pool_read(ret, entry->known, topology, &status, g_get_real_time());
}

static void read_main(const BhPools *pools, BhPoolView *ret) {
        bool is_default = true;

        for (unsigned i = 0; i < pools->entries->len; i++)
                is_default &= !((const BhPoolEntry *)pools->entries->pdata[i])->known->is_default;
        *ret = (BhPoolView){
                .path = g_strdup("/"),
                .uuid = g_strdup(""),
                .name = g_strdup(""),
                .filesystem = g_strdup(""),
                .source = g_strdup("/"),
                .level = g_strdup(""),
                .mount_point = g_strdup(pools->parts.files ? pools->parts.root_directory : ""),
                .state = pools->parts.files ? "ready" : "failed",
                .state_text = g_strdup(pools->parts.files ? "Ready" : "It cannot be used"),
                .is_default = is_default,
                .last_seen_usec = pools->parts.files ? g_get_real_time() : 0,
                .size = pools->main_size,
                .used = pools->main_used,
                .available = pools->main_available,
        };
}

static void list_clear(BhPoolView *list, size_t n) {
        for (size_t i = 0; i < n; i++)
                bh_pool_clear(&list[i]);
        g_free(list);
}

static bool is_settled(const BhPools *pools, const BhTopology *topology) {
        bool is_so = topology->inventory->is_available;

        for (size_t i = 0; is_so && i < pools->n_shown; i++) {
                const BhPoolEntry *entry = pools->entries->pdata[i];

                is_so = entry->is_measured || !entry->known->is_wanted || pools->shown[i].is_missed;
        }
        return is_so;
}

bool bh_pools_are_settled(const BhPools *pools) {
        return pools->is_settled;
}

void bh_pools_publish(BhPools *pools) {
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(pools->parts.disks);
        BhPoolView *before = pools->shown, main_before = pools->main;
        size_t n_before = pools->n_shown;

        pools->n_shown = pools->entries->len;
        pools->shown = g_new0(BhPoolView, pools->n_shown);
        g_mutex_lock(&pools->lock);
        for (size_t i = 0; i < pools->n_shown; i++)
                read_entry(pools, pools->entries->pdata[i], topology, &pools->shown[i]);
        g_mutex_unlock(&pools->lock);
        read_main(pools, &pools->main);
        pools->is_settled = pools->is_settled || is_settled(pools, topology);
        for (unsigned i = 0; i < pools->n_listeners; i++)
                pools->listeners[i].listener(pools->listeners[i].userdata, pools);
        list_clear(before, n_before);
        bh_pool_clear(&main_before);
}

const BhPoolView *bh_pools_list(const BhPools *pools, size_t *ret_n) {
        *ret_n = pools->n_shown;
        return pools->shown;
}

const BhPoolView *bh_pools_get_main(const BhPools *pools) {
        return &pools->main;
}

void bh_pools_add_listener(BhPools *pools, BhPoolsListener listener, void *userdata) {
        g_assert(pools->n_listeners < BH_POOLS_LISTENERS_MAX);
        pools->listeners[pools->n_listeners].listener = listener;
        pools->listeners[pools->n_listeners++].userdata = userdata;
}

/* Learning --------------------------------------------------------------------------------------------------------------------------------- */

static int note_row(sqlite3 *db, void *userdata) {
        return bh_pool_rows_note(db, userdata);
}

static void note(BhPools *pools, BhPoolEntry *entry) {
        entry->noted_usec = entry->known->last_seen_usec;
        bh_database_post(pools->parts.database, note_row, bh_known_pool_copy(entry->known), bh_known_pool_free);
}

static bool set_text(char **field, const char *text) {
        if (g_str_equal(*field, text))
                return false;
        g_free(*field);
        *field = g_strdup(text);
        return true;
}

/* What is seen of one that is there. Returns whether it is to be written down at once. */
static bool learn_present(BhPoolEntry *entry, const BhTopology *topology, const BhBlock *block) {
        BhKnownPool *known = entry->known;
        const char *array_uuid, *disk_id;
        bool is_changed = false;

        bh_pool_find_source(topology, topology->inventory, block, &array_uuid, &disk_id);
        if (*array_uuid || *disk_id) {
                is_changed |= set_text(&known->array_uuid, array_uuid);
                is_changed |= set_text(&known->disk_id, disk_id);
        }
        if (block->filesystem_size > 0) {
                is_changed |= known->size != block->filesystem_size;
                known->size = block->filesystem_size;
        }
        known->last_seen_usec = topology->inventory->taken_usec;
        return is_changed || !entry->was_present;
}

static void learn(BhPools *pools, const BhTopology *topology) {
        for (unsigned i = 0; topology->inventory->is_available && i < pools->entries->len; i++) {
                BhPoolEntry *entry = pools->entries->pdata[i];
                const BhBlock *block = bh_pool_find_block(topology->inventory, entry->known->uuid, NULL);
                bool is_news = entry->was_present != (block != NULL);

                if (block) {
                        g_mutex_lock(&pools->lock);
                        is_news |= learn_present(entry, topology, block);
                        g_mutex_unlock(&pools->lock);
                        is_news |= entry->known->last_seen_usec - entry->noted_usec > NOTE_USEC;
                }
                if (block && !entry->was_present) { /* whatever was wrong before may not be so any more */
                        entry->retry_usec = 0;
                        entry->n_failures = 0;
                        g_clear_pointer(&entry->problem, g_free);
                }
                entry->was_present = block != NULL;
                if (is_news)
                        note(pools, entry);
        }
}

static void on_topology(void *userdata, const BhTopology *before, const BhTopology *now) {
        BhPools *pools = userdata;

        learn(pools, now);
        bh_pools_look(pools);
}

/* What disks ask for ----------------------------------------------------------------------------------------------------------------------- */

static const char *pool_of(void *userdata, const BhInventory *inventory, const BhBlock *block) {
        BhPoolEntry *entry = block->has_filesystem ? bh_pools_find(userdata, block->id_uuid) : NULL;

        return entry ? entry->known->path : NULL;
}

static bool is_expected(void *userdata, const char *disk_id) {
        BhPools *pools = userdata;

        for (unsigned i = 0; i < pools->entries->len; i++)
                if (g_str_equal(((const BhPoolEntry *)pools->entries->pdata[i])->known->disk_id, disk_id))
                        return true;
        return false;
}

/* Changes ---------------------------------------------------------------------------------------------------------------------------------- */

void bh_pools_change_clear(BhPoolsChange *change) {
        g_free(change->path);
        bh_known_pool_free(change->known);
        bh_known_pool_free(change->after);
        g_free(change->held);
        g_free(change->reserved);
        *change = (BhPoolsChange){};
}

/* Takes in what has become of a pool. lock is held. */
static void apply(BhPools *pools, BhPoolsChange *change) {
        const char *uuid = change->after ? change->after->uuid : change->known->uuid;
        BhPoolEntry *entry = bh_pools_find(pools, uuid);

        if (change->is_gone) {
                if (entry)
                        g_ptr_array_remove(pools->entries, entry);
                return;
        }
        for (unsigned i = 0; change->after->is_default && i < pools->entries->len; i++)
                ((BhPoolEntry *)pools->entries->pdata[i])->known->is_default = false;
        if (!entry) {
                g_ptr_array_add(pools->entries, entry_new(g_steal_pointer(&change->after)));
        } else { /* what was seen of it meanwhile is newer */
                BhKnownPool *after = g_steal_pointer(&change->after);

                set_text(&after->array_uuid, entry->known->array_uuid);
                set_text(&after->disk_id, entry->known->disk_id);
                after->size = entry->known->size;
                after->last_seen_usec = entry->known->last_seen_usec;
                bh_known_pool_free(entry->known);
                entry->known = after;
                g_clear_pointer(&entry->problem, g_free);
                entry->retry_usec = 0;
                entry->n_failures = 0;
        }
        g_ptr_array_sort(pools->entries, by_name);
}

void bh_pools_end(BhPools *pools, BhPoolsChange *change) {
        bool is_changed = change->after || change->is_gone;

        g_mutex_lock(&pools->lock);
        if (is_changed)
                apply(pools, change);
        if (change->reserved)
                g_hash_table_remove(pools->reserved, change->reserved);
        g_mutex_unlock(&pools->lock);
        if (change->held)
                bh_pools_release(pools, change->held);
        if (is_changed)
                bh_disks_refresh(pools->parts.disks); /* which makes us look as well */
        bh_pools_look(pools);
}

bool bh_pools_try_hold(BhPools *pools, const char *uuid) {
        bool is_held;

        g_mutex_lock(&pools->lock);
        is_held = !g_hash_table_contains(pools->held, uuid);
        if (is_held)
                g_hash_table_add(pools->held, g_strdup(uuid));
        g_mutex_unlock(&pools->lock);
        return is_held;
}

void bh_pools_release(BhPools *pools, const char *uuid) {
        g_mutex_lock(&pools->lock);
        g_hash_table_remove(pools->held, uuid);
        g_cond_broadcast(&pools->changed);
        g_mutex_unlock(&pools->lock);
}

/* The whole -------------------------------------------------------------------------------------------------------------------------------- */

static int read_rows(sqlite3 *db, void *userdata) {
        return bh_pool_rows_read(db, userdata);
}

static int load(BhPools *pools) {
        g_autoptr(GPtrArray) list = g_ptr_array_new();
        int r = bh_database_read(pools->parts.database, read_rows, list);

        for (unsigned i = 0; i < list->len; i++) {
                BhPoolEntry *entry = entry_new(list->pdata[i]);
                g_autofree char *reason = NULL;

                g_ptr_array_add(pools->entries, entry);
                if (pools->parts.files && bh_files_declare(pools->parts.files, entry->known->name, &reason) < 0) {
                        bh_log_error("The pool %s cannot have its folder: %s", entry->known->name, reason);
                        entry->problem = g_steal_pointer(&reason);
                }
        }
        return r;
}

int bh_pools_new(BhPools **ret, const BhPoolsParts *parts) {
        BhPools *pools = g_new0(BhPools, 1);
        int r;

        pools->parts = *parts;
        g_mutex_init(&pools->lock);
        g_cond_init(&pools->changed);
        pools->entries = g_ptr_array_new_with_free_func(entry_free);
        pools->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        pools->reserved = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        pools->attaching = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        r = load(pools);
        if (r >= 0)
                r = bh_pools_keep_start(pools);
        if (r < 0) {
                bh_pools_free(pools);
                return r;
        }
        bh_pools_publish(pools);
        bh_disks_set_pools(parts->disks, pool_of, is_expected, pools);
        bh_disks_add_listener(parts->disks, on_topology, pools);
        *ret = pools;
        return 0;
}

void bh_pools_stop(BhPools *pools) {
        if (pools)
                pools->is_stopping = true;
}

void bh_pools_free(BhPools *pools) {
        if (!pools)
                return;
        for (unsigned i = 0; i < pools->entries->len; i++) {
                BhPoolEntry *entry = pools->entries->pdata[i];

                if (entry->known->last_seen_usec != entry->noted_usec)
                        note(pools, entry);
        }
        sd_event_source_disable_unref(pools->again);
        sd_event_source_disable_unref(pools->measure);
        list_clear(pools->shown, pools->n_shown);
        bh_pool_clear(&pools->main);
        g_ptr_array_unref(pools->entries);
        g_hash_table_unref(pools->held);
        g_hash_table_unref(pools->reserved);
        g_hash_table_unref(pools->attaching);
        g_mutex_clear(&pools->lock);
        g_cond_clear(&pools->changed);
        g_free(pools);
}
