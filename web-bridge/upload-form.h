/* SPDX-License-Identifier: MIT */
#pragma once

#include "request.h"

/* POST /api/files/upload: a form with files, for clients that know no better.
 *
 * Fields: "path" (the folder), "overwrite" ("true"), "files" or "file" (any number; a file name may have folders in front, which are created),
 * "relative_path" (name with folders for the file that follows it). path and overwrite come before the files, or in the query.
 *
 * Every file is published by itself as soon as it is complete; one that is refused does not keep the others from being stored. The answer reports:
 * 200 when all are stored, else the status of the first refusal with all of "files" that are stored and all "errors". When the client hangs up, complete files stay
 * and nothing is left of the one that was under way. */
void bh_upload_form_begin(BhRequest *request);
void bh_upload_form_end(BhRequest *request);
