/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Which downloads have been audited a short while ago, so that a film that is watched piece by piece is one row of the audit trail and not a thousand. Only that:
 * who may read what is asked each time. Main thread only. */
typedef struct BhRecent BhRecent;

BhRecent *bh_recent_new(void);
void bh_recent_free(BhRecent *recent);

/* @now: monotonic µs. */
void bh_recent_note(BhRecent *recent, const char *token, const char *path, gint64 now);
gboolean bh_recent_has(BhRecent *recent, const char *token, const char *path, gint64 now);
