/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

/* Threads for what blocks: files, the database, password hashing. Work runs on a thread of a pool; what follows it runs on the event loop, which
 * polls bh_workers_fd() and calls bh_workers_dispatch(). */

typedef struct BhWorkers BhWorkers;

typedef enum BhPool {
        BH_POOL_GENERAL,   /* for calls: the number of threads is configured */
        BH_POOL_PASSWORDS, /* two threads, for each hash takes many MiB of memory and a whole processor; few may wait */
        BH_POOL_JOBS,      /* two threads, for what takes long */
        BH_POOL_STORAGE,   /* four threads, for what waits for UDisks2 */
        BH_POOL_ATTACH,    /* four threads, for pools whose files are counted before they can be changed */
        BH_POOLS,
} BhPool;

/* Threads of BH_POOL_PASSWORDS, and how much more may wait for one of them. */
#define BH_PASSWORD_THREADS 2
#define BH_PASSWORD_QUEUE 16

/* Does the work and returns its result. Worker thread. */
typedef int (*BhWork)(void *userdata);

/* Takes the result. Event loop. */
typedef void (*BhWorkDone)(void *userdata, int result);

/* general_threads: for BH_POOL_GENERAL. Errors: those of eventfd(2). */
int bh_workers_new(BhWorkers **ret, unsigned general_threads);

/* Waits for the work that was handed in, and dispatches its results. NULL is fine. Blocks. */
void bh_workers_free(BhWorkers *workers);

/* Hands in work; done follows on the event loop. Errors, after which nothing is called: -EAGAIN too much waits for the pool, -ECANCELED we are being freed.
 * Any thread. */
int bh_workers_run(BhWorkers *workers, BhPool pool, BhWork work, BhWorkDone done, void *userdata);

/* Becomes readable when bh_workers_dispatch() has something to do. */
int bh_workers_fd(BhWorkers *workers);

/* Calls done for everything that has finished. Event loop. */
void bh_workers_dispatch(BhWorkers *workers);
