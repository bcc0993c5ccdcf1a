/* SPDX-License-Identifier: MIT */

#include "telemetry.h"

#include <errno.h>
#include <math.h>

#include "bus/adapters.h"
#include "bus/call.h"
#include "bus/dictionary.h"
#include "bus/peer.h"
#include "disks.h"
#include "errors.h"

#define INTERFACE BH_BUS_NAME ".Telemetry"

#define WATCHES_OF_PEER_MAX 16u
#define WATCHERS_MAX 256u

struct BhTelemetryWatches {
        BhService *service;
        GHashTable *watchers; /* unique name → GArray of uint64_t: its watches */
        uint64_t last;
};

/* Samples as dictionaries ----------------------------------------------------------------------------------------------------------------- */

static int put_double(sd_bus_message *m, const char *key, double value) {
        return isnan(value) ? 0 : sd_bus_message_append(m, "{sv}", key, "d", value);
}

static int put_t(sd_bus_message *m, const char *key, uint64_t value) {
        return sd_bus_message_append(m, "{sv}", key, "t", value);
}

static int put_s(sd_bus_message *m, const char *key, const char *value) {
        return *value ? sd_bus_message_append(m, "{sv}", key, "s", value) : 0;
}

static int put_doubles(sd_bus_message *m, const char *key, const double *values, size_t n) {
        int r = bh_dictionary_open_list(m, key, "ad");

        for (size_t i = 0; r >= 0 && i < n; i++)
                r = sd_bus_message_append(m, "d", values[i]);
        return r < 0 ? r : bh_dictionary_close_list(m);
}

/* The first error of several, for what is written one after the other. */
static int first_error(const int *results, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (results[i] < 0)
                        return results[i];
        return 0;
}

#define PUT_ALL(...) first_error((const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

static int put_network(sd_bus_message *m, const BhNetworkCounters *network, const BhNetworkRates *rates) {
        return PUT_ALL(
                put_s(m, "name", network->name), put_double(m, "received_rate", rates->received),
                put_double(m, "sent_rate", rates->sent), put_t(m, "received_bytes", network->received),
                put_t(m, "sent_bytes", network->sent),
                sd_bus_message_append(m, "{sv}", "is_up", "b", (int)network->is_up),
                network->speed_mbps > 0 ? sd_bus_message_append(m, "{sv}", "speed_mbps", "u", network->speed_mbps) : 0);
}

/* Where UDisks2 shows the disks of another machine, as in development, names of the kernel mean nothing. */
static const BhDisk *find_disk(const BhService *service, const BhTopology *topology, const char *name) {
        if (!g_str_equal(service->config.sysfs, "/sys"))
                return NULL;
        for (size_t i = 0; i < topology->n_disks; i++)
                if (topology->disks[i].is_present && g_str_equal(topology->disks[i].name, name))
                        return &topology->disks[i];
        return NULL;
}

static int put_disk(sd_bus_message *m, const BhDisk *disk, const BhDiskCounters *counters, const BhDiskRates *rates) {
        const char *model = disk && *disk->model ? disk->model : counters->model;
        const char *serial = disk && *disk->serial ? disk->serial : counters->serial;

        return PUT_ALL(put_s(m, "name", counters->name), put_s(m, "model", model), put_s(m, "serial", serial),
                       sd_bus_message_append(m, "{sv}", "disk", "o", disk ? disk->path : "/"),
                       put_double(m, "read_rate", rates->read), put_double(m, "write_rate", rates->written),
                       put_double(m, "read_ops", rates->read_ops), put_double(m, "write_ops", rates->write_ops),
                       put_double(m, "response_usec", rates->response_usec),
                       put_double(m, "busy_percent", rates->busy_percent),
                       put_t(m, "read_bytes", counters->read_sectors * 512),
                       put_t(m, "written_bytes", counters->written_sectors * 512));
}

static int put_sensor(sd_bus_message *m, const BhSensorValue *sensor) {
        const char *kind = sensor->kind == BH_SENSOR_FAN ? "fan" : "temperature";
        g_autofree char *id = g_strdup_printf("%s/%s/%s", kind, sensor->chip, sensor->label);

        return PUT_ALL(put_s(m, "id", id), put_s(m, "chip", sensor->chip), put_s(m, "label", sensor->label),
                       put_s(m, "kind", kind), put_double(m, "value", sensor->value),
                       put_double(m, "maximum", sensor->maximum), put_double(m, "critical", sensor->critical));
}

static int put_filesystem(sd_bus_message *m, const BhFilesystemUse *use) {
        return PUT_ALL(sd_bus_message_append(m, "{sv}", "name", "s", use->name),
                       sd_bus_message_append(m, "{sv}", "pool", "o", use->pool), put_t(m, "total", use->total),
                       put_t(m, "used", use->used), put_t(m, "available", use->available));
}

typedef struct Putting {
        BhService *service;
        const BhSample *sample;
        BhTopology *topology;
} Putting;

static int put_networks_at(sd_bus_message *m, const Putting *p, unsigned i) {
        return put_network(m, &g_array_index(p->sample->reading->networks, BhNetworkCounters, i),
                           &g_array_index(p->sample->networks, BhNetworkRates, i));
}

static int put_disks_at(sd_bus_message *m, const Putting *p, unsigned i) {
        const BhDiskCounters *counters = &g_array_index(p->sample->reading->disks, BhDiskCounters, i);

        return put_disk(m, find_disk(p->service, p->topology, counters->name), counters,
                        &g_array_index(p->sample->disks, BhDiskRates, i));
}

static int put_sensors_at(sd_bus_message *m, const Putting *p, unsigned i) {
        return put_sensor(m, &g_array_index(p->sample->reading->sensors, BhSensorValue, i));
}

static int put_filesystems_at(sd_bus_message *m, const Putting *p, unsigned i) {
        return put_filesystem(m, &g_array_index(p->sample->filesystems, BhFilesystemUse, i));
}

static int put_list(sd_bus_message *m, const Putting *p, const char *key, unsigned n,
                    int (*put_at)(sd_bus_message *m, const Putting *p, unsigned i)) {
        int r = bh_dictionary_open_list(m, key, "aa{sv}");

        for (unsigned i = 0; r >= 0 && i < n; i++) {
                r = sd_bus_message_open_container(m, 'a', "{sv}");
                if (r >= 0)
                        r = put_at(m, p, i);
                if (r >= 0)
                        r = sd_bus_message_close_container(m);
        }
        return r < 0 ? r : bh_dictionary_close_list(m);
}

static int put_machine(sd_bus_message *m, BhService *service, const BhSample *sample) {
        const BhReading *reading = sample->reading;
        const char *model = bh_telemetry_model(service->telemetry);
        int r;

        r = PUT_ALL(sd_bus_message_append(m, "{sv}", "time_usec", "x", reading->time_usec),
                    put_t(m, "interval_usec", sample->interval_usec), put_double(m, "cpu_percent", sample->cpu_percent),
                    put_doubles(m, "cores", (const double *)(const void *)sample->cores->data, sample->cores->len),
                    put_double(m, "frequency_mhz", reading->frequency_mhz > 0 ? reading->frequency_mhz : (double)NAN),
                    put_s(m, "model", model),
                    reading->uptime_usec > 0 ? put_t(m, "uptime_usec", reading->uptime_usec) : 0);
        if (r >= 0 && reading->has_load)
                r = put_doubles(m, "load", reading->load, G_N_ELEMENTS(reading->load));
        if (r >= 0 && reading->has_memory)
                r = PUT_ALL(put_t(m, "memory_total", reading->memory_total),
                            put_t(m, "memory_used", reading->memory_total - reading->memory_available),
                            put_t(m, "memory_available", reading->memory_available),
                            put_t(m, "swap_total", reading->swap_total),
                            put_t(m, "swap_used", reading->swap_total - reading->swap_free));
        return r;
}

static int put_sample(sd_bus_message *m, BhService *service, const BhSample *sample) {
        _cleanup_(bh_topology_unrefp) BhTopology *topology = bh_disks_get(service->disks);
        const Putting p = {service, sample, topology};
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = put_machine(m, service, sample);
        if (r >= 0)
                r = put_list(m, &p, "network", sample->networks->len, put_networks_at);
        if (r >= 0)
                r = put_list(m, &p, "disks", sample->disks->len, put_disks_at);
        if (r >= 0)
                r = put_list(m, &p, "sensors", sample->reading->sensors->len, put_sensors_at);
        if (r >= 0)
                r = put_list(m, &p, "filesystems", sample->filesystems->len, put_filesystems_at);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* GetCurrent(a{sv} options) → a{sv} now --------------------------------------------------------------------------------------------------- */

typedef struct Current {
        BhSample *sample;
} Current;

static void current_clear(void *data) {
        bh_sample_unref(((Current *)data)->sample);
}

static int current_prepare(BhCall *call, void *data) {
        bh_telemetry_wake(call->service->telemetry);
        return 0;
}

static int current_work(BhCall *call, void *data) {
        ((Current *)data)->sample = bh_telemetry_get(call->service->telemetry);
        return 0;
}

static int current_reply(BhCall *call, void *data, sd_bus_message *reply) {
        return put_sample(reply, call->service, ((Current *)data)->sample);
}

static const BhMethod current_method = {
        .name = "Telemetry.GetCurrent",
        .who = BH_WHO_PEER,
        .size = sizeof(Current),
        .clear = current_clear,
        .prepare = current_prepare,
        .work = current_work,
        .reply = current_reply,
};

static int method_get_current(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &current_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* Watch(a{sv} options) → t watch, Unwatch(t watch, a{sv} options) -------------------------------------------------------------------------- */

typedef struct Watch {
        uint64_t id;
} Watch;

static void watchers_changed(BhTelemetryWatches *watches) {
        bh_telemetry_set_watched(watches->service->telemetry, g_hash_table_size(watches->watchers) > 0);
}

static int watch_prepare(BhCall *call, void *data) {
        BhTelemetryWatches *watches = call->service->telemetry_watches;
        GArray *ids;
        Watch *watch = data;

        if (!call->peer) /* has left already */
                return -ECANCELED;
        ids = g_hash_table_lookup(watches->watchers, call->peer->name);
        if (ids ? ids->len >= WATCHES_OF_PEER_MAX : g_hash_table_size(watches->watchers) >= WATCHERS_MAX)
                return bh_failure_set(&call->failure, -EBUSY, "TooManyRequests",
                                      ids ? "This connection has %u watches already" : "%u connections watch already",
                                      ids ? WATCHES_OF_PEER_MAX : WATCHERS_MAX);
        if (!ids) {
                ids = g_array_new(FALSE, FALSE, sizeof(uint64_t));
                g_hash_table_insert(watches->watchers, g_strdup(call->peer->name), ids);
        }
        watch->id = ++watches->last;
        g_array_append_val(ids, watch->id);
        watchers_changed(watches);
        return 0;
}

static int watch_reply(BhCall *call, void *data, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "t", ((Watch *)data)->id);
}

static int unwatch_prepare(BhCall *call, void *data) {
        BhTelemetryWatches *watches = call->service->telemetry_watches;
        const Watch *watch = data;
        GArray *ids = call->peer ? g_hash_table_lookup(watches->watchers, call->peer->name) : NULL;

        for (unsigned i = 0; ids && i < ids->len; i++) {
                if (g_array_index(ids, uint64_t, i) != watch->id)
                        continue;
                g_array_remove_index(ids, i);
                if (ids->len == 0)
                        g_hash_table_remove(watches->watchers, call->peer->name);
                watchers_changed(watches);
                return 0;
        }
        return bh_failure_set(&call->failure, -ENOENT, NULL, "This connection has no such watch");
}

static const BhMethod watch_method = {
        .name = "Telemetry.Watch",
        .who = BH_WHO_PEER,
        .size = sizeof(Watch),
        .prepare = watch_prepare,
        .reply = watch_reply,
};

static const BhMethod unwatch_method = {
        .name = "Telemetry.Unwatch",
        .who = BH_WHO_PEER,
        .size = sizeof(Watch),
        .prepare = unwatch_prepare,
};

static int method_watch(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &watch_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

static int method_unwatch(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &unwatch_method);
        int r = sd_bus_message_read(m, "t", &((Watch *)call->data)->id);

        return r < 0 ? r : bh_call_read_options_and_start(&call, NULL, 0, error);
}

static void peer_left(const char *name, void *userdata) {
        BhTelemetryWatches *watches = userdata;

        if (g_hash_table_remove(watches->watchers, name))
                watchers_changed(watches);
}

/* A watcher that takes nothing is the bus's business: it keeps only so much for one. */
static void send_to(BhService *service, const char *name, const BhSample *sample) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        int r = sd_bus_message_new_signal(service->bus, &m, BH_ROOT_PATH, INTERFACE, "Sample");

        if (r >= 0)
                r = sd_bus_message_set_destination(m, name);
        if (r >= 0)
                r = put_sample(m, service, sample);
        if (r >= 0)
                (void)sd_bus_send(service->bus, m, NULL);
}

static void on_sample(void *userdata, BhSample *sample) {
        BhTelemetryWatches *watches = userdata;
        GHashTableIter iter;
        gpointer name;

        g_hash_table_iter_init(&iter, watches->watchers);
        while (g_hash_table_iter_next(&iter, &name, NULL))
                send_to(watches->service, name, sample);
}

/* The interface ---------------------------------------------------------------------------------------------------------------------------- */

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("GetCurrent", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("a{sv}", now),
                                method_get_current, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Watch", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("t", watch), method_watch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Unwatch", SD_BUS_ARGS("t", watch, "a{sv}", options), SD_BUS_NO_RESULT, method_unwatch,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("Sample", SD_BUS_ARGS("a{sv}", now), 0),
        SD_BUS_VTABLE_END,
};

static void free_ids(gpointer ids) {
        g_array_unref(ids);
}

int bh_bus_telemetry_add(BhService *service) {
        BhTelemetryWatches *watches = g_new0(BhTelemetryWatches, 1);

        watches->service = service;
        watches->watchers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_ids);
        service->telemetry_watches = watches;
        bh_telemetry_set_listener(service->telemetry, on_sample, watches);
        bh_peers_add_hook(service->peers, peer_left, watches);
        return sd_bus_add_object_vtable(service->bus, NULL, BH_ROOT_PATH, INTERFACE, vtable, service);
}

void bh_bus_telemetry_free(BhTelemetryWatches *watches) {
        if (!watches)
                return;
        g_hash_table_unref(watches->watchers);
        g_free(watches);
}
