/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST "GET /a?b HTTP/1.1\r\nHost: nas\r\n\r\n"
#define HEAD "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"

typedef struct {
        BhWire *wire;
        int client;
} Fixture;

static void refused(gpointer data, guint status, const char *reason) {
        g_assert_not_reached();
}

static void set_up(Fixture *fixture, gconstpointer unused) {
        g_autoptr(GSocketConnection) connection = NULL;
        g_autoptr(GSocket) socket = NULL;
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        socket = g_socket_new_from_fd(fds[0], NULL);
        connection = g_socket_connection_factory_create_connection(socket);
        fixture->wire = bh_wire_new(G_IO_STREAM(connection), refused, NULL);
        fixture->client = fds[1];
}

static void tear_down(Fixture *fixture, gconstpointer unused) {
        g_clear_object(&fixture->wire);
        close(fixture->client);
}

static gssize write_some(BhWire *wire, const void *data, gsize length, GError **error) {
        GOutputStream *output = g_io_stream_get_output_stream(G_IO_STREAM(wire));

        return g_pollable_output_stream_write_nonblocking(G_POLLABLE_OUTPUT_STREAM(output), data, length, NULL, error);
}

static void assert_written(BhWire *wire, const char *text) {
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(write_some(wire, text, strlen(text), &error), ==, strlen(text));
        g_assert_no_error(error);
}

static void assert_received(int client, const char *expected) {
        char text[256];
        gssize length = recv(client, text, sizeof text - 1, MSG_DONTWAIT);

        text[MAX(length, 0)] = '\0';
        g_assert_cmpstr(text, ==, expected);
}

static void assert_nothing_received(int client) {
        char byte;

        g_assert_cmpint(recv(client, &byte, 1, MSG_DONTWAIT), ==, -1);
        g_assert_cmpint(errno, ==, EAGAIN);
}

static void a_held_head_goes_out_with_its_body(Fixture *fixture, gconstpointer unused) {
        for (guint i = 0; i < 3; i++) {
                bh_wire_hold_head(fixture->wire);
                assert_written(fixture->wire, HEAD);
                assert_nothing_received(fixture->client);
                assert_written(fixture->wire, "body");
                assert_received(fixture->client, HEAD "body");
        }
}

static void without_being_held_it_goes_out_at_once(Fixture *fixture, gconstpointer unused) {
        assert_written(fixture->wire, HEAD);
        assert_received(fixture->client, HEAD);
        bh_wire_hold_head(fixture->wire);
        assert_written(fixture->wire, HEAD);
        assert_written(fixture->wire, "body");
        assert_received(fixture->client, HEAD "body");
        assert_written(fixture->wire, HEAD);
        assert_received(fixture->client, HEAD);
}

/* All that there is, into @all. */
static void receive_all(int client, GByteArray *all) {
        guint8 block[65536];
        gssize got;

        while ((got = recv(client, block, sizeof block, MSG_DONTWAIT)) > 0)
                g_byte_array_append(all, block, got);
}

static void a_client_that_does_not_read_gets_all_of_it_in_the_end(Fixture *fixture, gconstpointer unused) {
        g_autoptr(GByteArray) all = g_byte_array_new(), expected = g_byte_array_new();
        g_autofree guint8 *body = g_malloc(4 * 1024 * 1024);
        gsize done = 0, filler = 0, size = 4 * 1024 * 1024;
        gssize n;

        for (gsize i = 0; i < size; i++)
                body[i] = (guint8)(i * 7 + (i >> 8));
        while ((n = write_some(fixture->wire, body, 1000, NULL)) > 0)
                filler += n; /* an answer before this one that it has not read either */
        g_assert_cmpint(n, ==, -1);
        bh_wire_hold_head(fixture->wire);
        assert_written(fixture->wire, HEAD);
        while (done < size) {
                g_autoptr(GError) error = NULL;

                n = write_some(fixture->wire, body + done, size - done, &error);
                if (n < 0) {
                        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
                        receive_all(fixture->client, all);
                } else
                        done += n;
        }
        receive_all(fixture->client, all);
        for (gsize i = 0; i < filler; i += MIN(filler - i, 1000))
                g_byte_array_append(expected, body, MIN(filler - i, 1000));
        g_byte_array_append(expected, (const guint8 *)HEAD, strlen(HEAD));
        g_byte_array_append(expected, body, size);
        g_assert_cmpmem(all->data, all->len, expected->data, expected->len);
}

static void a_client_that_has_gone_is_an_error(Fixture *fixture, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        shutdown(fixture->client, SHUT_RDWR);
        bh_wire_hold_head(fixture->wire);
        assert_written(fixture->wire, HEAD);
        g_assert_cmpint(write_some(fixture->wire, "body", 4, &error), ==, -1);
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

static gssize read_some(BhWire *wire, char *text, gsize size) {
        GInputStream *input = g_io_stream_get_input_stream(G_IO_STREAM(wire));
        gssize got =
                g_pollable_input_stream_read_nonblocking(G_POLLABLE_INPUT_STREAM(input), text, size - 1, NULL, NULL);

        text[MAX(got, 0)] = '\0';
        return got;
}

static void a_head_is_given_on_when_it_is_complete_and_no_byte_more(Fixture *fixture, gconstpointer unused) {
        char text[256];

        for (guint i = 1; i < strlen(REQUEST); i += 7) {
                g_assert_cmpint(send(fixture->client, REQUEST, i, 0), ==, i);
                g_assert_cmpint(read_some(fixture->wire, text, sizeof text), ==, -1);
                g_assert_cmpint(send(fixture->client, REQUEST + i, strlen(REQUEST) - i, 0), ==, strlen(REQUEST) - i);
                g_assert_cmpint(send(fixture->client, "rest", 4, 0), ==, 4);
                g_assert_cmpint(read_some(fixture->wire, text, sizeof text), ==, strlen(REQUEST));
                g_assert_cmpstr(text, ==, REQUEST);
                g_assert_cmpstr(bh_wire_get_target(fixture->wire), ==, "/a?b");
                g_assert_cmpuint(bh_wire_take(fixture->wire, text, sizeof text), ==, 4);
                bh_wire_expect_head(fixture->wire);
        }
}

static gboolean count(GObject *stream, gpointer data) {
        ++*(guint *)data;
        return G_SOURCE_REMOVE;
}

static void assert_wait_ends(BhWire *wire, guint expected) {
        GInputStream *input = g_io_stream_get_input_stream(G_IO_STREAM(wire));
        g_autoptr(GSource) source = g_pollable_input_stream_create_source(G_POLLABLE_INPUT_STREAM(input), NULL);
        guint ended = 0;

        g_source_set_callback(source, G_SOURCE_FUNC(count), &ended, NULL);
        g_source_attach(source, NULL);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_source_destroy(source);
        g_assert_cmpuint(ended, ==, expected);
}

static void what_waits_for_input_is_woken_by_it_in_a_renewed_wire_too(Fixture *fixture, gconstpointer unused) {
        g_autoptr(BhWire) old = NULL;
        char text[256];

        assert_wait_ends(fixture->wire, 0);
        g_assert_cmpint(send(fixture->client, REQUEST REQUEST, 2 * strlen(REQUEST), 0), ==, 2 * strlen(REQUEST));
        assert_wait_ends(fixture->wire, 1);
        g_assert_cmpint(read_some(fixture->wire, text, sizeof text), ==, strlen(REQUEST));
        old = fixture->wire;
        fixture->wire = bh_wire_renew(old);
        assert_wait_ends(old, 1); /* it has ended */
        assert_wait_ends(fixture->wire, 1);
        g_assert_cmpint(read_some(fixture->wire, text, sizeof text), ==, strlen(REQUEST));
        bh_wire_expect_head(fixture->wire);
        assert_wait_ends(fixture->wire, 0);
        g_clear_object(&old);
        assert_wait_ends(fixture->wire, 0);
        g_assert_cmpint(send(fixture->client, "G", 1, 0), ==, 1);
        assert_wait_ends(fixture->wire, 1);
}

int main(int argc, char **argv) {
        static const struct {
                const char *path;
                void (*test)(Fixture *, gconstpointer);
        } tests[] = {
                {"a_held_head_goes_out_with_its_body", a_held_head_goes_out_with_its_body},
                {"without_being_held_it_goes_out_at_once", without_being_held_it_goes_out_at_once},
                {"a_client_that_does_not_read_gets_all_of_it_in_the_end",
                 a_client_that_does_not_read_gets_all_of_it_in_the_end},
                {"a_client_that_has_gone_is_an_error", a_client_that_has_gone_is_an_error},
                {"a_head_is_given_on_when_it_is_complete_and_no_byte_more",
                 a_head_is_given_on_when_it_is_complete_and_no_byte_more},
                {"what_waits_for_input_is_woken_by_it_in_a_renewed_wire_too",
                 what_waits_for_input_is_woken_by_it_in_a_renewed_wire_too},
        };

        g_test_init(&argc, &argv, NULL);
        for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
                g_autofree char *path = g_strconcat("/web/wire/", tests[i].path, NULL);

                g_test_add(path, Fixture, NULL, set_up, tests[i].test, tear_down);
        }
        return g_test_run();
}
