/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"

#include <adwaita.h>

G_BEGIN_DECLS

/* Asks for a folder of the NAS. */
#define BH_TYPE_FOLDER_CHOOSER (bh_folder_chooser_get_type())
G_DECLARE_FINAL_TYPE(BhFolderChooser, bh_folder_chooser, BH, FOLDER_CHOOSER, AdwWindow)

/* Begins in folder. The callback comes when one was chosen; user_data is freed in any case. */
void bh_folder_chooser_ask(GtkWindow *parent, BhConnection *connection, const char *title, const char *choose_label,
                           const char *folder, void (*callback)(const char *folder, gpointer user_data),
                           gpointer user_data, GDestroyNotify destroy);

G_END_DECLS
