/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

/* What GTK 4.8 and libadwaita 1.2 leave without a name for screen readers. Main thread. */

/* Names the button that shows the password. */
void bh_accessibility_name_peek_button(AdwPasswordEntryRow *row);

/* Names the button that applies what was typed. */
void bh_accessibility_name_apply_button(AdwEntryRow *row);

/* Names the buttons that dismiss toasts. */
void bh_accessibility_name_toast_buttons(AdwToastOverlay *overlay);

/* Names the search button of the window with the shortcuts. */
void bh_accessibility_name_shortcuts_search(GtkShortcutsWindow *window);

/* Hides the pages of a stack that are not shown from assistive technology, now and from now on. */
void bh_accessibility_hide_other_pages(GtkStack *stack);

/* Hides the pages of a leaflet that are folded away from assistive technology, now and from now on. */
void bh_accessibility_hide_folded_pages(AdwLeaflet *leaflet);

/* Hides an action bar from assistive technology as long as it is not revealed. */
void bh_accessibility_hide_unrevealed(GtkActionBar *bar);

/* Names the row with the titles of the columns. */
void bh_accessibility_name_header(GtkColumnView *view);

/* Names the row of a list that a widget is in, after what the widget shows. Nothing happens when it is in none yet. */
void bh_accessibility_name_list_row(GtkWidget *widget, const char *name);

/* The same as a callback for templates: for "map" and "notify::label" of the label with the name. */
void bh_accessibility_on_row_label(GtkLabel *label);
