/* SPDX-License-Identifier: MIT */
#include "alert-row.h"

#include "format.h"
#include "state-badge.h"
#include "window.h"

#include <glib/gi18n.h>

struct _BhAlertRow {
        GtkListBoxRow parent_instance;

        BhStorageModel *storage;
        BhBusAlert *alert;
        BhStateBadge *badge;
        GtkLabel *title_label;
        GtkLabel *text_label;
        GtkLabel *time_label;
        GtkButton *acknowledge_button;
};

G_DEFINE_FINAL_TYPE(BhAlertRow, bh_alert_row, GTK_TYPE_LIST_BOX_ROW)

static void update(BhAlertRow *self) {
        g_autofree char *raised = bh_format_moment_full(bh_bus_alert_get_raised(self->alert)), *time = NULL;
        gboolean is_open = bh_bus_alert_get_acknowledged(self->alert) == 0;

        /* Translators: when an alert was raised */
        time = is_open ? g_strdup_printf(_("Since %s"), raised) : g_strdup_printf(_("Since %s · acknowledged"), raised);
        bh_state_badge_show(self->badge, bh_words_severity(bh_bus_alert_get_severity(self->alert)));
        gtk_label_set_text(self->title_label, bh_bus_alert_get_title(self->alert));
        gtk_label_set_text(self->text_label, bh_bus_alert_get_text(self->alert));
        gtk_label_set_text(self->time_label, time);
        gtk_widget_set_visible(GTK_WIDGET(self->acknowledge_button),
                               is_open && bh_connection_may_administer(bh_storage_model_get_connection(self->storage)));
        gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       bh_bus_alert_get_title(self->alert), -1);
}

static void on_acknowledged(GVariant *reply, const GError *error, gpointer owner) {
        BhWindow *window = bh_window_of(owner);

        if (error && window)
                bh_window_toast_error(window, error);
}

static void action_acknowledge(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhAlertRow *self = BH_ALERT_ROW(widget);

        bh_storage_model_call(self->storage, self->alert, "Acknowledge", NULL, NULL, on_acknowledged, self);
}

static void bh_alert_row_dispose(GObject *object) {
        BhAlertRow *self = BH_ALERT_ROW(object);

        g_clear_object(&self->storage);
        g_clear_object(&self->alert);
        G_OBJECT_CLASS(bh_alert_row_parent_class)->dispose(object);
}

static void bh_alert_row_class_init(BhAlertRowClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_alert_row_dispose;
        g_type_ensure(BH_TYPE_STATE_BADGE);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/alert-row.ui");
        gtk_widget_class_bind_template_child(widget_class, BhAlertRow, badge);
        gtk_widget_class_bind_template_child(widget_class, BhAlertRow, title_label);
        gtk_widget_class_bind_template_child(widget_class, BhAlertRow, text_label);
        gtk_widget_class_bind_template_child(widget_class, BhAlertRow, time_label);
        gtk_widget_class_bind_template_child(widget_class, BhAlertRow, acknowledge_button);
        gtk_widget_class_install_action(widget_class, "alert-row.acknowledge", NULL, action_acknowledge);
}

static void bh_alert_row_init(BhAlertRow *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWidget *bh_alert_row_new(BhStorageModel *storage, BhBusAlert *alert) {
        BhAlertRow *self = g_object_new(BH_TYPE_ALERT_ROW, NULL);

        self->storage = g_object_ref(storage);
        self->alert = g_object_ref(alert);
        g_signal_connect_object(alert, "g-properties-changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(bh_storage_model_get_connection(storage), "notify::may-administer", G_CALLBACK(update),
                                self, G_CONNECT_SWAPPED);
        update(self);
        return GTK_WIDGET(self);
}
