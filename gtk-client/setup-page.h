/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"

#include <adwaita.h>

G_BEGIN_DECLS

/* Makes the first administrator of a new NAS. */
#define BH_TYPE_SETUP_PAGE (bh_setup_page_get_type())
G_DECLARE_FINAL_TYPE(BhSetupPage, bh_setup_page, BH, SETUP_PAGE, GtkWidget)

void bh_setup_page_set_connection(BhSetupPage *self, BhConnection *connection);

/* Empties the form. */
void bh_setup_page_reset(BhSetupPage *self);

G_END_DECLS
