/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* How far a job is: what it does now, a bar, speed and time left, and a button to stop it where that can be.
 * Signal "ended" (gboolean succeeded, const char *text): once. text: why it failed, "" when it did not. */
#define BH_TYPE_JOB_PROGRESS (bh_job_progress_get_type())
G_DECLARE_FINAL_TYPE(BhJobProgress, bh_job_progress, BH, JOB_PROGRESS, GtkWidget)

void bh_job_progress_set_job(BhJobProgress *self, BhStorageModel *storage, BhBusJob *job);

G_END_DECLS
