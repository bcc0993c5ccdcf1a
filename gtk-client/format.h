/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* A moment for a list: "14:05" today, "Yesterday", "12 Mar", "12 Mar 2024". usec: microseconds since 1970, UTC.
 * Returns a new string; empty for 0. Any thread. */
char *bh_format_moment(gint64 usec);

/* A moment in full, in the local time zone and the order of the locale. Returns a new string; empty for 0. Any thread. */
char *bh_format_moment_full(gint64 usec);

/* A rate: bytes a second as "12.3 MB/s". Returns a new string. Any thread. */
char *bh_format_rate(guint64 bytes_per_second);

/* The last name of a path, or the whole when it has no "/". Points into path. Any thread. */
const char *bh_path_name(const char *path);

/* The folder that a path is in, "" for the root. Returns a new string. Any thread. */
char *bh_path_parent(const char *path);

/* folder + "/" + name, without a "/" in front for the root. Returns a new string. Any thread. */
char *bh_path_join(const char *folder, const char *name);

/* "photo.jpg", 2 becomes "photo (2).jpg". Returns a new string. Any thread. */
char *bh_path_numbered(const char *name, guint number);
