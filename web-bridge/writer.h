/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Writes a file from its beginning on, and has the disk begin with what was written while more is still to come: an upload is acknowledged only when it is on
 * the disk, and whoever waits for that in the end then finds little left to wait for. Nothing is promised by it: making the file durable stays a matter of
 * fsync(2). One thread at a time. */
typedef struct {
        int fd;           /* borrowed; -1 for none */
        guint64 position; /* bytes written */
        guint64 begun;    /* of these, bytes that the disk was told to begin with */
} BhWriter;

/* The disk is told in steps of this many bytes. Measured with 1 GiB, fsync(2) included: 0.69 s without, 0.48 s with steps of 1 to 64 MiB, 0.53 s with 128 MiB. */
#define BH_WRITER_STEP (8 * 1024 * 1024)

/* Writes all of @data. Returns 0, or the errno that it ended with. Waits for the disk when too much is under way. Any thread. */
int bh_writer_write(BhWriter *writer, gconstpointer data, gsize length);
