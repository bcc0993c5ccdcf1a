/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <glib/gi18n.h>
#include <locale.h>

int main(int argc, char **argv) {
        int status;

        setlocale(LC_ALL, "");
        bindtextdomain(GETTEXT_PACKAGE, LOCALE_DIR);
        bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
        textdomain(GETTEXT_PACKAGE);

        if (bh_command_run(argc, argv, &status))
                return status;
        g_printerr(_("Usage: baluhost %s\n"), "ls|get|put …");
        return 2;
}
