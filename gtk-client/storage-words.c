/* SPDX-License-Identifier: MIT */
#include "storage-words.h"

#include "format.h"

#include <glib/gi18n.h>
#include <math.h>

#define SERIAL_END 4

static const BhStateWords disk_states[] = {
        {"healthy", N_("Healthy"), "emblem-ok-symbolic", "success"},
        {"warning", N_("Warning"), "dialog-warning-symbolic", "warning"},
        {"failing", N_("Failing"), "dialog-error-symbolic", "error"},
        {"failed", N_("Failed"), "dialog-error-symbolic", "error"},
        {"absent", N_("Absent"), "action-unavailable-symbolic", "error"},
        {"unknown", N_("Not known"), "dialog-question-symbolic", "dim-label"},
        {0},
};

static const BhStateWords array_states[] = {
        {"optimal", N_("Optimal"), "emblem-ok-symbolic", "success"},
        {"checking", N_("Checking"), "emblem-synchronizing-symbolic", "success"},
        {"rebuilding", N_("Rebuilding"), "emblem-synchronizing-symbolic", "warning"},
        {"degraded", N_("Degraded"), "dialog-warning-symbolic", "warning"},
        {"failed", N_("Failed"), "dialog-error-symbolic", "error"},
        {"inactive", N_("Stopped"), "media-playback-pause-symbolic", "dim-label"},
        {"absent", N_("Absent"), "action-unavailable-symbolic", "error"},
        {0},
};

static const BhStateWords pool_states[] = {
        {"ready", N_("Ready"), "emblem-ok-symbolic", "success"},
        {"degraded", N_("Degraded"), "dialog-warning-symbolic", "warning"},
        {"unmounted", N_("Not mounted"), "media-playback-pause-symbolic", "dim-label"},
        {"absent", N_("Absent"), "action-unavailable-symbolic", "error"},
        {"failed", N_("Failed"), "dialog-error-symbolic", "error"},
        {0},
};

static const BhStateWords member_states[] = {
        {"active", N_("Active"), "emblem-ok-symbolic", "success"},
        {"write-mostly", N_("Write-mostly"), "emblem-ok-symbolic", "success"},
        {"spare", N_("Spare"), "starred-symbolic", "dim-label"},
        {"rebuilding", N_("Rebuilding"), "emblem-synchronizing-symbolic", "warning"},
        {"failed", N_("Failed"), "dialog-error-symbolic", "error"},
        {"missing", N_("Missing"), "action-unavailable-symbolic", "error"},
        {0},
};

static const BhStateWords effects[] = {
        {"unaffected", N_("Not affected"), "emblem-ok-symbolic", "success"},
        {"degraded", N_("Still available"), "dialog-warning-symbolic", "warning"},
        {"lost", N_("Lost"), "dialog-error-symbolic", "error"},
        {0},
};

static const BhStateWords smart_statuses[] = {
        {"ok", N_("OK"), "emblem-ok-symbolic", "success"},
        {"watch", N_("Watch"), "dialog-warning-symbolic", "warning"},
        {"failed_before", N_("Failed before"), "dialog-warning-symbolic", "warning"},
        {"failing", N_("Failing"), "dialog-error-symbolic", "error"},
        {0},
};

static const BhStateWords severities[] = {
        {"warning", N_("Warning"), "dialog-warning-symbolic", "warning"},
        {"critical", N_("Critical"), "dialog-error-symbolic", "error"},
        {0},
};

static const BhStateWords *look_up(const BhStateWords *table, const char *name) {
        static const BhStateWords unknown = {"", N_("Not known"), "dialog-question-symbolic", "dim-label"};

        for (const BhStateWords *row = table; row->name; row++) {
                if (g_strcmp0(row->name, name) == 0)
                        return row;
        }
        return &unknown;
}

const BhStateWords *bh_words_disk_state(const char *state) {
        return look_up(disk_states, state);
}

const BhStateWords *bh_words_array_state(const char *state) {
        return look_up(array_states, state);
}

const BhStateWords *bh_words_pool_state(const char *state) {
        return look_up(pool_states, state);
}

const BhStateWords *bh_words_member_state(const char *state) {
        return look_up(member_states, state);
}

const BhStateWords *bh_words_effect(const char *effect) {
        return look_up(effects, effect);
}

const BhStateWords *bh_words_smart_status(const char *status) {
        return look_up(smart_statuses, status);
}

const BhStateWords *bh_words_severity(const char *severity) {
        return look_up(severities, severity);
}

typedef struct {
        const char *name;
        const char *words;
} Words;

static const char *translate(const Words *table, const char *name) {
        for (const Words *row = table; row->name; row++) {
                if (g_strcmp0(row->name, name) == 0)
                        return _(row->words);
        }
        return g_intern_string(name ? name : "");
}

const char *bh_words_usage(const char *usage) {
        static const Words table[] = {
                {"system", N_("System")},
                {"array", N_("In an array")},
                {"pool", N_("Pool")},
                {"mounted", N_("In use elsewhere")},
                {"foreign", N_("Belongs to something else")},
                {"data", N_("Has data on it")},
                {"free", N_("Free")},
                {0},
        };

        return translate(table, usage);
}

const char *bh_words_selftest(const char *status) {
        static const Words table[] = {
                {"none", N_("None yet")},
                {"running", N_("Running")},
                {"passed", N_("Passed")},
                {"aborted", N_("Aborted")},
                {"interrupted", N_("Interrupted")},
                {"failed", N_("Failed")},
                {0},
        };

        return translate(table, status);
}

const char *bh_words_operation(const char *operation) {
        static const Words table[] = {
                {"array-create", N_("New array")},
                {"array-delete", N_("Deletion of an array")},
                {"array-add", N_("New disk in an array")},
                {"array-repair", N_("Repair of an array")},
                {"array-scrub", N_("Check of an array")},
                {"array-sync", N_("Rebuild of an array")},
                {"pool-format", N_("New pool")},
                {"pool-delete", N_("Deletion of a pool")},
                {"pool-grow", N_("Growing a pool")},
                {"smart-selftest", N_("Self-test of a disk")},
                {0},
        };

        return translate(table, operation);
}

char *bh_words_level(const char *level) {
        if (level && g_str_has_prefix(level, "raid"))
                return g_strdup_printf("RAID %s", level + strlen("raid"));
        return g_strdup(level ? level : "");
}

char *bh_words_duration(guint64 usec) {
        guint64 minutes = (usec + 30 * G_USEC_PER_SEC) / (60 * G_USEC_PER_SEC);
        guint64 hours = minutes / 60;

        if (usec < 60 * G_USEC_PER_SEC)
                return g_strdup(_("less than a minute"));
        if (hours == 0)
                return g_strdup_printf(ngettext("%u minute", "%u minutes", (gulong)minutes), (guint)minutes);
        if (hours < 48)
                /* Translators: hours and minutes */
                return g_strdup_printf(_("%u h %u min"), (guint)hours, (guint)(minutes % 60));
        return g_strdup_printf(ngettext("%u day", "%u days", (gulong)(hours / 24)), (guint)(hours / 24));
}

char *bh_words_progress(double progress, guint64 rate, gint64 end_usec) {
        g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
        gint64 left = end_usec - g_get_real_time();

        if (progress >= 0)
                /* Translators: percent of a work that is done */
                g_ptr_array_add(parts, g_strdup_printf(_("%.0f %%"), floor(progress)));
        if (rate > 0)
                g_ptr_array_add(parts, bh_format_rate(rate));
        if (end_usec > 0 && left > 0) {
                g_autofree char *duration = bh_words_duration((guint64)left);

                /* Translators: %s is a time like "3 minutes" */
                g_ptr_array_add(parts, g_strdup_printf(_("%s left"), duration));
        }
        g_ptr_array_add(parts, NULL);
        return g_strjoinv(" · ", (char **)parts->pdata);
}

char *bh_words_survives(guint n) {
        if (n == 0)
                return g_strdup(_("No disk may fail"));
        return g_strdup_printf(
                ngettext("Survives the failure of any %u disk", "Survives the failure of any %u disks", n), n);
}

char *bh_words_temperature(double celsius) {
        if (isnan(celsius))
                return NULL;
        return g_strdup_printf(_("%.0f °C"), celsius);
}

char *bh_words_serial_end(const char *serial) {
        glong length = serial ? g_utf8_strlen(serial, -1) : 0;

        if (length <= SERIAL_END)
                return g_strdup(serial ? serial : "");
        return g_strconcat("…", g_utf8_offset_to_pointer(serial, length - SERIAL_END), NULL);
}

static char *title(const char *bay, const char *name) {
        return g_strdup(bay && *bay ? bay : name);
}

static char *line(const char *bay, const char *name, const char *model, const char *serial) {
        g_autofree char *first = title(bay, name), *end = bh_words_serial_end(serial);
        const char *parts[4] = {0};
        guint n = 0;

        if (first && *first)
                parts[n++] = first;
        if (model && *model)
                parts[n++] = model;
        if (*end)
                parts[n++] = end;
        return g_strjoinv(" · ", (char **)parts);
}

char *bh_words_disk_title(BhBusDisk *disk) {
        return title(bh_bus_disk_get_slot(disk), bh_bus_disk_get_name(disk));
}

char *bh_words_disk_line(BhBusDisk *disk) {
        return line(bh_bus_disk_get_slot(disk), bh_bus_disk_get_name(disk), bh_bus_disk_get_model(disk),
                    bh_bus_disk_get_serial(disk));
}

char *bh_words_disk_of(GVariant *disk) {
        const char *bay = "", *name = "", *model = "", *serial = "";

        g_variant_lookup(disk, "bay", "&s", &bay);
        g_variant_lookup(disk, "name", "&s", &name);
        g_variant_lookup(disk, "model", "&s", &model);
        g_variant_lookup(disk, "serial", "&s", &serial);
        return line(bay, name, model, serial);
}
