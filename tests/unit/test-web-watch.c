/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <gio/gio.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
        int ours, theirs;
        GSource *watch;
        GInputStream *stream; /* that libsoup would wait for */
        gboolean over;
        gboolean hears; /* when a wait is over, as libsoup does; else what came stays there */
        guint ready;    /* times that a wait was over */
} Fixture;

static guint awoken; /* polls that found the loop's own descriptor written to; a poll function has no data */
static int watched;

static gint poll_and_count(GPollFD *fds, guint count, gint timeout) {
        gint r = g_poll(fds, count, timeout);

        for (guint i = 0; i < count; i++)
                if (fds[i].fd != watched && fds[i].revents != 0)
                        awoken++;
        return r;
}

/* Until there is nothing to do but to wait; how many rounds that took. */
static guint settle(void) {
        guint rounds = 0;

        while (g_main_context_iteration(NULL, FALSE)) {
                rounds++;
                g_assert_cmpuint(rounds, <, 100);
        }
        return rounds;
}

static void set_up(Fixture *fixture, gconstpointer unused) {
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
        fixture->ours = watched = fds[0];
        fixture->theirs = fds[1];
        fixture->stream = g_memory_input_stream_new();
        fixture->watch = bh_watch_new(fixture->ours);
        g_assert_true(
                g_main_context_acquire(NULL)); /* as a main loop that runs does; else attaching a source wakes it */
        g_main_context_set_poll_func(NULL, poll_and_count);
        settle();
        awoken = 0;
}

static void tear_down(Fixture *fixture, gconstpointer unused) {
        g_source_destroy(fixture->watch);
        g_source_unref(fixture->watch);
        g_object_unref(fixture->stream);
        close(fixture->ours);
        if (fixture->theirs >= 0)
                close(fixture->theirs);
        settle();
        g_main_context_set_poll_func(NULL, NULL);
        g_main_context_release(NULL);
}

static gboolean is_over(gpointer data) {
        return ((Fixture *)data)->over;
}

static gboolean on_ready(GObject *stream, gpointer data) {
        Fixture *fixture = data;
        char byte;

        fixture->ready++;
        if (fixture->hears)
                g_assert_cmpint(read(fixture->ours, &byte, 1), ==, 1);
        return G_SOURCE_REMOVE;
}

/* As libsoup waits: with sources around it. */
static GSource *start_wait(Fixture *fixture) {
        g_autoptr(GSource) wait = bh_watch_wait(fixture->watch, is_over, fixture);
        g_autoptr(GSource) inner = g_pollable_source_new_full(fixture->stream, wait, NULL);
        GSource *outer = g_pollable_source_new_full(fixture->stream, inner, NULL);

        g_source_set_callback(outer, G_SOURCE_FUNC(on_ready), fixture, NULL);
        g_source_attach(outer, NULL);
        return outer;
}

static void say(Fixture *fixture) {
        g_assert_cmpint(write(fixture->theirs, "x", 1), ==, 1);
}

static void a_wait_is_over_when_something_comes(Fixture *fixture, gconstpointer unused) {
        g_autoptr(GSource) wait = start_wait(fixture);

        settle();
        g_assert_cmpuint(fixture->ready, ==, 0);
        say(fixture);
        settle();
        g_assert_cmpuint(fixture->ready, ==, 1);
}

static void a_wait_is_over_when_the_other_end_closes(Fixture *fixture, gconstpointer unused) {
        g_autoptr(GSource) wait = start_wait(fixture);

        close(fixture->theirs);
        fixture->theirs = -1;
        settle();
        g_assert_cmpuint(fixture->ready, ==, 1);
}

static void a_wait_is_over_without_the_descriptor_when_it_is_said_so(Fixture *fixture, gconstpointer unused) {
        g_autoptr(GSource) wait = start_wait(fixture);

        fixture->over = TRUE;
        settle();
        g_assert_cmpuint(fixture->ready, ==, 1);
}

static void a_wait_is_over_when_the_watch_is_destroyed(Fixture *fixture, gconstpointer unused) {
        g_autoptr(GSource) wait = start_wait(fixture), late = NULL;

        g_source_destroy(fixture->watch);
        settle();
        g_assert_cmpuint(fixture->ready, ==, 1);
        late = start_wait(fixture);
        settle();
        g_assert_cmpuint(fixture->ready, ==, 2);
}

static void waiting_again_and_again_does_not_wake_the_loop(Fixture *fixture, gconstpointer unused) {
        fixture->hears = TRUE;
        for (guint i = 1; i <= 10; i++) {
                g_autoptr(GSource) wait = start_wait(fixture);

                settle();
                say(fixture);
                settle();
                g_assert_cmpuint(fixture->ready, ==, i);
        }
        g_assert_cmpuint(awoken, ==, 0);
}

static void what_nobody_waits_for_does_not_keep_the_loop_busy(Fixture *fixture, gconstpointer unused) {
        g_autoptr(GSource) wait = NULL;

        say(fixture);
        settle(); /* ends: else it would be found ready each time */
        g_assert_cmpuint(settle(), ==, 0);
        wait = start_wait(fixture);
        settle();
        g_assert_cmpuint(fixture->ready, ==, 1);
}

static void who_stopped_waiting_does_not_count(Fixture *fixture, gconstpointer unused) {
        GSource *wait = start_wait(fixture);

        g_source_destroy(wait);
        g_source_unref(wait);
        say(fixture);
        settle();
        g_assert_cmpuint(settle(), ==, 0);
        g_assert_cmpuint(fixture->ready, ==, 0);
}

static void a_wait_that_was_never_attached_does_no_harm(Fixture *fixture, gconstpointer unused) {
        g_source_unref(bh_watch_wait(fixture->watch, is_over, fixture));
        say(fixture);
        settle();
        g_assert_cmpuint(settle(), ==, 0);
}

int main(int argc, char **argv) {
        static const struct {
                const char *path;
                void (*test)(Fixture *, gconstpointer);
        } tests[] = {
                {"a_wait_is_over_when_something_comes", a_wait_is_over_when_something_comes},
                {"a_wait_is_over_when_the_other_end_closes", a_wait_is_over_when_the_other_end_closes},
                {"a_wait_is_over_without_the_descriptor_when_it_is_said_so",
                 a_wait_is_over_without_the_descriptor_when_it_is_said_so},
                {"a_wait_is_over_when_the_watch_is_destroyed", a_wait_is_over_when_the_watch_is_destroyed},
                {"waiting_again_and_again_does_not_wake_the_loop", waiting_again_and_again_does_not_wake_the_loop},
                {"what_nobody_waits_for_does_not_keep_the_loop_busy",
                 what_nobody_waits_for_does_not_keep_the_loop_busy},
                {"who_stopped_waiting_does_not_count", who_stopped_waiting_does_not_count},
                {"a_wait_that_was_never_attached_does_no_harm", a_wait_that_was_never_attached_does_no_harm},
        };

        g_test_init(&argc, &argv, NULL);
        for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
                g_autofree char *path = g_strconcat("/web/watch/", tests[i].path, NULL);

                g_test_add(path, Fixture, NULL, set_up, tests[i].test, tear_down);
        }
        return g_test_run();
}
