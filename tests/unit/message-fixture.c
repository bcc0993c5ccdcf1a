/* SPDX-License-Identifier: MIT */
#include "message-fixture.h"

#include <sys/socket.h>
#include <unistd.h>

#include "bus-message.h"

void message_fixture_init(MessageFixture *fixture) {
        int fds[2];

        *fixture = (MessageFixture){};
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        g_assert_cmpint(sd_bus_new(&fixture->bus), >=, 0);
        g_assert_cmpint(sd_bus_set_fd(fixture->bus, fds[0], fds[0]), >=, 0);
        g_assert_cmpint(sd_bus_negotiate_fds(fixture->bus, TRUE), >=, 0);
        g_assert_cmpint(sd_bus_start(fixture->bus), >=, 0);
        fixture->other = fds[1];
}

void message_fixture_clear(MessageFixture *fixture) {
        sd_bus_close_unref(fixture->bus);
        close(fixture->other);
}

sd_bus_message *message_new(MessageFixture *fixture) {
        sd_bus_message *message = NULL;

        g_assert_cmpint(sd_bus_message_new_method_call(fixture->bus, &message, "a.b", "/", "a.b", "C"), >=, 0);
        return message;
}

void message_seal(sd_bus_message *message) {
        g_assert_cmpint(sd_bus_message_seal(message, 1, 0), >=, 0);
        g_assert_cmpint(sd_bus_message_rewind(message, TRUE), >=, 0);
}

sd_bus_message *message_with(MessageFixture *fixture, GVariant *contents) {
        g_autoptr(GVariant) taken = g_variant_ref_sink(contents);
        sd_bus_message *message = message_new(fixture);

        g_assert_cmpint(bh_message_append(message, taken), >=, 0);
        message_seal(message);
        return message;
}
