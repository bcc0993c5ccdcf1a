/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "caller.h"
#include "path.h"

/* Who may do what, and the walk from a storage root to a file or directory that finds out whose it is. Any thread. */

/* The rules. owner is the effective owner, "" for nobody. */
bool bh_access_may_view(const BhCaller *caller, const char *owner);
bool bh_access_may_change(const BhCaller *caller, const char *owner);
bool bh_access_may_add(const BhCaller *caller, const char *owner, bool is_root);

/* A file or directory that was reached from the storage root. */
typedef struct BhNode {
        int fd; /* O_PATH */
        bool is_root;
        bool is_marked;           /* has an owner's mark of its own */
        char owner[BH_UUID_SIZE]; /* the effective owner */
        struct stat stat;
} BhNode;

#define BH_NODE_INIT ((BhNode){.fd = -1})

/* Closes it; fine for BH_NODE_INIT. Fit for _cleanup_. */
void bh_node_clear(BhNode *node);

/* The first depth names of path, as far as the caller may view them; path->depth is all of it, path->base or less its
 * storage root, which is root_fd. ret must be BH_NODE_INIT. Errors: -ENOENT when it is missing, reserved, something else than a file or directory, or in a
 * directory that the caller may not view; -EACCES when the caller may not view it itself; -EXDEV a symbolic link or
 * mount point; -EIO. */
int bh_node_open(int root_fd, const BhCaller *caller, const BhPath *path, size_t depth, BhNode *ret);

/* name in the directory parent. Errors: as bh_node_open(), -ENOTDIR. */
int bh_node_open_child(const BhNode *parent, const BhCaller *caller, const char *name, BhNode *ret);

static inline bool bh_node_is_directory(const BhNode *node) {
        return S_ISDIR(node->stat.st_mode);
}
