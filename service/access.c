/* SPDX-License-Identifier: MIT */
#include "access.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "macro.h"
#include "owner.h"

static bool is_own(const BhCaller *caller, const char *owner) {
        return caller->role == BH_ROLE_USER && owner[0] && strcmp(caller->owner, owner) == 0;
}

bool bh_access_may_view(const BhCaller *caller, const char *owner) {
        return bh_caller_is_admin(caller) || is_own(caller, owner) || (caller->role == BH_ROLE_USER && !owner[0]);
}

bool bh_access_may_change(const BhCaller *caller, const char *owner) {
        return bh_caller_is_admin(caller) || is_own(caller, owner);
}

bool bh_access_may_add(const BhCaller *caller, const char *owner, bool is_root) {
        return bh_access_may_change(caller, owner) || (is_root && caller->role == BH_ROLE_USER);
}

void bh_node_clear(BhNode *node) {
        bh_closep(&node->fd);
        *node = BH_NODE_INIT;
}

/* The root belongs to nobody, whatever mark it has: everybody adds to it. */
static int open_root(int root_fd, BhNode *ret) {
        BhNode node = {.is_root = true};

        node.fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);
        if (node.fd < 0)
                return -errno;
        if (fstat(node.fd, &node.stat) < 0) {
                int r = -errno;
                bh_node_clear(&node);
                return r;
        }
        *ret = node;
        return 0;
}

int bh_node_open_child(const BhNode *parent, const BhCaller *caller, const char *name, BhNode *ret) {
        _cleanup_(bh_node_clear) BhNode node = BH_NODE_INIT;
        int r;

        node.fd = bh_path_open_at(parent->fd, name, O_PATH);
        if (node.fd < 0)
                return node.fd;
        if (fstat(node.fd, &node.stat) < 0)
                return -errno;
        if (!S_ISREG(node.stat.st_mode) && !S_ISDIR(node.stat.st_mode))
                return -ENOENT;
        memcpy(node.owner, parent->owner, sizeof(node.owner));
        r = bh_owner_read(node.fd, node.owner);
        if (r < 0)
                return r;
        node.is_marked = r > 0;
        if (!bh_access_may_view(caller, node.owner))
                return -EACCES;
        *ret = node;
        node.fd = -1;
        return 0;
}

int bh_node_open(int root_fd, const BhCaller *caller, const BhPath *path, size_t depth, BhNode *ret) {
        _cleanup_(bh_node_clear) BhNode node = BH_NODE_INIT;
        int r;

        if (path->reserved)
                return -ENOENT;
        r = open_root(root_fd, &node);
        for (size_t i = path->base; r >= 0 && i < depth; i++) {
                _cleanup_(bh_node_clear) BhNode parent = node;

                node = BH_NODE_INIT;
                r = bh_node_open_child(&parent, caller, path->names[i], &node);
                if (r == -ENOTDIR)
                        r = -ENOENT;
                /* What is behind a folder that may not be viewed looks as if it were not there. */
                if (r == -EACCES && i + 1 < depth)
                        r = -ENOENT;
        }
        if (r < 0)
                return r;
        *ret = node;
        node.fd = -1;
        return 0;
}
