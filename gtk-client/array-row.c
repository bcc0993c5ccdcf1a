/* SPDX-License-Identifier: MIT */
#include "array-row.h"

#include "array-verbs.h"
#include "format.h"
#include "member-row.h"
#include "state-badge.h"

#include <glib/gi18n.h>

struct _BhArrayRow {
        GtkListBoxRow parent_instance;

        BhStorageModel *storage;
        BhBusArray *array;
        GtkLabel *title_label;
        GtkLabel *detail_label;
        BhStateBadge *badge;
        GtkMenuButton *menu_button;
        GtkLabel *state_label;
        GtkBox *sync_box;
        GtkProgressBar *sync_bar;
        GtkLabel *sync_label;
        GtkButton *repair_button;
        GtkBox *members_box;
        GtkLabel *safety_label;
        GtkLabel *scrub_label;
};

enum { PROP_HAS_BITMAP = 1, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(BhArrayRow, bh_array_row, GTK_TYPE_LIST_BOX_ROW)

BhStorageModel *bh_array_row_get_storage(BhArrayRow *self) {
        return self->storage;
}

BhBusArray *bh_array_row_get_array(BhArrayRow *self) {
        return self->array;
}

static void set_text(GtkLabel *label, const char *text) {
        gtk_label_set_text(label, text ? text : "");
        gtk_widget_set_visible(GTK_WIDGET(label), text && *text);
}

static void show_sync(BhArrayRow *self) {
        const char *action = bh_bus_array_get_sync_action(self->array);
        double progress = bh_bus_array_get_sync_progress(self->array);
        gboolean is_syncing = action && *action && g_strcmp0(action, "idle") != 0 && g_strcmp0(action, "frozen") != 0;
        g_autofree char *status = bh_words_progress(progress, bh_bus_array_get_sync_rate(self->array),
                                                    bh_bus_array_get_sync_end(self->array));

        gtk_widget_set_visible(GTK_WIDGET(self->sync_box), is_syncing);
        gtk_progress_bar_set_fraction(self->sync_bar, CLAMP(progress / 100, 0, 1));
        gtk_label_set_text(self->sync_label, status);
}

static void show_members(BhArrayRow *self) {
        GVariant *members = bh_bus_array_get_members(self->array);
        GtkWidget *old;

        while ((old = gtk_widget_get_first_child(GTK_WIDGET(self->members_box))))
                gtk_box_remove(self->members_box, old);
        for (gsize i = 0; members && i < g_variant_n_children(members); i++) {
                g_autoptr(GVariant) member = g_variant_get_child_value(members, i);

                gtk_box_append(self->members_box, bh_member_row_new(member));
        }
}

/* When it was checked last, and what came of it. */
static char *describe_scrub(BhArrayRow *self) {
        g_autofree char *when = bh_format_moment_full(bh_bus_array_get_last_scrub(self->array)), *size = NULL;
        guint64 mismatches = bh_bus_array_get_mismatches(self->array);

        if (!*when)
                return NULL;
        if (!bh_bus_array_get_mismatches_valid(self->array))
                return g_strdup_printf(_("Checked: %s"), when);
        if (mismatches == 0)
                return g_strdup_printf(_("Checked: %s, nothing differed"), when);
        size = g_format_size(mismatches);
        return g_strdup_printf(_("Checked: %s, %s differed"), when, size);
}

static void update(BhArrayRow *self) {
        const BhStateWords *state = bh_words_array_state(bh_bus_array_get_state(self->array));
        g_autofree char *level = bh_words_level(bh_bus_array_get_level(self->array)),
                        *size = g_format_size(bh_bus_array_get_size(self->array)),
                        *safety = bh_words_survives(bh_bus_array_get_survives(self->array)),
                        *scrub = describe_scrub(self), *name = NULL, *detail = NULL, *menu = NULL;

        /* Translators: RAID level, size, number of members of an array */
        detail = g_strdup_printf(
                ngettext("%s · %s · %u disk", "%s · %s · %u disks", bh_bus_array_get_devices(self->array)), level, size,
                bh_bus_array_get_devices(self->array));
        gtk_label_set_text(self->title_label, bh_bus_array_get_name(self->array));
        gtk_label_set_text(self->detail_label, detail);
        bh_state_badge_show(self->badge, state);
        set_text(self->state_label, bh_bus_array_get_state_text(self->array));
        set_text(self->safety_label, bh_bus_array_get_running(self->array) ? safety : NULL);
        set_text(self->scrub_label, scrub);
        show_sync(self);
        bh_array_verbs_update(self);
        gtk_widget_set_visible(GTK_WIDGET(self->repair_button),
                               g_strcmp0(bh_bus_array_get_state(self->array), "degraded") == 0 &&
                                       bh_connection_may_administer(bh_storage_model_get_connection(self->storage)));

        name = g_strdup_printf("%s, %s", bh_bus_array_get_name(self->array), _(state->word));
        gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
        menu = g_strdup_printf(_("What to do with %s"), bh_bus_array_get_name(self->array));
        gtk_accessible_update_property(GTK_ACCESSIBLE(self->menu_button), GTK_ACCESSIBLE_PROPERTY_LABEL, menu, -1);
}

static void on_properties_changed(BhArrayRow *self, GVariant *changed) {
        update(self);
        if (g_variant_lookup(changed, "Bitmap", "*", NULL))
                g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_HAS_BITMAP]);
        if (g_variant_lookup(changed, "Members", "*", NULL))
                show_members(self);
}

static void on_may_administer(BhArrayRow *self) {
        gtk_widget_set_visible(GTK_WIDGET(self->menu_button),
                               bh_connection_may_administer(bh_storage_model_get_connection(self->storage)));
        update(self);
}

static void bh_array_row_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        BhArrayRow *self = BH_ARRAY_ROW(object);

        if (id == PROP_HAS_BITMAP)
                g_value_set_boolean(value,
                                    self->array && g_strcmp0(bh_bus_array_get_bitmap(self->array), "internal") == 0);
        else
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

/* The service makes it so; the property changes when it is. */
static void bh_array_row_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec) {
        if (id == PROP_HAS_BITMAP)
                bh_array_verbs_set_bitmap(BH_ARRAY_ROW(object), g_value_get_boolean(value));
        else
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void bh_array_row_dispose(GObject *object) {
        BhArrayRow *self = BH_ARRAY_ROW(object);

        g_clear_object(&self->storage);
        g_clear_object(&self->array);
        G_OBJECT_CLASS(bh_array_row_parent_class)->dispose(object);
}

static void bh_array_row_class_init(BhArrayRowClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_array_row_dispose;
        G_OBJECT_CLASS(klass)->get_property = bh_array_row_get_property;
        G_OBJECT_CLASS(klass)->set_property = bh_array_row_set_property;
        properties[PROP_HAS_BITMAP] = g_param_spec_boolean(
                "has-bitmap", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
        g_object_class_install_properties(G_OBJECT_CLASS(klass), N_PROPERTIES, properties);
        g_type_ensure(BH_TYPE_STATE_BADGE);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/array-row.ui");
        gtk_widget_class_bind_template_child(widget_class, BhArrayRow, title_label);
        gtk_widget_class_bind_template_child(widget_class, BhArrayRow, detail_label);
        gtk_widget_class_bind_template_child(widget_class, BhArrayRow, badge);
        gtk_widget_class_bind_template_child(widget_class, BhArrayRow, menu_button);
        gtk_widget_class_bind_template_child(widget_class, BhArrayRow, state_label);
        gtk_widget_class_bind_template_child(widget_class, BhArrayRow, sync_box);
        gtk_widget_class_bind_template_child(widget_class, BhArrayRow, sync_bar);
        gtk_widget_class_bind_template_child(widget_class, BhArrayRow, sync_label);
        gtk_widget_class_bind_template_child(widget_class, BhArrayRow, repair_button);
        gtk_widget_class_bind_template_child(widget_class, BhArrayRow, members_box);
        gtk_widget_class_bind_template_child(widget_class, BhArrayRow, safety_label);
        gtk_widget_class_bind_template_child(widget_class, BhArrayRow, scrub_label);
        bh_array_verbs_install(widget_class);
}

static void bh_array_row_init(BhArrayRow *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWidget *bh_array_row_new(BhStorageModel *storage, BhBusArray *array) {
        BhArrayRow *self = g_object_new(BH_TYPE_ARRAY_ROW, NULL);

        self->storage = g_object_ref(storage);
        self->array = g_object_ref(array);
        g_signal_connect_object(array, "g-properties-changed", G_CALLBACK(on_properties_changed), self,
                                G_CONNECT_SWAPPED);
        g_signal_connect_object(bh_storage_model_get_connection(storage), "notify::may-administer",
                                G_CALLBACK(on_may_administer), self, G_CONNECT_SWAPPED);
        on_may_administer(self);
        show_members(self);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_HAS_BITMAP]);
        return GTK_WIDGET(self);
}
