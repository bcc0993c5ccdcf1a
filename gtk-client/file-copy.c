/* SPDX-License-Identifier: MIT */
#include "file-copy.h"

#include "format.h"

#include <glib/gi18n.h>

struct _BhFileCopy {
        BhTransfer parent_instance;

        char **sources;
        guint next; /* of the sources, to be copied */
        char *folder;
};

G_DEFINE_FINAL_TYPE(BhFileCopy, bh_file_copy, BH_TYPE_TRANSFER)

/* What one job has told so far. */
typedef struct {
        BhTransfer *transfer;
        guint64 total, done;
} Told;

static void on_job_changed(BhBusJob *job, GVariant *changed, const char *const *invalidated, gpointer user_data) {
        Told *told = user_data;
        guint64 total = bh_bus_job_get_bytes_total(job), done = bh_bus_job_get_bytes_done(job);

        if (total > told->total)
                bh_transfer_add_total(told->transfer, 0, total - told->total);
        told->total = MAX(told->total, total);
        bh_transfer_add_bytes(told->transfer, (gint64)done - (gint64)told->done);
        told->done = done;
}

static gboolean is_running(BhBusJob *job) {
        return g_strcmp0(bh_bus_job_get_state(job), "running") == 0;
}

static gboolean on_cancelled(GCancellable *cancellable, gpointer user_data) {
        return G_SOURCE_REMOVE; /* waking up is all */
}

/* The service may go away while we wait: then the proxy loses its owner. */
static void on_owner_changed(GObject *proxy, GParamSpec *pspec, gpointer user_data) {
        g_autofree char *owner = g_dbus_proxy_get_name_owner(G_DBUS_PROXY(proxy));

        *(gboolean *)user_data = owner == NULL;
}

/* Waits in its own main context for the end of a job; a cancellation is passed on to it, and its end waited for all the same. */
static gboolean wait_for(BhBusJob *job, Told *told, BhConnection *connection, GCancellable *cancellable,
                         GError **error) {
        GMainContext *context = g_main_context_get_thread_default();
        g_autoptr(GSource) cancelled = g_cancellable_source_new(cancellable);
        g_autofree char *state = NULL, *sentence = NULL, *name = NULL;
        gboolean asked = FALSE, gone = FALSE;

        g_source_set_callback(cancelled, G_SOURCE_FUNC(on_cancelled), NULL, NULL);
        g_source_attach(cancelled, context);
        g_signal_connect(job, "g-properties-changed", G_CALLBACK(on_job_changed), told);
        g_signal_connect(job, "notify::g-name-owner", G_CALLBACK(on_owner_changed), &gone);
        on_job_changed(job, NULL, NULL, told);

        while (is_running(job) && !gone) {
                if (!asked && g_cancellable_is_cancelled(cancellable)) {
                        asked = TRUE;
                        bh_bus_job_call_cancel_sync(job, bh_connection_options(connection, NULL), BH_CALL_FLAGS, -1,
                                                    NULL, NULL);
                        continue;
                }
                g_main_context_iteration(context, TRUE);
        }
        g_source_destroy(cancelled);
        if (gone) {
                g_set_error_literal(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER, "gone");
                return FALSE;
        }

        if (!bh_bus_job_call_get_result_sync(job, bh_connection_options(connection, NULL), BH_CALL_FLAGS, -1, &state,
                                             NULL, &sentence, &name, NULL, error))
                return FALSE;
        if (g_str_equal(state, "succeeded"))
                return TRUE;
        if (g_str_equal(state, "cancelled"))
                g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, sentence);
        else
                g_propagate_error(error,
                                  g_dbus_error_new_for_dbus_error(*name ? name : BH_ERROR_PREFIX "Failed", sentence));
        return FALSE;
}

static gboolean copy_one(BhFileCopy *self, BhConnection *connection, const char *source, GCancellable *cancellable,
                         GError **error) {
        g_autoptr(BhBusFiles) files = bh_connection_dup_files(connection, error);
        Told told = {BH_TRANSFER(self), 0, 0};
        g_autoptr(BhBusJob) job = NULL;
        g_autofree char *path = NULL;

        if (!files || !bh_bus_files_call_copy_sync(
                              files, source, self->folder,
                              bh_connection_options(connection, "keep_both", g_variant_new_boolean(TRUE), NULL),
                              BH_CALL_FLAGS, BH_CALL_TIMEOUT, &path, cancellable, error))
                return FALSE;
        job = bh_bus_job_proxy_new_sync(g_dbus_proxy_get_connection(G_DBUS_PROXY(files)),
                                        G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START,
                                        g_dbus_proxy_get_name(G_DBUS_PROXY(files)), path, NULL, error);
        if (!job || !wait_for(job, &told, connection, cancellable, error)) {
                bh_transfer_add_bytes(BH_TRANSFER(self), -(gint64)told.done);
                return FALSE;
        }
        return TRUE;
}

static gboolean bh_file_copy_run(BhTransfer *transfer, BhConnection *connection, GCancellable *cancellable,
                                 GError **error) {
        BhFileCopy *self = BH_FILE_COPY(transfer);
        g_autoptr(GMainContext) context = g_main_context_new();
        gboolean done = TRUE;

        g_main_context_push_thread_default(context);
        while (done && self->sources[self->next]) {
                done = !g_cancellable_set_error_if_cancelled(cancellable, error) &&
                       copy_one(self, connection, self->sources[self->next], cancellable, error);
                if (done) {
                        bh_transfer_add_file(transfer);
                        self->next++;
                }
        }
        g_main_context_pop_thread_default(context);
        return done;
}

static char *bh_file_copy_describe(BhTransfer *transfer) {
        BhFileCopy *self = BH_FILE_COPY(transfer);
        guint n = g_strv_length(self->sources);

        if (n == 1)
                /* Translators: %s is the name of a file or folder */
                return g_strdup_printf(_("Copying “%s”"), bh_path_name(self->sources[0]));
        return g_strdup_printf(ngettext("Copying %u item", "Copying %u items", n), n);
}

const char *bh_file_copy_get_folder(BhFileCopy *self) {
        return self->folder;
}

static void bh_file_copy_finalize(GObject *object) {
        BhFileCopy *self = BH_FILE_COPY(object);

        g_strfreev(self->sources);
        g_free(self->folder);
        G_OBJECT_CLASS(bh_file_copy_parent_class)->finalize(object);
}

static void bh_file_copy_class_init(BhFileCopyClass *klass) {
        BhTransferClass *transfer_class = BH_TRANSFER_CLASS(klass);

        G_OBJECT_CLASS(klass)->finalize = bh_file_copy_finalize;
        transfer_class->icon_name = "edit-copy-symbolic";
        transfer_class->describe = bh_file_copy_describe;
        transfer_class->run = bh_file_copy_run;
}

static void bh_file_copy_init(BhFileCopy *self) {
}

BhTransfer *bh_file_copy_new(const char *const *sources, const char *folder) {
        BhFileCopy *self = g_object_new(BH_TYPE_FILE_COPY, NULL);

        self->sources = g_strdupv((char **)sources);
        self->folder = g_strdup(folder);
        bh_transfer_add_total(BH_TRANSFER(self), g_strv_length(self->sources), 0);
        return BH_TRANSFER(self);
}
