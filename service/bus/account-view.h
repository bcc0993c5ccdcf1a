/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-bus.h>

#include "account.h"
#include "caller.h"
#include "service.h"

/* Accounts as the bus sees them, see org.baluhost.NAS1.Sessions. Event loop; none of this blocks. */

/* Appends an account as a{sv}. */
int bh_account_append(sd_bus_message *m, BhService *service, const BhAccount *account);

/* Appends a caller who has no account as a{sv}. */
int bh_caller_append(sd_bus_message *m, const BhCaller *caller);
