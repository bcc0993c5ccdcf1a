/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Token buckets by key: so many attempts at once, which come back evenly over the window. Memory is bounded: of many keys those are forgotten that were
 * not used for longest. Thread-safe, does not block. Times are monotonic microseconds and given by the caller. */

typedef struct BhRateLimit BhRateLimit;

BhRateLimit *bh_rate_limit_new(uint64_t attempts, uint64_t window_seconds, size_t keys_max);

/* NULL is fine. */
void bh_rate_limit_free(BhRateLimit *limit);

/* Takes one attempt. Returns false when there is none left; *ret_retry_seconds then says when there will be one, rounded up. */
bool bh_rate_limit_take(BhRateLimit *limit, const char *key, int64_t now_usec, uint64_t *ret_retry_seconds);

/* Gives the attempt back, because it was none of the kind that is limited. */
void bh_rate_limit_refund(BhRateLimit *limit, const char *key);

/* Forgets the key: all its attempts are there again. */
void bh_rate_limit_reset(BhRateLimit *limit, const char *key);

/* Keys that are remembered. */
size_t bh_rate_limit_size(BhRateLimit *limit);
