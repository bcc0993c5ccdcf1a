/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

/* Removes large trees from staging, where they are out of sight already, on a thread of its own: nobody has to wait for it. What is left when the service
 * stops, the next start goes on with. Thread-safe. */

typedef struct BhSweeper BhSweeper;

/* staging_fd must outlive it. What is in staging now is swept first when take_all is true. */
BhSweeper *bh_sweeper_new(int staging_fd, bool take_all);

/* Ends soon, in the middle of a tree if need be. NULL is fine. Blocks. */
void bh_sweeper_free(BhSweeper *sweeper);

/* Removes name, which nothing else uses, before long. */
void bh_sweeper_add(BhSweeper *sweeper, const char *name);

/* Returns when there is nothing left to do. For tests. Blocks. */
void bh_sweeper_wait(BhSweeper *sweeper);
