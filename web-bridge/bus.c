/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "bus.h"

#include "bus-message.h"

#include "../dbus/errors.h"

#include <errno.h>
#include <string.h>

/* Less than the bus allows: other calls of this connection, as that of the bus itself, count too. */
#define MAX_WAITING 100

/* Messages that are worked on before others get their turn. */
#define MAX_AT_ONCE 64

/* What a call may take when its caller has no opinion. */
#define DEFAULT_TIMEOUT_MS (25 * 1000)

struct BhBus {
        sd_bus *connection;
        GSource *source;
        BhBusClosed closed; /* NULL once it was called */
        gpointer data;
        GQueue waiting; /* GTask: calls without an answer yet */
        GQueue queue;   /* GTask: calls that are not made yet */
};

typedef struct {
        GSource parent;
        BhBus *bus;
        gpointer tag;
        int events; /* that it is polled for */
} BusSource;

typedef struct {
        BhBus *bus;
        char *path, *interface, *method;
        GVariant *arguments;
        GVariantType *reply_type;
        int timeout_ms;
        GUnixFDList *descriptors; /* of the reply */
        sd_bus_slot *slot;
        GList link; /* in the bus's waiting */
} Call;

static void call_free(gpointer data) {
        Call *call = data;

        sd_bus_slot_unref(call->slot);
        g_free(call->path);
        g_free(call->interface);
        g_free(call->method);
        g_clear_pointer(&call->arguments, g_variant_unref);
        g_clear_pointer(&call->reply_type, g_variant_type_free);
        g_clear_object(&call->descriptors);
        g_free(call);
}

/* --- the connection in the main loop --- */

/* When the connection has to be worked on whatever comes: monotonic µs, as GLib counts them too; 0 is at once. */
static gint64 ready_time(sd_bus *connection) {
        uint64_t until = UINT64_MAX;

        if (sd_bus_get_timeout(connection, &until) < 0)
                return 0; /* processing says what is wrong */
        return until > G_MAXINT64 ? G_MAXINT64 : (gint64)until;
}

/* GLib's own ready time, and changing what is polled for, would wake up the loop each time that they are set. */
static gboolean prepare(GSource *source, int *timeout) {
        BusSource *own = (BusSource *)source;
        int events = sd_bus_get_events(own->bus->connection);
        gint64 until = ready_time(own->bus->connection), now;

        if (events < 0 || until == 0)
                return TRUE;
        if (events != own->events)
                g_source_modify_unix_fd(source, own->tag, (GIOCondition)events);
        own->events = events;
        *timeout = -1;
        if (until == G_MAXINT64)
                return FALSE;
        now = g_source_get_time(source);
        *timeout = (int)CLAMP((until - now + 999) / 1000, 0, G_MAXINT);
        return until <= now;
}

static gboolean check(GSource *source) {
        BusSource *own = (BusSource *)source;

        return g_source_query_unix_fd(source, own->tag) != 0 ||
               ready_time(own->bus->connection) <= g_source_get_time(source);
}

static void lose(BhBus *bus, int error) {
        BhBusClosed closed = bus->closed;

        bus->closed = NULL;
        if (closed)
                closed(bus->data, g_strerror(-error));
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data) {
        BhBus *bus = ((BusSource *)source)->bus;
        int r = 1;

        for (guint i = 0; r > 0 && i < MAX_AT_ONCE; i++)
                r = sd_bus_process(bus->connection, NULL);
        if (r >= 0 && sd_bus_is_open(bus->connection) > 0)
                return G_SOURCE_CONTINUE;
        lose(bus, r < 0 ? r : -ECONNRESET);
        return G_SOURCE_REMOVE;
}

static GSourceFuncs source_funcs = {.prepare = prepare, .check = check, .dispatch = dispatch};

static GSource *attach(BhBus *bus) {
        GSource *source = g_source_new(&source_funcs, sizeof(BusSource));
        BusSource *own = (BusSource *)source;

        own->bus = bus;
        own->events = G_IO_IN;
        own->tag = g_source_add_unix_fd(source, sd_bus_get_fd(bus->connection), G_IO_IN);
        g_source_set_static_name(source, "system bus");
        g_source_set_can_recurse(
                source,
                TRUE); /* else GLib wakes up its loop twice for each dispatch; no loop is run within another here */
        g_source_attach(source, NULL);
        return source;
}

/* Until the bus has answered to our hello. */
static int wait_until_ready(sd_bus *connection) {
        int r;

        while ((r = sd_bus_is_ready(connection)) == 0) {
                r = sd_bus_process(connection, NULL);
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                r = sd_bus_wait(connection, UINT64_MAX);
                if (r < 0 && r != -EINTR)
                        return r;
        }
        return r;
}

BhBus *bh_bus_new(BhBusClosed closed, gpointer data, GError **error) {
        sd_bus *connection = NULL;
        BhBus *bus;
        int r;

        r = sd_bus_open_system_with_description(&connection, "web");
        if (r >= 0)
                r = wait_until_ready(connection);
        if (r < 0) {
                g_set_error(error, G_IO_ERROR, g_io_error_from_errno(-r), "Cannot connect to the system bus: %s",
                            g_strerror(-r));
                sd_bus_close_unref(connection);
                return NULL;
        }
        bus = g_new0(BhBus, 1);
        bus->connection = connection;
        bus->closed = closed;
        bus->data = data;
        g_queue_init(&bus->waiting);
        g_queue_init(&bus->queue);
        bus->source = attach(bus);
        return bus;
}

void bh_bus_free(BhBus *bus) {
        GTask *task;

        while ((task = g_queue_peek_head(&bus->waiting))) {
                g_queue_unlink(&bus->waiting, &((Call *)g_task_get_task_data(task))->link);
                g_object_unref(task);
        }
        g_queue_clear_full(&bus->queue, g_object_unref);
        g_source_destroy(bus->source);
        g_source_unref(bus->source);
        sd_bus_flush_close_unref(bus->connection);
        g_free(bus);
}

/* --- calls --- */

static gboolean make_call(GTask *task);

static void make_next_calls(BhBus *bus) {
        while (bus->waiting.length < MAX_WAITING && !g_queue_is_empty(&bus->queue))
                make_call(g_queue_pop_head(&bus->queue));
}

/* The library takes no noncharacters of Unicode (U+FFFE and the like), which no name on the NAS has: said as the service would. */
#define ERROR_NOT_A_TEXT (-EBADMSG)

static void return_errno(GTask *task, int error) {
        if (error == ERROR_NOT_A_TEXT) {
                g_task_return_error(task, g_dbus_error_new_for_dbus_error(BH_ERROR_PREFIX "InvalidName",
                                                                          "Has characters that a name cannot have"));
                return;
        }
        g_task_return_new_error(task, G_IO_ERROR,
                                error == -ENOTCONN || error == -ECONNRESET ? G_IO_ERROR_CLOSED : G_IO_ERROR_FAILED,
                                "The call failed: %s", g_strerror(-error));
}

static void return_reply(GTask *task, sd_bus_message *message) {
        Call *call = g_task_get_task_data(task);
        const sd_bus_error *error = sd_bus_message_get_error(message);
        g_autoptr(GVariant) reply = NULL;
        int r;

        if (error) {
                g_task_return_error(task,
                                    g_dbus_error_new_for_dbus_error(error->name, error->message ? error->message : ""));
                return;
        }
        r = bh_message_read(message, &reply, &call->descriptors);
        if (r < 0)
                return_errno(task, r);
        else if (call->reply_type && !g_variant_is_of_type(reply, call->reply_type))
                g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s.%s answered with “%s”",
                                        call->interface, call->method, g_variant_get_type_string(reply));
        else
                g_task_return_pointer(task, g_steal_pointer(&reply), (GDestroyNotify)g_variant_unref);
}

static int on_reply(sd_bus_message *message, void *data, sd_bus_error *unused) {
        g_autoptr(GTask) task = data;
        Call *call = g_task_get_task_data(task);

        g_queue_unlink(&call->bus->waiting, &call->link);
        make_next_calls(call->bus);
        return_reply(task, message);
        return 0;
}

static int send_call(GTask *task) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *message = NULL;
        Call *call = g_task_get_task_data(task);
        int timeout_ms = call->timeout_ms < 0 ? DEFAULT_TIMEOUT_MS : call->timeout_ms;
        int r;

        r = sd_bus_message_new_method_call(call->bus->connection, &message, BH_BUS_NAME, call->path, call->interface,
                                           call->method);
        if (r < 0)
                return r;
        r = bh_message_append(message, call->arguments);
        if (r < 0)
                return r == -EINVAL ? ERROR_NOT_A_TEXT : r;
        return sd_bus_call_async(call->bus->connection, &call->slot, message, on_reply, task,
                                 timeout_ms == G_MAXINT ? UINT64_MAX : (uint64_t)timeout_ms * 1000);
}

/* Takes @task. FALSE when it has failed already. */
static gboolean make_call(GTask *task) {
        Call *call = g_task_get_task_data(task);
        int r = send_call(task);

        if (r < 0) {
                return_errno(task, r);
                g_object_unref(task);
                return FALSE;
        }
        call->link.data = task;
        g_queue_push_tail_link(&call->bus->waiting, &call->link);
        return TRUE;
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
        if (bus->waiting.length < MAX_WAITING)
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
