/* SPDX-License-Identifier: MIT */

#include "rate-limit.h"

#include <glib.h>
#include <math.h>

#include "macro.h"

typedef struct Bucket {
        char *key;
        double left;
        int64_t usec; /* when left was true */
        GList link;   /* in recent */
} Bucket;

struct BhRateLimit {
        GMutex lock;
        double capacity, per_second;
        size_t keys_max;
        GHashTable *buckets; /* key → Bucket, owns both */
        GQueue recent;       /* of Bucket, most recently used first */
};

static void bucket_free(gpointer data) {
        Bucket *bucket = data;

        g_free(bucket->key);
        g_free(bucket);
}

BhRateLimit *bh_rate_limit_new(uint64_t attempts, uint64_t window_seconds, size_t keys_max) {
        BhRateLimit *limit = g_new0(BhRateLimit, 1);

        g_mutex_init(&limit->lock);
        limit->capacity = (double)attempts;
        limit->per_second = (double)attempts / (double)window_seconds;
        limit->keys_max = keys_max;
        limit->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, bucket_free);
        g_queue_init(&limit->recent);
        return limit;
}

void bh_rate_limit_free(BhRateLimit *limit) {
        if (!limit)
                return;
        g_hash_table_unref(limit->buckets);
        g_mutex_clear(&limit->lock);
        g_free(limit);
}

static void forget(BhRateLimit *limit, Bucket *bucket) {
        g_queue_unlink(&limit->recent, &bucket->link);
        g_hash_table_remove(limit->buckets, bucket->key);
}

/* The bucket of the key, full when it is new, in front of the others. */
static Bucket *get_bucket(BhRateLimit *limit, const char *key, int64_t now_usec) {
        Bucket *bucket = g_hash_table_lookup(limit->buckets, key);

        if (bucket) {
                g_queue_unlink(&limit->recent, &bucket->link);
        } else {
                if (g_hash_table_size(limit->buckets) >= limit->keys_max)
                        forget(limit, g_queue_peek_tail(&limit->recent));
                bucket = g_new0(Bucket, 1);
                *bucket = (Bucket){.key = g_strdup(key), .left = limit->capacity, .usec = now_usec};
                bucket->link.data = bucket;
                g_hash_table_insert(limit->buckets, bucket->key, bucket);
        }
        g_queue_push_head_link(&limit->recent, &bucket->link);
        return bucket;
}

bool bh_rate_limit_take(BhRateLimit *limit, const char *key, int64_t now_usec, uint64_t *ret_retry_seconds) {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&limit->lock);
        Bucket *bucket = get_bucket(limit, key, now_usec);
        double elapsed = (double)(now_usec - bucket->usec) / (double)BH_USEC_PER_SEC;

        (void)locker;
        bucket->left = MIN(limit->capacity, bucket->left + MAX(0, elapsed) * limit->per_second);
        bucket->usec = now_usec;
        if (bucket->left >= 1) {
                bucket->left -= 1;
                return true;
        }
        *ret_retry_seconds = (uint64_t)MAX(1, ceil((1 - bucket->left) / limit->per_second));
        return false;
}

void bh_rate_limit_refund(BhRateLimit *limit, const char *key) {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&limit->lock);
        Bucket *bucket = g_hash_table_lookup(limit->buckets, key);

        (void)locker;
        if (bucket)
                bucket->left = MIN(limit->capacity, bucket->left + 1);
}

void bh_rate_limit_reset(BhRateLimit *limit, const char *key) {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&limit->lock);
        Bucket *bucket = g_hash_table_lookup(limit->buckets, key);

        (void)locker;
        if (bucket)
                forget(limit, bucket);
}

size_t bh_rate_limit_size(BhRateLimit *limit) {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&limit->lock);

        (void)locker;
        return g_hash_table_size(limit->buckets);
}
