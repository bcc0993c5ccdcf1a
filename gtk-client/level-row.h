/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* A RAID level with what it makes of the chosen disks; one that is not possible says why. Signal "toggled". */
#define BH_TYPE_LEVEL_ROW (bh_level_row_get_type())
G_DECLARE_FINAL_TYPE(BhLevelRow, bh_level_row, BH, LEVEL_ROW, AdwActionRow)

/* level: one of Storage.CompareLevels(). group: NULL for the first. */
GtkWidget *bh_level_row_new(GVariant *level, BhLevelRow *group);

gboolean bh_level_row_is_active(BhLevelRow *self);
gboolean bh_level_row_is_possible(BhLevelRow *self);
void bh_level_row_set_active(BhLevelRow *self);
/* "raid5" */
const char *bh_level_row_get_level(BhLevelRow *self);

G_END_DECLS
