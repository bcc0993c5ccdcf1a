/* SPDX-License-Identifier: MIT */
#include "name-dialog.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_BYTES 255

struct _BhNameDialog {
        AdwMessageDialog parent_instance;

        AdwEntryRow *name_row;
        GtkLabel *problem_label;
        char *old_name;
        void (*callback)(const char *name, gpointer owner);
        GObject *owner;
};

G_DEFINE_FINAL_TYPE(BhNameDialog, bh_name_dialog, ADW_TYPE_MESSAGE_DIALOG)

/* What is wrong with a name, or NULL. The service has the last word; this spares a round trip. */
static const char *find_problem(const char *name) {
        if (strchr(name, '/'))
                return _("A name cannot contain “/”.");
        if (g_str_equal(name, ".") || g_str_equal(name, ".."))
                return _("This name has a special meaning.");
        if (strlen(name) > MAX_BYTES)
                return _("This name is too long.");
        for (const char *p = name; *p; p = g_utf8_next_char(p)) {
                if (g_unichar_iscntrl(g_utf8_get_char(p)))
                        return _("A name cannot contain control characters.");
        }
        return NULL;
}

static void on_changed(BhNameDialog *self) {
        const char *name = gtk_editable_get_text(GTK_EDITABLE(self->name_row));
        const char *problem = find_problem(name);

        gtk_label_set_text(self->problem_label, problem ? problem : "");
        gtk_widget_set_visible(GTK_WIDGET(self->problem_label), problem != NULL);
        adw_message_dialog_set_response_enabled(ADW_MESSAGE_DIALOG(self), "confirm",
                                                *name && !problem && g_strcmp0(name, self->old_name) != 0);
}

static void bh_name_dialog_response(AdwMessageDialog *dialog, const char *response) {
        BhNameDialog *self = BH_NAME_DIALOG(dialog);

        if (g_str_equal(response, "confirm"))
                self->callback(gtk_editable_get_text(GTK_EDITABLE(self->name_row)), self->owner);
}

/* Selects what one usually changes: not the ending. */
static void select_stem(BhNameDialog *self) {
        const char *dot = strrchr(self->old_name, '.');
        glong length = dot && dot != self->old_name ? g_utf8_pointer_to_offset(self->old_name, dot) : -1;

        gtk_widget_grab_focus(GTK_WIDGET(self->name_row));
        gtk_editable_select_region(GTK_EDITABLE(self->name_row), 0, (int)length);
}

void bh_name_dialog_ask(GtkWindow *parent, const char *heading, const char *confirm_label, const char *name,
                        void (*callback)(const char *name, gpointer owner), gpointer owner) {
        BhNameDialog *self = g_object_new(BH_TYPE_NAME_DIALOG, "transient-for", parent, "heading", heading, NULL);

        self->callback = callback;
        self->owner = g_object_ref(owner);
        self->old_name = g_strdup(name);
        adw_message_dialog_set_response_label(ADW_MESSAGE_DIALOG(self), "confirm", confirm_label);
        gtk_editable_set_text(GTK_EDITABLE(self->name_row), name);
        on_changed(self);
        gtk_window_present(GTK_WINDOW(self));
        select_stem(self);
}

static void bh_name_dialog_finalize(GObject *object) {
        BhNameDialog *self = BH_NAME_DIALOG(object);

        g_clear_object(&self->owner);
        g_free(self->old_name);
        G_OBJECT_CLASS(bh_name_dialog_parent_class)->finalize(object);
}

static void bh_name_dialog_class_init(BhNameDialogClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->finalize = bh_name_dialog_finalize;
        ADW_MESSAGE_DIALOG_CLASS(klass)->response = bh_name_dialog_response;
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/name-dialog.ui");
        gtk_widget_class_bind_template_child(widget_class, BhNameDialog, name_row);
        gtk_widget_class_bind_template_child(widget_class, BhNameDialog, problem_label);
        gtk_widget_class_bind_template_callback(widget_class, on_changed);
}

static void bh_name_dialog_init(BhNameDialog *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}
