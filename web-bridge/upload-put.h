/* SPDX-License-Identifier: MIT */
#pragma once

#include "request.h"

/* PUT /api/files/content/{path}: the body is the file. */

/* When the head is there: reserves the space, so that a refusal comes before the body. */
void bh_upload_put_begin(BhRequest *request);
/* When the body is complete: commits. */
void bh_upload_put_end(BhRequest *request);
