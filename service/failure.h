/* SPDX-License-Identifier: MIT */
#pragma once

/* Why something failed, for people. Where a negative errno alone does not tell a caller what to do, a domain function also takes a BhFailure, which names
 * the error as dbus/errors.h does and says it in a sentence. Plain data: no bus types. */

typedef struct BhFailure {
        const char *name; /* of dbus/errors.h, "Conflict"; NULL: what the errno says */
        char *message;    /* owned; NULL: the general sentence of the error */
} BhFailure;

/* Sets it, unless it is set already or NULL, and returns r. name may be NULL. */
__attribute__((format(printf, 4, 5))) int bh_failure_set(BhFailure *failure, int r, const char *name,
                                                         const char *format, ...);

/* Frees what it owns and zeroes it. */
void bh_failure_clear(BhFailure *failure);
