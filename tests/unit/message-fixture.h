/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* Messages without a bus: of a connection that leads nowhere. */
typedef struct {
        sd_bus *bus;
        int other; /* end of the connection */
} MessageFixture;

void message_fixture_init(MessageFixture *fixture);
void message_fixture_clear(MessageFixture *fixture);

/* An empty one, to be appended to. The caller's to unref, as all of them. */
sd_bus_message *message_new(MessageFixture *fixture);

/* Makes @message one to be read, from its beginning. */
void message_seal(sd_bus_message *message);

/* One to be read with the children of the tuple @contents, taken when floating. */
sd_bus_message *message_with(MessageFixture *fixture, GVariant *contents);
