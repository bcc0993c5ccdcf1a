/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine.h"

/* How the machine is at one moment: a reading, and what has changed since the one before as rates. Immutable, counted references; any thread. NaN: not known. */

typedef struct BhNetworkRates {
        double received, sent; /* bytes/s */
} BhNetworkRates;

typedef struct BhDiskRates {
        double read, written;       /* bytes/s */
        double read_ops, write_ops; /* 1/s */
        double response_usec;       /* mean of those that were completed; NaN also when there were none */
        double busy_percent;
} BhDiskRates;

/* A filesystem that holds files of the NAS. */
typedef struct BhFilesystemUse {
        char *name; /* of the pool; "" the main storage */
        char *pool; /* path of its object; "/" none */
        uint64_t total, used, available;
} BhFilesystemUse;

typedef struct BhSample {
        int references;         /* bh_sample_ref/unref only */
        BhReading *reading;     /* owned */
        uint64_t interval_usec; /* what the rates are taken over; 0 there are none */
        double cpu_percent;
        GArray *cores; /* of double, percent: of each by its number, also of those that are offline, which do nothing */
        GArray *networks;    /* of BhNetworkRates, as the reading's */
        GArray *disks;       /* of BhDiskRates, likewise */
        GArray *filesystems; /* of BhFilesystemUse */
} BhSample;

/* Takes the reading. before: the sample before it; NULL none. filesystems: an array as bh_filesystems_new() makes, of which it takes a reference; it must not change any more. */
BhSample *bh_sample_new(const BhSample *before, BhReading *reading, GArray *filesystems);

BhSample *bh_sample_ref(BhSample *sample);
void bh_sample_unref(BhSample *sample); /* NULL is fine */
void bh_sample_unrefp(BhSample **sample);

/* An empty array of BhFilesystemUse, which owns their strings. */
GArray *bh_filesystems_new(void);
void bh_filesystems_add(GArray *filesystems, const char *name, const char *pool, uint64_t total, uint64_t used,
                        uint64_t available);

/* How much a counter of the kernel has grown. One that is smaller than before has wrapped if it is of 32 bits and was near its end; otherwise it began anew, and false is
 * returned. */
bool bh_counter_delta(uint64_t before, uint64_t now, uint64_t *ret);

/* Bytes/s of all networks that are devices, or when there is none, of all but lo; of all disks. NaN: not known. */
BhNetworkRates bh_sample_all_networks(const BhSample *sample);
BhDiskRates bh_sample_all_disks(const BhSample *sample);
