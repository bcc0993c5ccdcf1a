/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "arguments.h"

#include "bus-message.h"
#include "interfaces.h"

#include "../dbus/errors.h"

#include <string.h>

#define MAX_AGENT 256

static void problem_free(gpointer data) {
        BhProblem *problem = data;

        g_free(problem->member);
        g_free(problem->message);
        g_free(problem);
}

GPtrArray *bh_problems_new(void) {
        return g_ptr_array_new_with_free_func(problem_free);
}

void bh_problems_add(GPtrArray *problems, const char *where, const char *member, const char *type,
                     const char *message) {
        BhProblem *problem = g_new0(BhProblem, 1);

        problem->where = where;
        problem->member = g_strdup(member);
        problem->type = type;
        problem->message = g_strdup(message);
        g_ptr_array_add(problems, problem);
}

static const char *where_from(BhSource source) {
        switch (source) {
        case BH_FROM_PATH:
                return "path";
        case BH_FROM_QUERY:
                return "query";
        case BH_FROM_COOKIE:
                return "cookie";
        case BH_FROM_BODY:
        case BH_FROM_JOIN:
        case BH_FROM_TABLE:
        case BH_FROM_NOWHERE:
        default:
                return "body";
        }
}

static void add_type_problem(GPtrArray *problems, const char *where, const char *member, const char *type) {
        const char *message = "Input should be a valid integer";

        switch (*type) {
        case 's':
                message = "Input should be a valid string";
                break;
        case 'b':
                message = "Input should be a valid boolean";
                break;
        case 'o':
                message = "Input should be the path of an object, such as “disks/ID”";
                break;
        case 'a':
                message = "Input should be an array of paths of objects, such as “disks/ID”";
                break;
        default:
                break;
        }
        bh_problems_add(problems, where, member, "type_error", message);
}

/* "disks/ID" as the object of that name. */
static GVariant *object_from_text(const char *text) {
        g_autofree char *path = g_strconcat(BH_ROOT_PATH "/", text, NULL);

        return g_variant_is_object_path(path) ? g_variant_new_object_path(path) : NULL;
}

char *bh_object_from_template(const char *template, GHashTable *path) {
        const char *open = strchr(template, '{');
        g_autofree char *name = g_strndup(open + 1, strcspn(open + 1, "}"));
        const char *value = bh_table_get(path, name);
        g_autofree char *object =
                g_strdup_printf("%.*s%s%s", (int)(open - template), template, value, strchr(open, '}') + 1);
        g_autofree char *whole = g_strconcat(BH_ROOT_PATH "/", object, NULL);

        return !strchr(value, '/') && g_variant_is_object_path(whole) ? g_steal_pointer(&object) : NULL;
}

GVariant *bh_variant_from_text(const char *type, const char *text) {
        guint64 number;
        gint64 integer;

        switch (*type) {
        case 'o':
                return object_from_text(text);
        case 'y':
                return g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT8, &number, NULL) ? g_variant_new_byte(number)
                                                                                          : NULL;
        case 's':
                return g_variant_new_string(text);
        case 'b':
                if (g_str_equal(text, "true") || g_str_equal(text, "1"))
                        return g_variant_new_boolean(TRUE);
                if (g_str_equal(text, "false") || g_str_equal(text, "0"))
                        return g_variant_new_boolean(FALSE);
                return NULL;
        case 'u':
                return g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &number, NULL)
                               ? g_variant_new_uint32(number)
                               : NULL;
        case 't':
                return g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &number, NULL)
                               ? g_variant_new_uint64(number)
                               : NULL;
        case 'x':
                return g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &integer, NULL)
                               ? g_variant_new_int64(integer)
                               : NULL;
        default:
                return NULL;
        }
}

static GVariant *objects_from_node(JsonNode *node) {
        g_auto(GVariantBuilder) objects = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
        JsonArray *array = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

        for (guint i = 0; array && i < json_array_get_length(array); i++) {
                JsonNode *item = json_array_get_element(array, i);
                GVariant *object = JSON_NODE_HOLDS_VALUE(item) && json_node_get_value_type(item) == G_TYPE_STRING
                                           ? object_from_text(json_node_get_string(item))
                                           : NULL;

                if (!object)
                        return NULL;
                g_variant_builder_add_value(&objects, object);
        }
        return array ? g_variant_builder_end(&objects) : NULL;
}

/* Numbers may come as numbers or as decimal texts, which is how ids go out. */
static GVariant *variant_from_node(const char *type, JsonNode *node) {
        GType held;

        if (JSON_NODE_HOLDS_NULL(node)) {
                if (*type == 't')
                        return g_variant_new_uint64(0);               /* "quota_bytes": null is no quota */
                return *type == 'x' ? g_variant_new_int64(-1) : NULL; /* "uid": null unlinks */
        }
        if (g_str_equal(type, "ao"))
                return objects_from_node(node);
        if (!JSON_NODE_HOLDS_VALUE(node))
                return NULL;
        held = json_node_get_value_type(node);
        if (held == G_TYPE_STRING)
                return *type == 'b' ? NULL : bh_variant_from_text(type, json_node_get_string(node));
        if (held == G_TYPE_BOOLEAN)
                return *type == 'b' ? g_variant_new_boolean(json_node_get_boolean(node)) : NULL;
        if (held == G_TYPE_INT64) {
                gint64 number = json_node_get_int(node);

                if (*type == 'x')
                        return g_variant_new_int64(number);
                if (*type == 't' && number >= 0)
                        return g_variant_new_uint64(number);
                if (*type == 'u' && number >= 0 && number <= G_MAXUINT32)
                        return g_variant_new_uint32(number);
        }
        return NULL;
}

const char *bh_table_get(GHashTable *table, const char *names) {
        g_auto(GStrv) twins = NULL;

        if (!table)
                return NULL;
        if (!strchr(names, '|'))
                return g_hash_table_lookup(table, names);
        twins = g_strsplit(names, "|", 0);
        for (char **name = twins; *name; name++) {
                const char *value = g_hash_table_lookup(table, *name);

                if (value)
                        return value;
        }
        return NULL;
}

static JsonNode *body_get(JsonObject *body, const char *names) {
        g_auto(GStrv) twins = g_strsplit(names, "|", 0);

        for (char **name = twins; body && *name; name++) {
                JsonNode *node = json_object_get_member(body, *name);

                if (node)
                        return node;
        }
        return NULL;
}

static char *first_name(const char *names) {
        return g_strndup(names, strcspn(names, "|"));
}

static GVariant *value_from_body(const BhInput *input, const char *type, JsonObject *body, GPtrArray *problems,
                                 gboolean *present) {
        JsonNode *node = body_get(body, input->names);
        g_autofree char *name = first_name(input->names);
        GVariant *value;

        *present = node && !(JSON_NODE_HOLDS_NULL(node) && (input->required || strchr("sboa", *type)));
        if (!*present)
                return NULL;
        value = variant_from_node(type, node);
        if (!value)
                add_type_problem(problems, "body", name, type);
        return value;
}

static GVariant *value_from_join(const BhInput *input, JsonObject *body, GPtrArray *problems, gboolean *present) {
        g_auto(GStrv) names = g_strsplit(input->names, ",", 2);
        JsonNode *folder = body_get(body, names[0]), *name = body_get(body, names[1]);
        const char *folder_text = "", *name_text;

        *present = name && JSON_NODE_HOLDS_VALUE(name) && json_node_get_value_type(name) == G_TYPE_STRING &&
                   *json_node_get_string(name);
        if (!*present)
                return NULL;
        name_text = json_node_get_string(name);
        if (folder && !JSON_NODE_HOLDS_NULL(folder)) {
                if (!JSON_NODE_HOLDS_VALUE(folder) || json_node_get_value_type(folder) != G_TYPE_STRING) {
                        add_type_problem(problems, "body", names[0], "s");
                        return NULL;
                }
                folder_text = json_node_get_string(folder);
        }
        if (strchr(name_text, '/')) {
                bh_problems_add(problems, "body", names[1], "value_error", "A name contains no “/”");
                return NULL;
        }
        return *folder_text ? g_variant_new_take_string(g_strconcat(folder_text, "/", name_text, NULL))
                            : g_variant_new_string(name_text);
}

static GVariant *value_from_text(const BhInput *input, const char *type, const char *text, GPtrArray *problems,
                                 gboolean *present) {
        g_autofree char *name = NULL;
        GVariant *value;

        *present = text != NULL;
        if (!text)
                return NULL;
        value = bh_variant_from_text(type, text);
        name = first_name(input->names);
        if (!value)
                add_type_problem(problems, where_from(input->source), name, type);
        return value;
}

/* The value of @input, floating. NULL with *@present TRUE is a problem that has been noted; NULL with FALSE: it is absent. */
static GVariant *value_of(const BhInput *input, const char *type, const BhCarried *carried, GPtrArray *problems,
                          gboolean *present) {
        *present = FALSE;
        switch (input->source) {
        case BH_FROM_PATH:
                return value_from_text(input, type, bh_table_get(carried->path, input->names), problems, present);
        case BH_FROM_QUERY:
                return value_from_text(input, type, bh_table_get(carried->query, input->names), problems, present);
        case BH_FROM_COOKIE:
                return value_from_text(input, type, bh_table_get(carried->cookies, input->names), problems, present);
        case BH_FROM_BODY:
                return value_from_body(input, type, carried->body, problems, present);
        case BH_FROM_JOIN:
                return value_from_join(input, carried->body, problems, present);
        case BH_FROM_TABLE:
                *present = TRUE;
                return bh_variant_from_text(type, input->value);
        case BH_FROM_NOWHERE:
        default:
                return NULL;
        }
}

/* value_of(), with the value of the table or the complaint when it is absent. */
static GVariant *value_or_complaint(const BhInput *input, const char *type, const BhCarried *carried,
                                    GPtrArray *problems, const char **refusal) {
        gboolean present;
        GVariant *value = value_of(input, type, carried, problems, &present);

        if (present)
                return value;
        if (input->value)
                return bh_variant_from_text(type, input->value);
        if (input->refusal)
                *refusal = input->refusal;
        else if (input->required) {
                g_autofree char *name = first_name(input->names);

                bh_problems_add(problems, where_from(input->source), name, "missing", "Field required");
        }
        return NULL;
}

void bh_options_add_caller(GVariantBuilder *options, const char *token) {
        g_variant_builder_add(options, "{sv}", "auth.no_interaction", g_variant_new_boolean(TRUE));
        if (token)
                g_variant_builder_add(options, "{sv}", "auth.token", g_variant_new_string(token));
}

/* One entry of the dictionary that is open; @value: of the basic type @type. */
static int append_entry(sd_bus_message *message, const char *name, char type, const void *value) {
        const char contents[] = {type, '\0'};
        int r = sd_bus_message_open_container(message, 'e', "sv");

        if (r >= 0)
                r = sd_bus_message_append_basic(message, 's', name);
        if (r >= 0)
                r = sd_bus_message_open_container(message, 'v', contents);
        if (r >= 0)
                r = sd_bus_message_append_basic(message, type, value);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_variant_entry(sd_bus_message *message, const char *name, GVariant *value) {
        g_autoptr(GVariant) entry =
                g_variant_ref_sink(g_variant_new_dict_entry(g_variant_new_string(name), g_variant_new_variant(value)));

        return bh_message_append_value(message, entry);
}

/* As bh_options_add_caller(), for every call. */
static int append_caller(sd_bus_message *message, const char *token) {
        const int no_interaction = TRUE;
        int r = append_entry(message, "auth.no_interaction", 'b', &no_interaction);

        return r < 0 || !token ? r : append_entry(message, "auth.token", 's', token);
}

static int append_client(sd_bus_message *message, const BhCarried *carried) {
        g_autofree char *valid = NULL, *short_agent = NULL;
        int r = append_entry(message, "client_address", 's', carried->client_address);

        if (r < 0 || !carried->client_agent)
                return r;
        valid = g_utf8_make_valid(carried->client_agent, -1);
        short_agent = g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), MAX_AGENT));
        return append_entry(message, "client_agent", 's', short_agent);
}

static int append_options(sd_bus_message *message, const BhRoute *route, const BhCarried *carried) {
        int r = 0;

        if (carried->if_version)
                r = append_entry(message, "if_version", 's', carried->if_version);
        if (r >= 0)
                r = append_caller(message, route->access == BH_ACCESS_PUBLIC ? NULL : carried->token);
        return r < 0 || !(route->flags & BH_ROUTE_CLIENT) ? r : append_client(message, carried);
}

static int append_entries(sd_bus_message *message, const BhRoute *route, const char *argument, const BhCarried *carried,
                          GPtrArray *problems, const char **refusal) {
        gsize length = strlen(argument);
        int r = 0;

        for (const BhInput *input = route->inputs; r >= 0 && input->source != BH_FROM_NOWHERE; input++) {
                GVariant *value;

                if (strncmp(input->target, argument, length) != 0 || input->target[length] != '.')
                        continue;
                value = value_or_complaint(input, input->type, carried, problems, refusal);
                if (value)
                        r = append_variant_entry(message, input->target + length + 1, value);
        }
        return r < 0 || !g_str_equal(argument, "options") ? r : append_options(message, route, carried);
}

static int append_dictionary(sd_bus_message *message, const BhRoute *route, const char *argument,
                             const BhCarried *carried, GPtrArray *problems, const char **refusal) {
        int r = sd_bus_message_open_container(message, 'a', "{sv}");

        if (r >= 0)
                r = append_entries(message, route, argument, carried, problems, refusal);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

/* NULL: optional and absent, or complained about. */
static GVariant *argument_value(const BhRoute *route, const GDBusArgInfo *argument, const BhCarried *carried,
                                GPtrArray *problems, const char **refusal) {
        for (const BhInput *input = route->inputs; input->source != BH_FROM_NOWHERE; input++)
                if (g_str_equal(input->target, argument->name))
                        return value_or_complaint(input, argument->signature, carried, problems, refusal);
        return NULL;
}

static GVariant *empty_value(const char *type) {
        if (g_str_equal(type, "ao"))
                return g_variant_new_array(G_VARIANT_TYPE_OBJECT_PATH, NULL, 0);
        if (g_str_equal(type, "o"))
                return g_variant_new_object_path("/");
        return bh_variant_from_text(type, *type == 's' ? "" : "0");
}

static int append_argument(sd_bus_message *message, const BhRoute *route, const GDBusArgInfo *argument,
                           const BhCarried *carried, GPtrArray *problems, const char **refusal) {
        g_autoptr(GVariant) value = NULL;

        if (g_str_equal(argument->signature, "a{sv}"))
                return append_dictionary(message, route, argument->name, carried, problems, refusal);
        value = argument_value(route, argument, carried, problems, refusal);
        if (!value)
                value = empty_value(argument->signature);
        g_variant_ref_sink(value);
        return bh_message_append_value(message, value);
}

int bh_arguments_append(sd_bus_message *message, const BhRoute *route, const BhCarried *carried, GPtrArray *problems,
                        const char **refusal) {
        GDBusMethodInfo *method = bh_method_lookup(route->interface, route->method);
        int r = 0;

        *refusal = NULL;
        for (GDBusArgInfo **argument = method->in_args; r >= 0 && argument && *argument; argument++)
                r = append_argument(message, route, *argument, carried, problems, refusal);
        if (*refusal || problems->len > 0)
                return 0;
        return r < 0 ? r : 1;
}
