/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "alert-model.h"

G_BEGIN_DECLS

#define BH_TYPE_APPLICATION (bh_application_get_type())
G_DECLARE_FINAL_TYPE(BhApplication, bh_application, BH, APPLICATION, AdwApplication)

BhApplication *bh_application_new(void);

/* The alerts, and by them the storage and the connection, which all windows share and which are there without any. Borrowed. */
BhAlertModel *bh_application_get_alerts(BhApplication *self);

G_END_DECLS
