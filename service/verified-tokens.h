/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Access tokens that were found genuine before, so that the same one is not taken apart again for each call; that is more than half of what a short call costs.
 * It says nothing of the session and the account of a token: whether they are still good is asked each time, elsewhere. Bounded; only genuine tokens
 * take room. Any thread. */
typedef struct BhVerifiedTokens BhVerifiedTokens;

/* At most so many are remembered; then all are forgotten, and verified again when they come. */
#define BH_VERIFIED_TOKENS_MAX 1024

/* @key: what tokens are signed with; borrowed, must outlive it. */
BhVerifiedTokens *bh_verified_tokens_new(const uint8_t *key, size_t key_size);
void bh_verified_tokens_free(BhVerifiedTokens *tokens);
unsigned bh_verified_tokens_count(BhVerifiedTokens *tokens);

/* bh_jwt_verify(), for those of its claims that say whom a token is for. now: seconds since 1970. *ret_session_id is owned.
 * Errors: -EKEYREJECTED, whatever is wrong with it. */
int bh_verified_tokens_check(BhVerifiedTokens *tokens, const char *token, int64_t now, uint64_t *ret_account_id,
                             char **ret_session_id);
