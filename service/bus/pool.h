/* SPDX-License-Identifier: MIT */
#pragma once

#include "bus/exports.h"
#include "pools.h"

/* Pools on the bus. Event loop only. */

BhExports *bh_bus_pools_new(BhService *service);

/* Shows what is listed, which must last until the next list is shown. */
void bh_bus_pools_show(BhExports *exports, const BhPools *pools);

/* Methods of org.baluhost.NAS1.Storage that are about pools. */
int bh_storage_method_list_pools(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bh_storage_method_adopt(sd_bus_message *m, void *userdata, sd_bus_error *error);
