/* SPDX-License-Identifier: MIT */
#include "users-page.h"

#include "accessibility.h"
#include "alert-banner.h"
#include "user-editor.h"
#include "user-item.h"
#include "user-row.h"
#include "window.h"

#include <glib/gi18n.h>

struct _BhUsersPage {
        GtkWidget parent_instance;

        BhConnection *connection;
        GListStore *users;
        GListModel *found;
        GtkStringFilter *filter;
        GCancellable *cancellable;
        gboolean folded;

        GtkBox *box;
        AdwWindowTitle *title;
        GtkSearchBar *search_bar;
        GtkSearchEntry *search_entry;
        GtkStack *stack;
        AdwStatusPage *error_page;
        GtkListBox *list;
};

enum { PROP_FOLDED = 1, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(BhUsersPage, bh_users_page, GTK_TYPE_WIDGET)

static void update_view(BhUsersPage *self) {
        gtk_stack_set_visible_child_name(self->stack,
                                         g_list_model_get_n_items(self->found) > 0 ? "list" : "nothing-found");
}

static void on_search_changed(BhUsersPage *self) {
        gtk_string_filter_set_search(self->filter, gtk_editable_get_text(GTK_EDITABLE(self->search_entry)));
        update_view(self);
}

static void show_users(BhUsersPage *self, GVariant *descriptions, guint64 active) {
        g_autoptr(GPtrArray) users = g_ptr_array_new_with_free_func(g_object_unref);
        g_autofree char *subtitle = NULL;
        GVariantIter iter;
        GVariant *description;

        g_variant_iter_init(&iter, descriptions);
        while ((description = g_variant_iter_next_value(&iter))) {
                g_ptr_array_add(users, bh_user_item_new(description));
                g_variant_unref(description);
        }
        g_list_store_splice(self->users, 0, g_list_model_get_n_items(G_LIST_MODEL(self->users)), users->pdata,
                            users->len);
        subtitle = g_strdup_printf(ngettext("%u user, %u active", "%u users, %u active", users->len), users->len,
                                   (guint)active);
        adw_window_title_set_subtitle(self->title, subtitle);
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "users.create", TRUE);
        update_view(self);
}

static void show_error(BhUsersPage *self, const GError *error) {
        g_autofree char *sentence = bh_bus_error_message(error);
        g_autofree char *markup = g_markup_escape_text(sentence, -1);

        adw_window_title_set_subtitle(self->title, "");
        adw_status_page_set_description(self->error_page, markup);
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "users.create", FALSE);
        gtk_stack_set_visible_child_name(self->stack, "error");
        bh_connection_note_error(self->connection, error);
}

static void on_listed(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhUsersPage) self = user_data;
        g_autoptr(GVariant) users = NULL;
        g_autoptr(GError) error = NULL;
        guint64 active;

        if (bh_bus_users_call_list_finish(BH_BUS_USERS(source), &users, NULL, &active, NULL, NULL, result, &error))
                show_users(self, users, active);
        else if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                show_error(self, error);
}

void bh_users_page_refresh(BhUsersPage *self) {
        g_autoptr(BhBusUsers) users = bh_connection_dup_users(self->connection, NULL);

        g_return_if_fail(BH_IS_USERS_PAGE(self));
        g_cancellable_cancel(self->cancellable);
        g_clear_object(&self->cancellable);
        self->cancellable = g_cancellable_new();
        if (users)
                bh_bus_users_call_list(users, bh_connection_options(self->connection, NULL), BH_CALL_FLAGS,
                                       BH_CALL_TIMEOUT, self->cancellable, on_listed, g_object_ref(self));
}

static void edit(BhUsersPage *self, BhUserItem *user) {
        BhUserEditor *editor = bh_user_editor_new(GTK_WINDOW(bh_window_of(GTK_WIDGET(self))), self->connection, user);

        g_signal_connect_object(editor, "changed", G_CALLBACK(bh_users_page_refresh), self, G_CONNECT_SWAPPED);
        gtk_window_present(GTK_WINDOW(editor));
}

static void on_row_activated(BhUsersPage *self, GtkListBoxRow *row) {
        edit(self, bh_user_row_get_user(BH_USER_ROW(row)));
}

static void action_create(GtkWidget *widget, const char *name, GVariant *parameter) {
        edit(BH_USERS_PAGE(widget), NULL);
}

static void action_refresh(GtkWidget *widget, const char *name, GVariant *parameter) {
        bh_users_page_refresh(BH_USERS_PAGE(widget));
}

static void action_find(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhUsersPage *self = BH_USERS_PAGE(widget);

        gtk_search_bar_set_search_mode(self->search_bar, TRUE);
        gtk_widget_grab_focus(GTK_WIDGET(self->search_entry));
}

static GtkWidget *create_row(gpointer item, gpointer user_data) {
        return bh_user_row_new(item);
}

void bh_users_page_set_connection(BhUsersPage *self, BhConnection *connection) {
        g_set_object(&self->connection, connection);
}

static gboolean bh_users_page_grab_focus(GtkWidget *widget) {
        return gtk_widget_child_focus(GTK_WIDGET(BH_USERS_PAGE(widget)->list), GTK_DIR_TAB_FORWARD);
}

static void bh_users_page_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        if (id == PROP_FOLDED)
                g_value_set_boolean(value, BH_USERS_PAGE(object)->folded);
        else
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void bh_users_page_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec) {
        if (id == PROP_FOLDED)
                BH_USERS_PAGE(object)->folded = g_value_get_boolean(value);
        else
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void bh_users_page_dispose(GObject *object) {
        BhUsersPage *self = BH_USERS_PAGE(object);

        g_cancellable_cancel(self->cancellable);
        g_clear_object(&self->cancellable);
        g_clear_pointer((GtkWidget **)&self->box, gtk_widget_unparent);
        g_clear_object(&self->found);
        g_clear_object(&self->filter);
        g_clear_object(&self->users);
        g_clear_object(&self->connection);
        G_OBJECT_CLASS(bh_users_page_parent_class)->dispose(object);
}

static void bh_users_page_class_init(BhUsersPageClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        widget_class->grab_focus = bh_users_page_grab_focus;
        object_class->dispose = bh_users_page_dispose;
        object_class->get_property = bh_users_page_get_property;
        object_class->set_property = bh_users_page_set_property;
        properties[PROP_FOLDED] =
                g_param_spec_boolean("folded", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);

        g_type_ensure(BH_TYPE_ALERT_BANNER);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/users-page.ui");
        gtk_widget_class_bind_template_child(widget_class, BhUsersPage, box);
        gtk_widget_class_bind_template_child(widget_class, BhUsersPage, title);
        gtk_widget_class_bind_template_child(widget_class, BhUsersPage, search_bar);
        gtk_widget_class_bind_template_child(widget_class, BhUsersPage, search_entry);
        gtk_widget_class_bind_template_child(widget_class, BhUsersPage, stack);
        gtk_widget_class_bind_template_child(widget_class, BhUsersPage, error_page);
        gtk_widget_class_bind_template_child(widget_class, BhUsersPage, list);
        gtk_widget_class_bind_template_callback(widget_class, on_search_changed);
        gtk_widget_class_bind_template_callback(widget_class, on_row_activated);
        gtk_widget_class_install_action(widget_class, "users.create", NULL, action_create);
        gtk_widget_class_install_action(widget_class, "users.refresh", NULL, action_refresh);
        gtk_widget_class_install_action(widget_class, "users.find", NULL, action_find);
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_n, GDK_CONTROL_MASK, "users.create", NULL);
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_f, GDK_CONTROL_MASK, "users.find", NULL);
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_F5, 0, "users.refresh", NULL);
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_r, GDK_CONTROL_MASK, "users.refresh", NULL);
}

static void bh_users_page_init(BhUsersPage *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
        bh_accessibility_hide_other_pages(self->stack);
        gtk_search_bar_connect_entry(self->search_bar, GTK_EDITABLE(self->search_entry));
        self->users = g_list_store_new(BH_TYPE_USER_ITEM);
        self->filter = gtk_string_filter_new(gtk_property_expression_new(BH_TYPE_USER_ITEM, NULL, "search-text"));
        self->found = G_LIST_MODEL(gtk_filter_list_model_new(g_object_ref(G_LIST_MODEL(self->users)),
                                                             GTK_FILTER(g_object_ref(self->filter))));
        gtk_list_box_bind_model(self->list, self->found, create_row, NULL, NULL);
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "users.create", FALSE);
}
