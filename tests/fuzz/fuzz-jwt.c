/* SPDX-License-Identifier: MIT */
#include "jwt.h"

#include <errno.h>
#include <glib.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "macro.h"

#define NOW INT64_C(1800000000)

static const uint8_t key[32] = "a key that the fuzzer never uses";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *base64url(const void *data, size_t size) {
        char *text = g_base64_encode(data, size);

        g_strdelimit(text, "+", '-');
        g_strdelimit(text, "/", '_');
        text[strcspn(text, "=")] = '\0';
        return text;
}

/* What is not signed is rejected. The same, cut at its first newline into header and payload and then signed, gets past that, and is accepted only with
 * every claim in its place. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *)data, size), *header = NULL, *payload = NULL, *token = NULL,
                        *signed_part = NULL;
        g_autofree char *signature = NULL;
        _cleanup_(bh_jwt_claims_clear) BhJwtClaims claims = {}, unsigned_claims = {};
        const char *newline = strchr(text, '\n');
        uint8_t digest[32];
        int r;

        g_assert_cmpint(bh_jwt_verify(key, sizeof key, text, NOW, &unsigned_claims), ==, -EKEYREJECTED);
        if (!newline)
                return 0;
        header = base64url(text, (size_t)(newline - text));
        payload = base64url(newline + 1, strlen(newline + 1));
        signed_part = g_strconcat(header, ".", payload, NULL);
        g_assert_cmpint(gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, sizeof key, signed_part, strlen(signed_part), digest),
                        ==, 0);
        signature = base64url(digest, sizeof digest);
        token = g_strconcat(signed_part, ".", signature, NULL);

        r = bh_jwt_verify(key, sizeof key, token, NOW, &claims);
        if (r < 0) {
                g_assert_cmpint(r, ==, -EKEYREJECTED);
                g_assert_null(claims.username);
                return 0;
        }
        g_assert_cmpuint(claims.sub, >, 0);
        g_assert_cmpint(claims.exp, >, NOW);
        g_assert_true(claims.username && claims.role && claims.sid && claims.jti);
        return 0;
}
