/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A secret: the one that signs access tokens, the one of the audit trail. It never leaves the service. */

#define BH_KEY_SIZE 32

typedef struct BhKey {
        uint8_t bytes[BH_KEY_SIZE];
} BhKey;

/* Reads the key from the file, or creates it (0600, random) when there is no file: completely or not at all. A file that others may read, or of another
 * size, is refused. Errors: -EPERM, -EBADMSG, and those of files. Blocks. */
int bh_key_load(BhKey *key, const char *path);

/* For _cleanup_: overwrites it. */
void bh_key_clear(BhKey *key);
