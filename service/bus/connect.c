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
                bh_bus_manager_add, bh_bus_sessions_add, bh_bus_users_add,   bh_bus_files_add,
                bh_bus_uploads_add, bh_bus_alerts_add,   bh_bus_storage_add,
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

/* After the objects were put on the bus: what an alert is about is there before the alert is. */
static int watch_alerts(BhService *service) {
        const BhAlertWatchParts parts = {
                .event = service->event,
                .workers = service->workers,
                .alerts = service->alerts,
                .disks = service->disks,
                .files = service->files,
                .config = {(double)service->config.temperature_limit, (double)service->config.temperature_limit_solid},
        };

        return bh_alert_watch_new(&service->alert_watch, &parts);
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
