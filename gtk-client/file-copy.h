/* SPDX-License-Identifier: MIT */
#pragma once

#include "transfer.h"

G_BEGIN_DECLS

/* Files and folders copied by the service itself, a job each. Nothing is replaced: a taken name gets a number. */
#define BH_TYPE_FILE_COPY (bh_file_copy_get_type())
G_DECLARE_FINAL_TYPE(BhFileCopy, bh_file_copy, BH, FILE_COPY, BhTransfer)

/* sources: paths on the NAS; folder: where the copies go. */
BhTransfer *bh_file_copy_new(const char *const *sources, const char *folder);

const char *bh_file_copy_get_folder(BhFileCopy *self);

G_END_DECLS
