/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Parses @data as a form whose first line names the boundary, whole and then in pieces, and aborts when the two differ or an event comes out of turn. For the
 * fuzzer and for the unit test that replays its corpus. */
void bh_multipart_check(const guint8 *data, gsize size);
