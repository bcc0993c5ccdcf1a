/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-bus.h>

/* The methods of org.baluhost.NAS1.Storage and Array that change something, by the file that they are in; userdata is the BhService. For the tables of those interfaces. */

/* storage-plan.c */
int bh_storage_method_compare_levels(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_storage_method_simulate_failure(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_storage_method_plan_array(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_storage_method_plan_format(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_storage_method_plan_delete(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_storage_method_plan_add(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_storage_method_plan_repair(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_storage_method_apply(sd_bus_message *m, void *userdata, sd_bus_error *error);

/* array-verbs.c; the array is the object that the message is for */
int bh_array_method_repair(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_array_method_add_spare(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_array_method_remove_member(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_array_method_scrub(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_array_method_set_bitmap(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_array_method_start(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_array_method_stop(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_array_method_grow(sd_bus_message *m, void *userdata, sd_bus_error *error);
