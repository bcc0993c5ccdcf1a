/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <systemd/sd-bus.h>

/* Entries of a dictionary a{sv} whose value is written piece by piece. Return 0 or a negative errno. Event loop. */

/* Opens the entry "key" with a variant of the type, and closes both. */
int bh_dictionary_open_value(sd_bus_message *m, const char *key, const char *type);
int bh_dictionary_close_value(sd_bus_message *m);

/* The same with an array in it: type is that of the array, "aa{sv}". */
int bh_dictionary_open_list(sd_bus_message *m, const char *key, const char *type);
int bh_dictionary_close_list(sd_bus_message *m);
