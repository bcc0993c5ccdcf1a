/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

/* The one-time token that makes whoever reads the journal the first administrator. Made anew at every start while there is none; only its digest is
 * kept. Thread-safe after it was made. */

typedef struct BhSetup BhSetup;

/* *ret_token, to be freed with g_free(), is the only copy of the token. */
BhSetup *bh_setup_new(char **ret_token);

/* NULL is fine. */
void bh_setup_free(BhSetup *setup);

/* Whether it is the token, without regard to case, hyphens and spaces. NULL setup: there is none, so it is not. */
bool bh_setup_check(const BhSetup *setup, const char *token);
