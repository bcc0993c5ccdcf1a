/* SPDX-License-Identifier: MIT */
#include "disk-chooser.h"

#include "disk-check.h"

#include <glib/gi18n.h>

struct _BhDiskChooser {
        AdwMessageDialog parent_instance;

        void (*callback)(const char *disk, gpointer owner);
        GObject *owner;
        GtkListBox *list;
        GtkLabel *nothing_label;
};

G_DEFINE_FINAL_TYPE(BhDiskChooser, bh_disk_chooser, ADW_TYPE_MESSAGE_DIALOG)

/* What the array says of the disk; NULL: it is no member of it. A pointer into the members. */
static const char *find_member_state(BhBusDisk *disk, BhBusArray *array) {
        GVariant *members = bh_bus_array_get_members(array);
        const char *path = g_dbus_proxy_get_object_path(G_DBUS_PROXY(disk));

        for (gsize i = 0; members && i < g_variant_n_children(members); i++) {
                g_autoptr(GVariant) member = g_variant_get_child_value(members, i);
                const char *member_path = "", *state = "";

                g_variant_lookup(member, "disk", "&o", &member_path);
                g_variant_lookup(member, "state", "&s", &state);
                if (g_str_equal(member_path, path))
                        return g_intern_string(state);
        }
        return NULL;
}

gboolean bh_disk_chooser_is_replacement(BhBusDisk *disk, BhBusArray *array) {
        const char *usage = bh_bus_disk_get_usage(disk), *member = find_member_state(disk, array);

        if (!bh_bus_disk_get_present(disk))
                return FALSE;
        if (member)
                return g_str_equal(member, "spare") || g_str_equal(member, "missing");
        return g_strcmp0(usage, "free") == 0 || g_strcmp0(usage, "data") == 0;
}

gboolean bh_disk_chooser_is_member(BhBusDisk *disk, BhBusArray *array) {
        return bh_bus_disk_get_present(disk) && find_member_state(disk, array);
}

static BhDiskCheck *find_chosen(BhDiskChooser *self) {
        GtkListBoxRow *row;

        for (int i = 0; (row = gtk_list_box_get_row_at_index(self->list, i)); i++) {
                if (bh_disk_check_is_active(BH_DISK_CHECK(row)))
                        return BH_DISK_CHECK(row);
        }
        return NULL;
}

static void on_toggled(BhDiskChooser *self) {
        adw_message_dialog_set_response_enabled(ADW_MESSAGE_DIALOG(self), "confirm", find_chosen(self) != NULL);
}

static void bh_disk_chooser_response(AdwMessageDialog *dialog, const char *response) {
        BhDiskChooser *self = BH_DISK_CHOOSER(dialog);
        BhDiskCheck *chosen = find_chosen(self);

        if (chosen && g_str_equal(response, "confirm"))
                self->callback(bh_disk_check_get_path(chosen), self->owner);
}

void bh_disk_chooser_ask(GtkWindow *parent, const char *heading, const char *body, const char *confirm_label,
                         BhStorageModel *storage, BhDiskFilter filter, BhBusArray *array,
                         void (*callback)(const char *disk, gpointer owner), gpointer owner) {
        BhDiskChooser *self =
                g_object_new(BH_TYPE_DISK_CHOOSER, "transient-for", parent, "heading", heading, "body", body, NULL);
        GListModel *disks = bh_storage_model_get_disks(storage);
        BhDiskCheck *first = NULL;

        self->callback = callback;
        self->owner = g_object_ref(owner);
        adw_message_dialog_set_response_label(ADW_MESSAGE_DIALOG(self), "confirm", confirm_label);
        for (guint i = 0; i < g_list_model_get_n_items(disks); i++) {
                g_autoptr(BhBusDisk) disk = g_list_model_get_item(disks, i);
                GtkWidget *row;

                if (!filter(disk, array))
                        continue;
                row = bh_disk_check_new(disk, first, NULL);
                if (!first)
                        first = BH_DISK_CHECK(row);
                g_signal_connect_object(row, "toggled", G_CALLBACK(on_toggled), self, G_CONNECT_SWAPPED);
                gtk_list_box_append(self->list, row);
        }
        gtk_widget_set_visible(GTK_WIDGET(self->list), first != NULL);
        gtk_widget_set_visible(GTK_WIDGET(self->nothing_label), first == NULL);
        gtk_window_present(GTK_WINDOW(self));
}

static void bh_disk_chooser_finalize(GObject *object) {
        g_clear_object(&BH_DISK_CHOOSER(object)->owner);
        G_OBJECT_CLASS(bh_disk_chooser_parent_class)->finalize(object);
}

static void bh_disk_chooser_class_init(BhDiskChooserClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->finalize = bh_disk_chooser_finalize;
        ADW_MESSAGE_DIALOG_CLASS(klass)->response = bh_disk_chooser_response;
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/disk-chooser.ui");
        gtk_widget_class_bind_template_child(widget_class, BhDiskChooser, list);
        gtk_widget_class_bind_template_child(widget_class, BhDiskChooser, nothing_label);
}

static void bh_disk_chooser_init(BhDiskChooser *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}
