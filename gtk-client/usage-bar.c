/* SPDX-License-Identifier: MIT */
#include "usage-bar.h"

#include <glib/gi18n.h>

struct _BhUsageBar {
        GtkWidget parent_instance;

        GCancellable *cancellable;
        GtkBox *box;
        GtkLabel *used_label;
        GtkLevelBar *level_bar;
        GtkLabel *detail_label;
};

G_DEFINE_FINAL_TYPE(BhUsageBar, bh_usage_bar, GTK_TYPE_WIDGET)

static void show_usage(BhUsageBar *self, GVariant *usage) {
        guint64 used = 0, quota = 0, trash = 0, available = 0;
        g_autofree char *used_text = NULL, *total_text = NULL, *available_text = NULL, *trash_text = NULL, *line = NULL,
                        *detail = NULL;
        guint64 total;

        g_variant_lookup(usage, "used_bytes", "t", &used);
        g_variant_lookup(usage, "quota_bytes", "t", &quota);
        g_variant_lookup(usage, "trash_bytes", "t", &trash);
        g_variant_lookup(usage, "available_bytes", "t", &available);
        /* Without a quota of one's own, what one may still fill is what limits. */
        total = quota > 0 ? quota : used + available;

        used_text = g_format_size(used);
        total_text = g_format_size(total);
        available_text = g_format_size(available);
        trash_text = g_format_size(trash);
        /* Translators: used bytes of all */
        line = g_strdup_printf(_("%s of %s used"), used_text, total_text);
        detail = trash > 0 ? g_strdup_printf(_("%s free · %s in the trash"), available_text, trash_text)
                           : g_strdup_printf(_("%s free"), available_text);
        gtk_label_set_text(self->used_label, line);
        gtk_label_set_text(self->detail_label, detail);
        gtk_level_bar_set_value(self->level_bar, total > 0 ? MIN((double)used / (double)total * 100, 100) : 0);
        gtk_widget_set_visible(GTK_WIDGET(self), TRUE);
}

static void on_usage(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(GVariant) usage = NULL;
        g_autoptr(GError) error = NULL;

        if (bh_bus_files_call_get_usage_finish(BH_BUS_FILES(source), &usage, result, &error))
                show_usage(user_data, usage);
        else if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                gtk_widget_set_visible(user_data, FALSE); /* an old number would be wrong */
        g_object_unref(user_data);
}

void bh_usage_bar_refresh(BhUsageBar *self, BhConnection *connection) {
        g_autoptr(BhBusFiles) files = bh_connection_dup_files(connection, NULL);

        g_return_if_fail(BH_IS_USAGE_BAR(self));
        g_cancellable_cancel(self->cancellable);
        g_clear_object(&self->cancellable);
        self->cancellable = g_cancellable_new();
        if (files)
                bh_bus_files_call_get_usage(files, bh_connection_options(connection, NULL), BH_CALL_FLAGS,
                                            BH_CALL_TIMEOUT, self->cancellable, on_usage, g_object_ref(self));
}

static void bh_usage_bar_dispose(GObject *object) {
        BhUsageBar *self = BH_USAGE_BAR(object);

        g_cancellable_cancel(self->cancellable);
        g_clear_object(&self->cancellable);
        g_clear_pointer((GtkWidget **)&self->box, gtk_widget_unparent);
        G_OBJECT_CLASS(bh_usage_bar_parent_class)->dispose(object);
}

static void bh_usage_bar_class_init(BhUsageBarClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_usage_bar_dispose;
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/usage-bar.ui");
        gtk_widget_class_bind_template_child(widget_class, BhUsageBar, box);
        gtk_widget_class_bind_template_child(widget_class, BhUsageBar, used_label);
        gtk_widget_class_bind_template_child(widget_class, BhUsageBar, level_bar);
        gtk_widget_class_bind_template_child(widget_class, BhUsageBar, detail_label);
}

static void bh_usage_bar_init(BhUsageBar *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}
