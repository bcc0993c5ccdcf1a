/* SPDX-License-Identifier: MIT */
#include "recent.h"

#include <string.h>

#define KEPT (10 * 60 * G_USEC_PER_SEC)
#define MOST 1024

struct BhRecent {
        GHashTable *times; /* digest of token and path → gint64 *: when */
};

BhRecent *bh_recent_new(void) {
        BhRecent *recent = g_new0(BhRecent, 1);

        recent->times = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        return recent;
}

void bh_recent_free(BhRecent *recent) {
        g_hash_table_unref(recent->times);
        g_free(recent);
}

/* A digest: tokens are not to lie about in memory for longer than their requests. */
static char *digest(const char *token, const char *path) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

        g_checksum_update(checksum, (const guchar *)token, strlen(token) + 1);
        g_checksum_update(checksum, (const guchar *)path, strlen(path));
        return g_strdup(g_checksum_get_string(checksum));
}

static gboolean is_old(gpointer key, gpointer time, gpointer now) {
        return *(gint64 *)now - *(gint64 *)time > KEPT;
}

void bh_recent_note(BhRecent *recent, const char *token, const char *path, gint64 now) {
        if (g_hash_table_size(recent->times) >= MOST)
                g_hash_table_foreach_remove(recent->times, is_old, &now);
        if (g_hash_table_size(recent->times) >= MOST)
                g_hash_table_remove_all(recent->times); /* forgetting costs a row too many, never one too few */
        g_hash_table_replace(recent->times, digest(token, path), g_memdup2(&now, sizeof now));
}

gboolean bh_recent_has(BhRecent *recent, const char *token, const char *path, gint64 now) {
        g_autofree char *key = digest(token, path);
        gint64 *time = g_hash_table_lookup(recent->times, key);

        return time && !is_old(key, time, &now);
}
