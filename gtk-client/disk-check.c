/* SPDX-License-Identifier: MIT */
#include "disk-check.h"

#include "storage-words.h"

#include <glib/gi18n.h>

struct _BhDiskCheck {
        AdwActionRow parent_instance;

        BhBusDisk *disk;
        GtkCheckButton *check;
};

static guint signal_toggled;

G_DEFINE_FINAL_TYPE(BhDiskCheck, bh_disk_check, ADW_TYPE_ACTION_ROW)

gboolean bh_disk_check_is_active(BhDiskCheck *self) {
        return gtk_check_button_get_active(self->check);
}

void bh_disk_check_set_active(BhDiskCheck *self, gboolean is_active) {
        gtk_check_button_set_active(self->check, is_active);
}

const char *bh_disk_check_get_path(BhDiskCheck *self) {
        return g_dbus_proxy_get_object_path(G_DBUS_PROXY(self->disk));
}

static void on_toggled(BhDiskCheck *self) {
        g_signal_emit(self, signal_toggled, 0);
}

static void bh_disk_check_dispose(GObject *object) {
        g_clear_object(&BH_DISK_CHECK(object)->disk);
        G_OBJECT_CLASS(bh_disk_check_parent_class)->dispose(object);
}

static void bh_disk_check_class_init(BhDiskCheckClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_disk_check_dispose;
        signal_toggled = g_signal_new("toggled", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                      G_TYPE_NONE, 0);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/disk-check.ui");
        gtk_widget_class_bind_template_child(widget_class, BhDiskCheck, check);
        gtk_widget_class_bind_template_callback(widget_class, on_toggled);
}

static void bh_disk_check_init(BhDiskCheck *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWidget *bh_disk_check_new(BhBusDisk *disk, BhDiskCheck *group, const char *obstacle) {
        BhDiskCheck *self = g_object_new(BH_TYPE_DISK_CHECK, NULL);
        g_autofree char *line = bh_words_disk_line(disk), *size = g_format_size(bh_bus_disk_get_size(disk)),
                        *subtitle = NULL;

        self->disk = g_object_ref(disk);
        subtitle = g_strdup_printf("%s · %s", size, obstacle ? obstacle : bh_bus_disk_get_contents(disk));
        adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self), line);
        adw_action_row_set_subtitle(ADW_ACTION_ROW(self), subtitle);
        gtk_widget_set_sensitive(GTK_WIDGET(self), obstacle == NULL);
        if (group)
                gtk_check_button_set_group(self->check, group->check);
        gtk_accessible_update_property(GTK_ACCESSIBLE(self->check), GTK_ACCESSIBLE_PROPERTY_LABEL, line,
                                       GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, subtitle, -1);
        return GTK_WIDGET(self);
}
