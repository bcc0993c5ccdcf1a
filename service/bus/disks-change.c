/* SPDX-License-Identifier: MIT */

#include "bus/disks-change.h"

void bh_disks_call_clear(void *data) {
        bh_disks_change_clear(&((BhDisksCall *)data)->change);
}

int bh_disks_call_prepare(BhCall *call, void *data) {
        BhDisksCall *disks_call = data;

        return disks_call->steps->begin(call->service->disks, &disks_call->change, &call->failure);
}

int bh_disks_call_work(BhCall *call, void *data) {
        BhDisksCall *disks_call = data;

        return disks_call->steps->write(call->service->disks, &call->caller, &disks_call->change);
}

void bh_disks_call_end(BhCall *call, void *data) {
        BhDisksCall *disks_call = data;

        disks_call->steps->end(call->service->disks, &disks_call->change);
}

BhCall *bh_disks_call_new(const BhExport *object, sd_bus_message *m, const BhMethod *method,
                          const BhDisksSteps *steps) {
        BhCall *call = bh_call_new(object->service, m, method);
        BhDisksCall *disks_call = call->data;

        disks_call->change.path = g_strdup(object->path);
        disks_call->steps = steps;
        return call;
}
