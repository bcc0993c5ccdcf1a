/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include "guard.h"
#include "watch.h"

#include <string.h>

/* Received at once, and libsoup reads 8 KiB at a time from it. */
#define BLOCK (64 * 1024)
#define HEAD_BLOCK (8 * 1024)
/* Of what nobody wants, blocks dropped before others get their turn. */
#define DROP_BLOCKS 16

typedef enum {
        EXPECTS_HEAD,
        PASSES, /* the checked head, then the body */
        REFUSES,
        DETACHED, /* a new wire has the connection */
} Mode;

typedef enum {
        HOLDS_NOTHING,
        HOLDS_NEXT, /* what libsoup writes next is the head of an answer, which has a body */
        HOLDS_HEAD,
} Hold;

#define WIRE_TYPE_INPUT (wire_input_get_type())
G_DECLARE_FINAL_TYPE(WireInput, wire_input, WIRE, INPUT, GInputStream)
#define WIRE_TYPE_OUTPUT (wire_output_get_type())
G_DECLARE_FINAL_TYPE(WireOutput, wire_output, WIRE, OUTPUT, GOutputStream)

/* Both ends borrow the wire that owns them; it takes itself out of them when it goes. */
struct _WireInput {
        GInputStream parent;
        BhWire *wire;
};

struct _WireOutput {
        GOutputStream parent;
        BhWire *wire;
};

struct _BhWire {
        GIOStream parent;
        GIOStream *base;
        GSource *watch; /* of its socket; NULL when there is more than a socket below */
        WireInput *input;
        WireOutput *output;
        BhWireRefused refused;
        gpointer data;
        Mode mode;
        char *target; /* of the last head */
        GByteArray *received;
        gsize taken;     /* bytes of it that were given on */
        gsize scanned;   /* bytes behind these that were searched for the end of a head */
        gboolean large;  /* what received has grown to, a body's block */
        gboolean served; /* a head was given on already */
        gboolean ended;  /* see say_end() */
        Hold hold;
        GByteArray *held; /* the head of an answer that waits for its body */
        gsize head; /* bytes of the checked head that are still to be given on; nothing behind it is before that */
};

static void wire_input_pollable(GPollableInputStreamInterface *interface);
static void wire_output_pollable(GPollableOutputStreamInterface *interface);
G_DEFINE_TYPE_WITH_CODE(WireInput, wire_input, G_TYPE_INPUT_STREAM,
                        G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_INPUT_STREAM, wire_input_pollable))
G_DEFINE_TYPE_WITH_CODE(WireOutput, wire_output, G_TYPE_OUTPUT_STREAM,
                        G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_OUTPUT_STREAM, wire_output_pollable))
G_DEFINE_FINAL_TYPE(BhWire, bh_wire, G_TYPE_IO_STREAM)

static GPollableInputStream *base_input(BhWire *wire) {
        return G_POLLABLE_INPUT_STREAM(g_io_stream_get_input_stream(wire->base));
}

static GPollableOutputStream *base_output(BhWire *wire) {
        return G_POLLABLE_OUTPUT_STREAM(g_io_stream_get_output_stream(wire->base));
}

/* --- input --- */

/* Receives what is there, at most @size bytes. As g_pollable_input_stream_read_nonblocking(). */
static gssize receive_into(BhWire *wire, void *buffer, gsize size, GError **error) {
        return g_pollable_input_stream_read_nonblocking(base_input(wire), buffer, size, NULL, error);
}

/* Of a head, which is short: what waits for its rest takes no more memory than it is long. */
static gssize receive_head(BhWire *wire, GError **error) {
        guint8 block[HEAD_BLOCK];
        gssize got = receive_into(wire, block, sizeof block, error);

        if (got > 0)
                g_byte_array_append(wire->received, block, got);
        return got;
}

static gssize receive(BhWire *wire, GError **error) {
        guint had = wire->received->len;
        gssize got;

        if (wire->mode == EXPECTS_HEAD)
                return receive_head(wire, error);
        wire->large = TRUE;
        g_byte_array_set_size(wire->received, had + BLOCK);
        got = receive_into(wire, wire->received->data + had, BLOCK, error);
        g_byte_array_set_size(wire->received, had + MAX(got, 0));
        return got;
}

/* Gives on up to @limit received bytes. */
static gsize give(BhWire *wire, void *buffer, gsize size, gsize limit) {
        gsize length = MIN(MIN(size, limit), wire->received->len - wire->taken);

        memcpy(buffer, wire->received->data + wire->taken, length);
        wire->taken += length;
        if (wire->taken == wire->received->len) {
                g_byte_array_set_size(wire->received, 0);
                wire->taken = 0;
        }
        return length;
}

static void refuse(BhWire *wire, guint status, const char *reason) {
        wire->mode = REFUSES;
        g_byte_array_set_size(wire->received, 0);
        wire->taken = 0;
        wire->refused(wire->data, status, reason);
}

/* Empty lines in front of a request are ignored (RFC 9112, 2.2), in whatever pieces they come. They are not kept, however many there are. */
static void skip_empty_lines(BhWire *wire) {
        while (wire->received->len - wire->taken >= 2 && memcmp(wire->received->data + wire->taken, "\r\n", 2) == 0) {
                wire->taken += 2;
                wire->scanned -= MIN(wire->scanned, 2);
        }
        g_byte_array_remove_range(wire->received, 0, wire->taken);
        wire->taken = 0;
}

/* What is between the two spaces of the request line of a checked head. */
static void keep_target(BhWire *wire, const char *head, gsize length) {
        const char *begin = memchr(head, ' ', length),
                   *end = begin ? memchr(begin + 1, ' ', head + length - begin - 1) : NULL;

        g_free(wire->target);
        wire->target = end ? g_strndup(begin + 1, end - begin - 1) : NULL;
}

/* Looks for a head in what has been received. FALSE: more is needed. */
static gboolean find_head(BhWire *wire) {
        const char *text, *reason = NULL;
        gsize length;
        gssize end;
        guint status;

        skip_empty_lines(wire);
        text = (const char *)wire->received->data + wire->taken;
        length = wire->received->len - wire->taken;
        end = bh_guard_find_end(text, length, wire->scanned);
        wire->scanned = length;
        if (end < 0)
                refuse(wire, 400, "Not a valid HTTP request");
        else if (end == 0 && length > BH_MAX_HEAD)
                refuse(wire, 431, "Too many or too large header fields");
        if (end <= 0)
                return wire->mode == REFUSES;
        status = bh_guard_check(text, end, &reason);
        if (status != 0)
                refuse(wire, status, reason);
        else {
                keep_target(wire, text, end);
                wire->head = end;
                wire->served = TRUE;
                wire->mode = PASSES;
        }
        return TRUE;
}

static gssize would_block(GError **error) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "Nothing to read yet");
        return -1;
}

/* Drops what comes. The end comes with the end of the connection. */
static gssize drop(BhWire *wire, GError **error) {
        for (guint i = 0; i < DROP_BLOCKS; i++) {
                gssize got = receive(wire, error);

                g_byte_array_set_size(wire->received, 0);
                if (got <= 0)
                        return got;
        }
        return would_block(error);
}

static gssize wire_read(BhWire *wire, void *buffer, gsize size, GError **error) {
        gsize given;

        if (wire->mode == EXPECTS_HEAD && !(wire->scanned < wire->received->len - wire->taken && find_head(wire))) {
                gssize got = receive(wire, error);

                if (got <= 0)
                        return got;
                if (!find_head(wire))
                        return would_block(error);
        }
        if (wire->mode == REFUSES)
                return drop(wire, error);
        if (wire->mode == DETACHED)
                return 0;
        if (wire->taken == wire->received->len) {
                gssize got = receive(wire, error);

                if (got <= 0)
                        return got;
        }
        given = give(wire, buffer, size, wire->head > 0 ? wire->head : G_MAXSIZE);
        wire->head -= MIN(wire->head, given);
        return given;
}

/* Whether a read can make progress without the socket. */
static gboolean has_something(gpointer data) {
        BhWire *wire = data;
        gsize here = wire->received->len - wire->taken;

        switch (wire->mode) {
        case EXPECTS_HEAD:
                return wire->scanned < here;
        case PASSES:
                return here > 0;
        case DETACHED:
                return TRUE;
        case REFUSES:
        default:
                return FALSE;
        }
}

/* libsoup 3.2.3 forgets a connection that ends between two requests, with its descriptor and all: it looks after a request from its first byte on only. So the
 * end comes behind a first byte then. It ends the same way when it was reset. */
static gssize say_end(BhWire *wire, guint8 *buffer) {
        if (!wire || wire->mode == PASSES || wire->mode == DETACHED || !wire->served || wire->ended)
                return 0;
        wire->ended = TRUE;
        *buffer = 'X';
        return 1;
}

static gssize input_read(GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable, GError **error) {
        BhWire *wire = WIRE_INPUT(stream)->wire;
        g_autoptr(GError) problem = NULL;
        gssize got = wire ? wire_read(wire, buffer, size, &problem) : 0;

        if (got > 0)
                return got;
        if (got == 0 || !g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
                return say_end(wire, buffer);
        g_propagate_error(error, g_steal_pointer(&problem));
        return -1;
}

static gssize input_read_nonblocking(GPollableInputStream *stream, void *buffer, gsize size, GError **error) {
        return input_read(G_INPUT_STREAM(stream), buffer, size, NULL, error);
}

static gboolean input_is_readable(GPollableInputStream *stream) {
        BhWire *wire = WIRE_INPUT(stream)->wire;

        return !wire || has_something(wire) || g_pollable_input_stream_is_readable(base_input(wire));
}

/* @data: the input, which the source that waits holds. */
static gboolean wait_is_over(gpointer data) {
        BhWire *wire = ((WireInput *)data)->wire;

        return !wire || has_something(wire);
}

static GSource *input_create_source(GPollableInputStream *stream, GCancellable *cancellable) {
        BhWire *wire = WIRE_INPUT(stream)->wire;
        g_autoptr(GSource) child = NULL;

        if (wire && wire->watch)
                child = bh_watch_wait(wire->watch, wait_is_over, stream);
        else if (!wire || has_something(wire))
                child = g_timeout_source_new(0);
        else
                child = g_pollable_input_stream_create_source(base_input(wire), NULL);
        return g_pollable_source_new_full(stream, child, cancellable);
}

static gboolean input_close(GInputStream *stream, GCancellable *cancellable, GError **error) {
        return TRUE; /* the wire closes both ways at once */
}

static void wire_input_class_init(WireInputClass *class) {
        G_INPUT_STREAM_CLASS(class)->read_fn = input_read;
        G_INPUT_STREAM_CLASS(class)->close_fn = input_close;
}

static void wire_input_pollable(GPollableInputStreamInterface *interface) {
        interface->is_readable = input_is_readable;
        interface->create_source = input_create_source;
        interface->read_nonblocking = input_read_nonblocking;
}

static void wire_input_init(WireInput *input) {
}

/* --- output --- */

static gboolean is_writing(BhWire *wire) {
        return wire && wire->mode != DETACHED && wire->mode != REFUSES;
}

static void let_go(BhWire *wire) {
        wire->hold = HOLDS_NOTHING;
        g_byte_array_set_size(wire->held, 0);
}

/* The head and the beginning of the body in one piece. The number of bytes of @data that were written, or -1 with @error. */
static gssize write_together(BhWire *wire, const void *data, gsize length, GError **error) {
        GOutputVector pieces[] = {{wire->held->data, wire->held->len}, {data, length}};
        gsize written = 0;

        switch (g_pollable_output_stream_writev_nonblocking(base_output(wire), pieces, G_N_ELEMENTS(pieces), &written,
                                                            NULL, error)) {
        case G_POLLABLE_RETURN_OK:
                break;
        case G_POLLABLE_RETURN_WOULD_BLOCK:
                g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "The client does not read");
                return -1;
        case G_POLLABLE_RETURN_FAILED:
        default:
                return -1;
        }
        if (written <= wire->held->len) {
                g_byte_array_remove_range(wire->held, 0, written);
                g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "The client does not read");
                return -1;
        }
        written -= wire->held->len;
        let_go(wire);
        return written;
}

static gssize output_write(GOutputStream *stream, const void *data, gsize length, GCancellable *cancellable,
                           GError **error) {
        BhWire *wire = WIRE_OUTPUT(stream)->wire;

        if (!is_writing(wire)) {
                g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The connection is no longer libsoup's");
                return -1;
        }
        switch (wire->hold) {
        case HOLDS_NEXT:
                g_byte_array_append(wire->held, data, length);
                wire->hold = HOLDS_HEAD;
                return length;
        case HOLDS_HEAD:
                return write_together(wire, data, length, error);
        case HOLDS_NOTHING:
        default:
                return g_pollable_output_stream_write_nonblocking(base_output(wire), data, length, NULL, error);
        }
}

static gssize output_write_nonblocking(GPollableOutputStream *stream, const void *data, gsize length, GError **error) {
        return output_write(G_OUTPUT_STREAM(stream), data, length, NULL, error);
}

static gboolean output_is_writable(GPollableOutputStream *stream) {
        BhWire *wire = WIRE_OUTPUT(stream)->wire;

        return !is_writing(wire) || g_pollable_output_stream_is_writable(base_output(wire));
}

static GSource *output_create_source(GPollableOutputStream *stream, GCancellable *cancellable) {
        BhWire *wire = WIRE_OUTPUT(stream)->wire;
        g_autoptr(GSource) child = NULL;

        if (is_writing(wire))
                child = g_pollable_output_stream_create_source(base_output(wire), NULL);
        else
                child = g_timeout_source_new(0);
        return g_pollable_source_new_full(stream, child, cancellable);
}

static gboolean output_close(GOutputStream *stream, GCancellable *cancellable, GError **error) {
        return TRUE;
}

static void wire_output_class_init(WireOutputClass *class) {
        G_OUTPUT_STREAM_CLASS(class)->write_fn = output_write;
        G_OUTPUT_STREAM_CLASS(class)->close_fn = output_close;
}

static void wire_output_pollable(GPollableOutputStreamInterface *interface) {
        interface->is_writable = output_is_writable;
        interface->create_source = output_create_source;
        interface->write_nonblocking = output_write_nonblocking;
}

static void wire_output_init(WireOutput *output) {
}

/* --- the whole --- */

static GInputStream *wire_get_input(GIOStream *stream) {
        return G_INPUT_STREAM(BH_WIRE(stream)->input);
}

static GOutputStream *wire_get_output(GIOStream *stream) {
        return G_OUTPUT_STREAM(BH_WIRE(stream)->output);
}

static void stop_watching(BhWire *wire) {
        if (wire->watch)
                g_source_destroy(wire->watch);
        g_clear_pointer(&wire->watch, g_source_unref);
}

static gboolean wire_close(GIOStream *stream, GCancellable *cancellable, GError **error) {
        BhWire *wire = BH_WIRE(stream);

        if (wire->mode != DETACHED)
                stop_watching(wire);
        return wire->mode == DETACHED || g_io_stream_close(wire->base, NULL, error);
}

static void wire_finalize(GObject *object) {
        BhWire *wire = BH_WIRE(object);

        stop_watching(wire);
        wire->input->wire = NULL;
        wire->output->wire = NULL;
        g_clear_object(&wire->input);
        g_clear_object(&wire->output);
        g_clear_object(&wire->base);
        g_byte_array_unref(wire->received);
        g_byte_array_unref(wire->held);
        g_free(wire->target);
        G_OBJECT_CLASS(bh_wire_parent_class)->finalize(object);
}

static void bh_wire_class_init(BhWireClass *class) {
        G_OBJECT_CLASS(class)->finalize = wire_finalize;
        G_IO_STREAM_CLASS(class)->get_input_stream = wire_get_input;
        G_IO_STREAM_CLASS(class)->get_output_stream = wire_get_output;
        G_IO_STREAM_CLASS(class)->close_fn = wire_close;
}

static void bh_wire_init(BhWire *wire) {
        wire->input = g_object_new(WIRE_TYPE_INPUT, NULL);
        wire->input->wire = wire;
        wire->output = g_object_new(WIRE_TYPE_OUTPUT, NULL);
        wire->output->wire = wire;
        wire->received = g_byte_array_new();
        wire->held = g_byte_array_new();
}

static BhWire *wire_new(GIOStream *base, BhWireRefused refused, gpointer data) {
        BhWire *wire = g_object_new(BH_TYPE_WIRE, NULL);

        wire->base = g_object_ref(base);
        wire->refused = refused;
        wire->data = data;
        return wire;
}

BhWire *bh_wire_new(GIOStream *base, BhWireRefused refused, gpointer data) {
        BhWire *wire = wire_new(base, refused, data);

        if (G_IS_SOCKET_CONNECTION(base))
                wire->watch = bh_watch_new(g_socket_get_fd(g_socket_connection_get_socket(G_SOCKET_CONNECTION(base))));
        return wire;
}

void bh_wire_expect_head(BhWire *wire) {
        if (wire->mode != PASSES)
                return;
        wire->mode = EXPECTS_HEAD;
        wire->scanned = 0;
        if (wire->received->len > 0 || !wire->large)
                return;
        g_byte_array_unref(wire->received); /* a connection that waits holds no block */
        wire->received = g_byte_array_new();
        wire->large = FALSE;
}

void bh_wire_hold_head(BhWire *wire) {
        if (wire->hold == HOLDS_NOTHING)
                wire->hold = HOLDS_NEXT;
}

const char *bh_wire_get_target(BhWire *wire) {
        return wire->target ? wire->target : "";
}

gsize bh_wire_take(BhWire *wire, void *buffer, gsize size) {
        return give(wire, buffer, size, G_MAXSIZE);
}

BhWire *bh_wire_renew(BhWire *wire) {
        BhWire *next = wire_new(wire->base, wire->refused, wire->data);

        next->watch = g_steal_pointer(&wire->watch);
        g_byte_array_append(next->received, wire->received->data + wire->taken, wire->received->len - wire->taken);
        wire->mode = DETACHED;
        let_go(wire);
        return next;
}
