/* SPDX-License-Identifier: MIT */
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "macro.h"
#include "path.h"

#define KEPT_MAX 128u
#define KEPT_SIZE_MAX (2u * 1024 * 1024) /* bytes of all that are kept */

/* The first event ends the watch, so that nobody can fill the queue by changing a file again and again. */
#define EVENTS                                                                                                         \
        (IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE |                \
         IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_ONESHOT)

typedef struct Kept {
        char *key;
        BhVersion version;
        int watch;
        int64_t read_usec; /* monotonic; before the page was read */
        GArray *children;
        size_t size;
        GList link;
} Kept;

struct BhVersions {
        GMutex lock;
        int fd;
        GHashTable *by_key; /* Kept, owned by the queue */
        GQueue kept;        /* the last used first */
        size_t kept_size;
        GPtrArray *watches; /* BhVersionWatch that have begun; not owned */
};

void bh_version_clear(BhVersion *version) {
        g_free(version->next_cursor);
        *version = (BhVersion){};
}

static void child_clear(gpointer data) {
        g_free(((BhVersionChild *)data)->name);
}

GArray *bh_version_children_new(void) {
        GArray *children = g_array_new(FALSE, FALSE, sizeof(BhVersionChild));

        g_array_set_clear_func(children, child_clear);
        return children;
}

BhVersions *bh_versions_new(void) {
        BhVersions *versions = g_new0(BhVersions, 1);

        g_mutex_init(&versions->lock);
        versions->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        versions->by_key = g_hash_table_new(g_str_hash, g_str_equal);
        g_queue_init(&versions->kept);
        versions->watches = g_ptr_array_new();
        return versions;
}

/* Whether somebody still counts on the watch. */
static bool is_used(BhVersions *versions, int watch) {
        for (GList *link = versions->kept.head; link; link = link->next)
                if (((Kept *)link->data)->watch == watch)
                        return true;
        for (size_t i = 0; i < versions->watches->len; i++)
                if (((BhVersionWatch *)versions->watches->pdata[i])->descriptor == watch)
                        return true;
        return false;
}

/* Removing one that has ended already is an error, which is all right. */
static void stop_watching(BhVersions *versions, int watch) {
        if (watch >= 0 && !is_used(versions, watch))
                (void)inotify_rm_watch(versions->fd, watch);
}

static void drop(BhVersions *versions, Kept *kept) {
        g_hash_table_remove(versions->by_key, kept->key);
        g_queue_unlink(&versions->kept, &kept->link);
        versions->kept_size -= kept->size;
        bh_version_clear(&kept->version);
        g_array_unref(kept->children);
        g_free(kept->key);
        g_free(kept);
}

static void drop_and_stop(BhVersions *versions, Kept *kept) {
        int watch = kept->watch;

        drop(versions, kept);
        stop_watching(versions, watch);
}

void bh_versions_free(BhVersions *versions) {
        if (!versions)
                return;
        while (versions->kept.head)
                drop(versions, versions->kept.head->data);
        g_ptr_array_unref(versions->watches);
        g_hash_table_unref(versions->by_key);
        bh_closep(&versions->fd);
        g_mutex_clear(&versions->lock);
        g_free(versions);
}

static void end_watch(BhVersions *versions, int watch, bool all) {
        for (GList *link = versions->kept.head, *next; link; link = next) {
                Kept *kept = link->data;

                next = link->next;
                if (all || kept->watch == watch)
                        drop(versions, kept);
        }
        for (size_t i = 0; i < versions->watches->len; i++) {
                BhVersionWatch *begun = versions->watches->pdata[i];

                if (all || begun->descriptor == watch)
                        begun->is_broken = true;
        }
}

void bh_versions_take_event(BhVersions *versions, const struct inotify_event *event) {
        end_watch(versions, event->wd, (event->mask & IN_Q_OVERFLOW) != 0);
}

/* Takes in what has happened until now. When the queue cannot be read, nothing is known any more. */
static void read_events(BhVersions *versions) {
        _Alignas(struct inotify_event) char buffer[4096];

        for (;;) {
                ssize_t n = read(versions->fd, buffer, sizeof(buffer));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return;
                if (n <= 0) {
                        end_watch(versions, -1, true);
                        return;
                }
                for (const char *at = buffer; at < buffer + n;) {
                        const struct inotify_event *event = (const struct inotify_event *)at;

                        bh_versions_take_event(versions, event);
                        at += sizeof(*event) + event->len;
                }
        }
}

static bool is_same_time(const struct timespec *a, const struct timespec *b) {
        return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool children_are_unchanged(const GArray *children, int fd) {
        for (size_t i = 0; i < children->len; i++) {
                const BhVersionChild *child = &g_array_index(children, BhVersionChild, i);
                struct stat st;

                if (fstatat(fd, child->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != child->stat.st_dev ||
                    st.st_ino != child->stat.st_ino || !is_same_time(&st.st_mtim, &child->stat.st_mtim) ||
                    !is_same_time(&st.st_ctim, &child->stat.st_ctim))
                        return false;
        }
        return true;
}

bool bh_versions_find(BhVersions *versions, const char *key, int fd, BhVersion *ret) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&versions->lock);
        Kept *kept;

        read_events(versions);
        kept = g_hash_table_lookup(versions->by_key, key);
        if (!kept)
                return false;
        if (g_get_monotonic_time() - kept->read_usec > BH_VERSION_USEC || !children_are_unchanged(kept->children, fd)) {
                drop_and_stop(versions, kept);
                return false;
        }
        g_queue_unlink(&versions->kept, &kept->link);
        g_queue_push_head_link(&versions->kept, &kept->link);
        *ret = kept->version;
        ret->next_cursor = g_strdup(kept->version.next_cursor);
        return true;
}

void bh_versions_begin(BhVersions *versions, int fd, BhVersionWatch *watch) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&versions->lock);
        char path[BH_PROC_PATH_SIZE];

        *watch = (BhVersionWatch){.descriptor = -1, .begun_usec = g_get_monotonic_time()};
        if (versions->fd < 0)
                return;
        bh_path_proc(path, fd, NULL);
        read_events(versions); /* what they end must not be taken for an end of what begins now */
        watch->descriptor = inotify_add_watch(versions->fd, path, EVENTS);
        g_ptr_array_add(versions->watches, watch);
}

static size_t size_of(const char *key, const BhVersion *version, const GArray *children) {
        size_t size = sizeof(Kept) + strlen(key) + strlen(version->next_cursor);

        for (size_t i = 0; i < children->len; i++)
                size += sizeof(BhVersionChild) + strlen(g_array_index(children, BhVersionChild, i).name) + 16;
        return size;
}

static void keep(BhVersions *versions, const BhVersionWatch *watch, const char *key, const BhVersion *version,
                 GArray *children) {
        Kept *kept = g_hash_table_lookup(versions->by_key, key), *old = kept;

        if (old)
                drop(versions, old);
        kept = g_new0(Kept, 1);
        kept->key = g_strdup(key);
        kept->version = *version;
        kept->version.next_cursor = g_strdup(version->next_cursor);
        kept->watch = watch->descriptor;
        kept->read_usec = watch->begun_usec;
        kept->children = g_array_ref(children);
        kept->size = size_of(key, version, children);
        kept->link.data = kept;
        g_hash_table_insert(versions->by_key, kept->key, kept);
        g_queue_push_head_link(&versions->kept, &kept->link);
        versions->kept_size += kept->size;
        while (versions->kept.tail && (versions->kept_size > KEPT_SIZE_MAX || versions->kept.length > KEPT_MAX))
                drop_and_stop(versions, versions->kept.tail->data);
}

static void end(BhVersions *versions, BhVersionWatch *watch) {
        g_ptr_array_remove_fast(versions->watches, watch);
        stop_watching(versions, watch->descriptor);
}

void bh_versions_keep(BhVersions *versions, BhVersionWatch *watch, const char *key, const BhVersion *version,
                      GArray *children) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&versions->lock);

        if (versions->fd >= 0)
                read_events(versions);
        if (watch->descriptor >= 0 && !watch->is_broken)
                keep(versions, watch, key, version, children);
        end(versions, watch);
        g_array_unref(children);
}

void bh_versions_give_up(BhVersions *versions, BhVersionWatch *watch) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&versions->lock);

        end(versions, watch);
}

unsigned bh_versions_count(BhVersions *versions) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&versions->lock);

        return versions->kept.length;
}
