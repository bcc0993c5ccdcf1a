/* SPDX-License-Identifier: MIT */
#include "disk-status.h"

#include "call.h"
#include "disk-lists.h"
#include "reply.h"

#include "../dbus/errors.h"

#include <string.h>

#define HUNDREDTH_OF_GB 10000000U

static void member_uint(yajl_gen json, const char *name, guint64 number) {
        bh_json_string(json, name);
        bh_json_uint(json, number);
}

static void member_bool(yajl_gen json, const char *name, gboolean flag) {
        bh_json_string(json, name);
        yajl_gen_bool(json, flag);
}

static void member_null(yajl_gen json, const char *name) {
        bh_json_string(json, name);
        yajl_gen_null(json);
}

/* A member of @dictionary under the name that 0.1 has for it. */
static void member_text(yajl_gen json, const char *name, GVariant *dictionary, const char *key) {
        bh_json_member(json, name, bh_dictionary_text(dictionary, key));
}

/* Calls @write for each dictionary of @list, as members of an object of their own. */
static void write_objects(yajl_gen json, const char *name, GVariant *list,
                          void (*write)(yajl_gen, GVariant *, gpointer), gpointer data) {
        GVariantIter iter;
        GVariant *item;

        bh_json_string(json, name);
        yajl_gen_array_open(json);
        g_variant_iter_init(&iter, list);
        while ((item = g_variant_iter_next_value(&iter))) {
                yajl_gen_map_open(json);
                write(json, item, data);
                yajl_gen_map_close(json);
                g_variant_unref(item);
        }
        yajl_gen_array_close(json);
}

static void send(BhRequest *request, yajl_gen json) {
        g_autoptr(GBytes) text = bh_json_finish(json);

        bh_reply_json(request, 200, text);
}

/* --- GET /api/storage: with the kernel's limits of the speed of a sync, when there are any; GET /api/system/raid/status has them too --- */

typedef struct {
        BhRequest *request;
        BhDiskLists *lists; /* NULL for GET /api/storage */
        GVariant *limits;   /* (tt), NULL: not known */
} Status;

static void status_free(Status *status) {
        g_clear_pointer(&status->limits, g_variant_unref);
        if (status->lists)
                bh_disk_lists_free(status->lists);
        bh_request_unref(status->request);
        g_free(status);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Status, status_free)

/* In KiB a second for 0.1, as the kernel has them; in bytes for us. */
static void write_limits(yajl_gen json, GVariant *limits, guint64 unit) {
        guint64 minimum, maximum;

        bh_json_string(json, "speed_limits");
        if (!limits) {
                yajl_gen_null(json);
                return;
        }
        g_variant_get(limits, "(tt)", &minimum, &maximum);
        yajl_gen_map_open(json);
        member_uint(json, "minimum", minimum / unit);
        member_uint(json, "maximum", maximum / unit);
        yajl_gen_map_close(json);
}

/* Whether the limits are known: without them there is no answer only if who asks may not. */
static gboolean limits_answered(Status *status, GAsyncResult *result) {
        g_autoptr(GError) error = NULL;
        g_auto(BhFailure) failure = {};

        status->limits = bh_bus_call_finish(result, NULL, &error);
        if (status->limits)
                return TRUE;
        bh_failure_from_error(error, &failure);
        if (failure.status >= 500)
                return TRUE;
        bh_reply_failure(status->request, &failure);
        return FALSE;
}

static void ask_for_limits(Status *status, GAsyncReadyCallback callback) {
        bh_bus_call(status->request->server->bus, NULL, "Storage", "GetSpeedLimits",
                    g_variant_new("(@a{sv})", bh_call_options(status->request)), "(tt)", BH_CALL_TIMEOUT_MS, callback,
                    status);
}

static void state_answered(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(Status) status = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, NULL, &error);
        static const char *const names[][2] = {{"Available", "available"},
                                               {"Problem", "problem"},
                                               {"Features", "features"},
                                               {"Filesystems", "filesystems"}};
        g_autoptr(GVariant) properties = NULL;
        g_auto(yajl_gen) json = NULL;

        if (!reply) {
                bh_reply_dbus_error(status->request, error);
                return;
        }
        properties = g_variant_get_child_value(reply, 0);
        json = bh_json_new();
        yajl_gen_map_open(json);
        for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autoptr(GVariant) value = g_variant_lookup_value(properties, names[i][0], NULL);

                if (value)
                        bh_json_variant_member(json, names[i][1], value);
        }
        write_limits(json, status->limits, 1);
        yajl_gen_map_close(json);
        send(status->request, json);
}

static void state_limits_answered(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(Status) status = data;
        BhServer *server = status->request->server;

        if (!limits_answered(status, result))
                return;
        bh_bus_call(server->bus, NULL, "org.freedesktop.DBus.Properties", "GetAll",
                    g_variant_new("(s)", BH_BUS_NAME ".Storage"), "(a{sv})", BH_CALL_TIMEOUT_MS, state_answered,
                    g_steal_pointer(&status));
}

void bh_storage_state(BhRequest *request) {
        Status *status = g_new0(Status, 1);

        status->request = bh_request_ref(request);
        bh_request_pause(request);
        ask_for_limits(status, state_limits_answered);
}

/* --- GET /api/storage/disks/{disk_id} and the like --- */

static const struct {
        const char *folder;
        BhList list;
        const char *absent;
} kinds[] = {
        {"disks/", BH_LIST_DISKS, "Disk not found"},
        {"arrays/", BH_LIST_ARRAYS, "Array not found"},
        {"pools/", BH_LIST_POOLS, "Pool not found"},
};

static guint kind_of(BhRequest *request) {
        guint kind = 0;

        while (!g_str_has_prefix(request->route->object, kinds[kind].folder))
                kind++;
        return kind;
}

static void object_listed(BhDiskLists *data) {
        g_autoptr(BhDiskLists) lists = data;
        BhRequest *request = lists->request;
        guint kind = kind_of(request);
        g_autofree char *object = bh_object_from_template(request->route->object, request->path);
        g_autofree char *path = g_strconcat(BH_ROOT_PATH "/", object, NULL);
        g_autoptr(GVariant) item = object ? bh_disk_list_find(lists->lists[kinds[kind].list], "path", path) : NULL;
        g_auto(yajl_gen) json = NULL;

        if (!item) {
                bh_reply_error(request, 404, kinds[kind].absent);
                return;
        }
        json = bh_json_new();
        bh_json_value(json, "", item);
        send(request, json);
}

void bh_storage_object(BhRequest *request) {
        bh_disk_lists_fetch(request, 1U << kinds[kind_of(request)].list, object_listed);
}

/* --- GET /api/system/raid/status --- */

static const struct {
        const char *state, *status, *legacy;
} states[] = {
        {"optimal", "optimal", "healthy"},
        {"checking", "optimal", "healthy"},
        {"degraded", "degraded", "degraded"},
        {"rebuilding", "rebuilding", "rebuilding"},
};

static void write_states(yajl_gen json, const char *state) {
        const char *status = "inactive", *legacy = "inactive";

        for (guint i = 0; i < G_N_ELEMENTS(states); i++)
                if (g_str_equal(states[i].state, state)) {
                        status = states[i].status;
                        legacy = states[i].legacy;
                }
        bh_json_member(json, "status", status);
        bh_json_member(json, "state", legacy);
}

static void write_member(yajl_gen json, GVariant *member, gpointer data) {
        const char *state = bh_dictionary_text(member, "state");

        member_text(json, "name", member, "name");
        bh_json_member(json, "state", g_str_equal(state, "missing") ? "removed" : state);
        member_text(json, "model", member, "model");
        member_text(json, "serial", member, "serial");
}

static void write_array(yajl_gen json, GVariant *array, gpointer data) {
        g_autoptr(GVariant) members = g_variant_lookup_value(array, "members", G_VARIANT_TYPE("aa{sv}"));
        const char *action = bh_dictionary_text(array, "sync_action");
        guint64 size = bh_dictionary_number(array, "size");
        gdouble progress = 0;

        member_text(json, "name", array, "name");
        member_text(json, "level", array, "level");
        member_uint(json, "size_bytes", size);
        bh_json_string(json, "size_gb");
        bh_json_double(json, (double)((size + HUNDREDTH_OF_GB / 2) / HUNDREDTH_OF_GB) / 100);
        write_states(json, bh_dictionary_text(array, "state"));
        if (members)
                write_objects(json, "devices", members, write_member, NULL);
        bh_json_string(json, "resync_progress");
        if (*action && !g_str_equal(action, "idle") && g_variant_lookup(array, "sync_progress", "d", &progress))
                bh_json_double(json, progress);
        else
                yajl_gen_null(json);
        member_text(json, "bitmap", array, "bitmap");
        member_text(json, "sync_action", array, "sync_action");
}

static void raid_limits_answered(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(Status) status = data;
        g_auto(yajl_gen) json = NULL;

        if (!limits_answered(status, result))
                return;
        json = bh_json_new();
        yajl_gen_map_open(json);
        write_objects(json, "arrays", status->lists->lists[BH_LIST_ARRAYS], write_array, NULL);
        write_limits(json, status->limits, 1024);
        yajl_gen_map_close(json);
        send(status->request, json);
}

static void raid_listed(BhDiskLists *lists) {
        Status *status = g_new0(Status, 1);

        status->request = bh_request_ref(lists->request);
        status->lists = lists;
        ask_for_limits(status, raid_limits_answered);
}

void bh_raid_status(BhRequest *request) {
        bh_disk_lists_fetch(request, 1U << BH_LIST_ARRAYS, raid_listed);
}

/* --- GET /api/system/raid/available-disks --- */

static void write_partitions(yajl_gen json, GVariant *disk) {
        g_autoptr(GVariant) partitions = g_variant_lookup_value(disk, "partitions", G_VARIANT_TYPE_STRING_ARRAY);

        member_bool(json, "is_partitioned", partitions && g_variant_n_children(partitions) > 0);
        if (partitions)
                bh_json_variant_member(json, "partitions", partitions);
}

static void write_available_disk(yajl_gen json, GVariant *disk, gpointer data) {
        const char *usage = bh_dictionary_text(disk, "usage");

        member_text(json, "name", disk, "name");
        member_uint(json, "size_bytes", bh_dictionary_number(disk, "size"));
        member_text(json, "model", disk, "model");
        member_text(json, "serial", disk, "serial");
        write_partitions(json, disk);
        member_bool(json, "in_raid", g_str_equal(usage, "array"));
        member_bool(json, "is_os_disk", g_str_equal(usage, "system"));
        member_text(json, "contents", disk, "contents");
}

static GVariant *present_disks(GVariant *disks) {
        g_auto(GVariantBuilder) present = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
        GVariantIter iter;
        GVariant *disk;

        g_variant_iter_init(&iter, disks);
        while ((disk = g_variant_iter_next_value(&iter))) {
                if (bh_dictionary_flag(disk, "present"))
                        g_variant_builder_add_value(&present, disk);
                g_variant_unref(disk);
        }
        return g_variant_ref_sink(g_variant_builder_end(&present));
}

static void available_listed(BhDiskLists *data) {
        g_autoptr(BhDiskLists) lists = data;
        g_autoptr(GVariant) disks = present_disks(lists->lists[BH_LIST_DISKS]);
        g_auto(yajl_gen) json = bh_json_new();

        yajl_gen_map_open(json);
        write_objects(json, "disks", disks, write_available_disk, NULL);
        yajl_gen_map_close(json);
        send(lists->request, json);
}

/* Who may compare levels may see what to compare them for; that there is nothing to compare is of no interest. */
static void comparison_answered(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(BhRequest) request = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, NULL, &error);
        g_auto(BhFailure) failure = {};

        if (!reply)
                bh_failure_from_error(error, &failure);
        if (failure.status == 401 || failure.status == 403 || failure.status >= 500)
                bh_reply_failure(request, &failure);
        else
                bh_disk_lists_fetch(request, 1U << BH_LIST_DISKS, available_listed);
}

void bh_raid_available_disks(BhRequest *request) {
        bh_request_pause(request);
        bh_call(request->server, NULL, "Storage", "CompareLevels",
                g_variant_new("(@ao@a{sv})", g_variant_new_array(G_VARIANT_TYPE_OBJECT_PATH, NULL, 0),
                              bh_call_options(request)),
                comparison_answered, bh_request_ref(request));
}

/* --- GET /api/system/smart/status: the attributes of one disk after the other --- */

typedef struct {
        BhDiskLists *lists;
        GVariant *disks;       /* those that are present */
        GPtrArray *attributes; /* of each so far; NULL where there are none */
} Smart;

static void attributes_free(gpointer data) {
        if (data)
                g_variant_unref(data);
}

static void smart_free(Smart *smart) {
        g_variant_unref(smart->disks);
        g_ptr_array_unref(smart->attributes);
        bh_disk_lists_free(smart->lists);
        g_free(smart);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Smart, smart_free)

static void write_attribute(yajl_gen json, GVariant *attribute, gpointer data) {
        static const char *const kept[] = {"id", "name", "value", "worst", "threshold", "raw"};

        for (guint i = 0; i < G_N_ELEMENTS(kept); i++) {
                g_autoptr(GVariant) value = g_variant_lookup_value(attribute, kept[i], NULL);

                if (value)
                        bh_json_variant_member(json, kept[i], value);
        }
        bh_json_member(json, "status",
                       g_str_equal(bh_dictionary_text(attribute, "status"), "failing") ? "FAILING" : "OK");
}

/* The space of the pool that the disk is part of. */
static void write_disk_space(yajl_gen json, BhDiskLists *lists, GVariant *disk) {
        const char *object = bh_dictionary_text(disk, "pool");
        gboolean has_pool =
                *object &&
                !g_str_equal(object,
                             "/"); /* "/" is what the main storage is called, which is on no disk that is known */
        g_autoptr(GVariant) pool = has_pool ? bh_disk_list_find(lists->lists[BH_LIST_POOLS], "path", object) : NULL;
        guint64 size = pool ? bh_dictionary_number(pool, "size") : 0;

        if (size == 0) {
                member_null(json, "used_bytes");
                member_null(json, "used_percent");
                member_null(json, "mount_point");
                return;
        }
        member_uint(json, "used_bytes", bh_dictionary_number(pool, "used"));
        bh_json_string(json, "used_percent");
        bh_json_double(json, 100.0 * bh_dictionary_number(pool, "used") / size);
        member_text(json, "mount_point", pool, "mount_point");
}

static void write_smart_disk(yajl_gen json, GVariant *disk, gpointer data) {
        Smart *smart = data;
        g_autofree char *status = g_ascii_strup(bh_dictionary_text(disk, "smart_status"), -1);
        g_autoptr(GVariant) attributes = g_ptr_array_steal_index(smart->attributes, 0);
        gdouble temperature;

        member_text(json, "name", disk, "name");
        member_text(json, "model", disk, "model");
        member_text(json, "serial", disk, "serial");
        bh_json_string(json, "temperature");
        if (g_variant_lookup(disk, "temperature", "d", &temperature))
                bh_json_double(json, temperature);
        else
                yajl_gen_null(json);
        bh_json_member(json, "status",
                       g_str_equal(status, "PASSED") || g_str_equal(status, "FAILED") ? status : "UNKNOWN");
        member_uint(json, "capacity_bytes", bh_dictionary_number(disk, "size"));
        write_disk_space(json, smart->lists, disk);
        member_uint(json, "power_on_hours", bh_dictionary_number(disk, "power_on_hours"));
        if (attributes)
                write_objects(json, "attributes", attributes, write_attribute, NULL);
        else {
                bh_json_string(json, "attributes");
                yajl_gen_array_open(json);
                yajl_gen_array_close(json);
        }
}

static gint64 last_update(GVariant *disks) {
        GVariantIter iter;
        GVariant *disk;
        gint64 last = 0;

        g_variant_iter_init(&iter, disks);
        while ((disk = g_variant_iter_next_value(&iter))) {
                gint64 updated = 0;

                g_variant_lookup(disk, "smart_updated_usec", "x", &updated);
                last = MAX(last, updated);
                g_variant_unref(disk);
        }
        return last;
}

static void smart_end(Smart *smart) {
        g_auto(yajl_gen) json = bh_json_new();

        yajl_gen_map_open(json);
        bh_json_string(json, "checked_at");
        bh_json_time(json, last_update(smart->disks));
        write_objects(json, "devices", smart->disks, write_smart_disk, smart);
        yajl_gen_map_close(json);
        send(smart->lists->request, json);
        smart_free(smart);
}

static void smart_next(Smart *smart);

/* A disk that has no values, or has gone meanwhile, has no attributes; the others have. */
static void smart_answered(GObject *source, GAsyncResult *result, gpointer data) {
        Smart *smart = data;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, NULL, NULL);

        g_ptr_array_add(smart->attributes, reply ? g_variant_get_child_value(reply, 0) : NULL);
        smart_next(smart);
}

static void smart_next(Smart *smart) {
        g_autoptr(GVariant) disk = NULL;

        if (smart->attributes->len == g_variant_n_children(smart->disks)) {
                smart_end(smart);
                return;
        }
        disk = g_variant_get_child_value(smart->disks, smart->attributes->len);
        bh_bus_call(smart->lists->request->server->bus, bh_dictionary_text(disk, "path") + strlen(BH_ROOT_PATH "/"),
                    "Disk", "GetSmart", g_variant_new("(@a{sv})", bh_call_options(smart->lists->request)), "(aa{sv})",
                    BH_CALL_TIMEOUT_MS, smart_answered, smart);
}

static void smart_listed(BhDiskLists *lists) {
        Smart *smart = g_new0(Smart, 1);

        smart->lists = lists;
        smart->disks = present_disks(lists->lists[BH_LIST_DISKS]);
        smart->attributes = g_ptr_array_new_with_free_func(attributes_free);
        smart_next(smart);
}

void bh_smart_status(BhRequest *request) {
        bh_disk_lists_fetch(request, 1U << BH_LIST_DISKS | 1U << BH_LIST_POOLS, smart_listed);
}

/* --- GET /api/files/mountpoints --- */

static void write_mountpoint(yajl_gen json, GVariant *pool, gpointer data) {
        const char *name = bh_dictionary_text(pool, "name"), *level = bh_dictionary_text(pool, "level"), *type = "disk";
        const char *state = bh_dictionary_text(pool, "state");
        guint64 size = bh_dictionary_number(pool, "size");

        if (!*name)
                type = "dev-storage";
        else if (*level)
                type = "raid";
        bh_json_member(json, "id", *name ? bh_dictionary_text(pool, "uuid") : "storage");
        bh_json_member(json, "name", *name ? name : "Storage");
        bh_json_member(json, "type", type);
        bh_json_member(json, "path", name);
        member_uint(json, "size_bytes", size);
        member_uint(json, "used_bytes", bh_dictionary_number(pool, "used"));
        member_uint(json, "available_bytes", bh_dictionary_number(pool, "free"));
        bh_json_member(json, "raid_level", *level ? level : NULL);
        bh_json_member(json, "status", g_str_equal(state, "ready") ? "optimal" : state);
        member_bool(json, "is_default", bh_dictionary_flag(pool, "is_default"));
}

static void mountpoints_listed(BhDiskLists *data) {
        g_autoptr(BhDiskLists) lists = data;
        GVariantIter iter;
        GVariant *pool;
        const char *chosen = "";
        g_auto(yajl_gen) json = bh_json_new();

        g_variant_iter_init(&iter, lists->lists[BH_LIST_POOLS]);
        while ((pool = g_variant_iter_next_value(&iter))) {
                if (bh_dictionary_flag(pool, "is_default"))
                        chosen = bh_dictionary_text(pool, "name"); /* of the list, which lasts */
                g_variant_unref(pool);
        }
        yajl_gen_map_open(json);
        write_objects(json, "mountpoints", lists->lists[BH_LIST_POOLS], write_mountpoint, NULL);
        bh_json_member(json, "default_mountpoint", chosen);
        yajl_gen_map_close(json);
        send(lists->request, json);
}

void bh_mountpoints(BhRequest *request) {
        bh_disk_lists_fetch(request, 1U << BH_LIST_POOLS, mountpoints_listed);
}
