/* SPDX-License-Identifier: MIT */

#include "password.h"

#include <errno.h>
#include <glib.h>
#include <sodium.h>
#include <string.h>

int bh_password_hash(const BhPasswordCost *cost, const char *password, char **ret) {
        char hash[crypto_pwhash_STRBYTES];

        if (sodium_init() < 0)
                return -ENOMEM;
        if (crypto_pwhash_str_alg(hash, password, strlen(password), cost->opslimit, cost->memlimit,
                                  crypto_pwhash_ALG_ARGON2ID13) != 0)
                return -ENOMEM;
        *ret = g_strdup(hash);
        return 0;
}

/* A well-formed hash of this cost that no password has: its salt and digest are zeros. */
static char *hash_of_nobody(const BhPasswordCost *cost) {
        return g_strdup_printf("$argon2id$v=19$m=%zu,t=%" G_GUINT64_FORMAT ",p=1$AAAAAAAAAAAAAAAAAAAAAA"
                               "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                               cost->memlimit / 1024, cost->opslimit);
}

int bh_password_verify(const BhPasswordCost *cost, const char *hash, const char *password) {
        g_autofree char *nobody = hash ? NULL : hash_of_nobody(cost);
        int r;

        if (sodium_init() < 0)
                return -ENOMEM;
        r = crypto_pwhash_str_verify(hash ?: nobody, password, strlen(password));
        return r == 0 && hash ? 0 : -EKEYREJECTED;
}

bool bh_password_needs_rehash(const BhPasswordCost *cost, const char *hash) {
        return crypto_pwhash_str_needs_rehash(hash, cost->opslimit, cost->memlimit) != 0;
}

void bh_secret_free(char *secret) {
        if (!secret)
                return;
        sodium_memzero(secret, strlen(secret));
        g_free(secret);
}
