/* SPDX-License-Identifier: MIT */
#include "upload.h"

#include "copy-loop.h"
#include "format.h"
#include "local-tree.h"
#include "transfer-file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Small files are a matter of round trips: several at once. */
#define N_WORKERS 4
#define BUSY_ATTEMPTS 50
#define BUSY_PAUSE (20 * 1000) /* µs */

typedef struct {
        char *local;
        char *remote;
} Source;

struct _BhUpload {
        BhTransfer parent_instance;

        char *folder;
        GArray *sources; /* of Source; empty once their trees were collected */
        guint n_sources;
        char *first_name;
        GQueue *left; /* of BhLocalEntry: what is to be done */

        GMutex lock; /* for left and failed while workers run */
        GQueue *failed;
};

G_DEFINE_FINAL_TYPE(BhUpload, bh_upload, BH_TYPE_TRANSFER)

/* --- One file --------------------------------------------------------------------------------------------------------- */

static BhBusUpload *begin(BhConnection *connection, const char *remote, guint64 size, gint64 modified_usec,
                          gboolean overwrite, int *descriptor, GCancellable *cancellable, GError **error) {
        g_autoptr(BhBusFiles) files = bh_connection_dup_files(connection, error);
        g_autoptr(GUnixFDList) fds = NULL;
        g_autoptr(GVariant) handle = NULL;
        g_autofree char *path = NULL;
        g_autofree int *stolen = NULL;
        int n = 0;
        GDBusProxy *proxy;

        if (!files)
                return NULL;
        if (!bh_bus_files_call_begin_upload_sync(
                    files, remote, size,
                    bh_connection_options(connection, "modified_usec", g_variant_new_int64(modified_usec), "overwrite",
                                          g_variant_new_boolean(overwrite), NULL),
                    BH_CALL_FLAGS, BH_CALL_TIMEOUT, NULL, &path, &handle, &fds, cancellable, error))
                return NULL;

        /* Stolen, not duplicated: Commit() wants every copy closed, and the list may outlive this function. */
        if (fds)
                stolen = g_unix_fd_list_steal_fds(fds, &n);
        for (int i = 1; i < n; i++)
                close(stolen[i]);
        if (n < 1) {
                g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, _("The service sent no descriptor"));
                return NULL;
        }
        proxy = G_DBUS_PROXY(files);
        *descriptor = stolen[0];
        return bh_bus_upload_proxy_new_sync(g_dbus_proxy_get_connection(proxy),
                                            G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES |
                                                    G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS,
                                            g_dbus_proxy_get_name(proxy), path, cancellable, error);
}

static gboolean commit(BhConnection *connection, BhBusUpload *upload, guint64 size, GCancellable *cancellable,
                       GError **error) {
        g_autoptr(GVariant) entry = NULL;

        for (guint attempt = 1;; attempt++) {
                g_autoptr(GError) problem = NULL;

                if (bh_bus_upload_call_commit_sync(
                            upload, bh_connection_options(connection, "size", g_variant_new_uint64(size), NULL),
                            BH_CALL_FLAGS, BH_CALL_TIMEOUT, &entry, cancellable, &problem))
                        return TRUE;
                /* The bus daemon may hold its copy of the descriptor a moment longer than we do. */
                if (!bh_bus_error_is(problem, BH_BUS_ERROR_Busy) || attempt == BUSY_ATTEMPTS) {
                        g_propagate_error(error, g_steal_pointer(&problem));
                        return FALSE;
                }
                g_usleep(BUSY_PAUSE);
        }
}

gboolean bh_upload_content(BhConnection *connection, int source, const char *remote, guint64 size, gint64 modified_usec,
                           gboolean overwrite, GCancellable *cancellable,
                           void (*progress)(guint64 bytes, gpointer user_data), gpointer user_data, GError **error) {
        g_autoptr(BhBusUpload) upload = NULL;
        g_autoptr(GError) problem = NULL;
        int target = -1;
        guint64 written = 0;
        gboolean copied;

        upload = begin(connection, remote, size, modified_usec, overwrite, &target, cancellable, error);
        if (!upload) {
                if (target >= 0)
                        close(target);
                return FALSE;
        }
        copied = bh_copy_content(source, target, &written, cancellable, progress, user_data, &problem);
        if (close(target) < 0 && copied) {
                g_set_error_literal(&problem, G_IO_ERROR, g_io_error_from_errno(errno), g_strerror(errno));
                copied = FALSE;
        }
        if (copied && commit(connection, upload, written, cancellable, &problem))
                return TRUE;

        /* Not cancellable: it cleans up. After a refused Commit() the upload is gone already, then this fails. */
        bh_bus_upload_call_abort_sync(upload, bh_connection_options(connection, NULL), BH_CALL_FLAGS, -1, NULL, NULL);
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
}

static gint64 modified_usec(const struct stat *st) {
        return (gint64)st->st_mtim.tv_sec * G_USEC_PER_SEC + st->st_mtim.tv_nsec / 1000;
}

static int open_source(const BhLocalEntry *entry, struct stat *st, GError **error) {
        int fd = open(entry->local, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (entry->is_chosen ? 0 : O_NOFOLLOW));

        if (fd < 0 || fstat(fd, st) < 0) {
                g_set_error_literal(error, G_IO_ERROR, g_io_error_from_errno(errno), g_strerror(errno));
                if (fd >= 0)
                        close(fd);
                return -1;
        }
        if (!S_ISREG(st->st_mode)) {
                g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, _("Not a file any more"));
                close(fd);
                return -1;
        }
        return fd;
}

typedef struct {
        BhConnection *connection;
        const char *folder; /* where it comes to */
        int source;
        const struct stat *st;
} Attempt;

static gboolean attempt_upload(const char *name, gboolean replace, gpointer progress, gpointer user_data,
                               GCancellable *cancellable, GError **error) {
        const Attempt *attempt = user_data;
        g_autofree char *remote = bh_path_join(attempt->folder, name);

        if (lseek(attempt->source, 0, SEEK_SET) < 0) {
                g_set_error_literal(error, G_IO_ERROR, g_io_error_from_errno(errno), g_strerror(errno));
                return FALSE;
        }
        return bh_upload_content(attempt->connection, attempt->source, remote, (guint64)attempt->st->st_size,
                                 modified_usec(attempt->st), replace, cancellable, bh_transfer_file_progress, progress,
                                 error);
}

static gboolean upload_file(BhUpload *self, BhConnection *connection, const BhLocalEntry *entry,
                            GCancellable *cancellable, GError **error) {
        g_autofree char *folder = bh_path_parent(entry->remote);
        struct stat st;
        int source = open_source(entry, &st, error);
        Attempt attempt = {connection, folder, source, &st};
        gboolean done;

        if (source < 0)
                return FALSE;
        done = bh_transfer_file(BH_TRANSFER(self), bh_path_name(entry->remote), entry->size, FALSE, attempt_upload,
                                &attempt, cancellable, error);
        close(source);
        return done;
}

/* --- All of them ------------------------------------------------------------------------------------------------------ */

static void on_tree_failure(const char *local, const GError *error, gpointer user_data) {
        g_autofree char *name = g_filename_display_basename(local);

        if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE)) {
                bh_transfer_note_left_out(user_data);
                return;
        }
        bh_transfer_note_failure(user_data, name, error);
}

static gboolean collect(BhUpload *self, GCancellable *cancellable, GError **error) {
        g_autoptr(GPtrArray) entries = g_ptr_array_new();
        guint64 bytes = 0, files = 0;

        for (guint i = 0; i < self->sources->len; i++) {
                Source *source = &g_array_index(self->sources, Source, i);

                if (!bh_local_tree_collect(entries, source->local, source->remote, cancellable, on_tree_failure, self,
                                           error)) {
                        g_ptr_array_foreach(entries, (GFunc)(void (*)(void))bh_local_entry_free, NULL);
                        return FALSE;
                }
        }
        for (guint i = 0; i < entries->len; i++) {
                BhLocalEntry *entry = g_ptr_array_index(entries, i);

                bytes += entry->size;
                files += !entry->is_folder;
                g_queue_push_tail(self->left, entry);
        }
        g_array_set_size(self->sources, 0);
        bh_transfer_add_total(BH_TRANSFER(self), files, bytes);
        return TRUE;
}

static gboolean create_folder(BhConnection *connection, const char *path, GCancellable *cancellable, GError **error) {
        g_autoptr(BhBusFiles) files = bh_connection_dup_files(connection, error);
        g_autoptr(GVariant) entry = NULL;

        return files &&
               bh_bus_files_call_create_folder_sync(
                       files, path, bh_connection_options(connection, "parents", g_variant_new_boolean(TRUE), NULL),
                       BH_CALL_FLAGS, BH_CALL_TIMEOUT, &entry, cancellable, error);
}

/* Folders first, in order: each is above what is in it. */
static void create_folders(BhUpload *self, BhConnection *connection, GCancellable *cancellable) {
        g_autoptr(GQueue) files = g_queue_new();
        BhLocalEntry *entry;

        while ((entry = g_queue_pop_head(self->left))) {
                g_autoptr(GError) error = NULL;

                if (!entry->is_folder) {
                        g_queue_push_tail(files, entry);
                } else if (g_cancellable_is_cancelled(cancellable)) {
                        g_queue_push_tail(self->failed, entry);
                } else if (create_folder(connection, entry->remote, cancellable, &error)) {
                        bh_local_entry_free(entry);
                } else {
                        bh_transfer_note_failure(BH_TRANSFER(self), bh_path_name(entry->remote), error);
                        g_queue_push_tail(self->failed, entry);
                }
        }
        while ((entry = g_queue_pop_head(files)))
                g_queue_push_tail(self->left, entry);
}

typedef struct {
        BhUpload *upload;
        BhConnection *connection;
        GCancellable *cancellable;
        gboolean gone; /* the service; under the lock */
} Work;

static gpointer work(gpointer data) {
        Work *shared = data;
        BhUpload *self = shared->upload;

        for (;;) {
                g_autoptr(GError) error = NULL;
                BhLocalEntry *entry = NULL;

                g_mutex_lock(&self->lock);
                if (!shared->gone && !g_cancellable_is_cancelled(shared->cancellable))
                        entry = g_queue_pop_head(self->left);
                g_mutex_unlock(&self->lock);
                if (!entry)
                        return NULL;

                if (upload_file(self, shared->connection, entry, shared->cancellable, &error)) {
                        bh_transfer_add_file(BH_TRANSFER(self));
                        bh_local_entry_free(entry);
                        continue;
                }
                if (!g_cancellable_is_cancelled(shared->cancellable))
                        bh_transfer_note_failure(BH_TRANSFER(self), bh_path_name(entry->remote), error);
                g_mutex_lock(&self->lock);
                g_queue_push_tail(self->failed, entry);
                /* Every other file would fail for the same reason. */
                if (bh_bus_error_is_disconnect(error) || bh_bus_error_is(error, BH_BUS_ERROR_InvalidToken) ||
                    bh_bus_error_is(error, BH_BUS_ERROR_QuotaExceeded) || bh_bus_error_is(error, BH_BUS_ERROR_NoSpace))
                        shared->gone = TRUE;
                g_mutex_unlock(&self->lock);
        }
}

static gboolean bh_upload_run(BhTransfer *transfer, BhConnection *connection, GCancellable *cancellable,
                              GError **error) {
        BhUpload *self = BH_UPLOAD(transfer);
        Work shared = {self, connection, cancellable, FALSE};
        GThread *workers[N_WORKERS - 1];
        guint n_workers = 0, wanted;
        BhLocalEntry *entry;

        if (self->sources->len > 0 && !collect(self, cancellable, error))
                return FALSE;
        create_folders(self, connection, cancellable);

        wanted = MIN(G_N_ELEMENTS(workers), g_queue_get_length(self->left));
        while (n_workers < wanted)
                workers[n_workers++] = g_thread_new("upload", work, &shared);
        work(&shared);
        while (n_workers > 0)
                g_thread_join(workers[--n_workers]);

        while ((entry = g_queue_pop_head(self->failed)))
                g_queue_push_tail(self->left, entry);
        return !g_cancellable_set_error_if_cancelled(cancellable, error);
}

static char *bh_upload_describe(BhTransfer *transfer) {
        BhUpload *self = BH_UPLOAD(transfer);

        if (self->n_sources == 1)
                /* Translators: %s is the name of a file or folder */
                return g_strdup_printf(_("Uploading “%s”"), self->first_name);
        return g_strdup_printf(ngettext("Uploading %u item", "Uploading %u items", self->n_sources), self->n_sources);
}

const char *bh_upload_get_folder(BhUpload *self) {
        return self->folder;
}

static void clear_source(gpointer data) {
        Source *source = data;

        g_free(source->local);
        g_free(source->remote);
}

static void bh_upload_finalize(GObject *object) {
        BhUpload *self = BH_UPLOAD(object);

        g_free(self->folder);
        g_free(self->first_name);
        g_array_unref(self->sources);
        g_queue_free_full(self->left, (GDestroyNotify)bh_local_entry_free);
        g_queue_free_full(self->failed, (GDestroyNotify)bh_local_entry_free);
        g_mutex_clear(&self->lock);
        G_OBJECT_CLASS(bh_upload_parent_class)->finalize(object);
}

static void bh_upload_class_init(BhUploadClass *klass) {
        BhTransferClass *transfer_class = BH_TRANSFER_CLASS(klass);

        G_OBJECT_CLASS(klass)->finalize = bh_upload_finalize;
        transfer_class->icon_name = "document-send-symbolic";
        transfer_class->describe = bh_upload_describe;
        transfer_class->run = bh_upload_run;
}

static void bh_upload_init(BhUpload *self) {
        self->sources = g_array_new(FALSE, FALSE, sizeof(Source));
        g_array_set_clear_func(self->sources, clear_source);
        self->left = g_queue_new();
        self->failed = g_queue_new();
        g_mutex_init(&self->lock);
}

/* Takes over both strings. */
static void add_source(BhUpload *self, char *local, char *remote) {
        Source source = {local, remote};

        if (self->n_sources++ == 0)
                self->first_name = g_strdup(bh_path_name(remote));
        g_array_append_val(self->sources, source);
}

BhTransfer *bh_upload_new(GListModel *sources, const char *folder) {
        BhUpload *self = g_object_new(BH_TYPE_UPLOAD, NULL);

        self->folder = g_strdup(folder);
        for (guint i = 0; i < g_list_model_get_n_items(sources); i++) {
                g_autoptr(GFile) file = g_list_model_get_item(sources, i);
                g_autofree char *name = g_file_get_basename(file);

                if (g_file_peek_path(file))
                        add_source(self, g_strdup(g_file_peek_path(file)), bh_path_join(folder, name));
        }
        return BH_TRANSFER(self);
}

BhTransfer *bh_upload_new_for_path(const char *local, const char *remote) {
        BhUpload *self = g_object_new(BH_TYPE_UPLOAD, NULL);

        self->folder = bh_path_parent(remote);
        add_source(self, g_strdup(local), g_strdup(remote));
        return BH_TRANSFER(self);
}
