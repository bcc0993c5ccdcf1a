/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

#include "errors.h"

/* The errors of the service as a GError domain, so that callers can tell them apart with bh_bus_error_is(). */
#define BH_BUS_ERROR (bh_bus_error_quark())

typedef enum {
#define BH_ERROR(name, number, status, sentence) BH_BUS_ERROR_##name,
        BH_ERRORS(BH_ERROR)
#undef BH_ERROR
                BH_BUS_N_ERRORS
} BhBusError;

/* The domain; the first call teaches GDBus the names of the service's errors. Any thread. */
GQuark bh_bus_error_quark(void);

/* Whether an error is this one of the service. error may be NULL. Any thread. */
gboolean bh_bus_error_is(const GError *error, BhBusError code);

/* What to show to a person: the sentence of the service or of the system, without the D-Bus name in front of it.
 * Returns a new string. Any thread. */
char *bh_bus_error_message(const GError *error);

/* Whether the service went away during the call. Any thread. */
gboolean bh_bus_error_is_disconnect(const GError *error);
