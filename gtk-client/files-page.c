/* SPDX-License-Identifier: MIT */
#include "files-page-private.h"

#include "accessibility.h"
#include "alert-banner.h"
#include "file-drag.h"
#include "format.h"
#include "name-cell.h"
#include "window.h"

#include <glib/gi18n.h>

enum { PROP_FOLDED = 1, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(BhFilesPage, bh_files_page, GTK_TYPE_WIDGET)

/* --- What is shown ---------------------------------------------------------------------------------------------------- */

static GListModel *shown_items(BhFilesPage *self) {
        return G_LIST_MODEL(self->selection);
}

static const char *choose_view(BhFilesPage *self) {
        if (bh_directory_model_get_error(self->directory))
                return "error";
        if (bh_directory_model_is_loading(self->directory))
                return "loading";
        if (g_list_model_get_n_items(G_LIST_MODEL(self->directory)) == 0)
                return "empty";
        if (g_list_model_get_n_items(shown_items(self)) == 0)
                return "nothing-found";
        return "list";
}

static void on_selection_changed(BhFilesPage *self);

static void update_view(BhFilesPage *self) {
        const char *path = bh_directory_model_get_path(self->directory);
        const GError *error = bh_directory_model_get_error(self->directory);
        guint n = g_list_model_get_n_items(G_LIST_MODEL(self->directory));
        const char *view = choose_view(self);
        g_autofree char *subtitle = NULL, *sentence = NULL, *markup = NULL;

        gtk_stack_set_visible_child_name(self->view_stack, view);
        adw_window_title_set_title(self->title, path && *path ? bh_path_name(path) : _("Files"));
        if (error) {
                sentence = bh_bus_error_message(error);
                markup = g_markup_escape_text(sentence, -1);
                adw_status_page_set_description(self->error_page, markup);
        } else if (!bh_directory_model_is_loading(self->directory)) {
                subtitle = g_strdup_printf(ngettext("%'u item", "%'u items", n), n);
        }
        adw_window_title_set_subtitle(self->title, subtitle ? subtitle : "");
        bh_path_bar_set_path(self->path_bar, path ? path : "");
        on_selection_changed(self);
}

/* Scrolls to a row. The list is a private child of GtkColumnView, its action is not. */
static void scroll_to(BhFilesPage *self, guint position) {
        for (GtkWidget *child = gtk_widget_get_first_child(GTK_WIDGET(self->view)); child;
             child = gtk_widget_get_next_sibling(child))
                gtk_widget_activate_action(child, "list.scroll-to-item", "u", position);
}

static void select_wanted(BhFilesPage *self) {
        guint n = g_list_model_get_n_items(shown_items(self));

        for (guint i = 0; self->to_select && i < n; i++) {
                g_autoptr(BhFileItem) item = g_list_model_get_item(shown_items(self), i);

                if (!g_str_equal(bh_file_item_get_name(item), self->to_select))
                        continue;
                gtk_selection_model_select_item(self->selection, i, TRUE);
                scroll_to(self, i);
                g_clear_pointer(&self->to_select, g_free);
        }
}

static void on_items_changed(BhFilesPage *self) {
        update_view(self);
        select_wanted(self);
}

static gboolean update_selection(gpointer user_data) {
        BhFilesPage *self = user_data;
        g_autoptr(GtkBitset) selected = gtk_selection_model_get_selection(self->selection);
        guint n = (guint)gtk_bitset_get_size(selected);
        g_autofree char *text = g_strdup_printf(ngettext("%'u selected", "%'u selected", n), n);

        self->update_id = 0;
        gtk_label_set_text(self->selection_label, text);
        gtk_action_bar_set_revealed(self->action_bar, n > 0);
        bh_files_page_update_actions(self);
        return G_SOURCE_REMOVE;
}

/* Once for many changes: a large folder arrives and is sorted in many small steps, and looking at 100,000 selected items takes its time. */
static void on_selection_changed(BhFilesPage *self) {
        if (self->update_id == 0)
                self->update_id = g_idle_add(update_selection, self);
}

GPtrArray *bh_files_page_get_selected(BhFilesPage *self) {
        g_autoptr(GtkBitset) selected = gtk_selection_model_get_selection(self->selection);
        GPtrArray *items = g_ptr_array_new_with_free_func(g_object_unref);
        GtkBitsetIter iter;
        guint position;

        for (gboolean more = gtk_bitset_iter_init_first(&iter, selected, &position); more;
             more = gtk_bitset_iter_next(&iter, &position))
                g_ptr_array_add(items, g_list_model_get_item(shown_items(self), position));
        return items;
}

void bh_files_page_select(BhFilesPage *self, const char *path) {
        g_autofree char *folder = bh_path_parent(path);

        g_return_if_fail(BH_IS_FILES_PAGE(self));
        if (g_strcmp0(folder, bh_directory_model_get_path(self->directory)) != 0)
                return;
        g_free(self->to_select);
        self->to_select = g_strdup(bh_path_name(path));
        select_wanted(self);
}

static void on_search_changed(BhFilesPage *self) {
        gtk_string_filter_set_search(self->filter, gtk_editable_get_text(GTK_EDITABLE(self->search_entry)));
        update_view(self);
}

/* --- Navigation ------------------------------------------------------------------------------------------------------- */

void bh_files_page_go(BhFilesPage *self, const char *path, GQueue *history) {
        const char *present = bh_directory_model_get_path(self->directory);
        g_autofree char *wanted = g_strdup(path); /* may belong to what is about to change */

        if (history && present)
                g_queue_push_head(history, g_strdup(present));
        gtk_search_bar_set_search_mode(self->search_bar, FALSE);
        g_clear_pointer(&self->to_select, g_free);
        bh_directory_model_load(self->directory, wanted);
        update_view(self);
        gtk_widget_grab_focus(GTK_WIDGET(self->view));
}

void bh_files_page_show_folder(BhFilesPage *self, const char *path) {
        g_return_if_fail(BH_IS_FILES_PAGE(self));

        if (g_strcmp0(path, bh_directory_model_get_path(self->directory)) == 0) {
                bh_directory_model_refresh(self->directory);
                return;
        }
        g_queue_clear_full(self->forward, g_free);
        bh_files_page_go(self, path, self->back);
}

void bh_files_page_refresh(BhFilesPage *self) {
        g_return_if_fail(BH_IS_FILES_PAGE(self));

        if (bh_directory_model_get_path(self->directory))
                bh_directory_model_refresh(self->directory);
        else
                bh_files_page_go(self, "", NULL);
}

void bh_files_page_poll(BhFilesPage *self) {
        g_return_if_fail(BH_IS_FILES_PAGE(self));

        bh_directory_model_poll(self->directory);
}

void bh_files_page_forget(BhFilesPage *self) {
        g_return_if_fail(BH_IS_FILES_PAGE(self));

        g_queue_clear_full(self->back, g_free);
        g_queue_clear_full(self->forward, g_free);
        bh_directory_model_clear(self->directory);
}

static void on_view_activated(BhFilesPage *self, guint position) {
        gtk_selection_model_select_item(self->selection, position, TRUE);
        gtk_widget_activate_action(GTK_WIDGET(self), "files.open", NULL);
}

static void on_path_chosen(BhFilesPage *self, const char *path) {
        bh_files_page_show_folder(self, path);
}

/* --- The menu of the selected ------------------------------------------------------------------------------------------ */

static BhNameCell *find_name_cell(GtkWidget *widget) {
        if (BH_IS_NAME_CELL(widget))
                return BH_NAME_CELL(widget);
        for (GtkWidget *child = gtk_widget_get_first_child(widget); child; child = gtk_widget_get_next_sibling(child)) {
                BhNameCell *cell = find_name_cell(child);

                if (cell)
                        return cell;
        }
        return NULL;
}

/* The cell with the name in the row at a place of the view; the rows themselves are private to GtkColumnView. */
static BhNameCell *pick_row(BhFilesPage *self, double x, double y) {
        GtkWidget *view = GTK_WIDGET(self->view);

        for (GtkWidget *widget = gtk_widget_pick(view, x, y, GTK_PICK_DEFAULT); widget && widget != view;
             widget = gtk_widget_get_parent(widget)) {
                if (g_str_equal(gtk_widget_get_css_name(widget), "row"))
                        return find_name_cell(widget);
        }
        return NULL;
}

static void popup_menu(BhFilesPage *self, double x, double y) {
        BhNameCell *cell = pick_row(self, x, y);
        guint position;
        double page_x, page_y;

        if (!cell)
                return;
        position = bh_name_cell_get_position(cell);
        if (!gtk_selection_model_is_selected(self->selection, position))
                gtk_selection_model_select_item(self->selection, position, TRUE);
        gtk_widget_translate_coordinates(GTK_WIDGET(self->view), GTK_WIDGET(self), x, y, &page_x, &page_y);
        gtk_popover_set_pointing_to(GTK_POPOVER(self->context_menu), &(GdkRectangle){(int)page_x, (int)page_y, 1, 1});
        gtk_popover_popup(GTK_POPOVER(self->context_menu));
}

static void on_secondary_click(BhFilesPage *self, int n_press, double x, double y) {
        popup_menu(self, x, y);
}

static void on_long_press(BhFilesPage *self, double x, double y) {
        popup_menu(self, x, y);
}

/* --- Drag and drop ----------------------------------------------------------------------------------------------------- */

GPtrArray *bh_files_page_get_dragged(BhFilesPage *self, BhFileItem *item) {
        GPtrArray *selected = bh_files_page_get_selected(self);

        if (g_ptr_array_find(selected, item, NULL))
                return selected;
        g_ptr_array_set_size(selected, 0);
        g_ptr_array_add(selected, g_object_ref(item));
        return selected;
}

static gboolean on_drop(GtkDropTarget *target, const GValue *value, double x, double y, gpointer user_data) {
        BhFilesPage *self = user_data;
        const char *path = bh_directory_model_get_path(self->directory);

        return path && bh_files_page_drop(self, value, path);
}

static void add_drop_target(BhFilesPage *self) {
        GtkDropTarget *target = gtk_drop_target_new(G_TYPE_INVALID, GDK_ACTION_COPY | GDK_ACTION_MOVE);
        GType types[] = {BH_TYPE_FILE_LIST, GDK_TYPE_FILE_LIST};

        gtk_drop_target_set_gtypes(target, types, G_N_ELEMENTS(types));
        g_signal_connect(target, "drop", G_CALLBACK(on_drop), self);
        gtk_widget_add_controller(GTK_WIDGET(self->view_stack), GTK_EVENT_CONTROLLER(target));
}

/* --- The object -------------------------------------------------------------------------------------------------------- */

static GtkSorter *make_sorter(BhFilesPage *self) {
        GtkMultiSorter *sorter = gtk_multi_sorter_new();
        GtkExpression *is_folder = gtk_property_expression_new(BH_TYPE_FILE_ITEM, NULL, "is-folder");
        GtkNumericSorter *folders_first = gtk_numeric_sorter_new(is_folder);

        gtk_numeric_sorter_set_sort_order(folders_first, GTK_SORT_DESCENDING);
        gtk_multi_sorter_append(sorter, GTK_SORTER(folders_first));
        gtk_multi_sorter_append(sorter, g_object_ref(gtk_column_view_get_sorter(self->view)));
        return GTK_SORTER(sorter);
}

void bh_files_page_set_connection(BhFilesPage *self, BhConnection *connection, BhTransferQueue *transfers) {
        GtkFilterListModel *filtered;
        GtkSortListModel *sorted;

        g_return_if_fail(BH_IS_FILES_PAGE(self) && !self->connection);
        self->connection = g_object_ref(connection);
        self->transfers = g_object_ref(transfers);
        self->directory = bh_directory_model_new(connection);
        self->filter = gtk_string_filter_new(gtk_property_expression_new(BH_TYPE_FILE_ITEM, NULL, "name"));

        filtered = gtk_filter_list_model_new(g_object_ref(G_LIST_MODEL(self->directory)),
                                             GTK_FILTER(g_object_ref(self->filter)));
        sorted = gtk_sort_list_model_new(G_LIST_MODEL(filtered), make_sorter(self));
        gtk_sort_list_model_set_incremental(sorted, TRUE);
        self->selection = GTK_SELECTION_MODEL(gtk_multi_selection_new(G_LIST_MODEL(sorted)));
        gtk_column_view_set_model(self->view, self->selection);
        gtk_column_view_sort_by_column(self->view, self->name_column, GTK_SORT_ASCENDING);

        g_signal_connect_object(self->directory, "notify::loading", G_CALLBACK(update_view), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(self->directory, "notify::error", G_CALLBACK(update_view), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(self->selection, "items-changed", G_CALLBACK(on_items_changed), self,
                                G_CONNECT_SWAPPED);
        g_signal_connect_object(self->selection, "selection-changed", G_CALLBACK(on_selection_changed), self,
                                G_CONNECT_SWAPPED);
        bh_transfer_button_set_transfers(self->transfer_button, transfers);
        update_view(self);
}

/* Name and size are what there is room for. The columns are taken out: GTK reserves the width of hidden ones. */
static void set_folded(BhFilesPage *self, gboolean folded) {
        GtkColumnViewColumn *columns[] = {self->modified_column, self->owner_column};

        if (self->folded == folded)
                return;
        self->folded = folded;
        for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
                if (folded)
                        gtk_column_view_remove_column(self->view, columns[i]);
                else
                        gtk_column_view_append_column(self->view, columns[i]);
        }
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_FOLDED]);
}

static gboolean bh_files_page_grab_focus(GtkWidget *widget) {
        return gtk_widget_grab_focus(GTK_WIDGET(BH_FILES_PAGE(widget)->view));
}

static void bh_files_page_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        if (id == PROP_FOLDED)
                g_value_set_boolean(value, BH_FILES_PAGE(object)->folded);
        else
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void bh_files_page_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec) {
        if (id == PROP_FOLDED)
                set_folded(BH_FILES_PAGE(object), g_value_get_boolean(value));
        else
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void bh_files_page_dispose(GObject *object) {
        BhFilesPage *self = BH_FILES_PAGE(object);

        g_clear_handle_id(&self->update_id, g_source_remove);
        g_clear_pointer((GtkWidget **)&self->context_menu, gtk_widget_unparent);
        g_clear_pointer((GtkWidget **)&self->box, gtk_widget_unparent);
        g_clear_object(&self->selection);
        g_clear_object(&self->filter);
        g_clear_object(&self->directory);
        g_clear_object(&self->transfers);
        g_clear_object(&self->connection);
        G_OBJECT_CLASS(bh_files_page_parent_class)->dispose(object);
}

static void bh_files_page_finalize(GObject *object) {
        BhFilesPage *self = BH_FILES_PAGE(object);

        g_queue_free_full(self->back, g_free);
        g_queue_free_full(self->forward, g_free);
        g_free(self->to_select);
        G_OBJECT_CLASS(bh_files_page_parent_class)->finalize(object);
}

static void bh_files_page_class_init(BhFilesPageClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        object_class->dispose = bh_files_page_dispose;
        object_class->finalize = bh_files_page_finalize;
        object_class->get_property = bh_files_page_get_property;
        object_class->set_property = bh_files_page_set_property;
        widget_class->grab_focus = bh_files_page_grab_focus;
        properties[PROP_FOLDED] = g_param_spec_boolean(
                "folded", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);

        g_type_ensure(BH_TYPE_FILE_ITEM);
        g_type_ensure(BH_TYPE_NAME_CELL);
        g_type_ensure(BH_TYPE_PATH_BAR);
        g_type_ensure(BH_TYPE_TRANSFER_BUTTON);
        g_type_ensure(BH_TYPE_ALERT_BANNER);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/files-page.ui");
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, box);
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, title);
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, transfer_button);
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, path_bar);
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, search_bar);
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, search_entry);
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, view_stack);
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, error_page);
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, view);
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, name_column);
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, modified_column);
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, owner_column);
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, action_bar);
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, selection_label);
        gtk_widget_class_bind_template_child(widget_class, BhFilesPage, context_menu);
        gtk_widget_class_bind_template_callback(widget_class, on_search_changed);
        gtk_widget_class_bind_template_callback(widget_class, on_view_activated);
        gtk_widget_class_bind_template_callback(widget_class, on_secondary_click);
        gtk_widget_class_bind_template_callback(widget_class, on_long_press);
        bh_files_page_class_install_actions(widget_class);
}

static void bh_files_page_init(BhFilesPage *self) {
        self->back = g_queue_new();
        self->forward = g_queue_new();
        gtk_widget_init_template(GTK_WIDGET(self));
        bh_accessibility_hide_other_pages(self->view_stack);
        bh_accessibility_hide_unrevealed(self->action_bar);
        bh_accessibility_name_header(self->view);
        gtk_search_bar_connect_entry(self->search_bar, GTK_EDITABLE(self->search_entry));
        g_signal_connect_object(self->path_bar, "chosen", G_CALLBACK(on_path_chosen), self, G_CONNECT_SWAPPED);
        add_drop_target(self);
}
