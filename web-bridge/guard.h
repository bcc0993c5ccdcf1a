/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* The first look at every request head, on the bytes as they came, before libsoup sees any of them: what two parsers could read differently, and what libsoup
 * lets through or drops without a word, is refused. Pure functions. */

/* A path has up to 4095 bytes, which are up to 12285 when a client encodes all of it; more than this is nobody's file. */
#define BH_MAX_TARGET 16384
#define BH_MAX_HEADERS 100
#define BH_MAX_HEADER 8192
#define BH_MAX_HEAD 40960

/* Looks for the end of a head in @text, of which @scanned bytes were looked at before. Returns the length of the head with its empty line; 0 while it is not
 * complete; -1 when it cannot become one any more. */
gssize bh_guard_find_end(const char *text, gsize length, gsize scanned);

/* Checks a complete head. Returns 0, or the HTTP status to refuse it with and a sentence (static) in @reason. */
guint bh_guard_check(const char *head, gsize length, const char **reason);
