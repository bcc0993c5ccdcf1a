/* SPDX-License-Identifier: MIT */
#include "user-row.h"

struct _BhUserRow {
        AdwActionRow parent_instance;

        BhUserItem *user;
        AdwAvatar *avatar;
        GtkLabel *admin_label;
};

G_DEFINE_FINAL_TYPE(BhUserRow, bh_user_row, ADW_TYPE_ACTION_ROW)

BhUserItem *bh_user_row_get_user(BhUserRow *self) {
        return self->user;
}

static void bh_user_row_dispose(GObject *object) {
        g_clear_object(&BH_USER_ROW(object)->user);
        G_OBJECT_CLASS(bh_user_row_parent_class)->dispose(object);
}

static void bh_user_row_class_init(BhUserRowClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_user_row_dispose;
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/user-row.ui");
        gtk_widget_class_bind_template_child(widget_class, BhUserRow, avatar);
        gtk_widget_class_bind_template_child(widget_class, BhUserRow, admin_label);
}

static void bh_user_row_init(BhUserRow *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWidget *bh_user_row_new(BhUserItem *user) {
        BhUserRow *self = g_object_new(BH_TYPE_USER_ROW, NULL);

        self->user = g_object_ref(user);
        g_object_bind_property(user, "username", self, "title", G_BINDING_SYNC_CREATE);
        g_object_bind_property(user, "details", self, "subtitle", G_BINDING_SYNC_CREATE);
        g_object_bind_property(user, "is-admin", self->admin_label, "visible", G_BINDING_SYNC_CREATE);
        if (!bh_user_item_is_active(user))
                gtk_widget_add_css_class(GTK_WIDGET(self), "dim-label");
        return GTK_WIDGET(self);
}
