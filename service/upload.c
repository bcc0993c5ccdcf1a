/* SPDX-License-Identifier: MIT */
#include "upload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "macro.h"

/* Blocks that a filesystem allocates ahead of the size of a file, within this, are not the client's doing. */
#define AHEAD_BYTES (UINT64_C(64) * 1024 * 1024)

/* Times of modification from the year 1 to the year 9999. */
#define MODIFIED_MIN (INT64_C(-62135596800) * BH_USEC_PER_SEC)
#define MODIFIED_MAX (INT64_C(253402300799) * BH_USEC_PER_SEC)

/* So much is left to the kernel to write when it likes: without it the commit of a large file would have to wait for gigabytes on a slow disk. */
#define FLUSH_BYTES (UINT64_C(32) * 1024 * 1024)

struct BhUploads {
        GMutex lock;
        GHashTable *by_id; /* BhUpload with a reference each. One that is over stays as long as a descriptor can still
                              write to its file */
};

/* Closes the file and lets go of the root. */
static void let_go(BhUpload *upload) {
        if (upload->fd >= 0)
                close(bh_steal_fd(&upload->fd));
        if (upload->root)
                bh_root_release(g_steal_pointer(&upload->root), upload->is_over ? BH_USE_WRITER : BH_USE_UPLOAD);
}

static void upload_unref(BhUpload *upload) {
        if (!upload || !g_atomic_ref_count_dec(&upload->references))
                return;
        let_go(upload);
        bh_caller_clear(&upload->caller);
        bh_path_clear(&upload->path);
        g_free((char *)upload->options.if_etag);
        g_mutex_clear(&upload->lock);
        g_free(upload);
}

static void upload_unrefp(BhUpload **upload) {
        upload_unref(*upload);
}

BhUploads *bh_uploads_new(void) {
        BhUploads *uploads = g_new0(BhUploads, 1);

        g_mutex_init(&uploads->lock);
        uploads->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)upload_unref);
        return uploads;
}

static bool is_same_peer(const BhCaller *a, const BhCaller *b) {
        return g_strcmp0(a->bus_name, b->bus_name) == 0;
}

/* A user's own uploads are those of the account, or of the Unix user without one. */
static bool is_same_user(const BhCaller *a, const BhCaller *b) {
        return a->user_id == b->user_id && (a->user_id != 0 || a->uid == b->uid);
}

static BhUpload *find_upload(BhFiles *files, const BhCaller *caller, const char *id) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->uploads->lock);
        BhUpload *upload = g_hash_table_lookup(files->uploads->by_id, id);

        if (!upload || !is_same_peer(&upload->caller, caller) || !is_same_user(&upload->caller, caller))
                return NULL;
        g_atomic_ref_count_inc(&upload->references);
        return upload;
}

/* Every upload that is open, with a reference each. */
static GPtrArray *all_uploads(BhUploads *uploads) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&uploads->lock);
        GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)upload_unref);
        GHashTableIter iter;
        void *value;

        g_hash_table_iter_init(&iter, uploads->by_id);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                BhUpload *upload = value;

                g_atomic_ref_count_inc(&upload->references);
                g_ptr_array_add(all, upload);
        }
        return all;
}

static int add_upload(BhUploads *uploads, BhUpload *upload) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&uploads->lock);
        unsigned of_user = 0;
        GHashTableIter iter;
        void *value;

        g_hash_table_iter_init(&iter, uploads->by_id);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const BhUpload *other = value;

                of_user += is_same_user(&other->caller, &upload->caller);
        }
        if (of_user >= BH_UPLOADS_MAX)
                return -EAGAIN;
        g_atomic_ref_count_inc(&upload->references);
        g_hash_table_insert(uploads->by_id, upload->id, upload);
        return 0;
}

static void forget_upload(BhFiles *files, BhUpload *upload) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->uploads->lock);

        g_hash_table_remove(files->uploads->by_id, upload->id);
}

/* Whether a descriptor is left somewhere that can write to the file, even one that is on its way through a socket: then
 * the kernel refuses a lease. With none left none can come either, for only the service may open the file. */
static int has_writers(int fd) {
        if (fd < 0)
                return 0;
        if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
                return errno == EAGAIN || errno == EBUSY ? 1 : -errno;
        return fcntl(fd, F_SETLEASE, F_UNLCK) < 0 ? -errno : 0;
}

/* Empties the file without a descriptor that can write. */
static void empty_file(int fd) {
        char path[BH_PROC_PATH_SIZE];

        bh_path_proc(path, fd, NULL);
        (void)!truncate(path, 0);
}

void bh_upload_end(BhUpload *upload) {
        upload->is_over = true;
        bh_root_change_use(upload->root, BH_USE_UPLOAD, BH_USE_WRITER);
}

/* upload->lock is held. Leaves nothing behind. It stays known while its file can still be written to: somebody who
 * keeps the descriptor could fill the disk unseen otherwise. */
static void give_up(BhFiles *files, BhUpload *upload, int result) {
        if (!upload->is_over) {
                (void)unlinkat(upload->root->storage.staging_fd, upload->id, 0);
                bh_ledger_release(upload->root->ledger, upload->owner, upload->reserved);
                upload->reserved = 0;
                bh_upload_end(upload);
                upload->result = result;
        }
        if (has_writers(upload->fd) == 1)
                empty_file(upload->fd);
        else if (result == 0)
                forget_upload(files, upload);
}

void bh_uploads_free(BhFiles *files, BhUploads *uploads) {
        g_autoptr(GPtrArray) all = all_uploads(uploads);

        for (size_t i = 0; i < all->len; i++) {
                BhUpload *upload = g_ptr_array_index(all, i);
                g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&upload->lock);

                give_up(files, upload, 0);
        }
        g_hash_table_unref(uploads->by_id);
        g_mutex_clear(&uploads->lock);
        g_free(uploads);
}

static bool is_stale(const BhUpload *upload, const BhNode *child) {
        _cleanup_(bh_entry_clear) BhEntry entry = {};

        if (!upload->options.if_etag)
                return false;
        if (!child)
                return true;
        bh_entry_format_etag(entry.etag, &child->stat);
        return strcmp(entry.etag, upload->options.if_etag) != 0;
}

/* Whether something is in the way that is neither file nor directory, and looks as if it were not there otherwise. */
static bool is_taken(const BhNode *parent, const char *name) {
        struct stat st;

        return fstatat(parent->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

int bh_upload_check_target(const BhUpload *upload, const BhNode *parent, const char *name, int child_result,
                           const BhNode *child, BhUploadTarget *ret) {
        const BhCaller *caller = &upload->caller;
        BhUploadTarget target = {};

        if (child_result == -ENOENT) {
                if (!bh_access_may_add(caller, parent->owner, parent->is_root))
                        return -EACCES;
                if (is_taken(parent, name) || bh_root_is_taken(upload->root, parent, name))
                        return -EEXIST;
                if (is_stale(upload, NULL))
                        return -ESTALE;
                target.is_marked = caller->owner[0] != '\0';
                g_strlcpy(target.mark, caller->owner, sizeof(target.mark));
                g_strlcpy(target.owner, target.is_marked ? caller->owner : parent->owner, sizeof(target.owner));
                *ret = target;
                return 0;
        }
        if (child_result == -EACCES)
                return upload->options.overwrite ? -EACCES : -EEXIST;
        if (child_result < 0)
                return child_result;
        if (bh_node_is_directory(child))
                return -EISDIR;
        if (!upload->options.overwrite)
                return -EEXIST;
        if (!bh_access_may_change(caller, child->owner))
                return -EACCES;
        if (is_stale(upload, child))
                return -ESTALE;
        /* Who replaces a file's content does not become its owner. */
        target.is_replaced = true;
        target.is_marked = child->is_marked;
        g_strlcpy(target.mark, child->owner, sizeof(target.mark));
        g_strlcpy(target.owner, child->owner, sizeof(target.owner));
        target.replaced_size = (uint64_t)child->stat.st_size;
        target.replaced = child->stat;
        *ret = target;
        return 0;
}

/* What the upload would do if it were committed now. Directories that are still missing will be the caller's. */
static int find_target(const BhUpload *upload, BhUploadTarget *ret) {
        _cleanup_(bh_node_clear) BhNode parent = BH_NODE_INIT, child = BH_NODE_INIT;
        const BhPath *path = &upload->path;
        int r;

        if (bh_path_is_root(path))
                return -EISDIR;
        if (path->reserved)
                return path->depth == path->base + 1 ? -EILSEQ : -ENOENT;
        r = bh_node_open(upload->root->storage.root_fd, &upload->caller, path, path->base, &child);
        for (size_t i = path->base; r >= 0 && i < path->depth; i++) {
                bool is_last = i + 1 == path->depth;

                bh_node_clear(&parent);
                parent = child;
                child = BH_NODE_INIT;
                r = bh_node_open_child(&parent, &upload->caller, path->names[i], &child);
                if (is_last)
                        return bh_upload_check_target(upload, &parent, path->names[i], r, &child, ret);
                if (r == -ENOENT && upload->options.parents)
                        return bh_upload_check_target(upload, &parent, path->names[i], r, &child, ret);
                if (r == -EACCES)
                        r = -ENOENT;
                if (r >= 0 && !bh_node_is_directory(&child))
                        r = upload->options.parents ? -EEXIST : -ENOENT;
        }
        return r;
}

int bh_upload_rebook(BhFiles *files, BhUpload *upload, const char *owner, uint64_t bytes) {
        bool is_same = strcmp(owner, upload->owner) == 0;
        int r;

        if (is_same && bytes <= upload->reserved) {
                bh_ledger_release(upload->root->ledger, owner, upload->reserved - bytes);
                upload->reserved = bytes;
                return 0;
        }
        r = bh_ledger_reserve(upload->root->ledger, owner, bh_files_quota_of(files, owner),
                              is_same ? bytes - upload->reserved : bytes);
        if (r < 0)
                return r;
        if (!is_same)
                bh_ledger_release(upload->root->ledger, upload->owner, upload->reserved);
        upload->reserved = bytes;
        g_strlcpy(upload->owner, owner, sizeof(upload->owner));
        return 0;
}

/* Promises the bytes of the content, less those of the file that it will replace. */
static int reserve(BhFiles *files, BhUpload *upload, const BhUploadTarget *target) {
        uint64_t size = upload->options.size == BH_UPLOAD_SIZE_UNKNOWN ? 0 : upload->options.size, filesystem_size,
                 available;
        int r;

        r = bh_storage_get_space(&upload->root->storage, &filesystem_size, &available);
        if (r < 0)
                return r;
        if (size > available)
                return -ENOSPC;
        upload->credit = target->replaced_size;
        g_strlcpy(upload->owner, target->owner, sizeof(upload->owner));
        return bh_upload_rebook(files, upload, target->owner, size > upload->credit ? size - upload->credit : 0);
}

static BhUpload *upload_new(const BhCaller *caller, const BhUploadOptions *options) {
        BhUpload *upload = g_new0(BhUpload, 1);

        g_atomic_ref_count_init(&upload->references);
        g_mutex_init(&upload->lock);
        G_STATIC_ASSERT(BH_UPLOAD_ID_SIZE == BH_STORAGE_ID_SIZE);
        bh_storage_make_id(upload->id);
        bh_caller_copy(&upload->caller, caller);
        upload->options = *options;
        upload->options.if_etag = g_strdup(options->if_etag);
        upload->fd = -1;
        return upload;
}

/* The staging file: only the service can open it; returns the descriptor that writes. */
static int create_staging(BhUpload *upload) {
        _cleanup_(bh_closep) int fd = openat(upload->root->storage.staging_fd, upload->id,
                                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        if (fd < 0)
                return -errno;
        upload->fd = bh_path_reopen(fd, O_RDONLY);
        if (upload->fd < 0) {
                (void)unlinkat(upload->root->storage.staging_fd, upload->id, 0);
                return upload->fd;
        }
        return bh_steal_fd(&fd);
}

/* Takes the place over, and holds its root for the time of the upload. */
static int take_place(BhUpload *upload, BhPlace *place) {
        int r = bh_root_hold(place->root, BH_USE_UPLOAD);

        if (r < 0)
                return r;
        upload->root = place->root;
        upload->path = place->path;
        bh_root_release(place->root, BH_USE_OPERATION);
        *place = (BhPlace){};
        return 0;
}

static int begin(BhFiles *files, BhUpload *upload, const char *path) {
        _cleanup_(bh_place_clear) BhPlace place = {};
        BhUploadTarget target;
        int r;

        if (upload->options.has_modified_usec &&
            (upload->options.modified_usec < MODIFIED_MIN || upload->options.modified_usec > MODIFIED_MAX))
                return -EINVAL;
        r = bh_files_begin_change(files, path, &place);
        if (r >= 0)
                r = take_place(upload, &place);
        if (r >= 0)
                r = find_target(upload, &target);
        if (r >= 0)
                r = reserve(files, upload, &target);
        if (r < 0)
                return r;
        int fd = create_staging(upload);
        r = fd < 0 ? fd : add_upload(files->uploads, upload);
        if (r < 0) {
                if (fd >= 0) {
                        close(fd);
                        (void)unlinkat(upload->root->storage.staging_fd, upload->id, 0);
                }
                bh_ledger_release(upload->root->ledger, upload->owner, upload->reserved);
                return r;
        }
        return fd;
}

int bh_files_upload_begin(BhFiles *files, const BhCaller *caller, const char *path, const BhUploadOptions *options,
                          char ret_id[static BH_UPLOAD_ID_SIZE]) {
        _cleanup_(upload_unrefp) BhUpload *upload = upload_new(caller, options);
        int r = begin(files, upload, path);

        if (r >= 0)
                memcpy(ret_id, upload->id, BH_UPLOAD_ID_SIZE);
        return bh_files_refuse(files, caller, BH_AUDIT_FILE_MODIFY, "upload", path, r);
}

static int commit(BhFiles *files, BhUpload *upload, uint64_t size, const char *sha256, BhEntry *ret) {
        int r;

        if (upload->is_over) {
                r = upload->result < 0 ? upload->result : -ENOENT;
                upload->result = 0;
                give_up(files, upload, 0);
                return r;
        }
        r = has_writers(upload->fd);
        if (r > 0)
                return -EBUSY;
        if (r >= 0)
                r = bh_upload_publish(files, upload, size, sha256, ret);
        if (r < 0) {
                give_up(files, upload, 0);
                return r;
        }
        forget_upload(files, upload);
        return 0;
}

int bh_files_upload_commit(BhFiles *files, const BhCaller *caller, const char *id, uint64_t size, const char *sha256,
                           BhEntry *ret) {
        _cleanup_(upload_unrefp) BhUpload *upload = find_upload(files, caller, id);
        int r;

        if (!upload)
                return -ENOENT;
        g_mutex_lock(&upload->lock);
        r = commit(files, upload, size, sha256, ret);
        g_mutex_unlock(&upload->lock);
        return bh_files_refuse(files, caller, BH_AUDIT_FILE_MODIFY, "upload", upload->path.text, r);
}

int bh_files_upload_abort(BhFiles *files, const BhCaller *caller, const char *id) {
        _cleanup_(upload_unrefp) BhUpload *upload = find_upload(files, caller, id);

        if (!upload)
                return -ENOENT;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&upload->lock);
        bool was_open = !upload->is_over || upload->result < 0;
        upload->result = 0;
        give_up(files, upload, 0);
        return was_open ? 0 : -ENOENT;
}

void bh_files_upload_peer_left(BhFiles *files, const char *bus_name) {
        g_autoptr(GPtrArray) all = all_uploads(files->uploads);

        for (size_t i = 0; i < all->len; i++) {
                BhUpload *upload = g_ptr_array_index(all, i);

                if (g_strcmp0(upload->caller.bus_name, bus_name) != 0)
                        continue;
                g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&upload->lock);
                upload->result = 0;
                give_up(files, upload, 0);
        }
}

void bh_uploads_abort_owner(BhFiles *files, const char *owner) {
        g_autoptr(GPtrArray) all = all_uploads(files->uploads);

        for (size_t i = 0; i < all->len; i++) {
                BhUpload *upload = g_ptr_array_index(all, i);
                g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&upload->lock);

                if (strcmp(upload->caller.owner, owner) == 0 || strcmp(upload->owner, owner) == 0)
                        give_up(files, upload, -ECANCELED);
        }
}

void bh_uploads_drop_root(BhFiles *files, const BhRoot *root) {
        g_autoptr(GPtrArray) all = all_uploads(files->uploads);

        for (size_t i = 0; i < all->len; i++) {
                BhUpload *upload = g_ptr_array_index(all, i);

                if (!g_mutex_trylock(&upload->lock))
                        continue;
                if (upload->root == root) {
                        give_up(files, upload, -ENODEV);
                        let_go(upload);
                }
                g_mutex_unlock(&upload->lock);
        }
}

/* Bytes that the file takes, or soon will. */
static uint64_t written_bytes(const struct stat *st) {
        uint64_t size = (uint64_t)st->st_size, allocated = (uint64_t)st->st_blocks * 512;

        return allocated > 2 * size + AHEAD_BYTES ? allocated : size;
}

/* Begins to write what has come. */
static void flush(BhUpload *upload, uint64_t size) {
        if (size < upload->flushed + FLUSH_BYTES)
                return;
        (void)sync_file_range(upload->fd, (off_t)upload->flushed, (off_t)(size - upload->flushed),
                              SYNC_FILE_RANGE_WRITE);
        upload->flushed = size;
}

/* upload->lock is held. */
static void check_upload(BhFiles *files, BhUpload *upload) {
        struct stat st;

        if (upload->is_over) {
                give_up(files, upload, upload->result);
                return;
        }
        if (fstat(upload->fd, &st) < 0)
                return;
        flush(upload, (uint64_t)st.st_size);
        uint64_t written = written_bytes(&st);
        if (written <= upload->reserved + upload->credit)
                return;
        int r = bh_upload_rebook(files, upload, upload->owner, written - upload->credit);
        if (r < 0) {
                bh_files_refuse(files, &upload->caller, BH_AUDIT_FILE_MODIFY, "upload", upload->path.text, r);
                give_up(files, upload, r);
        }
}

void bh_files_upload_check(BhFiles *files) {
        g_autoptr(GPtrArray) all = all_uploads(files->uploads);

        for (size_t i = 0; i < all->len; i++) {
                BhUpload *upload = g_ptr_array_index(all, i);

                if (!g_mutex_trylock(&upload->lock))
                        continue; /* it is being committed */
                check_upload(files, upload);
                g_mutex_unlock(&upload->lock);
        }
}

unsigned bh_files_upload_count(BhFiles *files) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->uploads->lock);

        return g_hash_table_size(files->uploads->by_id);
}

bool bh_files_upload_is_of_peer(BhFiles *files, const char *id, const char *bus_name) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->uploads->lock);
        const BhUpload *upload = g_hash_table_lookup(files->uploads->by_id, id);

        return upload && g_strcmp0(upload->caller.bus_name, bus_name) == 0;
}
