/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Password hashes: argon2id as libsodium writes them ("$argon2id$v=19$m=…,t=…,p=1$…"). A hash takes the configured memory while it is computed, so
 * compute them in BH_POOL_PASSWORDS only. */

#define BH_PASSWORD_MIN 8    /* bytes of a new password */
#define BH_PASSWORD_MAX 1024 /* bytes of any password */

typedef struct BhPasswordCost {
        uint64_t opslimit; /* passes */
        size_t memlimit;   /* bytes */
} BhPasswordCost;

/* A new hash, to be freed with g_free(). Errors: -ENOMEM. Blocks. */
int bh_password_hash(const BhPasswordCost *cost, const char *password, char **ret);

/* Compares. hash NULL: there is no such account; takes as long as if there were one with a hash of this cost. Errors: -EKEYREJECTED they do not match. Blocks. */
int bh_password_verify(const BhPasswordCost *cost, const char *hash, const char *password);

/* Whether the hash was made with another cost than this. Does not block. */
bool bh_password_needs_rehash(const BhPasswordCost *cost, const char *hash);

/* Overwrites the text before it is freed with g_free(). NULL is fine. */
void bh_secret_free(char *secret);
