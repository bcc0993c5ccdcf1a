/* SPDX-License-Identifier: MIT */
#pragma once

#include "transfer.h"

#include <adwaita.h>

G_BEGIN_DECLS

/* Asks what to do with a file whose name is taken, and answers the transfer that waits for it. */
#define BH_TYPE_CONFLICT_DIALOG (bh_conflict_dialog_get_type())
G_DECLARE_FINAL_TYPE(BhConflictDialog, bh_conflict_dialog, BH, CONFLICT_DIALOG, AdwMessageDialog)

void bh_conflict_dialog_ask(GtkWindow *parent, BhTransfer *transfer, const char *name);

G_END_DECLS
