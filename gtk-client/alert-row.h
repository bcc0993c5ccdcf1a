/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* An alert with all that it says. */
#define BH_TYPE_ALERT_ROW (bh_alert_row_get_type())
G_DECLARE_FINAL_TYPE(BhAlertRow, bh_alert_row, BH, ALERT_ROW, GtkListBoxRow)

GtkWidget *bh_alert_row_new(BhStorageModel *storage, BhBusAlert *alert);

G_END_DECLS
