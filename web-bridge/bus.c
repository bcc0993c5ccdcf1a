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
        GQueue waiting; /* Call: without an answer yet */
        GQueue queue;   /* Call: not made yet */
};

typedef struct {
        GSource parent;
        BhBus *bus;
        gpointer tag;
        int events; /* that it is polled for */
} BusSource;

typedef struct {
        BhBus *bus;
        sd_bus_message *message;
        int timeout_ms;
        sd_bus_slot *slot;
        GError *error; /* that it could not be made with */
        BhBusReply replied;
        gpointer data;
        GList link; /* in the bus's waiting, or in its queue */
} Call;

static void call_free(Call *call) {
        sd_bus_slot_unref(call->slot);
        sd_bus_message_unref(call->message);
        g_clear_error(&call->error);
        g_free(call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Call, call_free)

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

static void forget_calls(GQueue *calls) {
        GList *link;

        while ((link = g_queue_peek_head_link(calls))) {
                g_queue_unlink(calls, link);
                call_free(link->data);
        }
}

void bh_bus_free(BhBus *bus) {
        forget_calls(&bus->waiting);
        forget_calls(&bus->queue);
        g_source_destroy(bus->source);
        g_source_unref(bus->source);
        sd_bus_flush_close_unref(bus->connection);
        g_free(bus);
}

/* --- calls --- */

/* The library takes no noncharacters of Unicode (U+FFFE and the like), which no name on the NAS has: said as the service would. */
#define ERROR_NOT_A_TEXT (-EINVAL)

GError *bh_bus_error(int error) {
        if (error == ERROR_NOT_A_TEXT)
                return g_dbus_error_new_for_dbus_error(BH_ERROR_PREFIX "InvalidName",
                                                       "Has characters that a name cannot have");
        return g_error_new(G_IO_ERROR,
                           error == -ENOTCONN || error == -ECONNRESET ? G_IO_ERROR_CLOSED : G_IO_ERROR_FAILED,
                           "The call failed: %s", g_strerror(-error));
}

static gboolean say_failure(gpointer data) {
        g_autoptr(Call) call = data;

        call->replied(call->data, NULL, call->error);
        return G_SOURCE_REMOVE;
}

/* Takes @call, and says so from the main loop. */
static void fail_call(Call *call, int error) {
        call->error = bh_bus_error(error);
        g_idle_add_full(G_PRIORITY_DEFAULT, say_failure, call, NULL);
}

static void make_call(Call *call);

static void make_next_calls(BhBus *bus) {
        GList *link;

        while (bus->waiting.length < MAX_WAITING && (link = g_queue_peek_head_link(&bus->queue))) {
                g_queue_unlink(&bus->queue, link);
                make_call(link->data);
        }
}

static int on_reply(sd_bus_message *message, void *data, sd_bus_error *unused) {
        g_autoptr(Call) call = data;
        const sd_bus_error *error = sd_bus_message_get_error(message);
        g_autoptr(GError) failure = NULL;

        g_queue_unlink(&call->bus->waiting, &call->link);
        make_next_calls(call->bus);
        if (error)
                failure = g_dbus_error_new_for_dbus_error(error->name, error->message ? error->message : "");
        call->replied(call->data, failure ? NULL : message, failure);
        return 0;
}

/* Takes @call. */
static void make_call(Call *call) {
        uint64_t usec = call->timeout_ms == G_MAXINT ? UINT64_MAX : (uint64_t)call->timeout_ms * 1000;
        int r = sd_bus_call_async(call->bus->connection, &call->slot, call->message, on_reply, call, usec);

        call->message = sd_bus_message_unref(call->message);
        if (r < 0)
                fail_call(call, r);
        else
                g_queue_push_tail_link(&call->bus->waiting, &call->link);
}

int bh_bus_message_new(BhBus *bus, const char *object, const char *interface, const char *method,
                       sd_bus_message **ret) {
        g_autofree char *path = object ? g_strconcat(BH_ROOT_PATH "/", object, NULL) : NULL;
        g_autofree char *name = strchr(interface, '.') ? NULL : g_strconcat(BH_BUS_NAME ".", interface, NULL);

        return sd_bus_message_new_method_call(bus->connection, ret, BH_BUS_NAME, path ? path : BH_ROOT_PATH,
                                              name ? name : interface, method);
}

static Call *call_new(BhBus *bus, int timeout_ms, BhBusReply replied, gpointer data) {
        Call *call = g_new0(Call, 1);

        call->bus = bus;
        call->timeout_ms = timeout_ms < 0 ? DEFAULT_TIMEOUT_MS : timeout_ms;
        call->replied = replied;
        call->data = data;
        call->link.data = call;
        return call;
}

void bh_bus_send(BhBus *bus, sd_bus_message *message, int timeout_ms, BhBusReply replied, gpointer data) {
        Call *call = call_new(bus, timeout_ms, replied, data);

        call->message = message;
        if (bus->waiting.length < MAX_WAITING)
                make_call(call);
        else
                g_queue_push_tail_link(&bus->queue, &call->link);
}

void bh_bus_send_arguments(BhBus *bus, const char *object, const char *interface, const char *method,
                           GVariant *arguments, int timeout_ms, BhBusReply replied, gpointer data) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *message = NULL;
        g_autoptr(GVariant) taken = g_variant_ref_sink(arguments);
        int r = bh_bus_message_new(bus, object, interface, method, &message);

        if (r >= 0)
                r = bh_message_append(message, taken);
        if (r >= 0)
                bh_bus_send(bus, g_steal_pointer(&message), timeout_ms, replied, data);
        else
                fail_call(call_new(bus, timeout_ms, replied, data), r);
}

/* --- calls for a GVariant --- */

typedef struct {
        const char *reply_type;
        GUnixFDList *descriptors; /* of the reply */
} Answer;

static void answer_free(gpointer data) {
        g_clear_object(&((Answer *)data)->descriptors);
        g_free(data);
}

static void return_reply(gpointer data, sd_bus_message *message, const GError *error) {
        g_autoptr(GTask) task = data;
        Answer *answer = g_task_get_task_data(task);
        g_autoptr(GVariant) reply = NULL;
        int r;

        if (error) {
                g_task_return_error(task, g_error_copy(error));
                return;
        }
        r = bh_message_read(message, &reply, &answer->descriptors);
        if (r < 0)
                g_task_return_error(task, bh_bus_error(r));
        else if (answer->reply_type && !g_variant_is_of_type(reply, G_VARIANT_TYPE(answer->reply_type)))
                g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                                        "An answer of “%s” instead of “%s”", g_variant_get_type_string(reply),
                                        answer->reply_type);
        else
                g_task_return_pointer(task, g_steal_pointer(&reply), (GDestroyNotify)g_variant_unref);
}

void bh_bus_call(BhBus *bus, const char *object, const char *interface, const char *method, GVariant *arguments,
                 const char *reply_type, int timeout_ms, GAsyncReadyCallback callback, gpointer data) {
        GTask *task = g_task_new(NULL, NULL, callback, data);
        Answer *answer = g_new0(Answer, 1);

        answer->reply_type = reply_type;
        g_task_set_task_data(task, answer, answer_free);
        bh_bus_send_arguments(bus, object, interface, method, arguments, timeout_ms, return_reply, task);
}

GVariant *bh_bus_call_finish(GAsyncResult *result, GUnixFDList **descriptors, GError **error) {
        Answer *answer = g_task_get_task_data(G_TASK(result));

        if (descriptors)
                *descriptors = g_steal_pointer(&answer->descriptors);
        return g_task_propagate_pointer(G_TASK(result), error);
}

/* --- signals --- */

struct BhSubscription {
        BhBusSignal signal;
        gpointer data;
        sd_bus_slot *signals, *owner;
};

static int on_signal(sd_bus_message *message, void *data, sd_bus_error *unused) {
        BhSubscription *subscription = data;
        g_autoptr(GVariant) arguments = NULL;
        g_autoptr(GUnixFDList) descriptors = NULL;

        if (bh_message_read(message, &arguments, &descriptors) >= 0)
                subscription->signal(subscription->data, sd_bus_message_get_path(message),
                                     sd_bus_message_get_interface(message), sd_bus_message_get_member(message),
                                     arguments);
        return 0;
}

static int on_owner_changed(sd_bus_message *message, void *data, sd_bus_error *unused) {
        BhSubscription *subscription = data;

        subscription->signal(subscription->data, BH_ROOT_PATH, "", "", NULL);
        return 0;
}

BhSubscription *bh_bus_subscribe(BhBus *bus, BhBusSignal signal, gpointer data) {
        static const char signals[] = "type='signal',sender='" BH_BUS_NAME "',path_namespace='" BH_ROOT_PATH "'";
        static const char owner[] = "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                                    "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" BH_BUS_NAME "'";
        BhSubscription *subscription = g_new0(BhSubscription, 1);
        int r;

        subscription->signal = signal;
        subscription->data = data;
        r = sd_bus_add_match_async(bus->connection, &subscription->signals, signals, on_signal, NULL, subscription);
        if (r >= 0)
                r = sd_bus_add_match_async(bus->connection, &subscription->owner, owner, on_owner_changed, NULL,
                                           subscription);
        if (r < 0)
                g_warning("cannot listen to the service: %s", g_strerror(-r));
        return subscription;
}

void bh_bus_unsubscribe(BhSubscription *subscription) {
        sd_bus_slot_unref(subscription->signals);
        sd_bus_slot_unref(subscription->owner);
        g_free(subscription);
}
