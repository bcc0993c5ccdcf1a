/* SPDX-License-Identifier: MIT */
#include "format.h"

#include <glib/gi18n.h>
#include <string.h>

char *bh_format_moment(gint64 usec) {
        g_autoptr(GDateTime) utc = NULL, when = NULL, now = NULL, midnight = NULL;
        GTimeSpan before_midnight;

        if (usec == 0)
                return g_strdup("");
        utc = g_date_time_new_from_unix_utc(usec / G_USEC_PER_SEC);
        if (!utc)
                return g_strdup("");
        when = g_date_time_to_local(utc);
        now = g_date_time_new_now_local();
        midnight = g_date_time_new_local(g_date_time_get_year(now), g_date_time_get_month(now),
                                         g_date_time_get_day_of_month(now), 0, 0, 0);
        before_midnight = g_date_time_difference(midnight, when);

        if (before_midnight <= 0 && g_date_time_difference(when, now) <= G_TIME_SPAN_DAY)
                return g_date_time_format(when, "%H:%M");
        if (before_midnight > 0 && before_midnight <= G_TIME_SPAN_DAY)
                return g_strdup(_("Yesterday"));
        if (g_date_time_get_year(when) == g_date_time_get_year(now))
                /* Translators: day and month of a file of this year */
                return g_date_time_format(when, _("%-d %b"));
        /* Translators: day, month and year of an older file */
        return g_date_time_format(when, _("%-d %b %Y"));
}

char *bh_format_moment_full(gint64 usec) {
        g_autoptr(GDateTime) utc = NULL, when = NULL;

        if (usec == 0)
                return g_strdup("");
        utc = g_date_time_new_from_unix_utc(usec / G_USEC_PER_SEC);
        if (!utc)
                return g_strdup("");
        when = g_date_time_to_local(utc);
        return g_date_time_format(when, "%c");
}

char *bh_format_rate(guint64 bytes_per_second) {
        g_autofree char *size = g_format_size(bytes_per_second);

        /* Translators: %s is a size like "12.3 MB" */
        return g_strdup_printf(_("%s/s"), size);
}

const char *bh_path_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

char *bh_path_parent(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? g_strndup(path, (gsize)(slash - path)) : g_strdup("");
}

char *bh_path_join(const char *folder, const char *name) {
        return *folder ? g_strconcat(folder, "/", name, NULL) : g_strdup(name);
}

char *bh_path_numbered(const char *name, guint number) {
        const char *dot = strrchr(name, '.');
        gsize stem = dot && dot != name ? (gsize)(dot - name) : strlen(name);

        return g_strdup_printf("%.*s (%u)%s", (int)stem, name, number, name + stem);
}
