/* SPDX-License-Identifier: MIT */
#include "arguments.h"
#include "bus-message.h"
#include "errors.h"
#include "interfaces.h"
#include "message-fixture.h"
#include "openapi.h"
#include "routes.h"

#include "../dbus/errors.h"

#include <errno.h>
#include <string.h>

/* The table names interfaces, methods and arguments as text; each must exist. */
static void test_rows_fit_the_interfaces(void) {
        for (const BhRoute *route = bh_routes; route->verb; route++) {
                GDBusMethodInfo *method = bh_method_lookup(route->interface, route->method);

                g_test_message("%s %s", route->verb, route->path);
                g_assert_nonnull(route->summary);
                g_assert_true(g_str_has_prefix(route->path, "/api/"));
                for (const BhInput *input = route->inputs; input->source != BH_FROM_NOWHERE; input++) {
                        g_auto(GStrv) parts = g_strsplit(input->target, ".", 2);

                        if (!*input->target)
                                continue;
                        g_assert_nonnull(bh_argument_find(method->in_args, parts[0]));
                        g_assert_cmpint(parts[1] != NULL, ==, input->type != NULL);
                }
                for (guint i = 0; i < G_N_ELEMENTS(route->outputs) && route->outputs[i].argument; i++)
                        g_assert_nonnull(bh_argument_find(method->out_args, route->outputs[i].argument));
        }
}

static const BhRoute *find(const char *verb, const char *path, char **allowed) {
        g_autoptr(GHashTable) values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

        *allowed = NULL;
        return bh_route_find(verb, path, values, allowed);
}

/* A row that another one before it always hides would never be called. */
static void test_every_row_can_be_reached(void) {
        for (const BhRoute *route = bh_routes; route->verb; route++) {
                g_autofree char *allowed = NULL;
                g_auto(GStrv) parts = g_strsplit_set(route->path, "{}", 0);
                g_autofree char *path = g_strjoinv("7", parts);

                g_test_message("%s %s", route->verb, path);
                g_assert_true(find(route->verb, path, &allowed) == route);
        }
}

static void test_literal_comes_before_placeholder(void) {
        g_autofree char *allowed = NULL;

        g_assert_cmpstr(find("DELETE", "/api/files/trash", &allowed)->path, ==, "/api/files/trash");
        g_assert_cmpstr(find("DELETE", "/api/files/trash/x", &allowed)->path, ==, "/api/files/trash/{trash_id}");
        g_assert_cmpstr(find("DELETE", "/api/files/trash%2Fx", &allowed)->path, ==, "/api/files/{path}");
        g_assert_cmpstr(find("DELETE", "/api/files/trash/x/y", &allowed)->path, ==, "/api/files/{path}");
        g_assert_cmpstr(find("HEAD", "/api/files/download/a/b", &allowed)->verb, ==, "GET");
        g_assert_null(find("GET", "/api/nothing", &allowed));
        g_assert_null(allowed);
        g_assert_null(find("PUT", "/api/users", &allowed));
        g_assert_cmpstr(allowed, ==, "GET, HEAD, POST");
}

/* What bh_arguments_append() returned, and with 1 what it has appended, in *@ret. */
static int build(const char *verb, const char *path, const char *body, GHashTable *values, GHashTable *query,
                 GPtrArray *problems, const char **refusal, GVariant **ret) {
        g_autofree char *allowed = NULL;
        const BhRoute *route = find(verb, path, &allowed);
        g_autoptr(JsonNode) node = body ? json_from_string(body, NULL) : NULL;
        g_autoptr(GUnixFDList) descriptors = NULL;
        BhCarried carried = {.path = values,
                             .query = query,
                             .body = node ? json_node_get_object(node) : NULL,
                             .token = "t",
                             .client_address = "192.0.2.1"};
        MessageFixture fixture;
        sd_bus_message *message;
        int r;

        message_fixture_init(&fixture);
        message = message_new(&fixture);
        r = bh_arguments_append(message, route, &carried, problems, refusal);
        if (r > 0) {
                message_seal(message);
                g_assert_cmpint(bh_message_read(message, ret, &descriptors), ==, 0);
        }
        sd_bus_message_unref(message);
        message_fixture_clear(&fixture);
        return r;
}

static void assert_built(const char *verb, const char *path, const char *body, const char *expected) {
        g_autoptr(GPtrArray) problems = bh_problems_new();
        const char *refusal;
        g_autoptr(GVariant) arguments = NULL;
        g_autofree char *text = NULL;

        g_assert_cmpint(build(verb, path, body, NULL, NULL, problems, &refusal, &arguments), ==, 1);
        text = g_variant_print(arguments, FALSE);
        g_assert_cmpstr(text, ==, expected);
}

static void test_body_becomes_arguments(void) {
        assert_built("POST", "/api/files/folder", "{\"path\":\"a\",\"name\":\"b\"}",
                     "('a/b', {'auth.no_interaction': <true>, 'auth.token': <'t'>})");
        assert_built("POST", "/api/files/folder", "{\"name\":\"b\",\"parents\":true}",
                     "('b', {'parents': <true>, 'auth.no_interaction': <true>, 'auth.token': <'t'>})");
        assert_built("PUT", "/api/files/rename", "{\"old_path\":\"a\",\"new_name\":\"b\"}",
                     "('a', 'b', {'auth.no_interaction': <true>, 'auth.token': <'t'>})");
        assert_built("POST", "/api/auth/login", "{\"username\":\"a\",\"password\":\"b\"}",
                     "('a', 'b', {'auth.no_interaction': <true>, 'client_address': <'192.0.2.1'>})");
        assert_built("POST", "/api/users",
                     "{\"username\":\"a\",\"password\":\"b\",\"quota_bytes\":\"5\",\"email\":null,\"uid\":null}",
                     "('a', 'b', {'quota_bytes': <uint64 5>, 'uid': <int64 -1>, 'auth.no_interaction': <true>, "
                     "'auth.token': <'t'>})");
}

static void test_what_a_bus_does_not_carry_is_an_error(void) {
        g_autoptr(GPtrArray) problems = bh_problems_new();
        const char *refusal;

        g_assert_cmpint(build("POST", "/api/files/folder", "{\"name\":\"a\xef\xbf\xbe\"}", NULL, NULL, problems,
                              &refusal, NULL),
                        ==, -EINVAL);
        g_assert_cmpuint(problems->len, ==, 0);
        g_assert_null(refusal);
}

static void test_problems_are_all_listed(void) {
        g_autoptr(GPtrArray) problems = bh_problems_new();
        const char *refusal;

        g_assert_cmpint(build("POST", "/api/users",
                              "{\"username\":1,\"is_active\":\"yes\",\"quota_bytes\":-1,\"uid\":1.5}", NULL, NULL,
                              problems, &refusal, NULL),
                        ==, 0);
        g_assert_null(refusal);
        g_assert_cmpuint(problems->len, ==, 5);
        for (guint i = 0; i < problems->len; i++)
                g_assert_cmpstr(((BhProblem *)g_ptr_array_index(problems, i))->where, ==, "body");
}

static void test_missing_folder_name_has_its_own_answer(void) {
        g_autoptr(GPtrArray) problems = bh_problems_new();
        const char *refusal;

        g_assert_cmpint(build("POST", "/api/files/folder", "{}", NULL, NULL, problems, &refusal, NULL), ==, 0);
        g_assert_cmpstr(refusal, ==, "Folder name required");
}

static void test_numbers_in_texts(void) {
        static const struct {
                const char *type, *text;
                gboolean good;
        } cases[] = {
                {"t", "0", TRUE},
                {"t", "18446744073709551615", TRUE},
                {"t", "18446744073709551616", FALSE},
                {"t", "-1", FALSE},
                {"t", "", FALSE},
                {"t", " 1", FALSE},
                {"t", "1x", FALSE},
                {"u", "4294967295", TRUE},
                {"u", "4294967296", FALSE},
                {"x", "-5", TRUE},
                {"x", "1e3", FALSE},
                {"b", "true", TRUE},
                {"b", "0", TRUE},
                {"b", "yes", FALSE},
                {"b", "", FALSE},
                {"s", "", TRUE},
                {"v", "x", FALSE},
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                GVariant *value = bh_variant_from_text(cases[i].type, cases[i].text);

                g_test_message("%s of %s", cases[i].text, cases[i].type);
                g_assert_cmpint(value != NULL, ==, cases[i].good);
                if (value)
                        g_variant_unref(g_variant_ref_sink(value));
        }
}

static void assert_failure(const char *name, const char *message, guint status, const char *detail, guint retry_after) {
        g_autoptr(GError) error = g_dbus_error_new_for_dbus_error(name, message);
        g_auto(BhFailure) failure = {};

        bh_failure_from_error(error, &failure);
        g_assert_cmpuint(failure.status, ==, status);
        g_assert_cmpstr(failure.detail, ==, detail);
        g_assert_cmpuint(failure.retry_after, ==, retry_after);
}

static void test_every_error_has_its_status(void) {
#define ROW(error_name, number, http_status, sentence)                                                                 \
        {                                                                                                              \
                g_autoptr(GError) error = g_dbus_error_new_for_dbus_error(BH_ERROR_PREFIX #error_name, sentence);      \
                g_auto(BhFailure) failure = {};                                                                        \
                                                                                                                       \
                bh_failure_from_error(error, &failure);                                                                \
                g_assert_cmpuint(failure.status, ==, http_status);                                                     \
                g_assert_cmpstr(failure.name, ==, #error_name);                                                        \
                g_assert_cmpstr(failure.detail, ==, sentence);                                                         \
        }
        BH_ERRORS(ROW)
#undef ROW
        assert_failure(BH_ERROR_PREFIX "OutsideStorage", "Cannot list “..”", 403,
                       "Path is outside of the NAS storage boundary", 0);
        assert_failure(BH_ERROR_PREFIX "Exists", "“a” exists", 409, "“a” exists", 0);
        assert_failure(BH_ERROR_PREFIX "TooManyRequests", "Too many attempts (retry after 17 s)", 429,
                       "Too many attempts (retry after 17 s)", 17);
        assert_failure("org.freedesktop.DBus.Error.ServiceUnknown", "secret", 503, "The NAS service is not available",
                       0);
        assert_failure("org.freedesktop.DBus.Error.NoReply", "secret", 503, "The NAS service is not available", 0);
        assert_failure("org.freedesktop.DBus.Error.Spawn.ChildExited", "secret", 503,
                       "The NAS service is not available", 0);
}

static void test_unknown_error_is_not_shown(void) {
        g_log_set_always_fatal(G_LOG_LEVEL_ERROR); /* it is logged instead */
        assert_failure("com.example.Error", "secret", 500, "Internal error", 0);
}

static void test_time_to_wait(void) {
        g_assert_cmpuint(bh_retry_after("x (retry after 5 s)"), ==, 5);
        g_assert_cmpuint(bh_retry_after("x (retry after 5 s) y"), ==, 0);
        g_assert_cmpuint(bh_retry_after("x (retry after -5 s)"), ==, 0);
        g_assert_cmpuint(bh_retry_after("x (retry after  s)"), ==, 0);
        g_assert_cmpuint(bh_retry_after("x (retry after 99999999999999999999999 s)"), ==, 0);
        g_assert_cmpuint(bh_retry_after(""), ==, 0);
}

static void test_document_is_json(void) {
        g_autoptr(GBytes) text = bh_openapi_print();
        gsize length;
        const char *data = g_bytes_get_data(text, &length);
        g_autofree char *copy = g_strndup(data, length);
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) node = json_from_string(copy, &error);

        g_assert_no_error(error);
        for (const BhRoute *route = bh_routes; route->verb; route++) {
                JsonObject *paths = json_object_get_object_member(json_node_get_object(node), "paths");
                g_autofree char *verb = g_ascii_strdown(route->verb, -1);

                g_assert_true(json_object_has_member(json_object_get_object_member(paths, route->path), verb));
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/web/routes/rows_fit_the_interfaces", test_rows_fit_the_interfaces);
        g_test_add_func("/web/routes/every_row_can_be_reached", test_every_row_can_be_reached);
        g_test_add_func("/web/routes/literal_comes_before_placeholder", test_literal_comes_before_placeholder);
        g_test_add_func("/web/routes/body_becomes_arguments", test_body_becomes_arguments);
        g_test_add_func("/web/routes/what_a_bus_does_not_carry_is_an_error",
                        test_what_a_bus_does_not_carry_is_an_error);
        g_test_add_func("/web/routes/problems_are_all_listed", test_problems_are_all_listed);
        g_test_add_func("/web/routes/missing_folder_name_has_its_own_answer",
                        test_missing_folder_name_has_its_own_answer);
        g_test_add_func("/web/routes/numbers_in_texts", test_numbers_in_texts);
        g_test_add_func("/web/routes/every_error_has_its_status", test_every_error_has_its_status);
        g_test_add_func("/web/routes/unknown_error_is_not_shown", test_unknown_error_is_not_shown);
        g_test_add_func("/web/routes/time_to_wait", test_time_to_wait);
        g_test_add_func("/web/routes/document_is_json", test_document_is_json);
        return g_test_run();
}
