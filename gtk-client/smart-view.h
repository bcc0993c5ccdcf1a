/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* The health of a disk: what it says of itself, how that changed, and its self-tests. */
#define BH_TYPE_SMART_VIEW (bh_smart_view_get_type())
G_DECLARE_FINAL_TYPE(BhSmartView, bh_smart_view, BH, SMART_VIEW, GtkWidget)

void bh_smart_view_set_disk(BhSmartView *self, BhStorageModel *storage, BhBusDisk *disk);

G_END_DECLS
