/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "caller.h"
#include "database.h"
#include "version.h"

/* The files on the NAS: what the bus adapters of org.baluhost.NAS1.Files and .Upload call.
 *
 * All functions may be called on any thread, many at once; except for the lifecycle's they block on the disk, so never
 * call them on the event loop. Paths and names come as they were given from outside (NUL-terminated, otherwise
 * unchecked). Functions that change something write the audit row in the transaction of the change; when they fail with
 * -EACCES, -EXDEV or -EDQUOT they post an audit row of the refusal.
 *
 * Errors that all functions with a path share: -EILSEQ not a valid name or path, -EXDEV outside of the storage (by
 * "..", a symbolic link or a mount point), -ENOENT missing, or hidden by a folder that the caller may not view, -EACCES
 * not permitted, -ENODEV in a pool that is not available (roots.h), -EIO. Functions that change something in the main
 * storage root wait for the end of recovery, and fail with -ECANCELED when the service stops meanwhile. */

typedef struct BhFiles BhFiles;

typedef struct BhFilesConfig {
        const char *root;     /* storage root */
        uint64_t quota_bytes; /* of all files together; 0: none */
        uint32_t trash_days;  /* after so many days the trash is purged; 0: never */
} BhFilesConfig;

/* Lifecycle
 * --------------------------------------------------------------------------------------------------------------------------------
 */

/* Opens the storage: checks that it can do what is needed of it (a directory, openat2, user xattrs, leases, renames
 * that do not replace and that exchange), creates the reserved directory, loads the usage counters. database and
 * accounts must outlive it. On failure *reason, to be freed with g_free(), is a sentence for people. Ignores SIGIO in
 * this process, because it takes leases. Errors: -ENOENT, -ENOTDIR, -EACCES, -EOPNOTSUPP something is missing, -EBUSY
 * another service uses it, -EIO. Blocks. */
int bh_files_open(BhFiles **ret, const BhFilesConfig *config, BhDatabase *database, BhAccounts *accounts,
                  char **reason);

/* Whether the last stop was not clean, or the database does not know this storage, so that bh_files_recover() has to
 * run. Does not block. */
bool bh_files_is_recovering(BhFiles *files);

/* Removes what interrupted work left behind, counts the usage anew and lets writers in. Does nothing when there is
 * nothing to recover. Run it on a worker thread after bh_files_open(). Errors: -ECANCELED when stopped, -EIO; writers
 * stay locked out then. Blocks. */
int bh_files_recover(BhFiles *files);

/* Makes recovery and writers that wait for it give up, soon; for the clean stop. Does not block. */
void bh_files_stop(BhFiles *files);

/* Aborts all uploads, remembers that the stop was clean, frees. No other call may be under way. NULL is fine. Blocks.
 */
void bh_files_free(BhFiles *files);

/* 0 while the storage can be read and its filesystem written, else a negative errno. Blocks. */
int bh_files_check_health(BhFiles *files);

/* Files of development mode without an owner: Demo/Documents/welcome.txt, Demo/Media/readme.md, Notes.txt. What exists
 * is left alone. Blocks. */
int bh_files_seed(BhFiles *files);

/* Deletes what has been in the trash for too long. Call it every hour or so. Blocks. */
int bh_files_purge_expired(BhFiles *files);

/* Reading
 * ----------------------------------------------------------------------------------------------------------------------------------
 */

#define BH_ETAG_SIZE 80

typedef struct BhEntry {
        char *path; /* owned; NULL in lists */
        char *name; /* owned */
        bool is_directory;
        bool is_writable;         /* the caller may change it */
        uint64_t size;            /* bytes; 0 for directories */
        int64_t modified_usec;    /* since 1970 */
        uint64_t owner_id;        /* account that owns it, 0: nobody, or an account that is gone */
        char owner[BH_UUID_SIZE]; /* its owner's mark, inherited or its own; "": nobody */
        char etag[BH_ETAG_SIZE];  /* "" for directories */
} BhEntry;

void bh_entry_clear(BhEntry *entry);

typedef enum BhSort {
        BH_SORT_NAME,
        BH_SORT_SIZE,
        BH_SORT_MODIFIED,
} BhSort;

#define BH_LIST_LIMIT_DEFAULT 1000u
#define BH_LIST_LIMIT_MAX 5000u

typedef struct BhListOptions {
        uint32_t limit;     /* 1 to BH_LIST_LIMIT_MAX */
        const char *cursor; /* of an earlier page, or NULL or "" */
        BhSort sort;
        bool descending;
        const char *if_version; /* version of the page that the caller has, "" for none; NULL: will not ask again */
} BhListOptions;

typedef struct BhList {
        BhEntry *entries; /* owned */
        size_t n_entries;
        char *next_cursor; /* owned; "" after the last page */
        uint64_t total;    /* entries in the directory that the caller may view */
        char version[BH_VERSION_SIZE];
        bool is_unchanged; /* it is if_version that the page still has; there are no entries then */
} BhList;

void bh_list_clear(BhList *list);

/* A page of a directory. Its version is the same as long as it looks the same to the same account, and tells nothing else. Errors: also -ENOTDIR, -EINVAL (limit, or a cursor that is none, or is of another order). */
int bh_files_list(BhFiles *files, const BhCaller *caller, const char *path, const BhListOptions *options, BhList *ret);

int bh_files_stat(BhFiles *files, const BhCaller *caller, const char *path, BhEntry *ret);

/* Opens a file to read, at offset 0; ret describes the open descriptor. The descriptor is the caller's to close. audit:
 * write a row for the download. Returns it. Errors: also -EISDIR. */
int bh_files_open_file(BhFiles *files, const BhCaller *caller, const char *path, bool audit, BhEntry *ret);

typedef struct BhAccess {
        bool may_view, may_change, may_add;
        const char *rule;  /* "administrator", "owner", "inherited-owner", "no-owner", "root-folder", "other-owner",
                              "hidden-by-folder", "user-disabled", "not-found" */
        char *explanation; /* owned; a sentence */
} BhAccess;

void bh_access_clear(BhAccess *access);

/* What the user may do with a path, existing or not. user_id 0: the caller; others only for administrators. Errors:
 * -EPERM, -ENOENT no such user, and for paths only -EILSEQ and -EXDEV. */
int bh_files_explain_access(BhFiles *files, const BhCaller *caller, uint64_t user_id, const char *path, BhAccess *ret);

typedef struct BhUsage {
        uint64_t used_bytes, trash_bytes, reserved_bytes, quota_bytes; /* the caller's, in all storage roots */
        /* Of the main storage root: */
        uint64_t total_used_bytes, total_quota_bytes;
        uint64_t available_bytes; /* what the caller can still write */
        uint64_t filesystem_bytes, filesystem_free_bytes;
        /* With all pools that are attached: */
        uint64_t all_used_bytes, all_filesystem_bytes, all_filesystem_free_bytes;
} BhUsage;

int bh_files_get_usage(BhFiles *files, const BhCaller *caller, BhUsage *ret);

/* Bytes that an owner's files take, trash included; owner is the mark. Does not block. */
uint64_t bh_files_used_bytes(BhFiles *files, const char *owner);

/* Changing
 * ---------------------------------------------------------------------------------------------------------------------------------
 */

/* Creates a directory that belongs to the caller. parents: create what is missing above it too, and accept that it
 * exists. Errors: also -EEXIST. */
int bh_files_create_folder(BhFiles *files, const BhCaller *caller, const char *path, bool parents, BhEntry *ret);

/* New name in the same directory. *ret_path, to be freed with g_free(), is where it is then. Errors: also -EEXIST. */
int bh_files_rename(BhFiles *files, const BhCaller *caller, const char *path, const char *new_name, char **ret_path);

/* Moves it into the directory target, or to the path target when there is nothing yet. Errors: also -EEXIST, -EINVAL a
 * directory into itself, or a root, -EOPNOTSUPP into another storage root. */
int bh_files_move(BhFiles *files, const BhCaller *caller, const char *source, const char *target, char **ret_path);

/* Moves it to the trash. *ret_trash_id, to be freed with g_free(), is "" when missing_ok and there is nothing. Errors:
 * also -EINVAL the root. */
int bh_files_delete(BhFiles *files, const BhCaller *caller, const char *path, bool missing_ok, char **ret_trash_id);

/* Trash
 * ------------------------------------------------------------------------------------------------------------------------------------
 */

typedef struct BhTrashItem {
        char *trash_id;
        char *path; /* where it was */
        bool is_directory;
        uint64_t size; /* of all that is in it */
        int64_t deleted_usec;
        int64_t expires_usec; /* 0: never */
        uint64_t owner_id;
} BhTrashItem;

void bh_trash_items_free(BhTrashItem *items, size_t n_items);

/* What the caller's is in the trash, newest first; or everybody's (for administrators, else -EPERM). What has no owner
 * is its deleter's. */
int bh_files_list_trash(BhFiles *files, const BhCaller *caller, bool all, BhTrashItem **ret, size_t *ret_n);

/* Back to where it was: for its owner as long as that directory may be viewed, and for administrators. Errors: also
 * -EEXIST. */
int bh_files_restore_trash(BhFiles *files, const BhCaller *caller, const char *trash_id, bool keep_both, bool parents,
                           char **ret_path);

/* Deletes for good, one item or (empty id) all of the caller's. */
int bh_files_purge_trash(BhFiles *files, const BhCaller *caller, const char *trash_id, uint64_t *ret_freed_bytes);

/* Uploads
 * ----------------------------------------------------------------------------------------------------------------------------------
 */

#define BH_UPLOADS_MAX 256u /* open ones of a user */
#define BH_UPLOAD_ID_SIZE 33
#define BH_UPLOAD_SIZE_UNKNOWN UINT64_MAX

typedef struct BhUploadOptions {
        uint64_t size; /* bytes to reserve, or BH_UPLOAD_SIZE_UNKNOWN */
        bool overwrite;
        bool parents;
        bool has_modified_usec;
        int64_t modified_usec;
        const char *if_etag; /* or NULL */
} BhUploadOptions;

/* Begins an upload. Returns a descriptor to write the content to, which is the caller's; ret_id names the upload from
 * now on. Errors: also -EEXIST, -EISDIR, -EDQUOT, -ENOSPC, -ESTALE, -EINVAL (modified_usec), -EAGAIN too many. */
int bh_files_upload_begin(BhFiles *files, const BhCaller *caller, const char *path, const BhUploadOptions *options,
                          char ret_id[static BH_UPLOAD_ID_SIZE]);

/* Makes it durable and publishes it. size: BH_UPLOAD_SIZE_UNKNOWN for no check; sha256: lower-case hexadecimal, or
 * NULL. When it fails nothing has changed and the upload is gone; except for -EBUSY: somebody still has a descriptor to
 * write to it. -ENOENT also when there is no such upload of this user and bus peer. Errors: also -EEXIST, -EISDIR,
 * -EDQUOT, -ENOSPC, -ESTALE, -EINVAL (size, sha256), -ECANCELED it was aborted for its size. */
int bh_files_upload_commit(BhFiles *files, const BhCaller *caller, const char *id, uint64_t size, const char *sha256,
                           BhEntry *ret);

/* Gives up an upload of this user and bus peer. Errors: -ENOENT. */
int bh_files_upload_abort(BhFiles *files, const BhCaller *caller, const char *id);

/* Gives up all uploads of a bus peer that has left; its unique name. */
void bh_files_upload_peer_left(BhFiles *files, const char *bus_name);

/* Begins to write what large uploads have brought; aborts those that have been written more to than their reservation can grow to, and empties them. Call it about
 * every second while bh_files_upload_count() is not 0. */
void bh_files_upload_check(BhFiles *files);

/* Whether there is such an upload of that bus peer. Does not block. */
bool bh_files_upload_is_of_peer(BhFiles *files, const char *id, const char *bus_name);

/* Uploads that are open, or over but with a descriptor left that can write. Does not block. */
unsigned bh_files_upload_count(BhFiles *files);

/* Copying
 * ----------------------------------------------------------------------------------------------------------------------------------
 */

typedef struct BhCopy BhCopy;

/* Called now and then on the thread that copies. */
typedef void (*BhCopyProgress)(uint64_t bytes_done, uint64_t bytes_total, void *userdata);

/* Checks that source can be copied to target (as for bh_files_move()) and reserves its size. Errors: also -EEXIST,
 * -EINVAL, -EDQUOT, -ENOSPC. */
int bh_files_copy_begin(BhFiles *files, const BhCaller *caller, const char *source, const char *target, bool keep_both,
                        BhCopy **ret);

/* Copies and publishes; once. *ret_path, to be freed with g_free(), is where the copy is. Errors: also -ECANCELED after
 * bh_copy_cancel(), -ENODEV its pool is being detached. */
int bh_copy_run(BhCopy *copy, BhCopyProgress progress, void *userdata, char **ret_path);

/* Makes bh_copy_run() give up soon and leave nothing behind. Any thread, does not block. */
void bh_copy_cancel(BhCopy *copy);

/* More about what bh_copy_run() failed with, as of bh_files_explain_error(); NULL when there is nothing to say. */
char *bh_copy_explain_error(const BhCopy *copy, int r);

/* Frees it, and gives its reservation back. Not while bh_copy_run() runs. */
void bh_copy_free(BhCopy *copy);

/* Owners
 * -----------------------------------------------------------------------------------------------------------------------------------
 */

/* Everything that is marked with from_owner, in the trash too, is marked with to_owner then; both are owner marks. Open
 * uploads of from_owner are aborted. Can be repeated when it fails. For the deletion of an account, before its row
 * goes. */
int bh_files_reassign_owner(BhFiles *files, const BhCaller *caller, const char *from_owner, const char *to_owner);

/* Moves what from_owner owns to the trash of to_owner; a folder that also holds what is somebody else's stays, and is
 * to_owner's then. Likewise. */
int bh_files_trash_owner(BhFiles *files, const BhCaller *caller, const char *from_owner, const char *to_owner);
