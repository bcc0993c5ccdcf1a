/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "events.h"

#include "call.h"
#include "reply.h"

#include "../dbus/errors.h"

#include <string.h>

/* Pieces that a client may have left unread before it is hung up on. */
#define MAX_UNREAD 256

struct BhEvents {
        BhServer *server;
        GQueue streams; /* of Stream */
        BhSubscription *subscription;
        guint heartbeat;
        guint64 serial; /* of the last event */
};

typedef struct {
        BhEvents *events;
        BhRequest *request;
        GList link;
        guint unread;
} Stream;

static void send_text(Stream *stream, const char *text) {
        BhConnection *connection = bh_request_connection(stream->request);

        if (++stream->unread > MAX_UNREAD) {
                if (connection)
                        bh_connection_shutdown(connection);
                return;
        }
        soup_message_body_append(soup_server_message_get_response_body(stream->request->msg), SOUP_MEMORY_COPY, text,
                                 strlen(text));
        soup_server_message_unpause(stream->request->msg);
}

static void send_event(BhEvents *events, const char *name, yajl_gen json) {
        g_autoptr(GBytes) data = bh_json_finish(json);
        g_autofree char *text =
                g_strdup_printf("id: %" G_GUINT64_FORMAT "\nevent: %s\ndata: %.*s\n\n", ++events->serial, name,
                                (int)g_bytes_get_size(data), (const char *)g_bytes_get_data(data, NULL));

        for (GList *link = events->streams.head; link; link = link->next)
                send_text(link->data, text);
}

static const char *below_root(const char *object) {
        return g_str_has_prefix(object, BH_ROOT_PATH "/") ? object + strlen(BH_ROOT_PATH "/") : "";
}

static void send_object_event(BhEvents *events, const char *name, const char *object, const char *interface) {
        g_auto(yajl_gen) json = bh_json_new();

        yajl_gen_map_open(json);
        bh_json_member(json, "path", below_root(object));
        if (interface)
                bh_json_member(json, "interface", interface);
        yajl_gen_map_close(json);
        send_event(events, name, json);
}

/* "org.baluhost.NAS1.Disk" → "Disk"; NULL for what is not ours. */
static const char *own_interface(const char *interface) {
        return g_str_has_prefix(interface, BH_BUS_NAME ".") ? interface + strlen(BH_BUS_NAME ".") : NULL;
}

static void on_properties_changed(BhEvents *events, const char *object, GVariant *arguments) {
        const char *interface;

        if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(sa{sv}as)")))
                return;
        g_variant_get_child(arguments, 0, "&s", &interface);
        interface = own_interface(interface);
        if (interface)
                send_object_event(events, "changed", object, interface);
}

static void on_object_listed(BhEvents *events, const char *name, GVariant *arguments, const char *type) {
        const char *object;

        if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE(type)))
                return;
        g_variant_get_child(arguments, 0, "&o", &object);
        send_object_event(events, name, object, NULL);
}

static void on_job_completed(BhEvents *events, const char *object, GVariant *arguments) {
        g_auto(yajl_gen) json = bh_json_new();
        gboolean success;

        if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(b)")))
                return;
        g_variant_get(arguments, "(b)", &success);
        yajl_gen_map_open(json);
        bh_json_member(json, "path", below_root(object));
        bh_json_string(json, "success");
        yajl_gen_bool(json, success);
        yajl_gen_map_close(json);
        send_event(events, "job", json);
}

static void on_alert_raised(BhEvents *events, GVariant *arguments) {
        g_auto(yajl_gen) json = bh_json_new();
        const char *object, *severity, *title, *text;

        if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(osss)")))
                return;
        g_variant_get(arguments, "(&o&s&s&s)", &object, &severity, &title, &text);
        yajl_gen_map_open(json);
        bh_json_member(json, "path", below_root(object));
        bh_json_member(json, "severity", severity);
        bh_json_member(json, "title", title);
        bh_json_member(json, "text", text);
        yajl_gen_map_close(json);
        send_event(events, "alert", json);
}

static void on_alert_resolved(BhEvents *events, GVariant *arguments) {
        g_auto(yajl_gen) json = bh_json_new();
        const char *object, *title;

        if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(os)")))
                return;
        g_variant_get(arguments, "(&o&s)", &object, &title);
        yajl_gen_map_open(json);
        bh_json_member(json, "path", below_root(object));
        bh_json_member(json, "title", title);
        yajl_gen_map_close(json);
        send_event(events, "alert-resolved", json);
}

static void send_hello(Stream *stream) {
        g_autofree char *hello = g_strdup_printf("retry: 2000\nevent: hello\ndata: {\"heartbeat_seconds\":%u}\n\n",
                                                 stream->events->server->config->events_heartbeat);

        send_text(stream, hello);
}

/* The service has come, or gone: what was read from it is of no worth any more. */
static void send_hello_to_all(BhEvents *events) {
        for (GList *link = events->streams.head; link; link = link->next)
                send_hello(link->data);
}

static void on_signal(gpointer data, const char *object, const char *interface, const char *member,
                      GVariant *arguments) {
        BhEvents *events = data;
        const char *own = own_interface(interface);

        if (!*member)
                send_hello_to_all(events);
        else if (g_str_equal(member, "PropertiesChanged"))
                on_properties_changed(events, object, arguments);
        else if (g_str_equal(member, "InterfacesAdded"))
                on_object_listed(events, "added", arguments, "(oa{sa{sv}})");
        else if (g_str_equal(member, "InterfacesRemoved"))
                on_object_listed(events, "removed", arguments, "(oas)");
        else if (g_strcmp0(own, "Job") == 0 && g_str_equal(member, "Completed"))
                on_job_completed(events, object, arguments);
        else if (g_strcmp0(own, "Manager") == 0 && g_str_equal(member, "AlertRaised"))
                on_alert_raised(events, arguments);
        else if (g_strcmp0(own, "Manager") == 0 && g_str_equal(member, "AlertResolved"))
                on_alert_resolved(events, arguments);
}

/* The end of the stream: libsoup writes the last chunk. */
static void stream_end(Stream *stream) {
        soup_message_body_complete(soup_server_message_get_response_body(stream->request->msg));
        soup_server_message_unpause(stream->request->msg);
}

static void session_checked(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(BhRequest) request = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, NULL, &error);
        g_auto(BhFailure) failure = {};

        if (reply || request->gone || !request->stream)
                return;
        bh_failure_from_error(error, &failure);
        if (failure.status == 401)
                stream_end(request->stream);
}

static void check_session(BhRequest *request, GAsyncReadyCallback callback) {
        bh_call(request->server, NULL, "Sessions", "WhoAmI", g_variant_new("(@a{sv})", bh_call_options(request)),
                callback, bh_request_ref(request));
}

/* A comment now and then keeps proxies from giving up; a session that has ended is found out with it. */
static gboolean on_heartbeat(gpointer data) {
        BhEvents *events = data;

        for (GList *link = events->streams.head; link; link = link->next) {
                Stream *stream = link->data;

                check_session(stream->request, session_checked);
                send_text(stream, ": still here\n\n");
        }
        return G_SOURCE_CONTINUE;
}

/* Nobody listens: nothing wakes us up for it. */
static void rest(BhEvents *events) {
        g_clear_pointer(&events->subscription, bh_bus_unsubscribe);
        if (events->heartbeat)
                g_source_remove(events->heartbeat);
        events->heartbeat = 0;
}

static void on_wrote_chunk(SoupServerMessage *msg, gpointer data) {
        Stream *stream = data;

        if (stream->unread > 0)
                stream->unread--;
}

static void stream_free(gpointer data) {
        Stream *stream = data;
        BhEvents *events = stream->events;

        g_queue_unlink(&events->streams, &stream->link);
        if (events->streams.length == 0)
                rest(events);
        g_free(stream);
}

static void on_gone(BhRequest *request) {
        g_signal_handlers_disconnect_by_func(request->msg, on_wrote_chunk, request->stream);
        g_clear_pointer(&request->stream, stream_free);
}

static void stream_start(BhEvents *events, BhRequest *request) {
        SoupMessageHeaders *headers = soup_server_message_get_response_headers(request->msg);
        BhConnection *connection = bh_request_connection(request);
        Stream *stream = g_new0(Stream, 1);

        stream->events = events;
        stream->request = request;
        stream->link.data = stream;
        g_queue_push_tail_link(&events->streams, &stream->link);
        request->stream = stream;
        request->stream_free = stream_free;
        request->stream_gone = on_gone;
        if (!events->subscription)
                events->subscription = bh_bus_subscribe(events->server->bus, on_signal, events);
        if (!events->heartbeat)
                events->heartbeat =
                        g_timeout_add_seconds(events->server->config->events_heartbeat, on_heartbeat, events);
        soup_server_message_set_status(request->msg, 200, "OK");
        soup_message_headers_replace(headers, "Content-Type", "text/event-stream");
        soup_message_headers_replace(headers, "Cache-Control", "no-store");
        soup_message_headers_replace(headers, "X-Accel-Buffering", "no");
        soup_message_headers_set_encoding(headers, SOUP_ENCODING_CHUNKED);
        soup_message_body_set_accumulate(soup_server_message_get_response_body(request->msg), FALSE);
        g_signal_connect(request->msg, "wrote-chunk", G_CALLBACK(on_wrote_chunk), stream);
        bh_reply_finish(request);
        if (connection)
                bh_connection_enter(connection, BH_PHASE_WORK); /* without a deadline, however long nothing happens */
        send_hello(stream);
}

static void session_known(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(BhRequest) request = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, NULL, &error);
        BhEvents *events = request->server->events;

        if (request->gone || request->answered)
                return;
        if (!reply)
                bh_reply_dbus_error(request, error);
        else if (!events || events->streams.length >= BH_EVENTS_MAX)
                bh_reply_error(request, 503, "Too many listen already");
        else
                stream_start(events, request);
}

void bh_events_serve(BhRequest *request) {
        bh_request_pause(request);
        check_session(request, session_known);
}

BhEvents *bh_events_new(BhServer *server) {
        BhEvents *events = g_new0(BhEvents, 1);

        events->server = server;
        return events;
}

void bh_events_end(BhEvents *events) {
        for (GList *link = events->streams.head; link; link = link->next)
                stream_end(link->data);
}

void bh_events_free(BhEvents *events) {
        rest(events);
        g_free(events);
}
