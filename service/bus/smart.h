/* SPDX-License-Identifier: MIT */
#pragma once

#include "bus/exports.h"
#include "inventory.h"
#include "service.h"

/* What org.baluhost.NAS1.Disk has of SMART, and who sees to it that the health of disks is known. Event loop. */

/* Begins to ask disks for their health, and to tell service->disks of it. Errors: those of the event loop. */
int bh_bus_smart_start(BhService *service);

/* Takes in a new inventory. */
void bh_bus_smart_see(BhService *service, const BhInventory *inventory);

/* Something new was learned of a disk's health, or begun on it. */
void bh_bus_smart_changed(BhService *service);

/* Sees to it that there is a job for each test that disks do, whoever started it. */
void bh_bus_selftests_follow(BhService *service);

/* Id of the disk that the object is; owned. */
char *bh_bus_disk_id(const BhExport *object);

/* Methods of Disk; userdata is the BhExport of the object. */
int bh_bus_method_get_smart(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_bus_method_get_smart_history(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_bus_method_refresh_smart(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_bus_method_start_selftest(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_bus_method_abort_selftest(sd_bus_message *m, void *userdata, sd_bus_error *error);
