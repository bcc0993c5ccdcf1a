/* SPDX-License-Identifier: MIT */
#pragma once

#include "request.h"

/* Everything outside of /api: the web UI, /openapi.json and /docs. */
void bh_pages_serve(BhRequest *request);
