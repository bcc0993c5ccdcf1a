/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files-private.h"
#include "log.h"
#include "macro.h"
#include "trash-record.h"

/* Into the trash, which counts for the quota of the owners, out of it again, and away for good. */

typedef struct Put {
        const BhCaller *caller;
        const char *only_owner; /* or NULL */
        BhCharges charges;
        uint64_t size;
        BhNode surveyed; /* what the sums are of */
        int result;      /* what came of summing up */
} Put;

static void put_clear(Put *put) {
        bh_charges_clear(&put->charges);
        bh_node_clear(&put->surveyed);
}

/* All or nothing: one part that the caller may not change keeps the whole. */
static int visit_put(const BhTreeItem *item, void *userdata) {
        Put *put = userdata;

        if (!bh_access_may_change(put->caller, item->owner))
                return -EACCES;
        if (put->only_owner && strcmp(item->owner, put->only_owner) != 0)
                return -ESTALE;
        if (S_ISREG(item->stat.st_mode)) {
                bh_charges_add(&put->charges, item->owner, 0, item->stat.st_size);
                put->size += (uint64_t)item->stat.st_size;
        }
        return 0;
}

static int open_item(const BhPlace *place, const BhCaller *caller, BhNode *ret_parent, BhNode *ret_item) {
        int r = bh_files_open_parent(place->root, caller, &place->path, ret_parent);

        if (r == -EILSEQ)
                return -ENOENT; /* the reserved name: asked for as something that exists */
        if (r >= 0)
                r = bh_node_open_child(ret_parent, caller, bh_path_name(&place->path), ret_item);
        if (r >= 0 && !bh_access_may_change(caller, ret_item->owner))
                return -EACCES;
        return r;
}

/* Whether all of it may go, and how much that is. */
static int sum_up(Put *put, const BhNode *item) {
        bh_charges_clear(&put->charges);
        put->size = 0;
        return bh_tree_walk(item->fd, item->owner, BH_TREE_OWNERS, NULL, visit_put, put);
}

/* names is held. The counters follow the rename at once, so that nobody who comes next sees old ones. */
static int put_locked(const BhPlace *place, const BhTrashRecord *record, Put *put, bool is_good, BhNode *ret_parent,
                      BhNode *ret_item) {
        int r;

        r = open_item(place, put->caller, ret_parent, ret_item);
        if (r >= 0)
                r = is_good && bh_files_is_same_node(&put->surveyed, ret_item) ? put->result : sum_up(put, ret_item);
        if (r >= 0)
                r = bh_files_keep_owner(ret_item, "");
        if (r >= 0) {
                bh_trash_record_set_size(record, put->size);
                bh_survey_disturb(place->root, &place->path);
                r = bh_storage_rename(ret_parent->fd, bh_path_name(&place->path), record->fd, BH_TRASH_CONTENT,
                                      RENAME_NOREPLACE);
        }
        if (r >= 0)
                bh_ledger_apply(place->root->ledger, &put->charges);
        return r;
}

static void undo_put(const BhPlace *place, const BhTrashRecord *record, const BhNode *parent, BhCharges *charges) {
        BhRoot *root = place->root;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&root->names);

        bh_survey_disturb(root, &place->path);
        int r = bh_root_is_taken(root, parent, bh_path_name(&place->path))
                        ? -EEXIST
                        : bh_storage_rename(record->fd, BH_TRASH_CONTENT, parent->fd, bh_path_name(&place->path),
                                            RENAME_NOREPLACE);

        if (r < 0) {
                bh_root_set_lost(root, r, place->path.text);
                return;
        }
        bh_charges_negate(charges);
        bh_ledger_apply(root->ledger, charges);
        (void)bh_trash_record_remove(&root->storage, record);
}

static int put_record(const BhPlace *place, const char *action, const BhTrashRecord *record, Put *put,
                      BhSurvey *survey) {
        _cleanup_(bh_node_clear) BhNode parent = BH_NODE_INIT, item = BH_NODE_INIT;
        BhRoot *root = place->root;
        int r;

        g_mutex_lock(&root->names);
        bool is_good = bh_survey_end(survey);
        r = put_locked(place, record, put, is_good, &parent, &item);
        g_mutex_unlock(&root->names);
        if (r < 0) {
                (void)bh_trash_record_remove(&root->storage, record);
                return r;
        }
        /* The trash first: after a power cut the content may be at two places, but never at none. */
        const int fds[] = {record->fd, root->storage.trash_fd, parent.fd};
        const BhAudit audit = {
                .event_type = BH_AUDIT_FILE_MODIFY, .action = action, .target = place->path.text, .size = put->size};
        r = bh_files_make_durable(
                root,
                &(BhDurable){.caller = put->caller, .audit = &audit, .charges = &put->charges, .fds = fds, .n_fds = 3});
        if (r < 0)
                undo_put(place, record, &parent, &put->charges);
        return r;
}

/* Finds out all that can be without holding names. Most refusals end here, before anything was written. */
static int survey_item(const BhPlace *place, Put *put) {
        _cleanup_(bh_node_clear) BhNode parent = BH_NODE_INIT;
        int r = open_item(place, put->caller, &parent, &put->surveyed);

        if (r >= 0)
                put->result = sum_up(put, &put->surveyed);
        return r;
}

int bh_trash_put(const BhPlace *place, const BhCaller *caller, const char *action, const char *only_owner,
                 char **ret_trash_id) {
        _cleanup_(bh_trash_record_clear) BhTrashRecord record = BH_TRASH_RECORD_INIT;
        _cleanup_(put_clear) Put put = {.caller = caller, .only_owner = only_owner, .surveyed = BH_NODE_INIT};
        BhRoot *root = place->root;
        BhSurvey survey;
        int r;

        bh_survey_begin(&survey, root, &place->path);
        r = survey_item(place, &put);
        if (r >= 0)
                r = bh_trash_record_create(&root->storage, bh_path_inner(&place->path), caller->owner, &record);
        if (r < 0) {
                g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&root->names);

                (void)bh_survey_end(&survey);
                return r;
        }
        r = put_record(place, action, &record, &put, &survey);
        if (r >= 0)
                *ret_trash_id = g_strdup(record.id);
        return r;
}

static int delete_path(BhFiles *files, const BhCaller *caller, const char *text, bool missing_ok, char **ret_trash_id) {
        _cleanup_(bh_place_clear) BhPlace place = {};
        int r;

        r = bh_files_begin_change(files, text, &place);
        if (r >= 0)
                r = bh_trash_put(&place, caller, "delete", NULL, ret_trash_id); /* a root is -EINVAL */
        if (r == -ENOENT && missing_ok) {
                *ret_trash_id = g_strdup("");
                return 0;
        }
        return r;
}

int bh_files_delete(BhFiles *files, const BhCaller *caller, const char *path, bool missing_ok, char **ret_trash_id) {
        return bh_files_refuse(files, caller, BH_AUDIT_FILE_MODIFY, "delete", path,
                               delete_path(files, caller, path, missing_ok, ret_trash_id));
}

bool bh_trash_is_callers(const BhCaller *caller, const BhTrashRecord *record) {
        const char *owner = record->content.owner[0] ? record->content.owner : record->deleted_by;

        return strcmp(owner, caller->owner) == 0;
}

void bh_trash_items_free(BhTrashItem *items, size_t n_items) {
        for (size_t i = 0; i < n_items; i++) {
                g_free(items[i].trash_id);
                g_free(items[i].path);
        }
        g_free(items);
}

static int64_t expires_usec(const BhFiles *files, const BhTrashRecord *record) {
        return files->trash_days > 0 ? record->deleted_usec + files->trash_days * BH_USEC_PER_DAY : 0;
}

/* Where an item of the root's trash was; free with g_free(). */
static char *full_path(const BhRoot *root, const char *inner) {
        return bh_root_is_main(root) ? g_strdup(inner) : g_strconcat(root->name, "/", inner, NULL);
}

static int describe(const BhRoot *root, const BhTrashRecord *record, BhTrashItem *ret) {
        BhFiles *files = root->files;
        uint64_t size;
        int r = bh_trash_record_get_size(record, &size);

        if (r < 0)
                return r;
        *ret = (BhTrashItem){
                .trash_id = g_strdup(record->id),
                .path = full_path(root, record->path),
                .is_directory = bh_node_is_directory(&record->content),
                .size = size,
                .deleted_usec = record->deleted_usec,
                .expires_usec = expires_usec(files, record),
                .owner_id =
                        record->content.owner[0] ? bh_accounts_id_of_owner(files->accounts, record->content.owner) : 0,
        };
        return 0;
}

static int compare_items(const void *a, const void *b) {
        const BhTrashItem *x = a, *y = b;

        if (x->deleted_usec != y->deleted_usec)
                return x->deleted_usec > y->deleted_usec ? -1 : 1;
        return strcmp(x->trash_id, y->trash_id);
}

/* Adds what is in the root's trash and the caller's, or all of it. */
static int list_root(const BhRoot *root, const BhCaller *caller, bool all, GArray *items) {
        g_auto(GStrv) ids = NULL;
        int r;

        r = bh_trash_record_list(&root->storage, &ids);
        for (char **id = ids; r >= 0 && *id; id++) {
                _cleanup_(bh_trash_record_clear) BhTrashRecord record = BH_TRASH_RECORD_INIT;
                BhTrashItem item;

                r = bh_trash_record_open(&root->storage, *id, &record);
                if (r >= 0 && (all || bh_trash_is_callers(caller, &record))) {
                        r = describe(root, &record, &item);
                        if (r >= 0)
                                g_array_append_val(items, item);
                }
                if (r == -ENOENT)
                        r = 0;
        }
        return r;
}

int bh_files_list_trash(BhFiles *files, const BhCaller *caller, bool all, BhTrashItem **ret, size_t *ret_n) {
        g_autoptr(GPtrArray) roots = NULL;
        int r = 0;

        if (all && !bh_caller_is_admin(caller))
                return bh_files_refuse(files, caller, BH_AUDIT_FILE_ACCESS, "list-trash", NULL, -EPERM);
        roots = bh_files_hold_all(files, NULL);
        GArray *items = g_array_new(FALSE, FALSE, sizeof(BhTrashItem));
        for (size_t i = 0; r >= 0 && i < roots->len; i++) {
                r = list_root(g_ptr_array_index(roots, i), caller, all, items);
                if (r < 0 && i > 0) { /* a pool whose disk fails does not hide the rest */
                        bh_log_warning_errno(r, "Cannot list the trash of the pool “%s”",
                                             ((const BhRoot *)g_ptr_array_index(roots, i))->name);
                        r = 0;
                }
        }
        *ret_n = items->len;
        *ret = (BhTrashItem *)(void *)g_array_free(items, FALSE);
        if (r < 0) {
                bh_trash_items_free(*ret, *ret_n);
                return r;
        }
        if (*ret_n > 0)
                qsort(*ret, *ret_n, sizeof(BhTrashItem), compare_items);
        return 0;
}

/* Opens an item that the caller may do something with. Others' are as good as missing to those who guess. */
static int open_record(const BhRoot *root, const BhCaller *caller, const char *id, BhTrashRecord *ret) {
        int r = bh_trash_record_open(&root->storage, id, ret);

        if (r < 0)
                return r;
        if (bh_caller_is_admin(caller) || bh_trash_is_callers(caller, ret))
                return 0;
        bh_trash_record_clear(ret);
        return -EACCES;
}

typedef struct Restore {
        BhRoot *root;
        const BhCaller *caller;
        const BhTrashRecord *record;
        bool keep_both, parents;
        GArray *created;
        BhNode parent;
        BhPath path;
        char *name;
        BhRelocation relocation;
        BhCharges charges;
} Restore;

static void restore_clear(Restore *restore) {
        g_array_unref(restore->created);
        bh_node_clear(&restore->parent);
        bh_path_clear(&restore->path);
        g_free(restore->name);
        bh_charges_clear(&restore->charges);
}

static int visit_restore(const BhTreeItem *item, void *userdata) {
        if (S_ISREG(item->stat.st_mode))
                bh_charges_add(userdata, item->owner, 0, -item->stat.st_size);
        return 0;
}

/* names is held. That the directory may be viewed is enough: it puts back what had its place there, and adds nothing
 * new. */
static int restore_locked(Restore *restore) {
        BhRoot *root = restore->root;
        const BhNode *content = &restore->record->content;
        g_autofree char *text = full_path(root, restore->record->path);
        int r;

        r = bh_path_parse(&restore->path, text);
        if (r < 0)
                return r;
        /* A folder at the top of the main root whose name a pool has now stays out of reach. */
        bh_path_set_base(&restore->path, bh_root_is_main(root) ? 0 : 1);
        if (restore->path.depth > 1 && bh_root_has_pool(root, restore->path.names[0]))
                return -EEXIST;
        if (restore->parents)
                r = bh_files_make_path(root, restore->caller,
                                       content->owner[0] ? content->owner : restore->caller->owner, &restore->path,
                                       restore->path.depth - 1, restore->created, &restore->parent);
        else
                r = bh_files_open_parent(root, restore->caller, &restore->path, &restore->parent);
        if (r < 0)
                return r;
        const char *name = bh_path_name(&restore->path);
        restore->name = restore->keep_both ? bh_files_free_name(root, &restore->parent, name) : g_strdup(name);
        if (!restore->name)
                return -EEXIST;
        restore->relocation = (BhRelocation){
                .source_fd = restore->record->fd,
                .source_name = BH_TRASH_CONTENT,
                .target = &restore->parent,
                .target_name = restore->name,
                .target_depth = restore->path.depth,
                .target_size = strlen(restore->path.text) + strlen(restore->name) - strlen(name),
        };
        r = bh_tree_walk(content->fd, content->owner, BH_TREE_OWNERS | BH_TREE_SKIP_FOREIGN, NULL, visit_restore,
                         &restore->charges);
        if (r >= 0)
                bh_survey_disturb(root, &restore->path);
        if (r >= 0)
                r = bh_files_relocate(root, content, &restore->relocation);
        if (r >= 0)
                bh_ledger_apply(root->ledger, &restore->charges);
        return r;
}

static void undo_restore(Restore *restore) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&restore->root->names);
        int r = bh_files_undo_relocate(&restore->record->content, &restore->relocation);

        if (r < 0) {
                bh_root_set_lost(restore->root, r, restore->path.text);
                return;
        }
        bh_charges_negate(&restore->charges);
        bh_ledger_apply(restore->root->ledger, &restore->charges);
        bh_created_undo(restore->created);
}

static int finish_restore(Restore *restore) {
        int r;

        const BhAudit audit = {.event_type = BH_AUDIT_FILE_MODIFY, .action = "restore", .target = restore->path.text};
        r = bh_files_make_durable(restore->root, &(BhDurable){.caller = restore->caller,
                                                              .audit = &audit,
                                                              .charges = &restore->charges,
                                                              .created = restore->created,
                                                              .fds = &restore->parent.fd,
                                                              .n_fds = 1});
        if (r < 0) {
                undo_restore(restore);
                return r;
        }
        /* What remains of the record is without content; should it stay, the next start removes it. */
        (void)bh_trash_record_remove(&restore->root->storage, restore->record);
        return 0;
}

static int restore_item(BhRoot *root, const BhCaller *caller, const char *id, bool keep_both, bool parents,
                        char **ret_path) {
        _cleanup_(bh_trash_record_clear) BhTrashRecord record = BH_TRASH_RECORD_INIT;
        _cleanup_(restore_clear) Restore restore = {
                .root = root,
                .caller = caller,
                .record = &record,
                .keep_both = keep_both,
                .parents = parents,
                .created = bh_created_new(),
                .parent = BH_NODE_INIT,
        };
        int r;

        g_mutex_lock(&root->names);
        r = open_record(root, caller, id, &record);
        if (r >= 0) {
                r = restore_locked(&restore);
                if (r < 0)
                        bh_created_undo(restore.created);
        }
        g_mutex_unlock(&root->names);
        if (r >= 0)
                r = finish_restore(&restore);
        if (r < 0)
                return r;
        g_autofree char *parent = bh_path_parent(&restore.path);
        *ret_path = parent[0] ? g_strconcat(parent, "/", restore.name, NULL) : g_strdup(restore.name);
        return 0;
}

int bh_trash_find_root(const GPtrArray *roots, const char *id, BhRoot **ret) {
        for (size_t i = 0; i < roots->len; i++) {
                BhRoot *root = g_ptr_array_index(roots, i);

                if (bh_trash_record_exists(&root->storage, id)) {
                        *ret = root;
                        return bh_root_begin_change(root);
                }
        }
        return -ENOENT;
}

int bh_files_restore_trash(BhFiles *files, const BhCaller *caller, const char *trash_id, bool keep_both, bool parents,
                           char **ret_path) {
        g_autoptr(GPtrArray) roots = bh_files_hold_all(files, NULL);
        BhRoot *root;
        int r = bh_trash_find_root(roots, trash_id, &root);

        if (r >= 0)
                r = restore_item(root, caller, trash_id, keep_both, parents, ret_path);
        return bh_files_refuse(files, caller, BH_AUDIT_FILE_MODIFY, "restore", trash_id, r);
}

static int visit_trash_count(const BhTreeItem *item, void *userdata) {
        if (S_ISREG(item->stat.st_mode))
                bh_charges_add(userdata, item->owner, item->stat.st_size, item->stat.st_size);
        return 0;
}

int bh_trash_reconcile(BhRoot *root, BhCharges *counted) {
        g_auto(GStrv) ids = NULL;
        int r;

        r = bh_trash_record_list(&root->storage, &ids);
        for (char **id = ids; r >= 0 && *id; id++) {
                _cleanup_(bh_trash_record_clear) BhTrashRecord record = BH_TRASH_RECORD_INIT;

                r = bh_trash_record_open(&root->storage, *id, &record);
                if (r == -ENOENT)
                        r = bh_tree_remove(root->storage.trash_fd, *id);
                else if (r == -EXDEV || r == -EACCES) {
                        bh_log_warning_errno(r, "Cannot look into “%s” in the trash", *id);
                        r = 0;
                } else if (r >= 0)
                        r = bh_tree_walk(record.content.fd, record.content.owner, BH_TREE_OWNERS | BH_TREE_SKIP_FOREIGN,
                                         &root->is_stopping, visit_trash_count, counted);
        }
        return r;
}
