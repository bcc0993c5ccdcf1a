/* SPDX-License-Identifier: MIT */
#include "bus.h"

#include "../dbus/errors.h"

#include <string.h>

/* Less than the bus allows: other calls of this connection, as that of the bus itself, count too. */
#define MAX_WAITING 100

struct BhBus {
        GDBusConnection *connection;
        guint waiting; /* calls without an answer yet */
        GQueue queue;  /* GTask: calls that are not made yet */
};

typedef struct {
        BhBus *bus;
        char *path, *interface, *method;
        GVariant *arguments;
        GVariantType *reply_type;
        int timeout_ms;
        GUnixFDList *descriptors; /* of the reply */
} Call;

static void call_free(gpointer data) {
        Call *call = data;

        g_free(call->path);
        g_free(call->interface);
        g_free(call->method);
        g_clear_pointer(&call->arguments, g_variant_unref);
        g_clear_pointer(&call->reply_type, g_variant_type_free);
        g_clear_object(&call->descriptors);
        g_free(call);
}

BhBus *bh_bus_new(GDBusConnection *connection) {
        BhBus *bus = g_new0(BhBus, 1);

        bus->connection = g_object_ref(connection);
        g_queue_init(&bus->queue);
        return bus;
}

void bh_bus_free(BhBus *bus) {
        g_queue_clear_full(&bus->queue, g_object_unref);
        g_object_unref(bus->connection);
        g_free(bus);
}

static void make_call(GTask *task);

static void answered(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(GTask) task = data;
        Call *call = g_task_get_task_data(task);
        GError *error = NULL;
        GVariant *reply = g_dbus_connection_call_with_unix_fd_list_finish(G_DBUS_CONNECTION(source), &call->descriptors,
                                                                          result, &error);
        GTask *next;

        call->bus->waiting--;
        next = g_queue_pop_head(&call->bus->queue);
        if (next)
                make_call(next);
        if (reply)
                g_task_return_pointer(task, reply, (GDestroyNotify)g_variant_unref);
        else
                g_task_return_error(task, error);
}

/* Takes @task. */
static void make_call(GTask *task) {
        Call *call = g_task_get_task_data(task);

        call->bus->waiting++;
        g_dbus_connection_call_with_unix_fd_list(call->bus->connection, BH_BUS_NAME, call->path, call->interface,
                                                 call->method, call->arguments, call->reply_type,
                                                 G_DBUS_CALL_FLAGS_NONE, call->timeout_ms, NULL, NULL, answered, task);
}

void bh_bus_call(BhBus *bus, const char *object, const char *interface, const char *method, GVariant *arguments,
                 const char *reply_type, int timeout_ms, GAsyncReadyCallback callback, gpointer data) {
        GTask *task = g_task_new(NULL, NULL, callback, data);
        Call *call = g_new0(Call, 1);

        call->bus = bus;
        call->path = object ? g_strconcat(BH_ROOT_PATH "/", object, NULL) : g_strdup(BH_ROOT_PATH);
        call->interface = strchr(interface, '.') ? g_strdup(interface) : g_strconcat(BH_BUS_NAME ".", interface, NULL);
        call->method = g_strdup(method);
        call->arguments = g_variant_ref_sink(arguments);
        call->reply_type = reply_type ? g_variant_type_new(reply_type) : NULL;
        call->timeout_ms = timeout_ms;
        g_task_set_task_data(task, call, call_free);
        if (bus->waiting < MAX_WAITING)
                make_call(task);
        else
                g_queue_push_tail(&bus->queue, task);
}

GVariant *bh_bus_call_finish(GAsyncResult *result, GUnixFDList **descriptors, GError **error) {
        Call *call = g_task_get_task_data(G_TASK(result));

        if (descriptors)
                *descriptors = g_steal_pointer(&call->descriptors);
        return g_task_propagate_pointer(G_TASK(result), error);
}
