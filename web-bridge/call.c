/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "call.h"

#include "arguments.h"
#include "interfaces.h"
#include "reply.h"
#include "session.h"

#include "../dbus/errors.h"

#include <string.h>

GVariant *bh_call_options(BhRequest *request) {
        g_auto(GVariantBuilder) options = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

        bh_options_add_caller(&options, request->token);
        return g_variant_builder_end(&options);
}

void bh_call(BhServer *server, const char *object, const char *interface, const char *method, GVariant *arguments,
             GAsyncReadyCallback callback, gpointer data) {
        bh_bus_call(server->bus, object, interface, method, arguments, NULL, BH_CALL_TIMEOUT_MS, callback, data);
}

BhCarried bh_call_carried(BhRequest *request) {
        gboolean cookies = (request->route->flags & BH_ROUTE_COOKIE) && bh_session_may_use_cookies(request);

        return (BhCarried){
                .path = request->path,
                .query = request->query,
                .cookies = cookies ? request->cookies : NULL,
                .body = request->body && JSON_NODE_HOLDS_OBJECT(request->body) ? json_node_get_object(request->body)
                                                                               : NULL,
                .token = request->token,
                .client_address = request->client_address,
                .client_agent = bh_request_header(request, "User-Agent"),
        };
}

/* Twins and answers to "is it a directory?" that clients of BaluHost 0.1 know. */
static void write_file_extras(yajl_gen json, const char *path, const char *type, gint64 modified_usec) {
        bh_json_member(json, "id", path);
        bh_json_string(json, "is_directory");
        yajl_gen_bool(json, g_strcmp0(type, "directory") == 0);
        bh_json_string(json, "modified");
        bh_json_time(json, modified_usec);
}

void bh_call_write_file(yajl_gen json, GVariant *entry) {
        const char *path = "", *type = "";
        gint64 modified_usec = 0;

        g_variant_lookup(entry, "path", "&s", &path);
        g_variant_lookup(entry, "type", "&s", &type);
        g_variant_lookup(entry, "modified_usec", "x", &modified_usec);
        write_file_extras(json, path, type, modified_usec);
        bh_json_dictionary_members(json, entry);
}

/* One structure of an array; @members are its members' names. */
static void write_structure(yajl_gen json, GVariant *item, char **members) {
        gsize count = g_variant_n_children(item);

        yajl_gen_map_open(json);
        for (gsize i = 0; i < count && members[i]; i++) {
                g_autoptr(GVariant) value = g_variant_get_child_value(item, i);

                bh_json_variant_member(json, members[i], value);
        }
        yajl_gen_map_close(json);
}

static void write_structures(yajl_gen json, GVariant *array, char **members) {
        GVariantIter iter;
        GVariant *item;

        yajl_gen_array_open(json);
        g_variant_iter_init(&iter, array);
        while ((item = g_variant_iter_next_value(&iter))) {
                write_structure(json, item, members);
                g_variant_unref(item);
        }
        yajl_gen_array_close(json);
}

/* "/org/baluhost/NAS1/jobs/3" → "3" */
static const char *last_element(const char *object_path) {
        return strrchr(object_path, '/') + 1;
}

static void write_output(yajl_gen json, const BhOutput *output, GDBusArgInfo *argument, GVariant *value) {
        gboolean is_file = g_strcmp0(output->schema, "FileItem") == 0;
        g_auto(GStrv) members = bh_argument_members(argument);
        char buffer[64];

        if (!*output->member) {
                if (is_file)
                        bh_call_write_file(json, value);
                else
                        bh_json_dictionary_members(json, value);
                return;
        }
        bh_json_string(json, bh_json_name(output->member, g_variant_get_type(value), buffer));
        if (members)
                write_structures(json, value, members);
        else if (is_file) {
                yajl_gen_map_open(json);
                bh_call_write_file(json, value);
                yajl_gen_map_close(json);
        } else if (g_variant_is_of_type(value, G_VARIANT_TYPE_OBJECT_PATH))
                bh_json_string(json, last_element(g_variant_get_string(value, NULL)));
        else
                bh_json_value(json, argument->name, value);
}

void bh_call_write_members(yajl_gen json, const BhRoute *route, GVariant *reply) {
        GDBusMethodInfo *method = bh_method_lookup(route->interface, route->method);

        for (const BhFixed *fixed = route->fixed; fixed < route->fixed + G_N_ELEMENTS(route->fixed) && fixed->name;
             fixed++)
                bh_json_member(json, fixed->name, fixed->value);
        for (const BhOutput *output = route->outputs;
             output < route->outputs + G_N_ELEMENTS(route->outputs) && output->argument; output++)
                for (guint i = 0; method->out_args && method->out_args[i]; i++)
                        if (g_str_equal(method->out_args[i]->name, output->argument)) {
                                g_autoptr(GVariant) value = g_variant_get_child_value(reply, i);

                                write_output(json, output, method->out_args[i], value);
                        }
}

/* Value of the argument @name of @reply, NULL when the method has none of that name. */
static GVariant *reply_value(const BhRoute *route, GVariant *reply, const char *name) {
        GDBusMethodInfo *method = bh_method_lookup(route->interface, route->method);

        for (guint i = 0; method->out_args && method->out_args[i]; i++)
                if (g_str_equal(method->out_args[i]->name, name))
                        return g_variant_get_child_value(reply, i);
        return NULL;
}

static void update_cookies(BhRequest *request, GVariant *reply) {
        const BhRoute *route = request->route;

        if (route->flags & BH_ROUTE_CLEARS_COOKIES)
                bh_session_clear_cookies(request);
        if (route->flags & BH_ROUTE_SETS_COOKIES) {
                g_autoptr(GVariant) first = reply_value(route, reply, "refresh_token");
                g_autoptr(GVariant) next = reply_value(route, reply, "new_refresh_token");
                g_autoptr(GVariant) access = reply_value(route, reply, "access_token");
                g_autoptr(GVariant) lifetime = reply_value(route, reply, "expires_in");

                bh_session_set_cookies(request, first ? first : next, access, g_variant_get_uint64(lifetime));
        }
}

static void announce_job(BhRequest *request, GVariant *reply) {
        g_autoptr(GVariant) job = reply_value(request->route, reply, "job");
        g_autofree char *location = NULL;

        if (!job)
                return;
        location = g_strconcat("/api/jobs/", last_element(g_variant_get_string(job, NULL)), NULL);
        soup_message_headers_replace(soup_server_message_get_response_headers(request->msg), "Location", location);
}

static gboolean reply_is_as_described(const BhRoute *route, GVariant *reply) {
        GDBusMethodInfo *method = bh_method_lookup(route->interface, route->method);
        g_autoptr(GString) type = g_string_new("(");

        for (guint i = 0; method->out_args && method->out_args[i]; i++)
                g_string_append(type, method->out_args[i]->signature);
        g_string_append_c(type, ')');
        return g_str_equal(g_variant_get_type_string(reply), type->str);
}

static void route_answered(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(BhRequest) request = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, NULL, &error);
        const BhRoute *route = request->route;
        g_auto(yajl_gen) json = NULL;
        g_autoptr(GBytes) text = NULL;

        if (!reply) {
                bh_reply_dbus_error(request, error);
                return;
        }
        if (!reply_is_as_described(route, reply)) {
                g_warning("%s.%s answered with “%s”", route->interface, route->method,
                          g_variant_get_type_string(reply));
                bh_reply_error(request, 500, "Internal error");
                return;
        }
        update_cookies(request, reply);
        announce_job(request, reply);
        if (route->status == 204) {
                bh_reply_empty(request, 204);
                return;
        }
        json = bh_json_new();
        yajl_gen_map_open(json);
        bh_call_write_members(json, route, reply);
        yajl_gen_map_close(json);
        text = bh_json_finish(json);
        bh_reply_json(request, route->status ? route->status : 200, text);
}

void bh_call_route(BhRequest *request) {
        g_autoptr(GPtrArray) problems = bh_problems_new();
        BhCarried carried = bh_call_carried(request);
        const char *refusal;
        GVariant *arguments;

        arguments = bh_arguments_build(request->route, &carried, problems, &refusal);
        if (refusal) {
                bh_reply_error(request, 400, refusal);
                return;
        }
        if (!arguments) {
                bh_reply_problems(request, problems);
                return;
        }
        bh_request_pause(request);
        bh_call(request->server, NULL, request->route->interface, request->route->method, arguments, route_answered,
                bh_request_ref(request));
}
