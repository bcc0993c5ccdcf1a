/* SPDX-License-Identifier: MIT */
#pragma once

#include "transfer-queue.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* One transfer in the popover, with its buttons. */
#define BH_TYPE_TRANSFER_ROW (bh_transfer_row_get_type())
G_DECLARE_FINAL_TYPE(BhTransferRow, bh_transfer_row, BH, TRANSFER_ROW, GtkListBoxRow)

GtkWidget *bh_transfer_row_new(BhTransferQueue *transfers, BhTransfer *transfer);

G_END_DECLS
