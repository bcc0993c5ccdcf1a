/* SPDX-License-Identifier: MIT */
#pragma once

#include <libsoup/soup.h>

/* The first look at every request head, before any handler. libsoup's server lets ambiguous requests through, which a proxy in front may read differently from us. */

/* A path has up to 4095 bytes, which are up to 12285 when a client encodes all of it; more than this is nobody's file. */
#define BH_MAX_TARGET 16384
#define BH_MAX_HEADERS 100
#define BH_MAX_HEADER 8192
#define BH_MAX_HEAD 32768

/* Returns the HTTP status to refuse with, and sets @reason to a sentence, or 0 when the head is in order. @uri may be NULL. */
guint bh_guard_check(SoupHTTPVersion version, GUri *uri, SoupMessageHeaders *headers, const char **reason);
