/* SPDX-License-Identifier: MIT */
#include "sync.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "macro.h"
#include "path.h"

/* A directory that is being synced. Rounds are numbered: round n is an fsync(2) that began after everybody who waits
 * for it had made their change. */
typedef struct Directory {
        dev_t device;
        ino_t inode;
        unsigned n_users;
        bool is_running;
        uint64_t started, finished; /* rounds */
        int result; /* of the last one that finished; an error also counts for later rounds of those who waited already
                     */
        uint64_t failed_round; /* the last that failed, 0: none */
} Directory;

struct BhSync {
        GMutex lock;
        GCond changed;
        GHashTable *directories; /* Directory, by itself */
};

static guint directory_hash(gconstpointer p) {
        const Directory *directory = p;
        guint64 inode = directory->inode;
        return g_int64_hash(&inode);
}

static gboolean directory_equal(gconstpointer a, gconstpointer b) {
        const Directory *x = a, *y = b;
        return x->device == y->device && x->inode == y->inode;
}

BhSync *bh_sync_new(void) {
        BhSync *sync = g_new0(BhSync, 1);

        g_mutex_init(&sync->lock);
        g_cond_init(&sync->changed);
        sync->directories = g_hash_table_new_full(directory_hash, directory_equal, g_free, NULL);
        return sync;
}

void bh_sync_free(BhSync *sync) {
        if (!sync)
                return;
        g_hash_table_unref(sync->directories);
        g_cond_clear(&sync->changed);
        g_mutex_clear(&sync->lock);
        g_free(sync);
}

static Directory *acquire(BhSync *sync, const struct stat *st) {
        Directory key = {.device = st->st_dev, .inode = st->st_ino};
        Directory *directory = g_hash_table_lookup(sync->directories, &key);

        if (!directory) {
                directory = g_memdup2(&key, sizeof(key));
                g_hash_table_add(sync->directories, directory);
        }
        directory->n_users++;
        return directory;
}

static int sync_now(int fd) {
        _cleanup_(bh_closep) int real_fd = bh_path_reopen(fd, O_RDONLY | O_DIRECTORY);

        if (real_fd < 0)
                return real_fd;
        return fsync(real_fd) < 0 ? -errno : 0;
}

int bh_sync_directory(BhSync *sync, int fd) {
        struct stat st;
        int r = 0;

        if (fstat(fd, &st) < 0)
                return -errno;

        g_mutex_lock(&sync->lock);
        Directory *directory = acquire(sync, &st);
        uint64_t round = directory->started + 1; /* one that is running may have begun before our change */
        while (directory->finished < round) {
                if (directory->is_running) {
                        g_cond_wait(&sync->changed, &sync->lock);
                        continue;
                }
                directory->is_running = true;
                uint64_t mine = ++directory->started;
                g_mutex_unlock(&sync->lock);
                int result = sync_now(fd);
                g_mutex_lock(&sync->lock);
                directory->is_running = false;
                directory->finished = mine;
                if (result < 0) {
                        directory->failed_round = mine;
                        directory->result = result;
                }
                g_cond_broadcast(&sync->changed);
        }
        /* The kernel reports an error of writing back once only: whoever asked before that round must not take a later
         * success for theirs. */
        if (directory->failed_round >= round)
                r = directory->result;
        if (--directory->n_users == 0)
                g_hash_table_remove(sync->directories, directory);
        g_mutex_unlock(&sync->lock);
        return r;
}
