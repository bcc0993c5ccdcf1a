/* SPDX-License-Identifier: MIT */
#include "owner.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/xattr.h>

#include "path.h"

#define NOBODY "nobody"

static int parse_mark(const char *value, ssize_t size, int error, char owner[static BH_UUID_SIZE]) {
        char text[BH_UUID_SIZE] = {};

        if (size < 0 && error == ENODATA)
                return 0;
        if (size < 0 && error != ERANGE && error != EACCES && error != EPERM)
                return error == ENOENT || error == ENOTDIR ? -ENOENT : -EIO;
        if (size > 0)
                memcpy(text, value, (size_t)size);
        if (strcmp(text, NOBODY) == 0)
                owner[0] = '\0';
        else if (size > 0 && (size_t)size == strlen(text) && g_uuid_string_is_valid(text))
                memcpy(owner, text, sizeof(text));
        else
                memcpy(owner, BH_OWNER_UNKNOWN, sizeof(BH_OWNER_UNKNOWN));
        return 1;
}

int bh_owner_read(int fd, char owner[static BH_UUID_SIZE]) {
        char path[BH_PROC_PATH_SIZE], value[BH_UUID_SIZE - 1];

        bh_path_proc(path, fd, NULL);
        ssize_t size = getxattr(path, BH_OWNER_ATTRIBUTE, value, sizeof(value));
        return parse_mark(value, size, errno, owner);
}

int bh_owner_read_at(int directory_fd, const char *name, char owner[static BH_UUID_SIZE]) {
        char path[BH_PROC_PATH_SIZE], value[BH_UUID_SIZE - 1];

        bh_path_proc(path, directory_fd, name);
        ssize_t size = lgetxattr(path, BH_OWNER_ATTRIBUTE, value, sizeof(value));
        return parse_mark(value, size, errno, owner);
}

int bh_owner_write(int fd, const char *owner) {
        const char *value = owner[0] ? owner : NOBODY;
        char path[BH_PROC_PATH_SIZE];

        bh_path_proc(path, fd, NULL);
        return setxattr(path, BH_OWNER_ATTRIBUTE, value, strlen(value), 0) < 0 ? -errno : 0;
}

int bh_owner_remove(int fd) {
        char path[BH_PROC_PATH_SIZE];

        bh_path_proc(path, fd, NULL);
        return removexattr(path, BH_OWNER_ATTRIBUTE) < 0 && errno != ENODATA ? -errno : 0;
}
