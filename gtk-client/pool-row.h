/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* A pool: how full it is, how it is, and what can be done with it. */
#define BH_TYPE_POOL_ROW (bh_pool_row_get_type())
G_DECLARE_FINAL_TYPE(BhPoolRow, bh_pool_row, BH, POOL_ROW, GtkListBoxRow)

GtkWidget *bh_pool_row_new(BhStorageModel *storage, BhBusPool *pool);

/* Borrowed. For pool-verbs.c. */
BhStorageModel *bh_pool_row_get_storage(BhPoolRow *self);
BhBusPool *bh_pool_row_get_pool(BhPoolRow *self);

G_END_DECLS
