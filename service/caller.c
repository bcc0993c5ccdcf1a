/* SPDX-License-Identifier: MIT */

#include "caller.h"

#include <glib.h>
#include <unistd.h>

void bh_caller_clear(BhCaller *caller) {
        g_free(caller->username);
        g_free(caller->session_id);
        g_free(caller->unit);
        g_free(caller->bus_name);
        g_free(caller->client_address);
        g_free(caller->client_agent);
        *caller = (BhCaller){};
}

void bh_caller_copy(BhCaller *dest, const BhCaller *src) {
        *dest = *src;
        dest->username = g_strdup(src->username);
        dest->session_id = g_strdup(src->session_id);
        dest->unit = g_strdup(src->unit);
        dest->bus_name = g_strdup(src->bus_name);
        dest->client_address = g_strdup(src->client_address);
        dest->client_agent = g_strdup(src->client_agent);
}

BhCaller bh_caller_of_service(void) {
        return (BhCaller){.role = BH_ROLE_ADMIN, .username = g_strdup("baluhostd"), .uid = geteuid(), .pid = getpid()};
}
