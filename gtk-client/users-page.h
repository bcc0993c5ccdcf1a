/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"

#include <adwaita.h>

G_BEGIN_DECLS

/* The accounts, for those who may manage them. Property "folded" (boolean): there is little room. */
#define BH_TYPE_USERS_PAGE (bh_users_page_get_type())
G_DECLARE_FINAL_TYPE(BhUsersPage, bh_users_page, BH, USERS_PAGE, GtkWidget)

void bh_users_page_set_connection(BhUsersPage *self, BhConnection *connection);

/* Asks the service anew; polkit may ask for a password. */
void bh_users_page_refresh(BhUsersPage *self);

G_END_DECLS
