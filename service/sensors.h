/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Temperatures and fans that the kernel's hwmon shows. Those of disks (drivetemp) are not asked: that can keep a disk from falling asleep, and smart-reader asks it anyway,
 * as seldom as it should. */

typedef struct BhSensors BhSensors;

/* sysfs: where that is mounted. Never fails. */
BhSensors *bh_sensors_new(const char *sysfs);

/* NULL is fine. */
void bh_sensors_free(BhSensors *sensors);

/* Appends BhSensorValue (machine.h) of all that say something sensible at this moment, at most BH_MACHINE_SENSORS_MAX. now_usec, monotonic: which there are is looked for once a
 * minute. One thread at a time. May block for as long as a driver does. */
void bh_sensors_read(BhSensors *sensors, int64_t now_usec, GArray *values);
