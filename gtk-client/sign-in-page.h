/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"

#include <adwaita.h>

G_BEGIN_DECLS

/* Asks who one is, when the service does not know the Unix user. */
#define BH_TYPE_SIGN_IN_PAGE (bh_sign_in_page_get_type())
G_DECLARE_FINAL_TYPE(BhSignInPage, bh_sign_in_page, BH, SIGN_IN_PAGE, GtkWidget)

void bh_sign_in_page_set_connection(BhSignInPage *self, BhConnection *connection);

/* Empties the form. may_cancel: there is somebody already, and a way back. */
void bh_sign_in_page_reset(BhSignInPage *self, gboolean may_cancel);

G_END_DECLS
