/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Answers that have been put together, each with the version of what it shows, so that they need not be put together again. Whether one
 * may be given out, and still is right, the service says every time. Bounded in number and bytes. Main thread only. */
typedef struct BhBodies BhBodies;

BhBodies *bh_bodies_new(void);
void bh_bodies_free(BhBodies *bodies);

/* The answer that was last kept for what @query asks with @token, and its version in @version (transfer full, both); NULL when there is none. */
GBytes *bh_bodies_find(BhBodies *bodies, const char *token, const char *query, char **version);

/* Keeps @body in place of an earlier one. One that would leave no room for others is not kept. */
void bh_bodies_keep(BhBodies *bodies, const char *token, const char *query, const char *version, GBytes *body);

/* Bytes that are kept; for tests. */
gsize bh_bodies_size(BhBodies *bodies);
