/* SPDX-License-Identifier: MIT */

#include "key.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

#include "macro.h"

void bh_key_clear(BhKey *key) {
        sodium_memzero(key, sizeof *key);
}

static int read_key(BhKey *key, const char *path) {
        _cleanup_(bh_closep) int fd = -1;
        struct stat st;
        ssize_t n;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size != BH_KEY_SIZE)
                return -EBADMSG;
        if ((st.st_mode & 077) != 0 || st.st_uid != geteuid())
                return -EPERM;
        n = read(fd, key->bytes, BH_KEY_SIZE);
        if (n < 0)
                return -errno;
        return n == BH_KEY_SIZE ? 0 : -EBADMSG;
}

static int sync_directory_of(const char *path) {
        g_autofree char *directory = g_path_get_dirname(path);
        _cleanup_(bh_closep) int fd = -1;

        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return fsync(fd) < 0 ? -errno : 0;
}

/* Under another name first: a power cut must not leave half a key. */
static int create_key(BhKey *key, const char *path) {
        g_autofree char *temporary = g_strconcat(path, ".new", NULL);
        _cleanup_(bh_closep) int fd = -1;

        if (unlink(temporary) < 0 && errno != ENOENT)
                return -errno;
        fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        randombytes_buf(key->bytes, BH_KEY_SIZE);
        if (write(fd, key->bytes, BH_KEY_SIZE) != BH_KEY_SIZE)
                return errno > 0 ? -errno : -EIO;
        if (fsync(fd) < 0)
                return -errno;
        if (rename(temporary, path) < 0)
                return -errno;
        return sync_directory_of(path);
}

int bh_key_load(BhKey *key, const char *path) {
        int r;

        if (sodium_init() < 0)
                return -EIO;
        r = read_key(key, path);
        return r == -ENOENT ? create_key(key, path) : r;
}
