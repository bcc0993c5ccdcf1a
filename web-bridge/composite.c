/* SPDX-License-Identifier: MIT */
#include "composite.h"

#include "call.h"
#include "reply.h"

#include "../dbus/errors.h"

#include <string.h>

#define MAX_BULK 1000

static GVariant *finish(GObject *source, GAsyncResult *result, GError **error) {
        return bh_bus_call_finish(result, NULL, error);
}

/* --- GET /api/auth/setup: three properties of the Manager --- */

static gboolean property_flag(GVariant *properties, const char *name) {
        gboolean value = FALSE;

        g_variant_lookup(properties, name, "b", &value);
        return value;
}

static void setup_answered(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(BhRequest) request = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = finish(source, result, &error);
        g_autoptr(GVariant) properties = NULL;
        g_auto(yajl_gen) json = NULL;
        g_autoptr(GBytes) text = NULL;

        if (!reply) {
                bh_reply_dbus_error(request, error);
                return;
        }
        properties = g_variant_get_child_value(reply, 0);
        json = bh_json_new();
        yajl_gen_map_open(json);
        bh_json_string(json, "setup_required");
        yajl_gen_bool(json, property_flag(properties, "SetupRequired"));
        bh_json_string(json, "registration_open");
        yajl_gen_bool(json, property_flag(properties, "RegistrationOpen"));
        bh_json_string(json, "development_mode");
        yajl_gen_bool(json, property_flag(properties, "DevelopmentMode"));
        yajl_gen_map_close(json);
        text = bh_json_finish(json);
        bh_reply_json(request, 200, text);
}

void bh_setup_state(BhRequest *request) {
        bh_request_pause(request);
        bh_call(request->server, NULL, "org.freedesktop.DBus.Properties", "GetAll",
                g_variant_new("(s)", BH_BUS_NAME ".Manager"), setup_answered, bh_request_ref(request));
}

/* --- GET /api/jobs/{job_id}: the result, which checks who asks, then the properties --- */

typedef struct {
        BhRequest *request;
        char *object;
        GVariant *result; /* (ssss) */
} JobReading;

static void job_reading_free(JobReading *reading) {
        bh_request_unref(reading->request);
        g_free(reading->object);
        g_clear_pointer(&reading->result, g_variant_unref);
        g_free(reading);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JobReading, job_reading_free)

static void write_job(yajl_gen json, const char *id, GVariant *result, GVariant *properties) {
        const char *state, *outcome, *failure, *failure_name, *operation = "", *text = "";
        g_autoptr(GVariant) subject = g_variant_lookup_value(properties, "Subject", G_VARIANT_TYPE_OBJECT_PATH);
        guint64 done = 0, total = 0, rate = 0;
        gint64 end = 0;
        gdouble progress = 0;

        g_variant_get(result, "(&s&s&s&s)", &state, &outcome, &failure, &failure_name);
        g_variant_lookup(properties, "Operation", "&s", &operation);
        g_variant_lookup(properties, "Text", "&s", &text);
        g_variant_lookup(properties, "Progress", "d", &progress);
        g_variant_lookup(properties, "BytesDone", "t", &done);
        g_variant_lookup(properties, "BytesTotal", "t", &total);
        g_variant_lookup(properties, "Rate", "t", &rate);
        g_variant_lookup(properties, "ExpectedEndTime", "x", &end);
        bh_json_member(json, "id", id);
        bh_json_member(json, "operation", operation);
        bh_json_member(json, "state", state);
        bh_json_string(json, "progress");
        if (property_flag(properties, "ProgressValid"))
                bh_json_double(json, progress);
        else
                yajl_gen_null(json);
        bh_json_string(json, "bytes_done");
        bh_json_uint(json, done);
        bh_json_string(json, "bytes_total");
        bh_json_uint(json, total);
        bh_json_string(json, "rate");
        bh_json_uint(json, rate);
        bh_json_string(json, "expected_end_at");
        bh_json_time(json, end);
        bh_json_member(json, "text", text);
        bh_json_string(json, "subject");
        if (subject)
                bh_json_value(json, "subject", subject);
        else
                yajl_gen_null(json);
        if (g_str_has_prefix(outcome, BH_ROOT_PATH "/"))
                outcome += strlen(BH_ROOT_PATH "/");
        bh_json_member(json, "result", *outcome ? outcome : NULL);
        bh_json_member(json, "error", *failure ? failure : NULL);
}

static void job_properties_answered(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(JobReading) reading = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = finish(source, result, &error);
        g_autoptr(GVariant) properties = NULL;
        g_auto(yajl_gen) json = NULL;
        g_autoptr(GBytes) text = NULL;

        if (!reply) {
                bh_call_reply_error(reading->request, error);
                return;
        }
        properties = g_variant_get_child_value(reply, 0);
        json = bh_json_new();
        yajl_gen_map_open(json);
        write_job(json, bh_request_path_value(reading->request, "job_id"), reading->result, properties);
        yajl_gen_map_close(json);
        text = bh_json_finish(json);
        bh_reply_json(reading->request, 200, text);
}

static void job_result_answered(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(JobReading) reading = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = finish(source, result, &error);
        BhServer *server = reading->request->server;
        const char *object;

        if (!reply || !g_variant_is_of_type(reply, G_VARIANT_TYPE("(ssss)"))) {
                if (reply)
                        bh_reply_error(reading->request, 500, "Internal error");
                else
                        bh_call_reply_error(reading->request, error);
                return;
        }
        reading->result = g_steal_pointer(&reply);
        object = reading->object;
        bh_call(server, object, "org.freedesktop.DBus.Properties", "GetAll", g_variant_new("(s)", BH_BUS_NAME ".Job"),
                job_properties_answered, g_steal_pointer(&reading));
}

void bh_job_get(BhRequest *request) {
        g_autofree char *object = bh_call_object(request);
        JobReading *reading;

        if (!object)
                return;
        reading = g_new0(JobReading, 1);
        reading->request = bh_request_ref(request);
        reading->object = g_steal_pointer(&object);
        bh_request_pause(request);
        bh_call(request->server, reading->object, "Job", "GetResult",
                g_variant_new("(@a{sv})", bh_call_options(request)), job_result_answered, reading);
}

/* --- POST /api/users/bulk-delete: one after the other --- */

typedef struct {
        BhRequest *request;
        JsonArray *ids;
        guint next, deleted;
        GPtrArray *failed;
} BulkDelete;

static void bulk_delete_next(BulkDelete *bulk);

static void bulk_delete_end(BulkDelete *bulk) {
        g_auto(yajl_gen) json = bh_json_new();
        g_autoptr(GBytes) text = NULL;

        yajl_gen_map_open(json);
        bh_json_string(json, "deleted");
        bh_json_uint(json, bulk->deleted);
        bh_json_string(json, "failed");
        bh_json_uint(json, bulk->failed->len);
        bh_json_string(json, "failed_ids");
        yajl_gen_array_open(json);
        for (guint i = 0; i < bulk->failed->len; i++)
                bh_json_string(json, g_ptr_array_index(bulk->failed, i));
        yajl_gen_array_close(json);
        yajl_gen_map_close(json);
        text = bh_json_finish(json);
        bh_reply_json(bulk->request, 200, text);
        g_ptr_array_unref(bulk->failed);
        bh_request_unref(bulk->request);
        g_free(bulk);
}

/* An error that concerns the caller and not this account ends it: nothing was deleted yet when the token is bad. */
static gboolean concerns_caller(const BhFailure *failure) {
        return failure->status == 401 || failure->status == 403 || failure->status == 503;
}

static void bulk_delete_answered(GObject *source, GAsyncResult *result, gpointer data) {
        BulkDelete *bulk = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = finish(source, result, &error);
        g_auto(BhFailure) failure = {};

        if (reply)
                bulk->deleted++;
        else {
                bh_failure_from_error(error, &failure);
                if (bulk->deleted == 0 && concerns_caller(&failure)) {
                        bh_reply_failure(bulk->request, &failure);
                        g_ptr_array_unref(bulk->failed);
                        bh_request_unref(bulk->request);
                        g_free(bulk);
                        return;
                }
                g_ptr_array_add(bulk->failed, g_strdup(json_array_get_string_element(bulk->ids, bulk->next - 1)));
        }
        bulk_delete_next(bulk);
}

static void bulk_delete_next(BulkDelete *bulk) {
        guint64 id;

        if (bulk->next == json_array_get_length(bulk->ids)) {
                bulk_delete_end(bulk);
                return;
        }
        g_ascii_string_to_unsigned(json_array_get_string_element(bulk->ids, bulk->next++), 10, 0, G_MAXUINT64, &id,
                                   NULL);
        bh_call(bulk->request->server, NULL, "Users", "Delete",
                g_variant_new("(ts@a{sv})", id, "trash", bh_call_options(bulk->request)), bulk_delete_answered, bulk);
}

static gboolean ids_are_valid(JsonArray *ids) {
        for (guint i = 0; i < json_array_get_length(ids); i++) {
                JsonNode *id = json_array_get_element(ids, i);

                if (!JSON_NODE_HOLDS_VALUE(id) || json_node_get_value_type(id) != G_TYPE_STRING ||
                    !g_ascii_string_to_unsigned(json_node_get_string(id), 10, 0, G_MAXUINT64, NULL, NULL))
                        return FALSE;
        }
        return TRUE;
}

void bh_users_bulk_delete(BhRequest *request) {
        JsonArray *ids = request->body ? json_node_get_array(request->body) : NULL;
        BulkDelete *bulk;

        if (!ids || !ids_are_valid(ids) || json_array_get_length(ids) > MAX_BULK) {
                bh_reply_problem(request, "body", NULL, "Input should be an array of at most 1000 ids");
                return;
        }
        bulk = g_new0(BulkDelete, 1);
        bulk->request = bh_request_ref(request);
        bulk->ids = ids;
        bulk->failed = g_ptr_array_new_with_free_func(g_free);
        bh_request_pause(request);
        bulk_delete_next(bulk);
}

/* --- PATCH /api/users/{user_id}/toggle-active: look, then change --- */

static void toggle_looked(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(BhRequest) request = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = finish(source, result, &error);
        g_autoptr(GVariant) user = NULL;
        g_auto(GVariantBuilder) changes = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
        guint64 id = 0;

        if (!reply) {
                bh_reply_dbus_error(request, error);
                return;
        }
        user = g_variant_get_child_value(reply, 0);
        g_variant_lookup(user, "id", "t", &id);
        g_variant_builder_add(&changes, "{sv}", "is_active", g_variant_new_boolean(!property_flag(user, "is_active")));
        bh_bus_send_arguments(
                request->server->bus, NULL, "Users", "Update",
                g_variant_new("(t@a{sv}@a{sv})", id, g_variant_builder_end(&changes), bh_call_options(request)),
                BH_CALL_TIMEOUT_MS, bh_call_answer, bh_request_ref(request));
}

void bh_users_toggle_active(BhRequest *request) {
        guint64 id;

        if (!g_ascii_string_to_unsigned(bh_request_path_value(request, "user_id"), 10, 0, G_MAXUINT64, &id, NULL)) {
                bh_reply_problem(request, "path", "user_id", "Input should be a valid integer");
                return;
        }
        bh_request_pause(request);
        bh_call(request->server, NULL, "Users", "Get", g_variant_new("(t@a{sv})", id, bh_call_options(request)),
                toggle_looked, bh_request_ref(request));
}

/* --- DELETE /api/files/trash --- */

/* The address is also that of DELETE /api/files/{path} for a file named "trash". Emptying the trash cannot be undone, so it is only done when there is no such file. */
static void trash_name_looked_up(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(BhRequest) request = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = finish(source, result, &error);
        g_auto(BhFailure) failure = {};

        if (reply) {
                bh_reply_error(request, 409,
                               "There is something named “trash”: delete it by /api/files/delete?path=trash, or rename "
                               "it to empty the trash");
                return;
        }
        bh_failure_from_error(error, &failure);
        if (failure.status != 404)
                bh_reply_failure(request, &failure);
        else
                bh_call_route(request);
}

void bh_trash_empty(BhRequest *request) {
        bh_request_pause(request);
        bh_call(request->server, NULL, "Files", "Stat", g_variant_new("(s@a{sv})", "trash", bh_call_options(request)),
                trash_name_looked_up, bh_request_ref(request));
}

/* --- GET /api/files/storage/available --- */

/* The quota that concerns the caller is their own, or that of the NAS when they have none. */
static void usage_answered(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(BhRequest) request = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = finish(source, result, &error);
        g_autoptr(GVariant) usage = NULL;
        guint64 available = 0, used = 0, quota = 0;
        g_auto(yajl_gen) json = NULL;
        g_autoptr(GBytes) text = NULL;

        if (!reply) {
                bh_reply_dbus_error(request, error);
                return;
        }
        usage = g_variant_get_child_value(reply, 0);
        g_variant_lookup(usage, "available_bytes", "t", &available);
        g_variant_lookup(usage, "used_bytes", "t", &used);
        g_variant_lookup(usage, "quota_bytes", "t", &quota);
        if (quota == 0) {
                g_variant_lookup(usage, "total_used_bytes", "t", &used);
                g_variant_lookup(usage, "total_quota_bytes", "t", &quota);
        }
        json = bh_json_new();
        yajl_gen_map_open(json);
        bh_json_string(json, "available_bytes");
        bh_json_uint(json, available);
        bh_json_string(json, "used_bytes");
        bh_json_uint(json, used);
        bh_json_string(json, "quota_bytes");
        if (quota != 0)
                bh_json_uint(json, quota);
        else
                yajl_gen_null(json);
        yajl_gen_map_close(json);
        text = bh_json_finish(json);
        bh_reply_json(request, 200, text);
}

void bh_storage_available(BhRequest *request) {
        bh_request_pause(request);
        bh_call(request->server, NULL, "Files", "GetUsage", g_variant_new("(@a{sv})", bh_call_options(request)),
                usage_answered, bh_request_ref(request));
}
