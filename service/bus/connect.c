/* SPDX-License-Identifier: MIT */

#include "bus/connect.h"

#include <errno.h>
#include <glib.h>

#include "alert-watch.h"
#include "bus/adapters.h"
#include "bus/call.h"
#include "bus/job.h"
#include "bus/peer.h"
#include "bus/smart.h"
#include "disks.h"
#include "errors.h"
#include "log.h"
#include "pools.h"
#include "telemetry.h"
#include "udisks.h"

static int open_bus(const char *address, sd_bus **ret) {
        __attribute__((cleanup(sd_bus_unrefp))) sd_bus *bus = NULL;
        int r;

        if (!address)
                return sd_bus_open_system(ret);
        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_address(bus, address);
        if (r < 0)
                return r;
        r = sd_bus_set_bus_client(bus, 1);
        if (r < 0)
                return r;
        r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = bus;
        bus = NULL;
        return 0;
}

static int add_objects(BhService *service) {
        static int (*const adapters[])(BhService * service) = {
                bh_bus_manager_add,       bh_bus_sessions_add, bh_bus_users_add,   bh_bus_files_add,
                bh_bus_uploads_add,       bh_bus_alerts_add,   bh_bus_storage_add, bh_bus_telemetry_add,
                bh_bus_notifications_add, bh_bus_audit_add,
        };
        int r;

        r = sd_bus_add_object_manager(service->bus, NULL, BH_ROOT_PATH);
        if (r < 0)
                return r;
        for (size_t i = 0; i < G_N_ELEMENTS(adapters); i++) {
                r = adapters[i](service);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Health first, for jobs and disks ask for it. Then jobs: the one that deletes an array says so before it would be missed. */
static void on_inventory(void *userdata, const BhInventory *inventory) {
        BhService *service = userdata;

        bh_disks_hold(service->disks);
        bh_bus_smart_see(service, inventory);
        bh_jobs_observe(service->jobs);
        bh_disks_update(service->disks, inventory);
}

static const char *job_of(void *userdata, const char *path) {
        return bh_jobs_find(((BhService *)userdata)->jobs, path, NULL);
}

static void on_job(void *userdata, const char *subject) {
        bh_disks_refresh(((BhService *)userdata)->disks);
}

static GArray *filesystems_of(const BhPools *pools) {
        const BhPoolView *main = bh_pools_get_main(pools);
        GArray *filesystems = bh_filesystems_new();
        size_t n;
        const BhPoolView *list = bh_pools_list(pools, &n);

        if (main->size > 0)
                bh_filesystems_add(filesystems, "", "/", main->size, main->used, main->available);
        for (size_t i = 0; i < n; i++)
                if (*list[i].mount_point && list[i].size > 0)
                        bh_filesystems_add(filesystems, list[i].name, list[i].path, list[i].size, list[i].used,
                                           list[i].available);
        return filesystems;
}

/* Alerts about pools are left as they are until it is known how all of them are. A main storage that cannot be measured is what GetHealth() tells of. */
static void on_pools(void *userdata, const BhPools *pools) {
        BhService *service = userdata;
        const BhPoolView *main = bh_pools_get_main(pools);
        const BhPoolFacts root = {.path = "/", .name = "", .used = main->used, .available = main->available};
        size_t n;
        const BhPoolView *list = bh_pools_list(pools, &n);
        g_autofree BhPoolFacts *facts = bh_pools_are_settled(pools) ? g_new0(BhPoolFacts, n + 1) : NULL;

        if (!facts)
                n = 0;
        for (size_t i = 0; i < n; i++)
                facts[i] = (BhPoolFacts){.path = list[i].path,
                                         .name = list[i].name,
                                         .is_absent = list[i].is_missed,
                                         .problem = list[i].is_missed ? list[i].state_text : NULL,
                                         .used = list[i].used,
                                         .available = list[i].available};
        bh_telemetry_set_filesystems(service->telemetry, filesystems_of(pools));
        bh_alert_watch_set_pools(service->alert_watch, main->size > 0 ? &root : NULL, facts, n);
}

/* After the objects were put on the bus: what an alert is about is there before the alert is. */
static int watch_alerts(BhService *service) {
        const BhAlertWatchParts parts = {
                .event = service->event,
                .alerts = service->alerts,
                .disks = service->disks,
                .config = {(double)service->config.temperature_limit, (double)service->config.temperature_limit_solid},
        };
        int r = bh_alert_watch_new(&service->alert_watch, &parts);

        if (r >= 0)
                bh_pools_add_listener(service->pools, on_pools, service);
        return r;
}

static int start_pools(BhService *service) {
        const BhPoolsParts parts = {
                .event = service->event,
                .workers = service->workers,
                .database = service->database,
                .disks = service->disks,
                .udisks = service->udisks,
                .files = service->files,
                .pools_directory = service->config.pools_directory,
                .root_directory = service->config.storage_root,
        };

        return bh_pools_new(&service->pools, &parts);
}

static int start_telemetry(BhService *service) {
        const BhTelemetryParts parts = {
                .event = service->event, .workers = service->workers, .proc = "/proc", .sysfs = "/sys"};

        return bh_telemetry_new(&service->telemetry, &parts);
}

int bh_bus_connect(BhService *service, const char *address) {
        int r;

        r = open_bus(address, &service->bus);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot connect to %s", address ?: "the system bus");
                return r;
        }
        r = bh_peers_new(service->bus, service->workers, &service->peers);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot watch who leaves the bus");
                return r;
        }
        service->calls = bh_calls_new(service);
        service->jobs = bh_jobs_new(service);
        r = bh_udisks_new(&service->udisks, service->bus, service->event, address, service->config.mdstat);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot watch UDisks2");
                return r;
        }
        bh_udisks_add_listener(service->udisks, on_inventory, service);
        r = bh_bus_smart_start(service);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot watch the health of disks");
                return r;
        }
        bh_disks_set_jobs(service->disks, job_of, service);
        bh_jobs_set_hook(service->jobs, on_job, service);
        r = start_pools(service);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot read which pools there are");
                return r;
        }
        r = start_telemetry(service);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot measure how busy the machine is");
                return r;
        }
        r = add_objects(service);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot put the interfaces on the bus");
                return r;
        }
        r = watch_alerts(service);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot watch for alerts");
                return r;
        }
        r = sd_bus_attach_event(service->bus, service->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0) {
                bh_log_error_errno(r, "Cannot attach the bus to the event loop");
                return r;
        }
        r = sd_bus_request_name(service->bus, BH_BUS_NAME, 0);
        if (r < 0) {
                bh_log_error_errno(r, r == -EEXIST ? "Another service owns the bus name " BH_BUS_NAME
                                                   : "Cannot get the bus name " BH_BUS_NAME);
                return r;
        }
        return 0;
}
