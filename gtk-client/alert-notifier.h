/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* Tells the desktop of alerts that are raised while the app runs, with or without a window, and takes that back when they are over or somebody knows.
 * Choosing one activates the action "app.show-storage". */
#define BH_TYPE_ALERT_NOTIFIER (bh_alert_notifier_get_type())
G_DECLARE_FINAL_TYPE(BhAlertNotifier, bh_alert_notifier, BH, ALERT_NOTIFIER, GObject)

/* application: borrowed, and outlives it. */
BhAlertNotifier *bh_alert_notifier_new(GApplication *application, BhStorageModel *storage);

G_END_DECLS
