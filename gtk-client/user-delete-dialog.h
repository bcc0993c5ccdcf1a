/* SPDX-License-Identifier: MIT */
#pragma once

#include "user-item.h"

#include <adwaita.h>

G_BEGIN_DECLS

/* Asks before an account is deleted, and what becomes of its files. */
#define BH_TYPE_USER_DELETE_DIALOG (bh_user_delete_dialog_get_type())
G_DECLARE_FINAL_TYPE(BhUserDeleteDialog, bh_user_delete_dialog, BH, USER_DELETE_DIALOG, AdwMessageDialog)

/* The callback comes only when it is confirmed; owner (a GObject) is its user_data, kept alive meanwhile. */
void bh_user_delete_dialog_ask(GtkWindow *parent, BhUserItem *user,
                               void (*callback)(gboolean keep_files, gpointer owner), gpointer owner);

G_END_DECLS
