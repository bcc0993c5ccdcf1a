/* SPDX-License-Identifier: MIT */

#include "setup.h"

#include <glib.h>
#include <sodium.h>
#include <string.h>

#define TOKEN_BYTES 16
#define GROUP 4 /* digits between two hyphens */

struct BhSetup {
        unsigned char digest[crypto_hash_sha256_BYTES];
};

/* The digest of the token's digits alone. */
static void digest_token(const char *token, unsigned char digest[static crypto_hash_sha256_BYTES]) {
        g_autoptr(GString) digits = g_string_new(NULL);

        for (const char *c = token; *c; c++)
                if (*c != '-' && *c != ' ')
                        g_string_append_c(digits, g_ascii_tolower(*c));
        crypto_hash_sha256(digest, (const unsigned char *)digits->str, digits->len);
        sodium_memzero(digits->str, digits->len);
}

BhSetup *bh_setup_new(char **ret_token) {
        unsigned char random[TOKEN_BYTES];
        char hex[TOKEN_BYTES * 2 + 1];
        BhSetup *setup = g_new0(BhSetup, 1);
        GString *token = g_string_new(NULL);

        randombytes_buf(random, sizeof random);
        sodium_bin2hex(hex, sizeof hex, random, sizeof random);
        for (size_t i = 0; i < strlen(hex); i += GROUP)
                g_string_append_printf(token, "%s%.*s", i > 0 ? "-" : "", GROUP, hex + i);
        digest_token(token->str, setup->digest);
        sodium_memzero(random, sizeof random);
        sodium_memzero(hex, sizeof hex);
        *ret_token = g_string_free(token, FALSE);
        return setup;
}

void bh_setup_free(BhSetup *setup) {
        g_free(setup);
}

bool bh_setup_check(const BhSetup *setup, const char *token) {
        unsigned char digest[crypto_hash_sha256_BYTES];

        if (!setup)
                return false;
        digest_token(token, digest);
        return sodium_memcmp(digest, setup->digest, sizeof digest) == 0;
}
