/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-words.h"

G_BEGIN_DECLS

/* A state: icon and word, in its colour. */
#define BH_TYPE_STATE_BADGE (bh_state_badge_get_type())
G_DECLARE_FINAL_TYPE(BhStateBadge, bh_state_badge, BH, STATE_BADGE, GtkWidget)

GtkWidget *bh_state_badge_new(void);

void bh_state_badge_show(BhStateBadge *self, const BhStateWords *words);

G_END_DECLS
