/* SPDX-License-Identifier: MIT */
#include "json-message.h"
#include "json.h"
#include "list.h"
#include "message-fixture.h"

#include <string.h>

static char *printed(yajl_gen json) {
        g_autoptr(GBytes) text = bh_json_finish(json);
        gsize length;
        const char *data = g_bytes_get_data(text, &length);

        return g_strndup(data, length);
}

static void assert_value_of_variant(const char *name, GVariant *value, const char *expected) {
        g_auto(yajl_gen) json = bh_json_new();
        g_autofree char *text = NULL;

        yajl_gen_map_open(json);
        bh_json_variant_member(json, name, value);
        yajl_gen_map_close(json);
        text = printed(json);
        g_assert_cmpstr(text, ==, expected);
}

static void assert_value_of_message(const char *name, sd_bus_message *message, const char *expected) {
        g_auto(yajl_gen) json = bh_json_new();
        g_autofree char *text = NULL;

        yajl_gen_map_open(json);
        g_assert_cmpint(bh_json_read_member(json, name, message), >=, 0);
        yajl_gen_map_close(json);
        text = printed(json);
        g_assert_cmpstr(text, ==, expected);
}

static GVariant *dictionary_with(const char *name, GVariant *value) {
        g_auto(GVariantBuilder) entries = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);

        g_variant_builder_add(&entries, "{sv}", name, value);
        g_variant_builder_add(&entries, "{sv}", "b", g_variant_new_string("next"));
        return g_variant_builder_end(&entries);
}

/* As a variant, as a value in a message, and as an entry of a dictionary there; what is behind it must still be found. */
static void assert_value(const char *name, const char *variant, const char *expected) {
        g_autoptr(GVariant) value = g_variant_ref_sink(g_variant_new_parsed(variant));
        GVariant *contents[] = {value, dictionary_with(name, value), g_variant_new_string("end")};
        g_autofree char *dictionary =
                g_strdup_printf("{\"d\":%.*s,\"b\":\"next\"}}", (int)strlen(expected) - 1, expected);
        MessageFixture fixture;
        sd_bus_message *message;

        assert_value_of_variant(name, value, expected);
        message_fixture_init(&fixture);
        message = message_with(&fixture, g_variant_new_tuple(contents, G_N_ELEMENTS(contents)));
        assert_value_of_message(name, message, expected);
        assert_value_of_message("d", message, dictionary);
        assert_value_of_message("e", message, "{\"e\":\"end\"}");
        g_assert_cmpint(bh_json_read_member(NULL, "f", message), <, 0);
        sd_bus_message_unref(message);
        message_fixture_clear(&fixture);
}

static void test_values(void) {
        assert_value("a", "true", "{\"a\":true}");
        assert_value("a", "'x\"\\n\\u0001ä'", "{\"a\":\"x\\\"\\n\\u0001ä\"}");
        assert_value("size", "uint64 18446744073709551615", "{\"size\":18446744073709551615}");
        assert_value("a", "int64 -9223372036854775808", "{\"a\":-9223372036854775808}");
        assert_value("a", "1.5", "{\"a\":1.5}");
        assert_value("a", "inf", "{\"a\":null}");
        assert_value("a", "@as []", "{\"a\":[]}");
        assert_value("a", "['x','y']", "{\"a\":[\"x\",\"y\"]}");
        assert_value("a", "[{'b': <uint32 1>}]", "{\"a\":[{\"b\":1}]}");
        assert_value("a", "@(sb) ('x', false)", "{\"a\":[\"x\",false]}");
        assert_value("a", "byte 7", "{\"a\":7}");
        assert_value("a", "int16 -7", "{\"a\":-7}");
        assert_value("a", "uint16 65535", "{\"a\":65535}");
        assert_value("a", "-7", "{\"a\":-7}");
        assert_value("a", "uint32 4294967295", "{\"a\":4294967295}");
        assert_value("a", "objectpath '/a'", "{\"a\":\"/a\"}");
        assert_value("a", "objectpath '/'", "{\"a\":null}");
        assert_value("a", "objectpath '/org/baluhost/NAS1/disks/b'", "{\"a\":\"disks/b\"}");
        assert_value("path", "objectpath '/org/baluhost/NAS1/disks/b'", "{\"id\":\"b\",\"path\":\"disks/b\"}");
        assert_value("path", "objectpath '/'", "{\"id\":null,\"path\":null}");
        assert_value("a", "<<'x'>>", "{\"a\":\"x\"}");
        assert_value("a", "@aas [[], ['x']]", "{\"a\":[[],[\"x\"]]}");
        assert_value("a", "@a{sv} {}", "{\"a\":{}}");
        assert_value("a", "{'b': <{'c': <[('x', int64 1)]>}>}", "{\"a\":{\"b\":{\"c\":[[\"x\",1]]}}}");
        assert_value("a", "{uint32 1: 'x'}", "{\"a\":[null]}");
}

static void test_names_change_values(void) {
        assert_value("id", "uint64 5", "{\"id\":\"5\"}");
        assert_value("owner_id", "uint64 0", "{\"owner_id\":null}");
        assert_value("trash_id", "'x'", "{\"trash_id\":\"x\"}");
        assert_value("trash_id", "''", "{\"trash_id\":null}");
        assert_value("name", "''", "{\"name\":\"\"}");
        assert_value("quota_bytes", "uint64 0", "{\"quota_bytes\":null}");
        assert_value("used_bytes", "uint64 0", "{\"used_bytes\":0}");
        assert_value("uid", "int64 -1", "{\"uid\":null}");
        assert_value("uid", "int64 0", "{\"uid\":0}");
        assert_value("created_usec", "int64 1767323045678999", "{\"created_at\":\"2026-01-02T03:04:05.678Z\"}");
        assert_value("created_usec", "int64 0", "{\"created_at\":null}");
        assert_value("created_usec", "int64 -1", "{\"created_at\":\"1969-12-31T23:59:59.999Z\"}");
        assert_value("created_usec", "int64 9223372036854775807", "{\"created_at\":null}");
        assert_value("uptime_usec", "uint64 1500000", "{\"uptime_seconds\":1.5}");
}

static char *write_list(const char *folder, guint count) {
        g_auto(GVariantBuilder) entries = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(sstxtsb)"));
        g_auto(yajl_gen) json = bh_json_new();
        const char *version = NULL;
        MessageFixture fixture;
        sd_bus_message *reply;
        char *text;

        for (guint i = 0; i < count; i++)
                g_variant_builder_add(&entries, "(sstxtsb)", "name", i % 2 ? "file" : "directory",
                                      G_GUINT64_CONSTANT(5), G_GINT64_CONSTANT(1767323045678000), G_GUINT64_CONSTANT(7),
                                      i % 2 ? "e" : "", TRUE);
        message_fixture_init(&fixture);
        reply = message_with(&fixture, g_variant_new("(a(sstxtsb)sts)", &entries, "", (guint64)count, "version"));
        yajl_gen_map_open(json);
        g_assert_cmpint(bh_list_write_members(json, reply, folder, &version), ==, 0);
        yajl_gen_map_close(json);
        g_assert_cmpstr(version, ==, "version");
        text = printed(json);
        sd_bus_message_unref(reply);
        message_fixture_clear(&fixture);
        return text;
}

static void test_a_reply_of_another_kind_is_an_error(void) {
        g_auto(yajl_gen) json = bh_json_new();
        const char *version = NULL;
        MessageFixture fixture;
        sd_bus_message *reply;

        message_fixture_init(&fixture);
        reply = message_with(&fixture, g_variant_new_parsed("([('a', 'file')], '', uint64 1, 'version')"));
        yajl_gen_map_open(json);
        g_assert_cmpint(bh_list_write_members(json, reply, "", &version), <, 0);
        sd_bus_message_unref(reply);
        message_fixture_clear(&fixture);
}

static void test_list_of_files(void) {
        g_autofree char *text = write_list("a/b", 2);

        g_assert_cmpstr(
                text, ==,
                "{\"files\":[{\"name\":\"name\",\"type\":\"directory\",\"size\":5,\"modified_at\":\"2026-01-02T03:04:"
                "05.678Z\",\"owner_id\":\"7\","
                "\"etag\":null,\"is_writable\":true,\"path\":\"a/b/name\",\"id\":\"a/b/name\",\"is_directory\":true,"
                "\"modified\":\"2026-01-02T03:04:05.678Z\"},{\"name\":\"name\",\"type\":\"file\",\"size\":5,"
                "\"modified_at\":\"2026-01-02T03:04:05.678Z\",\"owner_id\":\"7\",\"etag\":\"e\",\"is_writable\":true,"
                "\"path\":\"a/b/name\","
                "\"id\":\"a/b/"
                "name\",\"is_directory\":false,\"modified\":\"2026-01-02T03:04:05.678Z\"}],\"next_cursor\":null,"
                "\"total\":2}");
}

/* Not a promise about time, which a shared machine cannot keep, but what makes it: output grows with the input, and no faster. */
static void test_list_of_a_thousand(void) {
        gint64 begin = g_get_monotonic_time();
        g_autofree char *text = write_list("", 1000);

        g_test_message("1000 entries: %" G_GINT64_FORMAT " µs, building them included", g_get_monotonic_time() - begin);
        g_assert_true(g_str_has_suffix(text, "\"total\":1000}"));
}

static void test_body_is_bounded(void) {
        static const struct {
                const char *text;
                gboolean array, good;
        } cases[] = {
                {"{}", FALSE, TRUE},
                {" {\"a\": [1, {\"b\": \"[[[[[\\\"\"}]} ", FALSE, TRUE},
                {"[]", TRUE, TRUE},
                {"[]", FALSE, FALSE},
                {"{}", TRUE, FALSE},
                {"", FALSE, FALSE},
                {"null", FALSE, FALSE},
                {"{\"a\":\"\\u0000\"}", FALSE, FALSE},
                {"{\"a\":\"\\\\u0000\"}", FALSE, TRUE},
                {"{\"a\":999999999999999999}", FALSE, TRUE},
                {"{\"a\":9999999999999999999}", FALSE, FALSE},
                {"{\"a\":\"9999999999999999999\"}", FALSE, TRUE},
                {"{\"a\":\"\xff\"}", FALSE, FALSE},
                {"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}", FALSE, FALSE},
                {"{'a':1}", FALSE, FALSE},
                {"{} {}", FALSE, FALSE},
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                const char *problem = NULL;
                g_autoptr(JsonNode) node =
                        bh_json_parse(cases[i].text, strlen(cases[i].text), cases[i].array, &problem);

                g_autofree char *shown = g_strescape(cases[i].text, NULL);

                g_test_message("%s", shown);
                g_assert_cmpint(node != NULL, ==, cases[i].good);
                g_assert_cmpint(problem == NULL, ==, cases[i].good);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/web/json/values_of_every_type", test_values);
        g_test_add_func("/web/json/names_change_values", test_names_change_values);
        g_test_add_func("/web/json/list_of_files", test_list_of_files);
        g_test_add_func("/web/json/a_reply_of_another_kind_is_an_error", test_a_reply_of_another_kind_is_an_error);
        g_test_add_func("/web/json/list_of_a_thousand", test_list_of_a_thousand);
        g_test_add_func("/web/json/body_is_bounded", test_body_is_bounded);
        return g_test_run();
}
