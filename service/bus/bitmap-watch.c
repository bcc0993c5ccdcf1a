/* SPDX-License-Identifier: MIT */

/* Gives new arrays the bitmap that was wished for, as soon as md lets them have it. */

#include <errno.h>
#include <glib.h>

#include "bitmap-wish.h"
#include "bus/storage.h"
#include "disks.h"
#include "log.h"
#include "macro.h"
#include "udisks.h"

#define RETRY_USEC (UINT64_C(2) * BH_USEC_PER_SEC)

typedef struct Setting {
        BhService *service;
        char *uuid, *name, *object;
        const char *bitmap;
        BhFailure failure;
} Setting;

static int set_work(void *userdata) {
        Setting *setting = userdata;

        return bh_udisks_md_set_bitmap(setting->service->udisks, setting->object, setting->bitmap, &setting->failure);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        BhService *service = userdata;
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(service->disks);

        bh_bus_bitmaps_see(service, topology);
        return 0;
}

/* Nothing need happen that would make us look again. */
static void retry(BhService *service) {
        service->bitmap_source = sd_event_source_disable_unref(service->bitmap_source);
        (void)sd_event_add_time_relative(service->event, &service->bitmap_source, CLOCK_MONOTONIC, RETRY_USEC, 0,
                                         on_retry, service);
}

/* That it was done is seen in the next topology. */
static void set_done(void *userdata, int result) {
        Setting *setting = userdata;
        BhService *service = setting->service;

        service->is_setting_bitmap = false;
        if (result < 0 && result != -ECANCELED) {
                if (bh_bitmap_wishes_fail(service->bitmap_wishes, setting->uuid))
                        bh_log_warning("The bitmap of the array %s could not be made “%s”: %s", setting->name,
                                       setting->bitmap, setting->failure.message ?: "");
                else
                        retry(service);
        }
        bh_failure_clear(&setting->failure);
        g_free(setting->uuid);
        g_free(setting->name);
        g_free(setting->object);
        g_free(setting);
}

void bh_bus_bitmaps_see(BhService *service, const BhTopology *topology) {
        const char *bitmap;
        const BhArray *array =
                service->is_setting_bitmap ? NULL : bh_bitmap_wishes_next(service->bitmap_wishes, topology, &bitmap);
        Setting *setting;

        if (!array)
                return;
        setting = g_new0(Setting, 1);
        *setting =
                (Setting){service, g_strdup(array->uuid), g_strdup(array->name), g_strdup(array->object), bitmap, {}};
        service->is_setting_bitmap = true;
        if (bh_workers_run(service->workers, BH_POOL_STORAGE, set_work, set_done, setting) < 0)
                set_done(setting, -ECANCELED);
}
