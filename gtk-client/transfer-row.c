/* SPDX-License-Identifier: MIT */
#include "transfer-row.h"

struct _BhTransferRow {
        GtkListBoxRow parent_instance;

        BhTransferQueue *transfers;
        BhTransfer *transfer;
        GtkImage *icon;
        GtkLabel *title_label;
        GtkProgressBar *progress_bar;
        GtkLabel *status_label;
        GtkButton *retry_button;
        GtkButton *cancel_button;
};

G_DEFINE_FINAL_TYPE(BhTransferRow, bh_transfer_row, GTK_TYPE_LIST_BOX_ROW)

static void action_cancel(GtkWidget *widget, const char *name, GVariant *parameter) {
        bh_transfer_cancel(BH_TRANSFER_ROW(widget)->transfer);
}

static void action_retry(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhTransferRow *self = BH_TRANSFER_ROW(widget);

        bh_transfer_queue_retry(self->transfers, self->transfer);
}

static void on_failed_changed(BhTransferRow *self) {
        gboolean has_failed;

        g_object_get(self->transfer, "has-failed", &has_failed, NULL);
        if (has_failed)
                gtk_widget_add_css_class(GTK_WIDGET(self->status_label), "error");
        else
                gtk_widget_remove_css_class(GTK_WIDGET(self->status_label), "error");
}

GtkWidget *bh_transfer_row_new(BhTransferQueue *transfers, BhTransfer *transfer) {
        BhTransferRow *self = g_object_new(BH_TYPE_TRANSFER_ROW, NULL);
        g_autofree char *title = NULL;
        const struct {
                const char *source;
                gpointer target;
                const char *property;
        } bindings[] = {
                {"icon-name", self->icon, "icon-name"},         {"title", self->title_label, "label"},
                {"fraction", self->progress_bar, "fraction"},   {"can-cancel", self->progress_bar, "visible"},
                {"status", self->status_label, "label"},        {"can-retry", self->retry_button, "visible"},
                {"can-cancel", self->cancel_button, "visible"},
        };

        self->transfers = g_object_ref(transfers);
        self->transfer = g_object_ref(transfer);
        for (guint i = 0; i < G_N_ELEMENTS(bindings); i++)
                g_object_bind_property(transfer, bindings[i].source, bindings[i].target, bindings[i].property,
                                       G_BINDING_SYNC_CREATE);
        g_signal_connect_object(transfer, "notify::has-failed", G_CALLBACK(on_failed_changed), self, G_CONNECT_SWAPPED);
        on_failed_changed(self);
        title = bh_transfer_dup_title(transfer);
        gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
        return GTK_WIDGET(self);
}

static void bh_transfer_row_dispose(GObject *object) {
        BhTransferRow *self = BH_TRANSFER_ROW(object);

        g_clear_object(&self->transfers);
        g_clear_object(&self->transfer);
        G_OBJECT_CLASS(bh_transfer_row_parent_class)->dispose(object);
}

static void bh_transfer_row_class_init(BhTransferRowClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_transfer_row_dispose;
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/transfer-row.ui");
        gtk_widget_class_bind_template_child(widget_class, BhTransferRow, icon);
        gtk_widget_class_bind_template_child(widget_class, BhTransferRow, title_label);
        gtk_widget_class_bind_template_child(widget_class, BhTransferRow, progress_bar);
        gtk_widget_class_bind_template_child(widget_class, BhTransferRow, status_label);
        gtk_widget_class_bind_template_child(widget_class, BhTransferRow, retry_button);
        gtk_widget_class_bind_template_child(widget_class, BhTransferRow, cancel_button);
        gtk_widget_class_install_action(widget_class, "transfer.cancel", NULL, action_cancel);
        gtk_widget_class_install_action(widget_class, "transfer.retry", NULL, action_retry);
}

static void bh_transfer_row_init(BhTransferRow *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}
