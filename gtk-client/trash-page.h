/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"

#include <adwaita.h>

G_BEGIN_DECLS

/* What was deleted, to restore or to delete for good. Property "folded" (boolean): there is little room. */
#define BH_TYPE_TRASH_PAGE (bh_trash_page_get_type())
G_DECLARE_FINAL_TYPE(BhTrashPage, bh_trash_page, BH, TRASH_PAGE, GtkWidget)

void bh_trash_page_set_connection(BhTrashPage *self, BhConnection *connection);

/* Asks the service anew. */
void bh_trash_page_refresh(BhTrashPage *self);

G_END_DECLS
