/* SPDX-License-Identifier: MIT */
#include "download.h"

#include "copy-loop.h"
#include "format.h"
#include "remote-tree.h"
#include "transfer-file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct _BhDownload {
        BhTransfer parent_instance;

        char *local_folder;
        gboolean is_path_chosen;
        GPtrArray *chosen; /* of BhRemoteEntry: what was asked for */
        GQueue *left;      /* of BhRemoteEntry: what is to be done; NULL before the folders were looked into */
};

G_DEFINE_FINAL_TYPE(BhDownload, bh_download, BH_TYPE_TRANSFER)

static gboolean fail(GError **error, int number) {
        g_set_error_literal(error, G_IO_ERROR, g_io_error_from_errno(number), g_strerror(number));
        return FALSE;
}

/* --- One file --------------------------------------------------------------------------------------------------------- */

static int open_remote(BhConnection *connection, const char *remote, gint64 *modified_usec, GCancellable *cancellable,
                       GError **error) {
        g_autoptr(BhBusFiles) files = bh_connection_dup_files(connection, error);
        g_autoptr(GVariant) handle = NULL, entry = NULL;
        g_autoptr(GUnixFDList) fds = NULL;

        if (!files ||
            !bh_bus_files_call_open_sync(files, remote, bh_connection_options(connection, NULL), BH_CALL_FLAGS,
                                         BH_CALL_TIMEOUT, NULL, &handle, &entry, &fds, cancellable, error))
                return -1;
        if (!fds) {
                g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, _("The service sent no descriptor"));
                return -1;
        }
        if (modified_usec && !g_variant_lookup(entry, "modified_usec", "x", modified_usec))
                *modified_usec = 0;
        return g_unix_fd_list_get(fds, g_variant_get_handle(handle), error);
}

gboolean bh_download_content(BhConnection *connection, const char *remote, int target, gint64 *modified_usec,
                             GCancellable *cancellable, void (*progress)(guint64 bytes, gpointer user_data),
                             gpointer user_data, GError **error) {
        int source = open_remote(connection, remote, modified_usec, cancellable, error);
        gboolean copied;

        if (source < 0)
                return FALSE;
        copied = bh_copy_content(source, target, NULL, cancellable, progress, user_data, error);
        close(source);
        return copied;
}

static gboolean set_modified(int fd, gint64 usec) {
        const struct timespec times[2] = {
                {.tv_nsec = UTIME_OMIT},
                {.tv_sec = usec / G_USEC_PER_SEC, .tv_nsec = usec % G_USEC_PER_SEC * 1000},
        };

        return usec <= 0 || futimens(fd, times) == 0;
}

/* Gives a complete file its name. */
static gboolean publish(const char *partial, const char *local, gboolean replace, GError **error) {
        if (replace)
                return rename(partial, local) == 0 || fail(error, errno);
        if (renameat2(AT_FDCWD, partial, AT_FDCWD, local, RENAME_NOREPLACE) == 0)
                return TRUE;
        if (errno != EINVAL && errno != ENOSYS)
                return fail(error, errno);
        /* A filesystem that cannot do both at once, such as FAT or a network one. */
        if (g_file_test(local, G_FILE_TEST_EXISTS))
                return fail(error, EEXIST);
        return rename(partial, local) == 0 || fail(error, errno);
}

gboolean bh_download_file(BhConnection *connection, const char *remote, const char *local, gboolean replace,
                          GCancellable *cancellable, void (*progress)(guint64 bytes, gpointer user_data),
                          gpointer user_data, GError **error) {
        g_autofree char *folder = g_path_get_dirname(local);
        g_autofree char *partial = g_build_filename(folder, ".baluhost-XXXXXX", NULL);
        gint64 modified_usec = 0;
        gboolean done;
        int target;

        if (!replace && g_file_test(local, G_FILE_TEST_EXISTS))
                return fail(error, EEXIST); /* before all is downloaded for nothing */
        target = g_mkstemp_full(partial, O_RDWR | O_CLOEXEC, 0666);
        if (target < 0)
                return fail(error, errno);
        done = bh_download_content(connection, remote, target, &modified_usec, cancellable, progress, user_data, error);
        if (done && !set_modified(target, modified_usec))
                g_debug("%s gets the time of now: %s", local, g_strerror(errno));
        if (done && fsync(target) < 0)
                done = fail(error, errno);
        if (close(target) < 0 && done)
                done = fail(error, errno);
        done = done && publish(partial, local, replace, error);
        if (!done)
                unlink(partial);
        return done;
}

typedef struct {
        BhConnection *connection;
        const char *remote;
        const char *folder; /* where it comes to */
} Download;

static gboolean attempt_download(const char *name, gboolean replace, gpointer progress, gpointer user_data,
                                 GCancellable *cancellable, GError **error) {
        const Download *download = user_data;
        g_autofree char *local = g_build_filename(download->folder, name, NULL);

        return bh_download_file(download->connection, download->remote, local, replace, cancellable,
                                bh_transfer_file_progress, progress, error);
}

static gboolean download_one(BhDownload *self, BhConnection *connection, const BhRemoteEntry *entry,
                             GCancellable *cancellable, GError **error) {
        g_autofree char *folder = g_path_get_dirname(entry->local), *name = g_path_get_basename(entry->local);
        Download download = {connection, entry->remote, folder};

        return bh_transfer_file(BH_TRANSFER(self), name, entry->size, self->is_path_chosen, attempt_download, &download,
                                cancellable, error);
}

/* --- All of them ------------------------------------------------------------------------------------------------------ */

static gboolean collect(BhDownload *self, BhConnection *connection, GCancellable *cancellable, GError **error) {
        g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)bh_remote_entry_free);
        guint64 files = 0, bytes = 0;

        for (guint i = 0; i < self->chosen->len; i++) {
                const BhRemoteEntry *chosen = g_ptr_array_index(self->chosen, i);

                g_ptr_array_add(entries,
                                bh_remote_entry_new(chosen->remote, chosen->local, chosen->size, chosen->is_folder));
                if (chosen->is_folder &&
                    !bh_remote_tree_collect(entries, connection, chosen->remote, chosen->local, cancellable, error))
                        return FALSE;
        }
        self->left = g_queue_new();
        for (guint i = 0; i < entries->len; i++) {
                BhRemoteEntry *entry = g_ptr_array_index(entries, i);

                files += !entry->is_folder;
                bytes += entry->size;
                g_queue_push_tail(self->left, entry);
        }
        g_ptr_array_set_free_func(entries, NULL); /* the queue owns them now */
        bh_transfer_add_total(BH_TRANSFER(self), files, bytes);
        return TRUE;
}

static gboolean bh_download_run(BhTransfer *transfer, BhConnection *connection, GCancellable *cancellable,
                                GError **error) {
        BhDownload *self = BH_DOWNLOAD(transfer);
        GQueue failed = G_QUEUE_INIT;
        BhRemoteEntry *entry;
        gboolean gone = FALSE;

        if (!self->left && !collect(self, connection, cancellable, error))
                return FALSE;

        while (!gone && !g_cancellable_is_cancelled(cancellable) && (entry = g_queue_pop_head(self->left))) {
                g_autoptr(GError) problem = NULL;
                gboolean done;

                if (entry->is_folder)
                        done = g_mkdir_with_parents(entry->local, 0777) == 0 || fail(&problem, errno);
                else
                        done = download_one(self, connection, entry, cancellable, &problem);
                if (done) {
                        if (!entry->is_folder)
                                bh_transfer_add_file(transfer);
                        bh_remote_entry_free(entry);
                        continue;
                }
                if (!g_cancellable_is_cancelled(cancellable))
                        bh_transfer_note_failure(transfer, bh_path_name(entry->remote), problem);
                g_queue_push_tail(&failed, entry);
                gone = bh_bus_error_is_disconnect(problem) || bh_bus_error_is(problem, BH_BUS_ERROR_InvalidToken) ||
                       g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
        }
        while ((entry = g_queue_pop_tail(&failed)))
                g_queue_push_head(self->left, entry);
        return !g_cancellable_set_error_if_cancelled(cancellable, error);
}

static char *bh_download_describe(BhTransfer *transfer) {
        BhDownload *self = BH_DOWNLOAD(transfer);
        const BhRemoteEntry *first = self->chosen->len > 0 ? g_ptr_array_index(self->chosen, 0) : NULL;

        if (self->chosen->len == 1)
                /* Translators: %s is the name of a file or folder */
                return g_strdup_printf(_("Downloading “%s”"), bh_path_name(first->remote));
        return g_strdup_printf(ngettext("Downloading %u item", "Downloading %u items", self->chosen->len),
                               self->chosen->len);
}

void bh_download_add(BhDownload *self, const char *remote, guint64 size, gboolean is_folder) {
        g_autofree char *local = g_build_filename(self->local_folder, bh_path_name(remote), NULL);

        g_ptr_array_add(self->chosen, bh_remote_entry_new(remote, local, size, is_folder));
}

const char *bh_download_get_local(BhDownload *self, guint index) {
        return ((BhRemoteEntry *)g_ptr_array_index(self->chosen, index))->local;
}

static void bh_download_finalize(GObject *object) {
        BhDownload *self = BH_DOWNLOAD(object);

        g_free(self->local_folder);
        g_ptr_array_unref(self->chosen);
        if (self->left)
                g_queue_free_full(self->left, (GDestroyNotify)bh_remote_entry_free);
        G_OBJECT_CLASS(bh_download_parent_class)->finalize(object);
}

static void bh_download_class_init(BhDownloadClass *klass) {
        BhTransferClass *transfer_class = BH_TRANSFER_CLASS(klass);

        G_OBJECT_CLASS(klass)->finalize = bh_download_finalize;
        transfer_class->icon_name = "folder-download-symbolic";
        transfer_class->describe = bh_download_describe;
        transfer_class->run = bh_download_run;
}

static void bh_download_init(BhDownload *self) {
        self->chosen = g_ptr_array_new_with_free_func((GDestroyNotify)bh_remote_entry_free);
}

BhTransfer *bh_download_new(const char *local_folder) {
        BhDownload *self = g_object_new(BH_TYPE_DOWNLOAD, NULL);

        self->local_folder = g_strdup(local_folder);
        return BH_TRANSFER(self);
}

BhTransfer *bh_download_new_for_path(const char *remote, guint64 size, const char *local) {
        BhDownload *self = g_object_new(BH_TYPE_DOWNLOAD, NULL);

        self->local_folder = g_path_get_dirname(local);
        self->is_path_chosen = TRUE;
        g_ptr_array_add(self->chosen, bh_remote_entry_new(remote, local, size, FALSE));
        return BH_TRANSFER(self);
}
