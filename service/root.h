/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "path.h"
#include "quota.h"
#include "storage.h"
#include "sweeper.h"

/* A storage root: what of the files domain there is once for each filesystem. The main one is the root that is
 * configured; a pool is a further one, and shows as a folder of its name at the top of the main one. roots.h has those
 * who know of all of them. Nothing outside of the files domain includes this. */

typedef struct BhFiles BhFiles;

typedef enum BhRootState {
        BH_ROOT_ABSENT,   /* only its name is known; it has no descriptor open */
        BH_ROOT_OPENING,  /* takes nobody yet */
        BH_ROOT_COUNTING, /* can be read; nothing is written before its usage is known */
        BH_ROOT_READY,
        BH_ROOT_CLOSING, /* takes nobody any more */
} BhRootState;

/* What holds a root, which keeps it open. */
typedef enum BhUse {
        BH_USE_OPERATION, /* short: a call */
        BH_USE_UPLOAD,
        BH_USE_WRITER, /* a client that has kept the descriptor of an upload that is over */
        BH_USE_COPY,
        BH_USE_COUNT, /* its usage is being counted */
        BH_USES,
} BhUse;

typedef struct BhRoot {
        BhFiles *files;
        char *name; /* of its folder; "" for the main one */
        char *key;  /* the name without regard to case */
        char *id;   /* the pool's, "" for the main one; constant while it is not absent */
        GMutex names;
        GPtrArray *surveys; /* of BhSurvey that are under way; under names */

        /* While it is not absent; constant then. */
        BhStorage storage;
        BhLedger *ledger;
        BhSweeper *sweeper;
        uint64_t serial; /* another one each time that it is opened */
        bool is_new;     /* the database has not had this storage before */
        bool is_counted; /* its usage is known */

        bool is_stopping; /* atomic: what takes long must end */
        bool is_lost;     /* atomic: disk and counters may differ, so that they must be counted anew */

        /* Under state_lock of BhFiles. */
        BhRootState state;
        unsigned uses[BH_USES];
        bool is_detaching;
        int recovery_result;
} BhRoot;

/* An absent root. Takes nothing. */
BhRoot *bh_root_new(BhFiles *files, const char *name);

/* It must be absent, and nobody may hold it. NULL is fine. */
void bh_root_free(BhRoot *root);

static inline bool bh_root_is_main(const BhRoot *root) {
        return root->name[0] == '\0';
}

/* Opens and checks its storage, and loads what it is known to use. Returns 1 when that has to be counted anew. The state
 * is the caller's to change. mark: NULL for the main one. Errors: those of bh_storage_open() and bh_database_read(), with
 * a sentence in *reason to be freed with g_free(). Blocks. */
int bh_root_open(BhRoot *root, const char *path, const BhStorageMark *mark, uint64_t limit, char **reason);

/* Removes what interrupted work left behind, and counts the usage. Errors: -ECANCELED when stopped, -EIO. Blocks. */
int bh_root_count(BhRoot *root);

/* Closes all that is open of it, and remembers that it was a clean stop if it was. Nobody may hold it any more. Blocks. */
void bh_root_close(BhRoot *root);

/* Holds it, for whoever has a place in it or state_lock. Every hold ends with bh_root_release(). Errors: -ENODEV it takes
 * nobody. Does not block. */
int bh_root_hold(BhRoot *root, BhUse use);
int bh_root_hold_locked(BhRoot *root, BhUse use); /* likewise; state_lock is held */
void bh_root_release(BhRoot *root, BhUse use);

/* Changes what it is held for. */
void bh_root_change_use(BhRoot *root, BhUse from, BhUse to);

/* Whether anybody holds it. state_lock is held. */
bool bh_root_is_held(const BhRoot *root);

/* What holds it, for people: "2 uploads, 1 copy"; NULL when nothing does. all: short operations too. Free with g_free().
 * state_lock is held. */
char *bh_root_describe_uses(const BhRoot *root, bool all);

/* Of one kind of use: "2 uploads"; NULL when there is none. Free with g_free(). state_lock is held. */
char *bh_root_describe_use(const BhRoot *root, BhUse use);

/* Comes first in whatever changes something in a root that is held. In the main one waits for the end of recovery.
 * Errors: -ECANCELED, -ENODEV a pool whose usage is still being counted, what counting failed with. */
int bh_root_begin_change(BhRoot *root);

/* Remembers that disk and counters may differ, after an undo that did not work. */
void bh_root_set_lost(BhRoot *root, int error, const char *what);

/* A path, and the storage root that it is in, which is held. */
typedef struct BhPlace {
        BhPath path;
        BhRoot *root;
} BhPlace;

/* Finds a path's place. Errors: those of bh_path_parse(), -ENODEV the pool is not available. */
int bh_place_find(BhFiles *files, const char *text, BhPlace *ret);

/* Fine for one that is zeroed. Fit for _cleanup_. */
void bh_place_clear(BhPlace *place);
