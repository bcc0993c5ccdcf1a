/* SPDX-License-Identifier: MIT */
#include "storage.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "log.h"
#include "macro.h"
#include "owner.h"
#include "path.h"
#include "tree.h"

#define MARK_FILE "pool"

void bh_storage_make_id(char id[static BH_STORAGE_ID_SIZE]) {
        uint8_t bytes[(BH_STORAGE_ID_SIZE - 1) / 2];

        /* 16 bytes are never returned in part, and fail only before the kernel has entropy, for which it waits. */
        if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
                g_error("getrandom: %s", g_strerror(errno));
        for (size_t i = 0; i < sizeof(bytes); i++)
                snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

bool bh_storage_is_id(const char *id) {
        return strlen(id) == BH_STORAGE_ID_SIZE - 1 && strspn(id, "0123456789abcdef") == BH_STORAGE_ID_SIZE - 1;
}

int bh_storage_rename(int source_fd, const char *source_name, int target_fd, const char *target_name, unsigned flags) {
        if (renameat2(source_fd, source_name, target_fd, target_name, flags) == 0)
                return 0;
        if (errno == ENAMETOOLONG) /* some filesystems want less than 255 bytes */
                return -EILSEQ;
        return errno == EXDEV ? -EOPNOTSUPP : -errno;
}

int bh_storage_make_directory(int parent_fd, const char *name, const char *owner) {
        struct stat st;
        int r = 0;

        if (mkdirat(parent_fd, name, 0770) < 0)
                return -errno;
        _cleanup_(bh_closep) int fd = bh_path_open_at(parent_fd, name, O_RDONLY | O_DIRECTORY);
        if (fd < 0)
                r = fd;
        if (r >= 0 && (fstat(fd, &st) < 0 || fchmod(fd, 0770 | (st.st_mode & S_ISGID)) < 0)) /* whatever the umask is */
                r = -errno;
        if (r >= 0 && owner[0])
                r = bh_owner_write(fd, owner);
        if (r < 0) {
                (void)unlinkat(parent_fd, name, AT_REMOVEDIR);
                return r;
        }
        return bh_steal_fd(&fd);
}

static int open_directory(int parent_fd, const char *name, int *ret) {
        if (mkdirat(parent_fd, name, 0700) < 0 && errno != EEXIST)
                return -errno;
        *ret = bh_path_open_at(parent_fd, name, O_RDONLY | O_DIRECTORY);
        return *ret < 0 ? *ret : 0;
}

static int create_probe(int staging_fd, const char *name) {
        int fd = openat(staging_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        return fd < 0 ? -errno : fd;
}

/* What the filesystem must be able to do, tried out. */
static int check_features(int staging_fd, const char *first, const char *second, const char **reason) {
        _cleanup_(bh_closep) int first_fd = create_probe(staging_fd, first),
                                 second_fd = create_probe(staging_fd, second);
        int r;

        *reason = "files cannot be created in it";
        if (first_fd < 0 || second_fd < 0)
                return first_fd < 0 ? first_fd : second_fd;

        *reason = "its filesystem has no extended attributes of users";
        if (fsetxattr(first_fd, BH_OWNER_ATTRIBUTE, "nobody", 6, 0) < 0)
                return -EOPNOTSUPP;

        *reason = "its filesystem has no leases";
        _cleanup_(bh_closep) int lease_fd = bh_path_reopen(first_fd, O_RDONLY);
        if (lease_fd < 0)
                return lease_fd;
        if (fcntl(lease_fd, F_SETLEASE, F_RDLCK) == 0 || errno != EAGAIN) /* first_fd can write: it must be refused */
                return -EOPNOTSUPP;
        bh_closep(&first_fd);
        first_fd = -1;
        if (fcntl(lease_fd, F_SETLEASE, F_RDLCK) < 0)
                return -EOPNOTSUPP;

        *reason = "its filesystem cannot rename without replacing, or exchange names";
        r = bh_storage_rename(staging_fd, first, staging_fd, second, RENAME_NOREPLACE);
        if (r != -EEXIST)
                return -EOPNOTSUPP;
        return bh_storage_rename(staging_fd, first, staging_fd, second, RENAME_EXCHANGE) < 0 ? -EOPNOTSUPP : 0;
}

static int probe(const BhStorage *storage, const char **reason) {
        char first[BH_STORAGE_ID_SIZE], second[BH_STORAGE_ID_SIZE];

        bh_storage_make_id(first);
        bh_storage_make_id(second);
        int r = check_features(storage->staging_fd, first, second, reason);
        (void)unlinkat(storage->staging_fd, first, 0);
        (void)unlinkat(storage->staging_fd, second, 0);
        return r;
}

bool bh_storage_is_mark(const char *id) {
        size_t size = strlen(id);

        return size > 0 && size < BH_STORAGE_MARK_SIZE &&
               strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") == size;
}

/* "" when there is none. */
static int read_mark(int root_fd, char text[static BH_STORAGE_MARK_SIZE]) {
        _cleanup_(bh_closep) int reserved_fd = bh_path_open_at(root_fd, BH_RESERVED_NAME, O_RDONLY | O_DIRECTORY);

        text[0] = '\0';
        if (reserved_fd < 0)
                return reserved_fd == -ENOENT ? 0 : reserved_fd;
        _cleanup_(bh_closep) int fd = bh_path_open_at(reserved_fd, MARK_FILE, O_RDONLY | O_NONBLOCK);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        ssize_t n = read(fd, text, BH_STORAGE_MARK_SIZE - 1);
        text[MAX(n, 0)] = '\0';
        return n < 0 ? -errno : 0;
}

/* Returns 1 when it is still to be written. Writes nothing. */
static int check_mark(int root_fd, const BhStorageMark *mark, const char **reason) {
        char text[BH_STORAGE_MARK_SIZE];
        int r;

        *reason = "the mark of its pool cannot be read";
        r = read_mark(root_fd, text);
        if (r < 0)
                return r;
        if (strcmp(text, mark->id) == 0)
                return 0;
        *reason = text[0] ? "it is the filesystem of another pool"
                          : "it is not the filesystem of a pool: nothing is mounted there, or it has never been set up";
        return text[0] || !mark->initialise ? -ENODEV : 1;
}

/* As a whole or not at all. */
static int write_mark(const BhStorage *storage, const char *id) {
        (void)unlinkat(storage->reserved_fd, MARK_FILE ".new", 0);
        _cleanup_(bh_closep) int fd = openat(storage->reserved_fd, MARK_FILE ".new",
                                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        ssize_t n = write(fd, id, strlen(id));
        if (n < 0)
                return -errno;
        if ((size_t)n != strlen(id))
                return -ENOSPC;
        if (fsync(fd) < 0)
                return -errno;
        return bh_storage_rename(storage->reserved_fd, MARK_FILE ".new", storage->reserved_fd, MARK_FILE,
                                 RENAME_NOREPLACE);
}

static int open_all(BhStorage *storage, const char *root, const BhStorageMark *mark, const char **reason) {
        int r, unmarked;

        *reason = "it cannot be opened";
        storage->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (storage->root_fd < 0)
                return -errno;

        *reason = "the kernel does not have openat2()";
        _cleanup_(bh_closep) int fd = bh_path_open_at(storage->root_fd, ".", O_PATH);
        if (fd < 0)
                return fd == -ENOSYS ? -EOPNOTSUPP : fd;

        unmarked = mark ? check_mark(storage->root_fd, mark, reason) : 0;
        if (unmarked < 0)
                return unmarked;

        *reason = "the directory " BH_RESERVED_NAME " cannot be created in it";
        r = open_directory(storage->root_fd, BH_RESERVED_NAME, &storage->reserved_fd);
        if (r >= 0)
                r = open_directory(storage->reserved_fd, "staging", &storage->staging_fd);
        if (r >= 0)
                r = open_directory(storage->reserved_fd, "trash", &storage->trash_fd);
        if (r < 0)
                return r;

        *reason = "another service uses it";
        if (flock(storage->reserved_fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : -errno;
        r = probe(storage, reason);
        if (r < 0)
                return r;
        *reason = "it cannot be written";
        r = unmarked ? write_mark(storage, mark->id) : 0;
        if (r < 0)
                return r;
        return fsync(storage->reserved_fd) < 0 || fsync(storage->root_fd) < 0 ? -errno : 0;
}

int bh_storage_open(BhStorage *ret, const char *root, const BhStorageMark *mark, char **reason) {
        BhStorage storage = BH_STORAGE_INIT;
        const char *why = NULL;
        int r = open_all(&storage, root, mark, &why);

        if (r < 0) {
                *reason = g_strdup_printf("The storage root “%s” cannot be used: %s (%s)", root, why, g_strerror(-r));
                bh_storage_close(&storage);
                return r;
        }
        *ret = storage;
        return 0;
}

void bh_storage_close(BhStorage *storage) {
        bh_closep(&storage->trash_fd);
        bh_closep(&storage->staging_fd);
        bh_closep(&storage->reserved_fd);
        bh_closep(&storage->root_fd);
        *storage = BH_STORAGE_INIT;
}

int bh_storage_get_space(const BhStorage *storage, uint64_t *ret_size, uint64_t *ret_available) {
        struct statvfs st;

        if (fstatvfs(storage->root_fd, &st) < 0)
                return -errno;
        *ret_size = (uint64_t)st.f_blocks * st.f_frsize;
        *ret_available = (uint64_t)st.f_bavail * st.f_frsize;
        return 0;
}

static int visit_staging(const BhTreeItem *item, void *userdata) {
        if (item->depth == 0)
                return 0;
        int r = bh_tree_remove(item->directory_fd, item->name);
        if (r < 0)
                bh_log_warning_errno(r, "Cannot remove “%s” from staging", item->name);
        return BH_TREE_PRUNE;
}

void bh_storage_empty_staging(const BhStorage *storage) {
        int r = bh_tree_walk(storage->staging_fd, "", 0, NULL, visit_staging, NULL);

        if (r < 0)
                bh_log_warning_errno(r, "Cannot empty staging");
}

int bh_storage_read_token(const BhStorage *storage, const char *name, char text[static BH_STORAGE_ID_SIZE]) {
        _cleanup_(bh_closep) int fd = bh_path_open_at(storage->reserved_fd, name, O_RDONLY | O_NONBLOCK);

        text[0] = '\0';
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        ssize_t n = read(fd, text, BH_STORAGE_ID_SIZE - 1);
        text[MAX(n, 0)] = '\0';
        return n < 0 ? -errno : 0;
}

int bh_storage_write_token(const BhStorage *storage, const char *name, const char *text) {
        if (!text[0]) {
                if (unlinkat(storage->reserved_fd, name, 0) < 0 && errno != ENOENT)
                        return -errno;
                return fsync(storage->reserved_fd) < 0 ? -errno : 0;
        }
        _cleanup_(bh_closep) int fd =
                openat(storage->reserved_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        size_t size = strlen(text);
        if (write(fd, text, size) != (ssize_t)size || fsync(fd) < 0 || fsync(storage->reserved_fd) < 0)
                return errno > 0 ? -errno : -EIO;
        return 0;
}
