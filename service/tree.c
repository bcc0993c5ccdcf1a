/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "macro.h"
#include "owner.h"
#include "path.h"

typedef struct Walk {
        BhTreeFlags flags;
        const bool *cancelled;
        BhTreeVisit visit;
        void *userdata;
        GString *path; /* with BH_TREE_PATHS */
} Walk;

static bool is_cancelled(const Walk *walk) {
        return walk->cancelled && __atomic_load_n(walk->cancelled, __ATOMIC_RELAXED);
}

/* What to make of an error to enter a directory: 0 to go on without it. */
static int entering_failed(const Walk *walk, int r) {
        if (r == -ENOENT || r == -ENOTDIR)
                return 0;
        if (walk->flags & BH_TREE_SKIP_FOREIGN && (r == -EXDEV || r == -EACCES || r == -EOPNOTSUPP))
                return 0;
        return r == -EXDEV ? -EBUSY : r;
}

static int walk_directory(Walk *walk, int fd, const BhTreeItem *directory);

static int walk_child(Walk *walk, int directory_fd, const char *name, const BhTreeItem *parent) {
        char owner[BH_UUID_SIZE];
        BhTreeItem item = {
                .directory_fd = directory_fd,
                .name = name,
                .depth = parent->depth + 1,
                .path_size = parent->path_size + (parent->path_size > 0) + strlen(name),
                .owner = owner,
        };
        int r;

        if (fstatat(directory_fd, name, &item.stat, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (walk->flags & BH_TREE_OWNERS) {
                g_strlcpy(owner, parent->owner, sizeof(owner));
                r = bh_owner_read_at(directory_fd, name, owner);
                if (r < 0)
                        return r == -ENOENT ? 0 : r;
                item.is_marked = r > 0;
        }
        size_t length = walk->path ? walk->path->len : 0;
        if (walk->path) {
                g_string_append_printf(walk->path, "%s%s", length > 0 ? "/" : "", name);
                item.relative_path = walk->path->str;
        }
        r = walk->visit(&item, walk->userdata);
        if (r == 0 && S_ISDIR(item.stat.st_mode)) {
                _cleanup_(bh_closep) int fd = -1;

                fd = item.depth >= BH_TREE_DEPTH_MAX ? -EOPNOTSUPP
                                                     : bh_path_open_at(directory_fd, name, O_RDONLY | O_DIRECTORY);
                r = fd < 0 ? entering_failed(walk, fd) : walk_directory(walk, bh_steal_fd(&fd), &item);
        }
        if (walk->path)
                g_string_truncate(walk->path, length);
        return r < 0 ? r : 0;
}

/* Takes fd. */
static int walk_directory(Walk *walk, int fd, const BhTreeItem *item) {
        _cleanup_(bh_closedirp) DIR *directory = fdopendir(fd);
        int r;

        if (!directory) {
                r = -errno;
                close(fd);
                return r;
        }
        for (;;) {
                if (is_cancelled(walk))
                        return -ECANCELED;
                errno = 0;
                const struct dirent *entry = readdir(directory);
                if (!entry && errno > 0)
                        return -errno;
                if (!entry)
                        break;
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                if (walk->flags & BH_TREE_SKIP_RESERVED && item->depth == 0 &&
                    strcmp(entry->d_name, BH_RESERVED_NAME) == 0)
                        continue;
                r = walk_child(walk, dirfd(directory), entry->d_name, item);
                if (r < 0)
                        return r;
        }
        if (!(walk->flags & BH_TREE_AFTER))
                return 0;
        BhTreeItem after = *item;
        after.is_after = true;
        after.relative_path = walk->path ? walk->path->str : NULL;
        return walk->visit(&after, walk->userdata);
}

int bh_tree_walk(int fd, const char *owner, BhTreeFlags flags, const bool *cancelled, BhTreeVisit visit,
                 void *userdata) {
        Walk walk = {.flags = flags, .cancelled = cancelled, .visit = visit, .userdata = userdata};
        BhTreeItem top = {.directory_fd = -1, .name = "", .owner = owner};
        int r;

        if (fstat(fd, &top.stat) < 0)
                return -errno;
        if (flags & BH_TREE_OWNERS) {
                char mark[BH_UUID_SIZE];
                r = bh_owner_read(fd, mark);
                if (r < 0)
                        return r;
                top.is_marked = r > 0;
        }
        g_autoptr(GString) path = flags & BH_TREE_PATHS ? g_string_new(NULL) : NULL;
        walk.path = path;
        top.relative_path = path ? path->str : NULL;
        r = visit(&top, userdata);
        if (r < 0 || r == BH_TREE_PRUNE || !S_ISDIR(top.stat.st_mode))
                return r < 0 ? r : 0;
        int real_fd = bh_path_reopen(fd, O_RDONLY | O_DIRECTORY);
        if (real_fd < 0)
                return entering_failed(&walk, real_fd);
        return walk_directory(&walk, real_fd, &top);
}

static int visit_remove(const BhTreeItem *item, void *userdata) {
        if (item->depth == 0)
                return 0;
        if (S_ISDIR(item->stat.st_mode) != item->is_after)
                return 0;
        if (unlinkat(item->directory_fd, item->name, item->is_after ? AT_REMOVEDIR : 0) < 0 && errno != ENOENT)
                return -errno;
        return 0;
}

int bh_tree_remove(int directory_fd, const char *name) {
        return bh_tree_remove_until(directory_fd, name, NULL);
}

int bh_tree_remove_until(int directory_fd, const char *name, const bool *cancelled) {
        if (unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return -errno;

        _cleanup_(bh_closep) int fd = bh_path_open_at(directory_fd, name, O_RDONLY | O_DIRECTORY);
        if (fd < 0)
                return fd == -EXDEV ? -EBUSY : fd;
        int r = bh_tree_walk(fd, "", BH_TREE_AFTER, cancelled, visit_remove, NULL);
        if (r < 0)
                return r;
        return unlinkat(directory_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

typedef struct Measure {
        size_t depth, path_size;
} Measure;

static int visit_measure(const BhTreeItem *item, void *userdata) {
        Measure *measure = userdata;

        measure->depth = MAX(measure->depth, item->depth);
        measure->path_size = MAX(measure->path_size, item->path_size);
        return 0;
}

int bh_tree_measure(int fd, size_t *ret_depth, size_t *ret_path_size) {
        Measure measure = {};
        int r = bh_tree_walk(fd, "", 0, NULL, visit_measure, &measure);

        if (r < 0)
                return r;
        *ret_depth = measure.depth;
        *ret_path_size = measure.path_size;
        return 0;
}
