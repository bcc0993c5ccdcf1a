/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "caller.h"

/* Walks over all that is in a directory. Any thread; blocks. */

/* Deeper trees, which only somebody behind the service's back can make, are refused. */
#define BH_TREE_DEPTH_MAX 128

typedef struct BhTreeItem {
        int directory_fd;          /* the directory it is in; -1 for the top itself */
        const char *name;          /* "" for the top */
        const char *relative_path; /* from the top, "" for the top; only with BH_TREE_PATHS */
        size_t depth;              /* names below the top: 0 for the top */
        size_t path_size;          /* bytes of its path relative to the top */
        struct stat stat;          /* of a symbolic link itself */
        const char *owner;         /* the effective owner, "" nobody; only with BH_TREE_OWNERS */
        bool is_marked;            /* it has a mark of its own; likewise */
        bool is_after;             /* a directory, after what is in it; only with BH_TREE_AFTER */
} BhTreeItem;

typedef enum BhTreeFlags {
        BH_TREE_OWNERS = 1 << 0,        /* read the owners' marks */
        BH_TREE_PATHS = 1 << 1,         /* put relative paths together */
        BH_TREE_AFTER = 1 << 2,         /* visit directories a second time, after what is in them */
        BH_TREE_SKIP_FOREIGN = 1 << 3,  /* leave out what cannot be entered: mount points, what is unreadable or too
                                           deep; without: errors */
        BH_TREE_SKIP_RESERVED = 1 << 4, /* leave out the reserved directory in the top */
} BhTreeFlags;

/* Returns 0, BH_TREE_PRUNE not to enter a directory, or a negative errno, which ends the walk. */
#define BH_TREE_PRUNE 1
typedef int (*BhTreeVisit)(const BhTreeItem *item, void *userdata);

/* Visits the file or directory fd (may be O_PATH) and all that is in it, directories before what is in them. owner: the
 * effective owner of the top. cancelled may be NULL; when it becomes true the walk ends with -ECANCELED. What vanishes
 * meanwhile is left out. Errors: what visit returned, -EBUSY a mount point inside, -EOPNOTSUPP too deep, those of
 * open(2). */
int bh_tree_walk(int fd, const char *owner, BhTreeFlags flags, const bool *cancelled, BhTreeVisit visit,
                 void *userdata);

/* Removes name in the directory with all that is in it. A missing one is fine. Errors: -EBUSY, -EOPNOTSUPP, those of
 * unlink(2); the rest is there still then. */
int bh_tree_remove(int directory_fd, const char *name);

/* Likewise; cancelled as for bh_tree_walk(). */
int bh_tree_remove_until(int directory_fd, const char *name, const bool *cancelled);

/* How deep the tree is, and how long its longest path from the top (of which neither is counted). Errors: as
 * bh_tree_walk(). */
int bh_tree_measure(int fd, size_t *ret_depth, size_t *ret_path_size);
