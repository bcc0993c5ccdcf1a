/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Access tokens: JSON Web Tokens (RFC 7519) in compact serialisation, signed with HMAC-SHA-256 and nothing else. Pure functions; any thread. */

typedef struct BhJwtClaims {
        uint64_t sub;   /* account, a decimal string in the token */
        char *username; /* owned */
        char *role;     /* owned */
        char *sid;      /* owned; session */
        char *jti;      /* owned; the token's own name */
        int64_t iat;    /* seconds since 1970, as the next */
        int64_t exp;
} BhJwtClaims;

void bh_jwt_claims_clear(BhJwtClaims *claims);

/* A signed token, to be freed with g_free(); NULL only if the system's cryptography fails. */
char *bh_jwt_sign(const uint8_t *key, size_t key_size, const BhJwtClaims *claims);

/* Checks the signature, the header, exp, iat and nbf, and takes the claims, all of which must be there. now: seconds since 1970.
 * Errors: -EKEYREJECTED, whatever is wrong with it. */
int bh_jwt_verify(const uint8_t *key, size_t key_size, const char *token, int64_t now, BhJwtClaims *ret);

/* Only the signature and the header; *ret_payload (owned, NUL added) is what was signed. For bh_jwt_verify() and its test. */
int bh_jwt_verify_signature(const uint8_t *key, size_t key_size, const char *token, char **ret_payload,
                            size_t *ret_payload_size);
