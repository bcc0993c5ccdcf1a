/* SPDX-License-Identifier: MIT */
#pragma once

#include "user-item.h"

#include <adwaita.h>

G_BEGIN_DECLS

/* One account in the list. */
#define BH_TYPE_USER_ROW (bh_user_row_get_type())
G_DECLARE_FINAL_TYPE(BhUserRow, bh_user_row, BH, USER_ROW, AdwActionRow)

GtkWidget *bh_user_row_new(BhUserItem *user);

BhUserItem *bh_user_row_get_user(BhUserRow *self);

G_END_DECLS
