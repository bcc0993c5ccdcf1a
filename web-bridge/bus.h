/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gunixfdlist.h>
#include <systemd/sd-bus.h>

/* The system bus, in the main loop without a thread of its own. All calls of the service go through here. A bus refuses a peer that waits for too many answers at
 * once (128 on Debian's system bus); what is beyond that waits here for its turn. Main thread only. */
typedef struct BhBus BhBus;

/* The connection has ended. Called once, from the main loop. */
typedef void (*BhBusClosed)(gpointer data, const char *reason);

/* Connects, and waits for the bus to say that we are welcome. NULL with @error. */
BhBus *bh_bus_new(BhBusClosed closed, gpointer data, GError **error);

/* Calls that are under way are forgotten. */
void bh_bus_free(BhBus *bus);

/* The answer to a call: at the beginning of what is in it, borrowed; NULL with @error. From the main loop, never from within bh_bus_send(). */
typedef void (*BhBusReply)(gpointer data, sd_bus_message *reply, const GError *error);

/* A call of @interface.@method ("Files", or a whole name) of @object, a path below the root of the service, NULL for the root itself; to be appended to. Returns 0 or more,
 * or a negative errno. */
int bh_bus_message_new(BhBus *bus, const char *object, const char *interface, const char *method, sd_bus_message **ret);

/* What is said of a message that could not be made, for the negative errno of making it. */
GError *bh_bus_error(int error);

/* Sends @message, which is taken. @timeout_ms as for g_dbus_connection_call(). */
void bh_bus_send(BhBus *bus, sd_bus_message *message, int timeout_ms, BhBusReply replied, gpointer data);

/* Both, with the children of the tuple @arguments, which is taken when floating. */
void bh_bus_send_arguments(BhBus *bus, const char *object, const char *interface, const char *method,
                           GVariant *arguments, int timeout_ms, BhBusReply replied, gpointer data);

/* The same for who wants a GVariant. @reply_type: checked when it is not NULL; static. */
void bh_bus_call(BhBus *bus, const char *object, const char *interface, const char *method, GVariant *arguments,
                 const char *reply_type, int timeout_ms, GAsyncReadyCallback callback, gpointer data);

/* The reply, or NULL with @error. @descriptors may be NULL; else the caller's to unref, and NULL when there are none. */
GVariant *bh_bus_call_finish(GAsyncResult *result, GUnixFDList **descriptors, GError **error);

/* Signals of the service: all of them, of all its objects. */
typedef struct BhSubscription BhSubscription;

/* @object: whole path; @arguments: a tuple. Both borrowed. The service has come or gone: interface and member are "". */
typedef void (*BhBusSignal)(gpointer data, const char *object, const char *interface, const char *member,
                            GVariant *arguments);

/* Until bh_bus_unsubscribe(); without anyone who listens the bus sends us none. */
BhSubscription *bh_bus_subscribe(BhBus *bus, BhBusSignal signal, gpointer data);
void bh_bus_unsubscribe(BhSubscription *subscription);
