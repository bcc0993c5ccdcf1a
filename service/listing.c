/* SPDX-License-Identifier: MIT */
#include "listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "files-private.h"
#include "macro.h"
#include "owner.h"
#include "path.h"

#define KEPT_SIZE_MAX (12u * 1024 * 1024) /* bytes of all that are kept */
#define KEPT_MAX 32u                      /* listings */
#define SMALL 5000u /* entries: up to here the owners are read along, whoever asks, since somebody will need them */

/* A change of the directory within the same tick of the kernel's clock leaves its times as they are, so a listing that
 * was read this soon after a change is not kept. */
#define RECENT_NSEC INT64_C(50000000)

/* Directories of so many bytes are read and sorted one at a time: that takes memory, and mostly several ask for the same. */
#define LARGE_SIZE (256 * 1024)

struct BhListings {
        GMutex large; /* taken before lock */
        GMutex lock;
        GQueue kept; /* of BhListing, the last used first */
        size_t kept_size;
        unsigned generation;
};

BhListings *bh_listings_new(void) {
        BhListings *listings = g_new0(BhListings, 1);

        g_mutex_init(&listings->large);
        g_mutex_init(&listings->lock);
        g_queue_init(&listings->kept);
        return listings;
}

static void drop_kept(BhListings *listings, GList *link) {
        BhListing *listing = link->data;

        listings->kept_size -= listing->size;
        g_queue_delete_link(&listings->kept, link);
        bh_listing_unref(listing);
}

static void drop_all(BhListings *listings) {
        while (listings->kept.head)
                drop_kept(listings, listings->kept.head);
}

void bh_listings_free(BhListings *listings) {
        if (!listings)
                return;
        drop_all(listings);
        g_mutex_clear(&listings->lock);
        g_mutex_clear(&listings->large);
        g_free(listings);
}

void bh_listings_invalidate(BhListings *listings) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&listings->lock);

        listings->generation++;
        drop_all(listings);
}

void bh_listing_unref(BhListing *listing) {
        if (!listing || !g_atomic_ref_count_dec(&listing->references))
                return;
        g_array_unref(listing->entries);
        g_ptr_array_unref(listing->owners);
        g_array_unref(listing->owner_counts);
        g_string_chunk_free(listing->strings);
        g_free(listing);
}

static bool is_same_time(const struct timespec *a, const struct timespec *b) {
        return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* What was kept of the directory, if it is of use; what is outdated is dropped. */
static BhListing *find_kept(BhListings *listings, const struct stat *st, const BhListingQuery *query) {
        BhListing *found = NULL;

        for (GList *link = listings->kept.head, *next; link; link = next) {
                BhListing *listing = link->data;

                next = link->next;
                if (listing->device != st->st_dev || listing->inode != st->st_ino)
                        continue;
                if (listing->serial != query->serial || !is_same_time(&listing->modified, &st->st_mtim) ||
                    !is_same_time(&listing->changed, &st->st_ctim))
                        drop_kept(listings, link);
                else if (!found && listing->sort == query->sort && (listing->has_owners || !query->with_owners)) {
                        found = listing;
                        g_atomic_ref_count_inc(&found->references);
                        g_queue_unlink(&listings->kept, link);
                        g_queue_push_head_link(&listings->kept, link);
                }
        }
        return found;
}

static void keep(BhListings *listings, BhListing *listing) {
        if (listing->size > KEPT_SIZE_MAX || listing->generation != listings->generation)
                return;
        g_atomic_ref_count_inc(&listing->references);
        g_queue_push_head(&listings->kept, listing);
        listings->kept_size += listing->size;
        while (listings->kept_size > KEPT_SIZE_MAX || listings->kept.length > KEPT_MAX)
                drop_kept(listings, listings->kept.tail);
}

static bool is_ascii_lower(const char *name) {
        for (; *name; name++)
                if ((unsigned char)*name >= 0x80 || (*name >= 'A' && *name <= 'Z'))
                        return false;
        return true;
}

char *bh_listing_key(const char *name) {
        return g_str_is_ascii(name) ? g_ascii_strdown(name, -1) : g_utf8_casefold(name, -1);
}

static BhListing *listing_new(const struct stat *st, const BhListingQuery *query) {
        BhListing *listing = g_new0(BhListing, 1);
        const uint64_t zero = 0;

        g_atomic_ref_count_init(&listing->references);
        listing->device = st->st_dev;
        listing->inode = st->st_ino;
        listing->modified = st->st_mtim;
        listing->changed = st->st_ctim;
        listing->serial = query->serial;
        listing->sort = query->sort;
        listing->entries = g_array_new(FALSE, FALSE, sizeof(BhListingEntry));
        listing->owners = g_ptr_array_new();
        g_ptr_array_add(listing->owners, NULL);
        listing->owner_counts = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        g_array_append_val(listing->owner_counts, zero);
        listing->strings = g_string_chunk_new(16 * 1024);
        return listing;
}

static void add_entry(BhListing *listing, const char *name, bool is_directory) {
        BhListingEntry entry = {.is_directory = is_directory};

        entry.name = entry.key = g_string_chunk_insert(listing->strings, name);
        listing->size += sizeof(entry) + strlen(name) + 1;
        if (!is_ascii_lower(name)) {
                g_autofree char *key = bh_listing_key(name);
                entry.key = g_string_chunk_insert(listing->strings, key);
                listing->size += strlen(key) + 1;
        }
        g_array_append_val(listing->entries, entry);
        listing->n_directories += is_directory;
}

static const BhListingFolder *find_folder(const BhListingQuery *query, const char *name) {
        for (size_t i = 0; query->folders && i < query->folders->len; i++) {
                const BhListingFolder *folder = &g_array_index(query->folders, BhListingFolder, i);

                if (strcmp(folder->name, name) == 0)
                        return folder;
        }
        return NULL;
}

/* What has no owner of its own, as far as sorting goes. */
static void add_folders(BhListing *listing, const BhListingQuery *query) {
        for (size_t i = 0; query->folders && i < query->folders->len; i++) {
                const BhListingFolder *folder = &g_array_index(query->folders, BhListingFolder, i);

                add_entry(listing, folder->name, true);
                BhListingEntry *entry = &g_array_index(listing->entries, BhListingEntry, listing->entries->len - 1);
                entry->is_folder = true;
                if (query->sort == BH_SORT_MODIFIED)
                        entry->value = bh_time_to_nsec(&folder->stat.st_mtim);
        }
}

static int read_names(BhListing *listing, DIR *directory, const BhListingQuery *query) {
        for (;;) {
                struct stat st;

                errno = 0;
                const struct dirent *entry = readdir(directory);
                if (!entry)
                        return -errno;
                mode_t type = DTTOIF(entry->d_type);
                if (entry->d_type == DT_UNKNOWN)
                        type = fstatat(dirfd(directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0
                                       ? 0
                                       : st.st_mode & S_IFMT;
                if (type != S_IFREG && type != S_IFDIR)
                        continue;
                if (bh_name_validate(entry->d_name) < 0 ||
                    (query->is_root && strcmp(entry->d_name, BH_RESERVED_NAME) == 0) ||
                    find_folder(query, entry->d_name))
                        continue;
                add_entry(listing, entry->d_name, type == S_IFDIR);
        }
}

/* Index of the owner in the listing's table. Few owners share a directory, and mostly the one of the entry before. */
static uint32_t intern_owner(BhListing *listing, const char *owner, uint32_t last) {
        const uint64_t zero = 0;

        if (last > 0 && strcmp(g_ptr_array_index(listing->owners, last), owner) == 0)
                return last;
        for (uint32_t i = 1; i < listing->owners->len; i++)
                if (strcmp(g_ptr_array_index(listing->owners, i), owner) == 0)
                        return i;
        g_ptr_array_add(listing->owners, g_string_chunk_insert(listing->strings, owner));
        g_array_append_val(listing->owner_counts, zero);
        return listing->owners->len - 1;
}

/* Reads what the names alone do not tell. An entry that is gone meanwhile keeps zeros: whoever serves it will notice.
 */
static int read_attributes(BhListing *listing, int fd, bool with_owners) {
        uint32_t last = 0;

        for (size_t i = 0; i < listing->entries->len; i++) {
                BhListingEntry *entry = &g_array_index(listing->entries, BhListingEntry, i);
                struct stat st;

                if (entry->is_folder) {
                        g_array_index(listing->owner_counts, uint64_t, 0)++;
                        continue;
                }
                if (fstatat(fd, entry->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
                        entry->change_nsec = bh_time_to_nsec(&st.st_ctim);
                        if (listing->sort == BH_SORT_SIZE && !entry->is_directory)
                                entry->value = st.st_size;
                        else if (listing->sort == BH_SORT_MODIFIED)
                                entry->value = bh_time_to_nsec(&st.st_mtim);
                }
                if (!with_owners)
                        continue;
                char owner[BH_UUID_SIZE];
                int r = bh_owner_read_at(fd, entry->name, owner);
                if (r < 0 && r != -ENOENT)
                        return r;
                if (r > 0)
                        entry->owner = last = intern_owner(listing, owner, last);
                g_array_index(listing->owner_counts, uint64_t, entry->owner)++;
        }
        listing->has_owners = with_owners;
        return 0;
}

static int compare(bool a_directory, int64_t a_value, const char *a_key, const char *a_name, const BhListingEntry *b) {
        if (a_directory != b->is_directory)
                return a_directory ? -1 : 1;
        if (a_value != b->value)
                return a_value < b->value ? -1 : 1;
        int r = strcmp(a_key, b->key);
        return r != 0 ? r : strcmp(a_name, b->name);
}

static int compare_entries(const void *a, const void *b) {
        const BhListingEntry *x = a;

        return compare(x->is_directory, x->value, x->key, x->name, b);
}

static int build(int fd, const struct stat *st, const BhListingQuery *query, BhListing **ret) {
        _cleanup_(bh_closedirp) DIR *directory = NULL;
        int r;

        r = bh_path_open_entries(fd, &directory);
        if (r < 0)
                return r;

        BhListing *listing = listing_new(st, query);
        r = read_names(listing, directory, query);
        add_folders(listing, query);
        if (r >= 0 && (query->with_owners || query->sort != BH_SORT_NAME || listing->entries->len <= SMALL))
                r = read_attributes(listing, dirfd(directory), query->with_owners || listing->entries->len <= SMALL);
        if (r < 0) {
                bh_listing_unref(listing);
                return r;
        }
        if (listing->entries->len > 0)
                qsort(listing->entries->data, listing->entries->len, sizeof(BhListingEntry), compare_entries);
        *ret = listing;
        return 0;
}

/* Whether the directory may have changed again within the tick of the clock that its times show. */
static bool is_recent(const struct stat *st) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return bh_time_to_nsec(&now) - bh_time_to_nsec(&st->st_mtim) < RECENT_NSEC ||
               bh_time_to_nsec(&now) - bh_time_to_nsec(&st->st_ctim) < RECENT_NSEC;
}

/* From memory, or read and then kept. */
static int get(BhListings *listings, int fd, const struct stat *st, const BhListingQuery *query, BhListing **ret) {
        BhListing *listing = NULL;

        g_mutex_lock(&listings->lock);
        listing = find_kept(listings, st, query);
        unsigned generation = listings->generation;
        g_mutex_unlock(&listings->lock);
        if (listing) {
                *ret = listing;
                return 0;
        }

        bool recent = is_recent(st);
        int r = build(fd, st, query, &listing);
        if (r < 0)
                return r;
        listing->generation = generation;
        if (!recent) {
                g_mutex_lock(&listings->lock);
                keep(listings, listing);
                g_mutex_unlock(&listings->lock);
        }
        *ret = listing;
        return 0;
}

int bh_listings_get(BhListings *listings, int fd, const BhListingQuery *query, BhListing **ret) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size < LARGE_SIZE)
                return get(listings, fd, &st, query, ret);
        g_mutex_lock(&listings->large);
        int r = get(listings, fd, &st, query, ret);
        g_mutex_unlock(&listings->large);
        return r;
}

const BhListingEntry *bh_listing_at(const BhListing *listing, size_t rank, bool descending) {
        size_t index = rank;

        if (descending && rank < listing->n_directories)
                index = listing->n_directories - 1 - rank;
        else if (descending)
                index = listing->entries->len - 1 - (rank - listing->n_directories);
        return &g_array_index(listing->entries, BhListingEntry, index);
}

/* Whether the entry comes after the cursor in the cursor's order. */
static bool is_after(const BhListingEntry *entry, const BhCursor *cursor, const char *key) {
        int r = compare(cursor->is_directory, cursor->value, key, cursor->name, entry);

        if (cursor->is_directory != entry->is_directory || !cursor->descending)
                return r < 0;
        return r > 0;
}

size_t bh_listing_after(const BhListing *listing, const BhCursor *cursor) {
        g_autofree char *key = bh_listing_key(cursor->name);
        size_t low = 0, high = listing->entries->len;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (is_after(bh_listing_at(listing, middle, cursor->descending), cursor, key))
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}
