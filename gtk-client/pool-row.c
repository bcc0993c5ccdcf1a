/* SPDX-License-Identifier: MIT */
#include "pool-row.h"

#include "pool-verbs.h"
#include "state-badge.h"

#include <glib/gi18n.h>

struct _BhPoolRow {
        GtkListBoxRow parent_instance;

        BhStorageModel *storage;
        BhBusPool *pool;
        GtkLabel *title_label;
        GtkLabel *default_label;
        GtkLabel *detail_label;
        BhStateBadge *badge;
        GtkMenuButton *menu_button;
        GtkLevelBar *level_bar;
        GtkLabel *usage_label;
        GtkLabel *state_label;
};

G_DEFINE_FINAL_TYPE(BhPoolRow, bh_pool_row, GTK_TYPE_LIST_BOX_ROW)

BhStorageModel *bh_pool_row_get_storage(BhPoolRow *self) {
        return self->storage;
}

BhBusPool *bh_pool_row_get_pool(BhPoolRow *self) {
        return self->pool;
}

/* "ext4 · RAID 1 · md0" */
static char *describe_place(BhPoolRow *self) {
        const char *source = bh_bus_pool_get_source(self->pool), *kind = bh_bus_pool_get_filesystem(self->pool);
        BhBusArray *array = bh_storage_model_find_array(self->storage, source);
        BhBusDisk *disk = bh_storage_model_find_disk(self->storage, source);
        g_autofree char *level = bh_words_level(bh_bus_pool_get_level(self->pool)), *line = NULL;

        if (array)
                return g_strdup_printf("%s · %s · %s", kind, level, bh_bus_array_get_name(array));
        line = disk ? bh_words_disk_line(disk) : NULL;
        return line ? g_strdup_printf("%s · %s", kind, line) : g_strdup(kind);
}

static void update(BhPoolRow *self) {
        const BhStateWords *state = bh_words_pool_state(bh_bus_pool_get_state(self->pool));
        const char *mount_point = bh_bus_pool_get_mount_point(self->pool),
                   *text = bh_bus_pool_get_state_text(self->pool);
        guint64 used = bh_bus_pool_get_used(self->pool), free_bytes = bh_bus_pool_get_free(self->pool);
        gboolean is_mounted = mount_point && *mount_point;
        g_autofree char *place = describe_place(self), *used_text = g_format_size(used),
                        *free_text = g_format_size(free_bytes),
                        *size_text = g_format_size(bh_bus_pool_get_size(self->pool)), *usage = NULL, *name = NULL,
                        *menu = NULL;

        /* Translators: used bytes of all, and what is free */
        usage = is_mounted ? g_strdup_printf(_("%s of %s used, %s free"), used_text, size_text, free_text)
                           : g_strdup(size_text);
        gtk_label_set_text(self->title_label, bh_bus_pool_get_name(self->pool));
        gtk_widget_set_visible(GTK_WIDGET(self->default_label), bh_bus_pool_get_is_default(self->pool));
        gtk_label_set_text(self->detail_label, place);
        bh_state_badge_show(self->badge, state);
        gtk_label_set_text(self->state_label, text);
        gtk_widget_set_visible(GTK_WIDGET(self->state_label), text && *text);
        gtk_label_set_text(self->usage_label, usage);
        gtk_widget_set_visible(GTK_WIDGET(self->level_bar), is_mounted);
        gtk_level_bar_set_value(self->level_bar,
                                used + free_bytes > 0 ? (double)used / (double)(used + free_bytes) * 100 : 0);
        bh_pool_verbs_update(self);

        name = g_strdup_printf("%s, %s", bh_bus_pool_get_name(self->pool), _(state->word));
        gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
        menu = g_strdup_printf(_("What to do with %s"), bh_bus_pool_get_name(self->pool));
        gtk_accessible_update_property(GTK_ACCESSIBLE(self->menu_button), GTK_ACCESSIBLE_PROPERTY_LABEL, menu, -1);
}

static void on_may_administer(BhPoolRow *self) {
        gtk_widget_set_visible(GTK_WIDGET(self->menu_button),
                               bh_connection_may_administer(bh_storage_model_get_connection(self->storage)));
        bh_pool_verbs_update(self);
}

static void bh_pool_row_dispose(GObject *object) {
        BhPoolRow *self = BH_POOL_ROW(object);

        g_clear_object(&self->storage);
        g_clear_object(&self->pool);
        G_OBJECT_CLASS(bh_pool_row_parent_class)->dispose(object);
}

static void bh_pool_row_class_init(BhPoolRowClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_pool_row_dispose;
        g_type_ensure(BH_TYPE_STATE_BADGE);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/pool-row.ui");
        gtk_widget_class_bind_template_child(widget_class, BhPoolRow, title_label);
        gtk_widget_class_bind_template_child(widget_class, BhPoolRow, default_label);
        gtk_widget_class_bind_template_child(widget_class, BhPoolRow, detail_label);
        gtk_widget_class_bind_template_child(widget_class, BhPoolRow, badge);
        gtk_widget_class_bind_template_child(widget_class, BhPoolRow, menu_button);
        gtk_widget_class_bind_template_child(widget_class, BhPoolRow, level_bar);
        gtk_widget_class_bind_template_child(widget_class, BhPoolRow, usage_label);
        gtk_widget_class_bind_template_child(widget_class, BhPoolRow, state_label);
        bh_pool_verbs_install(widget_class);
}

static void bh_pool_row_init(BhPoolRow *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWidget *bh_pool_row_new(BhStorageModel *storage, BhBusPool *pool) {
        BhPoolRow *self = g_object_new(BH_TYPE_POOL_ROW, NULL);

        self->storage = g_object_ref(storage);
        self->pool = g_object_ref(pool);
        /* Also when its array gets another name. */
        g_signal_connect_object(storage, "changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(bh_storage_model_get_connection(storage), "notify::may-administer",
                                G_CALLBACK(on_may_administer), self, G_CONNECT_SWAPPED);
        on_may_administer(self);
        update(self);
        return GTK_WIDGET(self);
}
