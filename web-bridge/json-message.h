/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-bus.h>

#include "json.h"

/* JSON straight out of a message, from where it is read on: what bh_json_value() and the like write of the same values, without the GVariant between, which
 * costs three times as much as all the rest. They return 0, or a negative errno of reading the message; then @json is to be thrown away. */

/* The next value, as that of @name. */
int bh_json_read_value(yajl_gen json, const char *name, sd_bus_message *message);

/* The next value, as a member of the object that is open; the type may change its name. */
int bh_json_read_member(yajl_gen json, const char *name, sd_bus_message *message);

/* The next value, a dictionary a{sv}: its entries as members of the object that is open. */
int bh_json_read_dictionary_members(yajl_gen json, sd_bus_message *message);

/* The same from inside of the dictionary, up to its end, where @message stays. */
int bh_json_read_entries(yajl_gen json, sd_bus_message *message);
