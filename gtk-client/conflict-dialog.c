/* SPDX-License-Identifier: MIT */
#include "conflict-dialog.h"

#include <glib/gi18n.h>

struct _BhConflictDialog {
        AdwMessageDialog parent_instance;

        GtkCheckButton *all_button;
        BhTransfer *transfer;
};

G_DEFINE_FINAL_TYPE(BhConflictDialog, bh_conflict_dialog, ADW_TYPE_MESSAGE_DIALOG)

static void bh_conflict_dialog_response(AdwMessageDialog *dialog, const char *response) {
        BhConflictDialog *self = BH_CONFLICT_DIALOG(dialog);
        BhConflictChoice choice = BH_CONFLICT_SKIP;

        if (g_str_equal(response, "replace"))
                choice = BH_CONFLICT_REPLACE;
        else if (g_str_equal(response, "keep-both"))
                choice = BH_CONFLICT_KEEP_BOTH;
        bh_transfer_answer_conflict(self->transfer, choice, gtk_check_button_get_active(self->all_button));
}

/* The transfer was cancelled elsewhere: there is nothing to answer any more. */
static void on_transfer_finished(BhConflictDialog *self) {
        gtk_window_destroy(GTK_WINDOW(self));
}

void bh_conflict_dialog_ask(GtkWindow *parent, BhTransfer *transfer, const char *name) {
        BhConflictDialog *self = g_object_new(BH_TYPE_CONFLICT_DIALOG, "transient-for", parent, NULL);
        /* Translators: %s is the name of a file */
        g_autofree char *body =
                g_strdup_printf(_("There is a file “%s” already. Replacing it overwrites its content."), name);

        adw_message_dialog_set_body(ADW_MESSAGE_DIALOG(self), body);
        self->transfer = g_object_ref(transfer);
        g_signal_connect_object(transfer, "finished", G_CALLBACK(on_transfer_finished), self, G_CONNECT_SWAPPED);
        gtk_window_present(GTK_WINDOW(self));
}

static void bh_conflict_dialog_finalize(GObject *object) {
        g_clear_object(&BH_CONFLICT_DIALOG(object)->transfer);
        G_OBJECT_CLASS(bh_conflict_dialog_parent_class)->finalize(object);
}

static void bh_conflict_dialog_class_init(BhConflictDialogClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->finalize = bh_conflict_dialog_finalize;
        ADW_MESSAGE_DIALOG_CLASS(klass)->response = bh_conflict_dialog_response;
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/conflict-dialog.ui");
        gtk_widget_class_bind_template_child(widget_class, BhConflictDialog, all_button);
}

static void bh_conflict_dialog_init(BhConflictDialog *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}
