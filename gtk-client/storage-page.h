/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* The page with the disks in their bays, the arrays, the pools, what works on them, and what needs somebody. Everybody sees it; what can be done is for
 * administrators and whom polkit allows it. Property "folded": whether the list of pages is elsewhere. */
#define BH_TYPE_STORAGE_PAGE (bh_storage_page_get_type())
G_DECLARE_FINAL_TYPE(BhStoragePage, bh_storage_page, BH, STORAGE_PAGE, GtkWidget)

/* Once. */
void bh_storage_page_set_storage(BhStoragePage *self, BhStorageModel *storage);

G_END_DECLS
