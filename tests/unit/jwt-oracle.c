/* SPDX-License-Identifier: MIT */

#include "jwt-oracle.h"

#include <jwt.h>
#include <string.h>

char *jwt_oracle_sign(const unsigned char *key, size_t key_size, const char *payload) {
        char *token = NULL;
        jwt_t *jwt = NULL;

        if (jwt_new(&jwt) != 0)
                return NULL;
        if (jwt_set_alg(jwt, JWT_ALG_HS256, key, (int)key_size) == 0 && jwt_add_grants_json(jwt, payload) == 0)
                token = jwt_encode_str(jwt);
        jwt_free(jwt);
        return token;
}

bool jwt_oracle_agrees(const unsigned char *key, size_t key_size, const char *token, const char *claim,
                       const char *text) {
        const char *value;
        jwt_t *jwt = NULL;
        bool agrees;

        if (jwt_decode(&jwt, token, key, (int)key_size) != 0)
                return false;
        value = jwt_get_grant(jwt, claim);
        agrees = jwt_get_alg(jwt) == JWT_ALG_HS256 && value && strcmp(value, text) == 0;
        jwt_free(jwt);
        return agrees;
}
