/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

#include "storage-model.h"

G_BEGIN_DECLS

/* A job that runs; hidden once it has ended, and says why when it failed. */
#define BH_TYPE_JOB_ROW (bh_job_row_get_type())
G_DECLARE_FINAL_TYPE(BhJobRow, bh_job_row, BH, JOB_ROW, GtkListBoxRow)

GtkWidget *bh_job_row_new(BhStorageModel *storage, BhBusJob *job);

G_END_DECLS
