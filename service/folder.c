/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files-private.h"
#include "macro.h"

typedef struct Created {
        int parent_fd, fd;
        char name[BH_NAME_SIZE_MAX + 1];
} Created;

static void clear_created(void *data) {
        Created *created = data;

        bh_closep(&created->fd);
        bh_closep(&created->parent_fd);
}

GArray *bh_created_new(void) {
        GArray *created = g_array_new(FALSE, FALSE, sizeof(Created));

        g_array_set_clear_func(created, clear_created);
        return created;
}

int bh_created_sync(BhFiles *files, const GArray *created) {
        for (size_t i = 0; i < created->len; i++) {
                const Created *one = &g_array_index(created, Created, i);
                int r = bh_sync_directory(files->sync, one->fd);

                if (r >= 0)
                        r = bh_sync_directory(files->sync, one->parent_fd);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Somebody may have put something into them meanwhile: such a directory stays. */
void bh_created_undo(const GArray *created) {
        for (size_t i = created->len; i-- > 0;) {
                const Created *one = &g_array_index(created, Created, i);

                if (unlinkat(one->parent_fd, one->name, AT_REMOVEDIR) < 0)
                        return;
        }
}

/* Made in staging, so that it has its owner when it gets its name. */
static int create_directory(BhRoot *root, const BhNode *parent, const char *name, const char *owner, GArray *created) {
        char id[BH_STORAGE_ID_SIZE];
        Created one = {.parent_fd = -1, .fd = -1};
        int r;

        if (bh_root_is_taken(root, parent, name))
                return -EEXIST;
        g_strlcpy(one.name, name, sizeof(one.name));
        bh_storage_make_id(id);
        one.fd = bh_storage_make_directory(root->storage.staging_fd, id, owner);
        if (one.fd < 0)
                return one.fd;
        one.parent_fd = fcntl(parent->fd, F_DUPFD_CLOEXEC, 3);
        r = one.parent_fd < 0 ? -errno
                              : bh_storage_rename(root->storage.staging_fd, id, parent->fd, name, RENAME_NOREPLACE);
        if (r < 0) {
                (void)unlinkat(root->storage.staging_fd, id, AT_REMOVEDIR);
                clear_created(&one);
                return r;
        }
        g_array_append_val(created, one);
        return 0;
}

/* The directory name in parent, created when it is missing. */
static int make_child(BhRoot *root, const BhCaller *caller, const char *owner, const BhNode *parent, const char *name,
                      GArray *created, BhNode *ret) {
        int r = bh_node_open_child(parent, caller, name, ret);

        if (r == -EACCES)
                return -ENOENT;
        if (r == -ENOENT) {
                if (!bh_access_may_add(caller, parent->owner, parent->is_root))
                        return -EACCES;
                r = create_directory(root, parent, name, owner, created);
                if (r >= 0)
                        r = bh_node_open_child(parent, caller, name, ret);
        }
        if (r < 0)
                return r;
        if (!bh_node_is_directory(ret)) {
                bh_node_clear(ret);
                return -EEXIST;
        }
        return 0;
}

int bh_files_make_path(BhRoot *root, const BhCaller *caller, const char *owner, const BhPath *path, size_t depth,
                       GArray *created, BhNode *ret) {
        _cleanup_(bh_node_clear) BhNode node = BH_NODE_INIT;
        size_t n_before = created->len;
        int r;

        if (path->reserved)
                return depth <= path->base + 1 ? -EILSEQ : -ENOENT;
        r = bh_node_open(root->storage.root_fd, caller, path, path->base, &node);
        for (size_t i = path->base; r >= 0 && i < depth; i++) {
                _cleanup_(bh_node_clear) BhNode parent = node;

                node = BH_NODE_INIT;
                r = make_child(root, caller, owner, &parent, path->names[i], created, &node);
        }
        if (created->len > n_before)
                bh_survey_disturb(root, path);
        if (r < 0) {
                if (created->len > n_before) {
                        bh_created_undo(created);
                        g_array_set_size(created, (guint)n_before);
                }
                return r;
        }
        *ret = node;
        node = BH_NODE_INIT;
        return 0;
}

/* Without parents: there must be a directory to create it in, and nothing of that name yet. names is held. */
static int check_single(const BhRoot *root, const BhCaller *caller, const BhPath *path) {
        _cleanup_(bh_node_clear) BhNode parent = BH_NODE_INIT, child = BH_NODE_INIT;
        int r;

        r = bh_files_open_parent(root, caller, path, &parent);
        if (r < 0)
                return r;
        r = bh_node_open_child(&parent, caller, bh_path_name(path), &child);
        if (r >= 0 || r == -EACCES)
                return -EEXIST;
        return r == -ENOENT ? 0 : r;
}

static int create_folder(BhFiles *files, const BhCaller *caller, const char *text, bool parents, BhEntry *ret) {
        _cleanup_(bh_place_clear) BhPlace place = {};
        _cleanup_(bh_node_clear) BhNode node = BH_NODE_INIT;
        g_autoptr(GArray) created = bh_created_new();
        const BhPath *path = &place.path;
        int r;

        r = bh_files_begin_change(files, text, &place);
        if (r < 0)
                return r;
        BhRoot *root = place.root;
        if (bh_path_is_root(path) && !parents)
                return -EEXIST;
        g_mutex_lock(&root->names);
        r = parents ? 0 : check_single(root, caller, path);
        if (r >= 0)
                r = bh_files_make_path(root, caller, caller->owner, path, path->depth, created, &node);
        g_mutex_unlock(&root->names);
        if (r < 0)
                return r;
        if (created->len > 0) {
                const BhAudit audit = {
                        .event_type = BH_AUDIT_FILE_MODIFY, .action = "create-folder", .target = path->text};
                r = bh_files_make_durable(root, &(BhDurable){.caller = caller, .audit = &audit, .created = created});
                if (r < 0) {
                        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&root->names);
                        bh_created_undo(created);
                        return r;
                }
        }
        bh_entry_fill(files, caller, path->text, bh_path_name(path), &node.stat, node.owner, ret);
        return 0;
}

int bh_files_create_folder(BhFiles *files, const BhCaller *caller, const char *path, bool parents, BhEntry *ret) {
        return bh_files_refuse(files, caller, BH_AUDIT_FILE_MODIFY, "create-folder", path,
                               create_folder(files, caller, path, parents, ret));
}
