/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-bus.h>

#include "failure.h"

/* From the negative errno of the inside to the error of the bus, with the table in dbus/errors.h. */

/* Sets the error that r means; its message is the sentence, a colon, and what r means in general. Returns a negative errno, to be returned on. */
__attribute__((format(printf, 3, 4))) int bh_error_set(sd_bus_error *error, int r, const char *format, ...);

/* Sets an error by its name in dbus/errors.h, such as "Conflict", with just this message. Returns likewise. */
__attribute__((format(printf, 3, 4))) int bh_error_set_named(sd_bus_error *error, const char *name, const char *format,
                                                             ...);

/* Sets what a failure says, and what r says where it says nothing. Returns likewise. */
int bh_error_set_failure(sd_bus_error *error, int r, const BhFailure *failure);

/* Full D-Bus name of the error that r, or name unless it is NULL, stands for. */
const char *bh_error_full_name(int r, const char *name);

/* The general sentence of an error, by errno or name. */
const char *bh_error_sentence(int r, const char *name);
