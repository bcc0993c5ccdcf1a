/* SPDX-License-Identifier: MIT */
#include "openapi.h"

#include "interfaces.h"
#include "json.h"
#include "routes.h"
#include "schemas.h"

#include <string.h>

static void open_member(yajl_gen json, const char *name) {
        bh_json_string(json, name);
        yajl_gen_map_open(json);
}

static void write_flag(yajl_gen json, const char *name) {
        bh_json_string(json, name);
        yajl_gen_bool(json, TRUE);
}

static void write_reference(yajl_gen json, const char *schema) {
        g_autofree char *reference = g_strconcat("#/components/schemas/", schema, NULL);

        bh_json_member(json, "$ref", reference);
}

/* "type", which is an array with "null" when the value may be null (JSON Schema 2020-12). */
static void write_type(yajl_gen json, const char *type, gboolean nullable) {
        bh_json_string(json, "type");
        if (nullable)
                yajl_gen_array_open(json);
        bh_json_string(json, type);
        if (nullable) {
                bh_json_string(json, "null");
                yajl_gen_array_close(json);
        }
}

static void write_choices(yajl_gen json, const char *choices, gboolean nullable) {
        g_auto(GStrv) values = g_strsplit(choices, "|", 0);

        write_type(json, "string", nullable);
        bh_json_string(json, "enum");
        yajl_gen_array_open(json);
        for (char **value = values; *value; value++)
                bh_json_string(json, *value);
        if (nullable)
                yajl_gen_null(json);
        yajl_gen_array_close(json);
}

static gboolean is_basic(const char *type) {
        return g_str_equal(type, "string") || g_str_equal(type, "boolean") || g_str_equal(type, "integer") ||
               g_str_equal(type, "number");
}

/* The members of a schema object for @type of schemas.h, without its marks. */
static void write_described_type(yajl_gen json, const char *type, gboolean nullable) {
        if (is_basic(type))
                write_type(json, type, nullable);
        else if (g_str_equal(type, "time")) {
                write_type(json, "string", nullable);
                bh_json_member(json, "format", "date-time");
        } else if (*type == '[') {
                g_autofree char *inner = g_strndup(type + 1, strlen(type) - 2);

                write_type(json, "array", nullable);
                open_member(json, "items");
                write_described_type(json, inner, FALSE);
                yajl_gen_map_close(json);
        } else if (strchr(type, '|'))
                write_choices(json, type, nullable);
        else if (!nullable)
                write_reference(json, type);
        else {
                bh_json_string(json, "anyOf");
                yajl_gen_array_open(json);
                yajl_gen_map_open(json);
                write_reference(json, type);
                yajl_gen_map_close(json);
                yajl_gen_map_open(json);
                bh_json_member(json, "type", "null");
                yajl_gen_map_close(json);
                yajl_gen_array_close(json);
        }
}

static void write_schema_property(yajl_gen json, const char *member) {
        const char *colon = strchr(member, ':');
        g_autofree char *name = g_strndup(member, colon - member);
        g_autofree char *type = g_strndup(colon + 1, strcspn(colon + 1, "?~!"));

        open_member(json, name);
        write_described_type(json, type, strchr(member, '?') != NULL);
        if (strchr(member, '!'))
                write_flag(json, "deprecated");
        yajl_gen_map_close(json);
}

static void write_schema(yajl_gen json, const BhSchema *schema) {
        g_auto(GStrv) members = g_strsplit(schema->members, " ", 0);

        open_member(json, schema->name);
        bh_json_member(json, "type", "object");
        open_member(json, "properties");
        for (char **member = members; *member; member++)
                write_schema_property(json, *member);
        yajl_gen_map_close(json);
        bh_json_string(json, "required");
        yajl_gen_array_open(json);
        for (char **member = members; *member; member++)
                if (!strchr(*member, '~')) {
                        *strchr(*member, ':') = '\0';
                        bh_json_string(json, *member);
                }
        yajl_gen_array_close(json);
        yajl_gen_map_close(json);
}

/* Schema of an argument or dictionary entry by its D-Bus type and name. */
static void write_bus_type(yajl_gen json, const char *type, const char *name, const char *allowed) {
        if (g_str_equal(type, "ao") || g_str_equal(type, "as"))
                write_described_type(json, "[string]", FALSE);
        else if (allowed)
                write_choices(json, allowed, FALSE);
        else if (*type == 'b')
                write_type(json, "boolean", FALSE);
        else if (*type == 'd')
                write_type(json, "number", FALSE);
        else if (g_str_equal(type, "t") && g_str_has_suffix(name, "_id"))
                write_type(json, "string", FALSE);
        else if (strchr("utxyqni", *type))
                write_type(json, "integer", g_str_equal(name, "quota_bytes") || g_str_equal(name, "uid"));
        else
                write_type(json, "string", g_str_equal(name, "next_cursor") || g_str_equal(name, "trash_id"));
}

static const char *input_type(const BhRoute *route, const BhInput *input) {
        GDBusArgInfo *argument = NULL;

        if (input->type)
                return input->type;
        if (input->target && *input->target)
                argument = bh_argument_find(bh_method_lookup(route->interface, route->method)->in_args, input->target);
        return argument ? argument->signature : "s";
}

/* "disks/{disk_id}": the object that a row is about. */
static void write_object_parameter(yajl_gen json, const char *object) {
        const char *open = strchr(object, '{') + 1;
        g_autofree char *name = g_strndup(open, strcspn(open, "}"));

        yajl_gen_map_open(json);
        bh_json_member(json, "name", name);
        bh_json_member(json, "in", "path");
        write_flag(json, "required");
        open_member(json, "schema");
        write_type(json, "string", FALSE);
        yajl_gen_map_close(json);
        yajl_gen_map_close(json);
}

static void write_parameters(yajl_gen json, const BhRoute *route) {
        bh_json_string(json, "parameters");
        yajl_gen_array_open(json);
        if (route->object)
                write_object_parameter(json, route->object);
        for (const BhInput *input = route->inputs; input->source != BH_FROM_NOWHERE; input++) {
                if (input->source != BH_FROM_PATH && input->source != BH_FROM_QUERY)
                        continue;
                yajl_gen_map_open(json);
                bh_json_member(json, "name", input->names);
                bh_json_member(json, "in", input->source == BH_FROM_PATH ? "path" : "query");
                bh_json_string(json, "required");
                yajl_gen_bool(json, input->source == BH_FROM_PATH || input->required);
                open_member(json, "schema");
                write_bus_type(json, input_type(route, input), input->names, input->allowed);
                yajl_gen_map_close(json);
                yajl_gen_map_close(json);
        }
        yajl_gen_array_close(json);
}

static void write_body_property(yajl_gen json, const BhRoute *route, const BhInput *input, const char *name,
                                gboolean deprecated) {
        open_member(json, name);
        write_bus_type(json, input->source == BH_FROM_JOIN ? "s" : input_type(route, input), name, input->allowed);
        if (deprecated)
                write_flag(json, "deprecated");
        yajl_gen_map_close(json);
}

static void write_body_properties(yajl_gen json, const BhRoute *route) {
        open_member(json, "properties");
        for (const BhInput *input = route->inputs; input->source != BH_FROM_NOWHERE; input++) {
                g_auto(GStrv) names = NULL;

                if (input->source != BH_FROM_BODY && input->source != BH_FROM_JOIN)
                        continue;
                names = g_strsplit_set(input->names, "|,", 0);
                for (guint i = 0; names[i]; i++)
                        write_body_property(json, route, input, names[i], i > 0 && input->source == BH_FROM_BODY);
        }
        yajl_gen_map_close(json);
}

/* Of twins none is required by itself. */
static void write_required_members(yajl_gen json, const BhRoute *route) {
        bh_json_string(json, "required");
        yajl_gen_array_open(json);
        for (const BhInput *input = route->inputs; input->source != BH_FROM_NOWHERE; input++) {
                if (input->source == BH_FROM_BODY && input->required && !strchr(input->names, '|'))
                        bh_json_string(json, input->names);
                if (input->source == BH_FROM_JOIN)
                        bh_json_string(json, strchr(input->names, ',') + 1);
        }
        yajl_gen_array_close(json);
}

static gboolean has_body_members(const BhRoute *route) {
        for (const BhInput *input = route->inputs; input->source != BH_FROM_NOWHERE; input++)
                if (input->source == BH_FROM_BODY || input->source == BH_FROM_JOIN)
                        return TRUE;
        return FALSE;
}

static void open_media(yajl_gen json, const char *type) {
        open_member(json, "content");
        open_member(json, type);
        open_member(json, "schema");
}

static void close_media(yajl_gen json) {
        yajl_gen_map_close(json);
        yajl_gen_map_close(json);
        yajl_gen_map_close(json);
}

static void write_form_schema(yajl_gen json) {
        bh_json_member(json, "type", "object");
        open_member(json, "properties");
        open_member(json, "path");
        write_type(json, "string", FALSE);
        yajl_gen_map_close(json);
        open_member(json, "overwrite");
        write_type(json, "boolean", FALSE);
        yajl_gen_map_close(json);
        open_member(json, "files");
        bh_json_member(json, "type", "array");
        open_member(json, "items");
        bh_json_member(json, "type", "string");
        bh_json_member(json, "format", "binary");
        yajl_gen_map_close(json);
        yajl_gen_map_close(json);
        yajl_gen_map_close(json);
}

static void write_request_body(yajl_gen json, const BhRoute *route) {
        gboolean streams = (route->flags & BH_ROUTE_STREAM) != 0;

        if (!streams && !route->body_schema && !has_body_members(route) && !(route->flags & BH_ROUTE_ARRAY_BODY))
                return;
        open_member(json, "requestBody");
        open_media(json, streams ? route->media : "application/json");
        if (streams && g_str_equal(route->media, "multipart/form-data"))
                write_form_schema(json);
        else if (streams) {
                bh_json_member(json, "type", "string");
                bh_json_member(json, "format", "binary");
        } else if (route->flags & BH_ROUTE_ARRAY_BODY)
                write_described_type(json, "[string]", FALSE);
        else if (route->body_schema)
                write_reference(json, route->body_schema);
        else {
                bh_json_member(json, "type", "object");
                write_body_properties(json, route);
                write_required_members(json, route);
        }
        close_media(json);
        yajl_gen_map_close(json);
}

/* A dictionary whose members are the reply: then its schema is the reply's, unless there is more. */
static const char *whole_reply_schema(const BhRoute *route) {
        if (route->reply_schema)
                return route->reply_schema;
        return route->outputs[0].argument && !*route->outputs[0].member && !route->fixed[0].name
                       ? route->outputs[0].schema
                       : NULL;
}

static void write_output_schema(yajl_gen json, const BhOutput *output, GDBusArgInfo *argument) {
        open_member(json, output->member);
        if (output->schema && *argument->signature == 'a' && !g_str_equal(argument->signature, "a{sv}")) {
                bh_json_member(json, "type", "array");
                open_member(json, "items");
                write_reference(json, output->schema);
                yajl_gen_map_close(json);
        } else if (output->schema)
                write_reference(json, output->schema);
        else
                write_bus_type(json, argument->signature, output->member, NULL);
        if (output->deprecated)
                write_flag(json, "deprecated");
        yajl_gen_map_close(json);
}

static void write_reply_schema(yajl_gen json, const BhRoute *route) {
        GDBusArgInfo **arguments = bh_method_lookup(route->interface, route->method)->out_args;
        const char *whole = whole_reply_schema(route);

        if (whole) {
                write_reference(json, whole);
                return;
        }
        bh_json_member(json, "type", "object");
        open_member(json, "properties");
        for (guint i = 0; i < G_N_ELEMENTS(route->fixed) && route->fixed[i].name; i++) {
                open_member(json, route->fixed[i].name);
                write_type(json, "string", FALSE);
                yajl_gen_map_close(json);
        }
        for (guint i = 0; i < G_N_ELEMENTS(route->outputs) && route->outputs[i].argument; i++)
                write_output_schema(json, &route->outputs[i], bh_argument_find(arguments, route->outputs[i].argument));
        yajl_gen_map_close(json);
        bh_json_string(json, "required");
        yajl_gen_array_open(json);
        for (guint i = 0; i < G_N_ELEMENTS(route->fixed) && route->fixed[i].name; i++)
                bh_json_string(json, route->fixed[i].name);
        for (guint i = 0; i < G_N_ELEMENTS(route->outputs) && route->outputs[i].argument; i++)
                bh_json_string(json, route->outputs[i].member);
        yajl_gen_array_close(json);
}

static void write_error_response(yajl_gen json, const char *status, const char *description, const char *schema) {
        open_member(json, status);
        bh_json_member(json, "description", description);
        open_media(json, "application/json");
        write_reference(json, schema);
        close_media(json);
        yajl_gen_map_close(json);
}

static void write_responses(yajl_gen json, const BhRoute *route) {
        g_autofree char *status = g_strdup_printf("%u", route->status ? route->status : 200);

        open_member(json, "responses");
        open_member(json, status);
        bh_json_member(json, "description", "Done");
        if (route->media && !(route->flags & BH_ROUTE_STREAM)) {
                open_media(json, route->media);
                bh_json_member(json, "type", "string");
                bh_json_member(json, "format", "binary");
                close_media(json);
        } else if (route->status != 204) {
                open_media(json, "application/json");
                write_reply_schema(json, route);
                close_media(json);
        }
        yajl_gen_map_close(json);
        write_error_response(json, "422", "Something in the request is missing or wrong", "ValidationError");
        write_error_response(json, "default", "An error", "Error");
        yajl_gen_map_close(json);
}

/* "GET", "/api/files/trash/{trash_id}" → "get_files_trash_trash_id" */
static char *operation_id(const BhRoute *route) {
        g_autofree char *verb = g_ascii_strdown(route->verb, -1);
        g_autofree char *path = g_strdelimit(g_strdup(route->path + strlen("/api")), "/-", '_');
        g_auto(GStrv) parts = g_strsplit_set(path, "{}", 0);
        g_autofree char *name = g_strjoinv("", parts);

        return g_strconcat(verb, name, NULL);
}

static void write_operation(yajl_gen json, const BhRoute *route) {
        g_autofree char *verb = g_ascii_strdown(route->verb, -1);
        g_autofree char *id = operation_id(route);
        g_auto(GStrv) segments = g_strsplit(route->path, "/", 4);

        open_member(json, verb);
        bh_json_member(json, "operationId", id);
        bh_json_member(json, "summary", route->summary);
        bh_json_string(json, "tags");
        yajl_gen_array_open(json);
        bh_json_string(json, segments[2]);
        yajl_gen_array_close(json);
        if (route->flags & BH_ROUTE_DEPRECATED)
                write_flag(json, "deprecated");
        bh_json_string(json, "security");
        yajl_gen_array_open(json);
        if (route->access != BH_ACCESS_PUBLIC) {
                yajl_gen_map_open(json);
                bh_json_string(json, "bearer");
                yajl_gen_array_open(json);
                yajl_gen_array_close(json);
                yajl_gen_map_close(json);
        }
        yajl_gen_array_close(json);
        write_parameters(json, route);
        write_request_body(json, route);
        write_responses(json, route);
        yajl_gen_map_close(json);
}

static gboolean path_was_written(const BhRoute *route) {
        for (const BhRoute *earlier = bh_routes; earlier < route; earlier++)
                if (g_str_equal(earlier->path, route->path))
                        return TRUE;
        return FALSE;
}

static void write_paths(yajl_gen json) {
        open_member(json, "paths");
        for (const BhRoute *route = bh_routes; route->verb; route++) {
                if (path_was_written(route))
                        continue;
                open_member(json, route->path);
                for (const BhRoute *same = route; same->verb; same++)
                        if (g_str_equal(same->path, route->path))
                                write_operation(json, same);
                yajl_gen_map_close(json);
        }
        yajl_gen_map_close(json);
}

static void write_components(yajl_gen json) {
        open_member(json, "components");
        open_member(json, "securitySchemes");
        open_member(json, "bearer");
        bh_json_member(json, "type", "http");
        bh_json_member(json, "scheme", "bearer");
        bh_json_member(json, "bearerFormat", "JWT");
        yajl_gen_map_close(json);
        yajl_gen_map_close(json);
        open_member(json, "schemas");
        for (const BhSchema *schema = bh_schemas; schema->name; schema++)
                write_schema(json, schema);
        yajl_gen_map_close(json);
        yajl_gen_map_close(json);
}

GBytes *bh_openapi_print(void) {
        g_auto(yajl_gen) json = bh_json_new();

        yajl_gen_config(json, yajl_gen_beautify, 1);
        yajl_gen_config(json, yajl_gen_indent_string, "  ");
        yajl_gen_map_open(json);
        bh_json_member(json, "openapi", "3.1.0");
        open_member(json, "info");
        bh_json_member(json, "title", "BaluHost");
        bh_json_member(json, "version", BALUHOST_VERSION);
        yajl_gen_map_close(json);
        write_paths(json);
        write_components(json);
        yajl_gen_map_close(json);
        return bh_json_finish(json);
}
