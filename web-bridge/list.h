/* SPDX-License-Identifier: MIT */
#pragma once

#include "json.h"
#include "request.h"

/* GET /api/files/list: a page of a folder. The service is asked every time; when it says that the page is still the one that was shown before, the answer of then
 * is sent again, or 304 to a client that has it (If-None-Match). */
void bh_list_serve(BhRequest *request);

/* Writes the members of such an answer. @entries: "a(sstxtsb)" as of Files.List(); @folder: what they are in. */
void bh_list_write_members(yajl_gen json, GVariant *entries, const char *next_cursor, guint64 total,
                           const char *folder);
