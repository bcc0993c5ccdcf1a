/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* Makes an array: choose disks, compare the levels for just these disks, see the plan and carry it out. */
#define BH_TYPE_ARRAY_WIZARD (bh_array_wizard_get_type())
G_DECLARE_FINAL_TYPE(BhArrayWizard, bh_array_wizard, BH, ARRAY_WIZARD, AdwWindow)

GtkWindow *bh_array_wizard_new(GtkWindow *parent, BhStorageModel *storage);

G_END_DECLS
