/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

/* Work that may block (files), off the main loop. */

/* Runs in a worker thread. */
typedef void (*BhWorkFunc)(gpointer data);

/* A pool of @threads threads. Free with bh_workers_free(), which waits for what has begun. */
GThreadPool *bh_workers_new(guint threads);
void bh_workers_free(GThreadPool *workers);

/* Runs @work(@data) in a worker, then @done(@data) in the main loop. */
void bh_work(GThreadPool *workers, BhWorkFunc work, BhWorkFunc done, gpointer data);
