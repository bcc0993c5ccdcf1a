/* SPDX-License-Identifier: MIT */
#include "application.h"
#include "command.h"

#include <glib/gi18n.h>
#include <locale.h>

int main(int argc, char **argv) {
        g_autoptr(BhApplication) application = NULL;
        const char *locale_dir = g_getenv("BALUHOST_LOCALE_DIR"); /* of a build that is not installed */
        int status;

        setlocale(LC_ALL, "");
        bindtextdomain(GETTEXT_PACKAGE, locale_dir ? locale_dir : LOCALE_DIR);
        bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
        textdomain(GETTEXT_PACKAGE);

        if (bh_command_run(argc, argv, &status))
                return status;
        application = bh_application_new();
        return g_application_run(G_APPLICATION(application), argc, argv);
}
