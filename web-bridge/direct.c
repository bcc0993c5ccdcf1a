/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "direct.h"

#include "reply.h"
#include "work.h"

#include <errno.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK (256 * 1024)
/* Moved in one go before other clients get the worker. */
#define TURN (8 * 1024 * 1024)

typedef enum { MORE, WAIT, DONE, FAILED } Outcome;

typedef struct {
        BhRequest *request;
        BhConnection *connection; /* stays while the message is paused: libsoup has its stream */
        GSocket *socket;
        Outcome outcome; /* of the last turn */
        guint64 moved;   /* in it */

        GArray *pieces; /* sending */
        int fd;
        guint current;
        guint64 position;

        BhUpload *upload; /* receiving */
        BhDirectReceived received;
        guint64 left;
        guint8 *block;
        gsize held;  /* bytes in it before the first turn */
        int failure; /* errno of writing the file */
} Transfer;

gboolean bh_direct_is_possible(BhRequest *request) {
        BhConnection *connection = bh_request_connection(request);

        return !request->gone && connection && bh_connection_is_plain(connection);
}

static Transfer *transfer_new(BhRequest *request) {
        Transfer *transfer = g_new0(Transfer, 1);

        transfer->request = bh_request_ref(request);
        transfer->connection = bh_request_connection(request);
        transfer->socket = g_object_ref(bh_connection_get_socket(transfer->connection));
        transfer->fd = -1;
        return transfer;
}

static void transfer_free(Transfer *transfer) {
        if (transfer->pieces && transfer->fd >= 0)
                close(transfer->fd);
        g_clear_pointer(&transfer->pieces, g_array_unref);
        g_free(transfer->block);
        g_object_unref(transfer->socket);
        bh_request_unref(transfer->request);
        g_free(transfer);
}

/* Calls @ready once when the socket is ready for @condition, or has failed. */
static void wait_for(Transfer *transfer, GIOCondition condition, GSocketSourceFunc ready) {
        g_autoptr(GSource) source = g_socket_create_source(transfer->socket, condition, NULL);

        g_source_set_callback(source, G_SOURCE_FUNC(ready), transfer, NULL);
        g_source_attach(source, NULL);
}

/* --- sending --- */

/* In a worker. As send(); 0 means that the file has ended. */
static gssize send_some(Transfer *transfer, const BhPiece *piece) {
        int fd = g_socket_get_fd(transfer->socket);
        off_t offset = piece->offset + transfer->position;

        if (piece->text)
                return send(fd, piece->text + transfer->position, piece->length - transfer->position,
                            MSG_NOSIGNAL | MSG_DONTWAIT | MSG_MORE);
        return sendfile(fd, transfer->fd, &offset, MIN(piece->length - transfer->position, TURN));
}

/* In a worker. */
static void send_turn(gpointer data) {
        Transfer *transfer = data;

        transfer->moved = 0;
        while (transfer->current < transfer->pieces->len) {
                const BhPiece *piece = &g_array_index(transfer->pieces, BhPiece, transfer->current);
                gssize sent;

                if (transfer->moved >= TURN) {
                        transfer->outcome = MORE;
                        return;
                }
                sent = send_some(transfer, piece);
                if (sent < 0 && errno == EINTR)
                        continue;
                if (sent <= 0) {
                        transfer->outcome = sent < 0 && errno == EAGAIN ? WAIT : FAILED;
                        return;
                }
                transfer->moved += sent;
                transfer->position += sent;
                if (transfer->position == piece->length) {
                        transfer->current++;
                        transfer->position = 0;
                }
        }
        transfer->outcome = DONE;
}

static void send_turn_done(gpointer data);

static gboolean send_again(GSocket *socket, GIOCondition condition, gpointer data) {
        Transfer *transfer = data;

        bh_work(transfer->request->server->workers, send_turn, send_turn_done, transfer);
        return G_SOURCE_REMOVE;
}

static void send_turn_done(gpointer data) {
        Transfer *transfer = data;

        bh_connection_progress(transfer->connection, transfer->moved);
        switch (transfer->outcome) {
        case MORE:
                send_again(NULL, 0, transfer);
                return;
        case WAIT:
                wait_for(transfer, G_IO_OUT, send_again);
                return;
        case FAILED: /* the client has gone, or the file is shorter than promised: it sees the connection end too early */
                bh_connection_shutdown(transfer->connection);
                soup_server_message_unpause(transfer->request->msg);
                break;
        case DONE:
        default:
                bh_request_over_directly(transfer->request);
                break;
        }
        transfer_free(transfer);
}

void bh_direct_send(BhRequest *request, int fd, GString *head, GArray *pieces) {
        Transfer *transfer = transfer_new(request);
        BhPiece first = {.length = head->len};

        first.text = g_string_free(head, FALSE);
        g_array_prepend_val(pieces, first);
        transfer->fd = fd;
        transfer->pieces = pieces;
        bh_connection_enter(transfer->connection, BH_PHASE_REPLY);
        send_again(NULL, 0, transfer);
}

/* --- receiving --- */

/* In a worker. */
static gboolean write_held(Transfer *transfer) {
        transfer->failure = bh_writer_write(bh_upload_get_writer(transfer->upload), transfer->block, transfer->held);
        if (transfer->failure != 0) {
                transfer->outcome = FAILED;
                return FALSE;
        }
        transfer->moved += transfer->held;
        transfer->left -= transfer->held;
        transfer->held = 0;
        return TRUE;
}

/* In a worker. Several receptions make one block, unless the client has to be waited for. */
static void receive_turn(gpointer data) {
        Transfer *transfer = data;
        int socket = g_socket_get_fd(transfer->socket);

        transfer->moved = 0;
        for (;;) {
                gsize wanted = MIN(transfer->left, BLOCK) - transfer->held;
                gssize got = 0;

                if (wanted > 0) {
                        got = recv(socket, transfer->block + transfer->held, wanted, MSG_DONTWAIT);
                        if (got < 0 && errno == EINTR)
                                continue;
                        transfer->held += MAX(got, 0);
                        if (got > 0 && (gsize)got < wanted)
                                continue;
                }
                transfer->outcome = got < 0 && errno == EAGAIN ? WAIT : (wanted > 0 && got <= 0) ? FAILED : MORE;
                if (!write_held(transfer))
                        return;
                if (transfer->left == 0)
                        transfer->outcome = DONE;
                if (transfer->outcome != MORE || transfer->moved >= TURN)
                        return;
        }
}

static void receive_turn_done(gpointer data);

static gboolean receive_again(GSocket *socket, GIOCondition condition, gpointer data) {
        Transfer *transfer = data;

        bh_work(transfer->request->server->workers, receive_turn, receive_turn_done, transfer);
        return G_SOURCE_REMOVE;
}

static void receive_turn_done(gpointer data) {
        Transfer *transfer = data;

        bh_connection_progress(transfer->connection, transfer->moved);
        if (transfer->failure != 0)
                bh_upload_note_failure(transfer->upload, transfer->failure);
        switch (transfer->outcome) {
        case MORE:
                receive_again(NULL, 0, transfer);
                return;
        case WAIT:
                wait_for(transfer, G_IO_IN, receive_again);
                return;
        case DONE:
                transfer->request->bypassed = TRUE;
                transfer->request->complete = TRUE;
                break;
        case FAILED:
        default:
                break;
        }
        transfer->received(transfer->request, transfer->outcome == DONE);
        transfer_free(transfer);
}

void bh_direct_receive(BhRequest *request, BhUpload *upload, guint64 length, BhDirectReceived received) {
        Transfer *transfer = transfer_new(request);

        transfer->upload = upload;
        transfer->received = received;
        transfer->left = length;
        transfer->block = g_malloc(BLOCK);
        transfer->held = bh_connection_take(transfer->connection, transfer->block, MIN(length, BLOCK));
        bh_connection_enter(transfer->connection, BH_PHASE_BODY);
        receive_again(NULL, 0, transfer);
}
