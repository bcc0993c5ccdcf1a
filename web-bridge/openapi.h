/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* The OpenAPI 3.1 document of the table of routes. */
GBytes *bh_openapi_print(void);

/* The same table as a page for people (HTML without scripts and inline styles). */
GBytes *bh_docs_print(void);
