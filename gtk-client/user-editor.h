/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"
#include "user-item.h"

#include <adwaita.h>

G_BEGIN_DECLS

/* Creates or changes an account. Signal "changed": the service did so, or deleted it. */
#define BH_TYPE_USER_EDITOR (bh_user_editor_get_type())
G_DECLARE_FINAL_TYPE(BhUserEditor, bh_user_editor, BH, USER_EDITOR, AdwWindow)

/* user: whom to change, NULL for a new one. */
BhUserEditor *bh_user_editor_new(GtkWindow *parent, BhConnection *connection, BhUserItem *user);

G_END_DECLS
