/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Versions of pages of directories: whether a page that was read before would still look the same, without reading it again.
 *
 * A version is a digest of a page as its reader sees it. The last few are kept, each with an inotify watch on its directory, which ends it at the first
 * change. The kernel queues an event before the call that made the change returns, and the queue is read before every answer; so whoever has seen a
 * change made never gets an answer from before it. What a watch on a directory does not tell is looked at otherwise:
 *   - subdirectories change without an event here when something is put into them; they are looked at one by one;
 *   - files that have other names could be changed through those; pages with such files are not kept;
 *   - memory maps, mounts and filesystems that others write to, over a network; for their sake nothing is believed for longer than BH_VERSION_USEC.
 * Thread-safe; blocks no longer than a few system calls take. */

#define BH_VERSION_SIZE 33 /* hexadecimal digits and NUL */
#define BH_VERSION_USEC INT64_C(2000000)
#define BH_VERSION_CHILDREN_MAX                                                                                        \
        256u /* pages with more subdirectories are not kept: looking at them takes as long as reading */

typedef struct BhVersions BhVersions;

/* A subdirectory in a page, as it was when the page was read. */
typedef struct BhVersionChild {
        char *name; /* owned */
        struct stat stat;
} BhVersionChild;

/* What is known of a page. */
typedef struct BhVersion {
        char text[BH_VERSION_SIZE];
        char *next_cursor; /* owned */
        uint64_t total;
} BhVersion;

void bh_version_clear(BhVersion *version);

/* A directory that is being read into a page. */
typedef struct BhVersionWatch {
        int descriptor; /* of the watch; -1: there is none */
        bool is_broken; /* something has changed since it began; under the lock of BhVersions */
        int64_t begun_usec;
} BhVersionWatch;

/* Where inotify is not to be had nothing is kept, which is all that is different. */
BhVersions *bh_versions_new(void);
void bh_versions_free(BhVersions *versions);

/* Array of BhVersionChild. */
GArray *bh_version_children_new(void);

/* The page that was kept for key, if nothing has changed since. fd: its directory, any descriptor. */
bool bh_versions_find(BhVersions *versions, const char *key, int fd, BhVersion *ret);

/* Before the directory fd is read. Every watch that was begun ends with bh_versions_keep() or bh_versions_give_up(). */
void bh_versions_begin(BhVersions *versions, int fd, BhVersionWatch *watch);

/* Keeps what was read, unless something has changed meanwhile. key says all that the page depends on besides what is in the directory. Takes children. */
void bh_versions_keep(BhVersions *versions, BhVersionWatch *watch, const char *key, const BhVersion *version,
                      GArray *children);
void bh_versions_give_up(BhVersions *versions, BhVersionWatch *watch);

/* Pages that are kept; for tests. */
unsigned bh_versions_count(BhVersions *versions);

/* What one event ends. For the reader of the queue, and for tests of events that are hard to come by. */
struct inotify_event;
void bh_versions_take_event(BhVersions *versions, const struct inotify_event *event);
