/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Commands for shells and scripts, which cannot pass descriptors through busctl: ls, get, put. They need no display.
 * The caller is the Unix user, or the one of the access token in the environment variable BALUHOST_TOKEN.
 * Returns TRUE when argv[1] names a command; then *status is the exit status. Blocks; before anything of GTK. */
gboolean bh_command_run(int argc, char **argv, int *status);
