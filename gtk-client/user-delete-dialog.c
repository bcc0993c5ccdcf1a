/* SPDX-License-Identifier: MIT */
#include "user-delete-dialog.h"

#include <glib/gi18n.h>

struct _BhUserDeleteDialog {
        AdwMessageDialog parent_instance;

        GtkCheckButton *keep_button;
        void (*callback)(gboolean keep_files, gpointer owner);
        GObject *owner;
};

G_DEFINE_FINAL_TYPE(BhUserDeleteDialog, bh_user_delete_dialog, ADW_TYPE_MESSAGE_DIALOG)

static void bh_user_delete_dialog_response(AdwMessageDialog *dialog, const char *response) {
        BhUserDeleteDialog *self = BH_USER_DELETE_DIALOG(dialog);

        if (g_str_equal(response, "delete"))
                self->callback(gtk_check_button_get_active(self->keep_button), self->owner);
}

void bh_user_delete_dialog_ask(GtkWindow *parent, BhUserItem *user,
                               void (*callback)(gboolean keep_files, gpointer owner), gpointer owner) {
        BhUserDeleteDialog *self = g_object_new(BH_TYPE_USER_DELETE_DIALOG, "transient-for", parent, NULL);
        g_autofree char *heading = g_strdup_printf(_("Delete the User “%s”?"), bh_user_item_get_username(user));
        g_autofree char *used = g_format_size(bh_user_item_get_used_bytes(user));
        g_autofree char *body = g_strdup_printf(_("The account cannot be brought back. Its files use %s."), used);

        self->callback = callback;
        self->owner = g_object_ref(owner);
        adw_message_dialog_set_heading(ADW_MESSAGE_DIALOG(self), heading);
        adw_message_dialog_set_body(ADW_MESSAGE_DIALOG(self), body);
        gtk_window_present(GTK_WINDOW(self));
}

static void bh_user_delete_dialog_finalize(GObject *object) {
        g_clear_object(&BH_USER_DELETE_DIALOG(object)->owner);
        G_OBJECT_CLASS(bh_user_delete_dialog_parent_class)->finalize(object);
}

static void bh_user_delete_dialog_class_init(BhUserDeleteDialogClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->finalize = bh_user_delete_dialog_finalize;
        ADW_MESSAGE_DIALOG_CLASS(klass)->response = bh_user_delete_dialog_response;
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/user-delete-dialog.ui");
        gtk_widget_class_bind_template_child(widget_class, BhUserDeleteDialog, keep_button);
}

static void bh_user_delete_dialog_init(BhUserDeleteDialog *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}
