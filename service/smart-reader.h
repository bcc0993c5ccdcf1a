/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-event.h>

#include "failure.h"
#include "smart.h"
#include "udisks.h"
#include "worker.h"

/* Asks the disks for their health, one at a time, when it is their turn, and never one that sleeps. */

typedef struct BhSmartReader BhSmartReader;

/* All must outlive it. Errors: those of sd-event. Event loop, as everything here that does not say otherwise. */
int bh_smart_reader_new(BhSmartReader **ret, sd_event *event, BhWorkers *workers, BhUdisks *udisks, BhSmarts *smarts);

/* The workers must have been freed before. NULL is fine. */
void bh_smart_reader_free(BhSmartReader *reader);

/* Whose turn it is may have changed. */
void bh_smart_reader_wake(BhSmartReader *reader);

typedef enum BhSmartHow {
        BH_SMART_GET,        /* what UDisks2 has read already */
        BH_SMART_ASK,        /* asks the disk, unless it sleeps */
        BH_SMART_ASK_ANYWAY, /* wakes it, if need be */
} BhSmartHow;

/* Reads the health of one. *ret is to be cleared. Errors: as verbs of UDisks2's: -EBUSY: the disk sleeps; -ENODATA there is nothing to get. Worker thread. */
int bh_smart_read(BhUdisks *udisks, const char *drive, bool is_nvme, BhSmartHow how, BhSmartReport *ret,
                  BhFailure *failure);

/* NVMe has numbers, of which those that are known become attributes, without a scale of the maker's. ret has room for n_values; returns how many there are. Any thread. */
size_t bh_smart_attributes_of_nvme(const BhUdisksNvmeValue *values, size_t n_values, BhSmartAttribute *ret);
