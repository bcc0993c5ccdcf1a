/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* An array: its members, how it is, and what can be done with it. */
#define BH_TYPE_ARRAY_ROW (bh_array_row_get_type())
G_DECLARE_FINAL_TYPE(BhArrayRow, bh_array_row, BH, ARRAY_ROW, GtkListBoxRow)

GtkWidget *bh_array_row_new(BhStorageModel *storage, BhBusArray *array);

/* Borrowed. For array-verbs.c. */
BhStorageModel *bh_array_row_get_storage(BhArrayRow *self);
BhBusArray *bh_array_row_get_array(BhArrayRow *self);

G_END_DECLS
