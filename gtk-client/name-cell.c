/* SPDX-License-Identifier: MIT */
#include "name-cell.h"

#include "accessibility.h"
#include "file-drag.h"
#include "file-item.h"
#include "files-page.h"
#include "window.h"

struct _BhNameCell {
        GtkWidget parent_instance;

        GtkBox *box;
        GtkImage *image;
        BhFileItem *item;
        guint position;
};

enum { PROP_ITEM = 1, PROP_POSITION, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(BhNameCell, bh_name_cell, GTK_TYPE_WIDGET)

guint bh_name_cell_get_position(BhNameCell *self) {
        return self->position;
}

static BhFilesPage *get_page(BhNameCell *self) {
        return BH_FILES_PAGE(gtk_widget_get_ancestor(GTK_WIDGET(self), BH_TYPE_FILES_PAGE));
}

static GdkContentProvider *on_drag_prepare(GtkDragSource *source, double x, double y, gpointer user_data) {
        BhNameCell *self = user_data;
        BhFilesPage *page = get_page(self);
        g_autoptr(GPtrArray) items = NULL;

        if (!self->item || !page)
                return NULL;
        items = bh_files_page_get_dragged(page, self->item);
        return bh_file_drag_provider_new(bh_window_get_connection(bh_window_of(GTK_WIDGET(self))), items);
}

static void on_drag_begin(GtkDragSource *source, GdkDrag *drag, gpointer user_data) {
        BhNameCell *self = user_data;
        g_autoptr(GdkPaintable) paintable = gtk_widget_paintable_new(GTK_WIDGET(self->image));

        gtk_drag_source_set_icon(source, paintable, 0, 0);
}

/* Only folders take something; what is dropped on a file goes to the folder that is shown. */
static gboolean on_drop_accept(GtkDropTarget *target, GdkDrop *drop, gpointer user_data) {
        BhNameCell *self = user_data;

        return self->item && bh_file_item_is_folder(self->item) &&
               gdk_content_formats_match(gtk_drop_target_get_formats(target), gdk_drop_get_formats(drop));
}

/* Files of another program are copied: it must not take them for moved, and delete them. */
static GdkDragAction on_drop_motion(GtkDropTarget *target, double x, double y, gpointer user_data) {
        return gdk_drop_get_drag(gtk_drop_target_get_current_drop(target)) ? GDK_ACTION_MOVE : GDK_ACTION_COPY;
}

static gboolean on_drop(GtkDropTarget *target, const GValue *value, double x, double y, gpointer user_data) {
        BhNameCell *self = user_data;
        g_autofree char *path = NULL;

        if (!self->item || !bh_file_item_is_folder(self->item))
                return FALSE;
        path = bh_file_item_dup_path(self->item);
        return bh_files_page_drop(get_page(self), value, path);
}

static void name_row(BhNameCell *self) {
        if (self->item)
                bh_accessibility_name_list_row(GTK_WIDGET(self), bh_file_item_get_name(self->item));
}

static void bh_name_cell_root(GtkWidget *widget) {
        GTK_WIDGET_CLASS(bh_name_cell_parent_class)->root(widget);
        name_row(BH_NAME_CELL(widget));
}

static void bh_name_cell_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        BhNameCell *self = BH_NAME_CELL(object);

        switch (id) {
        case PROP_ITEM:
                g_value_set_object(value, self->item);
                break;
        case PROP_POSITION:
                g_value_set_uint(value, self->position);
                break;
        default:
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        }
}

static void bh_name_cell_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec) {
        BhNameCell *self = BH_NAME_CELL(object);

        switch (id) {
        case PROP_ITEM:
                g_set_object(&self->item, g_value_get_object(value));
                name_row(self);
                break;
        case PROP_POSITION:
                self->position = g_value_get_uint(value);
                break;
        default:
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        }
}

static void bh_name_cell_dispose(GObject *object) {
        BhNameCell *self = BH_NAME_CELL(object);

        g_clear_object(&self->item);
        g_clear_pointer((GtkWidget **)&self->box, gtk_widget_unparent);
        G_OBJECT_CLASS(bh_name_cell_parent_class)->dispose(object);
}

static void bh_name_cell_class_init(BhNameCellClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        object_class->dispose = bh_name_cell_dispose;
        object_class->get_property = bh_name_cell_get_property;
        object_class->set_property = bh_name_cell_set_property;
        properties[PROP_ITEM] =
                g_param_spec_object("item", NULL, NULL, BH_TYPE_FILE_ITEM, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
        properties[PROP_POSITION] =
                g_param_spec_uint("position", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);

        widget_class->root = bh_name_cell_root;
        gtk_widget_class_set_css_name(widget_class, "name-cell");
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/name-cell.ui");
        gtk_widget_class_bind_template_child(widget_class, BhNameCell, box);
        gtk_widget_class_bind_template_child(widget_class, BhNameCell, image);
        gtk_widget_class_bind_template_callback(widget_class, on_drag_prepare);
        gtk_widget_class_bind_template_callback(widget_class, on_drag_begin);
}

static void bh_name_cell_init(BhNameCell *self) {
        GtkDropTarget *target = gtk_drop_target_new(G_TYPE_INVALID, GDK_ACTION_COPY | GDK_ACTION_MOVE);
        GType types[] = {BH_TYPE_FILE_LIST, GDK_TYPE_FILE_LIST};

        gtk_widget_init_template(GTK_WIDGET(self));
        gtk_drop_target_set_gtypes(target, types, G_N_ELEMENTS(types));
        g_signal_connect(target, "accept", G_CALLBACK(on_drop_accept), self);
        g_signal_connect(target, "enter", G_CALLBACK(on_drop_motion), self);
        g_signal_connect(target, "motion", G_CALLBACK(on_drop_motion), self);
        g_signal_connect(target, "drop", G_CALLBACK(on_drop), self);
        gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(target));
}
