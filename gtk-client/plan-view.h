/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* A plan of the service and how it is carried out: asks for the plan, says what would happen and what would be lost, has the name typed where something is
 * destroyed, applies it and follows the job to its end.
 * Property "is-applied" (boolean: there is no way back any more). */
#define BH_TYPE_PLAN_VIEW (bh_plan_view_get_type())
G_DECLARE_FINAL_TYPE(BhPlanView, bh_plan_view, BH, PLAN_VIEW, GtkWidget)

/* Asks for a plan by a method of org.baluhost.NAS1.Storage ("PlanArray", …). arguments and options as for bh_storage_model_call(). */
void bh_plan_view_ask(BhPlanView *self, BhStorageModel *storage, const char *method, GVariant *arguments,
                      GVariant *options);

gboolean bh_plan_view_is_applied(BhPlanView *self);

/* What can be done when the service refuses or another disk is wanted, an action with its label; NULL: nothing (the default). */
void bh_plan_view_set_alternative(BhPlanView *self, const char *label, const char *action_name);

G_END_DECLS
