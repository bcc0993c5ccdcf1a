/* SPDX-License-Identifier: MIT */

#include <glib.h>

#include "account.h"
#include "bus/adapters.h"
#include "bus/call.h"
#include "database.h"
#include "errors.h"
#include "files.h"

#define INTERFACE "org.baluhost.NAS1.Manager"

static const char *state_of(const BhService *service) {
        return service->is_recovering ? "recovering" : "running";
}

static bool setup_is_required(const BhService *service) {
        return bh_accounts_count(service->accounts).admins == 0;
}

/* Properties ------------------------------------------------------------------------------------------------------------------------------ */

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", BALUHOST_VERSION);
}

static int get_development_mode(sd_bus *bus, const char *path, const char *interface, const char *property,
                                sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "b", (int)((BhService *)userdata)->config.development_mode);
}

static int get_setup_required(sd_bus *bus, const char *path, const char *interface, const char *property,
                              sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "b", (int)setup_is_required(userdata));
}

static int get_registration_open(sd_bus *bus, const char *path, const char *interface, const char *property,
                                 sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "b", (int)((BhService *)userdata)->config.registration);
}

static int get_state(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                     void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "s", state_of(userdata));
}

/* GetHealth(a{sv} options) → a{sv} health ------------------------------------------------------------------------------------------------ */

typedef struct Health {
        int database, storage; /* 0 or a negative errno */
} Health;

static int read_something(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement, "SELECT count(*) FROM settings");
        return r < 0 ? r : bh_database_errno(db, sqlite3_step(statement));
}

static int health_work(BhCall *call, void *data) {
        Health *health = data;

        health->database = bh_database_read(call->service->database, read_something, NULL);
        if (call->service->files)
                health->storage = bh_files_check_health(call->service->files);
        return 0;
}

static int health_reply(BhCall *call, void *data, sd_bus_message *reply) {
        BhService *service = call->service;
        const Health *health = data;
        bool is_ok = health->database >= 0 && health->storage >= 0 && service->files;
        const char *database = "ok", *storage = "ok";

        if (health->database < 0)
                database = "The database cannot be read";
        if (health->storage < 0)
                storage = "The storage cannot be read or written";
        if (!service->files)
                storage = service->storage_problem;
        return sd_bus_message_append(reply, "a{sv}", 7, "status", "s", is_ok ? "ok" : "degraded", "version", "s",
                                     BALUHOST_VERSION, "state", "s", state_of(service), "uptime_usec", "t",
                                     (uint64_t)(g_get_monotonic_time() - service->started_usec), "database", "s",
                                     database, "storage", "s", storage, "setup_required", "b",
                                     (int)setup_is_required(service));
}

static const BhMethod health_method = {
        .name = "Manager.GetHealth",
        .who = BH_WHO_ANYBODY,
        .size = sizeof(Health),
        .work = health_work,
        .reply = health_reply,
};

static int method_get_health(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &health_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("DevelopmentMode", "b", get_development_mode, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("SetupRequired", "b", get_setup_required, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("RegistrationOpen", "b", get_registration_open, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", get_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_METHOD_WITH_ARGS("GetHealth", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("a{sv}", health),
                                method_get_health, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListJobs", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("aa{sv}", jobs),
                                bh_bus_method_list_jobs, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListAlerts", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("aa{sv}", alerts),
                                bh_bus_method_list_alerts, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("AlertRaised", SD_BUS_ARGS("o", alert, "s", severity, "s", title, "s", text), 0),
        SD_BUS_SIGNAL_WITH_ARGS("AlertResolved", SD_BUS_ARGS("o", alert, "s", title), 0),
        SD_BUS_VTABLE_END,
};

int bh_bus_manager_add(BhService *service) {
        return sd_bus_add_object_vtable(service->bus, NULL, BH_ROOT_PATH, INTERFACE, vtable, service);
}

void bh_bus_manager_emit_changed(BhService *service, const char *property) {
        (void)sd_bus_emit_properties_changed(service->bus, BH_ROOT_PATH, INTERFACE, property, NULL);
}
