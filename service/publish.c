/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "macro.h"
#include "owner.h"
#include "upload.h"

/* The commit of an upload: nobody else can write to the staging file any more. */

#define READ_SIZE (256u * 1024)
#define PUBLISHED_MODE 0660

/* How often the owner to be may change between looking and publishing before the service does both at one go. */
#define TRIES 3

static int check_sha256(int fd, const char *expected) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
        g_autofree guchar *buffer = g_malloc(READ_SIZE);
        off_t offset = 0;

        for (;;) {
                ssize_t n = pread(fd, buffer, READ_SIZE, offset);

                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                g_checksum_update(checksum, buffer, n);
                offset += n;
        }
        return strcmp(g_checksum_get_string(checksum), expected) == 0 ? 0 : -EINVAL;
}

/* Checks what was written, and takes blocks back that were allocated behind its end. */
static int check_content(const BhUpload *upload, uint64_t size, const char *sha256, struct stat *st) {
        char path[BH_PROC_PATH_SIZE];

        if (fstat(upload->fd, st) < 0)
                return -errno;
        if (size != BH_UPLOAD_SIZE_UNKNOWN && (uint64_t)st->st_size != size)
                return -EINVAL;
        bh_path_proc(path, upload->fd, NULL);
        if ((uint64_t)st->st_blocks * 512 > (uint64_t)st->st_size + 64 * 1024 && truncate(path, st->st_size) < 0)
                return -errno;
        return sha256 ? check_sha256(upload->fd, sha256) : 0;
}

static int set_times(const BhUpload *upload) {
        int64_t usec = upload->options.modified_usec, sec = usec / BH_USEC_PER_SEC, rest = usec % BH_USEC_PER_SEC;

        if (!upload->options.has_modified_usec)
                return 0;
        if (rest < 0) {
                sec--;
                rest += BH_USEC_PER_SEC;
        }
        const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = sec, .tv_nsec = rest * 1000}};
        return futimens(upload->fd, times) < 0 ? -errno : 0;
}

static bool is_same_mark(const BhUploadTarget *a, const BhUploadTarget *b) {
        return a->is_marked == b->is_marked && (!a->is_marked || strcmp(a->mark, b->mark) == 0);
}

static int write_mark(const BhUpload *upload, const BhUploadTarget *target) {
        int r = target->is_marked ? bh_owner_write(upload->fd, target->mark) : bh_owner_remove(upload->fd);

        if (r < 0)
                return r;
        return fsync(upload->fd) < 0 ? -errno : 0;
}

typedef struct Publication {
        BhFiles *files;
        BhUpload *upload;
        uint64_t size;
        GArray *created;
        BhNode parent;
        BhUploadTarget target;
        BhCharges charges;
} Publication;

static void publication_clear(Publication *publication) {
        g_array_unref(publication->created);
        bh_node_clear(&publication->parent);
        bh_charges_clear(&publication->charges);
}

/* Opens the directory and looks what is there. With names held, directories are created when that was asked for. */
static int look(Publication *publication) {
        _cleanup_(bh_node_clear) BhNode child = BH_NODE_INIT;
        const BhUpload *upload = publication->upload;
        int r;

        bh_node_clear(&publication->parent);
        if (upload->options.parents)
                r = bh_files_make_path(upload->root, &upload->caller, upload->caller.owner, &upload->path,
                                       upload->path.depth - 1, publication->created, &publication->parent);
        else
                r = bh_files_open_parent(upload->root, &upload->caller, &upload->path, &publication->parent);
        if (r < 0)
                return r;
        r = bh_node_open_child(&publication->parent, &upload->caller, bh_path_name(&upload->path), &child);
        return bh_upload_check_target(upload, &publication->parent, bh_path_name(&upload->path), r, &child,
                                      &publication->target);
}

/* Books the bytes in exchange for the reservation, and gives the content its name. names is held. */
static int take_place(Publication *publication) {
        BhFiles *files = publication->files;
        BhUpload *upload = publication->upload;
        const BhUploadTarget *target = &publication->target;
        uint64_t growth = publication->size > target->replaced_size ? publication->size - target->replaced_size : 0;
        int r;

        r = bh_upload_rebook(files, upload, target->owner, growth);
        if (r < 0)
                return r;
        bh_charges_add(&publication->charges, target->owner,
                       (int64_t)publication->size - (int64_t)target->replaced_size, 0);
        r = bh_ledger_charge(upload->root->ledger, target->owner, bh_files_quota_of(files, target->owner),
                             upload->reserved, &publication->charges);
        if (r < 0)
                return r;
        upload->reserved = 0;
        bh_survey_disturb(upload->root, &upload->path);
        r = bh_storage_rename(upload->root->storage.staging_fd, upload->id, publication->parent.fd,
                              bh_path_name(&upload->path), target->is_replaced ? RENAME_EXCHANGE : RENAME_NOREPLACE);
        if (r < 0) {
                bh_charges_negate(&publication->charges);
                bh_ledger_apply(upload->root->ledger, &publication->charges);
        }
        return r;
}

/* One attempt; returns 1 when the mark that was written is not the one that is needed any more. */
static int try_publish(Publication *publication, const BhUploadTarget *marked_for, bool mark_now) {
        int r;

        r = look(publication);
        if (r < 0)
                return r;
        if (!is_same_mark(&publication->target, marked_for)) {
                if (!mark_now)
                        return 1;
                r = write_mark(publication->upload, &publication->target);
                if (r < 0)
                        return r;
        }
        return take_place(publication);
}

/* The mark is written, and all of it made durable, before the name is given; usually nothing has changed when the name
 * is given then. */
static int publish(Publication *publication) {
        BhUpload *upload = publication->upload;
        BhUploadTarget marked_for = {.is_marked = upload->caller.owner[0] != '\0'};
        int r;

        g_strlcpy(marked_for.mark, upload->caller.owner, sizeof(marked_for.mark));
        for (int i = 0; i < TRIES; i++) {
                r = write_mark(publication->upload, &marked_for);
                if (r < 0)
                        return r;
                g_mutex_lock(&upload->root->names);
                r = try_publish(publication, &marked_for, i + 1 == TRIES);
                if (r < 0)
                        bh_created_undo(publication->created);
                g_mutex_unlock(&upload->root->names);
                if (r <= 0)
                        return r;
                marked_for = publication->target;
        }
        g_assert_not_reached();
}

static void undo(Publication *publication) {
        const BhUpload *upload = publication->upload;
        const char *name = bh_path_name(&upload->path);
        struct stat own, st;
        int r;

        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&upload->root->names);
        bh_survey_disturb(upload->root, &upload->path);
        if (fstat(upload->fd, &own) < 0 || fstatat(publication->parent.fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                r = -errno;
        else if (own.st_dev != st.st_dev || own.st_ino != st.st_ino)
                r = -ENOENT;
        else
                r = bh_storage_rename(publication->parent.fd, name, upload->root->storage.staging_fd, upload->id,
                                      publication->target.is_replaced ? RENAME_EXCHANGE : RENAME_NOREPLACE);
        if (r < 0) {
                bh_root_set_lost(upload->root, r, upload->path.text);
                return;
        }
        bh_charges_negate(&publication->charges);
        bh_ledger_apply(upload->root->ledger, &publication->charges);
        bh_created_undo(publication->created);
}

/* What was replaced goes when nothing can bring it back any more. */
static void drop_replaced(Publication *publication) {
        if (publication->target.is_replaced)
                (void)unlinkat(publication->upload->root->storage.staging_fd, publication->upload->id, 0);
        bh_upload_end(publication->upload);
}

static int make_durable(Publication *publication) {
        const BhUpload *upload = publication->upload;
        const BhAudit audit = {
                .event_type = BH_AUDIT_FILE_MODIFY,
                .action = "upload",
                .target = upload->path.text,
                .message = publication->target.is_replaced ? "replaced an earlier version" : NULL,
                .size = publication->size,
        };

        return bh_files_make_durable(upload->root, &(BhDurable){.caller = &upload->caller,
                                                                .audit = &audit,
                                                                .charges = &publication->charges,
                                                                .created = publication->created,
                                                                .fds = &publication->parent.fd,
                                                                .n_fds = 1});
}

int bh_upload_publish(BhFiles *files, BhUpload *upload, uint64_t size, const char *sha256, BhEntry *ret) {
        _cleanup_(publication_clear) Publication publication = {
                .files = files,
                .upload = upload,
                .created = bh_created_new(),
                .parent = BH_NODE_INIT,
        };
        struct stat st;
        int r;

        r = check_content(upload, size, sha256, &st);
        if (r < 0)
                return r;
        publication.size = (uint64_t)st.st_size;
        if (fchmod(upload->fd, PUBLISHED_MODE) < 0)
                return -errno;
        r = set_times(upload);
        if (r >= 0)
                r = publish(&publication);
        if (r < 0)
                return r;
        r = make_durable(&publication);
        if (r < 0) {
                undo(&publication);
                return r;
        }
        drop_replaced(&publication);
        if (fstat(upload->fd, &st) < 0)
                return -errno;
        bh_entry_fill(files, &upload->caller, upload->path.text, bh_path_name(&upload->path), &st,
                      publication.target.owner, ret);
        return 0;
}
