/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <stdbool.h>

#include "macro.h"
#include "worker.h"

typedef struct Gate {
        GMutex lock;
        GCond changed;
        bool open;
        int waiting;
        int done;
        GThread *loop;
} Gate;

static void gate_init(Gate *gate) {
        *gate = (Gate){.loop = g_thread_self()};
        g_mutex_init(&gate->lock);
        g_cond_init(&gate->changed);
}

static void gate_open(Gate *gate) {
        g_mutex_lock(&gate->lock);
        gate->open = true;
        g_cond_broadcast(&gate->changed);
        g_mutex_unlock(&gate->lock);
}

static int wait_at_gate(void *userdata) {
        Gate *gate = userdata;

        g_assert_true(g_thread_self() != gate->loop);
        g_mutex_lock(&gate->lock);
        gate->waiting++;
        g_cond_broadcast(&gate->changed);
        while (!gate->open)
                g_cond_wait(&gate->changed, &gate->lock);
        g_mutex_unlock(&gate->lock);
        return -ENOENT;
}

static void count_done(void *userdata, int result) {
        Gate *gate = userdata;

        g_assert_true(g_thread_self() == gate->loop);
        g_assert_cmpint(result, ==, -ENOENT);
        gate->done++;
}

static void results_come_back_to_the_loop(void) {
        BhWorkers *workers = NULL;
        Gate gate;

        gate_init(&gate);
        g_assert_cmpint(bh_workers_new(&workers, 2), ==, 0);
        for (int i = 0; i < 10; i++)
                g_assert_cmpint(bh_workers_run(workers, BH_POOL_GENERAL, wait_at_gate, count_done, &gate), ==, 0);
        bh_workers_dispatch(workers);
        g_assert_cmpint(gate.done, ==, 0);
        gate_open(&gate);
        while (gate.done < 10) {
                struct pollfd p = {.fd = bh_workers_fd(workers), .events = POLLIN};

                g_assert_cmpint(poll(&p, 1, 10000), ==, 1);
                bh_workers_dispatch(workers);
        }
        bh_workers_free(workers);
        g_assert_cmpint(gate.done, ==, 10);
}

static void passwords_are_hashed_two_at_once_and_few_wait(void) {
        BhWorkers *workers = NULL;
        Gate gate;
        int accepted = 0;

        gate_init(&gate);
        g_assert_cmpint(bh_workers_new(&workers, 2), ==, 0);
        while (bh_workers_run(workers, BH_POOL_PASSWORDS, wait_at_gate, count_done, &gate) == 0)
                accepted++;
        g_assert_cmpint(accepted, ==, BH_PASSWORD_THREADS + BH_PASSWORD_QUEUE);
        g_assert_cmpint(bh_workers_run(workers, BH_POOL_PASSWORDS, wait_at_gate, count_done, &gate), ==, -EAGAIN);

        g_mutex_lock(&gate.lock);
        while (gate.waiting < BH_PASSWORD_THREADS)
                g_cond_wait(&gate.changed, &gate.lock);
        g_mutex_unlock(&gate.lock);
        g_assert_cmpint(gate.waiting, ==, BH_PASSWORD_THREADS);

        /* Others are not held up by them. */
        g_assert_cmpint(bh_workers_run(workers, BH_POOL_GENERAL, wait_at_gate, count_done, &gate), ==, 0);
        gate_open(&gate);
        bh_workers_free(workers);
        g_assert_cmpint(gate.done, ==, accepted + 1);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/worker/results", results_come_back_to_the_loop);
        g_test_add_func("/worker/passwords", passwords_are_hashed_two_at_once_and_few_wait);
        return g_test_run();
}
