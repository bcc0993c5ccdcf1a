/* SPDX-License-Identifier: MIT */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* How a value changed with time: a line, with the least and the largest value and the first and the last day. Assistive technology gets it as a sentence. */
#define BH_TYPE_HISTORY_CHART (bh_history_chart_get_type())
G_DECLARE_FINAL_TYPE(BhHistoryChart, bh_history_chart, BH, HISTORY_CHART, GtkWidget)

/* samples: a(xt), oldest first: microseconds since 1970 and the value. title: what it is of. */
void bh_history_chart_show(BhHistoryChart *self, const char *title, GVariant *samples);

G_END_DECLS
