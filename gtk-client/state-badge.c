/* SPDX-License-Identifier: MIT */
#include "state-badge.h"

#include <glib/gi18n.h>

struct _BhStateBadge {
        GtkWidget parent_instance;

        const char *style; /* that is set, NULL: none */
        GtkBox *box;
        GtkImage *icon;
        GtkLabel *label;
};

G_DEFINE_FINAL_TYPE(BhStateBadge, bh_state_badge, GTK_TYPE_WIDGET)

void bh_state_badge_show(BhStateBadge *self, const BhStateWords *words) {
        g_return_if_fail(BH_IS_STATE_BADGE(self));

        if (self->style)
                gtk_widget_remove_css_class(GTK_WIDGET(self), self->style);
        self->style = words->style;
        gtk_widget_add_css_class(GTK_WIDGET(self), words->style);
        gtk_image_set_from_icon_name(self->icon, words->icon);
        gtk_label_set_text(self->label, _(words->word));
}

static void bh_state_badge_dispose(GObject *object) {
        g_clear_pointer((GtkWidget **)&BH_STATE_BADGE(object)->box, gtk_widget_unparent);
        G_OBJECT_CLASS(bh_state_badge_parent_class)->dispose(object);
}

static void bh_state_badge_class_init(BhStateBadgeClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_state_badge_dispose;
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/state-badge.ui");
        gtk_widget_class_bind_template_child(widget_class, BhStateBadge, box);
        gtk_widget_class_bind_template_child(widget_class, BhStateBadge, icon);
        gtk_widget_class_bind_template_child(widget_class, BhStateBadge, label);
}

static void bh_state_badge_init(BhStateBadge *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWidget *bh_state_badge_new(void) {
        return g_object_new(BH_TYPE_STATE_BADGE, NULL);
}
