/* SPDX-License-Identifier: MIT */
#pragma once

#include "transfer-queue.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The transfers in a popover; shown as soon as there are any. */
#define BH_TYPE_TRANSFER_BUTTON (bh_transfer_button_get_type())
G_DECLARE_FINAL_TYPE(BhTransferButton, bh_transfer_button, BH, TRANSFER_BUTTON, GtkWidget)

void bh_transfer_button_set_transfers(BhTransferButton *self, BhTransferQueue *transfers);

G_END_DECLS
