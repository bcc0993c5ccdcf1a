/* SPDX-License-Identifier: MIT */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The folders above the one shown, as buttons. Signal "chosen" (string path). Inside a BhFilesPage things can be dropped on them. */
#define BH_TYPE_PATH_BAR (bh_path_bar_get_type())
G_DECLARE_FINAL_TYPE(BhPathBar, bh_path_bar, BH, PATH_BAR, GtkWidget)

void bh_path_bar_set_path(BhPathBar *self, const char *path);

G_END_DECLS
