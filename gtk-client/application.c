/* SPDX-License-Identifier: MIT */
#include "application.h"

#include "accessibility.h"
#include "alert-notifier.h"
#include "file-launcher.h"
#include "window.h"

#include <glib/gi18n.h>

struct _BhApplication {
        AdwApplication parent_instance;

        BhAlertModel *alerts;
        BhAlertNotifier *notifier;
};

G_DEFINE_FINAL_TYPE(BhApplication, bh_application, ADW_TYPE_APPLICATION)

static GtkWindow *create_window(BhApplication *self) {
        BhWindow *window = bh_window_new(self);
        GtkShortcutsWindow *shortcuts_window = gtk_application_window_get_help_overlay(GTK_APPLICATION_WINDOW(window));

        if (shortcuts_window)
                bh_accessibility_name_shortcuts_search(shortcuts_window);
        return GTK_WINDOW(window);
}

static BhWindow *present_window(BhApplication *self) {
        GtkWindow *window = gtk_application_get_active_window(GTK_APPLICATION(self));

        if (!window)
                window = create_window(self);
        gtk_window_present(window);
        return BH_WINDOW(window);
}

BhAlertModel *bh_application_get_alerts(BhApplication *self) {
        return self->alerts;
}

static void on_show_storage(GSimpleAction *action, GVariant *parameter, gpointer user_data) {
        bh_window_show_page(present_window(user_data), "storage");
}

static void on_about(GSimpleAction *action, GVariant *parameter, gpointer user_data) {
        adw_show_about_window(gtk_application_get_active_window(user_data), "application-name", _("BaluHost"),
                              "application-icon", APPLICATION_ID, "developer-name", _("The BaluHost maintainers"),
                              "version", BALUHOST_VERSION, "license-type", GTK_LICENSE_MIT_X11, "comments",
                              _("Your files on your own NAS."), NULL);
}

static void on_quit(GSimpleAction *action, GVariant *parameter, gpointer user_data) {
        GtkWindow *window = gtk_application_get_active_window(user_data);

        /* The window may have something to say: transfers are running. */
        if (window)
                gtk_window_close(window);
        else
                g_application_quit(user_data);
}

static const GActionEntry actions[] = {
        {"about", on_about},
        {"quit", on_quit},
        {"show-storage", on_show_storage},
};

static const struct {
        const char *action;
        const char *accelerators[3];
} shortcuts[] = {
        {"app.quit", {"<Control>q"}},           {"window.close", {"<Control>w"}},
        {"win.undo", {"<Control>z"}},           {"win.show-page('files')", {"<Alt>1"}},
        {"win.show-page('trash')", {"<Alt>2"}}, {"win.show-page('storage')", {"<Alt>3"}},
        {"win.show-page('users')", {"<Alt>4"}}, {"win.show-help-overlay", {"<Control>question", "<Control>F1"}},
};

static void bh_application_startup(GApplication *application) {
        BhApplication *self = BH_APPLICATION(application);
        g_autoptr(BhConnection) connection = NULL;
        g_autoptr(BhStorageModel) storage = NULL;

        G_APPLICATION_CLASS(bh_application_parent_class)->startup(application);

        gtk_window_set_default_icon_name(APPLICATION_ID);
        g_action_map_add_action_entries(G_ACTION_MAP(application), actions, G_N_ELEMENTS(actions), application);
        for (guint i = 0; i < G_N_ELEMENTS(shortcuts); i++)
                gtk_application_set_accels_for_action(GTK_APPLICATION(application), shortcuts[i].action,
                                                      shortcuts[i].accelerators);
        bh_file_launcher_clean_cache();

        connection = bh_connection_new();
        storage = bh_storage_model_new(connection);
        self->alerts = bh_alert_model_new(storage);
        self->notifier = bh_alert_notifier_new(application, storage);
}

/* While the application can still take back what it told the desktop. */
static void bh_application_shutdown(GApplication *application) {
        BhApplication *self = BH_APPLICATION(application);

        g_clear_object(&self->notifier);
        g_clear_object(&self->alerts);
        G_APPLICATION_CLASS(bh_application_parent_class)->shutdown(application);
}

static void bh_application_activate(GApplication *application) {
        present_window(BH_APPLICATION(application));
}

static int bh_application_command_line(GApplication *application, GApplicationCommandLine *command_line) {
        g_auto(GStrv) arguments = g_application_command_line_get_arguments(command_line, NULL);
        BhWindow *window = present_window(BH_APPLICATION(application));

        if (arguments[0] && arguments[1])
                bh_window_show_folder(window, arguments[1]);
        return EXIT_SUCCESS;
}

static int bh_application_handle_local_options(GApplication *application, GVariantDict *options) {
        if (!g_variant_dict_contains(options, "version"))
                return -1; /* go on */
        g_print("baluhost %s\n", BALUHOST_VERSION);
        return EXIT_SUCCESS;
}

static void bh_application_class_init(BhApplicationClass *klass) {
        GApplicationClass *application_class = G_APPLICATION_CLASS(klass);

        application_class->startup = bh_application_startup;
        application_class->shutdown = bh_application_shutdown;
        application_class->activate = bh_application_activate;
        application_class->command_line = bh_application_command_line;
        application_class->handle_local_options = bh_application_handle_local_options;
}

static void bh_application_init(BhApplication *self) {
        const GOptionEntry options[] = {
                {"version", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Print the version and exit"), NULL},
                G_OPTION_ENTRY_NULL,
        };

        g_application_add_main_option_entries(G_APPLICATION(self), options);
        g_application_set_option_context_parameter_string(G_APPLICATION(self), _("[FOLDER]"));
        g_application_set_option_context_summary(
                G_APPLICATION(self),
                _("Shows a folder of the NAS. For scripts, without a window:\n"
                  "  baluhost ls [PATH]                  list a folder: type, size, time, name\n"
                  "  baluhost get PATH [FILE|FOLDER|-]   read a file or a whole folder of the NAS\n"
                  "  baluhost put [--force] FILE|- PATH  write a file to the NAS"));
}

BhApplication *bh_application_new(void) {
        return g_object_new(BH_TYPE_APPLICATION, "application-id", APPLICATION_ID, "flags",
                            G_APPLICATION_HANDLES_COMMAND_LINE, "resource-base-path", "/org/baluhost/Client", NULL);
}
