/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-bus.h>

#include "plan.h"

/* A plan as the dictionary a{sv} that dbus/org.baluhost.NAS1.Storage.xml describes. Returns 0 or more, or a negative errno. Event loop. */
int bh_plan_append(sd_bus_message *m, const BhPlan *plan);
