/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "access.h"
#include "audit.h"
#include "files.h"
#include "listing.h"
#include "quota.h"
#include "rate-limit.h"
#include "root.h"
#include "storage.h"
#include "survey.h"
#include "sweeper.h"
#include "sync.h"
#include "tree.h"
#include "version.h"

/* What the modules of the files domain share. Nothing outside of it includes this.
 *
 * Locks, in the order in which they are taken: pools_lock, an upload's own, names of a root (of one at a time),
 * state_lock, then those within quota, sync, listings, versions and uploads, which are leaves. While names of a root is
 * held nothing else of this service gives, takes or changes a name in it; what is slow (fsync, the database) is done
 * without it. Reading does not take it: a walk through descriptors sees each directory at one moment. */

typedef struct BhUploads BhUploads;

struct BhFiles {
        BhRoot *main;
        BhDatabase *database;
        BhAccounts *accounts;
        BhQuota *quota;
        BhSync *sync;
        BhListings *listings;
        BhVersions *versions;
        BhUploads *uploads;
        BhRateLimit
                *refusals; /* audit rows for them, by account: whoever is refused can ask again as fast as they like */
        uint32_t trash_days;

        GMutex pools_lock;     /* over names becoming known or forgotten */
        GPtrArray *pools;      /* of BhRoot, known ones; changed under pools_lock and state_lock */
        int n_pools;           /* atomic; changed under names of the main root when it grows */
        uint64_t last_serial;  /* atomic */
        uint64_t pools_serial; /* another one after any change of what is known or attached; under state_lock */
        int64_t detach_usec;   /* how long detaching waits for calls to end */

        GMutex state_lock;
        GCond state_changed;
        bool is_stopping; /* under state_lock */
};

/* Times of inodes as one number, which is held at its ends where a filesystem knows later ones. */
int64_t bh_time_to_nsec(const struct timespec *time);

/* Where the service acts on its own behalf: may do everything. */
extern const BhCaller bh_files_nobody;

/* roots.c: whether any pools are known. Most have none, and need no lock to know it. */
bool bh_files_has_pools(BhFiles *files);

/* roots.c: a number that was not given before. */
uint64_t bh_files_next_serial(BhFiles *files);

/* roots.c: the root that the path leads into, held for an operation. Errors: -ENODEV. */
int bh_files_hold_root_of(BhFiles *files, const BhPath *path, BhRoot **ret);

/* roots.c: all roots (BhRoot) that can be read, the main one first, held for an operation until the array is freed.
 * *ret_serial is another one after a change of what there is; may be NULL. */
GPtrArray *bh_files_hold_all(BhFiles *files, uint64_t *ret_serial);

/* roots.c: whether the name in the directory is the folder of a pool, without regard to case, so that nothing else can
 * have it. Be sure of it while names is held. */
bool bh_root_is_taken(const BhRoot *root, const BhNode *directory, const char *name);

/* roots.c: whether paths from the top of this root that begin with the name lead into a pool instead. */
bool bh_root_has_pool(const BhRoot *root, const char *name);

/* roots.c: closes the pools; for the end. */
void bh_files_detach_all(BhFiles *files);

/* Finds the place of something to change, and waits until it can be changed. Errors: those of bh_place_find() and
 * bh_root_begin_change(). */
int bh_files_begin_change(BhFiles *files, const char *text, BhPlace *ret);

/* Writes the audit row and the charges in one transaction. Errors: those of bh_database_write(). Blocks. */
int bh_files_record(BhRoot *root, const BhCaller *caller, const BhAudit *audit, const BhCharges *charges);

/* Makes a change durable that has been made already: the directories, in their order, and the record of it at the same time. created: directories
 * that were made on the way, or NULL. On an error the record is taken back if it has been written; the caller takes back the change. Errors: those of
 * fsync(2) and bh_database_write(). Blocks. */
typedef struct BhDurable {
        const BhCaller *caller;
        const BhAudit *audit;
        BhCharges *charges; /* or NULL */
        const GArray *created;
        const int *fds;
        size_t n_fds;
} BhDurable;

int bh_files_make_durable(BhRoot *root, const BhDurable *durable);

/* Posts an audit row when r is a refusal or a failure that is worth one. Returns r. */
int bh_files_refuse(BhFiles *files, const BhCaller *caller, const char *event_type, const char *action,
                    const char *target, int r);

/* Quota of the account with that mark; 0 when there is none. */
uint64_t bh_files_quota_of(BhFiles *files, const char *owner);

/* entry.c: describes a node for a caller. path may be NULL. */
void bh_entry_fill(BhFiles *files, const BhCaller *caller, const char *path, const char *name, const struct stat *st,
                   const char *owner, BhEntry *ret);

/* entry.c: its entity tag. */
void bh_entry_format_etag(char etag[static BH_ETAG_SIZE], const struct stat *st);

/* file.c: opens the directory that path is in, which is in the root. Errors: -EINVAL a root, -EILSEQ the reserved name,
 * -ENOENT also when the caller may not view that directory, those of bh_node_open(). */
int bh_files_open_parent(const BhRoot *root, const BhCaller *caller, const BhPath *path, BhNode *ret);

/* folder.c: opens the directory that the first depth names of path lead to, and creates for owner what of it is
 * missing. names must be held. What was created is appended to created, of bh_created_new(): pass it to
 * bh_created_sync() after names is released, or to bh_created_undo() while it is held. Errors: those of
 * bh_files_open_parent(), -EEXIST something of the path is not a directory, -EACCES the caller may not add to a
 * directory. */
int bh_files_make_path(BhRoot *root, const BhCaller *caller, const char *owner, const BhPath *path, size_t depth,
                       GArray *created, BhNode *ret);
GArray *bh_created_new(void);
int bh_created_sync(BhFiles *files, const GArray *created);
void bh_created_undo(const GArray *created);

/* move.c: an item on its way from one directory to another. */
typedef struct BhRelocation {
        int source_fd; /* directory it is in */
        const char *source_name;
        const BhNode *target; /* directory it goes to */
        const char *target_name;
        size_t target_depth, target_size; /* names and bytes of its new path */
        bool is_measured;                 /* the next two are known: as of bh_tree_measure() */
        size_t depth, path_size;
} BhRelocation;

/* Moves it without replacing anything, and gives it a mark if its owner would change otherwise. names must be held.
 * Errors: -EEXIST, -EILSEQ the path of something in it would become too long, those of renameat2(2). root: of both. */
int bh_files_relocate(const BhRoot *root, const BhNode *item, const BhRelocation *relocation);

/* Moves it back, if it is still there. names must be held. Errors: -ENOENT, those of renameat2(2). */
int bh_files_undo_relocate(const BhNode *item, const BhRelocation *relocation);

/* Whether two nodes are the same file or directory, of the same owner. */
bool bh_files_is_same_node(const BhNode *a, const BhNode *b);

/* Gives the item a mark if its owner changes where directory_owner's is inherited. Returns whether it did. Errors:
 * those of setxattr(2) and fsync(2). */
int bh_files_keep_owner(const BhNode *item, const char *directory_owner);

/* Where source goes: into target if that is an existing directory, else to target. ret_parent is the directory that
 * the place is in. Errors: those of bh_place_find() and bh_files_open_parent(), -EACCES the target may not be viewed,
 * -EINVAL the source is a root. */
int bh_files_resolve_target(BhFiles *files, const BhCaller *caller, const BhPath *source, const char *target,
                            BhPlace *ret, BhNode *ret_parent);

/* A name that is free in the directory of the root: name itself, or one like "photo (2).jpg". NULL when there is none.
 * Free with g_free(). */
char *bh_files_free_name(const BhRoot *root, const BhNode *directory, const char *name);

/* upload.c */
BhUploads *bh_uploads_new(void);
void bh_uploads_free(BhFiles *files, BhUploads *uploads);
/* Gives up all uploads that are charged to the owner. */
void bh_uploads_abort_owner(BhFiles *files, const char *owner);
/* Gives up all uploads to the root and lets go of it; except for those that are being committed right now. */
void bh_uploads_drop_root(BhFiles *files, const BhRoot *root);

/* trash.c: removes what interrupted deletions left; adds what is in the trash to counted. */
int bh_trash_reconcile(BhRoot *root, BhCharges *counted);

#define BH_USEC_PER_DAY (INT64_C(86400) * BH_USEC_PER_SEC)

/* trash.c: which of the roots has the item in its trash, once it can be changed. Errors: -ENOENT, those of
 * bh_root_begin_change(). */
int bh_trash_find_root(const GPtrArray *roots, const char *id, BhRoot **ret);

/* trash.c: whether an item in the trash is the caller's: by its owner, or when it has none by who deleted it. */
struct BhTrashRecord;
bool bh_trash_is_callers(const BhCaller *caller, const struct BhTrashRecord *record);

/* trash.c: moves what is at the place to the trash of its root for the caller; when only_owner is not NULL, only if all of it is that owner's. *ret_trash_id as of bh_files_delete().
 * Errors: those of bh_files_delete(), -ESTALE it is not that owner's. */
int bh_trash_put(const BhPlace *place, const BhCaller *caller, const char *action, const char *only_owner,
                 char **ret_trash_id);

/* BhTreeVisit: adds every file to charges as used by its owner. userdata: BhCharges. */
int bh_files_visit_count(const BhTreeItem *item, void *userdata);
