/* SPDX-License-Identifier: MIT */
#pragma once

#include "storage-model.h"

G_BEGIN_DECLS

/* Which of the alerts that are active is to be put before people: the worst that nobody has acknowledged.
 *
 * Properties: "current" (BhBusAlert, NULL: none), "n-open" (uint: how many are not acknowledged).
 * Signal "changed": one of them is another, or says something else.
 *
 * Main thread. */
#define BH_TYPE_ALERT_MODEL (bh_alert_model_get_type())
G_DECLARE_FINAL_TYPE(BhAlertModel, bh_alert_model, BH, ALERT_MODEL, GObject)

BhAlertModel *bh_alert_model_new(BhStorageModel *storage);

BhStorageModel *bh_alert_model_get_storage(BhAlertModel *self);
BhBusAlert *bh_alert_model_get_current(BhAlertModel *self);
guint bh_alert_model_get_n_open(BhAlertModel *self);

G_END_DECLS
