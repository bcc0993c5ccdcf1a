/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "files-private.h"
#include "macro.h"
#include "owner.h"
#include "roots.h"

/* Copies are built in staging and get their name when they are complete. Of a folder, what the caller may view is
 * copied. The copy has one mark, the caller's, at its top. */

#define CHUNK_SIZE (8u * 1024 * 1024)
#define READ_SIZE (256u * 1024)

struct BhCopy {
        BhFiles *files;
        BhCaller caller;
        BhPlace source, target; /* both roots are held as being copied until it has run */
        bool is_held;
        bool keep_both;
        char owner[BH_UUID_SIZE]; /* who the copy will belong to */
        uint64_t total, reserved;
        bool is_cancelled; /* atomic */

        /* While it runs: */
        BhCopyProgress progress;
        void *userdata;
        uint64_t done;
        char id[BH_STORAGE_ID_SIZE];
};

void bh_copy_cancel(BhCopy *copy) {
        __atomic_store_n(&copy->is_cancelled, true, __ATOMIC_RELAXED);
}

static bool is_set(const bool *flag) {
        return __atomic_load_n(flag, __ATOMIC_RELAXED);
}

/* Whether to go on: 0, -ECANCELED, or -ENODEV when one of the roots is being detached. */
static int check_going_on(const BhCopy *copy) {
        if (is_set(&copy->is_cancelled) || is_set(&copy->files->main->is_stopping))
                return -ECANCELED;
        return is_set(&copy->source.root->is_stopping) || is_set(&copy->target.root->is_stopping) ? -ENODEV : 0;
}

/* Takes the two places, and holds them for as long as it takes. */
static int hold(BhCopy *copy, BhPlace *source, BhPlace *target) {
        int r = bh_root_hold(source->root, BH_USE_COPY);

        if (r < 0)
                return r;
        r = target->root == source->root ? 0 : bh_root_hold(target->root, BH_USE_COPY);
        if (r < 0) {
                bh_root_release(source->root, BH_USE_COPY);
                return r;
        }
        copy->source = *source;
        copy->target = *target;
        copy->is_held = true;
        bh_root_release(source->root, BH_USE_OPERATION);
        bh_root_release(target->root, BH_USE_OPERATION);
        *source = *target = (BhPlace){};
        return 0;
}

/* Lets go of the roots, and of the bytes that were promised in one of them. */
static void let_go(BhCopy *copy) {
        if (!copy->is_held)
                return;
        bh_ledger_release(copy->target.root->ledger, copy->owner, copy->reserved);
        copy->reserved = 0;
        if (copy->target.root != copy->source.root)
                bh_root_release(copy->target.root, BH_USE_COPY);
        bh_root_release(copy->source.root, BH_USE_COPY);
        copy->is_held = false;
}

void bh_copy_free(BhCopy *copy) {
        if (!copy)
                return;
        let_go(copy);
        bh_caller_clear(&copy->caller);
        bh_path_clear(&copy->source.path);
        bh_path_clear(&copy->target.path);
        g_free(copy);
}

static int visit_measure(const BhTreeItem *item, void *userdata) {
        BhCopy *copy = userdata;

        if (!bh_access_may_view(&copy->caller, item->owner))
                return BH_TREE_PRUNE;
        if (S_ISREG(item->stat.st_mode))
                copy->total += (uint64_t)item->stat.st_size;
        return 0;
}

static int reserve(BhCopy *copy, uint64_t bytes) {
        uint64_t size, available;
        int r = bh_storage_get_space(&copy->target.root->storage, &size, &available);

        if (r < 0)
                return r;
        if (bytes > available)
                return -ENOSPC;
        r = bh_ledger_reserve(copy->target.root->ledger, copy->owner, bh_files_quota_of(copy->files, copy->owner),
                              bytes);
        if (r >= 0)
                copy->reserved += bytes;
        return r;
}

/* Whether something of the target's name is in the way. */
static int check_free(const BhCopy *copy, const BhNode *parent) {
        struct stat st;

        if (!bh_access_may_add(&copy->caller, parent->owner, parent->is_root))
                return -EACCES;
        if (copy->keep_both)
                return 0;
        if (bh_root_is_taken(copy->target.root, parent, bh_path_name(&copy->target.path)))
                return -EEXIST;
        if (fstatat(parent->fd, bh_path_name(&copy->target.path), &st, AT_SYMLINK_NOFOLLOW) == 0)
                return -EEXIST;
        return errno == ENOENT ? 0 : -errno;
}

/* The item is held, as is the parent's root. */
static int measure(BhCopy *copy, const BhNode *item, const BhNode *parent) {
        const BhPath *target = &copy->target.path;
        size_t depth = 0, size = 0;
        int r;

        r = bh_node_is_directory(item) && bh_path_is_within(target, &copy->source.path) ? -EINVAL : 0;
        if (r >= 0)
                r = check_free(copy, parent);
        if (r >= 0 && bh_node_is_directory(item))
                r = bh_tree_measure(item->fd, &depth, &size);
        if (r < 0)
                return r;
        if (target->depth + depth > BH_PATH_DEPTH_MAX || strlen(target->text) + 16 + size > BH_PATH_SIZE_MAX)
                return -EILSEQ;
        g_strlcpy(copy->owner, copy->caller.owner[0] ? copy->caller.owner : parent->owner, sizeof(copy->owner));
        r = bh_tree_walk(item->fd, item->owner, BH_TREE_OWNERS, NULL, visit_measure, copy);
        return r < 0 ? r : reserve(copy, copy->total);
}

static int prepare(BhCopy *copy, const char *source_text, const char *target_text) {
        _cleanup_(bh_place_clear) BhPlace source = {}, target = {};
        _cleanup_(bh_node_clear) BhNode item = BH_NODE_INIT, parent = BH_NODE_INIT;
        int r;

        r = bh_place_find(copy->files, source_text, &source);
        if (r >= 0)
                r = bh_node_open(source.root->storage.root_fd, &copy->caller, &source.path, source.path.depth, &item);
        if (r >= 0)
                r = bh_files_resolve_target(copy->files, &copy->caller, &source.path, target_text, &target, &parent);
        if (r >= 0)
                r = bh_root_begin_change(target.root);
        if (r >= 0)
                r = hold(copy, &source, &target);
        if (r >= 0)
                r = measure(copy, &item, &parent);
        return r;
}

int bh_files_copy_begin(BhFiles *files, const BhCaller *caller, const char *source, const char *target, bool keep_both,
                        BhCopy **ret) {
        BhCopy *copy = g_new0(BhCopy, 1);
        int r;

        copy->files = files;
        copy->keep_both = keep_both;
        bh_caller_copy(&copy->caller, caller);
        r = prepare(copy, source, target);
        if (r < 0) {
                bh_copy_free(copy);
                return bh_files_refuse(files, caller, BH_AUDIT_FILE_MODIFY, "copy", source, r);
        }
        *ret = copy;
        return 0;
}

/* The source may have grown since it was measured. */
static int advance(BhCopy *copy, uint64_t bytes) {
        copy->done += bytes;
        if (copy->done > copy->reserved) {
                int r = reserve(copy, copy->done - copy->reserved);
                if (r < 0)
                        return r;
                copy->total = MAX(copy->total, copy->done);
        }
        if (copy->progress)
                copy->progress(copy->done, copy->total, copy->userdata);
        return check_going_on(copy);
}

static int write_all(int fd, const char *buffer, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, buffer, size);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0) {
                        buffer += n;
                        size -= (size_t)n;
                }
        }
        return 0;
}

/* Where the filesystem does not copy by itself. */
static int copy_by_hand(BhCopy *copy, int source_fd, int target_fd) {
        g_autofree char *buffer = g_malloc(READ_SIZE);

        for (;;) {
                ssize_t n = read(source_fd, buffer, READ_SIZE);

                if (n <= 0)
                        return n < 0 ? -errno : 0;
                int r = write_all(target_fd, buffer, (size_t)n);
                if (r >= 0)
                        r = advance(copy, (uint64_t)n);
                if (r < 0)
                        return r;
        }
}

static int copy_content(BhCopy *copy, int source_fd, int target_fd) {
        struct stat st;

        if (ioctl(target_fd, FICLONE, source_fd) == 0)
                return fstat(target_fd, &st) < 0 ? -errno : advance(copy, (uint64_t)st.st_size);
        for (;;) {
                ssize_t n = copy_file_range(source_fd, NULL, target_fd, NULL, CHUNK_SIZE, 0);

                if (n == 0)
                        return 0;
                if (n < 0 && (errno == EOPNOTSUPP || errno == EINVAL || errno == EXDEV || errno == ENOSYS))
                        return copy_by_hand(copy, source_fd, target_fd);
                if (n < 0)
                        return -errno;
                int r = advance(copy, (uint64_t)n);
                if (r < 0)
                        return r;
        }
}

/* Whether what was opened is still what was looked at: a file that the caller may view. Another may have taken its name in between. */
static int check_source(const BhCopy *copy, int fd) {
        char mark[BH_UUID_SIZE];
        struct stat st;
        int r;

        if (fstat(fd, &st) < 0)
                return -errno;
        r = bh_owner_read(fd, mark);
        if (r < 0)
                return r;
        return S_ISREG(st.st_mode) && (r == 0 || bh_access_may_view(&copy->caller, mark)) ? 1 : 0;
}

/* Copies a regular file to name in the directory, with its time of modification; mark may be "". */
static int copy_file(BhCopy *copy, int source_fd, int directory_fd, const char *name, const char *mark) {
        struct stat st;
        int r;

        _cleanup_(bh_closep) int target_fd =
                openat(directory_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (target_fd < 0 || fstat(source_fd, &st) < 0)
                return -errno;
        r = copy_content(copy, source_fd, target_fd);
        if (r >= 0 && mark[0])
                r = bh_owner_write(target_fd, mark);
        if (r < 0)
                return r;
        const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st.st_mtim};
        if (futimens(target_fd, times) < 0 || fchmod(target_fd, 0660) < 0)
                return -errno;
        return 0;
}

/* Makes what was built durable, all at once: that is much faster than one after the other, and nobody sees it before. */
static int sync_copy(const BhCopy *copy, bool is_directory) {
        if (is_directory)
                return syncfs(copy->target.root->storage.staging_fd) < 0 ? -errno : 0;
        _cleanup_(bh_closep) int fd = bh_path_open_at(copy->target.root->storage.staging_fd, copy->id, O_RDONLY);
        if (fd < 0)
                return fd;
        return fsync(fd) < 0 ? -errno : 0;
}

typedef struct CopyWalk {
        BhCopy *copy;
        GArray *directories; /* of int: the copies of the directories that the walk is in */
} CopyWalk;

static int *last_directory(CopyWalk *walk) {
        return &g_array_index(walk->directories, int, walk->directories->len - 1);
}

static void leave_directory(CopyWalk *walk) {
        close(*last_directory(walk));
        g_array_set_size(walk->directories, walk->directories->len - 1);
}

static int visit_copy(const BhTreeItem *item, void *userdata) {
        CopyWalk *walk = userdata;
        BhCopy *copy = walk->copy;
        bool is_top = item->depth == 0;
        int parent_fd = is_top ? copy->target.root->storage.staging_fd : *last_directory(walk), r;

        if (item->is_after) {
                leave_directory(walk);
                return 0;
        }
        r = check_going_on(copy);
        if (r < 0)
                return r;
        if (!bh_access_may_view(&copy->caller, item->owner) ||
            (!S_ISREG(item->stat.st_mode) && !S_ISDIR(item->stat.st_mode)))
                return BH_TREE_PRUNE;
        if (S_ISDIR(item->stat.st_mode)) {
                int fd = bh_storage_make_directory(parent_fd, is_top ? copy->id : item->name,
                                                   is_top ? copy->caller.owner : "");
                if (fd < 0)
                        return fd;
                g_array_append_val(walk->directories, fd);
                return 0;
        }
        _cleanup_(bh_closep) int source_fd = bh_path_open_at(item->directory_fd, item->name, O_RDONLY | O_NONBLOCK);
        if (source_fd < 0)
                return source_fd == -ENOENT ? 0 : source_fd;
        r = check_source(copy, source_fd);
        return r <= 0 ? r : copy_file(copy, source_fd, parent_fd, item->name, "");
}

/* Builds the copy in staging. */
static int build(BhCopy *copy) {
        _cleanup_(bh_node_clear) BhNode item = BH_NODE_INIT;
        CopyWalk walk = {.copy = copy};
        int r;

        r = bh_node_open(copy->source.root->storage.root_fd, &copy->caller, &copy->source.path, copy->source.path.depth,
                         &item);
        if (r < 0)
                return r;
        if (!bh_node_is_directory(&item)) {
                _cleanup_(bh_closep) int source_fd = bh_path_reopen(item.fd, O_RDONLY);
                if (source_fd < 0)
                        return source_fd;
                r = copy_file(copy, source_fd, copy->target.root->storage.staging_fd, copy->id, copy->caller.owner);
                return r < 0 ? r : sync_copy(copy, false);
        }
        walk.directories = g_array_new(FALSE, FALSE, sizeof(int));
        r = bh_tree_walk(item.fd, item.owner, BH_TREE_OWNERS | BH_TREE_AFTER, NULL, visit_copy, &walk);
        while (walk.directories->len > 0)
                leave_directory(&walk);
        g_array_unref(walk.directories);
        return r < 0 ? r : sync_copy(copy, true);
}

typedef struct Publication {
        BhCopy *copy;
        BhNode parent;
        char *name;
        BhCharges charges;
} Publication;

static void publication_clear(Publication *publication) {
        bh_node_clear(&publication->parent);
        g_free(publication->name);
        bh_charges_clear(&publication->charges);
}

/* names is held. */
static int publish_locked(Publication *publication) {
        BhCopy *copy = publication->copy;
        BhRoot *root = copy->target.root;
        const BhNode *parent = &publication->parent;
        int r;

        r = bh_files_open_parent(root, &copy->caller, &copy->target.path, &publication->parent);
        if (r >= 0)
                r = check_free(copy, parent);
        if (r < 0)
                return r;
        publication->name = copy->keep_both ? bh_files_free_name(root, parent, bh_path_name(&copy->target.path))
                                            : g_strdup(bh_path_name(&copy->target.path));
        if (!publication->name)
                return -EEXIST;
        /* Without a mark the copy belongs to whom the directory belongs to, which may be another's than it was when the
         * bytes were reserved. */
        bh_charges_add(&publication->charges, copy->caller.owner[0] ? copy->owner : parent->owner, (int64_t)copy->done,
                       0);
        r = bh_ledger_charge(root->ledger, copy->owner, bh_files_quota_of(copy->files, copy->owner), copy->reserved,
                             &publication->charges);
        if (r < 0)
                return r;
        copy->reserved = 0;
        bh_survey_disturb(root, &copy->target.path);
        r = bh_storage_rename(root->storage.staging_fd, copy->id, parent->fd, publication->name, RENAME_NOREPLACE);
        if (r < 0) {
                bh_charges_negate(&publication->charges);
                bh_ledger_apply(root->ledger, &publication->charges);
        }
        return r;
}

static void undo(Publication *publication) {
        BhCopy *copy = publication->copy;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&copy->target.root->names);

        bh_survey_disturb(copy->target.root, &copy->target.path);
        int r = bh_storage_rename(publication->parent.fd, publication->name, copy->target.root->storage.staging_fd,
                                  copy->id, RENAME_NOREPLACE);

        if (r < 0) {
                bh_root_set_lost(copy->target.root, r, copy->target.path.text);
                return;
        }
        bh_charges_negate(&publication->charges);
        bh_ledger_apply(copy->target.root->ledger, &publication->charges);
}

static int publish(BhCopy *copy, char **ret_path) {
        _cleanup_(publication_clear) Publication publication = {.copy = copy, .parent = BH_NODE_INIT};
        g_autofree char *directory = bh_path_parent(&copy->target.path);
        int r;

        g_mutex_lock(&copy->target.root->names);
        r = publish_locked(&publication);
        g_mutex_unlock(&copy->target.root->names);
        if (r < 0)
                return r;
        g_autofree char *path =
                directory[0] ? g_strconcat(directory, "/", publication.name, NULL) : g_strdup(publication.name);
        g_autofree char *message = g_strdup_printf("to “%s”", path);
        const BhAudit audit = {
                .event_type = BH_AUDIT_FILE_MODIFY,
                .action = "copy",
                .target = copy->source.path.text,
                .message = message,
                .size = copy->done,
        };
        r = bh_files_make_durable(copy->target.root, &(BhDurable){.caller = &copy->caller,
                                                                  .audit = &audit,
                                                                  .charges = &publication.charges,
                                                                  .fds = &publication.parent.fd,
                                                                  .n_fds = 1});
        if (r < 0) {
                undo(&publication);
                return r;
        }
        *ret_path = g_steal_pointer(&path);
        return 0;
}

int bh_copy_run(BhCopy *copy, BhCopyProgress progress, void *userdata, char **ret_path) {
        int r;

        copy->progress = progress;
        copy->userdata = userdata;
        bh_storage_make_id(copy->id);
        r = check_going_on(copy);
        if (r >= 0)
                r = build(copy);
        if (r >= 0)
                r = publish(copy, ret_path);
        if (r < 0)
                (void)bh_tree_remove(copy->target.root->storage.staging_fd, copy->id);
        let_go(copy);
        return bh_files_refuse(copy->files, &copy->caller, BH_AUDIT_FILE_MODIFY, "copy", copy->source.path.text, r);
}

char *bh_copy_explain_error(const BhCopy *copy, int r) {
        return bh_files_explain_error(copy->files, r, copy->source.path.text, copy->target.path.text);
}
