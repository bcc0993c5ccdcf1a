/* SPDX-License-Identifier: MIT */
#pragma once

#include "pool-row.h"

G_BEGIN_DECLS

/* What can be done with a pool, as actions of its row: "pool.mount", "pool.unmount", "pool.set-default", "pool.rename", "pool.grow", "pool.detach", "pool.delete". */
void bh_pool_verbs_install(GtkWidgetClass *widget_class);

/* Enables those that make sense now; the service and polkit have the last word. */
void bh_pool_verbs_update(BhPoolRow *row);

G_END_DECLS
