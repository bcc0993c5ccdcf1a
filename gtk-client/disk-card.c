/* SPDX-License-Identifier: MIT */
#include "disk-card.h"

#include "state-badge.h"

#include <glib/gi18n.h>

struct _BhDiskCard {
        GtkFlowBoxChild parent_instance;

        BhBusDisk *disk;
        gboolean is_dead;
        GtkBox *card;
        GtkImage *icon;
        GtkLabel *title_label;
        GtkLabel *size_label;
        GtkLabel *model_label;
        GtkLabel *serial_label;
        GtkLabel *temperature_label;
        GtkLabel *usage_label;
        BhStateBadge *badge;
};

G_DEFINE_FINAL_TYPE(BhDiskCard, bh_disk_card, GTK_TYPE_FLOW_BOX_CHILD)

BhBusDisk *bh_disk_card_get_disk(BhDiskCard *self) {
        return self->disk;
}

gboolean bh_disk_card_is_dead(BhDiskCard *self) {
        return self->is_dead;
}

static void set_class(BhDiskCard *self, const char *name, gboolean wanted) {
        if (wanted)
                gtk_widget_add_css_class(GTK_WIDGET(self->card), name);
        else
                gtk_widget_remove_css_class(GTK_WIDGET(self->card), name);
}

static void update(BhDiskCard *self) {
        static const BhStateWords dead = {"dead", N_("Would be dead"), "action-unavailable-symbolic", "error"};
        const BhStateWords *state = self->is_dead ? &dead : bh_words_disk_state(bh_bus_disk_get_state(self->disk));
        const char *usage = bh_words_usage(bh_bus_disk_get_usage(self->disk));
        gboolean is_present = bh_bus_disk_get_present(self->disk);
        g_autofree char *title = bh_words_disk_title(self->disk), *line = bh_words_disk_line(self->disk),
                        *size = g_format_size(bh_bus_disk_get_size(self->disk)),
                        *serial = bh_words_serial_end(bh_bus_disk_get_serial(self->disk)),
                        *temperature = bh_words_temperature(bh_bus_disk_get_temperature(self->disk)), *all = NULL;

        gtk_image_set_from_icon_name(self->icon, bh_bus_disk_get_rotation_rate(self->disk) == 0
                                                         ? "drive-harddisk-solidstate-symbolic"
                                                         : "drive-harddisk-symbolic");
        gtk_label_set_text(self->title_label, title);
        gtk_label_set_text(self->size_label, size);
        gtk_label_set_text(self->model_label, bh_bus_disk_get_model(self->disk));
        gtk_label_set_text(self->serial_label, serial);
        gtk_label_set_text(self->temperature_label, is_present && temperature ? temperature : "");
        gtk_label_set_text(self->usage_label, usage);
        bh_state_badge_show(self->badge, state);
        set_class(self, "absent", !is_present);
        set_class(self, "dead", self->is_dead);

        all = g_strdup_printf("%s, %s, %s, %s%s%s", line, size, _(state->word), usage,
                              is_present && temperature ? ", " : "", is_present && temperature ? temperature : "");
        gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, all,
                                       GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, bh_bus_disk_get_state_text(self->disk), -1);
        /* A healthy one has nothing more to say than its card. */
        gtk_widget_set_tooltip_text(GTK_WIDGET(self), g_strcmp0(bh_bus_disk_get_state(self->disk), "healthy") == 0
                                                              ? NULL
                                                              : bh_bus_disk_get_state_text(self->disk));
}

void bh_disk_card_set_dead(BhDiskCard *self, gboolean is_dead) {
        g_return_if_fail(BH_IS_DISK_CARD(self));

        if (self->is_dead == is_dead)
                return;
        self->is_dead = is_dead;
        update(self);
}

static void bh_disk_card_dispose(GObject *object) {
        g_clear_object(&BH_DISK_CARD(object)->disk);
        G_OBJECT_CLASS(bh_disk_card_parent_class)->dispose(object);
}

static void bh_disk_card_class_init(BhDiskCardClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_disk_card_dispose;
        gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
        g_type_ensure(BH_TYPE_STATE_BADGE);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/disk-card.ui");
        gtk_widget_class_bind_template_child(widget_class, BhDiskCard, card);
        gtk_widget_class_bind_template_child(widget_class, BhDiskCard, icon);
        gtk_widget_class_bind_template_child(widget_class, BhDiskCard, title_label);
        gtk_widget_class_bind_template_child(widget_class, BhDiskCard, size_label);
        gtk_widget_class_bind_template_child(widget_class, BhDiskCard, model_label);
        gtk_widget_class_bind_template_child(widget_class, BhDiskCard, serial_label);
        gtk_widget_class_bind_template_child(widget_class, BhDiskCard, temperature_label);
        gtk_widget_class_bind_template_child(widget_class, BhDiskCard, usage_label);
        gtk_widget_class_bind_template_child(widget_class, BhDiskCard, badge);
}

static void bh_disk_card_init(BhDiskCard *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWidget *bh_disk_card_new(BhBusDisk *disk) {
        BhDiskCard *self = g_object_new(BH_TYPE_DISK_CARD, NULL);

        self->disk = g_object_ref(disk);
        g_signal_connect_object(disk, "g-properties-changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
        update(self);
        return GTK_WIDGET(self);
}
