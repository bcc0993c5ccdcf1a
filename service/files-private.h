/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "access.h"
#include "audit.h"
#include "files.h"
#include "listing.h"
#include "quota.h"
#include "rate-limit.h"
#include "storage.h"
#include "sweeper.h"
#include "sync.h"
#include "tree.h"
#include "version.h"

/* What the modules of the files domain share. Nothing outside of it includes this.
 *
 * Locks, in the order in which they are taken: an upload's own, names, then those within quota, sync, listings,
 * versions and uploads, which are leaves. While names is held nothing else of this service gives, takes or changes a name; what is
 * slow (fsync, the database) is done without it. Reading does not take it: a walk through descriptors sees each
 * directory at one moment. */

typedef struct BhUploads BhUploads;

struct BhFiles {
        BhStorage storage;
        BhDatabase *database;
        BhAccounts *accounts;
        BhQuota *quota;
        BhLedger *ledger;
        BhSync *sync;
        BhListings *listings;
        BhVersions *versions;
        BhUploads *uploads;
        BhSweeper *sweeper;
        BhRateLimit
                *refusals; /* audit rows for them, by account: whoever is refused can ask again as fast as they like */
        uint32_t trash_days;

        GMutex names;

        GMutex state_lock;
        GCond state_changed;
        bool is_recovering;  /* under state_lock */
        bool is_new;         /* the database has not had a storage before */
        int recovery_result; /* under state_lock */
        bool is_stopping;    /* atomic */
        bool is_lost;        /* atomic: disk and counters may differ, so that the next start must count anew */
};

/* Times of inodes as one number, which is held at its ends where a filesystem knows later ones. */
int64_t bh_time_to_nsec(const struct timespec *time);

/* Where the service acts on its own behalf: may do everything. */
extern const BhCaller bh_files_nobody;

/* Waits for the end of recovery. Call it first in whatever changes something. Errors: -ECANCELED. */
int bh_files_begin_change(BhFiles *files);

/* Writes the audit row and the charges in one transaction. Errors: those of bh_database_write(). Blocks. */
int bh_files_record(BhFiles *files, const BhCaller *caller, const BhAudit *audit, const BhCharges *charges);

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

int bh_files_make_durable(BhFiles *files, const BhDurable *durable);

/* Posts an audit row when r is a refusal or a failure that is worth one. Returns r. */
int bh_files_refuse(BhFiles *files, const BhCaller *caller, const char *event_type, const char *action,
                    const char *target, int r);

/* Quota of the account with that mark; 0 when there is none. */
uint64_t bh_files_quota_of(BhFiles *files, const char *owner);

/* Remembers that disk and counters may differ, after an undo that did not work. */
void bh_files_set_lost(BhFiles *files, int error, const char *what);

/* entry.c: describes a node for a caller. path may be NULL. */
void bh_entry_fill(BhFiles *files, const BhCaller *caller, const char *path, const char *name, const struct stat *st,
                   const char *owner, BhEntry *ret);

/* entry.c: its entity tag. */
void bh_entry_format_etag(char etag[static BH_ETAG_SIZE], const struct stat *st);

/* file.c: opens the directory that path is in. Errors: -EINVAL the root, -EILSEQ the reserved name, -ENOENT also when
 * the caller may not view that directory, those of bh_node_open(). */
int bh_files_open_parent(BhFiles *files, const BhCaller *caller, const BhPath *path, BhNode *ret);

/* folder.c: opens the directory that the first depth names of path lead to, and creates for owner what of it is
 * missing. names must be held. What was created is appended to created, of bh_created_new(): pass it to
 * bh_created_sync() after names is released, or to bh_created_undo() while it is held. Errors: those of
 * bh_files_open_parent(), -EEXIST something of the path is not a directory, -EACCES the caller may not add to a
 * directory. */
int bh_files_make_path(BhFiles *files, const BhCaller *caller, const char *owner, const BhPath *path, size_t depth,
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
} BhRelocation;

/* Moves it without replacing anything, and gives it a mark if its owner would change otherwise. names must be held.
 * Errors: -EEXIST, -EILSEQ the path of something in it would become too long, those of renameat2(2). */
int bh_files_relocate(const BhNode *item, const BhRelocation *relocation);

/* Moves it back, if it is still there. names must be held. Errors: -ENOENT, those of renameat2(2). */
int bh_files_undo_relocate(const BhNode *item, const BhRelocation *relocation);

/* Gives the item a mark if its owner changes where directory_owner's is inherited. Returns whether it did. Errors:
 * those of setxattr(2) and fsync(2). */
int bh_files_keep_owner(const BhNode *item, const char *directory_owner);

/* Where source goes: into target if that is an existing directory, else to target. ret_parent is the directory that
 * ret_path is in. Errors: those of bh_path_parse() and bh_files_open_parent(), -EACCES the target may not be viewed,
 * -EINVAL the source is the root. */
int bh_files_resolve_target(BhFiles *files, const BhCaller *caller, const BhPath *source, const char *target,
                            BhPath *ret_path, BhNode *ret_parent);

/* A name that is free in the directory: name itself, or one like "photo (2).jpg". NULL when there is none. Free with
 * g_free(). */
char *bh_files_free_name(int directory_fd, const char *name);

/* upload.c */
BhUploads *bh_uploads_new(void);
void bh_uploads_free(BhFiles *files, BhUploads *uploads);
/* Gives up all uploads that are charged to the owner. */
void bh_uploads_abort_owner(BhFiles *files, const char *owner);

/* trash.c: removes what interrupted deletions left; adds what is in the trash to counted. */
int bh_trash_reconcile(BhFiles *files, BhCharges *counted);

#define BH_USEC_PER_DAY (INT64_C(86400) * BH_USEC_PER_SEC)

/* trash.c: whether an item in the trash is the caller's: by its owner, or when it has none by who deleted it. */
struct BhTrashRecord;
bool bh_trash_is_callers(const BhCaller *caller, const struct BhTrashRecord *record);

/* trash.c: moves one item to the trash for the caller; when only_owner is not NULL, only if all of it is that owner's. *ret_trash_id as of bh_files_delete().
 * Errors: those of bh_files_delete(), -ESTALE it is not that owner's. */
int bh_trash_put(BhFiles *files, const BhCaller *caller, const char *action, const BhPath *path, const char *only_owner,
                 char **ret_trash_id);

/* BhTreeVisit: adds every file to charges as used by its owner. userdata: BhCharges. */
int bh_files_visit_count(const BhTreeItem *item, void *userdata);
