/* SPDX-License-Identifier: MIT */
#include "alert-banner.h"

#include "storage-words.h"
#include "window.h"

#include <glib/gi18n.h>

struct _BhAlertBanner {
        GtkWidget parent_instance;

        BhAlertModel *alerts;
        const char *style; /* that is set, NULL: none */
        GtkBox *box;
        GtkImage *icon;
        GtkLabel *title_label;
        GtkLabel *more_label;
        GtkButton *acknowledge_button;
};

G_DEFINE_FINAL_TYPE(BhAlertBanner, bh_alert_banner, GTK_TYPE_WIDGET)

static void update(BhAlertBanner *self) {
        BhBusAlert *alert = bh_alert_model_get_current(self->alerts);
        const BhStateWords *words = bh_words_severity(alert ? bh_bus_alert_get_severity(alert) : "");
        guint n_more = MAX(bh_alert_model_get_n_open(self->alerts), 1) - 1;
        g_autofree char *more = NULL;

        gtk_widget_set_visible(GTK_WIDGET(self), alert != NULL);
        if (!alert)
                return;
        if (self->style)
                gtk_widget_remove_css_class(GTK_WIDGET(self->box), self->style);
        self->style = words->style;
        gtk_widget_add_css_class(GTK_WIDGET(self->box), words->style);
        gtk_image_set_from_icon_name(self->icon, words->icon);
        gtk_label_set_text(self->title_label, bh_bus_alert_get_title(alert));
        gtk_widget_set_tooltip_text(GTK_WIDGET(self->title_label), bh_bus_alert_get_text(alert));
        more = g_strdup_printf(ngettext("and %u more", "and %u more", n_more), n_more);
        gtk_label_set_text(self->more_label, more);
        gtk_widget_set_visible(GTK_WIDGET(self->more_label), n_more > 0);
}

static void update_permission(BhAlertBanner *self) {
        BhConnection *connection = bh_storage_model_get_connection(bh_alert_model_get_storage(self->alerts));

        gtk_widget_set_visible(GTK_WIDGET(self->acknowledge_button), bh_connection_may_administer(connection));
}

static void on_acknowledged(GVariant *reply, const GError *error, gpointer owner) {
        BhWindow *window = bh_window_of(owner);

        if (error && window)
                bh_window_toast_error(window, error);
}

static void action_acknowledge(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhAlertBanner *self = BH_ALERT_BANNER(widget);
        BhBusAlert *alert = bh_alert_model_get_current(self->alerts);

        if (alert)
                bh_storage_model_call(bh_alert_model_get_storage(self->alerts), alert, "Acknowledge", NULL, NULL,
                                      on_acknowledged, self);
}

static void bh_alert_banner_root(GtkWidget *widget) {
        BhAlertBanner *self = BH_ALERT_BANNER(widget);

        GTK_WIDGET_CLASS(bh_alert_banner_parent_class)->root(widget);
        if (self->alerts)
                return;
        self->alerts = g_object_ref(bh_application_get_alerts(BH_APPLICATION(g_application_get_default())));
        g_signal_connect_object(self->alerts, "changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(bh_storage_model_get_connection(bh_alert_model_get_storage(self->alerts)),
                                "notify::may-administer", G_CALLBACK(update_permission), self, G_CONNECT_SWAPPED);
        update_permission(self);
        update(self);
}

static void bh_alert_banner_dispose(GObject *object) {
        BhAlertBanner *self = BH_ALERT_BANNER(object);

        g_clear_pointer((GtkWidget **)&self->box, gtk_widget_unparent);
        g_clear_object(&self->alerts);
        G_OBJECT_CLASS(bh_alert_banner_parent_class)->dispose(object);
}

static void bh_alert_banner_class_init(BhAlertBannerClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_alert_banner_dispose;
        widget_class->root = bh_alert_banner_root;
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/alert-banner.ui");
        gtk_widget_class_bind_template_child(widget_class, BhAlertBanner, box);
        gtk_widget_class_bind_template_child(widget_class, BhAlertBanner, icon);
        gtk_widget_class_bind_template_child(widget_class, BhAlertBanner, title_label);
        gtk_widget_class_bind_template_child(widget_class, BhAlertBanner, more_label);
        gtk_widget_class_bind_template_child(widget_class, BhAlertBanner, acknowledge_button);
        gtk_widget_class_install_action(widget_class, "alert.acknowledge", NULL, action_acknowledge);
}

static void bh_alert_banner_init(BhAlertBanner *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}
