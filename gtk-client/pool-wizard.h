/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* Makes a pool on an array or a disk: choose it, a name and a filesystem, see the plan and carry it out. */
#define BH_TYPE_POOL_WIZARD (bh_pool_wizard_get_type())
G_DECLARE_FINAL_TYPE(BhPoolWizard, bh_pool_wizard, BH, POOL_WIZARD, AdwWindow)

/* target: object path of the array or disk that is proposed; NULL: the first. */
GtkWindow *bh_pool_wizard_new(GtkWindow *parent, BhStorageModel *storage, const char *target);

G_END_DECLS
