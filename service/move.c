/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files-private.h"
#include "macro.h"
#include "owner.h"

#define FREE_NAME_TRIES 10000

static int sync_item(const BhNode *item) {
        _cleanup_(bh_closep) int fd =
                bh_path_reopen(item->fd, bh_node_is_directory(item) ? O_RDONLY | O_DIRECTORY : O_RDONLY);

        if (fd < 0)
                return fd;
        return fsync(fd) < 0 ? -errno : 0;
}

int bh_files_keep_owner(const BhNode *item, const char *directory_owner) {
        int r;

        if (item->is_marked || strcmp(item->owner, directory_owner) == 0)
                return 0;
        r = bh_owner_write(item->fd, item->owner);
        if (r >= 0)
                r = sync_item(item);
        return r < 0 ? r : 1;
}

/* Nothing may end up where no path leads. */
static int check_depth(const BhNode *item, const BhRelocation *relocation) {
        size_t depth = relocation->depth, size = relocation->path_size;

        if (!relocation->is_measured)
                depth = size = 0;
        if (bh_node_is_directory(item) && !relocation->is_measured) {
                int r = bh_tree_measure(item->fd, &depth, &size);
                if (r < 0)
                        return r;
        }
        if (relocation->target_depth + depth > BH_PATH_DEPTH_MAX ||
            relocation->target_size + (size > 0) + size > BH_PATH_SIZE_MAX)
                return -EILSEQ;
        return 0;
}

int bh_files_relocate(const BhRoot *root, const BhNode *item, const BhRelocation *relocation) {
        int r, marked;

        if (bh_root_is_taken(root, relocation->target, relocation->target_name))
                return -EEXIST;
        r = check_depth(item, relocation);
        if (r < 0)
                return r;
        marked = bh_files_keep_owner(item, relocation->target->owner);
        if (marked < 0)
                return marked;
        r = bh_storage_rename(relocation->source_fd, relocation->source_name, relocation->target->fd,
                              relocation->target_name, RENAME_NOREPLACE);
        if (r < 0 && marked)
                (void)bh_owner_remove(item->fd);
        return r;
}

bool bh_files_is_same_node(const BhNode *a, const BhNode *b) {
        return a->stat.st_dev == b->stat.st_dev && a->stat.st_ino == b->stat.st_ino &&
               a->stat.st_mode == b->stat.st_mode && a->is_marked == b->is_marked && strcmp(a->owner, b->owner) == 0;
}

int bh_files_undo_relocate(const BhNode *item, const BhRelocation *relocation) {
        struct stat st;

        if (fstatat(relocation->target->fd, relocation->target_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (st.st_dev != item->stat.st_dev || st.st_ino != item->stat.st_ino)
                return -ENOENT;
        return bh_storage_rename(relocation->target->fd, relocation->target_name, relocation->source_fd,
                                 relocation->source_name, RENAME_NOREPLACE);
}

/* The place of source's name in the directory that was found. Of a path at the top of the main root that is a pool's
 * name this is the main root's too: nobody can give it that name. */
static int join_place(const BhPlace *directory, const BhPath *source, BhPlace *ret) {
        BhPlace place = {.root = directory->root};
        int r = bh_path_join(&place.path, directory->path.text, bh_path_name(source));

        if (r < 0)
                return r;
        bh_path_set_base(&place.path, directory->path.base);
        r = place.path.reserved ? -EILSEQ : bh_root_hold(place.root, BH_USE_OPERATION);
        if (r < 0) {
                bh_path_clear(&place.path);
                return r;
        }
        *ret = place;
        return 0;
}

int bh_files_resolve_target(BhFiles *files, const BhCaller *caller, const BhPath *source, const char *target,
                            BhPlace *ret, BhNode *ret_parent) {
        _cleanup_(bh_place_clear) BhPlace place = {};
        _cleanup_(bh_node_clear) BhNode node = BH_NODE_INIT;
        int r;

        if (bh_path_is_root(source))
                return -EINVAL;
        r = bh_place_find(files, target, &place);
        if (r < 0)
                return r;
        if (!place.path.reserved) {
                r = bh_node_open(place.root->storage.root_fd, caller, &place.path, place.path.depth, &node);
                if (r >= 0 && bh_node_is_directory(&node)) {
                        r = join_place(&place, source, ret);
                        if (r < 0)
                                return r;
                        *ret_parent = node;
                        node = BH_NODE_INIT;
                        return 0;
                }
                if (r < 0 && r != -ENOENT)
                        return r;
        }
        r = bh_files_open_parent(place.root, caller, &place.path, ret_parent);
        if (r < 0)
                return r;
        *ret = place;
        place = (BhPlace){};
        return 0;
}

/* "photo.jpg" is cut in two at the last dot, ".profile" is not. */
static size_t stem_length(const char *name) {
        const char *dot = strrchr(name, '.');

        return dot && dot != name ? (size_t)(dot - name) : strlen(name);
}

/* The name with a number before its extension, shortened at the end of its stem to what a name may have. */
static char *number_name(const char *name, unsigned number) {
        char suffix[16];
        size_t stem = stem_length(name), extension = strlen(name) - stem;

        snprintf(suffix, sizeof(suffix), " (%u)", number);
        if (extension > BH_NAME_SIZE_MAX - sizeof(suffix) - 8) {
                stem = strlen(name);
                extension = 0;
        }
        size_t most = BH_NAME_SIZE_MAX - strlen(suffix) - extension;
        const char *rest = name + strlen(name) - extension;
        if (stem > most) {
                const char *end = name + most + 1;
                stem = (size_t)(g_utf8_find_prev_char(name, end) - name);
        }
        return g_strdup_printf("%.*s%s%s", (int)stem, name, suffix, rest);
}

static bool is_free(const BhRoot *root, const BhNode *directory, const char *name) {
        struct stat st;

        return fstatat(directory->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT &&
               !bh_root_is_taken(root, directory, name);
}

char *bh_files_free_name(const BhRoot *root, const BhNode *directory, const char *name) {
        if (is_free(root, directory, name))
                return g_strdup(name);
        for (unsigned number = 2; number < FREE_NAME_TRIES; number++) {
                g_autofree char *candidate = number_name(name, number);

                if (is_free(root, directory, candidate))
                        return g_steal_pointer(&candidate);
        }
        return NULL;
}

/* Gives an item its new name, on disk and in the records. */
typedef struct Move {
        BhRoot *root;
        const BhCaller *caller;
        const char *action;
        const BhPath *source, *target;
        bool is_rename; /* within its directory: nothing is added to it */
} Move;

/* names is held. */
static int move_locked(const Move *move, BhNode *source_parent, BhNode *target_parent, BhNode *item) {
        int r;

        r = bh_files_open_parent(move->root, move->caller, move->source, source_parent);
        if (r == -EILSEQ)
                r = -ENOENT; /* the reserved name: asked for as something that exists */
        if (r >= 0)
                r = bh_node_open_child(source_parent, move->caller, bh_path_name(move->source), item);
        if (r >= 0)
                r = bh_files_open_parent(move->root, move->caller, move->target, target_parent);
        if (r < 0)
                return r;
        if (!bh_access_may_change(move->caller, item->owner))
                return -EACCES;
        if (!move->is_rename && bh_node_is_directory(item) && bh_path_is_within(move->target, move->source))
                return -EINVAL;
        if (!move->is_rename && !bh_access_may_add(move->caller, target_parent->owner, target_parent->is_root))
                return -EACCES;
        return 0;
}

/* What can be found out about the item beforehand. An error is found again under the lock, or is none any more. */
static int survey_item(const Move *move, BhNode *ret, BhRelocation *relocation) {
        _cleanup_(bh_node_clear) BhNode parent = BH_NODE_INIT;
        int r;

        r = bh_files_open_parent(move->root, move->caller, move->source, &parent);
        if (r >= 0)
                r = bh_node_open_child(&parent, move->caller, bh_path_name(move->source), ret);
        if (r >= 0 && bh_node_is_directory(ret))
                r = bh_tree_measure(ret->fd, &relocation->depth, &relocation->path_size);
        return r;
}

static int do_move(const Move *move) {
        _cleanup_(bh_node_clear) BhNode source_parent = BH_NODE_INIT, target_parent = BH_NODE_INIT, item = BH_NODE_INIT,
                                        surveyed = BH_NODE_INIT;
        BhRoot *root = move->root;
        g_autofree char *message = g_strdup_printf("to “%s”", move->target->text);
        BhRelocation relocation = {
                .source_name = bh_path_name(move->source),
                .target = &target_parent,
                .target_name = bh_path_name(move->target),
                .target_depth = move->target->depth,
                .target_size = strlen(move->target->text),
        };
        BhSurvey survey;
        int r;

        bh_survey_begin(&survey, root, move->source);
        r = survey_item(move, &surveyed, &relocation);
        g_mutex_lock(&root->names);
        bool is_good = bh_survey_end(&survey) && r >= 0;
        r = move_locked(move, &source_parent, &target_parent, &item);
        if (r >= 0) {
                relocation.source_fd = source_parent.fd;
                relocation.is_measured = is_good && bh_files_is_same_node(&surveyed, &item);
                bh_survey_disturb(root, move->source);
                bh_survey_disturb(root, move->target);
                r = bh_files_relocate(root, &item, &relocation);
        }
        g_mutex_unlock(&root->names);
        if (r < 0)
                return r;

        const BhAudit audit = {.event_type = BH_AUDIT_FILE_MODIFY,
                               .action = move->action,
                               .target = move->source->text,
                               .message = message};
        const int fds[] = {target_parent.fd, source_parent.fd};
        r = bh_files_make_durable(
                root,
                &(BhDurable){.caller = move->caller, .audit = &audit, .fds = fds, .n_fds = move->is_rename ? 1 : 2});
        if (r >= 0)
                return 0;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&root->names);
        bh_survey_disturb(root, move->source);
        bh_survey_disturb(root, move->target);
        int undone = bh_files_undo_relocate(&item, &relocation);
        if (undone < 0)
                bh_root_set_lost(root, undone, move->source->text);
        return r;
}

static int rename_path(BhFiles *files, const BhCaller *caller, const char *text, const char *new_name,
                       char **ret_path) {
        _cleanup_(bh_place_clear) BhPlace source = {};
        _cleanup_(bh_path_clear) BhPath target = {};
        int r;

        r = bh_files_begin_change(files, text, &source);
        if (r < 0)
                return r;
        if (bh_path_is_root(&source.path))
                return -EINVAL;
        if (source.path.reserved)
                return -ENOENT;
        g_autofree char *parent = bh_path_parent(&source.path);
        r = bh_path_join(&target, parent, new_name);
        if (r >= 0) {
                bh_path_set_base(&target, source.path.base);
                r = target.reserved ? -EILSEQ : 0;
        }
        if (r >= 0)
                r = do_move(&(Move){.root = source.root,
                                    .caller = caller,
                                    .action = "rename",
                                    .source = &source.path,
                                    .target = &target,
                                    .is_rename = true});
        if (r >= 0)
                *ret_path = g_strdup(target.text);
        return r;
}

int bh_files_rename(BhFiles *files, const BhCaller *caller, const char *path, const char *new_name, char **ret_path) {
        return bh_files_refuse(files, caller, BH_AUDIT_FILE_MODIFY, "rename", path,
                               rename_path(files, caller, path, new_name, ret_path));
}

/* Between filesystems there is only copying; what is wrong with the source otherwise is said first. */
static int refuse_crossing(const BhCaller *caller, const BhPlace *source) {
        _cleanup_(bh_node_clear) BhNode node = BH_NODE_INIT;
        int r = bh_node_open(source->root->storage.root_fd, caller, &source->path, source->path.depth, &node);

        return r < 0 ? r : -EOPNOTSUPP;
}

static int move_path(BhFiles *files, const BhCaller *caller, const char *text, const char *target_text,
                     char **ret_path) {
        _cleanup_(bh_place_clear) BhPlace source = {}, target = {};
        _cleanup_(bh_node_clear) BhNode parent = BH_NODE_INIT;
        int r;

        r = bh_files_begin_change(files, text, &source);
        if (r >= 0 && source.path.reserved)
                r = -ENOENT;
        if (r >= 0)
                r = bh_files_resolve_target(files, caller, &source.path, target_text, &target, &parent);
        if (r >= 0 && source.root != target.root)
                r = refuse_crossing(caller, &source);
        if (r >= 0)
                r = do_move(&(Move){.root = source.root,
                                    .caller = caller,
                                    .action = "move",
                                    .source = &source.path,
                                    .target = &target.path});
        if (r >= 0)
                *ret_path = g_strdup(target.path.text);
        return r;
}

int bh_files_move(BhFiles *files, const BhCaller *caller, const char *source, const char *target, char **ret_path) {
        return bh_files_refuse(files, caller, BH_AUDIT_FILE_MODIFY, "move", source,
                               move_path(files, caller, source, target, ret_path));
}
