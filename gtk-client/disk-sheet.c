/* SPDX-License-Identifier: MIT */
#include "disk-sheet.h"

#include "accessibility.h"
#include "confirm.h"
#include "format.h"
#include "pool-wizard.h"
#include "smart-view.h"
#include "state-badge.h"

#include <glib/gi18n.h>
#include <string.h>

struct _BhDiskSheet {
        AdwWindow parent_instance;

        BhStorageModel *storage;
        BhBusDisk *disk;
        BhStateBadge *badge;
        GtkLabel *state_label;
        GtkLabel *error_label;
        AdwEntryRow *bay_row;
        AdwActionRow *model_row;
        AdwActionRow *serial_row;
        AdwActionRow *size_row;
        AdwActionRow *connection_row;
        AdwActionRow *contents_row;
        AdwActionRow *hours_row;
        AdwActionRow *seen_row;
        BhSmartView *smart_view;
        GtkButton *pool_button;
        GtkButton *forget_button;
};

G_DEFINE_FINAL_TYPE(BhDiskSheet, bh_disk_sheet, ADW_TYPE_WINDOW)

static void set_row(AdwActionRow *row, const char *text) {
        adw_action_row_set_subtitle(row, text ? text : "");
        gtk_widget_set_visible(GTK_WIDGET(row), text && *text);
}

/* "ata · 7200 rpm", "nvme · solid state" */
static char *describe_connection(BhBusDisk *disk) {
        const char *connection = bh_bus_disk_get_connection(disk);
        gint rate = bh_bus_disk_get_rotation_rate(disk);

        if (rate == 0)
                return g_strdup_printf(_("%s · solid state"), connection);
        if (rate > 0)
                /* Translators: how a disk is connected, and revolutions a minute */
                return g_strdup_printf(_("%s · %d rpm"), connection, rate);
        return g_strdup(connection);
}

static void update(BhDiskSheet *self) {
        BhBusDisk *disk = self->disk;
        const char *usage = bh_bus_disk_get_usage(disk), *text = bh_bus_disk_get_state_text(disk);
        gboolean is_present = bh_bus_disk_get_present(disk);
        gboolean may = bh_connection_may_administer(bh_storage_model_get_connection(self->storage));
        guint64 hours = bh_bus_disk_get_power_on_hours(disk);
        g_autofree char *title = bh_words_disk_title(disk), *size = g_format_size(bh_bus_disk_get_size(disk)),
                        *connection = describe_connection(disk),
                        *seen = bh_format_moment_full(bh_bus_disk_get_last_seen(disk)), *contents = NULL,
                        *worked = NULL, *size_and_name = NULL;

        gtk_window_set_title(GTK_WINDOW(self), title);
        bh_state_badge_show(self->badge, bh_words_disk_state(bh_bus_disk_get_state(disk)));
        gtk_label_set_text(self->state_label, text);
        /* A sentence that is only the word of the state says nothing more. */
        gtk_widget_set_visible(GTK_WIDGET(self->state_label), text && strchr(text, ' '));

        contents = g_strdup_printf("%s · %s", bh_words_usage(usage), bh_bus_disk_get_contents(disk));
        size_and_name = g_strdup_printf("%s · %s", size, bh_bus_disk_get_name(disk));
        if (bh_bus_disk_get_smart_updated(disk) != 0)
                worked = g_strdup_printf(ngettext("%u hour", "%u hours", (gulong)hours), (guint)hours);
        set_row(self->model_row, bh_bus_disk_get_model(disk));
        set_row(self->serial_row, bh_bus_disk_get_serial(disk));
        set_row(self->size_row, size_and_name);
        set_row(self->connection_row, connection);
        set_row(self->contents_row, contents);
        set_row(self->hours_row, worked);
        set_row(self->seen_row, is_present ? NULL : seen);

        gtk_widget_set_sensitive(GTK_WIDGET(self->bay_row), may);
        gtk_widget_set_visible(GTK_WIDGET(self->pool_button),
                               may && is_present && (g_strcmp0(usage, "free") == 0 || g_strcmp0(usage, "data") == 0));
        gtk_widget_set_visible(GTK_WIDGET(self->forget_button), may && !is_present);
}

static void on_properties_changed(BhDiskSheet *self, GVariant *changed) {
        update(self);
        if (g_variant_lookup(changed, "Slot", "*", NULL))
                gtk_editable_set_text(GTK_EDITABLE(self->bay_row), bh_bus_disk_get_slot(self->disk));
}

static void on_called(GVariant *reply, const GError *error, gpointer owner) {
        BhDiskSheet *self = owner;
        g_autofree char *sentence = error ? bh_bus_error_message(error) : NULL;

        if (!self->storage)
                return; /* closed */
        gtk_label_set_text(self->error_label, sentence ? sentence : "");
        gtk_widget_set_visible(GTK_WIDGET(self->error_label), sentence != NULL);
}

static void on_bay_applied(BhDiskSheet *self) {
        bh_storage_model_call(self->storage, self->disk, "SetSlot",
                              g_variant_new("(s)", gtk_editable_get_text(GTK_EDITABLE(self->bay_row))), NULL, on_called,
                              self);
}

static void on_forgotten(GVariant *reply, const GError *error, gpointer owner) {
        on_called(reply, error, owner);
        if (!error && BH_DISK_SHEET(owner)->storage)
                gtk_window_destroy(GTK_WINDOW(owner));
}

static void forget(gpointer owner) {
        BhDiskSheet *self = owner;

        if (self->storage)
                bh_storage_model_call(self->storage, self->disk, "Forget", NULL, NULL, on_forgotten, self);
}

static void action_forget(GtkWidget *widget, const char *name, GVariant *parameter) {
        bh_confirm(GTK_WINDOW(widget), _("Forget This Disk?"),
                   _("It is expected no more. What is on it stays, should it come back."), _("_Forget"), forget,
                   widget);
}

static void action_new_pool(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhDiskSheet *self = BH_DISK_SHEET(widget);
        GtkWindow *parent = gtk_window_get_transient_for(GTK_WINDOW(self));

        gtk_window_present(
                bh_pool_wizard_new(parent, self->storage, g_dbus_proxy_get_object_path(G_DBUS_PROXY(self->disk))));
        gtk_window_close(GTK_WINDOW(self));
}

GtkWindow *bh_disk_sheet_new(GtkWindow *parent, BhStorageModel *storage, BhBusDisk *disk) {
        BhDiskSheet *self = g_object_new(BH_TYPE_DISK_SHEET, "transient-for", parent, NULL);

        self->storage = g_object_ref(storage);
        self->disk = g_object_ref(disk);
        gtk_editable_set_text(GTK_EDITABLE(self->bay_row), bh_bus_disk_get_slot(disk));
        adw_entry_row_set_show_apply_button(self->bay_row, TRUE);
        bh_smart_view_set_disk(self->smart_view, storage, disk);
        g_signal_connect_object(disk, "g-properties-changed", G_CALLBACK(on_properties_changed), self,
                                G_CONNECT_SWAPPED);
        update(self);
        return GTK_WINDOW(self);
}

static void bh_disk_sheet_dispose(GObject *object) {
        BhDiskSheet *self = BH_DISK_SHEET(object);

        if (self->disk)
                g_signal_handlers_disconnect_by_data(self->disk, self);
        g_clear_object(&self->disk);
        g_clear_object(&self->storage);
        G_OBJECT_CLASS(bh_disk_sheet_parent_class)->dispose(object);
}

static void bh_disk_sheet_class_init(BhDiskSheetClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_disk_sheet_dispose;
        g_type_ensure(BH_TYPE_SMART_VIEW);
        g_type_ensure(BH_TYPE_STATE_BADGE);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/disk-sheet.ui");
        gtk_widget_class_bind_template_child(widget_class, BhDiskSheet, badge);
        gtk_widget_class_bind_template_child(widget_class, BhDiskSheet, state_label);
        gtk_widget_class_bind_template_child(widget_class, BhDiskSheet, error_label);
        gtk_widget_class_bind_template_child(widget_class, BhDiskSheet, bay_row);
        gtk_widget_class_bind_template_child(widget_class, BhDiskSheet, model_row);
        gtk_widget_class_bind_template_child(widget_class, BhDiskSheet, serial_row);
        gtk_widget_class_bind_template_child(widget_class, BhDiskSheet, size_row);
        gtk_widget_class_bind_template_child(widget_class, BhDiskSheet, connection_row);
        gtk_widget_class_bind_template_child(widget_class, BhDiskSheet, contents_row);
        gtk_widget_class_bind_template_child(widget_class, BhDiskSheet, hours_row);
        gtk_widget_class_bind_template_child(widget_class, BhDiskSheet, seen_row);
        gtk_widget_class_bind_template_child(widget_class, BhDiskSheet, smart_view);
        gtk_widget_class_bind_template_child(widget_class, BhDiskSheet, pool_button);
        gtk_widget_class_bind_template_child(widget_class, BhDiskSheet, forget_button);
        gtk_widget_class_bind_template_callback(widget_class, on_bay_applied);
        gtk_widget_class_install_action(widget_class, "disk.forget", NULL, action_forget);
        gtk_widget_class_install_action(widget_class, "disk.new-pool", NULL, action_new_pool);
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void bh_disk_sheet_init(BhDiskSheet *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
        bh_accessibility_name_apply_button(self->bay_row);
}
