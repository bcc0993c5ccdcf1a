/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

/* How an answer of the bus that is an error reads in HTTP. Strings are static unless said otherwise. */
typedef struct {
        guint status; /* HTTP status */
        const char *
                name; /* "NotFound": last part of the D-Bus name, for the member "type"; "Failed" for what is not ours */
        char *detail;      /* sentence to show; owned */
        guint retry_after; /* seconds, 0: no such header */
} BhFailure;

void bh_failure_clear(BhFailure *failure);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BhFailure, bh_failure_clear)

/* Describes @error of a D-Bus call, by the table dbus/errors.h. A service that is not there is 503. What the bus itself or GDBus says is logged, not shown. */
void bh_failure_from_error(const GError *error, BhFailure *failure);

/* The N of a message that ends in "(retry after N s)", else 0. */
guint bh_retry_after(const char *message);
