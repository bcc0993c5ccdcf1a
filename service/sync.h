/* SPDX-License-Identifier: MIT */
#pragma once

/* Makes changes of a directory durable. Callers that change the same directory at the same time share one fsync(2):
 * that is what many small uploads into one folder spend their time on. Any thread. */

typedef struct BhSync BhSync;

BhSync *bh_sync_new(void);
void bh_sync_free(BhSync *sync);

/* Returns when what was changed in the directory before the call is durable. fd may be O_PATH. Errors: those of
 * fsync(2), for everybody who shared it. Blocks. */
int bh_sync_directory(BhSync *sync, int fd);
