/* SPDX-License-Identifier: MIT */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

/* Small things every module needs. */

/* Calls function on the variable's address when it goes out of scope. */
#define _cleanup_(function) __attribute__((cleanup(function)))

#define BH_USEC_PER_SEC INT64_C(1000000)
#define BH_USEC_PER_MSEC INT64_C(1000)

/* For _cleanup_: closes the descriptor unless it is negative; keeps errno. */
static inline void bh_closep(int *fd) {
        if (*fd >= 0) {
                int saved = errno;

                close(*fd);
                errno = saved;
        }
}

/* For _cleanup_: closes the directory unless it is NULL. */
static inline void bh_closedirp(DIR **directory) {
        if (*directory)
                closedir(*directory);
}

/* Takes the descriptor out of *fd, for when ownership moves. */
static inline int bh_steal_fd(int *fd) {
        int taken = *fd;

        *fd = -1;
        return taken;
}
