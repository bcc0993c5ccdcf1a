/* SPDX-License-Identifier: MIT */

#include "alert.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>

#include "bus/adapters.h"
#include "bus/call.h"
#include "bus/notifications.h"
#include "bus/polkit.h"
#include "errors.h"

/* org.baluhost.NAS1.Alert: an object at BH_ROOT_PATH/alerts/ID for each alert that is active, and Manager.ListAlerts. */

#define INTERFACE "org.baluhost.NAS1.Alert"
#define MANAGER "org.baluhost.NAS1.Manager"
#define ALERTS_PATH BH_ROOT_PATH "/alerts"

#define LISTED_MAX 500

static char *path_of(const BhAlert *alert) {
        return g_strdup_printf(ALERTS_PATH "/%" PRIu64, alert->id);
}

/* The active alert whose object that is, or NULL. */
static const BhAlert *find(const BhService *service, const char *path) {
        guint64 id;

        if (!g_str_has_prefix(path, ALERTS_PATH "/"))
                return NULL;
        if (!g_ascii_string_to_unsigned(path + strlen(ALERTS_PATH "/"), 10, 1, G_MAXINT64, &id, NULL))
                return NULL;
        return bh_alerts_get(service->alerts, id);
}

/* Properties ------------------------------------------------------------------------------------------------------------------------------ */

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const BhAlert *alert = find(userdata, path);

        if (!alert)
                return -ENOENT;
        if (g_str_equal(property, "Kind"))
                return sd_bus_message_append(reply, "s", bh_alert_kind_to_string(alert->kind));
        if (g_str_equal(property, "Severity"))
                return sd_bus_message_append(reply, "s", bh_severity_to_string(alert->severity));
        if (g_str_equal(property, "Subject"))
                return sd_bus_message_append(reply, "o", alert->subject);
        if (g_str_equal(property, "Title"))
                return sd_bus_message_append(reply, "s", alert->title);
        if (g_str_equal(property, "Text"))
                return sd_bus_message_append(reply, "s", alert->text);
        if (g_str_equal(property, "Raised"))
                return sd_bus_message_append(reply, "x", alert->raised_usec);
        return sd_bus_message_append(reply, "x", alert->acknowledged_usec);
}

/* Acknowledge(a{sv} options) -------------------------------------------------------------------------------------------------------------- */

typedef struct Acknowledge {
        uint64_t id;
        BhAcknowledgement acknowledgement;
} Acknowledge;

static int acknowledge_prepare(BhCall *call, void *data) {
        Acknowledge *acknowledge = data;
        int r;

        r = bh_alerts_acknowledge_begin(call->service->alerts, acknowledge->id, &acknowledge->acknowledgement);
        return r < 0 ? bh_failure_set(&call->failure, r, NULL, "This alert is over") : 0;
}

static int acknowledge_work(BhCall *call, void *data) {
        const Acknowledge *acknowledge = data;
        int r;

        r = bh_alerts_acknowledge_write(call->service->alerts, &call->caller, &acknowledge->acknowledgement);
        return r < 0 ? bh_call_fail(call, r, "Cannot acknowledge the alert") : 0;
}

static void acknowledge_done(BhCall *call, void *data) {
        bh_alerts_acknowledge_end(call->service->alerts, &call->caller, &((Acknowledge *)data)->acknowledgement);
}

static const BhMethod acknowledge_method = {
        .name = "Alert.Acknowledge",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_ALERT_MANAGE,
        .size = sizeof(Acknowledge),
        .prepare = acknowledge_prepare,
        .work = acknowledge_work,
        .done = acknowledge_done,
};

static int method_acknowledge(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &acknowledge_method);
        const BhAlert *alert = find(userdata, sd_bus_message_get_path(m));

        ((Acknowledge *)call->data)->id = alert ? alert->id : 0;
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* Manager.ListAlerts(a{sv} options) → aa{sv} alerts --------------------------------------------------------------------------------------- */

typedef struct List {
        bool all;
} List;

static int append_alert(sd_bus_message *reply, const BhAlert *alert, bool with_names) {
        g_autofree char *path = path_of(alert);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "path", "o", path, "kind", "s",
                                  bh_alert_kind_to_string(alert->kind), "severity", "s",
                                  bh_severity_to_string(alert->severity), "subject", "o", alert->subject, "title", "s",
                                  alert->title, "text", "s", alert->text, "raised_usec", "x", alert->raised_usec,
                                  "acknowledged_usec", "x", alert->acknowledged_usec, "resolved_usec", "x",
                                  alert->resolved_usec);
        if (r >= 0 && with_names && alert->acknowledged_by)
                r = sd_bus_message_append(reply, "{sv}", "acknowledged_by", "s", alert->acknowledged_by);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int list_reply(BhCall *call, void *data, sd_bus_message *reply) {
        g_autofree const BhAlert **list = NULL;
        size_t n;
        int r;

        list = bh_alerts_list(call->service->alerts, ((List *)data)->all, LISTED_MAX, &n);
        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = append_alert(reply, list[i], bh_caller_is_admin(&call->caller));
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const BhMethod list_method = {
        .name = "Manager.ListAlerts",
        .who = BH_WHO_PEER,
        .size = sizeof(List),
        .reply = list_reply,
};

int bh_bus_method_list_alerts(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &list_method);
        const BhOption options[] = {{"all", 'b', &((List *)call->data)->all, NULL, 0}};

        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* Objects --------------------------------------------------------------------------------------------------------------------------------- */

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Kind", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Severity", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Subject", "o", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Title", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Text", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Raised", "x", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Acknowledged", "x", get_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_METHOD_WITH_ARGS("Acknowledge", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_acknowledge,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static int find_object(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                       sd_bus_error *error) {
        if (!find(userdata, path))
                return 0;
        *ret_found = userdata;
        return 1;
}

static int enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *error) {
        const BhService *service = userdata;
        g_autofree const BhAlert **list = NULL;
        size_t n;

        list = bh_alerts_list(service->alerts, false, SIZE_MAX, &n);
        *ret_nodes = calloc(n + 1, sizeof **ret_nodes); /* freed by the library */
        for (size_t i = 0; *ret_nodes && i < n; i++)
                if (asprintf(&(*ret_nodes)[i], ALERTS_PATH "/%" PRIu64, list[i]->id) < 0)
                        (*ret_nodes)[i] = NULL;
        return *ret_nodes ? 0 : -ENOMEM;
}

/* One that has become critical is announced again; its object is there already. */
static void on_raised(BhService *service, const BhAlert *alert, const char *path) {
        if (alert->count == 1)
                (void)sd_bus_emit_object_added(service->bus, path);
        else
                (void)sd_bus_emit_properties_changed(service->bus, path, INTERFACE, "Severity", "Title", "Text",
                                                     "Acknowledged", NULL);
        (void)sd_bus_emit_signal(service->bus, BH_ROOT_PATH, MANAGER, "AlertRaised", "osss", path,
                                 bh_severity_to_string(alert->severity), alert->title, alert->text);
}

static void on_event(const BhAlert *alert, BhAlertEvent event, void *userdata) {
        g_autofree char *path = path_of(alert);
        BhService *service = userdata;

        switch (event) {
        case BH_ALERT_RAISED:
                on_raised(service, alert, path);
                bh_bus_notifications_tell_alert(service, alert, false);
                break;
        case BH_ALERT_CHANGED:
                (void)sd_bus_emit_properties_changed(service->bus, path, INTERFACE, "Severity", "Title", "Text",
                                                     "Acknowledged", NULL);
                break;
        case BH_ALERT_RESOLVED:
                bh_bus_notifications_tell_alert(service, alert, true);
                (void)sd_bus_emit_object_removed(service->bus, path);
                (void)sd_bus_emit_signal(service->bus, BH_ROOT_PATH, MANAGER, "AlertResolved", "os", path,
                                         alert->title);
                break;
        }
}

int bh_bus_alerts_add(BhService *service) {
        int r;

        bh_alerts_set_listener(service->alerts, on_event, service);
        r = sd_bus_add_fallback_vtable(service->bus, NULL, ALERTS_PATH, INTERFACE, vtable, find_object, service);
        return r < 0 ? r : sd_bus_add_node_enumerator(service->bus, NULL, ALERTS_PATH, enumerate, service);
}
