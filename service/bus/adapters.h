/* SPDX-License-Identifier: MIT */
#pragma once

#include "service.h"

/* What every adapter offers: putting its interface on the bus, at BH_ROOT_PATH. Called once, before the name is taken. Errors: those of the bus. */

int bh_bus_manager_add(BhService *service);
int bh_bus_sessions_add(BhService *service);
int bh_bus_users_add(BhService *service);
int bh_bus_files_add(BhService *service);
int bh_bus_notifications_add(BhService *service); /* and what sends them */
int bh_bus_uploads_add(BhService *service);       /* below BH_ROOT_PATH */
int bh_bus_storage_add(BhService *service);       /* and disks and arrays, below BH_ROOT_PATH */

/* Makes a job of every sync that runs. */
void bh_bus_syncs_watch(BhService *service);

/* NULL is fine. */
void bh_bus_storage_free(BhStorageObjects *objects);
int bh_bus_alerts_add(BhService *service); /* likewise */
int bh_bus_audit_add(BhService *service);
int bh_bus_telemetry_add(BhService *service);

/* NULL is fine. */
void bh_bus_telemetry_free(BhTelemetryWatches *watches);

/* Methods of the Manager that are written down with what they are about. */
int bh_bus_method_list_jobs(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_bus_method_list_alerts(sd_bus_message *m, void *userdata, sd_bus_error *error);

/* Says that SetupRequired or State of the Manager have changed. */
void bh_bus_manager_emit_changed(BhService *service, const char *property);
