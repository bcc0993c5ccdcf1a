/* SPDX-License-Identifier: MIT */
#include "bus-message.h"
#include "message-fixture.h"

static void test_values_come_back_as_they_were(void) {
        static const char *const texts[] = {
                "()",
                "('', 'text', 'ü', objectpath '/a/b', signature 'a{sv}')",
                "(true, false, byte 0xff, int16 -2, uint16 65535, -3, uint32 4294967295, int64 -9223372036854775808, "
                "uint64 18446744073709551615, 1.5)",
                "(@a{sv} {}, {'a': <'b'>, 'c': <uint64 5>, 'd': <<true>>, 'e': <{'f': <@as []>}>})",
                "([('a', 'file', uint64 1), ('b', 'directory', 2)], @a(ss) [], [['a'], []], (('x', (int64 1,)),))",
                "({uint32 1: 'a', 2: 'b'}, [byte 1, 2, 3])",
        };
        MessageFixture fixture;

        message_fixture_init(&fixture);

        for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autoptr(GVariant) value = g_variant_parse(NULL, texts[i], NULL, NULL, NULL);
                g_autoptr(GVariant) found = NULL;
                g_autoptr(GUnixFDList) descriptors = NULL;
                sd_bus_message *message = message_new(&fixture);

                g_assert_nonnull(value);
                g_assert_cmpint(bh_message_append(message, value), >=, 0);
                message_seal(message);
                g_assert_cmpint(bh_message_read(message, &found, &descriptors), ==, 0);
                g_assert_false(g_variant_is_floating(found));
                g_assert_cmpvariant(found, value);
                g_assert_null(descriptors);
                sd_bus_message_unref(message);
        }
        message_fixture_clear(&fixture);
}

static void test_what_the_bus_cannot_carry_is_refused(void) {
        static const char *const texts[] = {"(handle 0,)", "(@ms nothing,)"};
        MessageFixture fixture;

        message_fixture_init(&fixture);

        for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autoptr(GVariant) value = g_variant_parse(NULL, texts[i], NULL, NULL, NULL);
                sd_bus_message *message = message_new(&fixture);

                g_assert_nonnull(value);
                g_assert_cmpint(bh_message_append(message, value), <, 0);
                sd_bus_message_unref(message);
        }
        message_fixture_clear(&fixture);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/bus-message/values_come_back_as_they_were", test_values_come_back_as_they_were);
        g_test_add_func("/bus-message/what_the_bus_cannot_carry_is_refused", test_what_the_bus_cannot_carry_is_refused);
        return g_test_run();
}
