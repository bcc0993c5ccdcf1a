/* SPDX-License-Identifier: MIT */
#include "bus-error.h"

#include <glib/gi18n.h>

static const GDBusErrorEntry entries[] = {
#define BH_ERROR(name, number, status, sentence) {BH_BUS_ERROR_##name, BH_ERROR_PREFIX #name},
        BH_ERRORS(BH_ERROR)
#undef BH_ERROR
};

GQuark bh_bus_error_quark(void) {
        static gsize quark = 0;

        g_dbus_error_register_error_domain("bh-bus-error-quark", &quark, entries, G_N_ELEMENTS(entries));
        return (GQuark)quark;
}

gboolean bh_bus_error_is(const GError *error, BhBusError code) {
        return g_error_matches(error, BH_BUS_ERROR, (gint)code);
}

gboolean bh_bus_error_is_disconnect(const GError *error) {
        return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
               g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
               g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) ||
               g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED) ||
               g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

char *bh_bus_error_message(const GError *error) {
        g_autoptr(GError) copy = NULL;

        if (!error)
                return g_strdup(_("Something went wrong"));
        if (bh_bus_error_is_disconnect(error))
                return g_strdup(_("The NAS service stopped before it answered"));
        if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                return g_strdup(_("Cancelled"));

        copy = g_error_copy(error);
        g_dbus_error_strip_remote_error(copy);
        return g_strdup(copy->message);
}
