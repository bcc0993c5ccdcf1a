/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-bus.h>

#include "json.h"
#include "request.h"

/* GET /api/files/list: a page of a folder. The service is asked every time; when it says that the page is still the one that was shown before, the answer of then
 * is sent again, or 304 to a client that has it (If-None-Match). */
void bh_list_serve(BhRequest *request);

/* Writes the members of such an answer; @reply: what Files.List() answered, from its beginning; @folder: what they are in. @version: of the page, borrowed
 * from @reply. Returns 0 or a negative errno. */
int bh_list_write_members(yajl_gen json, sd_bus_message *reply, const char *folder, const char **version);
