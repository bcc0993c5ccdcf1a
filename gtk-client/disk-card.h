/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "connection.h"

G_BEGIN_DECLS

/* A bay with its disk. */
#define BH_TYPE_DISK_CARD (bh_disk_card_get_type())
G_DECLARE_FINAL_TYPE(BhDiskCard, bh_disk_card, BH, DISK_CARD, GtkFlowBoxChild)

GtkWidget *bh_disk_card_new(BhBusDisk *disk);

/* Borrowed. */
BhBusDisk *bh_disk_card_get_disk(BhDiskCard *self);

/* Whether it is shown as if it had died. */
void bh_disk_card_set_dead(BhDiskCard *self, gboolean is_dead);
gboolean bh_disk_card_is_dead(BhDiskCard *self);

G_END_DECLS
