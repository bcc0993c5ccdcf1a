/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "errors.h"

#include "../dbus/errors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
        const char *name;
        guint status;
        const char *sentence;
} statuses[] = {
#define ROW(error_name, number, http_status, sentence) {#error_name, http_status, sentence},
        BH_ERRORS(ROW)
#undef ROW
};

static const char *const absences[] = {
        "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.NoReply",        "org.freedesktop.DBus.Error.Disconnected",
        "org.freedesktop.DBus.Error.Timeout",        "org.freedesktop.DBus.Error.TimedOut",
        "org.freedesktop.DBus.Error.LimitsExceeded", NULL,
};

/* Clients know these by their general sentence; the others are told what the service says of this very case. */
static const char *const fixed[] = {
        "NotAuthenticated", "InvalidToken",  "UserGone",       "InvalidCredentials",
        "NotPermitted",     "AdminRequired", "OutsideStorage", NULL,
};

void bh_failure_clear(BhFailure *failure) {
        g_clear_pointer(&failure->detail, g_free);
}

guint bh_retry_after(const char *message) {
        static const char prefix[] = "(retry after ";
        const char *found = g_strrstr(message, prefix);
        char *end;
        gulong seconds;

        if (!found || !g_ascii_isdigit(found[strlen(prefix)]))
                return 0;
        errno = 0;
        seconds = strtoul(found + strlen(prefix), &end, 10);
        if (errno != 0 || !g_str_equal(end, " s)"))
                return 0;
        return MIN(seconds, G_MAXUINT);
}

static gboolean service_is_absent(const GError *error, const char *remote) {
        if (remote)
                return g_strv_contains(absences, remote) ||
                       g_str_has_prefix(remote, "org.freedesktop.DBus.Error.Spawn.");
        return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
               g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static gboolean failure_from_table(const char *remote, const char *message, BhFailure *failure) {
        if (!remote || !g_str_has_prefix(remote, BH_ERROR_PREFIX))
                return FALSE;
        for (guint i = 0; i < G_N_ELEMENTS(statuses); i++)
                if (g_str_equal(remote + strlen(BH_ERROR_PREFIX), statuses[i].name)) {
                        *failure = (BhFailure){
                                .status = statuses[i].status,
                                .name = statuses[i].name,
                                .detail = g_strdup(g_strv_contains(fixed, statuses[i].name) ? statuses[i].sentence
                                                                                            : message),
                                .retry_after = bh_retry_after(message),
                        };
                        return TRUE;
                }
        return FALSE;
}

void bh_failure_from_error(const GError *error, BhFailure *failure) {
        g_autofree char *remote = g_dbus_error_get_remote_error(error);
        g_autoptr(GError) stripped = g_error_copy(error);

        g_dbus_error_strip_remote_error(stripped);
        if (failure_from_table(remote, stripped->message, failure))
                return;
        if (service_is_absent(error, remote)) {
                *failure = (BhFailure){503, "NotAvailable", g_strdup("The NAS service is not available"), 0};
                return;
        }
        g_warning("unexpected answer of the service: %s", error->message);
        *failure = (BhFailure){500, "Failed", g_strdup("Internal error"), 0};
}
