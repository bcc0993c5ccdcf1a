/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gunixfdlist.h>
#include <systemd/sd-bus.h>

/* Between the messages of sd-bus and GVariant. All return 0 or more, or a negative errno. */

/* Appends each child of the tuple @arguments; descriptors cannot be in it. */
int bh_message_append(sd_bus_message *message, GVariant *arguments);

/* Appends @value itself. */
int bh_message_append_value(sd_bus_message *message, GVariant *value);

/* All that is in @message, as a tuple, not floating. Handles are numbers of @descriptors, which is NULL when there are none; its descriptors are copies. */
int bh_message_read(sd_bus_message *message, GVariant **ret, GUnixFDList **descriptors);
