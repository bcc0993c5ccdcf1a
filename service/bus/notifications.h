/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "alert.h"
#include "service.h"

/* Tells whoever wants to be told about alerts. Event loop. */
void bh_bus_notifications_tell_alert(BhService *service, const BhAlert *alert, bool is_over);
