/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* A plan in a window of its own: for what needs no questions before, such as deleting or repairing. */
#define BH_TYPE_PLAN_WINDOW (bh_plan_window_get_type())
G_DECLARE_FINAL_TYPE(BhPlanWindow, bh_plan_window, BH, PLAN_WINDOW, AdwWindow)

/* Shows the window and asks for the plan, see bh_plan_view_ask(). */
void bh_plan_window_ask(GtkWindow *parent, const char *title, BhStorageModel *storage, const char *method,
                        GVariant *arguments, GVariant *options);

/* The assistant for a degraded array: which disk has failed, which one takes its place (another can be chosen), and its rebuild. */
void bh_plan_window_repair(GtkWindow *parent, BhStorageModel *storage, BhBusArray *array);

G_END_DECLS
