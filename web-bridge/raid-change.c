/* SPDX-License-Identifier: MIT */
#include "raid-change.h"

#include "call.h"
#include "disk-lists.h"
#include "reply.h"

#include "../dbus/errors.h"

#include <string.h>

#define EVERYTHING (1U << BH_LIST_DISKS | 1U << BH_LIST_ARRAYS)

/* Members of the body, which is an object. */

static JsonNode *body_node(BhRequest *request, const char *name) {
        JsonObject *body = request->body ? json_node_get_object(request->body) : NULL;
        JsonNode *node = body ? json_object_get_member(body, name) : NULL;

        return node && !JSON_NODE_HOLDS_NULL(node) ? node : NULL;
}

/* NULL: it is absent. What is no text is "", which names nothing. */
static const char *body_text(BhRequest *request, const char *name) {
        JsonNode *node = body_node(request, name);

        if (!node)
                return NULL;
        return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
                       ? json_node_get_string(node)
                       : "";
}

static void reply_missing(BhRequest *request, const char *member) {
        g_autofree char *detail = g_strdup_printf("“%s” is missing", member);

        bh_reply_error(request, 400, detail);
}

static void reply_unknown(BhRequest *request, const char *kind, const char *name) {
        g_autofree char *detail = g_strdup_printf("There is no %s “%s”", kind, name);

        bh_reply_error(request, 400, detail);
}

/* The array or disk that the member @member of the body names; answers with 400 when there is none. To be unreferenced. */
static GVariant *named_array(BhDiskLists *lists, const char *member) {
        const char *name = body_text(lists->request, member);
        GVariant *array = name ? bh_disk_list_find(lists->lists[BH_LIST_ARRAYS], "name", name) : NULL;

        if (!name)
                reply_missing(lists->request, member);
        else if (!array)
                reply_unknown(lists->request, "array", name);
        return array;
}

static GVariant *named_disk(BhDiskLists *lists, const char *member, const char *name) {
        GVariant *disk = name ? bh_disk_lists_find_disk(lists, name) : NULL;

        if (!name)
                reply_missing(lists->request, member);
        else if (!disk)
                reply_unknown(lists->request, "disk", name);
        return disk;
}

static const char *below_root(GVariant *item) {
        return bh_dictionary_text(item, "path") + strlen(BH_ROOT_PATH "/");
}

/* Answers @status with a message, and with the job when the reply @reply of the service is one. */
static void reply_message(BhRequest *request, guint status, const char *message, const char *job) {
        g_auto(yajl_gen) json = bh_json_new();
        g_autoptr(GBytes) text = NULL;
        const char *id = job ? strrchr(job, '/') + 1 : NULL;

        yajl_gen_map_open(json);
        bh_json_member(json, "message", message);
        if (id && *id) {
                g_autofree char *location = g_strconcat("/api/jobs/", id, NULL);

                bh_json_member(json, "job_id", id);
                soup_message_headers_replace(soup_server_message_get_response_headers(request->msg), "Location",
                                             location);
        }
        yajl_gen_map_close(json);
        text = bh_json_finish(json);
        bh_reply_json(request, status, text);
}

/* --- Changes, one after the other: all of raid/options, or a single one --- */

typedef struct {
        char *object, *interface, *method;
        GVariant *arguments; /* without the options at the end; NULL: none. A tuple */
        GVariant *options;   /* a{sv} without those of the caller, NULL: none */
        char *message;
} Change;

typedef struct {
        BhRequest *request;
        GPtrArray *changes;
        guint next;
        GString *said;
        char *job; /* of the last change that has one */
} Changes;

static void change_free(gpointer data) {
        Change *change = data;

        g_free(change->object);
        g_free(change->interface);
        g_free(change->method);
        g_free(change->message);
        g_clear_pointer(&change->arguments, g_variant_unref);
        g_clear_pointer(&change->options, g_variant_unref);
        g_free(change);
}

static Changes *changes_new(BhRequest *request) {
        Changes *changes = g_new0(Changes, 1);

        changes->request = bh_request_ref(request);
        changes->changes = g_ptr_array_new_with_free_func(change_free);
        changes->said = g_string_new(NULL);
        return changes;
}

static void changes_free(Changes *changes) {
        bh_request_unref(changes->request);
        g_ptr_array_unref(changes->changes);
        g_string_free(changes->said, TRUE);
        g_free(changes->job);
        g_free(changes);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Changes, changes_free)

/* @arguments (a tuple) and @options (a{sv}) are taken when floating; NULL: none. @message is taken. */
static void changes_add(Changes *changes, const char *object, const char *interface, const char *method,
                        GVariant *arguments, GVariant *options, char *message) {
        Change *change = g_new0(Change, 1);

        change->object = g_strdup(object);
        change->interface = g_strdup(interface);
        change->method = g_strdup(method);
        change->arguments = arguments ? g_variant_ref_sink(arguments) : NULL;
        change->options = options ? g_variant_ref_sink(options) : NULL;
        change->message = message;
        g_ptr_array_add(changes->changes, change);
}

static GVariant *call_arguments(BhRequest *request, GVariant *arguments, GVariant *options) {
        g_auto(GVariantBuilder) all = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_TUPLE);
        g_auto(GVariantBuilder) entries = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
        GVariantIter iter;
        GVariant *item;

        for (gsize i = 0; arguments && i < g_variant_n_children(arguments); i++) {
                g_autoptr(GVariant) argument = g_variant_get_child_value(arguments, i);

                g_variant_builder_add_value(&all, argument);
        }
        if (options) {
                g_variant_iter_init(&iter, options);
                while ((item = g_variant_iter_next_value(&iter))) {
                        g_variant_builder_add_value(&entries, item);
                        g_variant_unref(item);
                }
        }
        bh_options_add_caller(&entries, request->token);
        g_variant_builder_add_value(&all, g_variant_builder_end(&entries));
        return g_variant_builder_end(&all);
}

static void changes_next(Changes *changes);

/* What was done before is said too, for it stays done. */
static void reply_change_error(Changes *changes, const GError *error) {
        g_auto(BhFailure) failure = {};
        g_autofree char *detail = NULL;

        bh_failure_from_error(error, &failure);
        if (changes->said->len > 0) {
                detail = g_strdup_printf("%s; then: %s", changes->said->str, failure.detail);
                g_free(failure.detail);
                failure.detail = g_steal_pointer(&detail);
        }
        bh_reply_failure(changes->request, &failure);
}

static void change_answered(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(Changes) changes = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, NULL, &error);
        Change *change = g_ptr_array_index(changes->changes, changes->next);

        if (!reply) {
                reply_change_error(changes, error);
                return;
        }
        if (g_variant_is_of_type(reply, G_VARIANT_TYPE("(o)"))) {
                g_free(changes->job);
                g_variant_get(reply, "(o)", &changes->job);
        }
        g_string_append_printf(changes->said, "%s%s", changes->said->len > 0 ? "; " : "", change->message);
        changes->next++;
        changes_next(g_steal_pointer(&changes));
}

static void changes_next(Changes *changes) {
        Change *change;

        if (changes->next == changes->changes->len) {
                reply_message(changes->request, 200, changes->said->str, changes->job);
                changes_free(changes);
                return;
        }
        change = g_ptr_array_index(changes->changes, changes->next);
        bh_call(changes->request->server, change->object, change->interface, change->method,
                call_arguments(changes->request, change->arguments, change->options), change_answered, changes);
}

static GVariant *option(const char *name, GVariant *value) {
        g_auto(GVariantBuilder) options = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

        g_variant_builder_add(&options, "{sv}", name, value);
        return g_variant_builder_end(&options);
}

static void degrade_listed(BhDiskLists *data) {
        g_autoptr(BhDiskLists) lists = data;
        const char *device = body_text(lists->request, "device");
        g_autoptr(GVariant) array = named_array(lists, "array");
        g_autoptr(GVariant) disk = array ? named_disk(lists, "device", device) : NULL;
        g_autoptr(Changes) changes = NULL;

        if (!disk)
                return;
        changes = changes_new(lists->request);
        changes_add(changes, below_root(array), "Array", "RemoveMember",
                    g_variant_new("(o)", bh_dictionary_text(disk, "path")), NULL,
                    g_strdup_printf("Device %s removed from array %s", device, bh_dictionary_text(array, "name")));
        changes_next(g_steal_pointer(&changes));
}

void bh_raid_degrade(BhRequest *request) {
        bh_disk_lists_fetch(request, EVERYTHING, degrade_listed);
}

static void rebuild_listed(BhDiskLists *data) {
        g_autoptr(BhDiskLists) lists = data;
        const char *device = body_text(lists->request, "device");
        g_autoptr(GVariant) array = named_array(lists, "array");
        g_autoptr(GVariant) disk = array && device ? named_disk(lists, "device", device) : NULL;
        g_autoptr(Changes) changes = NULL;

        if (!array || (device && !disk))
                return;
        changes = changes_new(lists->request);
        changes_add(changes, below_root(array), "Array", "Repair", NULL,
                    disk ? option("disk", g_variant_new_object_path(bh_dictionary_text(disk, "path"))) : NULL,
                    g_strdup_printf("Rebuild of array %s started", bh_dictionary_text(array, "name")));
        changes_next(g_steal_pointer(&changes));
}

void bh_raid_rebuild(BhRequest *request) {
        bh_disk_lists_fetch(request, EVERYTHING, rebuild_listed);
}

/* --- POST /api/system/raid/finalize: changes nothing, says how it stands --- */

static void finalize_listed(BhDiskLists *data) {
        g_autoptr(BhDiskLists) lists = data;
        g_autoptr(GVariant) array = named_array(lists, "array");
        const char *state = array ? bh_dictionary_text(array, "state") : "", *job = "/";
        g_autofree char *message = NULL;

        if (!array)
                return;
        job = bh_dictionary_text(array, "job");
        if (g_str_equal(state, "optimal")) {
                message = g_strdup_printf("Array %s is optimal", bh_dictionary_text(array, "name"));
                reply_message(lists->request, 200, message, NULL);
        } else if (g_str_equal(state, "rebuilding") || g_str_equal(state, "checking"))
                reply_message(lists->request, 202, bh_dictionary_text(array, "state_text"), job);
        else
                bh_reply_error(lists->request, 409, bh_dictionary_text(array, "state_text"));
}

void bh_raid_finalize(BhRequest *request) {
        bh_disk_lists_fetch(request, EVERYTHING, finalize_listed);
}

/* --- POST /api/system/raid/options --- */

static gboolean body_flag(BhRequest *request, const char *name, gboolean *value) {
        JsonNode *node = body_node(request, name);

        if (!node || !JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_BOOLEAN)
                return FALSE;
        *value = json_node_get_boolean(node);
        return TRUE;
}

/* What no UDisks2 can do; it is said before anything is changed. */
static const char *unsupported_option(BhRequest *request) {
        static const char *const names[] = {"write_mostly_device", "write_mostly", "set_speed_limit_min",
                                            "set_speed_limit_max"};

        for (guint i = 0; i < G_N_ELEMENTS(names); i++)
                if (body_node(request, names[i]))
                        return names[i];
        return NULL;
}

/* The disk that the body's member @member names, for a change of @array; TRUE when that member is absent. */
static gboolean find_optional_disk(BhDiskLists *lists, const char *member, GVariant **disk) {
        const char *name = body_text(lists->request, member);

        *disk = name ? named_disk(lists, member, name) : NULL;
        return !name || *disk;
}

static void options_listed(BhDiskLists *data) {
        g_autoptr(BhDiskLists) lists = data;
        BhRequest *request = lists->request;
        g_autoptr(GVariant) array = named_array(lists, "array");
        g_autoptr(GVariant) spare = NULL;
        g_autoptr(GVariant) removed = NULL;
        g_autoptr(Changes) changes = NULL;
        gboolean flag;

        if (!array || !find_optional_disk(lists, "add_spare", &spare) ||
            !find_optional_disk(lists, "remove_device", &removed))
                return;
        changes = changes_new(request);
        if (body_flag(request, "enable_bitmap", &flag))
                changes_add(changes, below_root(array), "Array", "SetBitmap",
                            g_variant_new("(s)", flag ? "internal" : "none"), NULL,
                            g_strdup(flag ? "Bitmap enabled" : "Bitmap disabled"));
        if (removed)
                changes_add(changes, below_root(array), "Array", "RemoveMember",
                            g_variant_new("(o)", bh_dictionary_text(removed, "path")), NULL,
                            g_strdup_printf("Device %s removed", bh_dictionary_text(removed, "name")));
        if (spare)
                changes_add(changes, below_root(array), "Array", "AddSpare",
                            g_variant_new("(o)", bh_dictionary_text(spare, "path")), NULL,
                            g_strdup_printf("Spare %s added", bh_dictionary_text(spare, "name")));
        if (body_flag(request, "trigger_scrub", &flag) && flag)
                changes_add(changes, below_root(array), "Array", "Scrub", g_variant_new("(s)", "check"), NULL,
                            g_strdup("Scrub started"));
        if (changes->changes->len == 0)
                bh_reply_error(request, 400, "No option is given");
        else
                changes_next(g_steal_pointer(&changes));
}

void bh_raid_options(BhRequest *request) {
        const char *unsupported = unsupported_option(request);
        g_autofree char *detail = NULL;

        if (!unsupported) {
                bh_disk_lists_fetch(request, EVERYTHING, options_listed);
                return;
        }
        detail = g_strdup_printf("“%s” is not supported: UDisks2 cannot do it", unsupported);
        bh_reply_error(request, 501, detail);
}

/* --- What destroys data: the plan, or its application --- */

static void write_plan(yajl_gen json, GVariant *reply) {
        g_autoptr(GVariant) plan = g_variant_get_child_value(reply, 1);
        const char *token;

        g_variant_get_child(reply, 0, "&s", &token);
        bh_json_member(json, "detail", "This needs the token of a plan");
        bh_json_member(json, "token", token);
        bh_json_string(json, "plan");
        bh_json_value(json, "plan", plan);
}

static void planned(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(BhRequest) request = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, NULL, &error);
        g_auto(yajl_gen) json = NULL;
        g_autoptr(GBytes) text = NULL;

        if (!reply) {
                bh_reply_dbus_error(request, error);
                return;
        }
        json = bh_json_new();
        yajl_gen_map_open(json);
        write_plan(json, reply);
        yajl_gen_map_close(json);
        text = bh_json_finish(json);
        bh_reply_json(request, 409, text);
}

static void make_plan(BhRequest *request, const char *method, GVariant *arguments, GVariant *options) {
        g_autoptr(GVariant) first = g_variant_ref_sink(arguments);
        g_autoptr(GVariant) more = options ? g_variant_ref_sink(options) : NULL;

        bh_bus_call(request->server->bus, NULL, "Storage", method, call_arguments(request, first, more), "(sa{sv})",
                    BH_CALL_TIMEOUT_MS, planned, bh_request_ref(request));
}

/* With a token in the body, that plan is applied. */
static gboolean apply_if_planned(BhRequest *request, const char *message) {
        const char *token = body_text(request, "token");
        g_autoptr(Changes) changes = NULL;

        if (!token)
                return FALSE;
        bh_request_pause(request);
        changes = changes_new(request);
        changes_add(changes, NULL, "Storage", "Apply", g_variant_new("(s)", token), NULL, g_strdup(message));
        changes_next(g_steal_pointer(&changes));
        return TRUE;
}

static void format_listed(BhDiskLists *data) {
        g_autoptr(BhDiskLists) lists = data;
        BhRequest *request = lists->request;
        const char *filesystem = body_text(request, "filesystem"), *label = body_text(request, "label");
        g_autoptr(GVariant) disk = named_disk(lists, "disk", body_text(request, "disk"));

        if (!disk)
                return;
        if (!filesystem)
                filesystem = "ext4";
        make_plan(request, "PlanFormat",
                  g_variant_new("(oss)", bh_dictionary_text(disk, "path"),
                                label ? label : bh_dictionary_text(disk, "name"), filesystem),
                  label ? option("label", g_variant_new_string(label)) : NULL);
}

void bh_raid_format_disk(BhRequest *request) {
        if (!apply_if_planned(request, "Formatting started"))
                bh_disk_lists_fetch(request, EVERYTHING, format_listed);
}

/* Objects of the disks that the array @member of the body names, floating; NULL when it has answered with 400. */
static GVariant *named_disks(BhDiskLists *lists, const char *member) {
        g_auto(GVariantBuilder) objects = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
        JsonNode *node = body_node(lists->request, member);
        JsonArray *names = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

        if (node && !names) {
                bh_reply_problem(lists->request, "body", member, "Input should be an array of names");
                return NULL;
        }
        for (guint i = 0; names && i < json_array_get_length(names); i++) {
                JsonNode *item = json_array_get_element(names, i);
                gboolean is_text = JSON_NODE_HOLDS_VALUE(item) && json_node_get_value_type(item) == G_TYPE_STRING;
                g_autoptr(GVariant) disk = named_disk(lists, member, is_text ? json_node_get_string(item) : "");

                if (!disk)
                        return NULL;
                g_variant_builder_add(&objects, "o", bh_dictionary_text(disk, "path"));
        }
        return g_variant_builder_end(&objects);
}

static void create_listed(BhDiskLists *data) {
        g_autoptr(BhDiskLists) lists = data;
        BhRequest *request = lists->request;
        const char *name = body_text(request, "name"), *level = body_text(request, "level");
        g_autoptr(GVariant) devices = NULL;
        g_autoptr(GVariant) spares = NULL;

        if (!name || !level) {
                reply_missing(request, name ? "level" : "name");
                return;
        }
        devices = named_disks(lists, "devices");
        if (!devices)
                return;
        g_variant_ref_sink(devices);
        spares = named_disks(lists, "spare_devices");
        if (!spares)
                return;
        g_variant_ref_sink(spares);
        make_plan(request, "PlanArray", g_variant_new("(ss@ao)", name, level, devices),
                  g_variant_n_children(spares) > 0 ? option("spares", spares) : NULL);
}

void bh_raid_create_array(BhRequest *request) {
        if (!apply_if_planned(request, "Array is being created"))
                bh_disk_lists_fetch(request, EVERYTHING, create_listed);
}

static void delete_listed(BhDiskLists *data) {
        g_autoptr(BhDiskLists) lists = data;
        g_autoptr(GVariant) array = named_array(lists, "array");

        if (array)
                make_plan(lists->request, "PlanDelete", g_variant_new("(o)", bh_dictionary_text(array, "path")), NULL);
}

void bh_raid_delete_array(BhRequest *request) {
        if (!apply_if_planned(request, "Array is being deleted"))
                bh_disk_lists_fetch(request, EVERYTHING, delete_listed);
}
