/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "sender.h"

#include "direct.h"
#include "reply.h"
#include "work.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BLOCK (256 * 1024)
#define AHEAD 2 /* blocks read and not yet written to the client */

struct BhSender {
        BhRequest *request;
        int fd;
        GArray *pieces;
        guint current;    /* piece that is read next */
        guint64 position; /* within it */
        guint64 total;
        guint ahead;      /* blocks given to libsoup that it has not written */
        gboolean reading; /* a worker has it */
        gboolean ended;   /* the message is over: free it when no worker has it */
        guint8 *block;    /* what the worker reads into */
        gssize got;       /* bytes that it read, or -errno */
};

static void piece_clear(gpointer data) {
        g_free(((BhPiece *)data)->text);
}

BhSender *bh_sender_new(BhRequest *request, int fd) {
        BhSender *sender = g_new0(BhSender, 1);

        sender->request = request;
        sender->fd = fd;
        sender->pieces = g_array_new(FALSE, FALSE, sizeof(BhPiece));
        g_array_set_clear_func(sender->pieces, piece_clear);
        return sender;
}

static void sender_free(BhSender *sender) {
        if (sender->fd >= 0)
                close(sender->fd);
        g_clear_pointer(&sender->pieces, g_array_unref);
        g_free(sender->block);
        g_free(sender);
}

void bh_sender_add_text(BhSender *sender, char *text) {
        BhPiece piece = {.text = text, .length = strlen(text)};

        g_array_append_val(sender->pieces, piece);
        sender->total += piece.length;
}

void bh_sender_add_file(BhSender *sender, guint64 offset, guint64 length) {
        BhPiece piece = {.offset = offset, .length = length};

        g_array_append_val(sender->pieces, piece);
        sender->total += length;
}

guint64 bh_sender_length(BhSender *sender) {
        return sender->total;
}

static void read_ahead(BhSender *sender);

static BhPiece *current_piece(BhSender *sender) {
        return sender->current < sender->pieces->len ? &g_array_index(sender->pieces, BhPiece, sender->current) : NULL;
}

/* In a worker. */
static void read_block(gpointer data) {
        BhSender *sender = data;
        const BhPiece *piece = current_piece(sender);
        gsize wanted = MIN(piece->length - sender->position, BLOCK);
        gsize got = 0;

        while (got < wanted) {
                gssize n = pread(sender->fd, sender->block + got, wanted - got, piece->offset + sender->position + got);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        sender->got = -errno;
                        return;
                }
                if (n == 0)
                        break;
                got += n;
        }
        sender->got = got;
}

static void advance(BhSender *sender, guint64 bytes) {
        sender->position += bytes;
        if (sender->position == current_piece(sender)->length) {
                sender->current++;
                sender->position = 0;
        }
}

static void give(BhSender *sender, GBytes *bytes) {
        soup_message_body_append_bytes(soup_server_message_get_response_body(sender->request->msg), bytes);
        sender->ahead++;
        soup_server_message_unpause(sender->request->msg);
}

static void fail(BhSender *sender, const char *reason) {
        BhConnection *connection = bh_request_connection(sender->request);

        g_warning("a download ends early: %s", reason);
        if (connection)
                bh_connection_shutdown(connection);
        soup_server_message_unpause(sender->request->msg);
}

static void block_read(gpointer data) {
        BhSender *sender = data;
        g_autoptr(GBytes) bytes = NULL;

        sender->reading = FALSE;
        if (sender->ended) {
                sender_free(sender);
                return;
        }
        if (sender->got <= 0) {
                fail(sender, sender->got == 0 ? "the file has become shorter" : g_strerror(-sender->got));
                return;
        }
        bytes = g_bytes_new_take(g_steal_pointer(&sender->block), sender->got);
        advance(sender, sender->got);
        give(sender, bytes);
        read_ahead(sender);
}

static void read_ahead(BhSender *sender) {
        while (!sender->reading && sender->ahead < AHEAD && current_piece(sender)) {
                BhPiece *piece = current_piece(sender);

                if (piece->text) {
                        g_autoptr(GBytes) bytes = g_bytes_new(piece->text, piece->length);

                        advance(sender, piece->length);
                        give(sender, bytes);
                        continue;
                }
                sender->reading = TRUE;
                sender->block = g_malloc(MIN(piece->length - sender->position, BLOCK));
                bh_work(sender->request->server->workers, read_block, block_read, sender);
        }
}

static void on_wrote_chunk(SoupServerMessage *msg, gpointer data) {
        BhSender *sender = data;

        sender->ahead--;
        read_ahead(sender);
}

static void on_message_over(gpointer data) {
        BhSender *sender = data;

        sender->ended = TRUE;
        if (!sender->reading)
                sender_free(sender);
}

static void on_gone(BhRequest *request) {
        g_signal_handlers_disconnect_by_func(request->msg, on_wrote_chunk, request->stream);
        g_clear_pointer(&request->stream, on_message_over);
}

/* Sends it past libsoup: see direct.h. */
static void start_directly(BhSender *sender) {
        BhRequest *request = sender->request;

        request->answered = TRUE;
        bh_reply_common_headers(request);
        bh_direct_send(request, sender->fd, bh_reply_format_head(request->msg), g_steal_pointer(&sender->pieces));
        sender->fd = -1;
        sender_free(sender);
}

void bh_sender_start(BhSender *sender) {
        BhRequest *request = sender->request;

        if (request->gone || request->answered) {
                sender_free(sender);
                return;
        }
        soup_message_headers_set_content_length(soup_server_message_get_response_headers(request->msg), sender->total);
        if (sender->total >= BH_DIRECT_MINIMUM && bh_direct_is_possible(request)) {
                start_directly(sender);
                return;
        }
        soup_message_body_set_accumulate(soup_server_message_get_response_body(request->msg), FALSE);
        request->stream = sender;
        request->stream_free = on_message_over;
        request->stream_gone = on_gone;
        g_signal_connect(request->msg, "wrote-chunk", G_CALLBACK(on_wrote_chunk), sender);
        bh_reply_finish(request);
        read_ahead(sender);
}
