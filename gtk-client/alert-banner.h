/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "alert-model.h"

G_BEGIN_DECLS

/* The alert that needs somebody most, on every page below its header; hidden when there is none. It shows those of the app. */
#define BH_TYPE_ALERT_BANNER (bh_alert_banner_get_type())
G_DECLARE_FINAL_TYPE(BhAlertBanner, bh_alert_banner, BH, ALERT_BANNER, GtkWidget)

G_END_DECLS
