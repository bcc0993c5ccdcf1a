/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "connection.h"

G_BEGIN_DECLS

/* A disk that can be chosen. Signal "toggled". */
#define BH_TYPE_DISK_CHECK (bh_disk_check_get_type())
G_DECLARE_FINAL_TYPE(BhDiskCheck, bh_disk_check, BH, DISK_CHECK, AdwActionRow)

/* group: only one of them can be chosen, NULL: any. obstacle: why it cannot be chosen, NULL: it can. */
GtkWidget *bh_disk_check_new(BhBusDisk *disk, BhDiskCheck *group, const char *obstacle);

gboolean bh_disk_check_is_active(BhDiskCheck *self);
void bh_disk_check_set_active(BhDiskCheck *self, gboolean is_active);

/* Object path of the disk. */
const char *bh_disk_check_get_path(BhDiskCheck *self);

G_END_DECLS
