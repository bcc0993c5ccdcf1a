/* SPDX-License-Identifier: MIT */
#include "level-row.h"

#include "storage-words.h"

#include <glib/gi18n.h>

struct _BhLevelRow {
        AdwActionRow parent_instance;

        char *level;
        gboolean is_possible;
        GtkCheckButton *check;
        GtkLabel *usable_label;
};

static guint signal_toggled;

G_DEFINE_FINAL_TYPE(BhLevelRow, bh_level_row, ADW_TYPE_ACTION_ROW)

gboolean bh_level_row_is_active(BhLevelRow *self) {
        return gtk_check_button_get_active(self->check);
}

gboolean bh_level_row_is_possible(BhLevelRow *self) {
        return self->is_possible;
}

void bh_level_row_set_active(BhLevelRow *self) {
        gtk_check_button_set_active(self->check, TRUE);
}

const char *bh_level_row_get_level(BhLevelRow *self) {
        return self->level;
}

static void on_toggled(BhLevelRow *self) {
        g_signal_emit(self, signal_toggled, 0);
}

/* What this level makes of the disks, line by line. */
static char *describe(GVariant *level) {
        g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
        guint64 raw = 0, unused = 0, sync_usec = 0;
        double reading = 0, writing = 0;
        guint32 survives = 0;

        g_variant_lookup(level, "raw_bytes", "t", &raw);
        g_variant_lookup(level, "unused_bytes", "t", &unused);
        g_variant_lookup(level, "survives", "u", &survives);
        g_variant_lookup(level, "sync_usec", "t", &sync_usec);
        g_variant_lookup(level, "read_factor", "d", &reading);
        g_variant_lookup(level, "write_factor", "d", &writing);

        g_ptr_array_add(lines, bh_words_survives(survives));
        if (reading > 0 && writing > 0)
                /* Translators: how many times as fast as a single disk */
                g_ptr_array_add(lines, g_strdup_printf(_("Reads %.1f times, writes %.1f times as fast as one disk"),
                                                       reading, writing));
        if (raw > 0) {
                g_autofree char *all = g_format_size(raw);

                g_ptr_array_add(lines, g_strdup_printf(_("Of %s on all disks"), all));
        }
        if (unused > 0) {
                g_autofree char *size = g_format_size(unused);

                g_ptr_array_add(lines, g_strdup_printf(_("%s stay unused, for the disks differ in size"), size));
        }
        if (sync_usec > 0) {
                g_autofree char *duration = bh_words_duration(sync_usec);

                g_ptr_array_add(lines, g_strdup_printf(_("A rebuild takes about %s"), duration));
        }
        g_ptr_array_add(lines, NULL);
        return g_strjoinv("\n", (char **)lines->pdata);
}

static void bh_level_row_finalize(GObject *object) {
        g_free(BH_LEVEL_ROW(object)->level);
        G_OBJECT_CLASS(bh_level_row_parent_class)->finalize(object);
}

static void bh_level_row_class_init(BhLevelRowClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->finalize = bh_level_row_finalize;
        signal_toggled = g_signal_new("toggled", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                      G_TYPE_NONE, 0);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/level-row.ui");
        gtk_widget_class_bind_template_child(widget_class, BhLevelRow, check);
        gtk_widget_class_bind_template_child(widget_class, BhLevelRow, usable_label);
        gtk_widget_class_bind_template_callback(widget_class, on_toggled);
}

static void bh_level_row_init(BhLevelRow *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWidget *bh_level_row_new(GVariant *level, BhLevelRow *group) {
        BhLevelRow *self = g_object_new(BH_TYPE_LEVEL_ROW, NULL);
        g_autofree char *title = NULL, *subtitle = NULL, *usable = NULL, *name = NULL;
        const char *reason = "";
        guint64 bytes = 0;

        g_variant_lookup(level, "level", "s", &self->level);
        g_variant_lookup(level, "possible", "b", &self->is_possible);
        g_variant_lookup(level, "reason", "&s", &reason);
        g_variant_lookup(level, "usable_bytes", "t", &bytes);
        title = bh_words_level(self->level);
        subtitle = self->is_possible ? describe(level) : g_strdup(reason);
        usable = self->is_possible ? g_format_size(bytes) : g_strdup("");
        name = self->is_possible ? g_strdup_printf("%s, %s", title, usable) : g_strdup(title);

        adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self), title);
        adw_action_row_set_subtitle(ADW_ACTION_ROW(self), subtitle);
        gtk_label_set_text(self->usable_label, usable);
        gtk_widget_set_sensitive(GTK_WIDGET(self), self->is_possible);
        if (group)
                gtk_check_button_set_group(self->check, group->check);
        gtk_accessible_update_property(GTK_ACCESSIBLE(self->check), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                       GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, subtitle, -1);
        return GTK_WIDGET(self);
}
