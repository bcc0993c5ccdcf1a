/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* How much of one's space is used. */
#define BH_TYPE_USAGE_BAR (bh_usage_bar_get_type())
G_DECLARE_FINAL_TYPE(BhUsageBar, bh_usage_bar, BH, USAGE_BAR, GtkWidget)

/* Asks the service anew. */
void bh_usage_bar_refresh(BhUsageBar *self, BhConnection *connection);

G_END_DECLS
