/* SPDX-License-Identifier: MIT */
#include "accessibility.h"

#include <glib/gi18n.h>

/* The last button inside; the ones before it are for applying what was typed. */
static GtkWidget *find_button(GtkWidget *widget) {
        if (GTK_IS_BUTTON(widget))
                return widget;
        for (GtkWidget *child = gtk_widget_get_last_child(widget); child; child = gtk_widget_get_prev_sibling(child)) {
                GtkWidget *button = find_button(child);

                if (button)
                        return button;
        }
        return NULL;
}

void bh_accessibility_name_peek_button(AdwPasswordEntryRow *row) {
        GtkWidget *button = find_button(GTK_WIDGET(row));

        if (button)
                gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                               _("Show password"), -1);
}

void bh_accessibility_name_apply_button(AdwEntryRow *row) {
        GtkWidget *button = find_button(GTK_WIDGET(row));

        if (button)
                gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Apply"), -1);
}

static void on_overlay_changed(GListModel *children, guint position, guint removed, guint added, gpointer user_data) {
        for (guint i = position; i < position + added; i++) {
                g_autoptr(GtkWidget) child = g_list_model_get_item(children, i);
                GtkWidget *button = g_str_equal(gtk_widget_get_css_name(child), "toast") ? find_button(child) : NULL;

                if (button)
                        gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                                       _("Dismiss"), -1);
        }
}

void bh_accessibility_name_toast_buttons(AdwToastOverlay *overlay) {
        g_autoptr(GListModel) children = gtk_widget_observe_children(GTK_WIDGET(overlay));

        g_signal_connect(children, "items-changed", G_CALLBACK(on_overlay_changed), NULL);
        /* The widget tells only as long as the list lives. */
        g_object_set_data_full(G_OBJECT(overlay), "bh-children", g_steal_pointer(&children), g_object_unref);
}

static GtkWidget *find_icon_toggle(GtkWidget *widget) {
        if (GTK_IS_TOGGLE_BUTTON(widget) && GTK_IS_IMAGE(gtk_button_get_child(GTK_BUTTON(widget))))
                return widget;
        for (GtkWidget *child = gtk_widget_get_first_child(widget); child; child = gtk_widget_get_next_sibling(child)) {
                GtkWidget *toggle = find_icon_toggle(child);

                if (toggle)
                        return toggle;
        }
        return NULL;
}

void bh_accessibility_name_shortcuts_search(GtkShortcutsWindow *window) {
        GtkWidget *toggle = find_icon_toggle(GTK_WIDGET(window));

        if (toggle)
                gtk_accessible_update_property(GTK_ACCESSIBLE(toggle), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                               _("Find a shortcut"), -1);
}

static void update_pages(GtkStack *stack) {
        GtkWidget *shown = gtk_stack_get_visible_child(stack);

        for (GtkWidget *page = gtk_widget_get_first_child(GTK_WIDGET(stack)); page;
             page = gtk_widget_get_next_sibling(page))
                gtk_accessible_update_state(GTK_ACCESSIBLE(page), GTK_ACCESSIBLE_STATE_HIDDEN, page != shown, -1);
}

void bh_accessibility_on_row_label(GtkLabel *label) {
        bh_accessibility_name_list_row(GTK_WIDGET(label), gtk_label_get_label(label));
}

void bh_accessibility_hide_other_pages(GtkStack *stack) {
        g_signal_connect(stack, "notify::visible-child", G_CALLBACK(update_pages), NULL);
        update_pages(stack);
}

static void update_folded_pages(AdwLeaflet *leaflet) {
        gboolean folded = adw_leaflet_get_folded(leaflet);
        GtkWidget *shown = adw_leaflet_get_visible_child(leaflet);

        for (GtkWidget *page = gtk_widget_get_first_child(GTK_WIDGET(leaflet)); page;
             page = gtk_widget_get_next_sibling(page))
                gtk_accessible_update_state(GTK_ACCESSIBLE(page), GTK_ACCESSIBLE_STATE_HIDDEN, folded && page != shown,
                                            -1);
}

void bh_accessibility_hide_folded_pages(AdwLeaflet *leaflet) {
        g_signal_connect(leaflet, "notify::folded", G_CALLBACK(update_folded_pages), NULL);
        g_signal_connect(leaflet, "notify::visible-child", G_CALLBACK(update_folded_pages), NULL);
        update_folded_pages(leaflet);
}

static void update_action_bar(GtkActionBar *bar) {
        gtk_accessible_update_state(GTK_ACCESSIBLE(bar), GTK_ACCESSIBLE_STATE_HIDDEN, !gtk_action_bar_get_revealed(bar),
                                    -1);
}

void bh_accessibility_hide_unrevealed(GtkActionBar *bar) {
        g_signal_connect(bar, "notify::revealed", G_CALLBACK(update_action_bar), NULL);
        update_action_bar(bar);
}

void bh_accessibility_name_header(GtkColumnView *view) {
        GtkWidget *header = gtk_widget_get_first_child(GTK_WIDGET(view));

        if (header)
                gtk_accessible_update_property(GTK_ACCESSIBLE(header), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                               _("Column titles"), -1);
}

void bh_accessibility_name_list_row(GtkWidget *widget, const char *name) {
        /* The rows are private to GtkListView and GtkColumnView; GtkListItem:accessible-label came with GTK 4.12. */
        for (GtkWidget *row = gtk_widget_get_parent(widget); row; row = gtk_widget_get_parent(row)) {
                if (!g_str_equal(gtk_widget_get_css_name(row), "row"))
                        continue;
                gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
                return;
        }
}
