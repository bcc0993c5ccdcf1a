/* SPDX-License-Identifier: MIT */
#include "transfer-button.h"

#include "transfer-row.h"

#include <glib/gi18n.h>

struct _BhTransferButton {
        GtkWidget parent_instance;

        BhTransferQueue *transfers;
        GtkMenuButton *button;
        GtkPopover *popover;
        GtkListBox *list;
        GtkProgressBar *progress_bar;
};

G_DEFINE_FINAL_TYPE(BhTransferButton, bh_transfer_button, GTK_TYPE_WIDGET)

static void update(BhTransferButton *self) {
        guint n = bh_transfer_queue_get_n_unfinished(self->transfers);
        gboolean has_any = g_list_model_get_n_items(G_LIST_MODEL(self->transfers)) > 0;
        g_autofree char *text =
                n > 0 ? g_strdup_printf(ngettext("%u transfer", "%u transfers", n), n) : g_strdup(_("Transfers"));
        gboolean has_finished;

        g_object_get(self->transfers, "has-finished", &has_finished, NULL);
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "transfers.clear", has_finished);
        gtk_widget_set_visible(GTK_WIDGET(self->button), has_any);
        gtk_widget_set_visible(GTK_WIDGET(self->progress_bar), n > 0);
        gtk_widget_set_tooltip_text(GTK_WIDGET(self->button), text);
        gtk_accessible_update_property(GTK_ACCESSIBLE(self->button), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
        if (!has_any)
                gtk_popover_popdown(self->popover);
}

static void action_clear(GtkWidget *widget, const char *name, GVariant *parameter) {
        bh_transfer_queue_clear_finished(BH_TRANSFER_BUTTON(widget)->transfers);
}

static GtkWidget *create_row(gpointer item, gpointer user_data) {
        return bh_transfer_row_new(BH_TRANSFER_BUTTON(user_data)->transfers, item);
}

void bh_transfer_button_set_transfers(BhTransferButton *self, BhTransferQueue *transfers) {
        g_return_if_fail(BH_IS_TRANSFER_BUTTON(self) && !self->transfers);

        self->transfers = g_object_ref(transfers);
        gtk_list_box_bind_model(self->list, G_LIST_MODEL(transfers), create_row, self, NULL);
        g_object_bind_property(transfers, "fraction", self->progress_bar, "fraction", G_BINDING_SYNC_CREATE);
        g_signal_connect_object(transfers, "items-changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(transfers, "notify::n-unfinished", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
        update(self);
}

static void bh_transfer_button_dispose(GObject *object) {
        BhTransferButton *self = BH_TRANSFER_BUTTON(object);

        g_clear_pointer((GtkWidget **)&self->button, gtk_widget_unparent);
        g_clear_object(&self->transfers);
        G_OBJECT_CLASS(bh_transfer_button_parent_class)->dispose(object);
}

static void bh_transfer_button_class_init(BhTransferButtonClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_transfer_button_dispose;
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/transfer-button.ui");
        gtk_widget_class_bind_template_child(widget_class, BhTransferButton, button);
        gtk_widget_class_bind_template_child(widget_class, BhTransferButton, popover);
        gtk_widget_class_bind_template_child(widget_class, BhTransferButton, list);
        gtk_widget_class_bind_template_child(widget_class, BhTransferButton, progress_bar);
        gtk_widget_class_install_action(widget_class, "transfers.clear", NULL, action_clear);
}

static void bh_transfer_button_init(BhTransferButton *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}
