/* SPDX-License-Identifier: MIT */
#pragma once

#include <libsoup/soup.h>

/* Header fields with which users' content is served, so that none of it ever runs as part of the web UI. */

/* Sets Content-Disposition, the policy and, by its return value (@type or static), says what Content-Type to send: @type (what the service thinks it is, may be NULL)
 * unless it is shown as plain text. @show: the client would like it inline, which only harmless types are. */
const char *bh_content_headers(SoupMessageHeaders *headers, const char *name, const char *type, gboolean show);

/* "attachment; filename="…"; filename*=UTF-8''…" (RFC 6266, RFC 8187). */
char *bh_content_disposition(const char *disposition, const char *name);
