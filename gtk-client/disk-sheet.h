/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* All about one disk. */
#define BH_TYPE_DISK_SHEET (bh_disk_sheet_get_type())
G_DECLARE_FINAL_TYPE(BhDiskSheet, bh_disk_sheet, BH, DISK_SHEET, AdwWindow)

GtkWindow *bh_disk_sheet_new(GtkWindow *parent, BhStorageModel *storage, BhBusDisk *disk);

G_END_DECLS
