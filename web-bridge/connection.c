/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "connection.h"

#include "forwarded.h"
#include "wire.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#define PROGRESS_STEP 4096
#define LINGER_SECONDS 2
#define ADDRESS_KEY "baluhost-connection"

struct BhConnections {
        const BhConfig *config;
        SoupServer *soup;
        BhRefusal refusal;
        GHashTable *all;        /* set of BhConnection */
        GHashTable *per_client; /* address text → number of connections */
        guint ticker;           /* source that looks for passed deadlines; 0 while there are no connections */
        gboolean draining;
};

struct BhConnection {
        BhConnections *owner;
        GSocket *socket;
        GSocketAddress *address;
        char *client; /* key of per_client; NULL for a trusted proxy */
        BhPhase phase;
        gint64 deadline;   /* monotonic µs; 0: none */
        gsize progress;    /* bytes since the deadline moved */
        BhWire *wire;      /* borrowed: its stream is what keeps this alive; NULL before bh_connection_serve() */
        GIOStream *stream; /* that the wire is over */
        gboolean lingers;
};

BhConnections *bh_connections_new(const BhConfig *config, SoupServer *soup, BhRefusal refusal) {
        BhConnections *connections = g_new0(BhConnections, 1);

        connections->config = config;
        connections->soup = soup;
        connections->refusal = refusal;
        connections->all = g_hash_table_new(NULL, NULL);
        connections->per_client = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return connections;
}

static void connection_free(BhConnection *connection) {
        if (connection->address)
                g_object_set_data(G_OBJECT(connection->address), ADDRESS_KEY, NULL);
        g_clear_object(&connection->address);
        g_clear_object(&connection->socket);
        g_free(connection->client);
        g_free(connection);
}

void bh_connections_free(BhConnections *connections) {
        GHashTableIter iter;
        gpointer connection;

        g_hash_table_iter_init(&iter, connections->all);
        while (g_hash_table_iter_next(&iter, &connection, NULL))
                ((BhConnection *)connection)->owner = NULL;
        g_clear_handle_id(&connections->ticker, g_source_remove);
        g_hash_table_unref(connections->all);
        g_hash_table_unref(connections->per_client);
        g_free(connections);
}

guint bh_connections_count(BhConnections *connections) {
        return g_hash_table_size(connections->all);
}

void bh_connection_shutdown(BhConnection *connection) {
        connection->deadline = 0;
        g_socket_shutdown(connection->socket, TRUE, TRUE, NULL);
}

/* Without connections there is no ticker: an idle bridge does not wake up. */
static gboolean look_for_passed_deadlines(gpointer data) {
        BhConnections *connections = data;
        gint64 now = g_get_monotonic_time();
        GHashTableIter iter;
        gpointer item;

        if (g_hash_table_size(connections->all) == 0) {
                connections->ticker = 0;
                return G_SOURCE_REMOVE;
        }
        g_hash_table_iter_init(&iter, connections->all);
        while (g_hash_table_iter_next(&iter, &item, NULL)) {
                BhConnection *connection = item;

                if (connection->deadline != 0 && connection->deadline <= now)
                        bh_connection_shutdown(connection);
        }
        return G_SOURCE_CONTINUE;
}

static void stream_is_gone(gpointer data, GObject *stream) {
        BhConnection *connection = data;
        BhConnections *owner = connection->owner;

        if (owner) {
                g_hash_table_remove(owner->all, connection);
                if (connection->client) {
                        guint count = GPOINTER_TO_UINT(g_hash_table_lookup(owner->per_client, connection->client));

                        if (count <= 1)
                                g_hash_table_remove(owner->per_client, connection->client);
                        else
                                g_hash_table_replace(owner->per_client, g_strdup(connection->client),
                                                     GUINT_TO_POINTER(count - 1));
                }
        }
        connection_free(connection);
}

static gboolean reserve_place(BhConnections *connections, GInetAddress *peer, char **client) {
        const BhConfig *config = connections->config;
        g_autofree char *text = NULL;
        guint count;

        if (connections->draining || g_hash_table_size(connections->all) >= config->max_connections)
                return FALSE;
        if (bh_proxy_is_trusted(peer, config->trusted_proxies))
                return TRUE;
        text = bh_client_address(peer, NULL, config->trusted_proxies);
        count = GPOINTER_TO_UINT(g_hash_table_lookup(connections->per_client, text));
        if (count >= config->max_per_client)
                return FALSE;
        g_hash_table_replace(connections->per_client, g_strdup(text), GUINT_TO_POINTER(count + 1));
        *client = g_steal_pointer(&text);
        return TRUE;
}

BhConnection *bh_connection_new(BhConnections *connections, GSocket *socket, GIOStream *stream) {
        g_autoptr(GSocketAddress) address = g_socket_get_remote_address(socket, NULL);
        g_autofree char *client = NULL;
        BhConnection *connection;

        if (!G_IS_INET_SOCKET_ADDRESS(address) ||
            !reserve_place(connections, g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address)), &client))
                return NULL;
        g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);

        connection = g_new0(BhConnection, 1);
        connection->owner = connections;
        connection->socket = g_object_ref(socket);
        connection->stream = stream;
        connection->address = g_steal_pointer(&address);
        connection->client = g_steal_pointer(&client);
        g_object_set_data(G_OBJECT(connection->address), ADDRESS_KEY, connection);
        g_hash_table_add(connections->all, connection);
        g_object_weak_ref(G_OBJECT(stream), stream_is_gone, connection);
        bh_connection_enter(connection, BH_PHASE_HEAD);
        if (connections->ticker == 0)
                connections->ticker = g_timeout_add_seconds(1, look_for_passed_deadlines, connections);
        return connection;
}

BhConnection *bh_connection_from_address(GSocketAddress *address) {
        return address ? g_object_get_data(G_OBJECT(address), ADDRESS_KEY) : NULL;
}

GSocketAddress *bh_connection_get_address(BhConnection *connection) {
        return connection->address;
}

GSocket *bh_connection_get_socket(BhConnection *connection) {
        return connection->socket;
}

static void wire_refused(gpointer data, guint status, const char *reason) {
        BhConnection *connection = data;
        g_autoptr(GString) text = connection->owner ? connection->owner->refusal(status, reason) : g_string_new(NULL);

        bh_connection_answer_and_linger(connection, text->str, text->len);
}

/* Takes @wire. */
static void serve_wire(BhConnection *connection, BhWire *wire) {
        g_autoptr(GSocketAddress) local = g_socket_get_local_address(connection->socket, NULL);

        connection->wire = wire;
        if (local && connection->owner)
                soup_server_accept_iostream(connection->owner->soup, G_IO_STREAM(wire), local, connection->address,
                                            NULL);
        g_object_unref(wire);
}

void bh_connection_serve(BhConnection *connection, GIOStream *stream) {
        connection->stream = stream;
        serve_wire(connection, bh_wire_new(stream, wire_refused, connection));
}

void bh_connection_serve_again(BhConnection *connection) {
        serve_wire(connection, bh_wire_renew(connection->wire));
}

void bh_connection_hold_head(BhConnection *connection) {
        bh_wire_hold_head(connection->wire);
}

gboolean bh_connection_is_plain(BhConnection *connection) {
        return G_IS_SOCKET_CONNECTION(connection->stream);
}

const char *bh_connection_get_target(BhConnection *connection) {
        return bh_wire_get_target(connection->wire);
}

gsize bh_connection_take(BhConnection *connection, void *buffer, gsize size) {
        return bh_wire_take(connection->wire, buffer, size);
}

static guint seconds_for_phase(const BhConfig *config, BhPhase phase) {
        switch (phase) {
        case BH_PHASE_HEAD:
                return config->header_timeout;
        case BH_PHASE_BODY:
        case BH_PHASE_REPLY:
                return config->body_timeout;
        case BH_PHASE_IDLE:
                return config->keep_alive_timeout;
        case BH_PHASE_WORK:
        default:
                return 0;
        }
}

static void move_deadline(BhConnection *connection) {
        guint seconds = connection->owner ? seconds_for_phase(connection->owner->config, connection->phase) : 0;

        connection->progress = 0;
        connection->deadline = seconds ? g_get_monotonic_time() + seconds * G_USEC_PER_SEC : 0;
}

void bh_connection_enter(BhConnection *connection, BhPhase phase) {
        if (connection->lingers)
                return;
        connection->phase = phase;
        move_deadline(connection);
        if (phase == BH_PHASE_IDLE && connection->wire)
                bh_wire_expect_head(connection->wire);
        if (phase == BH_PHASE_IDLE && connection->owner && connection->owner->draining)
                bh_connection_shutdown(connection);
}

void bh_connection_progress(BhConnection *connection, gsize bytes) {
        connection->progress += bytes;
        if (!connection->lingers && connection->progress >= PROGRESS_STEP)
                move_deadline(connection);
}

gboolean bh_connection_write(BhConnection *connection, const char *text, gsize length) {
        GPollableOutputStream *output = G_POLLABLE_OUTPUT_STREAM(g_io_stream_get_output_stream(connection->stream));

        while (length > 0) {
                gssize written = g_pollable_output_stream_write_nonblocking(output, text, length, NULL, NULL);

                if (written <= 0)
                        return FALSE;
                text += written;
                length -= written;
        }
        return TRUE;
}

void bh_connection_answer_and_linger(BhConnection *connection, const char *text, gsize length) {
        bh_connection_write(connection, text,
                            length); /* a client that does not read its answers gets this one in part */
        g_socket_shutdown(connection->socket, FALSE, TRUE, NULL);
        connection->lingers = TRUE;
        connection->deadline = g_get_monotonic_time() + LINGER_SECONDS * G_USEC_PER_SEC;
}

void bh_connections_drain(BhConnections *connections) {
        GHashTableIter iter;
        gpointer item;

        connections->draining = TRUE;
        g_hash_table_iter_init(&iter, connections->all);
        while (g_hash_table_iter_next(&iter, &item, NULL)) {
                BhConnection *connection = item;

                if (connection->phase == BH_PHASE_IDLE || connection->phase == BH_PHASE_HEAD)
                        bh_connection_shutdown(connection);
        }
}
