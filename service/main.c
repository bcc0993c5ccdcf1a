/* SPDX-License-Identifier: MIT */

#include <glib.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "config.h"
#include "log.h"
#include "macro.h"
#include "service.h"

typedef struct Options {
        char *config;
        char *bus_address;
        gboolean version;
} Options;

static void options_clear(Options *options) {
        g_free(options->config);
        g_free(options->bus_address);
}

/* Exits by itself for --help. */
static bool parse_options(int *argc, char ***argv, Options *options) {
        const GOptionEntry entries[] = {
                {"config", 0, 0, G_OPTION_ARG_FILENAME, &options->config,
                 "Configuration file (default: " BH_CONFIG_PATH ")", "FILE"},
                {"bus-address", 0, 0, G_OPTION_ARG_STRING, &options->bus_address,
                 "D-Bus address (default: the system bus)", "ADDRESS"},
                {"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version and exit", NULL},
                {NULL},
        };
        g_autoptr(GOptionContext) context = g_option_context_new(NULL);
        g_autoptr(GError) error = NULL;

        g_option_context_set_summary(
                context, "The service of BaluHost: files, users and sessions over D-Bus, for every front end.");
        g_option_context_add_main_entries(context, entries, NULL);
        if (!g_option_context_parse(context, argc, argv, &error)) {
                fprintf(stderr, "baluhostd: %s\n", error->message);
                return false;
        }
        if (*argc > 1) {
                fprintf(stderr, "baluhostd: unexpected argument “%s”\n", (*argv)[1]);
                return false;
        }
        return true;
}

/* Before there are threads: every thread inherits it. */
static void set_up_process(void) {
        struct rlimit descriptors;
        sigset_t signals;

        /* Each arena keeps what was freed in it; two are enough for threads that mostly wait for the disk. */
        mallopt(M_ARENA_MAX, 2);
        umask(0077);
        /* Every upload holds a descriptor. The soft limit is low only for programs that use select(2). */
        if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
                descriptors.rlim_cur = descriptors.rlim_max;
                (void)setrlimit(RLIMIT_NOFILE, &descriptors);
        }
        signal(SIGPIPE, SIG_IGN);
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        sigprocmask(SIG_BLOCK, &signals, NULL);
}

static int serve(const Options *options) {
        _cleanup_(bh_service_clear) BhService service = {};
        g_autofree char *message = NULL;
        int r;

        r = bh_config_load(&service.config, options->config, &message);
        if (r < 0) {
                bh_log_error("%s", message);
                return r;
        }
        r = bh_service_start(&service, options->bus_address);
        if (r < 0)
                return r;
        return bh_service_run(&service);
}

int main(int argc, char **argv) {
        _cleanup_(options_clear) Options options = {};

        set_up_process();
        if (!parse_options(&argc, &argv, &options))
                return 2;
        if (options.version) {
                puts("baluhostd " BALUHOST_VERSION);
                return EXIT_SUCCESS;
        }
        return serve(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
