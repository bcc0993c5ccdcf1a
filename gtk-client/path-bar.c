/* SPDX-License-Identifier: MIT */
#include "path-bar.h"

#include "file-drag.h"
#include "files-page.h"
#include "format.h"

#include <glib/gi18n.h>

struct _BhPathBar {
        GtkWidget parent_instance;

        GtkScrolledWindow *scrolled;
        GtkBox *crumbs;
        char *path;
};

static guint signal_chosen;

G_DEFINE_FINAL_TYPE(BhPathBar, bh_path_bar, GTK_TYPE_WIDGET)

static const char *get_crumb_path(gpointer button) {
        return g_object_get_data(G_OBJECT(button), "path");
}

static void on_clicked(GtkButton *button, gpointer user_data) {
        g_autofree char *path = g_strdup(get_crumb_path(button)); /* the button goes away with the change */

        g_signal_emit(user_data, signal_chosen, 0, path);
}

static gboolean on_drop(GtkDropTarget *target, const GValue *value, double x, double y, gpointer user_data) {
        GtkWidget *button = gtk_event_controller_get_widget(GTK_EVENT_CONTROLLER(target));
        GtkWidget *page = gtk_widget_get_ancestor(user_data, BH_TYPE_FILES_PAGE);

        return page && bh_files_page_drop(BH_FILES_PAGE(page), value, get_crumb_path(button));
}

static void add_drop_target(BhPathBar *self, GtkWidget *button) {
        GtkDropTarget *target = gtk_drop_target_new(G_TYPE_INVALID, GDK_ACTION_COPY | GDK_ACTION_MOVE);
        GType types[] = {BH_TYPE_FILE_LIST, GDK_TYPE_FILE_LIST};

        gtk_drop_target_set_gtypes(target, types, G_N_ELEMENTS(types));
        g_signal_connect(target, "drop", G_CALLBACK(on_drop), self);
        gtk_widget_add_controller(button, GTK_EVENT_CONTROLLER(target));
}

static void add_crumb(BhPathBar *self, const char *path, const char *name, gboolean is_last) {
        GtkWidget *button = gtk_button_new_with_label(name);
        GtkWidget *label = gtk_button_get_child(GTK_BUTTON(button));

        gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_MIDDLE);
        gtk_label_set_max_width_chars(GTK_LABEL(label), 24);
        gtk_widget_add_css_class(button, "flat");
        if (!is_last)
                gtk_widget_add_css_class(button, "dim-label");
        else
                gtk_accessible_update_state(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_STATE_SELECTED, TRUE, -1);
        g_object_set_data_full(G_OBJECT(button), "path", g_strdup(path), g_free);
        g_signal_connect(button, "clicked", G_CALLBACK(on_clicked), self);
        add_drop_target(self, button);
        gtk_box_append(self->crumbs, button);
}

static void add_separator(BhPathBar *self) {
        GtkWidget *separator = gtk_label_new("/");

        gtk_widget_add_css_class(separator, "dim-label");
        gtk_box_append(self->crumbs, separator);
}

/* Shows the end of a long path, which is where one is. */
static gboolean scroll_to_end(gpointer user_data) {
        BhPathBar *self = user_data;

        if (self->scrolled) {
                GtkAdjustment *adjustment = gtk_scrolled_window_get_hadjustment(self->scrolled);

                gtk_adjustment_set_value(adjustment, gtk_adjustment_get_upper(adjustment));
        }
        return G_SOURCE_REMOVE;
}

void bh_path_bar_set_path(BhPathBar *self, const char *path) {
        g_auto(GStrv) names = g_strsplit(path, "/", -1);
        g_autofree char *crumb = g_strdup("");
        GtkWidget *child;

        g_return_if_fail(BH_IS_PATH_BAR(self));
        if (g_strcmp0(self->path, path) == 0)
                return;
        g_free(self->path);
        self->path = g_strdup(path);

        while ((child = gtk_widget_get_first_child(GTK_WIDGET(self->crumbs))))
                gtk_box_remove(self->crumbs, child);
        add_crumb(self, "", _("Files"), !*path);
        for (guint i = 0; *path && names[i]; i++) {
                char *next = bh_path_join(crumb, names[i]);

                g_free(crumb);
                crumb = next;
                add_separator(self);
                add_crumb(self, crumb, names[i], !names[i + 1]);
        }
        g_idle_add_full(G_PRIORITY_LOW, scroll_to_end, g_object_ref(self), g_object_unref);
}

static void bh_path_bar_dispose(GObject *object) {
        BhPathBar *self = BH_PATH_BAR(object);

        self->crumbs = NULL;
        g_clear_pointer((GtkWidget **)&self->scrolled, gtk_widget_unparent);
        g_clear_pointer(&self->path, g_free);
        G_OBJECT_CLASS(bh_path_bar_parent_class)->dispose(object);
}

static void bh_path_bar_class_init(BhPathBarClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_path_bar_dispose;
        signal_chosen = g_signal_new("chosen", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                     G_TYPE_NONE, 1, G_TYPE_STRING);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/path-bar.ui");
        gtk_widget_class_bind_template_child(widget_class, BhPathBar, scrolled);
        gtk_widget_class_bind_template_child(widget_class, BhPathBar, crumbs);
}

static void bh_path_bar_init(BhPathBar *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}
