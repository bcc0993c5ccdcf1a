/* SPDX-License-Identifier: MIT */
#include "folder-chooser.h"

#include "accessibility.h"
#include "directory-model.h"
#include "path-bar.h"

struct _BhFolderChooser {
        AdwWindow parent_instance;

        BhDirectoryModel *directory;
        GListModel *folders;
        void (*callback)(const char *folder, gpointer user_data);
        gpointer user_data;
        GDestroyNotify destroy;

        GtkButton *choose_button;
        BhPathBar *path_bar;
        GtkStack *stack;
        GtkListView *view;
        AdwStatusPage *error_page;
};

G_DEFINE_FINAL_TYPE(BhFolderChooser, bh_folder_chooser, ADW_TYPE_WINDOW)

static void update(BhFolderChooser *self) {
        const GError *error = bh_directory_model_get_error(self->directory);
        g_autofree char *sentence = NULL, *markup = NULL;

        bh_path_bar_set_path(self->path_bar, bh_directory_model_get_path(self->directory));
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "chooser.choose", error == NULL);
        if (error) {
                sentence = bh_bus_error_message(error);
                markup = g_markup_escape_text(sentence, -1);
                adw_status_page_set_description(self->error_page, markup);
                gtk_stack_set_visible_child_name(self->stack, "error");
                return;
        }
        gtk_stack_set_visible_child_name(self->stack, bh_directory_model_is_loading(self->directory) ||
                                                                      g_list_model_get_n_items(self->folders) > 0
                                                              ? "list"
                                                              : "empty");
}

static void on_path_chosen(BhFolderChooser *self, const char *path) {
        bh_directory_model_load(self->directory, path);
}

static void on_activated(BhFolderChooser *self, guint position) {
        g_autoptr(BhFileItem) item = g_list_model_get_item(self->folders, position);
        g_autofree char *path = bh_file_item_dup_path(item);

        bh_directory_model_load(self->directory, path);
}

static void action_choose(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhFolderChooser *self = BH_FOLDER_CHOOSER(widget);

        self->callback(bh_directory_model_get_path(self->directory), self->user_data);
        gtk_window_close(GTK_WINDOW(self));
}

void bh_folder_chooser_ask(GtkWindow *parent, BhConnection *connection, const char *title, const char *choose_label,
                           const char *folder, void (*callback)(const char *folder, gpointer user_data),
                           gpointer user_data, GDestroyNotify destroy) {
        BhFolderChooser *self = g_object_new(BH_TYPE_FOLDER_CHOOSER, "transient-for", parent, "title", title, NULL);
        GtkExpression *is_folder = gtk_property_expression_new(BH_TYPE_FILE_ITEM, NULL, "is-folder");
        GtkFilter *filter = GTK_FILTER(gtk_bool_filter_new(is_folder));
        GtkNoSelection *selection;

        self->callback = callback;
        self->user_data = user_data;
        self->destroy = destroy;
        gtk_button_set_label(self->choose_button, choose_label);

        self->directory = bh_directory_model_new(connection);
        self->folders = G_LIST_MODEL(gtk_filter_list_model_new(g_object_ref(G_LIST_MODEL(self->directory)), filter));
        selection = gtk_no_selection_new(g_object_ref(self->folders));
        gtk_list_view_set_model(self->view, GTK_SELECTION_MODEL(selection));
        g_object_unref(selection);
        g_signal_connect_object(self->folders, "items-changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(self->directory, "notify::loading", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(self->directory, "notify::error", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
        bh_directory_model_load(self->directory, folder);
        gtk_window_present(GTK_WINDOW(self));
}

static void bh_folder_chooser_dispose(GObject *object) {
        BhFolderChooser *self = BH_FOLDER_CHOOSER(object);

        if (self->user_data)
                self->destroy(g_steal_pointer(&self->user_data));
        g_clear_object(&self->folders);
        g_clear_object(&self->directory);
        G_OBJECT_CLASS(bh_folder_chooser_parent_class)->dispose(object);
}

static void bh_folder_chooser_class_init(BhFolderChooserClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_folder_chooser_dispose;
        g_type_ensure(BH_TYPE_FILE_ITEM);
        g_type_ensure(BH_TYPE_PATH_BAR);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/folder-chooser.ui");
        gtk_widget_class_bind_template_child(widget_class, BhFolderChooser, choose_button);
        gtk_widget_class_bind_template_child(widget_class, BhFolderChooser, path_bar);
        gtk_widget_class_bind_template_child(widget_class, BhFolderChooser, stack);
        gtk_widget_class_bind_template_child(widget_class, BhFolderChooser, view);
        gtk_widget_class_bind_template_child(widget_class, BhFolderChooser, error_page);
        gtk_widget_class_bind_template_callback(widget_class, on_activated);
        gtk_widget_class_bind_template_callback(widget_class, bh_accessibility_on_row_label);
        gtk_widget_class_install_action(widget_class, "chooser.choose", NULL, action_choose);
}

static void bh_folder_chooser_init(BhFolderChooser *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
        bh_accessibility_hide_other_pages(self->stack);
        g_signal_connect_object(self->path_bar, "chosen", G_CALLBACK(on_path_chosen), self, G_CONNECT_SWAPPED);
}
