/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What libjwt makes of tokens. In a library of its own, because its header has the name of one of ours. */

/* A token with that payload, signed as HS256; free with free(). */
char *jwt_oracle_sign(const unsigned char *key, size_t key_size, const char *payload);

/* Whether it is a genuine HS256 token, and its claim of that name is the text. */
bool jwt_oracle_agrees(const unsigned char *key, size_t key_size, const char *token, const char *claim,
                       const char *text);
