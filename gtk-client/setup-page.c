/* SPDX-License-Identifier: MIT */
#include "setup-page.h"

#include "accessibility.h"
#include "account-rules.h"

#include <glib/gi18n.h>
#include <unistd.h>

enum { FIELD_TOKEN, FIELD_NAME, FIELD_EMAIL, FIELD_PASSWORD, FIELD_REPEATED, N_FIELDS };

typedef struct {
        AdwEntryRow *row;
        GtkLabel *problem; /* in the row below it */
} Field;

struct _BhSetupPage {
        GtkWidget parent_instance;

        BhConnection *connection;
        gboolean busy;
        gboolean is_root;        /* who needs no token */
        char *refused[N_FIELDS]; /* what the service has said about a field that was not changed since */

        GtkBox *box;
        GtkLabel *error_label;
        GtkSpinner *spinner;
        Field fields[N_FIELDS];
};

G_DEFINE_FINAL_TYPE(BhSetupPage, bh_setup_page, GTK_TYPE_WIDGET)

static const char *text_of(BhSetupPage *self, guint field) {
        return gtk_editable_get_text(GTK_EDITABLE(self->fields[field].row));
}

/* A sentence, or NULL. Nothing is wrong yet with what was not typed yet. */
static const char *find_problem(BhSetupPage *self, guint field) {
        const char *text = text_of(self, field);

        if (self->refused[field])
                return self->refused[field];
        if (!*text)
                return NULL;
        switch (field) {
        case FIELD_NAME:
                return bh_account_name_problem(text);
        case FIELD_EMAIL:
                return bh_account_email_problem(text);
        case FIELD_PASSWORD:
                return bh_account_password_problem(text);
        case FIELD_REPEATED:
                return g_str_equal(text, text_of(self, FIELD_PASSWORD)) ? NULL : _("The passwords differ.");
        default:
                return NULL;
        }
}

static gboolean is_needed(BhSetupPage *self, guint field) {
        return field != FIELD_EMAIL && !(field == FIELD_TOKEN && self->is_root);
}

static void show_problem(Field *field, const char *problem) {
        gtk_label_set_text(field->problem, problem ? problem : "");
        gtk_widget_set_visible(GTK_WIDGET(field->problem), problem != NULL);
        if (problem)
                gtk_widget_add_css_class(GTK_WIDGET(field->row), "error");
        else
                gtk_widget_remove_css_class(GTK_WIDGET(field->row), "error");
        gtk_accessible_update_state(GTK_ACCESSIBLE(field->row), GTK_ACCESSIBLE_STATE_INVALID,
                                    problem ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
}

static void update(BhSetupPage *self) {
        gboolean complete = TRUE;

        for (guint i = 0; i < N_FIELDS; i++) {
                const char *problem = find_problem(self, i);

                show_problem(&self->fields[i], problem);
                complete = complete && !problem && (*text_of(self, i) || !is_needed(self, i));
        }
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "setup.submit", complete && !self->busy);
        gtk_spinner_set_spinning(self->spinner, self->busy);
}

static void set_error(BhSetupPage *self, const char *sentence) {
        gtk_label_set_text(self->error_label, sentence ? sentence : "");
        gtk_widget_set_visible(GTK_WIDGET(self->error_label), sentence != NULL);
}

/* Says what the service has refused where it belongs. */
static void refuse(BhSetupPage *self, const GError *error) {
        g_autofree char *sentence = bh_bus_error_message(error);
        int field = bh_bus_error_is(error, BH_BUS_ERROR_InvalidToken) ? FIELD_TOKEN
                    : bh_bus_error_is(error, BH_BUS_ERROR_Exists)     ? FIELD_NAME
                                                                      : -1;

        if (field < 0) {
                set_error(self, sentence);
                return;
        }
        g_free(self->refused[field]);
        self->refused[field] = g_steal_pointer(&sentence);
        gtk_widget_grab_focus(GTK_WIDGET(self->fields[field].row));
}

static void on_set_up(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhSetupPage) self = user_data;
        g_autoptr(GError) error = NULL;

        self->busy = FALSE;
        if (!self->box)
                return; /* the window is closed */
        if (!bh_connection_set_up_finish(BH_CONNECTION(source), result, &error))
                refuse(self, error);
        update(self);
}

static void action_submit(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhSetupPage *self = BH_SETUP_PAGE(widget);

        set_error(self, NULL);
        self->busy = TRUE;
        update(self);
        bh_connection_set_up_async(self->connection, text_of(self, FIELD_TOKEN), text_of(self, FIELD_NAME),
                                   text_of(self, FIELD_EMAIL), text_of(self, FIELD_PASSWORD), NULL, on_set_up,
                                   g_object_ref(self));
}

static void on_changed(BhSetupPage *self, AdwEntryRow *row) {
        for (guint i = 0; i < N_FIELDS; i++)
                if (self->fields[i].row == row)
                        g_clear_pointer(&self->refused[i], g_free);
        update(self);
}

/* Enter leads to the next field, and from the last one on. */
static void on_activated(BhSetupPage *self, AdwEntryRow *row) {
        if (row == self->fields[FIELD_REPEATED].row)
                gtk_widget_activate_action(GTK_WIDGET(self), "setup.submit", NULL);
        else
                gtk_widget_child_focus(GTK_WIDGET(self), GTK_DIR_TAB_FORWARD);
}

void bh_setup_page_set_connection(BhSetupPage *self, BhConnection *connection) {
        g_set_object(&self->connection, connection);
}

void bh_setup_page_reset(BhSetupPage *self) {
        for (guint i = 0; i < N_FIELDS; i++) {
                g_clear_pointer(&self->refused[i], g_free);
                gtk_editable_set_text(GTK_EDITABLE(self->fields[i].row), "");
        }
        set_error(self, NULL);
        update(self);
        gtk_widget_grab_focus(GTK_WIDGET(self->fields[self->is_root ? FIELD_NAME : FIELD_TOKEN].row));
}

static void bh_setup_page_dispose(GObject *object) {
        BhSetupPage *self = BH_SETUP_PAGE(object);

        g_clear_object(&self->connection);
        g_clear_pointer((GtkWidget **)&self->box, gtk_widget_unparent);
        G_OBJECT_CLASS(bh_setup_page_parent_class)->dispose(object);
}

static void bh_setup_page_finalize(GObject *object) {
        for (guint i = 0; i < N_FIELDS; i++)
                g_free(BH_SETUP_PAGE(object)->refused[i]);
        G_OBJECT_CLASS(bh_setup_page_parent_class)->finalize(object);
}

static void bh_setup_page_class_init(BhSetupPageClass *klass) {
        static const char *const names[N_FIELDS] = {"token", "name", "email", "password", "repeated"};
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_setup_page_dispose;
        G_OBJECT_CLASS(klass)->finalize = bh_setup_page_finalize;
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/setup-page.ui");
        gtk_widget_class_bind_template_child(widget_class, BhSetupPage, box);
        gtk_widget_class_bind_template_child(widget_class, BhSetupPage, error_label);
        gtk_widget_class_bind_template_child(widget_class, BhSetupPage, spinner);
        for (guint i = 0; i < N_FIELDS; i++) {
                g_autofree char *row = g_strconcat(names[i], "_row", NULL),
                                *problem = g_strconcat(names[i], "_problem", NULL);
                goffset offset = G_STRUCT_OFFSET(BhSetupPage, fields) + (goffset)(i * sizeof(Field));

                gtk_widget_class_bind_template_child_full(widget_class, g_intern_string(row), FALSE,
                                                          offset + G_STRUCT_OFFSET(Field, row));
                gtk_widget_class_bind_template_child_full(widget_class, g_intern_string(problem), FALSE,
                                                          offset + G_STRUCT_OFFSET(Field, problem));
        }
        gtk_widget_class_bind_template_callback(widget_class, on_changed);
        gtk_widget_class_bind_template_callback(widget_class, on_activated);
        gtk_widget_class_install_action(widget_class, "setup.submit", NULL, action_submit);
}

static void bh_setup_page_init(BhSetupPage *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
        self->is_root = geteuid() == 0;
        gtk_widget_set_visible(GTK_WIDGET(self->fields[FIELD_TOKEN].row), !self->is_root);
        bh_accessibility_name_peek_button(ADW_PASSWORD_ENTRY_ROW(self->fields[FIELD_PASSWORD].row));
        bh_accessibility_name_peek_button(ADW_PASSWORD_ENTRY_ROW(self->fields[FIELD_REPEATED].row));
}
