/* SPDX-License-Identifier: MIT */
#include "download.h"
#include "file-copy.h"
#include "file-drag.h"
#include "file-launcher.h"
#include "files-page-private.h"
#include "folder-chooser.h"
#include "format.h"
#include "name-dialog.h"
#include "upload.h"
#include "window.h"

#include <glib/gi18n.h>

static GtkWindow *get_window(BhFilesPage *self) {
        return GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self)));
}

static const char *get_folder(BhFilesPage *self) {
        return bh_directory_model_get_path(self->directory);
}

static void run(BhFilesPage *self, BhOperation *operation) {
        bh_window_run(bh_window_of(GTK_WIDGET(self)), operation);
}

/* --- Opening and going -------------------------------------------------------------------------------------------------- */

static void action_open(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhFilesPage *self = BH_FILES_PAGE(widget);
        g_autoptr(GPtrArray) items = bh_files_page_get_selected(self);
        g_autofree char *first = items->len > 0 ? bh_file_item_dup_path(items->pdata[0]) : NULL;

        if (items->len == 1 && bh_file_item_is_folder(items->pdata[0])) {
                bh_files_page_show_folder(self, first);
                return;
        }
        for (guint i = 0; i < items->len; i++) {
                if (!bh_file_item_is_folder(items->pdata[i]))
                        bh_file_launcher_open(bh_window_of(widget), items->pdata[i]);
        }
}

static void action_up(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhFilesPage *self = BH_FILES_PAGE(widget);
        g_autofree char *from = g_strdup(get_folder(self)), *parent = bh_path_parent(from);

        bh_files_page_show_folder(self, parent);
        bh_files_page_select(self, from); /* so that one sees where one came from */
}

static void go_in_history(BhFilesPage *self, GQueue *from, GQueue *to) {
        g_autofree char *path = g_queue_pop_head(from);

        if (path)
                bh_files_page_go(self, path, to);
}

static void action_back(GtkWidget *widget, const char *name, GVariant *parameter) {
        go_in_history(BH_FILES_PAGE(widget), BH_FILES_PAGE(widget)->back, BH_FILES_PAGE(widget)->forward);
}

static void action_forward(GtkWidget *widget, const char *name, GVariant *parameter) {
        go_in_history(BH_FILES_PAGE(widget), BH_FILES_PAGE(widget)->forward, BH_FILES_PAGE(widget)->back);
}

static void action_refresh(GtkWidget *widget, const char *name, GVariant *parameter) {
        bh_window_refresh(bh_window_of(widget));
}

static void action_go_to(GtkWidget *widget, const char *name, GVariant *parameter) {
        bh_files_page_show_folder(BH_FILES_PAGE(widget), g_variant_get_string(parameter, NULL));
}

static void action_find(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhFilesPage *self = BH_FILES_PAGE(widget);

        gtk_search_bar_set_search_mode(self->search_bar, TRUE);
        gtk_widget_grab_focus(GTK_WIDGET(self->search_entry));
}

static void action_context_menu(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhFilesPage *self = BH_FILES_PAGE(widget);
        GtkWidget *focus = gtk_root_get_focus(gtk_widget_get_root(widget));
        graphene_rect_t bounds;

        if (!focus || !gtk_widget_is_ancestor(focus, GTK_WIDGET(self->view)) ||
            !gtk_widget_compute_bounds(focus, widget, &bounds))
                return;
        gtk_popover_set_pointing_to(
                GTK_POPOVER(self->context_menu),
                &(GdkRectangle){(int)bounds.origin.x + 48, (int)(bounds.origin.y + bounds.size.height), 1, 1});
        gtk_popover_popup(GTK_POPOVER(self->context_menu));
}

/* --- Names -------------------------------------------------------------------------------------------------------------- */

static void on_folder_named(const char *name, gpointer user_data) {
        BhFilesPage *self = user_data;
        g_autoptr(BhOperation) operation = bh_operation_new(BH_OPERATION_CREATE_FOLDER);
        g_autofree char *path = bh_path_join(get_folder(self), name);

        bh_operation_add(operation, path, NULL);
        run(self, operation);
}

static void action_new_folder(GtkWidget *widget, const char *name, GVariant *parameter) {
        bh_name_dialog_ask(get_window(BH_FILES_PAGE(widget)), _("New Folder"), _("_Create"), "", on_folder_named,
                           widget);
}

static void on_renamed(const char *name, gpointer user_data) {
        BhFilesPage *self = user_data;
        g_autoptr(GPtrArray) items = bh_files_page_get_selected(self);
        g_autoptr(BhOperation) operation = bh_operation_new(BH_OPERATION_RENAME);
        g_autofree char *path = NULL, *folder = NULL, *new_path = NULL;

        if (items->len != 1)
                return; /* it is gone meanwhile */
        path = bh_file_item_dup_path(items->pdata[0]);
        bh_operation_add(operation, path, name);
        run(self, operation);
        folder = bh_path_parent(path);
        new_path = bh_path_join(folder, name);
        bh_files_page_select(self, new_path);
}

static void action_rename(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhFilesPage *self = BH_FILES_PAGE(widget);
        g_autoptr(GPtrArray) items = bh_files_page_get_selected(self);

        if (items->len == 1)
                bh_name_dialog_ask(get_window(self),
                                   bh_file_item_is_folder(items->pdata[0]) ? _("Rename Folder") : _("Rename File"),
                                   _("_Rename"), bh_file_item_get_name(items->pdata[0]), on_renamed, self);
}

/* --- Places ------------------------------------------------------------------------------------------------------------- */

typedef struct {
        BhFilesPage *page;
        GStrv paths;
} Chosen;

static void chosen_free(gpointer data) {
        Chosen *chosen = data;

        g_object_unref(chosen->page);
        g_strfreev(chosen->paths);
        g_free(chosen);
}

/* The paths of items, ended by NULL. */
static GStrv paths_of(GPtrArray *items) {
        g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

        for (guint i = 0; i < items->len; i++) {
                g_autofree char *path = bh_file_item_dup_path(items->pdata[i]);

                g_strv_builder_add(builder, path);
        }
        return g_strv_builder_end(builder);
}

static Chosen *choose_selected(BhFilesPage *self) {
        g_autoptr(GPtrArray) items = bh_files_page_get_selected(self);
        Chosen *chosen = g_new0(Chosen, 1);

        chosen->page = g_object_ref(self);
        chosen->paths = paths_of(items);
        return chosen;
}

static void move_to(BhFilesPage *self, const char *const *paths, const char *folder) {
        g_autoptr(BhOperation) operation = bh_operation_new(BH_OPERATION_MOVE);

        for (guint i = 0; paths[i]; i++) {
                g_autofree char *parent = bh_path_parent(paths[i]);

                /* Into its own folder: nothing to do. Into itself: the service says what is wrong. */
                if (!g_str_equal(parent, folder))
                        bh_operation_add(operation, paths[i], folder);
        }
        if (bh_operation_get_n_sources(operation) > 0)
                run(self, operation);
}

static void on_move_folder(const char *folder, gpointer user_data) {
        Chosen *chosen = user_data;

        move_to(chosen->page, (const char *const *)chosen->paths, folder);
}

static void on_copy_folder(const char *folder, gpointer user_data) {
        Chosen *chosen = user_data;

        bh_transfer_queue_add(chosen->page->transfers, bh_file_copy_new((const char *const *)chosen->paths, folder));
}

static void action_move(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhFilesPage *self = BH_FILES_PAGE(widget);

        bh_folder_chooser_ask(get_window(self), self->connection, _("Move To"), _("Move Here"), get_folder(self),
                              on_move_folder, choose_selected(self), chosen_free);
}

static void action_copy(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhFilesPage *self = BH_FILES_PAGE(widget);

        bh_folder_chooser_ask(get_window(self), self->connection, _("Copy To"), _("Copy Here"), get_folder(self),
                              on_copy_folder, choose_selected(self), chosen_free);
}

static void action_delete(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhFilesPage *self = BH_FILES_PAGE(widget);
        g_autoptr(GPtrArray) items = bh_files_page_get_selected(self);
        g_autoptr(BhOperation) operation = bh_operation_new(BH_OPERATION_DELETE);

        for (guint i = 0; i < items->len; i++) {
                g_autofree char *path = bh_file_item_dup_path(items->pdata[i]);

                bh_operation_add(operation, path, NULL);
        }
        if (items->len > 0)
                run(self, operation);
}

gboolean bh_files_page_drop(BhFilesPage *self, const GValue *value, const char *folder) {
        if (G_VALUE_HOLDS(value, BH_TYPE_FILE_LIST)) {
                g_auto(GStrv) paths = paths_of(bh_file_list_get_items(g_value_get_boxed(value)));

                move_to(self, (const char *const *)paths, folder);
                return TRUE;
        }
        if (G_VALUE_HOLDS(value, GDK_TYPE_FILE_LIST)) {
                g_autoptr(GListStore) files = g_list_store_new(G_TYPE_FILE);
                g_autoptr(GSList) dropped = gdk_file_list_get_files(g_value_get_boxed(value));

                for (GSList *link = dropped; link; link = link->next)
                        g_list_store_append(files, link->data);
                bh_files_page_upload(self, G_LIST_MODEL(files), folder);
                return TRUE;
        }
        return FALSE;
}

/* --- Content ------------------------------------------------------------------------------------------------------------ */

void bh_files_page_upload(BhFilesPage *self, GListModel *files, const char *folder) {
        for (guint i = 0; i < g_list_model_get_n_items(files); i++) {
                g_autoptr(GFile) file = g_list_model_get_item(files, i);

                if (!g_file_peek_path(file)) {
                        bh_window_toast(bh_window_of(GTK_WIDGET(self)),
                                        _("Only files of this computer can be uploaded"));
                        return;
                }
        }
        if (g_list_model_get_n_items(files) > 0)
                bh_transfer_queue_add(self->transfers, bh_upload_new(files, folder));
}

static void on_upload_response(GtkNativeDialog *dialog, int response, gpointer user_data) {
        BhFilesPage *self = user_data;
        const char *folder = g_object_get_data(G_OBJECT(dialog), "folder");
        g_autoptr(GListModel) files = NULL;

        if (response == GTK_RESPONSE_ACCEPT) {
                files = gtk_file_chooser_get_files(GTK_FILE_CHOOSER(dialog));
                bh_files_page_upload(self, files, folder);
        }
        g_object_unref(dialog);
}

static void choose_for_upload(BhFilesPage *self, const char *title, GtkFileChooserAction action) {
        GtkFileChooserNative *dialog = gtk_file_chooser_native_new(title, get_window(self), action, _("_Upload"), NULL);

        gtk_file_chooser_set_select_multiple(GTK_FILE_CHOOSER(dialog), TRUE);
        gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(dialog), TRUE);
        g_object_set_data_full(G_OBJECT(dialog), "folder", g_strdup(get_folder(self)), g_free);
        g_signal_connect_object(dialog, "response", G_CALLBACK(on_upload_response), self, 0);
        gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

static void action_upload_files(GtkWidget *widget, const char *name, GVariant *parameter) {
        choose_for_upload(BH_FILES_PAGE(widget), _("Upload Files"), GTK_FILE_CHOOSER_ACTION_OPEN);
}

static void action_upload_folder(GtkWidget *widget, const char *name, GVariant *parameter) {
        choose_for_upload(BH_FILES_PAGE(widget), _("Upload Folder"), GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER);
}

static void download_to(BhFilesPage *self, GPtrArray *items, const char *local) {
        g_autofree char *path = bh_file_item_dup_path(items->pdata[0]);
        BhTransfer *download;

        if (items->len == 1 && !bh_file_item_is_folder(items->pdata[0])) {
                download = bh_download_new_for_path(path, bh_file_item_get_size(items->pdata[0]), local);
        } else {
                download = bh_download_new(local);
                for (guint i = 0; i < items->len; i++) {
                        g_autofree char *remote = bh_file_item_dup_path(items->pdata[i]);

                        bh_download_add(BH_DOWNLOAD(download), remote, bh_file_item_get_size(items->pdata[i]),
                                        bh_file_item_is_folder(items->pdata[i]));
                }
        }
        bh_transfer_queue_add(self->transfers, download);
}

static void on_download_response(GtkNativeDialog *dialog, int response, gpointer user_data) {
        BhFilesPage *self = user_data;
        GPtrArray *items = g_object_get_data(G_OBJECT(dialog), "items");
        g_autoptr(GFile) target = NULL;

        if (response == GTK_RESPONSE_ACCEPT) {
                target = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
                if (target && g_file_peek_path(target))
                        download_to(self, items, g_file_peek_path(target));
                else
                        bh_window_toast(bh_window_of(GTK_WIDGET(self)), _("Choose a folder of this computer"));
        }
        g_object_unref(dialog);
}

static void action_download(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhFilesPage *self = BH_FILES_PAGE(widget);
        g_autoptr(GPtrArray) items = bh_files_page_get_selected(self);
        gboolean is_file = items->len == 1 && !bh_file_item_is_folder(items->pdata[0]);
        GtkFileChooserNative *dialog;

        if (items->len == 0)
                return;
        dialog = gtk_file_chooser_native_new(
                is_file ? _("Save File") : _("Download To"), get_window(self),
                is_file ? GTK_FILE_CHOOSER_ACTION_SAVE : GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _("_Download"), NULL);
        if (is_file)
                gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(dialog), bh_file_item_get_name(items->pdata[0]));
        gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(dialog), TRUE);
        g_object_set_data_full(G_OBJECT(dialog), "items", g_ptr_array_ref(items), (GDestroyNotify)g_ptr_array_unref);
        g_signal_connect_object(dialog, "response", G_CALLBACK(on_download_response), self, 0);
        gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

/* --- All of them -------------------------------------------------------------------------------------------------------- */

/* Whether there are selected items, all of which the caller may change. */
static gboolean may_change_selected(BhFilesPage *self) {
        g_autoptr(GtkBitset) selected = gtk_selection_model_get_selection(self->selection);
        GtkBitsetIter iter;
        guint position;

        for (gboolean more = gtk_bitset_iter_init_first(&iter, selected, &position); more;
             more = gtk_bitset_iter_next(&iter, &position)) {
                g_autoptr(BhFileItem) item = g_list_model_get_item(G_LIST_MODEL(self->selection), position);

                if (!bh_file_item_is_writable(item))
                        return FALSE;
        }
        return !gtk_bitset_is_empty(selected);
}

void bh_files_page_update_actions(BhFilesPage *self) {
        GtkWidget *widget = GTK_WIDGET(self);
        g_autoptr(GtkBitset) selected = gtk_selection_model_get_selection(self->selection);
        guint64 n_selected = gtk_bitset_get_size(selected);
        const char *folder = get_folder(self);
        gboolean is_shown = folder && !bh_directory_model_get_error(self->directory);
        gboolean may_change = may_change_selected(self);

        gtk_widget_action_set_enabled(widget, "files.up", folder && *folder);
        gtk_widget_action_set_enabled(widget, "files.back", self->back->length > 0);
        gtk_widget_action_set_enabled(widget, "files.forward", self->forward->length > 0);
        gtk_widget_action_set_enabled(widget, "files.new-folder", is_shown);
        gtk_widget_action_set_enabled(widget, "files.upload-files", is_shown);
        gtk_widget_action_set_enabled(widget, "files.upload-folder", is_shown);
        gtk_widget_action_set_enabled(widget, "files.open", n_selected > 0);
        gtk_widget_action_set_enabled(widget, "files.download", n_selected > 0);
        gtk_widget_action_set_enabled(widget, "files.copy", n_selected > 0);
        gtk_widget_action_set_enabled(widget, "files.rename", n_selected == 1 && may_change);
        gtk_widget_action_set_enabled(widget, "files.move", may_change);
        gtk_widget_action_set_enabled(widget, "files.delete", may_change);
}

void bh_files_page_class_install_actions(GtkWidgetClass *widget_class) {
        const struct {
                const char *name;
                const char *parameter_type;
                GtkWidgetActionActivateFunc activate;
        } actions[] = {
                {"files.open", NULL, action_open},
                {"files.up", NULL, action_up},
                {"files.back", NULL, action_back},
                {"files.forward", NULL, action_forward},
                {"files.refresh", NULL, action_refresh},
                {"files.go-to", "s", action_go_to},
                {"files.find", NULL, action_find},
                {"files.context-menu", NULL, action_context_menu},
                {"files.new-folder", NULL, action_new_folder},
                {"files.rename", NULL, action_rename},
                {"files.move", NULL, action_move},
                {"files.copy", NULL, action_copy},
                {"files.delete", NULL, action_delete},
                {"files.upload-files", NULL, action_upload_files},
                {"files.upload-folder", NULL, action_upload_folder},
                {"files.download", NULL, action_download},
        };
        const struct {
                guint key;
                GdkModifierType modifiers;
                const char *action;
        } keys[] = {
                {GDK_KEY_Up, GDK_ALT_MASK, "files.up"},
                {GDK_KEY_BackSpace, 0, "files.up"},
                {GDK_KEY_Left, GDK_ALT_MASK, "files.back"},
                {GDK_KEY_Right, GDK_ALT_MASK, "files.forward"},
                {GDK_KEY_F5, 0, "files.refresh"},
                {GDK_KEY_r, GDK_CONTROL_MASK, "files.refresh"},
                {GDK_KEY_f, GDK_CONTROL_MASK, "files.find"},
                {GDK_KEY_F10, GDK_SHIFT_MASK, "files.context-menu"},
                {GDK_KEY_Menu, 0, "files.context-menu"},
                {GDK_KEY_n, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "files.new-folder"},
                {GDK_KEY_F2, 0, "files.rename"},
                {GDK_KEY_Delete, 0, "files.delete"},
                {GDK_KEY_u, GDK_CONTROL_MASK, "files.upload-files"},
                {GDK_KEY_s, GDK_CONTROL_MASK, "files.download"},
        };

        for (gsize i = 0; i < G_N_ELEMENTS(actions); i++)
                gtk_widget_class_install_action(widget_class, actions[i].name, actions[i].parameter_type,
                                                actions[i].activate);
        for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
                gtk_widget_class_add_binding_action(widget_class, keys[i].key, keys[i].modifiers, keys[i].action, NULL);
}
