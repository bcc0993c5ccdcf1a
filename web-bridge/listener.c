/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "listener.h"

#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#define BACKLOG 128
#define RETRY_MS 200

struct BhListener {
        SoupServer *soup;
        BhConnections *connections;
        GTlsCertificate *certificate;
        GSocketListener *sockets;
        GCancellable *cancellable;
        GSocket *never[2]; /* see keep_alive_needs_a_listener() */
        guint port;
        guint retry;
};

static void accept_next(BhListener *listener);

/* libsoup keeps a connection alive between two requests only while the server has a listener of its own (request_finished() in soup-server.c). This one is half of
 * a socket pair whose other half never says anything, so nothing is ever accepted past the caps. */
static gboolean keep_alive_needs_a_listener(BhListener *listener, GError **error) {
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
                g_set_error_literal(error, G_IO_ERROR, g_io_error_from_errno(errno), g_strerror(errno));
                return FALSE;
        }
        for (guint i = 0; i < 2; i++) {
                listener->never[i] = g_socket_new_from_fd(fds[i], error);
                if (!listener->never[i])
                        return FALSE;
        }
        return soup_server_listen_socket(listener->soup, listener->never[0], 0, error);
}

static void handshake_done(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(GIOStream) stream = G_IO_STREAM(source);
        g_autoptr(GSocketAddress) address = data;
        BhConnection *connection = bh_connection_from_address(address);
        g_autoptr(GError) error = NULL;

        if (!g_tls_connection_handshake_finish(G_TLS_CONNECTION(stream), result, &error)) {
                g_debug("TLS handshake: %s", error->message);
                if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                        g_io_stream_close(stream, NULL, NULL);
                return;
        }
        if (connection)
                bh_connection_serve(connection, stream);
}

static void begin_handshake(BhListener *listener, BhConnection *connection, GIOStream *base) {
        static const char *const protocols[] = {"http/1.1", NULL};
        GIOStream *stream = g_tls_server_connection_new(base, listener->certificate, NULL);

        if (!stream)
                return;
        g_tls_connection_set_require_close_notify(G_TLS_CONNECTION(stream), FALSE);
        g_tls_connection_set_advertised_protocols(G_TLS_CONNECTION(stream), protocols);
        g_tls_connection_handshake_async(G_TLS_CONNECTION(stream), G_PRIORITY_DEFAULT, listener->cancellable,
                                         handshake_done, g_object_ref(bh_connection_get_address(connection)));
}

static void serve_socket(BhListener *listener, GSocket *socket) {
        g_autoptr(GSocketConnection) stream = g_socket_connection_factory_create_connection(socket);
        BhConnection *connection = bh_connection_new(listener->connections, socket, G_IO_STREAM(stream));

        if (!connection) {
                g_io_stream_close(G_IO_STREAM(stream), NULL, NULL);
                return;
        }
        if (listener->certificate)
                begin_handshake(listener, connection, G_IO_STREAM(stream));
        else
                bh_connection_serve(connection, G_IO_STREAM(stream));
}

static gboolean accept_again(gpointer data) {
        BhListener *listener = data;

        listener->retry = 0;
        accept_next(listener);
        return G_SOURCE_REMOVE;
}

static void accepted(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GSocket) socket =
                g_socket_listener_accept_socket_finish(G_SOCKET_LISTENER(source), result, NULL, &error);
        BhListener *listener;

        if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
            g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED))
                return; /* stopped; the listener may be gone */
        listener = data;
        if (!socket) {
                g_warning("cannot accept a connection: %s", error->message); /* out of descriptors: wait for some */
                listener->retry = g_timeout_add(RETRY_MS, accept_again, listener);
                return;
        }
        serve_socket(listener, socket);
        accept_next(listener);
}

static void accept_next(BhListener *listener) {
        g_socket_listener_accept_socket_async(listener->sockets, listener->cancellable, accepted, listener);
}

static gboolean add_passed_sockets(BhListener *listener, int count, GError **error) {
        for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; fd++) {
                g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, error);
                g_autoptr(GSocketAddress) address = socket ? g_socket_get_local_address(socket, error) : NULL;

                if (!address || !g_socket_listener_add_socket(listener->sockets, socket, NULL, error))
                        return FALSE;
                if (G_IS_INET_SOCKET_ADDRESS(address))
                        listener->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address));
        }
        return TRUE;
}

static gboolean add_configured_address(BhListener *listener, const BhConfig *config, GError **error) {
        g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(config->listen, config->port);
        g_autoptr(GSocketAddress) effective = NULL;

        if (!address) {
                g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” is not an address to listen on",
                            config->listen);
                return FALSE;
        }
        if (!g_socket_listener_add_address(listener->sockets, address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                           NULL, &effective, error)) {
                g_prefix_error(error, "%s port %u: ", config->listen, config->port);
                return FALSE;
        }
        listener->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(effective));
        return TRUE;
}

BhListener *bh_listener_new(const BhConfig *config, SoupServer *soup, BhConnections *connections, GError **error) {
        g_autoptr(BhListener) listener = g_new0(BhListener, 1);
        int passed = sd_listen_fds(TRUE);

        listener->soup = soup;
        listener->connections = connections;
        listener->cancellable = g_cancellable_new();
        listener->sockets = g_socket_listener_new();
        g_socket_listener_set_backlog(listener->sockets, BACKLOG);
        if (config->tls_certificate) {
                listener->certificate =
                        g_tls_certificate_new_from_files(config->tls_certificate, config->tls_key, error);
                if (!listener->certificate)
                        return NULL;
        }
        if (!keep_alive_needs_a_listener(listener, error))
                return NULL;
        if (passed > 0 ? !add_passed_sockets(listener, passed, error)
                       : !add_configured_address(listener, config, error))
                return NULL;
        accept_next(listener);
        return g_steal_pointer(&listener);
}

guint bh_listener_get_port(BhListener *listener) {
        return listener->port;
}

void bh_listener_stop(BhListener *listener) {
        g_clear_handle_id(&listener->retry, g_source_remove);
        g_cancellable_cancel(listener->cancellable);
        g_socket_listener_close(listener->sockets);
}

void bh_listener_free(BhListener *listener) {
        bh_listener_stop(listener);
        g_clear_object(&listener->sockets);
        g_clear_object(&listener->cancellable);
        g_clear_object(&listener->certificate);
        g_clear_object(&listener->never[0]);
        g_clear_object(&listener->never[1]);
        g_free(listener);
}
