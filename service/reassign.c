/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "files-private.h"
#include "log.h"
#include "macro.h"
#include "owner.h"
#include "trash-record.h"

/* What becomes of the files of an account that is deleted. All marks are found by walking over the storage: they are
 * nowhere else. */

typedef struct Reassign {
        const char *from, *to;
        BhCharges charges;
        bool is_trash;
} Reassign;

/* Opens what the item is, for its mark; the walk has made sure that the item is in reach. */
static int open_item(const BhTreeItem *item, int top_fd) {
        if (item->depth == 0)
                return bh_path_reopen(top_fd, O_PATH);
        return bh_path_open_at(item->directory_fd, item->name, O_PATH);
}

typedef struct Visit {
        Reassign *reassign;
        int top_fd;
} Visit;

static int visit_reassign(const BhTreeItem *item, void *userdata) {
        Visit *visit = userdata;
        Reassign *reassign = visit->reassign;

        if (strcmp(item->owner, reassign->from) != 0)
                return 0;
        if (S_ISREG(item->stat.st_mode)) {
                int64_t size = item->stat.st_size, trash = reassign->is_trash ? size : 0;

                bh_charges_add(&reassign->charges, reassign->from, -size, -trash);
                bh_charges_add(&reassign->charges, reassign->to, size, trash);
        }
        if (!item->is_marked)
                return 0;
        _cleanup_(bh_closep) int fd = open_item(item, visit->top_fd);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        return bh_owner_write(fd, reassign->to);
}

static int reassign_tree(BhRoot *root, Reassign *reassign, int fd, const char *owner, BhTreeFlags flags) {
        Visit visit = {.reassign = reassign, .top_fd = fd};

        return bh_tree_walk(fd, owner, BH_TREE_OWNERS | BH_TREE_SKIP_FOREIGN | flags, &root->is_stopping,
                            visit_reassign, &visit);
}

static int reassign_trash(BhRoot *root, Reassign *reassign) {
        g_auto(GStrv) ids = NULL;
        int r;

        reassign->is_trash = true;
        r = bh_trash_record_list(&root->storage, &ids);
        for (char **id = ids; r >= 0 && *id; id++) {
                _cleanup_(bh_trash_record_clear) BhTrashRecord record = BH_TRASH_RECORD_INIT;

                r = bh_trash_record_open(&root->storage, *id, &record);
                if (r >= 0)
                        r = reassign_tree(root, reassign, record.content.fd, record.content.owner, 0);
                else if (r == -ENOENT)
                        r = 0;
        }
        reassign->is_trash = false;
        return r;
}

/* Makes marks durable that were written all over the storage. */
static int sync_marks(const BhRoot *root) {
        return syncfs(root->storage.root_fd) < 0 ? -errno : 0;
}

static int reassign_root(BhRoot *root, const BhCaller *caller, const char *from, const char *to) {
        g_autofree char *message = g_strdup_printf("from %s to %s", from, to);
        Reassign job = {.from = from, .to = to};
        int r;

        r = bh_root_begin_change(root);
        if (r < 0)
                return r;
        g_mutex_lock(&root->names);
        bh_survey_disturb(root, NULL);
        r = reassign_tree(root, &job, root->storage.root_fd, "", BH_TREE_SKIP_RESERVED);
        if (r >= 0)
                r = reassign_trash(root, &job);
        bh_ledger_apply(root->ledger, &job.charges); /* what was done in part is done */
        g_mutex_unlock(&root->names);
        bh_listings_invalidate(root->files->listings);

        int synced = sync_marks(root);
        int recorded = bh_files_record(root, caller,
                                       &(BhAudit){.event_type = BH_AUDIT_FILE_MODIFY,
                                                  .action = "reassign-owner",
                                                  .target = bh_root_is_main(root) ? NULL : root->name,
                                                  .message = message,
                                                  .result = r},
                                       &job.charges);
        if (recorded < 0)
                bh_root_set_lost(root, recorded, message);
        bh_charges_clear(&job.charges);
        return r < 0 ? r : synced < 0 ? synced : recorded;
}

int bh_files_reassign_owner(BhFiles *files, const BhCaller *caller, const char *from_owner, const char *to_owner) {
        g_autoptr(GPtrArray) roots = NULL;
        int r = 0;

        if (!from_owner[0] || strcmp(from_owner, to_owner) == 0)
                return -EINVAL;
        bh_uploads_abort_owner(files, from_owner);
        roots = bh_files_hold_all(files, NULL);
        for (size_t i = 0; r >= 0 && i < roots->len; i++)
                r = reassign_root(g_ptr_array_index(roots, i), caller, from_owner, to_owner);
        return r;
}

/* Finds the topmost items that are marked with the owner, and of which everything is the owner's. */
typedef struct Find {
        const char *owner;
        GPtrArray *paths;
} Find;

typedef struct Purity {
        const char *owner;
        bool is_pure;
} Purity;

static int visit_purity(const BhTreeItem *item, void *userdata) {
        Purity *purity = userdata;

        if (strcmp(item->owner, purity->owner) == 0)
                return 0;
        purity->is_pure = false;
        return -ECANCELED;
}

static int is_pure(const BhTreeItem *item, const char *owner, bool *ret) {
        Purity purity = {.owner = owner, .is_pure = true};
        _cleanup_(bh_closep) int fd = bh_path_open_at(item->directory_fd, item->name, O_PATH);
        int r;

        if (fd < 0)
                return fd;
        r = bh_tree_walk(fd, item->owner, BH_TREE_OWNERS | BH_TREE_SKIP_FOREIGN, NULL, visit_purity, &purity);
        *ret = purity.is_pure;
        return r == -ECANCELED ? 0 : r;
}

static int visit_find(const BhTreeItem *item, void *userdata) {
        Find *find = userdata;
        bool pure = false;

        if (item->depth == 0 || strcmp(item->owner, find->owner) != 0 ||
            (!S_ISREG(item->stat.st_mode) && !S_ISDIR(item->stat.st_mode)))
                return 0;
        int r = is_pure(item, find->owner, &pure);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (!pure)
                return 0;
        g_ptr_array_add(find->paths, g_strdup(item->relative_path));
        return BH_TREE_PRUNE;
}

/* Moves what was found to the trash. */
static int trash_paths(BhRoot *root, const BhCaller *trasher, const char *owner, const GPtrArray *paths) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < paths->len; i++) {
                const char *inner = g_ptr_array_index(paths, i);
                g_autofree char *text =
                        bh_root_is_main(root) ? g_strdup(inner) : g_strconcat(root->name, "/", inner, NULL);
                g_autofree char *id = NULL;
                BhPlace place = {.root = root};

                r = bh_path_parse(&place.path, text);
                if (r >= 0) {
                        bh_path_set_base(&place.path, bh_root_is_main(root) ? 0 : 1);
                        r = bh_trash_put(&place, trasher, "delete", owner, &id);
                        bh_path_clear(&place.path);
                }
                if (r == -ENOENT || r == -ESTALE)
                        r = 0; /* somebody was faster */
                if (r == -EILSEQ || r == -EXDEV) {
                        bh_log_warning("“%s” cannot be moved to the trash, it changes its owner only", text);
                        r = 0;
                }
        }
        return r;
}

static int trash_root(BhRoot *root, const BhCaller *trasher, const char *owner) {
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
        Find find = {.owner = owner, .paths = paths};
        int r;

        r = bh_root_begin_change(root);
        if (r < 0)
                return r;
        g_mutex_lock(&root->names);
        r = bh_tree_walk(root->storage.root_fd, "",
                         BH_TREE_OWNERS | BH_TREE_PATHS | BH_TREE_SKIP_FOREIGN | BH_TREE_SKIP_RESERVED,
                         &root->is_stopping, visit_find, &find);
        g_mutex_unlock(&root->names);
        return r < 0 ? r : trash_paths(root, trasher, owner, paths);
}

int bh_files_trash_owner(BhFiles *files, const BhCaller *caller, const char *from_owner, const char *to_owner) {
        BhCaller trasher = bh_files_nobody; /* the trash is the new owner's, whoever asked */
        g_autoptr(GPtrArray) roots = NULL;
        int r = 0;

        if (!from_owner[0] || strcmp(from_owner, to_owner) == 0)
                return -EINVAL;
        bh_uploads_abort_owner(files, from_owner);
        g_strlcpy(trasher.owner, to_owner, sizeof(trasher.owner));
        trasher.username = caller->username;
        trasher.user_id = caller->user_id;
        roots = bh_files_hold_all(files, NULL);
        for (size_t i = 0; r >= 0 && i < roots->len; i++)
                r = trash_root(g_ptr_array_index(roots, i), &trasher, from_owner);
        /* What is in the trash now, and folders that hold somebody else's, too. */
        return r < 0 ? r : bh_files_reassign_owner(files, caller, from_owner, to_owner);
}
