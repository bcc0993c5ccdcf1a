/* SPDX-License-Identifier: MIT */
#include "sign-in-page.h"

#include "accessibility.h"

#include <glib/gi18n.h>

struct _BhSignInPage {
        GtkWidget parent_instance;

        BhConnection *connection;
        GtkBox *box;
        GtkButton *cancel_button;
        GtkLabel *explanation_label;
        AdwEntryRow *name_row;
        AdwEntryRow *password_row;
        GtkLabel *error_label;
        GtkButton *administrator_button;
        GtkSpinner *spinner;
        gboolean busy;
};

G_DEFINE_FINAL_TYPE(BhSignInPage, bh_sign_in_page, GTK_TYPE_WIDGET)

static void update(BhSignInPage *self) {
        gboolean complete = *gtk_editable_get_text(GTK_EDITABLE(self->name_row)) &&
                            *gtk_editable_get_text(GTK_EDITABLE(self->password_row));

        gtk_widget_action_set_enabled(GTK_WIDGET(self), "sign-in.submit", complete && !self->busy);
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "sign-in.administrator", !self->busy);
        gtk_spinner_set_spinning(self->spinner, self->busy);
}

static void set_error(BhSignInPage *self, const char *sentence) {
        gtk_label_set_text(self->error_label, sentence ? sentence : "");
        gtk_widget_set_visible(GTK_WIDGET(self->error_label), sentence != NULL);
}

static void set_busy(BhSignInPage *self, gboolean busy) {
        self->busy = busy;
        if (busy)
                set_error(self, NULL);
        update(self);
}

static void end(BhSignInPage *self, const GError *error) {
        g_autofree char *sentence = error ? bh_bus_error_message(error) : NULL;

        set_busy(self, FALSE);
        gtk_editable_set_text(GTK_EDITABLE(self->password_row), "");
        set_error(self, sentence);
        if (error)
                gtk_widget_grab_focus(GTK_WIDGET(self->password_row));
}

static void on_signed_in(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhSignInPage) self = user_data;
        g_autoptr(GError) error = NULL;

        bh_connection_sign_in_finish(BH_CONNECTION(source), result, &error);
        end(self, error);
}

static void on_administrator(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhSignInPage) self = user_data;
        g_autoptr(GError) error = NULL;

        bh_connection_use_administrator_finish(BH_CONNECTION(source), result, &error);
        end(self, error);
}

static void action_submit(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhSignInPage *self = BH_SIGN_IN_PAGE(widget);

        set_busy(self, TRUE);
        bh_connection_sign_in_async(self->connection, gtk_editable_get_text(GTK_EDITABLE(self->name_row)),
                                    gtk_editable_get_text(GTK_EDITABLE(self->password_row)), NULL, on_signed_in,
                                    g_object_ref(self));
}

static void action_administrator(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhSignInPage *self = BH_SIGN_IN_PAGE(widget);

        set_busy(self, TRUE);
        bh_connection_use_administrator_async(self->connection, NULL, on_administrator, g_object_ref(self));
}

static void on_changed(BhSignInPage *self) {
        update(self);
}

static void on_activated(BhSignInPage *self, AdwEntryRow *row) {
        if (row == self->name_row)
                gtk_widget_grab_focus(GTK_WIDGET(self->password_row));
        else
                gtk_widget_activate_action(GTK_WIDGET(self), "sign-in.submit", NULL);
}

void bh_sign_in_page_set_connection(BhSignInPage *self, BhConnection *connection) {
        g_set_object(&self->connection, connection);
}

void bh_sign_in_page_reset(BhSignInPage *self, gboolean may_cancel) {
        const char *message = bh_connection_get_message(self->connection);
        g_autofree char *text = NULL;

        text = may_cancel ? g_strdup(_("Sign in with the name and password of a BaluHost account."))
                          : g_strdup_printf(_("The user “%s” of this computer has no BaluHost account. "
                                              "Sign in with the name and password of one."),
                                            g_get_user_name());
        gtk_label_set_text(self->explanation_label, text);
        gtk_widget_set_visible(GTK_WIDGET(self->cancel_button), may_cancel);
        gtk_widget_set_visible(GTK_WIDGET(self->administrator_button), !may_cancel);
        gtk_editable_set_text(GTK_EDITABLE(self->password_row), "");
        set_error(self, message);
        update(self);
        gtk_widget_grab_focus(GTK_WIDGET(self->name_row));
}

static void bh_sign_in_page_dispose(GObject *object) {
        BhSignInPage *self = BH_SIGN_IN_PAGE(object);

        g_clear_object(&self->connection);
        g_clear_pointer((GtkWidget **)&self->box, gtk_widget_unparent);
        G_OBJECT_CLASS(bh_sign_in_page_parent_class)->dispose(object);
}

static void bh_sign_in_page_class_init(BhSignInPageClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_sign_in_page_dispose;
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/sign-in-page.ui");
        gtk_widget_class_bind_template_child(widget_class, BhSignInPage, box);
        gtk_widget_class_bind_template_child(widget_class, BhSignInPage, cancel_button);
        gtk_widget_class_bind_template_child(widget_class, BhSignInPage, explanation_label);
        gtk_widget_class_bind_template_child(widget_class, BhSignInPage, name_row);
        gtk_widget_class_bind_template_child(widget_class, BhSignInPage, password_row);
        gtk_widget_class_bind_template_child(widget_class, BhSignInPage, error_label);
        gtk_widget_class_bind_template_child(widget_class, BhSignInPage, administrator_button);
        gtk_widget_class_bind_template_child(widget_class, BhSignInPage, spinner);
        gtk_widget_class_bind_template_callback(widget_class, on_changed);
        gtk_widget_class_bind_template_callback(widget_class, on_activated);
        gtk_widget_class_install_action(widget_class, "sign-in.submit", NULL, action_submit);
        gtk_widget_class_install_action(widget_class, "sign-in.administrator", NULL, action_administrator);
}

static void bh_sign_in_page_init(BhSignInPage *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
        bh_accessibility_name_peek_button(ADW_PASSWORD_ENTRY_ROW(self->password_row));
}
