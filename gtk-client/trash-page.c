/* SPDX-License-Identifier: MIT */
#include "trash-page.h"

#include "accessibility.h"
#include "alert-banner.h"
#include "confirm.h"
#include "trash-item.h"
#include "window.h"

#include <glib/gi18n.h>

struct _BhTrashPage {
        GtkWidget parent_instance;

        BhConnection *connection;
        GListStore *items;
        GCancellable *cancellable;
        char *to_purge; /* id that a person is asked about, "" for all */
        gboolean folded;

        GtkBox *box;
        AdwWindowTitle *title;
        GtkStack *stack;
        AdwStatusPage *error_page;
        GtkListView *view;
};

enum { PROP_FOLDED = 1, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(BhTrashPage, bh_trash_page, GTK_TYPE_WIDGET)

static void show_items(BhTrashPage *self, GVariant *entries) {
        g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_object_unref);
        g_autofree char *subtitle = NULL, *size = NULL;
        guint64 bytes = 0;
        GVariantIter iter;
        GVariant *entry;

        g_variant_iter_init(&iter, entries);
        while ((entry = g_variant_iter_next_value(&iter))) {
                BhTrashItem *item = bh_trash_item_new(entry);

                bytes += bh_trash_item_get_size(item);
                g_ptr_array_add(items, item);
                g_variant_unref(entry);
        }
        g_list_store_splice(self->items, 0, g_list_model_get_n_items(G_LIST_MODEL(self->items)), items->pdata,
                            items->len);

        size = g_format_size(bytes);
        subtitle = items->len == 0
                           ? g_strdup("")
                           : g_strdup_printf(ngettext("%u item, %s", "%u items, %s", items->len), items->len, size);
        adw_window_title_set_subtitle(self->title, subtitle);
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "trash.empty", items->len > 0);
        gtk_stack_set_visible_child_name(self->stack, items->len > 0 ? "list" : "empty");
}

static void show_error(BhTrashPage *self, const GError *error) {
        g_autofree char *sentence = bh_bus_error_message(error);
        g_autofree char *markup = g_markup_escape_text(sentence, -1);

        adw_status_page_set_description(self->error_page, markup);
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "trash.empty", FALSE);
        gtk_stack_set_visible_child_name(self->stack, "error");
        bh_connection_note_error(self->connection, error);
}

static void on_listed(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhTrashPage) self = user_data;
        g_autoptr(GVariant) entries = NULL;
        g_autoptr(GError) error = NULL;

        if (bh_bus_files_call_list_trash_finish(BH_BUS_FILES(source), &entries, result, &error))
                show_items(self, entries);
        else if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                show_error(self, error);
}

void bh_trash_page_refresh(BhTrashPage *self) {
        g_autoptr(BhBusFiles) files = bh_connection_dup_files(self->connection, NULL);

        g_return_if_fail(BH_IS_TRASH_PAGE(self));
        g_cancellable_cancel(self->cancellable);
        g_clear_object(&self->cancellable);
        self->cancellable = g_cancellable_new();
        if (files)
                bh_bus_files_call_list_trash(files, bh_connection_options(self->connection, NULL), BH_CALL_FLAGS,
                                             BH_CALL_TIMEOUT, self->cancellable, on_listed, g_object_ref(self));
}

static void action_refresh(GtkWidget *widget, const char *name, GVariant *parameter) {
        bh_trash_page_refresh(BH_TRASH_PAGE(widget));
}

static void action_restore(GtkWidget *widget, const char *name, GVariant *parameter) {
        g_autoptr(BhOperation) operation = bh_operation_new(BH_OPERATION_RESTORE);

        bh_operation_add(operation, g_variant_get_string(parameter, NULL), NULL);
        bh_window_run(bh_window_of(widget), operation);
}

static void on_purge_confirmed(gpointer user_data) {
        BhTrashPage *self = user_data;
        g_autoptr(BhOperation) operation = bh_operation_new(BH_OPERATION_PURGE);
        BhWindow *window = bh_window_of(GTK_WIDGET(self));

        bh_operation_add(operation, self->to_purge, NULL);
        if (window)
                bh_window_run(window, operation);
}

static void ask_to_purge(BhTrashPage *self, const char *id, const char *heading, const char *body) {
        g_free(self->to_purge);
        self->to_purge = g_strdup(id);
        bh_confirm(GTK_WINDOW(bh_window_of(GTK_WIDGET(self))), heading, body, _("_Delete"), on_purge_confirmed, self);
}

static void action_purge(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhTrashPage *self = BH_TRASH_PAGE(widget);
        const char *id = g_variant_get_string(parameter, NULL);

        for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self->items)); i++) {
                g_autoptr(BhTrashItem) item = g_list_model_get_item(G_LIST_MODEL(self->items), i);
                g_autofree char *size = NULL, *body = NULL;

                if (!g_str_equal(bh_trash_item_get_id(item), id))
                        continue;
                size = g_format_size(bh_trash_item_get_size(item));
                /* Translators: name and size of a file or folder */
                body = g_strdup_printf(_("“%s” (%s) will be gone for good."), bh_trash_item_get_name(item), size);
                ask_to_purge(self, id, _("Delete for Good?"), body);
                return;
        }
}

static void action_empty(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhTrashPage *self = BH_TRASH_PAGE(widget);
        /* Translators: %s is like "3 items, 1.2 MB" */
        g_autofree char *body = g_strdup_printf(_("Everything in your trash will be gone for good: %s."),
                                                adw_window_title_get_subtitle(self->title));

        ask_to_purge(self, "", _("Empty the Trash?"), body);
}

void bh_trash_page_set_connection(BhTrashPage *self, BhConnection *connection) {
        g_set_object(&self->connection, connection);
}

static gboolean bh_trash_page_grab_focus(GtkWidget *widget) {
        return gtk_widget_child_focus(GTK_WIDGET(BH_TRASH_PAGE(widget)->view), GTK_DIR_TAB_FORWARD);
}

static void bh_trash_page_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        if (id == PROP_FOLDED)
                g_value_set_boolean(value, BH_TRASH_PAGE(object)->folded);
        else
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void bh_trash_page_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec) {
        if (id == PROP_FOLDED)
                BH_TRASH_PAGE(object)->folded = g_value_get_boolean(value);
        else
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void bh_trash_page_dispose(GObject *object) {
        BhTrashPage *self = BH_TRASH_PAGE(object);

        g_cancellable_cancel(self->cancellable);
        g_clear_object(&self->cancellable);
        g_clear_pointer((GtkWidget **)&self->box, gtk_widget_unparent);
        g_clear_object(&self->items);
        g_clear_object(&self->connection);
        g_clear_pointer(&self->to_purge, g_free);
        G_OBJECT_CLASS(bh_trash_page_parent_class)->dispose(object);
}

static void bh_trash_page_class_init(BhTrashPageClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        widget_class->grab_focus = bh_trash_page_grab_focus;
        object_class->dispose = bh_trash_page_dispose;
        object_class->get_property = bh_trash_page_get_property;
        object_class->set_property = bh_trash_page_set_property;
        properties[PROP_FOLDED] =
                g_param_spec_boolean("folded", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);

        g_type_ensure(BH_TYPE_TRASH_ITEM);
        g_type_ensure(BH_TYPE_ALERT_BANNER);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/trash-page.ui");
        gtk_widget_class_bind_template_child(widget_class, BhTrashPage, box);
        gtk_widget_class_bind_template_child(widget_class, BhTrashPage, title);
        gtk_widget_class_bind_template_child(widget_class, BhTrashPage, stack);
        gtk_widget_class_bind_template_child(widget_class, BhTrashPage, error_page);
        gtk_widget_class_bind_template_child(widget_class, BhTrashPage, view);
        gtk_widget_class_bind_template_callback(widget_class, bh_accessibility_on_row_label);
        gtk_widget_class_install_action(widget_class, "trash.refresh", NULL, action_refresh);
        gtk_widget_class_install_action(widget_class, "trash.restore", "s", action_restore);
        gtk_widget_class_install_action(widget_class, "trash.purge", "s", action_purge);
        gtk_widget_class_install_action(widget_class, "trash.empty", NULL, action_empty);
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_F5, 0, "trash.refresh", NULL);
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_r, GDK_CONTROL_MASK, "trash.refresh", NULL);
}

static void bh_trash_page_init(BhTrashPage *self) {
        GtkNoSelection *selection;

        gtk_widget_init_template(GTK_WIDGET(self));
        bh_accessibility_hide_other_pages(self->stack);
        self->items = g_list_store_new(BH_TYPE_TRASH_ITEM);
        selection = gtk_no_selection_new(g_object_ref(G_LIST_MODEL(self->items)));
        gtk_list_view_set_model(self->view, GTK_SELECTION_MODEL(selection));
        g_object_unref(selection);
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "trash.empty", FALSE);
}
