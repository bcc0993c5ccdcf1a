/* SPDX-License-Identifier: MIT */

#include "worker.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <sys/eventfd.h>

#include "log.h"
#include "macro.h"

typedef struct Task {
        BhWorkers *workers;
        BhPool pool;
        BhWork work;
        BhWorkDone done;
        void *userdata;
        int result;
} Task;

struct BhWorkers {
        GThreadPool *pools[BH_POOLS];
        unsigned limits[BH_POOLS]; /* of tasks that run or wait; 0: none */
        GMutex lock;
        unsigned counts[BH_POOLS]; /* tasks that run or wait; under lock */
        GQueue finished;           /* of Task; under lock */
        bool is_closed;            /* under lock */
        int fd;
};

static void task_run(gpointer data, gpointer userdata) {
        Task *task = data;
        BhWorkers *workers = task->workers;
        uint64_t one = 1;

        task->result = task->work(task->userdata);
        g_mutex_lock(&workers->lock);
        workers->counts[task->pool]--;
        g_queue_push_tail(&workers->finished, task);
        /* Under the lock: once it is released, the loop may take the task and free everything. */
        if (write(workers->fd, &one, sizeof one) < 0 && errno != EAGAIN)
                bh_log_error_errno(errno, "Cannot wake the event loop");
        g_mutex_unlock(&workers->lock);
}

int bh_workers_new(BhWorkers **ret, unsigned general_threads) {
        const unsigned threads[BH_POOLS] = {
                [BH_POOL_GENERAL] = general_threads,
                [BH_POOL_PASSWORDS] = BH_PASSWORD_THREADS,
                [BH_POOL_JOBS] = 2,
                [BH_POOL_STORAGE] = 4,
                [BH_POOL_ATTACH] = 4,
        };
        BhWorkers *workers;
        int fd;

        fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (fd < 0)
                return -errno;
        workers = g_new0(BhWorkers, 1);
        workers->fd = fd;
        workers->limits[BH_POOL_PASSWORDS] = BH_PASSWORD_THREADS + BH_PASSWORD_QUEUE;
        g_mutex_init(&workers->lock);
        g_queue_init(&workers->finished);
        for (unsigned i = 0; i < BH_POOLS; i++)
                workers->pools[i] = g_thread_pool_new(task_run, NULL, (int)threads[i], FALSE, NULL);
        *ret = workers;
        return 0;
}

int bh_workers_run(BhWorkers *workers, BhPool pool, BhWork work, BhWorkDone done, void *userdata) {
        Task *task;

        g_mutex_lock(&workers->lock);
        if (workers->is_closed) {
                g_mutex_unlock(&workers->lock);
                return -ECANCELED;
        }
        if (workers->limits[pool] > 0 && workers->counts[pool] >= workers->limits[pool]) {
                g_mutex_unlock(&workers->lock);
                return -EAGAIN;
        }
        workers->counts[pool]++;
        g_mutex_unlock(&workers->lock);

        task = g_new0(Task, 1);
        *task = (Task){.workers = workers, .pool = pool, .work = work, .done = done, .userdata = userdata};
        /* When no thread can be started now, the task waits for one that there is: the error is of no consequence. */
        (void)g_thread_pool_push(workers->pools[pool], task, NULL);
        return 0;
}

int bh_workers_fd(BhWorkers *workers) {
        return workers->fd;
}

void bh_workers_dispatch(BhWorkers *workers) {
        uint64_t count;
        Task *task;

        if (read(workers->fd, &count, sizeof count) < 0 && errno != EAGAIN)
                bh_log_error_errno(errno, "Cannot read the event descriptor");
        for (;;) {
                g_mutex_lock(&workers->lock);
                task = g_queue_pop_head(&workers->finished);
                g_mutex_unlock(&workers->lock);
                if (!task)
                        return;
                task->done(task->userdata, task->result);
                g_free(task);
        }
}

void bh_workers_free(BhWorkers *workers) {
        if (!workers)
                return;
        g_mutex_lock(&workers->lock);
        workers->is_closed = true;
        g_mutex_unlock(&workers->lock);
        for (unsigned i = 0; i < BH_POOLS; i++)
                g_thread_pool_free(workers->pools[i], FALSE, TRUE);
        bh_workers_dispatch(workers);
        close(workers->fd);
        g_mutex_clear(&workers->lock);
        g_free(workers);
}
