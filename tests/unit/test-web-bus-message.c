/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus-message.h"

/* A message of a connection that leads nowhere. */
static sd_bus_message *message_new(sd_bus *bus) {
        sd_bus_message *message = NULL;

        g_assert_cmpint(sd_bus_message_new_method_call(bus, &message, "a.b", "/", "a.b", "C"), >=, 0);
        return message;
}

static sd_bus *bus_new(int fds[2]) {
        sd_bus *bus = NULL;

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        g_assert_cmpint(sd_bus_new(&bus), >=, 0);
        g_assert_cmpint(sd_bus_set_fd(bus, fds[0], fds[0]), >=, 0);
        g_assert_cmpint(sd_bus_negotiate_fds(bus, TRUE), >=, 0);
        g_assert_cmpint(sd_bus_start(bus), >=, 0);
        return bus;
}

static void bus_free(sd_bus *bus, int fds[2]) {
        sd_bus_close_unref(bus);
        close(fds[1]);
}

static void seal(sd_bus_message *message) {
        g_assert_cmpint(sd_bus_message_seal(message, 1, 0), >=, 0);
        g_assert_cmpint(sd_bus_message_rewind(message, TRUE), >=, 0);
}

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
        int fds[2];
        sd_bus *bus = bus_new(fds);

        for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autoptr(GVariant) value = g_variant_parse(NULL, texts[i], NULL, NULL, NULL);
                g_autoptr(GVariant) found = NULL;
                g_autoptr(GUnixFDList) descriptors = NULL;
                sd_bus_message *message = message_new(bus);

                g_assert_nonnull(value);
                g_assert_cmpint(bh_message_append(message, value), >=, 0);
                seal(message);
                g_assert_cmpint(bh_message_read(message, &found, &descriptors), ==, 0);
                g_assert_false(g_variant_is_floating(found));
                g_assert_cmpvariant(found, value);
                g_assert_null(descriptors);
                sd_bus_message_unref(message);
        }
        bus_free(bus, fds);
}

static void test_what_the_bus_cannot_carry_is_refused(void) {
        static const char *const texts[] = {"(handle 0,)", "(@ms nothing,)"};
        int fds[2];
        sd_bus *bus = bus_new(fds);

        for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autoptr(GVariant) value = g_variant_parse(NULL, texts[i], NULL, NULL, NULL);
                sd_bus_message *message = message_new(bus);

                g_assert_nonnull(value);
                g_assert_cmpint(bh_message_append(message, value), <, 0);
                sd_bus_message_unref(message);
        }
        bus_free(bus, fds);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/bus-message/values_come_back_as_they_were", test_values_come_back_as_they_were);
        g_test_add_func("/bus-message/what_the_bus_cannot_carry_is_refused", test_what_the_bus_cannot_carry_is_refused);
        return g_test_run();
}
