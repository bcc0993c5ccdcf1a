/* SPDX-License-Identifier: MIT */
#pragma once

#include "bus/call.h"
#include "bus/exports.h"
#include "disks.h"

/* Methods of disks and arrays that change what is remembered of them, in the steps of disks.h. */

typedef struct BhDisksSteps {
        int (*begin)(BhDisks *disks, BhDisksChange *change, BhFailure *failure);
        int (*write)(BhDisks *disks, const BhCaller *caller, BhDisksChange *change);
        void (*end)(BhDisks *disks, const BhDisksChange *change);
} BhDisksSteps;

/* Data of their calls. */
typedef struct BhDisksCall {
        BhDisksChange change;
        const BhDisksSteps *steps;
} BhDisksCall;

/* What such a BhMethod has in common. */
void bh_disks_call_clear(void *data);
int bh_disks_call_prepare(BhCall *call, void *data);
int bh_disks_call_work(BhCall *call, void *data);
void bh_disks_call_end(BhCall *call, void *data);

#define BH_DISKS_CALL                                                                                                  \
        .who = BH_WHO_ADMIN, .size = sizeof(BhDisksCall), .clear = bh_disks_call_clear,                                \
        .prepare = bh_disks_call_prepare, .work = bh_disks_call_work, .end = bh_disks_call_end

/* A call of the method, on that object. */
BhCall *bh_disks_call_new(const BhExport *object, sd_bus_message *m, const BhMethod *method, const BhDisksSteps *steps);
