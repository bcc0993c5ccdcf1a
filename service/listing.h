/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "cursor.h"

/* Sorted directories. The last few are kept, so that going through a large one page by page does not read and sort it
 * each time; as long as the directory has not changed, which its times tell. What is served of an entry is always read
 * afresh by the caller. Thread-safe. */

typedef struct BhListings BhListings;

typedef struct BhListingEntry {
        const char *name;
        const char *key;     /* what it is sorted by: the name without regard to case */
        int64_t value;       /* size or modification time, when sorted by it */
        int64_t change_nsec; /* st_ctim when its owner was read; only with owners */
        uint32_t owner;      /* index in owners; only with owners */
        bool is_directory;
        bool is_folder; /* one of the query's folders */
} BhListingEntry;

/* A folder that shows in a directory without being there: that of a pool. */
typedef struct BhListingFolder {
        const char *name;
        struct stat stat;
} BhListingFolder;

/* Immutable once built. Files and directories with valid names; nothing else. */
typedef struct BhListing {
        gatomicrefcount references;
        dev_t device;
        ino_t inode;
        struct timespec modified, changed; /* of the directory, before it was read */
        unsigned generation;
        uint64_t serial;
        BhSort sort;
        bool has_owners;
        GArray *entries; /* of BhListingEntry: directories first, each part ascending */
        size_t n_directories;
        GPtrArray *owners;    /* strings; [0] is NULL: no mark of its own */
        GArray *owner_counts; /* of uint64_t: entries for each of owners; only with owners */
        GStringChunk *strings;
        size_t size; /* bytes of memory, about */
} BhListing;

BhListings *bh_listings_new(void);
void bh_listings_free(BhListings *listings);

/* Forgets all. For when owners have changed, which directories' times do not tell. */
void bh_listings_invalidate(BhListings *listings);

typedef struct BhListingQuery {
        bool is_root;     /* leave out the reserved directory */
        bool with_owners; /* the owner of every entry is needed */
        BhSort sort;
        uint64_t serial;       /* what was kept with another one is of no use */
        const GArray *folders; /* of BhListingFolder, in place of what has the same name; NULL: none */
} BhListingQuery;

/* The directory fd (open for reading), from memory or disk. Free with bh_listing_unref(). Errors: -EIO and those of
 * getdents(2). Blocks. */
int bh_listings_get(BhListings *listings, int fd, const BhListingQuery *query, BhListing **ret);

void bh_listing_unref(BhListing *listing);

/* The entry at a rank of an order. */
const BhListingEntry *bh_listing_at(const BhListing *listing, size_t rank, bool descending);

/* Rank of the first entry after the cursor, which must be of the listing's sort; the number of entries when there is
 * none. */
size_t bh_listing_after(const BhListing *listing, const BhCursor *cursor);

/* Sort key of a name; free with g_free(). */
char *bh_listing_key(const char *name);
