/* SPDX-License-Identifier: MIT */
#include "bodies.h"

#include <string.h>

#define KEPT_MAX 256
#define SIZE_MAX_OF_ALL (8 * 1024 * 1024)
#define SIZE_MAX_OF_ONE (SIZE_MAX_OF_ALL / 4)

typedef struct {
        char *key;
        char *version;
        GBytes *body;
        GList link;
} Kept;

struct BhBodies {
        GHashTable *by_key; /* Kept, which it does not own */
        GQueue kept;        /* the last used first */
        gsize size;
};

BhBodies *bh_bodies_new(void) {
        BhBodies *bodies = g_new0(BhBodies, 1);

        bodies->by_key = g_hash_table_new(g_str_hash, g_str_equal);
        g_queue_init(&bodies->kept);
        return bodies;
}

static gsize size_of(const Kept *kept) {
        return sizeof *kept + strlen(kept->key) + strlen(kept->version) + g_bytes_get_size(kept->body);
}

static void drop(BhBodies *bodies, Kept *kept) {
        bodies->size -= size_of(kept);
        g_hash_table_remove(bodies->by_key, kept->key);
        g_queue_unlink(&bodies->kept, &kept->link);
        g_bytes_unref(kept->body);
        g_free(kept->version);
        g_free(kept->key);
        g_free(kept);
}

void bh_bodies_free(BhBodies *bodies) {
        while (bodies->kept.head)
                drop(bodies, bodies->kept.head->data);
        g_hash_table_unref(bodies->by_key);
        g_free(bodies);
}

/* A digest, so that no token stays in memory for longer than its request. */
static char *make_key(const char *token, const char *query) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

        g_checksum_update(checksum, (const guchar *)token, strlen(token) + 1);
        g_checksum_update(checksum, (const guchar *)query, strlen(query));
        return g_strdup(g_checksum_get_string(checksum));
}

GBytes *bh_bodies_find(BhBodies *bodies, const char *token, const char *query, char **version) {
        g_autofree char *key = make_key(token, query);
        Kept *kept = g_hash_table_lookup(bodies->by_key, key);

        *version = NULL;
        if (!kept)
                return NULL;
        g_queue_unlink(&bodies->kept, &kept->link);
        g_queue_push_head_link(&bodies->kept, &kept->link);
        *version = g_strdup(kept->version);
        return g_bytes_ref(kept->body);
}

void bh_bodies_keep(BhBodies *bodies, const char *token, const char *query, const char *version, GBytes *body) {
        g_autofree char *key = make_key(token, query);
        Kept *kept = g_hash_table_lookup(bodies->by_key, key);

        if (kept)
                drop(bodies, kept);
        if (g_bytes_get_size(body) > SIZE_MAX_OF_ONE)
                return;
        kept = g_new0(Kept, 1);
        kept->key = g_steal_pointer(&key);
        kept->version = g_strdup(version);
        kept->body = g_bytes_ref(body);
        kept->link.data = kept;
        g_hash_table_insert(bodies->by_key, kept->key, kept);
        g_queue_push_head_link(&bodies->kept, &kept->link);
        bodies->size += size_of(kept);
        while (bodies->size > SIZE_MAX_OF_ALL || bodies->kept.length > KEPT_MAX)
                drop(bodies, bodies->kept.tail->data);
}

gsize bh_bodies_size(BhBodies *bodies) {
        return bodies->size;
}
