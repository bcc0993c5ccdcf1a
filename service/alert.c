/* SPDX-License-Identifier: MIT */

#include "alert.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "alert-record.h"
#include "log.h"

struct BhAlerts {
        BhDatabase *database;
        GPtrArray *active;  /* of BhAlert, oldest first */
        GPtrArray *history; /* of BhAlert, the one resolved last at the end */
        uint64_t last_id;
        unsigned n_dropped;
        BhAlertListener listener;
        void *userdata;
};

/* Loading --------------------------------------------------------------------------------------------------------------------------------- */

static void alert_destroy(void *data) {
        bh_alert_free(data);
}

static int by_end(const void *a, const void *b) {
        const BhAlert *left = *(BhAlert *const *)a, *right = *(BhAlert *const *)b;

        return (left->resolved_usec > right->resolved_usec) - (left->resolved_usec < right->resolved_usec);
}

static BhAlerts *alerts_new(BhDatabase *database) {
        BhAlerts *alerts = g_new0(BhAlerts, 1);

        alerts->database = database;
        alerts->active = g_ptr_array_new_with_free_func(alert_destroy);
        alerts->history = g_ptr_array_new_with_free_func(alert_destroy);
        return alerts;
}

int bh_alerts_load(BhAlerts **ret, BhDatabase *database) {
        g_autoptr(GPtrArray) all = g_ptr_array_new();
        BhAlerts *alerts = alerts_new(database);
        int r;

        r = bh_alert_records_load(database, all, &alerts->last_id);
        for (guint i = all->len; i-- > 0;) {
                BhAlert *alert = g_ptr_array_index(all, i);

                g_ptr_array_add(alert->resolved_usec == 0 ? alerts->active : alerts->history, alert);
        }
        if (r < 0) {
                bh_alerts_free(alerts);
                return r;
        }
        g_ptr_array_sort(alerts->history, by_end);
        *ret = alerts;
        return 0;
}

void bh_alerts_free(BhAlerts *alerts) {
        if (!alerts)
                return;
        g_ptr_array_unref(alerts->active);
        g_ptr_array_unref(alerts->history);
        g_free(alerts);
}

void bh_alerts_set_listener(BhAlerts *alerts, BhAlertListener listener, void *userdata) {
        alerts->listener = listener;
        alerts->userdata = userdata;
}

/* Finding --------------------------------------------------------------------------------------------------------------------------------- */

static BhAlert *find(const BhAlerts *alerts, BhAlertKind kind, const char *subject) {
        for (guint i = 0; i < alerts->active->len; i++) {
                BhAlert *alert = g_ptr_array_index(alerts->active, i);

                if (alert->kind == kind && g_str_equal(alert->subject, subject))
                        return alert;
        }
        return NULL;
}

static BhAlert *get(const BhAlerts *alerts, uint64_t id) {
        for (guint i = 0; i < alerts->active->len; i++) {
                BhAlert *alert = g_ptr_array_index(alerts->active, i);

                if (alert->id == id)
                        return alert;
        }
        return NULL;
}

const BhAlert *bh_alerts_find(const BhAlerts *alerts, BhAlertKind kind, const char *subject) {
        return find(alerts, kind, subject);
}

const BhAlert *bh_alerts_get(const BhAlerts *alerts, uint64_t id) {
        return get(alerts, id);
}

static int newest_first(const void *a, const void *b) {
        const BhAlert *left = *(const BhAlert *const *)a, *right = *(const BhAlert *const *)b;

        return (left->id < right->id) - (left->id > right->id);
}

const BhAlert **bh_alerts_list(const BhAlerts *alerts, bool all, size_t n_max, size_t *ret_n) {
        size_t n_active = alerts->active->len, n = n_active + (all ? alerts->history->len : 0);
        const BhAlert **list = g_new(const BhAlert *, n + 1);

        for (size_t i = 0; i < n; i++)
                list[i] = i < n_active ? g_ptr_array_index(alerts->active, i)
                                       : g_ptr_array_index(alerts->history, i - n_active);
        list[n] = NULL;
        qsort(list, n, sizeof *list, newest_first);
        *ret_n = MIN(n, n_max);
        return list;
}

/* Raising and resolving ------------------------------------------------------------------------------------------------------------------- */

static void write_journal(const BhAlert *alert, bool is_resolved) {
        g_autofree char *text = NULL, *id = g_strdup_printf("%" G_GUINT64_FORMAT, alert->id);
        g_autofree char *count = g_strdup_printf("%u", alert->count);
        const BhLogField fields[] = {
                {"MESSAGE_ID", is_resolved ? BH_ALERT_RESOLVED_MESSAGE_ID : bh_alert_kind_message_id(alert->kind)},
                {"BALUHOST_ALERT", id},
                {"BALUHOST_ALERT_KIND", bh_alert_kind_to_string(alert->kind)},
                {"BALUHOST_ALERT_SEVERITY", bh_severity_to_string(alert->severity)},
                {"BALUHOST_ALERT_SUBJECT", alert->subject},
                {"BALUHOST_ALERT_COUNT", count},
                {NULL, NULL},
        };

        text = is_resolved ? g_strdup_printf("Alert over: %s", alert->title)
                           : g_strdup_printf("Alert: %s: %s", alert->title, alert->text);
        if (is_resolved)
                bh_log_fields(LOG_NOTICE, text, fields);
        else
                bh_log_fields(alert->severity == BH_SEVERITY_CRITICAL ? LOG_CRIT : LOG_WARNING, text, fields);
}

static void tell(BhAlerts *alerts, const BhAlert *alert, BhAlertEvent event) {
        if (alerts->listener)
                alerts->listener(alert, event, alerts->userdata);
}

/* At most so many bytes, whole characters. */
static char *cut(const char *text, size_t max) {
        const char *end = text + strlen(text);

        if ((size_t)(end - text) > max) {
                end = text + max;
                while (end > text && ((unsigned char)*end & 0xc0) == 0x80)
                        end--;
        }
        return g_strndup(text, (gsize)(end - text));
}

static void raise_new(BhAlerts *alerts, const BhFinding *finding, const char *title, const char *text) {
        BhAlert *alert;

        if (alerts->active->len >= BH_ALERTS_ACTIVE_MAX) {
                if (alerts->n_dropped++ == 0)
                        bh_log_error("There are too many alerts already; this one is only here: %s: %s", title, text);
                return;
        }
        alert = g_new0(BhAlert, 1);
        *alert = (BhAlert){
                .id = ++alerts->last_id,
                .kind = finding->kind,
                .subject = g_strdup(finding->subject),
                .severity = finding->severity,
                .title = g_strdup(title),
                .text = g_strdup(text),
                .count = 1,
                .raised_usec = g_get_real_time(),
        };
        g_ptr_array_add(alerts->active, alert);
        write_journal(alert, false);
        bh_alert_record_post(alerts->database, alert, BH_ALERT_CHANGE_RAISED, NULL);
        tell(alerts, alert, BH_ALERT_RAISED);
}

static void raise_again(BhAlerts *alerts, BhAlert *alert, const BhFinding *finding, const char *title,
                        const char *text) {
        bool is_worse = finding->severity > alert->severity;
        BhAlertChange change = finding->severity < alert->severity ? BH_ALERT_CHANGE_EASED : BH_ALERT_CHANGE_UPDATED;

        if (finding->severity == alert->severity && g_str_equal(alert->title, title) && g_str_equal(alert->text, text))
                return;
        alert->severity = finding->severity;
        g_free(alert->title);
        g_free(alert->text);
        alert->title = g_strdup(title);
        alert->text = g_strdup(text);
        alert->count++;
        if (is_worse) {
                alert->acknowledged_usec = 0;
                g_clear_pointer(&alert->acknowledged_by, g_free);
                write_journal(alert, false);
        }
        bh_alert_record_post(alerts->database, alert, is_worse ? BH_ALERT_CHANGE_RAISED : change, NULL);
        tell(alerts, alert, is_worse ? BH_ALERT_RAISED : BH_ALERT_CHANGED);
}

void bh_alerts_raise(BhAlerts *alerts, const BhFinding *finding) {
        g_autofree char *title = cut(finding->title, BH_ALERT_TITLE_MAX), *text = cut(finding->text, BH_ALERT_TEXT_MAX);
        BhAlert *alert = find(alerts, finding->kind, finding->subject);

        if (alert)
                raise_again(alerts, alert, finding, title, text);
        else
                raise_new(alerts, finding, title, text);
}

void bh_alerts_resolve(BhAlerts *alerts, BhAlertKind kind, const char *subject, const char *why) {
        BhAlert *alert = find(alerts, kind, subject);
        guint index;

        if (!alert)
                return;
        alert->resolved_usec = g_get_real_time();
        alerts->n_dropped = 0;
        write_journal(alert, true);
        bh_alert_record_post(alerts->database, alert, BH_ALERT_CHANGE_RESOLVED, why);
        tell(alerts, alert, BH_ALERT_RESOLVED);
        if (g_ptr_array_find(alerts->active, alert, &index))
                g_ptr_array_add(alerts->history, g_ptr_array_steal_index(alerts->active, index));
        if (alerts->history->len > BH_ALERTS_HISTORY_MAX)
                g_ptr_array_remove_index(alerts->history, 0);
}

/* Acknowledging --------------------------------------------------------------------------------------------------------------------------- */

int bh_alerts_acknowledge_begin(BhAlerts *alerts, uint64_t id, BhAcknowledgement *ret) {
        const BhAlert *alert = get(alerts, id);

        if (!alert)
                return -ENOENT;
        *ret = (BhAcknowledgement){id, alert->severity, alert->acknowledged_usec != 0, g_get_real_time()};
        return 0;
}

int bh_alerts_acknowledge_write(BhAlerts *alerts, const BhCaller *caller, const BhAcknowledgement *acknowledgement) {
        return acknowledgement->is_done ? 0 : bh_alert_record_acknowledge(alerts->database, caller, acknowledgement);
}

void bh_alerts_acknowledge_end(BhAlerts *alerts, const BhCaller *caller, const BhAcknowledgement *acknowledgement) {
        BhAlert *alert = get(alerts, acknowledgement->id);

        if (!alert || acknowledgement->is_done || alert->severity != acknowledgement->severity)
                return;
        alert->acknowledged_usec = acknowledgement->time_usec;
        g_free(alert->acknowledged_by);
        alert->acknowledged_by = g_strdup(caller->username);
        tell(alerts, alert, BH_ALERT_CHANGED);
}
