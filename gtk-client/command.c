/* SPDX-License-Identifier: MIT */
#include "command.h"

#include "connection.h"
#include "copy-loop.h"
#include "download.h"
#include "format.h"
#include "remote-tree.h"
#include "upload.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The size of an upload that is not known before its end. */
#define SIZE_UNKNOWN G_MAXUINT64

static int complain(const char *subject, const GError *error) {
        g_autofree char *sentence = bh_bus_error_message(error);

        g_printerr("baluhost: %s: %s\n", subject, sentence);
        return EXIT_FAILURE;
}

static int usage(const char *line) {
        g_printerr(_("Usage: baluhost %s\n"), line);
        return 2;
}

/* --- ls --------------------------------------------------------------------------------------------------------------- */

static void print_page(GVariant *page) {
        GVariantIter iter;
        const char *name, *type;
        guint64 size;
        gint64 modified;

        g_variant_iter_init(&iter, page);
        while (g_variant_iter_next(&iter, "(&s&stxt&sb)", &name, &type, &size, &modified, NULL, NULL, NULL)) {
                g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(modified / G_USEC_PER_SEC);
                g_autofree char *time = when ? g_date_time_format_iso8601(when) : g_strdup("-");

                g_print("%s\t%" G_GUINT64_FORMAT "\t%s\t%s\n", g_str_equal(type, "directory") ? "d" : "-", size, time,
                        name);
        }
}

static int command_ls(BhConnection *connection, int argc, char **argv) {
        const char *path = argc > 2 ? argv[2] : "";
        g_autofree char *cursor = g_strdup("");
        g_autoptr(GError) error = NULL;

        if (argc > 3)
                return usage("ls [PATH]");
        do {
                g_autoptr(BhBusFiles) files = bh_connection_dup_files(connection, &error);
                g_autoptr(GVariant) page = NULL;
                g_autofree char *next = NULL;

                if (!files ||
                    !bh_bus_files_call_list_sync(
                            files, path,
                            *cursor ? bh_connection_options(connection, "cursor", g_variant_new_string(cursor), NULL)
                                    : bh_connection_options(connection, NULL),
                            BH_CALL_FLAGS, BH_CALL_TIMEOUT, &page, &next, NULL, NULL, NULL, &error))
                        return complain(*path ? path : "/", error);
                print_page(page);
                g_free(cursor);
                cursor = g_steal_pointer(&next);
        } while (*cursor);
        return EXIT_SUCCESS;
}

/* --- get -------------------------------------------------------------------------------------------------------------- */

static gboolean remote_is_folder(BhConnection *connection, const char *remote) {
        g_autoptr(BhBusFiles) files = bh_connection_dup_files(connection, NULL);
        g_autoptr(GVariant) entry = NULL;
        const char *type = "";

        if (!*remote)
                return TRUE;
        return files &&
               bh_bus_files_call_stat_sync(files, remote, bh_connection_options(connection, NULL), BH_CALL_FLAGS,
                                           BH_CALL_TIMEOUT, &entry, NULL, NULL) &&
               g_variant_lookup(entry, "type", "&s", &type) && g_str_equal(type, "directory");
}

static gboolean make_folder(const char *local, GError **error) {
        if (g_mkdir_with_parents(local, 0777) == 0)
                return TRUE;
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: %s", local, g_strerror(errno));
        return FALSE;
}

/* A folder with all that is in it. Stops at the first thing that does not work, so that success means everything. */
static int get_folder(BhConnection *connection, const char *remote, const char *local) {
        g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func((GDestroyNotify)bh_remote_entry_free);
        g_autoptr(GError) error = NULL;

        if (!make_folder(local, &error) || !bh_remote_tree_collect(entries, connection, remote, local, NULL, &error))
                return complain(*remote ? remote : "/", error);
        for (guint i = 0; i < entries->len; i++) {
                const BhRemoteEntry *entry = g_ptr_array_index(entries, i);

                if (!(entry->is_folder ? make_folder(entry->local, &error)
                                       : bh_download_file(connection, entry->remote, entry->local, TRUE, NULL, NULL,
                                                          NULL, &error)))
                        return complain(entry->remote, error);
        }
        return EXIT_SUCCESS;
}

static int command_get(BhConnection *connection, int argc, char **argv) {
        g_autoptr(GError) error = NULL;
        g_autofree char *local = NULL;
        const char *remote;
        gboolean done;

        if (argc < 3 || argc > 4)
                return usage("get PATH [FILE|FOLDER|-]");
        remote = argv[2];
        local = g_strdup(argc > 3 ? argv[3] : bh_path_name(remote));

        if (g_str_equal(local, "-")) {
                done = bh_download_content(connection, remote, STDOUT_FILENO, NULL, NULL, NULL, NULL, &error);
                return done ? EXIT_SUCCESS : complain(remote, error);
        }
        if (g_file_test(local, G_FILE_TEST_IS_DIR)) {
                char *inside = g_build_filename(local, bh_path_name(remote), NULL);

                g_free(local);
                local = inside;
        }
        if (remote_is_folder(connection, remote))
                return get_folder(connection, remote, local);
        /* As cp does: whoever names a file wants it written. */
        done = bh_download_file(connection, remote, local, TRUE, NULL, NULL, NULL, &error);
        return done ? EXIT_SUCCESS : complain(remote, error);
}

/* --- put -------------------------------------------------------------------------------------------------------------- */

static int put_descriptor(BhConnection *connection, int source, const char *local, const char *remote, gboolean force) {
        g_autoptr(GError) error = NULL;
        gint64 modified = g_get_real_time();
        guint64 size = SIZE_UNKNOWN;
        struct stat st;

        if (fstat(source, &st) == 0 && S_ISREG(st.st_mode)) {
                size = (guint64)st.st_size;
                modified = (gint64)st.st_mtim.tv_sec * G_USEC_PER_SEC + st.st_mtim.tv_nsec / 1000;
        }
        if (bh_upload_content(connection, source, remote, size, modified, force, NULL, NULL, NULL, &error))
                return EXIT_SUCCESS;
        return complain(local, error);
}

static int command_put(BhConnection *connection, int argc, char **argv) {
        gboolean force = argc > 2 && g_str_equal(argv[2], "--force");
        g_autofree char *remote = NULL, *name = NULL;
        const char *local;
        int source, status;

        if (argc != 4 + force)
                return usage("put [--force] FILE|- PATH");
        local = argv[2 + force];
        remote = g_strdup(argv[3 + force]);
        if (g_str_equal(local, "-"))
                return put_descriptor(connection, STDIN_FILENO, "-", remote, force);

        source = open(local, O_RDONLY | O_CLOEXEC);
        if (source < 0) {
                g_printerr("baluhost: %s: %s\n", local, g_strerror(errno));
                return EXIT_FAILURE;
        }
        if (remote_is_folder(connection, remote)) {
                char *inside;

                name = g_path_get_basename(local);
                inside = bh_path_join(remote, name);
                g_free(remote);
                remote = inside;
        }
        status = put_descriptor(connection, source, local, remote, force);
        close(source);
        return status;
}

/* --- All -------------------------------------------------------------------------------------------------------------- */

/* A Unix user without an account may be let by polkit all the same. But whoever gives a token means its user and nobody else. */
static gboolean may_try(BhConnectionState state, const char *token) {
        return state == BH_CONNECTION_READY ||
               (!token && (state == BH_CONNECTION_SIGNED_OUT || state == BH_CONNECTION_SETUP));
}

static BhConnection *connect_and_wait(GError **error) {
        const char *token = g_getenv("BALUHOST_TOKEN"), *message;
        g_autoptr(BhConnection) connection = bh_connection_new_for_commands(token);

        while (bh_connection_get_state(connection) == BH_CONNECTION_CONNECTING ||
               bh_connection_get_state(connection) == BH_CONNECTION_STARTING)
                g_main_context_iteration(NULL, TRUE);
        if (may_try(bh_connection_get_state(connection), token))
                return g_steal_pointer(&connection);
        message = bh_connection_get_message(connection);
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                            message ? message : _("The NAS service is not running"));
        return NULL;
}

gboolean bh_command_run(int argc, char **argv, int *status) {
        const struct {
                const char *name;
                int (*run)(BhConnection *connection, int argc, char **argv);
        } commands[] = {{"ls", command_ls}, {"get", command_get}, {"put", command_put}};

        for (gsize i = 0; argc > 1 && i < G_N_ELEMENTS(commands); i++) {
                g_autoptr(BhConnection) connection = NULL;
                g_autoptr(GError) error = NULL;

                if (!g_str_equal(argv[1], commands[i].name))
                        continue;
                connection = connect_and_wait(&error);
                *status = connection ? commands[i].run(connection, argc, argv) : complain(argv[1], error);
                return TRUE;
        }
        return FALSE;
}
