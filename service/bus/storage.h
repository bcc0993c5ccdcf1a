/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "bus/exports.h"
#include "errors.h"
#include "topology.h"

/* What the adapters of disks, arrays and the storage as a whole share. Event loop only. */

BhExports *bh_bus_disks_new(BhService *service);
BhExports *bh_bus_arrays_new(BhService *service);

/* Shows what is in the topology, which must last until the next one is shown. */
void bh_bus_disks_show(BhExports *exports, const BhTopology *topology);
void bh_bus_arrays_show(BhExports *exports, const BhTopology *topology);

/* Sees to the bitmaps that were wished for. */
void bh_bus_bitmaps_see(BhService *service, const BhTopology *topology);

/* Appends the dictionary of one. */
int bh_bus_disk_append(sd_bus_message *m, const BhDisk *disk);
int bh_bus_array_append(sd_bus_message *m, const BhArray *array);
