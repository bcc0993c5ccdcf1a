/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "files-private.h"
#include "log.h"
#include "macro.h"
#include "trash-record.h"

/* Deleting for good. An item leaves the trash in one step, so that it is there as a whole or not at all, and lies in staging until it is removed. Many
 * items are made durable and recorded together. */

/* Trees of so many files and folders are removed before the answer, larger ones by the sweeper. */
#define PROMPT_ITEMS 1000

typedef struct Purged {
        char id[BH_STORAGE_ID_SIZE];
        char *path;
        uint64_t size;
} Purged;

typedef struct Purge {
        BhRoot *root;
        const BhCaller *caller;
        BhCharges charges;
        GArray *purged; /* of Purged */
        uint64_t n_items;
        uint64_t size; /* of the item at hand */
} Purge;

static void clear_purged(void *data) {
        g_free(((Purged *)data)->path);
}

static void purge_init(Purge *purge, BhRoot *root, const BhCaller *caller) {
        *purge = (Purge){.root = root, .caller = caller, .purged = g_array_new(FALSE, FALSE, sizeof(Purged))};
        g_array_set_clear_func(purge->purged, clear_purged);
}

static void purge_clear(Purge *purge) {
        bh_charges_clear(&purge->charges);
        g_array_unref(purge->purged);
}

static int visit_purge(const BhTreeItem *item, void *userdata) {
        Purge *purge = userdata;

        purge->n_items++;
        if (S_ISREG(item->stat.st_mode)) {
                bh_charges_add(&purge->charges, item->owner, -item->stat.st_size, -item->stat.st_size);
                purge->size += (uint64_t)item->stat.st_size;
        }
        return 0;
}

static int take_locked(Purge *purge, const BhTrashRecord *record) {
        _cleanup_(bh_charges_clear) BhCharges before = {};
        const BhStorage *storage = &purge->root->storage;
        int r;

        for (size_t i = 0; i < bh_charges_size(&purge->charges); i++) {
                const BhCharge *charge = bh_charges_at(&purge->charges, i);
                bh_charges_add(&before, charge->owner, charge->used_bytes, charge->trash_bytes);
        }
        purge->size = 0;
        r = bh_tree_walk(record->content.fd, record->content.owner, BH_TREE_OWNERS | BH_TREE_SKIP_FOREIGN, NULL,
                         visit_purge, purge);
        if (r >= 0)
                r = bh_storage_rename(storage->trash_fd, record->id, storage->staging_fd, record->id, RENAME_NOREPLACE);
        if (r < 0) {
                BhCharges partly = purge->charges;
                purge->charges = before;
                before = partly;
                return r;
        }
        Purged purged = {.path = g_strdup(record->path), .size = purge->size};
        g_strlcpy(purged.id, record->id, sizeof(purged.id));
        g_array_append_val(purge->purged, purged);
        return 0;
}

/* Takes an item out of the trash. until_usec: only if it was deleted until then. */
static int take(Purge *purge, const char *id, bool only_callers, int64_t until_usec) {
        _cleanup_(bh_trash_record_clear) BhTrashRecord record = BH_TRASH_RECORD_INIT;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&purge->root->names);
        int r = bh_trash_record_open(&purge->root->storage, id, &record);

        if (r < 0)
                return r;
        if (record.deleted_usec > until_usec || (only_callers && !bh_trash_is_callers(purge->caller, &record)))
                return 0;
        if (!bh_caller_is_admin(purge->caller) && !bh_trash_is_callers(purge->caller, &record))
                return -EACCES;
        return take_locked(purge, &record);
}

static int write_purge(sqlite3 *db, void *userdata) {
        const Purge *purge = userdata;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < purge->purged->len; i++) {
                const Purged *purged = &g_array_index(purge->purged, Purged, i);
                const BhAudit audit = {.event_type = BH_AUDIT_FILE_MODIFY,
                                       .action = "purge",
                                       .target = purged->path,
                                       .size = purged->size};

                r = bh_audit_append(db, purge->caller, &audit);
        }
        return r < 0 ? r : bh_quota_write_charges(db, purge->root->id, &purge->charges);
}

/* Back into the trash. */
static void put_back(Purge *purge) {
        const BhStorage *storage = &purge->root->storage;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&purge->root->names);

        for (size_t i = 0; i < purge->purged->len; i++) {
                const Purged *purged = &g_array_index(purge->purged, Purged, i);
                int r = bh_storage_rename(storage->staging_fd, purged->id, storage->trash_fd, purged->id,
                                          RENAME_NOREPLACE);

                if (r < 0)
                        bh_root_set_lost(purge->root, r, purged->path);
        }
}

static void remove_all(Purge *purge) {
        for (size_t i = 0; i < purge->purged->len; i++) {
                const Purged *purged = &g_array_index(purge->purged, Purged, i);
                int r;

                if (purge->n_items > PROMPT_ITEMS) {
                        bh_sweeper_add(purge->root->sweeper, purged->id);
                        continue;
                }
                r = bh_tree_remove(purge->root->storage.staging_fd, purged->id);
                if (r < 0)
                        bh_log_warning_errno(r, "Cannot remove all of “%s”; the next start tries again", purged->path);
        }
}

/* Records what was taken, and removes it. Adds to freed_bytes. */
static int finish(Purge *purge, uint64_t *freed_bytes) {
        BhRoot *root = purge->root;
        int r;

        if (purge->purged->len == 0)
                return 0;
        r = bh_sync_directory(root->files->sync, root->storage.trash_fd);
        if (r >= 0)
                r = bh_database_write(root->files->database, write_purge, purge);
        if (r < 0) {
                put_back(purge);
                return r;
        }
        bh_ledger_apply(root->ledger, &purge->charges);
        *freed_bytes += (uint64_t)-bh_charges_total(&purge->charges);
        remove_all(purge);
        return 0;
}

static int purge_one(BhFiles *files, const BhCaller *caller, const char *id, uint64_t *freed_bytes) {
        g_autoptr(GPtrArray) roots = bh_files_hold_all(files, NULL);
        _cleanup_(purge_clear) Purge purge;
        BhRoot *root = files->main;
        int r = bh_trash_find_root(roots, id, &root);

        purge_init(&purge, root, caller);
        if (r >= 0)
                r = take(&purge, id, false, INT64_MAX);
        return r < 0 ? r : finish(&purge, freed_bytes);
}

static int purge_root(BhRoot *root, const BhCaller *caller, bool only_callers, int64_t until_usec,
                      uint64_t *freed_bytes) {
        _cleanup_(purge_clear) Purge purge;
        g_auto(GStrv) ids = NULL;
        int r, result = 0;

        purge_init(&purge, root, caller);
        r = bh_root_begin_change(root);
        if (r >= 0)
                r = bh_trash_record_list(&root->storage, &ids);
        if (r < 0)
                return r;
        for (char **id = ids; *id; id++) {
                r = take(&purge, *id, only_callers, until_usec);
                if (r < 0 && r != -ENOENT)
                        result = r; /* the others go nevertheless */
        }
        r = finish(&purge, freed_bytes);
        return r < 0 ? r : result;
}

/* In all roots; what fails in one keeps none of the others. */
static int purge_many(BhFiles *files, const BhCaller *caller, bool only_callers, int64_t until_usec,
                      uint64_t *freed_bytes) {
        g_autoptr(GPtrArray) roots = bh_files_hold_all(files, NULL);
        int result = 0;

        for (size_t i = 0; i < roots->len; i++) {
                int r = purge_root(g_ptr_array_index(roots, i), caller, only_callers, until_usec, freed_bytes);

                if (r < 0 && (i == 0 || r != -ENODEV)) /* a pool that is not ready is left out */
                        result = r;
        }
        return result;
}

int bh_files_purge_trash(BhFiles *files, const BhCaller *caller, const char *trash_id, uint64_t *ret_freed_bytes) {
        int r;

        *ret_freed_bytes = 0;
        r = trash_id[0] ? purge_one(files, caller, trash_id, ret_freed_bytes)
                        : purge_many(files, caller, true, INT64_MAX, ret_freed_bytes);
        return bh_files_refuse(files, caller, BH_AUDIT_FILE_MODIFY, "purge", trash_id, r);
}

int bh_files_purge_expired(BhFiles *files) {
        uint64_t freed = 0;
        int r;

        if (files->trash_days == 0)
                return 0;
        r = purge_many(files, &bh_files_nobody, false, g_get_real_time() - files->trash_days * BH_USEC_PER_DAY, &freed);
        if (freed > 0)
                bh_log_info("Purged %" G_GUINT64_FORMAT " bytes from the trash", freed);
        return r;
}
