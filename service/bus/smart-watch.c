/* SPDX-License-Identifier: MIT */

#include "bus/job.h"
#include "bus/smart.h"
#include "disks.h"
#include "smart-reader.h"

/* Between what UDisks2 shows, who asks disks for their health, and who wants to know of it. */

void bh_bus_smart_changed(BhService *service) {
        bh_bus_selftests_follow(service);
        bh_jobs_observe(service->jobs);
        bh_disks_refresh(service->disks);
        bh_smart_reader_wake(service->smart_reader);
}

static void on_health(const char *disk_id, void *userdata) {
        bh_bus_smart_changed(userdata);
}

int bh_bus_smart_start(BhService *service) {
        int r;

        r = bh_smart_reader_new(&service->smart_reader, service->event, service->workers, service->udisks,
                                service->smarts);
        if (r < 0)
                return r;
        bh_smarts_set_listener(service->smarts, on_health, service);
        bh_disks_set_judge(service->disks, bh_smarts_judge, service->smarts);
        return 0;
}

void bh_bus_smart_see(BhService *service, const BhInventory *inventory) {
        char **ids;

        if (!inventory->is_available)
                return;
        ids = bh_disk_ids_new(inventory);
        bh_smarts_see(service->smarts, inventory, ids);
        bh_disk_ids_free(ids, inventory->n_drives);
        bh_bus_selftests_follow(service);
        bh_smart_reader_wake(service->smart_reader);
}
