/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* What would be lost, and what would still be there, if some disks died. */
#define BH_TYPE_WHAT_IF (bh_what_if_get_type())
G_DECLARE_FINAL_TYPE(BhWhatIf, bh_what_if, BH, WHAT_IF, GtkWidget)

/* disks: their object paths, NULL-terminated; none: asks to choose one. */
void bh_what_if_show(BhWhatIf *self, BhStorageModel *storage, const char *const *disks);

G_END_DECLS
