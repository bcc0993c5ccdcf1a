/* SPDX-License-Identifier: MIT */

#include "bus/smart.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "bus/call.h"
#include "bus/exports.h"
#include "bus/polkit.h"
#include "smart-history.h"
#include "smart-reader.h"

/* What disks say of their health, and how that was before. */

/* GetSmart(a{sv} options) → aa{sv} attributes ----------------------------------------------------------------------------------------------- */

typedef struct Get {
        char *disk_id;
} Get;

static void get_clear(void *data) {
        g_free(((Get *)data)->disk_id);
}

char *bh_bus_disk_id(const BhExport *object) {
        return g_strdup(strrchr(object->path, '/') + 1);
}

static int get_prepare(BhCall *call, void *data) {
        const char *disk_id = ((Get *)data)->disk_id, *drive;
        const BhSmarts *smarts = call->service->smarts;
        const BhSmartReading *reading = bh_smarts_get_reading(smarts, disk_id);
        bool is_nvme;
        int r;

        if (reading && reading->n_attributes > 0)
                return 0;
        r = bh_smarts_find_drive(smarts, disk_id, &drive, &is_nvme, &call->failure);
        return r < 0 ? r : bh_failure_set(&call->failure, -ENODEV, NULL, "The health was not read yet");
}

static int append_attribute(sd_bus_message *m, const BhSmartReading *reading, const BhSmartAttribute *attribute,
                            const BhSmartSeries *series) {
        const BhSmartMeaning *meaning = bh_smart_meaning(reading->is_nvme, attribute->id);
        g_autofree char *text = bh_smart_raw_to_text(meaning, attribute->raw), *trend = NULL;
        BhSmartStatus status;

        status = bh_smart_judge_attribute(reading->is_nvme, attribute, series, &trend);
        return sd_bus_message_append(m, "a{sv}", 11, "id", "y", attribute->id, "name", "s", meaning->name, "title", "s",
                                     meaning->title, "value", "i", attribute->value, "worst", "i", attribute->worst,
                                     "threshold", "i", attribute->threshold, "raw", "t", attribute->raw, "text", "s",
                                     text, "status", "s", bh_smart_status_to_string(status), "prefailure", "b",
                                     (int)attribute->is_prefailure, "trend", "s", trend);
}

static int get_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const char *disk_id = ((Get *)data)->disk_id;
        const BhSmarts *smarts = call->service->smarts;
        const BhSmartReading *reading = bh_smarts_get_reading(smarts, disk_id);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < reading->n_attributes; i++) {
                BhSmartSeries series;
                bool is_known = bh_smarts_get_series(smarts, disk_id, reading->attributes[i].id, &series);

                r = append_attribute(reply, reading, &reading->attributes[i], is_known ? &series : NULL);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const BhMethod get_method = {
        .name = "Disk.GetSmart",
        .who = BH_WHO_PEER,
        .size = sizeof(Get),
        .clear = get_clear,
        .prepare = get_prepare,
        .reply = get_reply,
};

int bh_bus_method_get_smart(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const BhExport *object = userdata;
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(object->service, m, &get_method);

        ((Get *)call->data)->disk_id = bh_bus_disk_id(object);
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* GetSmartHistory(y attribute, a{sv} options) → a(xt) samples ------------------------------------------------------------------------------- */

typedef struct History {
        char *disk_id;
        uint8_t attribute;
        int64_t from_usec, to_usec;
        BhSmartSample *samples;
        size_t n_samples;
} History;

static void history_clear(void *data) {
        History *history = data;

        g_free(history->disk_id);
        g_free(history->samples);
}

static int history_prepare(BhCall *call, void *data) {
        const History *history = data;

        if (history->from_usec > history->to_usec)
                return bh_failure_set(&call->failure, -EINVAL, NULL, "The option “from_usec” is later than “to_usec”");
        return 0;
}

static int history_work(BhCall *call, void *data) {
        History *history = data;
        int r;

        r = bh_smart_history_read(call->service->database, history->disk_id, history->attribute, history->from_usec,
                                  history->to_usec, &history->samples, &history->n_samples);
        return r < 0 ? bh_call_fail(call, r, "Cannot read the history of the disk") : 0;
}

static int history_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const History *history = data;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(xt)");
        for (size_t i = 0; r >= 0 && i < history->n_samples; i++)
                r = sd_bus_message_append(reply, "(xt)", history->samples[i].time_usec, history->samples[i].value);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const BhMethod history_method = {
        .name = "Disk.GetSmartHistory",
        .who = BH_WHO_PEER,
        .size = sizeof(History),
        .clear = history_clear,
        .prepare = history_prepare,
        .work = history_work,
        .reply = history_reply,
};

int bh_bus_method_get_smart_history(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const BhExport *object = userdata;
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(object->service, m, &history_method);
        History *history = call->data;
        const BhOption options[] = {{"from_usec", 'x', &history->from_usec, NULL, 0},
                                    {"to_usec", 'x', &history->to_usec, NULL, 0}};
        int r;

        history->disk_id = bh_bus_disk_id(object);
        history->from_usec = g_get_real_time() - BH_SMART_HISTORY_USEC;
        history->to_usec = INT64_MAX;
        r = sd_bus_message_read_basic(m, 'y', &history->attribute);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* RefreshSmart(a{sv} options) --------------------------------------------------------------------------------------------------------------- */

typedef struct Refresh {
        char *disk_id, *drive;
        bool is_nvme, wake;
        BhSmartReport report;
} Refresh;

static void refresh_clear(void *data) {
        Refresh *refresh = data;

        g_free(refresh->disk_id);
        g_free(refresh->drive);
        bh_smart_report_clear(&refresh->report);
}

static int refresh_prepare(BhCall *call, void *data) {
        Refresh *refresh = data;
        const char *drive;
        int r;

        r = bh_smarts_find_drive(call->service->smarts, refresh->disk_id, &drive, &refresh->is_nvme, &call->failure);
        if (r >= 0)
                refresh->drive = g_strdup(drive);
        return r;
}

static int refresh_work(BhCall *call, void *data) {
        Refresh *refresh = data;

        return bh_smart_read(call->service->udisks, refresh->drive, refresh->is_nvme,
                             refresh->wake ? BH_SMART_ASK_ANYWAY : BH_SMART_ASK, &refresh->report, &call->failure);
}

static void refresh_done(BhCall *call, void *data) {
        const Refresh *refresh = data;

        bh_smarts_take(call->service->smarts, refresh->disk_id, &refresh->report);
}

static const BhMethod refresh_method = {
        .name = "Disk.RefreshSmart",
        .who = BH_WHO_ADMIN,
        .action = BH_POLKIT_SMART_TEST,
        .pool = BH_POOL_STORAGE,
        .size = sizeof(Refresh),
        .clear = refresh_clear,
        .prepare = refresh_prepare,
        .work = refresh_work,
        .done = refresh_done,
};

int bh_bus_method_refresh_smart(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const BhExport *object = userdata;
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(object->service, m, &refresh_method);
        Refresh *refresh = call->data;
        const BhOption options[] = {{"wake", 'b', &refresh->wake, NULL, 0}};

        refresh->disk_id = bh_bus_disk_id(object);
        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}
