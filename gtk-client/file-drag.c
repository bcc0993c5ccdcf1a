/* SPDX-License-Identifier: MIT */
#include "file-drag.h"

#include "file-item.h"
#include "file-launcher.h"

#define URI_LIST "text/uri-list"

struct _BhFileList {
        GPtrArray *items;
};

static BhFileList *bh_file_list_copy(BhFileList *list) {
        return g_rc_box_acquire(list);
}

static void bh_file_list_clear(gpointer data) {
        g_ptr_array_unref(((BhFileList *)data)->items);
}

static void bh_file_list_free(BhFileList *list) {
        g_rc_box_release_full(list, bh_file_list_clear);
}

G_DEFINE_BOXED_TYPE(BhFileList, bh_file_list, bh_file_list_copy, bh_file_list_free)

GPtrArray *bh_file_list_get_items(BhFileList *list) {
        return list->items;
}

#define BH_TYPE_FILE_DRAG_PROVIDER (bh_file_drag_provider_get_type())
G_DECLARE_FINAL_TYPE(BhFileDragProvider, bh_file_drag_provider, BH, FILE_DRAG_PROVIDER, GdkContentProvider)

struct _BhFileDragProvider {
        GdkContentProvider parent_instance;

        BhConnection *connection;
        BhFileList *list;
};

G_DEFINE_FINAL_TYPE(BhFileDragProvider, bh_file_drag_provider, GDK_TYPE_CONTENT_PROVIDER)

static GdkContentFormats *ref_formats(GdkContentProvider *provider) {
        GdkContentFormatsBuilder *builder = gdk_content_formats_builder_new();

        gdk_content_formats_builder_add_gtype(builder, BH_TYPE_FILE_LIST);
        gdk_content_formats_builder_add_mime_type(builder, URI_LIST);
        return gdk_content_formats_builder_free_to_formats(builder);
}

static gboolean get_value(GdkContentProvider *provider, GValue *value, GError **error) {
        if (!G_VALUE_HOLDS(value, BH_TYPE_FILE_LIST))
                return GDK_CONTENT_PROVIDER_CLASS(bh_file_drag_provider_parent_class)
                        ->get_value(provider, value, error);
        g_value_set_boxed(value, BH_FILE_DRAG_PROVIDER(provider)->list);
        return TRUE;
}

static void on_written(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(GTask) task = user_data;
        GError *error = NULL;

        if (g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, NULL, &error))
                g_task_return_boolean(task, TRUE);
        else
                g_task_return_error(task, error);
}

static void on_cached(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(GTask) task = user_data;
        GOutputStream *stream = g_task_get_task_data(task);
        GCancellable *cancellable = g_task_get_cancellable(task);
        g_autoptr(GString) uris = g_string_new(NULL);
        g_autoptr(GListModel) files = NULL;
        GError *error = NULL;
        gsize size;
        char *text;

        files = bh_file_cache_fetch_finish(result, &error);
        if (!files) {
                g_task_return_error(task, error);
                return;
        }
        for (guint i = 0; i < g_list_model_get_n_items(files); i++) {
                g_autoptr(GFile) file = g_list_model_get_item(files, i);
                g_autofree char *uri = g_file_get_uri(file);

                g_string_append_printf(uris, "%s\r\n", uri);
        }
        size = uris->len;
        text = g_string_free(g_steal_pointer(&uris), FALSE);
        g_object_set_data_full(G_OBJECT(task), "text", text, g_free); /* must live as long as it is being written */
        g_output_stream_write_all_async(stream, text, size, g_task_get_priority(task), cancellable, on_written,
                                        g_object_ref(task));
}

static void write_mime_type_async(GdkContentProvider *provider, const char *mime_type, GOutputStream *stream,
                                  int io_priority, GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data) {
        BhFileDragProvider *self = BH_FILE_DRAG_PROVIDER(provider);
        g_autoptr(GTask) task = g_task_new(provider, cancellable, callback, user_data);

        g_task_set_source_tag(task, write_mime_type_async);
        g_task_set_priority(task, io_priority);
        if (!g_str_equal(mime_type, URI_LIST)) {
                g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s", mime_type);
                return;
        }
        g_task_set_task_data(task, g_object_ref(stream), g_object_unref);
        bh_file_cache_fetch_async(self->connection, self->list->items, cancellable, on_cached, g_steal_pointer(&task));
}

static gboolean write_mime_type_finish(GdkContentProvider *provider, GAsyncResult *result, GError **error) {
        return g_task_propagate_boolean(G_TASK(result), error);
}

static void bh_file_drag_provider_finalize(GObject *object) {
        BhFileDragProvider *self = BH_FILE_DRAG_PROVIDER(object);

        g_object_unref(self->connection);
        bh_file_list_free(self->list);
        G_OBJECT_CLASS(bh_file_drag_provider_parent_class)->finalize(object);
}

static void bh_file_drag_provider_class_init(BhFileDragProviderClass *klass) {
        GdkContentProviderClass *provider_class = GDK_CONTENT_PROVIDER_CLASS(klass);

        G_OBJECT_CLASS(klass)->finalize = bh_file_drag_provider_finalize;
        provider_class->ref_formats = ref_formats;
        provider_class->get_value = get_value;
        provider_class->write_mime_type_async = write_mime_type_async;
        provider_class->write_mime_type_finish = write_mime_type_finish;
}

static void bh_file_drag_provider_init(BhFileDragProvider *self) {
}

GdkContentProvider *bh_file_drag_provider_new(BhConnection *connection, GPtrArray *items) {
        BhFileDragProvider *self = g_object_new(BH_TYPE_FILE_DRAG_PROVIDER, NULL);

        self->connection = g_object_ref(connection);
        self->list = g_rc_box_new0(BhFileList);
        self->list->items = g_ptr_array_ref(items);
        return GDK_CONTENT_PROVIDER(self);
}
