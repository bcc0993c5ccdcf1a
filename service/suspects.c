/* SPDX-License-Identifier: MIT */

#include "suspects.h"

#include <glib.h>

struct BhSuspects {
        GMutex lock;
        GHashTable *pairs; /* "uuid disk", owned: a set */
};

static char *pair(const char *uuid, const char *disk) {
        return g_strdup_printf("%s %s", uuid, disk);
}

BhSuspects *bh_suspects_new(void) {
        BhSuspects *suspects = g_new0(BhSuspects, 1);

        g_mutex_init(&suspects->lock);
        suspects->pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return suspects;
}

void bh_suspects_free(BhSuspects *suspects) {
        if (!suspects)
                return;
        g_hash_table_unref(suspects->pairs);
        g_mutex_clear(&suspects->lock);
        g_free(suspects);
}

void bh_suspects_note(BhSuspects *suspects, const char *uuid, const char *disk) {
        g_mutex_lock(&suspects->lock);
        g_hash_table_add(suspects->pairs, pair(uuid, disk));
        g_mutex_unlock(&suspects->lock);
}

void bh_suspects_forget(BhSuspects *suspects, const char *uuid, const char *disk) {
        g_autofree char *key = pair(uuid, disk);

        g_mutex_lock(&suspects->lock);
        g_hash_table_remove(suspects->pairs, key);
        g_mutex_unlock(&suspects->lock);
}

bool bh_suspects_has(BhSuspects *suspects, const char *uuid, const char *disk) {
        g_autofree char *key = pair(uuid, disk);
        bool has;

        g_mutex_lock(&suspects->lock);
        has = g_hash_table_contains(suspects->pairs, key);
        g_mutex_unlock(&suspects->lock);
        return has;
}

static void learn_member(BhSuspects *suspects, const char *uuid, const BhArrayMember *member) {
        g_autofree char *key = pair(uuid, member->disk);

        if (g_str_equal(member->state, "failed"))
                g_hash_table_add(suspects->pairs, g_steal_pointer(&key));
        else if (g_str_equal(member->state, "active") || g_str_equal(member->state, "write-mostly"))
                g_hash_table_remove(suspects->pairs, key);
}

void bh_suspects_learn(BhSuspects *suspects, const BhTopology *topology) {
        g_mutex_lock(&suspects->lock);
        for (size_t i = 0; i < topology->n_arrays; i++) {
                const BhArray *array = &topology->arrays[i];

                for (size_t j = 0; array->is_running && j < array->n_members; j++)
                        if (!g_str_equal(array->members[j].disk, "/"))
                                learn_member(suspects, array->uuid, &array->members[j]);
        }
        g_mutex_unlock(&suspects->lock);
}
