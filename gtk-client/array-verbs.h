/* SPDX-License-Identifier: MIT */
#pragma once

#include "array-row.h"

G_BEGIN_DECLS

/* What can be done with an array, as actions of its row: "array.repair", "array.add", "array.remove", "array.check", "array.correct", "array.bitmap" (of the property has-bitmap),
 * "array.start", "array.start-degraded", "array.stop", "array.new-pool", "array.delete", "array.forget". */
void bh_array_verbs_install(GtkWidgetClass *widget_class);

/* Enables those that make sense now; the service and polkit have the last word. */
void bh_array_verbs_update(BhArrayRow *row);

/* Has the service make or drop the bitmap of writes that are under way. */
void bh_array_verbs_set_bitmap(BhArrayRow *row, gboolean wanted);

G_END_DECLS
