/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "files-private.h"
#include "macro.h"
#include "owner.h"

/* Looking at files: Stat, Open, List, GetUsage. */

int bh_files_open_parent(const BhRoot *root, const BhCaller *caller, const BhPath *path, BhNode *ret) {
        int r;

        if (bh_path_is_root(path))
                return -EINVAL;
        if (path->reserved)
                return path->depth == path->base + 1 ? -EILSEQ : -ENOENT;
        r = bh_node_open(root->storage.root_fd, caller, path, path->depth - 1, ret);
        if (r == -EACCES)
                return -ENOENT;
        if (r >= 0 && !bh_node_is_directory(ret)) {
                bh_node_clear(ret);
                return -ENOENT;
        }
        return r;
}

/* Opens what a path leads to. */
static int open_node(BhFiles *files, const BhCaller *caller, const char *text, BhPlace *place, BhNode *ret) {
        int r = bh_place_find(files, text, place);

        if (r < 0)
                return r;
        return bh_node_open(place->root->storage.root_fd, caller, &place->path, place->path.depth, ret);
}

static int stat_path(BhFiles *files, const BhCaller *caller, const char *text, BhEntry *ret) {
        _cleanup_(bh_place_clear) BhPlace place = {};
        _cleanup_(bh_node_clear) BhNode node = BH_NODE_INIT;
        int r = open_node(files, caller, text, &place, &node);

        if (r < 0)
                return r;
        bh_entry_fill(files, caller, place.path.text, bh_path_name(&place.path), &node.stat, node.owner, ret);
        if (node.is_root && !bh_root_is_main(place.root))
                ret->is_writable = false; /* the folder of a pool */
        return 0;
}

int bh_files_stat(BhFiles *files, const BhCaller *caller, const char *path, BhEntry *ret) {
        return bh_files_refuse(files, caller, BH_AUDIT_FILE_ACCESS, "stat", path, stat_path(files, caller, path, ret));
}

static int open_path(BhFiles *files, const BhCaller *caller, const char *text, BhEntry *ret) {
        _cleanup_(bh_place_clear) BhPlace place = {};
        _cleanup_(bh_node_clear) BhNode node = BH_NODE_INIT;
        struct stat st;
        int r = open_node(files, caller, text, &place, &node);

        if (r < 0)
                return r;
        if (bh_node_is_directory(&node))
                return -EISDIR;
        _cleanup_(bh_closep) int fd = bh_path_reopen(node.fd, O_RDONLY);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        bh_entry_fill(files, caller, place.path.text, bh_path_name(&place.path), &st, node.owner, ret);
        return bh_steal_fd(&fd);
}

int bh_files_open_file(BhFiles *files, const BhCaller *caller, const char *path, bool audit, BhEntry *ret) {
        int fd = bh_files_refuse(files, caller, BH_AUDIT_FILE_ACCESS, "download", path,
                                 open_path(files, caller, path, ret));

        if (fd >= 0 && audit)
                bh_audit_post(files->database, caller,
                              &(BhAudit){.event_type = BH_AUDIT_FILE_ACCESS,
                                         .action = "download",
                                         .target = path,
                                         .size = ret->size});
        return fd;
}

void bh_list_clear(BhList *list) {
        for (size_t i = 0; i < list->n_entries; i++)
                bh_entry_clear(&list->entries[i]);
        g_free(list->entries);
        g_free(list->next_cursor);
        *list = (BhList){};
}

/* A page that is being put together. */
typedef struct Page {
        BhFiles *files;
        const BhCaller *caller;
        const BhListOptions *options;
        const BhListing *listing;
        const BhNode *directory;
        uint64_t serial;  /* another one when there may be another directory behind the same numbers, or other pools */
        GPtrArray *roots; /* the main one and those of pools; only at the top of the main one, when there are pools */
        GArray *folders;  /* of BhListingFolder: of these pools; likewise */
        int fd;
        bool *is_viewable;    /* for each of the listing's owners; NULL for administrators, who view all */
        GArray *children;     /* subdirectories on the page, of BhVersionChild */
        bool has_other_names; /* a file on the page has other names, through which it may change */
} Page;

static void page_clear(Page *page) {
        bh_closep(&page->fd);
        bh_listing_unref((BhListing *)page->listing);
        g_free(page->is_viewable);
        g_clear_pointer(&page->children, g_array_unref);
        g_clear_pointer(&page->folders, g_array_unref);
        g_clear_pointer(&page->roots, g_ptr_array_unref);
}

/* The top of the NAS also has the folders of pools. */
static void find_folders(Page *page, const BhPlace *place) {
        page->serial = place->root->serial;
        if (!bh_root_is_main(place->root) || !page->directory->is_root || !bh_files_has_pools(page->files))
                return;
        page->roots = bh_files_hold_all(page->files, &page->serial);
        page->folders = g_array_new(FALSE, FALSE, sizeof(BhListingFolder));
        for (size_t i = 1; i < page->roots->len; i++) {
                const BhRoot *root = g_ptr_array_index(page->roots, i);
                BhListingFolder folder = {.name = root->name};

                if (fstat(root->storage.root_fd, &folder.stat) == 0)
                        g_array_append_val(page->folders, folder);
        }
}

static const BhListingFolder *find_folder(const Page *page, const char *name) {
        for (size_t i = 0; page->folders && i < page->folders->len; i++) {
                const BhListingFolder *folder = &g_array_index(page->folders, BhListingFolder, i);

                if (strcmp(folder->name, name) == 0)
                        return folder;
        }
        return NULL;
}

static bool may_view_listed(const Page *page, const BhListingEntry *entry) {
        return !page->is_viewable || page->is_viewable[entry->owner];
}

/* Counts what the caller may view. */
static uint64_t find_viewable(Page *page) {
        const BhListing *listing = page->listing;
        uint64_t total = 0;

        if (bh_caller_is_admin(page->caller))
                return listing->entries->len;
        page->is_viewable = g_new(bool, listing->owners->len);
        for (size_t i = 0; i < listing->owners->len; i++) {
                const char *owner = i > 0 ? g_ptr_array_index(listing->owners, i) : page->directory->owner;

                page->is_viewable[i] = bh_access_may_view(page->caller, owner);
                if (page->is_viewable[i])
                        total += g_array_index(listing->owner_counts, uint64_t, i);
        }
        return total;
}

/* The owner of a listed entry, read again unless its inode has not changed since. */
static int get_listed_owner(const Page *page, const BhListingEntry *entry, const struct stat *st,
                            char owner[static BH_UUID_SIZE]) {

        g_strlcpy(owner, page->directory->owner, BH_UUID_SIZE);
        if (!page->listing->has_owners || entry->change_nsec != bh_time_to_nsec(&st->st_ctim))
                return bh_owner_read_at(page->fd, entry->name, owner);
        if (entry->owner > 0)
                g_strlcpy(owner, g_ptr_array_index(page->listing->owners, entry->owner), BH_UUID_SIZE);
        return 0;
}

/* Whether something else is mounted there, which openat2() does not enter. A subvolume has a device of its own too, but
 * is entered. */
static bool is_mount_point(const Page *page, const BhListingEntry *entry, const struct stat *st) {
        struct statx stx;

        if (st->st_dev == page->directory->stat.st_dev)
                return false;
        return statx(page->fd, entry->name, AT_SYMLINK_NOFOLLOW, 0, &stx) < 0 ||
               (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* What its version depends on besides the directory itself. */
static void note_node(Page *page, const BhListingEntry *entry, const struct stat *st) {
        if (S_ISDIR(st->st_mode)) {
                const BhVersionChild child = {.name = g_strdup(entry->name), .stat = *st};

                g_array_append_val(page->children, child);
        } else if (st->st_nlink > 1)
                page->has_other_names = true;
}

/* Belongs to nobody, and only the pool itself can be changed. */
static int describe_folder(Page *page, const BhListingEntry *entry, BhEntry *ret) {
        const BhListingFolder *folder = find_folder(page, entry->name);

        if (!folder || !bh_access_may_view(page->caller, ""))
                return 0;
        bh_entry_fill(page->files, page->caller, NULL, entry->name, &folder->stat, "", ret);
        ret->is_writable = false;
        return 1;
}

/* Describes an entry as it is now. Returns 0 when it is not there any more for the caller. */
static int describe(Page *page, const BhListingEntry *entry, BhEntry *ret) {
        char owner[BH_UUID_SIZE];
        struct stat st;
        int r;

        if (entry->is_folder)
                return describe_folder(page, entry, ret);
        if (fstatat(page->fd, entry->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        if ((!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) || is_mount_point(page, entry, &st))
                return 0;
        r = get_listed_owner(page, entry, &st, owner);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (!bh_access_may_view(page->caller, owner))
                return 0;
        bh_entry_fill(page->files, page->caller, NULL, entry->name, &st, owner, ret);
        note_node(page, entry, &st);
        return 1;
}

static char *make_cursor(const Page *page, const BhListingEntry *entry) {
        BhCursor cursor = {
                .sort = page->options->sort,
                .descending = page->options->descending,
                .is_directory = entry->is_directory,
                .value = entry->value,
        };

        g_strlcpy(cursor.name, entry->name, sizeof(cursor.name));
        return bh_cursor_format(&cursor);
}

static int fill_page(Page *page, size_t rank, BhList *list) {
        const BhListing *listing = page->listing;
        const BhListingEntry *last = NULL;

        list->entries = g_new0(BhEntry, MIN(page->options->limit, listing->entries->len - rank));
        for (; rank < listing->entries->len; rank++) {
                const BhListingEntry *entry = bh_listing_at(listing, rank, page->options->descending);

                if (!may_view_listed(page, entry))
                        continue;
                if (list->n_entries == page->options->limit) {
                        list->next_cursor = make_cursor(page, last);
                        return 0;
                }
                int r = describe(page, entry, &list->entries[list->n_entries]);
                if (r < 0)
                        return r;
                list->n_entries += r > 0;
                if (r > 0)
                        last = entry;
        }
        list->next_cursor = g_strdup("");
        return 0;
}

static int parse_cursor(const BhListOptions *options, BhCursor *ret) {
        int r = bh_cursor_parse(ret, options->cursor);

        if (r < 0)
                return r;
        return ret->sort == options->sort && ret->descending == options->descending ? 0 : -EINVAL;
}

/* Hashes a page as it is replied, and whom it is for. */
static void make_version(const Page *page, const BhPath *path, BhList *list) {
        const BhListOptions *options = page->options;
        const char *cursor = options->cursor ?: "";
        const uint64_t numbers[] = {page->caller->user_id, page->caller->role, options->sort,
                                    options->descending,   options->limit,     list->total};
        unsigned char hash[(BH_VERSION_SIZE - 1) / 2];
        crypto_generichash_state state;

        crypto_generichash_init(&state, NULL, 0, sizeof(hash));
        crypto_generichash_update(&state, (const void *)numbers, sizeof(numbers));
        crypto_generichash_update(&state, (const void *)path->text, strlen(path->text) + 1);
        crypto_generichash_update(&state, (const void *)cursor, strlen(cursor) + 1);
        crypto_generichash_update(&state, (const void *)list->next_cursor, strlen(list->next_cursor) + 1);
        for (size_t i = 0; i < list->n_entries; i++) {
                const BhEntry *entry = &list->entries[i];
                const uint64_t values[] = {entry->is_directory, entry->is_writable, entry->size,
                                           (uint64_t)entry->modified_usec, entry->owner_id};

                crypto_generichash_update(&state, (const void *)entry->name, strlen(entry->name) + 1);
                crypto_generichash_update(&state, (const void *)values, sizeof(values));
                crypto_generichash_update(&state, (const void *)entry->etag, strlen(entry->etag) + 1);
        }
        crypto_generichash_final(&state, hash, sizeof(hash));
        sodium_bin2hex(list->version, sizeof(list->version), hash, sizeof(hash));
}

/* All that a page depends on besides what is in the directory: changes of the folders of pools are none of the directory
 * that they show in. Free with g_free(). */
static char *make_key(const Page *page, const BhPath *path) {
        const BhListOptions *options = page->options;
        const BhCaller *caller = page->caller;
        const BhNode *directory = page->directory;
        g_autoptr(GString) key = g_string_new(NULL);

        g_string_printf(key,
                        "%" G_GINT64_MODIFIER "x %d %s %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER
                        "x %" G_GINT64_MODIFIER "x %s %d %d %u %" G_GINT64_MODIFIER "x %s %s",
                        (guint64)caller->user_id, caller->role, caller->owner, (guint64)page->serial,
                        (guint64)directory->stat.st_dev, (guint64)directory->stat.st_ino, directory->owner,
                        options->sort, options->descending, options->limit,
                        (guint64)bh_accounts_generation(page->files->accounts), options->cursor ?: "", path->text);
        for (size_t i = 0; page->folders && i < page->folders->len; i++) {
                const struct stat *st = &g_array_index(page->folders, BhListingFolder, i).stat;

                g_string_append_printf(key, " %" G_GINT64_MODIFIER "x", (guint64)bh_time_to_nsec(&st->st_mtim));
        }
        return g_string_free(g_steal_pointer(&key), FALSE);
}

/* The directory has been opened, and the caller may view it. */
static int read_page(Page *page, const BhPath *path, const BhCursor *cursor, BhList *list) {
        BhListing *listing = NULL;
        int r;

        const BhListingQuery query = {
                .is_root = page->directory->is_root,
                .with_owners = !bh_caller_is_admin(page->caller),
                .sort = page->options->sort,
                .serial = page->serial,
                .folders = page->folders,
        };
        r = bh_listings_get(page->files->listings, page->fd, &query, &listing);
        if (r < 0)
                return r;
        page->listing = listing;
        list->total = find_viewable(page);
        r = fill_page(page, cursor ? bh_listing_after(listing, cursor) : 0, list);
        if (r >= 0)
                make_version(page, path, list);
        return r;
}

/* Likewise, for one who will ask whether it has changed. */
static int watch_page(Page *page, const BhPath *path, const BhCursor *cursor, const char *key, BhList *list) {
        BhVersions *versions = page->files->versions;
        BhVersionWatch watch;
        int r;

        bh_versions_begin(versions, page->fd, &watch);
        r = read_page(page, path, cursor, list);
        if (r < 0 || page->has_other_names || page->children->len > BH_VERSION_CHILDREN_MAX) {
                bh_versions_give_up(versions, &watch);
                return r;
        }
        BhVersion version = {.next_cursor = list->next_cursor, .total = list->total};
        g_strlcpy(version.text, list->version, sizeof(version.text));
        bh_versions_keep(versions, &watch, key, &version, g_steal_pointer(&page->children));
        return 0;
}

/* Without reading the directory, if its page is known to be the one that the caller has. */
static bool find_unchanged(const Page *page, const char *key, BhList *list) {
        BhVersion version;

        if (!page->options->if_version[0] ||
            !bh_versions_find(page->files->versions, key, page->directory->fd, &version))
                return false;
        if (strcmp(version.text, page->options->if_version) != 0) {
                bh_version_clear(&version);
                return false;
        }
        list->next_cursor = g_steal_pointer(&version.next_cursor);
        list->total = version.total;
        g_strlcpy(list->version, version.text, sizeof(list->version));
        return true;
}

static void drop_entries(BhList *list) {
        for (size_t i = 0; i < list->n_entries; i++)
                bh_entry_clear(&list->entries[i]);
        list->n_entries = 0;
        list->is_unchanged = true;
}

static int list_path(BhFiles *files, const BhCaller *caller, const char *text, const BhListOptions *options,
                     BhList *ret) {
        _cleanup_(bh_place_clear) BhPlace place = {};
        _cleanup_(bh_node_clear) BhNode node = BH_NODE_INIT;
        _cleanup_(page_clear) Page page = {.files = files,
                                           .caller = caller,
                                           .options = options,
                                           .directory = &node,
                                           .fd = -1,
                                           .children = bh_version_children_new()};
        _cleanup_(bh_list_clear) BhList list = {};
        bool has_cursor = options->cursor && options->cursor[0];
        g_autofree char *key = NULL;
        BhCursor cursor;
        int r;

        if (options->limit == 0 || options->limit > BH_LIST_LIMIT_MAX)
                return -EINVAL;
        r = has_cursor ? parse_cursor(options, &cursor) : 0;
        if (r >= 0)
                r = open_node(files, caller, text, &place, &node);
        if (r < 0)
                return r;
        if (!bh_node_is_directory(&node))
                return -ENOTDIR;
        find_folders(&page, &place);
        key = options->if_version ? make_key(&page, &place.path) : NULL;
        if (!key || !find_unchanged(&page, key, &list)) {
                page.fd = bh_path_reopen(node.fd, O_RDONLY | O_DIRECTORY);
                if (page.fd < 0)
                        return page.fd;
                r = key ? watch_page(&page, &place.path, has_cursor ? &cursor : NULL, key, &list)
                        : read_page(&page, &place.path, has_cursor ? &cursor : NULL, &list);
                if (r < 0)
                        return r;
        }
        if (key && strcmp(list.version, options->if_version) == 0)
                drop_entries(&list);
        *ret = list;
        list = (BhList){};
        return 0;
}

int bh_files_list(BhFiles *files, const BhCaller *caller, const char *path, const BhListOptions *options, BhList *ret) {
        return bh_files_refuse(files, caller, BH_AUDIT_FILE_ACCESS, "list", path,
                               list_path(files, caller, path, options, ret));
}

/* Adds the filesystems of pools to those of the main root. One that does not answer is left out. */
static void add_pools(BhFiles *files, BhUsage *usage) {
        g_autoptr(GPtrArray) roots = bh_files_hold_all(files, NULL);

        for (size_t i = 1; i < roots->len; i++) {
                const BhRoot *root = g_ptr_array_index(roots, i);
                uint64_t size, available;

                if (bh_storage_get_space(&root->storage, &size, &available) < 0)
                        continue;
                usage->all_filesystem_bytes += size;
                usage->all_filesystem_free_bytes += available;
        }
}

int bh_files_get_usage(BhFiles *files, const BhCaller *caller, BhUsage *ret) {
        BhLedger *ledger = files->main->ledger;
        BhUsage usage = {};
        uint64_t available;
        int r;

        r = bh_storage_get_space(&files->main->storage, &usage.filesystem_bytes, &usage.filesystem_free_bytes);
        if (r < 0)
                return r;
        BhQuotaUsage own = bh_quota_get(files->quota, caller->owner), main = bh_ledger_get_total(ledger);
        usage.used_bytes = own.used_bytes;
        usage.trash_bytes = own.trash_bytes;
        usage.reserved_bytes = own.reserved_bytes;
        usage.quota_bytes = bh_files_quota_of(files, caller->owner);
        usage.total_used_bytes = main.used_bytes;
        usage.total_quota_bytes = bh_ledger_limit(ledger);
        available = bh_ledger_available(ledger, caller->owner, usage.quota_bytes);
        usage.available_bytes = MIN(available, usage.filesystem_free_bytes);
        usage.all_used_bytes = bh_quota_get_total(files->quota).used_bytes;
        usage.all_filesystem_bytes = usage.filesystem_bytes;
        usage.all_filesystem_free_bytes = usage.filesystem_free_bytes;
        add_pools(files, &usage);
        *ret = usage;
        return 0;
}

uint64_t bh_files_used_bytes(BhFiles *files, const char *owner) {
        return bh_quota_get(files->quota, owner).used_bytes;
}
