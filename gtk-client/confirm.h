/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

/* Asks before something that cannot be undone, and calls back only when it is confirmed. body is plain text. The owner (a GObject) is
 * given to the callback and kept alive meanwhile. */
void bh_confirm(GtkWindow *parent, const char *heading, const char *body, const char *confirm_label,
                void (*callback)(gpointer owner), gpointer owner);
