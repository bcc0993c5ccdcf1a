/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Asks for the name of a file or folder, and says at once what is wrong with one. */
#define BH_TYPE_NAME_DIALOG (bh_name_dialog_get_type())
G_DECLARE_FINAL_TYPE(BhNameDialog, bh_name_dialog, BH, NAME_DIALOG, AdwMessageDialog)

/* name: the present one, of which all but the ending is selected. The callback comes only with a possible, different name; owner (a GObject) is its
 * user_data, kept alive meanwhile. */
void bh_name_dialog_ask(GtkWindow *parent, const char *heading, const char *confirm_label, const char *name,
                        void (*callback)(const char *name, gpointer owner), gpointer owner);

G_END_DECLS
