/* SPDX-License-Identifier: MIT */

#include "bus/dictionary.h"

int bh_dictionary_open_value(sd_bus_message *m, const char *key, const char *type) {
        int r = sd_bus_message_open_container(m, 'e', "sv");

        if (r >= 0)
                r = sd_bus_message_append_basic(m, 's', key);
        return r < 0 ? r : sd_bus_message_open_container(m, 'v', type);
}

int bh_dictionary_close_value(sd_bus_message *m) {
        int r = sd_bus_message_close_container(m);

        return r < 0 ? r : sd_bus_message_close_container(m);
}

int bh_dictionary_open_list(sd_bus_message *m, const char *key, const char *type) {
        int r = bh_dictionary_open_value(m, key, type);

        return r < 0 ? r : sd_bus_message_open_container(m, 'a', type + 1);
}

int bh_dictionary_close_list(sd_bus_message *m) {
        int r = sd_bus_message_close_container(m);

        return r < 0 ? r : bh_dictionary_close_value(m);
}
