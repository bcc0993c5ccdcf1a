/* SPDX-License-Identifier: MIT */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names and paths from outside, and the one way from a path to a descriptor.
 *
 * A path is relative to the top of the NAS, UTF-8, with "/" between names and none at the ends; "" is the top. It is
 * taken apart and checked once; its first name may be a pool's (root.h). The rest is resolved name by name from that
 * storage root with openat2(2), which is told to stay beneath the descriptor it starts from, to follow no symbolic or
 * magic link and to cross no mount point: a storage root is one filesystem, because staging, trash and publishing are
 * renames within it.
 *
 * Everything here may be used on any thread. */

#define BH_NAME_SIZE_MAX 255  /* bytes of one name */
#define BH_PATH_SIZE_MAX 4095 /* bytes of a path */
#define BH_PATH_DEPTH_MAX 64  /* names of a path */

/* The directory at the storage root that holds staging and trash; no user path leads into it. */
#define BH_RESERVED_NAME ".baluhost"

typedef struct BhPath {
        char *text;                     /* owned; the path as it was given */
        char *names[BH_PATH_DEPTH_MAX]; /* owned in one block with the first */
        size_t depth;                   /* number of names; 0: the root */
        size_t base;                    /* of which so many lead to its storage root: none, or one for a pool's */
        bool reserved;                  /* leads to or into the reserved directory of its storage root */
} BhPath;

/* 0 when it is 1 to 255 bytes of UTF-8 without "/", control characters (U+0000 to U+001F, U+007F to U+009F) and
 * noncharacters of Unicode (such as U+FFFE), and not "." or "..". Errors: -EILSEQ, -EXDEV for "..". */
int bh_name_validate(const char *name);

/* Takes a path apart into ret, to be freed with bh_path_clear(). Errors: -EXDEV when a name is ".." or the path begins
 * with "/", -EILSEQ when it is not a valid path otherwise. */
int bh_path_parse(BhPath *ret, const char *text);

/* Says that the first base names lead to the storage root that the path is in; 0 without it. At most depth. */
void bh_path_set_base(BhPath *path, size_t base);

/* The path of name within the directory parent, with base 0. Errors: as bh_path_parse(). */
int bh_path_join(BhPath *ret, const char *parent, const char *name);

/* Whether it is a storage root itself. */
static inline bool bh_path_is_root(const BhPath *path) {
        return path->depth == path->base;
}

/* The path within its storage root; a part of text. */
const char *bh_path_inner(const BhPath *path);

void bh_path_clear(BhPath *path);

/* Text of the path of the directory it is in, "" for what is in the root. Free with g_free(). */
char *bh_path_parent(const BhPath *path);

/* Its last name; "" for the root. Belongs to path. */
const char *bh_path_name(const BhPath *path);

/* Whether path is base, or lies beneath it. */
bool bh_path_is_within(const BhPath *path, const BhPath *base);

/* Opens one name, not a path, in the directory with openat2(2): flags as of open(2) without O_CREAT, O_CLOEXEC is
 * added. Returns a descriptor. Errors: -ENOENT when it is missing, -EXDEV when it is a symbolic link or a mount point,
 * -ENOTDIR, those of openat2(2). */
int bh_path_open_at(int directory_fd, const char *name, int flags);

/* A fresh descriptor, with an open file description of its own, of what fd refers to; fd may be an O_PATH descriptor.
 * The caller must know that it is a regular file or a directory, because opening a device can have effects. Errors:
 * those of open(2). */
int bh_path_reopen(int fd, int flags);

/* The entries of the directory that fd is, from the first on, without moving fd's own place in it; to be closed with closedir(). Errors: as bh_path_reopen(). */
int bh_path_open_entries(int fd, DIR **ret);

/* "/proc/self/fd/FD/NAME", or without the name when it is NULL: for system calls that take only paths. NAME is a single
 * name: the kernel does not follow it when it is a link and the call is of the kind that does not follow the last name.
 */
#define BH_PROC_PATH_SIZE (sizeof("/proc/self/fd/") + 11 + 1 + BH_NAME_SIZE_MAX + 1)
void bh_path_proc(char buffer[static BH_PROC_PATH_SIZE], int fd, const char *name);
