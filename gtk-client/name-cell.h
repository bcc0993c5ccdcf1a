/* SPDX-License-Identifier: MIT */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Icon and name of a file in the list; where it can be dragged from, and a folder be dropped on. Properties: "item" (BhFileItem), "position" (uint). */
#define BH_TYPE_NAME_CELL (bh_name_cell_get_type())
G_DECLARE_FINAL_TYPE(BhNameCell, bh_name_cell, BH, NAME_CELL, GtkWidget)

/* The row that it is in now. */
guint bh_name_cell_get_position(BhNameCell *self);

G_END_DECLS
