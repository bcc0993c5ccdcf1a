/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The pools of the NAS as storage roots. A pool that is attached shows as a folder of its name at the top of the NAS, and
 * paths that begin with its name lead into it. One that is declared but not attached keeps its name: it is not listed,
 * nobody can create anything of that name, and what leads into it fails with -ENODEV.
 *
 * The folder itself can not be renamed, moved, deleted or copied. Within it the rules are those of the main storage root:
 * everybody may add to the top. Nothing moves from one root to another (-EOPNOTSUPP), but can be copied. Each root has a
 * trash of its own, in which all that was deleted from it stays; lists and orders about the trash concern all that are
 * attached. What an owner uses is counted over all that are attached; the quota of the whole is of the main root only. An
 * account that is deleted while a pool is not attached leaves files there that belong to an account that is gone.
 *
 * Errors of the disk below, such as those after a filesystem has vanished, are -EIO of the operation at hand.
 *
 * All functions may be called on any thread, many at once. *reason is a sentence for people, set on failure, to be freed
 * with g_free(). */

typedef struct BhFiles BhFiles;

/* Keeps a name for a pool. One that is declared already is fine. Errors: -EILSEQ it is not a valid name, -EEXIST there is
 * something else of that name, without regard to case, at the top of the main root or among the pools, -EIO. Blocks. */
int bh_files_declare(BhFiles *files, const char *name, char **reason);

/* Gives the name up, and what is remembered of the usage of the pool id, "" for none. Errors: -ENOENT, -EBUSY it is
 * attached; those of bh_database_write(). Blocks. */
int bh_files_forget(BhFiles *files, const char *name, const char *id, char **reason);

/* Opens and checks the filesystem that is mounted at root_path, and makes it the folder name, which is declared then. id:
 * of the pool, 1 to 64 letters, digits and "-"; it must be the mark of the filesystem, in its reserved directory, before
 * anything is written. initialise: give the mark to a filesystem without one; only for who knows that the pool is
 * mounted there. After a stop that was not clean the usage is counted first; meanwhile the pool can be read, and what
 * would change it fails with -ENODEV. It must not be within another root, nor another within it.
 *
 * Errors: those of bh_files_declare(); -EINVAL id; -EALREADY the pool or the name is attached, or being attached or
 * detached; -ENODEV no mark, or another's; -ENOENT, -ENOTDIR, -EACCES, -EROFS, -EOPNOTSUPP what it can not do, -EBUSY
 * another service uses it, -EIO; -ECANCELED the service stops, or it was detached meanwhile. Blocks, for long when it is
 * counted. */
int bh_files_attach(BhFiles *files, const char *name, const char *id, const char *root_path, bool initialise,
                    char **reason);

/* Closes every descriptor on the filesystem of that pool, so that it can be unmounted. force: uploads, copies and counting
 * are ended for it; otherwise it is refused as long as there are any. Descriptors that were handed out, to read or to write
 * an upload, are their holders'; those in replies that are on their way are closed when they are sent. One that is not
 * attached is fine.
 *
 * Errors: -ENOENT, -EBUSY with what uses it in *reason ("2 uploads, 1 copy"); also when something does not end within some
 * seconds, such as a call that waits for a disk that is gone: with force nobody gets in any more then, and it can be called
 * again. Blocks. */
int bh_files_detach(BhFiles *files, const char *name, bool force, char **reason);

/* Whether it is attached, and can be read at least. Does not block. */
bool bh_files_is_attached(BhFiles *files, const char *name);

/* What uses the pool, as of bh_files_detach(): "" when nothing does. Free with g_free(). Does not block. */
char *bh_files_root_uses(BhFiles *files, const char *name);

/* The same one by one, for whoever tells them apart: owned BhRootUse; free with g_ptr_array_unref(). Does not block. */
typedef struct BhRootUse {
        const char *kind; /* "upload" or "job" */
        char *text;       /* "2 uploads" */
} BhRootUse;
GPtrArray *bh_files_list_uses(BhFiles *files, const char *name);

/* Bytes that its files take together, as counted; the trash included. Errors: -ENODEV. Does not block. */
int bh_files_root_counted(BhFiles *files, const char *name, uint64_t *ret_bytes);

/* Bytes of its filesystem: all, those that are taken, and those that the service may still write. name: "" for the main
 * root. Errors: -ENODEV, -EIO. Blocks. */
int bh_files_root_space(BhFiles *files, const char *name, uint64_t *ret_size, uint64_t *ret_used,
                        uint64_t *ret_available);

/* More about an error of a function of files.h that was given path and, for those that take two, to, where a pool is the
 * reason: a sentence, such as 'The pool “Photos” is not available'. NULL when there is nothing more to say. Free with
 * g_free(). Does not block. */
char *bh_files_explain_error(BhFiles *files, int r, const char *path, const char *to);
