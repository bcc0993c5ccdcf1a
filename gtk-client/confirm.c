/* SPDX-License-Identifier: MIT */
#include "confirm.h"

#include <glib/gi18n.h>

typedef struct {
        void (*callback)(gpointer owner);
        GObject *owner;
} Question;

static void question_free(gpointer data, GClosure *closure) {
        Question *question = data;

        g_object_unref(question->owner);
        g_free(question);
}

static void on_response(AdwMessageDialog *dialog, const char *response, gpointer user_data) {
        Question *question = user_data;

        if (g_str_equal(response, "confirm"))
                question->callback(question->owner);
}

void bh_confirm(GtkWindow *parent, const char *heading, const char *body, const char *confirm_label,
                void (*callback)(gpointer owner), gpointer owner) {
        GtkWidget *dialog = adw_message_dialog_new(parent, heading, body);
        Question *question = g_new0(Question, 1);

        question->callback = callback;
        question->owner = g_object_ref(owner);
        adw_message_dialog_add_responses(ADW_MESSAGE_DIALOG(dialog), "cancel", _("_Cancel"), "confirm", confirm_label,
                                         NULL);
        adw_message_dialog_set_response_appearance(ADW_MESSAGE_DIALOG(dialog), "confirm", ADW_RESPONSE_DESTRUCTIVE);
        adw_message_dialog_set_default_response(ADW_MESSAGE_DIALOG(dialog), "cancel");
        adw_message_dialog_set_close_response(ADW_MESSAGE_DIALOG(dialog), "cancel");
        g_signal_connect_data(dialog, "response", G_CALLBACK(on_response), question, question_free, 0);
        gtk_window_present(GTK_WINDOW(dialog));
}
