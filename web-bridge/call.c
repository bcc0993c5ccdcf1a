/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "call.h"

#include "arguments.h"
#include "bus-message.h"
#include "interfaces.h"
#include "json-message.h"
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

void bh_call_send(BhServer *server, sd_bus_message *message, BhBusReply replied, gpointer data) {
        bh_bus_send(server->bus, message, BH_CALL_TIMEOUT_MS, replied, data);
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

/* The entry of a file's dictionary that @reply is in: what write_file_extras() is to know of it. */
static int find_extra(sd_bus_message *reply, const char **path, const char **type, gint64 *modified_usec) {
        const char *name;
        int r = sd_bus_message_read_basic(reply, 's', &name);

        if (r < 0)
                return r;
        if (g_str_equal(name, "path"))
                return sd_bus_message_read(reply, "v", "s", path);
        if (g_str_equal(name, "type"))
                return sd_bus_message_read(reply, "v", "s", type);
        if (g_str_equal(name, "modified_usec"))
                return sd_bus_message_read(reply, "v", "x", modified_usec);
        return sd_bus_message_skip(reply, "v");
}

static int write_file_entries(yajl_gen json, sd_bus_message *reply) {
        const char *path = "", *type = "";
        gint64 modified_usec = 0;
        int r;

        while ((r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                r = find_extra(reply, &path, &type, &modified_usec);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_rewind(reply, FALSE);
        if (r < 0)
                return r;
        write_file_extras(json, path, type, modified_usec);
        return bh_json_read_entries(json, reply);
}

/* What bh_call_write_file() does, with the dictionary that @reply is at. */
static int write_file(yajl_gen json, sd_bus_message *reply) {
        int r = sd_bus_message_enter_container(reply, 'a', "{sv}");

        if (r >= 0)
                r = write_file_entries(json, reply);
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

/* A structure of an array; @members are its members' names. */
static int write_structure(yajl_gen json, sd_bus_message *reply, char **members) {
        int r = 0;

        yajl_gen_map_open(json);
        for (char **member = members; r >= 0 && *member; member++)
                r = bh_json_read_member(json, *member, reply);
        yajl_gen_map_close(json);
        return r;
}

/* @type: of the array, "a(ss)". */
static int write_structures(yajl_gen json, sd_bus_message *reply, const char *type, char **members) {
        g_autofree char *contents = g_strndup(type + 2, strlen(type) - 3);
        int r = sd_bus_message_enter_container(reply, 'a', type + 1);

        yajl_gen_array_open(json);
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', contents)) > 0) {
                r = write_structure(json, reply, members);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        yajl_gen_array_close(json);
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

/* "/org/baluhost/NAS1/jobs/3" → "3" */
static const char *last_element(const char *object_path) {
        return strrchr(object_path, '/') + 1;
}

static int write_object(yajl_gen json, sd_bus_message *reply) {
        const char *path;
        int r = sd_bus_message_read_basic(reply, 'o', &path);

        if (r >= 0)
                bh_json_string(json, last_element(path));
        return r;
}

/* The argument that @reply is at. */
static int write_output(yajl_gen json, const BhOutput *output, GDBusArgInfo *argument, sd_bus_message *reply) {
        gboolean is_file = g_strcmp0(output->schema, "FileItem") == 0;
        g_auto(GStrv) members = NULL;
        char buffer[64];
        int r;

        if (!*output->member)
                return is_file ? write_file(json, reply) : bh_json_read_dictionary_members(json, reply);
        members = bh_argument_members(argument);
        bh_json_string(json, bh_json_name(output->member, G_VARIANT_TYPE(argument->signature), buffer));
        if (members)
                return write_structures(json, reply, argument->signature, members);
        if (is_file) {
                yajl_gen_map_open(json);
                r = write_file(json, reply);
                yajl_gen_map_close(json);
                return r;
        }
        if (g_str_equal(argument->signature, "o"))
                return write_object(json, reply);
        return bh_json_read_value(json, argument->name, reply);
}

/* Goes to the argument @name of @reply, whose next one is the @at-th. Returns that argument; NULL with 0 when the method has none of that name, or with a negative errno. */
static GDBusArgInfo *go_to(const BhRoute *route, sd_bus_message *reply, const char *name, guint *at, int *result) {
        GDBusArgInfo **arguments = bh_method_lookup(route->interface, route->method)->out_args;
        guint index = 0;

        *result = 0;
        while (arguments && arguments[index] && !g_str_equal(arguments[index]->name, name))
                index++;
        if (!arguments || !arguments[index])
                return NULL;
        if (index < *at) {
                *result = sd_bus_message_rewind(reply, TRUE);
                *at = 0;
        }
        for (; *result >= 0 && *at < index; ++*at)
                *result = sd_bus_message_skip(reply, arguments[*at]->signature);
        return *result < 0 ? NULL : arguments[index];
}

static int write_members(yajl_gen json, const BhRoute *route, sd_bus_message *reply) {
        int r = sd_bus_message_rewind(reply, TRUE);
        guint at = 0;

        for (const BhFixed *fixed = route->fixed; fixed < route->fixed + G_N_ELEMENTS(route->fixed) && fixed->name;
             fixed++)
                bh_json_member(json, fixed->name, fixed->value);
        for (const BhOutput *output = route->outputs;
             r >= 0 && output < route->outputs + G_N_ELEMENTS(route->outputs) && output->argument; output++) {
                GDBusArgInfo *argument = go_to(route, reply, output->argument, &at, &r);

                if (!argument)
                        continue;
                r = write_output(json, output, argument, reply);
                at++;
        }
        return r;
}

/* Reads the argument @name of @reply, of the basic type @type, into *@value; texts are borrowed. FALSE when there is none of that name. */
static gboolean reply_read(const BhRoute *route, sd_bus_message *reply, const char *name, char type, void *value) {
        guint at = G_MAXUINT; /* unknown */
        int r;

        return go_to(route, reply, name, &at, &r) && sd_bus_message_read_basic(reply, type, value) > 0;
}

static void set_cookies(BhRequest *request, sd_bus_message *reply) {
        const BhRoute *route = request->route;
        const char *refresh = "", *access = "";
        guint64 seconds = 0;

        if (!reply_read(route, reply, "refresh_token", 's', &refresh))
                reply_read(route, reply, "new_refresh_token", 's', &refresh);
        reply_read(route, reply, "access_token", 's', &access);
        reply_read(route, reply, "expires_in", 't', &seconds);
        bh_session_set_cookies(request, refresh, access, seconds);
}

static void update_cookies(BhRequest *request, sd_bus_message *reply) {
        if (request->route->flags & BH_ROUTE_CLEARS_COOKIES)
                bh_session_clear_cookies(request);
        if (request->route->flags & BH_ROUTE_SETS_COOKIES)
                set_cookies(request, reply);
}

static void announce_job(BhRequest *request, sd_bus_message *reply) {
        g_autofree char *location = NULL;
        const char *job;

        if (!reply_read(request->route, reply, "job", 'o', &job))
                return;
        location = g_strconcat("/api/jobs/", last_element(job), NULL);
        soup_message_headers_replace(soup_server_message_get_response_headers(request->msg), "Location", location);
}

static gboolean reply_is_as_described(const BhRoute *route, sd_bus_message *reply) {
        GDBusArgInfo **arguments = bh_method_lookup(route->interface, route->method)->out_args;
        const char *signature = sd_bus_message_get_signature(reply, TRUE);

        for (; arguments && *arguments; arguments++) {
                if (!g_str_has_prefix(signature, (*arguments)->signature))
                        return FALSE;
                signature += strlen((*arguments)->signature);
        }
        return *signature == '\0';
}

/* An object that is gone, or never was, is known by what the bus library says of it. */
static gboolean object_is_absent(const GError *error) {
        return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) ||
               g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
               g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE);
}

/* "Disk" → "Disk not found" */
static void reply_not_found(BhRequest *request) {
        g_autofree char *detail = g_strconcat(request->route->interface, " not found", NULL);

        bh_reply_error(request, 404, detail);
}

void bh_call_reply_error(BhRequest *request, const GError *error) {
        if (request->route->object && object_is_absent(error))
                reply_not_found(request);
        else
                bh_reply_dbus_error(request, error);
}

char *bh_call_object(BhRequest *request) {
        char *object = bh_object_from_template(request->route->object, request->path);

        if (!object)
                reply_not_found(request);
        return object;
}

static void answer(BhRequest *request, sd_bus_message *reply) {
        const BhRoute *route = request->route;
        g_auto(yajl_gen) json = bh_json_new();
        g_autoptr(GBytes) text = NULL;
        int r;

        yajl_gen_map_open(json);
        r = write_members(json, route, reply);
        yajl_gen_map_close(json);
        if (r < 0) {
                g_warning("%s.%s answered with something that cannot be read: %s", route->interface, route->method,
                          g_strerror(-r));
                bh_reply_error(request, 500, "Internal error");
                return;
        }
        text = bh_json_finish(json);
        bh_reply_json(request, route->status ? route->status : 200, text);
}

void bh_call_answer(gpointer data, sd_bus_message *reply, const GError *error) {
        g_autoptr(BhRequest) request = data;
        const BhRoute *route = request->route;

        if (error) {
                bh_call_reply_error(request, error);
                return;
        }
        if (!reply_is_as_described(route, reply)) {
                g_warning("%s.%s answered with “%s”", route->interface, route->method,
                          sd_bus_message_get_signature(reply, TRUE));
                bh_reply_error(request, 500, "Internal error");
                return;
        }
        update_cookies(request, reply);
        announce_job(request, reply);
        if (route->status == 204)
                bh_reply_empty(request, 204);
        else
                answer(request, reply);
}

sd_bus_message *bh_call_prepare(BhRequest *request, const BhCarried *carried) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *message = NULL;
        g_autoptr(GPtrArray) problems = bh_problems_new();
        const BhRoute *route = request->route;
        g_autoptr(GError) error = NULL;
        g_autofree char *object = NULL;
        const char *refusal = NULL;
        int r;

        if (route->object) {
                object = bh_call_object(request);
                if (!object)
                        return NULL;
        }
        r = bh_bus_message_new(request->server->bus, object, route->interface, route->method, &message);
        if (r >= 0)
                r = bh_arguments_append(message, route, carried, problems, &refusal);
        if (r > 0)
                return g_steal_pointer(&message);
        if (r < 0) {
                error = bh_bus_error(r);
                bh_reply_dbus_error(request, error);
        } else if (refusal)
                bh_reply_error(request, 400, refusal);
        else
                bh_reply_problems(request, problems);
        return NULL;
}

GVariant *bh_call_arguments(BhRequest *request) {
        BhCarried carried = bh_call_carried(request);
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *message = bh_call_prepare(request, &carried);
        g_autoptr(GUnixFDList) descriptors = NULL;
        g_autoptr(GError) error = NULL;
        GVariant *arguments = NULL;
        int r;

        if (!message)
                return NULL;
        r = sd_bus_message_seal(message, 1, 0); /* only what is sealed can be read */
        if (r >= 0)
                r = sd_bus_message_rewind(message, TRUE);
        if (r >= 0)
                r = bh_message_read(message, &arguments, &descriptors);
        if (r >= 0)
                return arguments;
        error = bh_bus_error(r);
        bh_reply_dbus_error(request, error);
        return NULL;
}

void bh_call_route(BhRequest *request) {
        BhCarried carried = bh_call_carried(request);
        sd_bus_message *message = bh_call_prepare(request, &carried);

        if (!message)
                return;
        bh_request_pause(request);
        bh_call_send(request->server, message, bh_call_answer, bh_request_ref(request));
}
