/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "events.h"
#include "listener.h"
#include "openapi.h"
#include "reply.h"
#include "server.h"
#include "work.h"

#include <glib-unix.h>
#include <locale.h>
#include <malloc.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#define WORKERS 4
#define STOP_SECONDS 30

typedef struct {
        BhServer server;
        BhListener *listener;
        GMainLoop *loop;
        int status;
} Program;

/* Everything large (transfer buffers) is to go back to the system when it is freed, and threads are to share what they allocate from. */
static void bound_memory(void) {
        mallopt(M_MMAP_THRESHOLD, 128 * 1024);
        mallopt(M_ARENA_MAX, 2);
}

static gboolean look_whether_done(gpointer data) {
        Program *program = data;

        if (bh_connections_count(program->server.connections) > 0)
                return G_SOURCE_CONTINUE;
        g_main_loop_quit(program->loop);
        return G_SOURCE_REMOVE;
}

static gboolean stop_now(gpointer data) {
        Program *program = data;

        g_warning("stopping with %u connections open", bh_connections_count(program->server.connections));
        g_main_loop_quit(program->loop);
        return G_SOURCE_REMOVE;
}

/* What clients are in the middle of is finished; a second signal, or half a minute, ends it all the same. */
static gboolean on_signal(gpointer data) {
        Program *program = data;

        sd_notify(FALSE, "STOPPING=1");
        bh_listener_stop(program->listener);
        bh_events_end(program->server.events);
        bh_connections_drain(program->server.connections);
        g_timeout_add(50, look_whether_done, program);
        g_timeout_add_seconds(STOP_SECONDS, stop_now, program);
        g_unix_signal_add(SIGTERM, stop_now, program);
        g_unix_signal_add(SIGINT, stop_now, program);
        return G_SOURCE_REMOVE;
}

static void on_bus_closed(gpointer data, const char *reason) {
        Program *program = data;

        g_warning("the system bus is gone: %s", reason);
        program->status = EXIT_FAILURE;
        g_main_loop_quit(program->loop);
}

static void announce(Program *program) {
        const BhConfig *config = program->server.config;
        guint port = bh_listener_get_port(program->listener);
        gboolean v6 = g_strrstr(config->listen, ":") != NULL;

        g_print("listening on %s://%s%s%s:%u\n", config->tls_certificate ? "https" : "http", v6 ? "[" : "",
                config->listen, v6 ? "]" : "", port);
        sd_notifyf(FALSE, "READY=1\nSTATUS=Serving on port %u", port);
}

static int serve(Program *program, GError **error) {
        BhServer *server = &program->server;

        server->bus = bh_bus_new(on_bus_closed, program, error);
        if (!server->bus)
                return EXIT_FAILURE;
        server->workers = bh_workers_new(WORKERS);
        server->recent = bh_recent_new();
        server->bodies = bh_bodies_new();
        server->events = bh_events_new(server);
        server->soup = soup_server_new("raw-paths", TRUE, NULL);
        server->connections = bh_connections_new(server->config, server->soup, bh_reply_refusal);
        bh_server_attach(server);
        program->listener = bh_listener_new(server->config, server->soup, server->connections, error);
        if (!program->listener)
                return EXIT_FAILURE;
        g_unix_signal_add(SIGTERM, on_signal, program);
        g_unix_signal_add(SIGINT, on_signal, program);
        announce(program);
        g_main_loop_run(program->loop);
        return program->status;
}

static void program_clear(Program *program) {
        g_clear_pointer(&program->listener, bh_listener_free);
        if (program->server.soup)
                soup_server_disconnect(program->server.soup);
        g_clear_object(&program->server.soup);
        g_clear_pointer(&program->server.workers, bh_workers_free);
        g_clear_pointer(&program->server.events, bh_events_free);
        g_clear_pointer(&program->server.bus, bh_bus_free);
        g_clear_pointer(&program->server.recent, bh_recent_free);
        g_clear_pointer(&program->server.bodies, bh_bodies_free);
        g_clear_pointer(&program->server.openapi, g_bytes_unref);
        g_clear_pointer(&program->server.docs, g_bytes_unref);
        g_clear_pointer(&program->server.connections, bh_connections_free);
        g_clear_pointer(&program->server.config, bh_config_free);
        g_clear_pointer(&program->loop, g_main_loop_unref);
}

static void print_openapi(void) {
        g_autoptr(GBytes) text = bh_openapi_print();
        gsize length;
        const char *data = g_bytes_get_data(text, &length);

        fwrite(data, 1, length, stdout);
        fputc('\n', stdout);
}

int main(int argc, char **argv) {
        g_autofree char *config_path = NULL;
        gboolean version = FALSE, openapi = FALSE;
        const GOptionEntry entries[] = {
                {"config", 0, 0, G_OPTION_ARG_FILENAME, &config_path, "Read the configuration from FILE", "FILE"},
                {"version", 0, 0, G_OPTION_ARG_NONE, &version, "Show the version", NULL},
                {"print-openapi", 0, 0, G_OPTION_ARG_NONE, &openapi, "Print the OpenAPI document of the web API", NULL},
                {},
        };
        g_autoptr(GOptionContext) context = g_option_context_new("- web access to BaluHost");
        g_autoptr(GError) error = NULL;
        Program program = {};
        int status;

        setlocale(LC_ALL, "");
        bound_memory();
        g_option_context_add_main_entries(context, entries, NULL);
        if (!g_option_context_parse(context, &argc, &argv, &error)) {
                g_printerr("baluhost-web: %s\n", error->message);
                return EXIT_FAILURE;
        }
        if (version) {
                g_print("baluhost-web %s\n", BALUHOST_VERSION);
                return EXIT_SUCCESS;
        }
        if (openapi) {
                print_openapi();
                return EXIT_SUCCESS;
        }
        program.server.config = bh_config_load(config_path, &error);
        program.loop = g_main_loop_new(NULL, FALSE);
        status = program.server.config ? serve(&program, &error) : EXIT_FAILURE;
        if (error)
                g_printerr("baluhost-web: %s\n", error->message);
        program_clear(&program);
        return status;
}
