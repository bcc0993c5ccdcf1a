/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* Asks for one disk among those that come into question. */
#define BH_TYPE_DISK_CHOOSER (bh_disk_chooser_get_type())
G_DECLARE_FINAL_TYPE(BhDiskChooser, bh_disk_chooser, BH, DISK_CHOOSER, AdwMessageDialog)

/* Whether a disk is offered. */
typedef gboolean (*BhDiskFilter)(BhBusDisk *disk, BhBusArray *array);

/* Disks that can become members of an array: present, and not used by anything that needs them; its spares and members that came back, too. */
gboolean bh_disk_chooser_is_replacement(BhBusDisk *disk, BhBusArray *array);
/* Members and spares of the array. */
gboolean bh_disk_chooser_is_member(BhBusDisk *disk, BhBusArray *array);

/* The callback comes with the object path of the disk, only when one is chosen; owner (a GObject) is its user_data, kept alive meanwhile. */
void bh_disk_chooser_ask(GtkWindow *parent, const char *heading, const char *body, const char *confirm_label,
                         BhStorageModel *storage, BhDiskFilter filter, BhBusArray *array,
                         void (*callback)(const char *disk, gpointer owner), gpointer owner);

G_END_DECLS
