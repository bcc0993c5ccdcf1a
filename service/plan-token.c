/* SPDX-License-Identifier: MIT */

#include "plan-token.h"

#include <errno.h>
#include <glib.h>
#include <sodium.h>

#include "plan.h"

#define TOKEN_BYTES 16

typedef struct Waiting {
        BhPlan *plan;
        uint64_t user_id; /* of the caller; 0 none, then uid counts */
        uid_t uid;
        int64_t expires_usec; /* monotonic */
} Waiting;

struct BhPlans {
        GMutex lock, apply_lock;
        GHashTable
                *waiting; /* SHA-256 of the token (so that looking it up takes as long for every wrong one) → Waiting */
};

static void waiting_free(gpointer data) {
        Waiting *waiting = data;

        bh_plan_free(waiting->plan);
        g_free(waiting);
}

static char *hash(const char *token) {
        return g_compute_checksum_for_string(G_CHECKSUM_SHA256, token, -1);
}

static bool is_of(const Waiting *waiting, const BhCaller *caller) {
        if (waiting->user_id != 0 || caller->user_id != 0)
                return waiting->user_id == caller->user_id;
        return waiting->uid == caller->uid;
}

BhPlans *bh_plans_new(void) {
        BhPlans *plans = g_new0(BhPlans, 1);

        g_mutex_init(&plans->lock);
        g_mutex_init(&plans->apply_lock);
        plans->waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, waiting_free);
        return plans;
}

void bh_plans_free(BhPlans *plans) {
        if (!plans)
                return;
        g_hash_table_unref(plans->waiting);
        g_mutex_clear(&plans->lock);
        g_mutex_clear(&plans->apply_lock);
        g_free(plans);
}

static gboolean is_over(gpointer key, gpointer value, gpointer now_usec) {
        return ((Waiting *)value)->expires_usec <= *(int64_t *)now_usec;
}

/* Makes room for one more of the caller's. Returns false when others take it all. */
static bool make_room(BhPlans *plans, const BhCaller *caller) {
        const char *oldest = NULL;
        int64_t oldest_usec = INT64_MAX;
        unsigned n = 0;
        GHashTableIter iter;
        gpointer key, value;

        g_hash_table_iter_init(&iter, plans->waiting);
        while (g_hash_table_iter_next(&iter, &key, &value)) {
                const Waiting *waiting = value;

                if (!is_of(waiting, caller))
                        continue;
                n++;
                if (waiting->expires_usec < oldest_usec) {
                        oldest = key;
                        oldest_usec = waiting->expires_usec;
                }
        }
        if (oldest && (n >= BH_PLANS_OF_CALLER_MAX || g_hash_table_size(plans->waiting) >= BH_PLANS_MAX))
                g_hash_table_remove(plans->waiting, oldest);
        return g_hash_table_size(plans->waiting) < BH_PLANS_MAX;
}

char *bh_plans_make_token(void) {
        unsigned char bytes[TOKEN_BYTES];
        char *token = g_malloc(sizeof bytes * 2 + 1);

        randombytes_buf(bytes, sizeof bytes);
        return sodium_bin2hex(token, sizeof bytes * 2 + 1, bytes, sizeof bytes);
}

int bh_plans_keep(BhPlans *plans, const BhCaller *caller, const char *token, BhPlan *plan, int64_t now_usec) {
        Waiting *waiting = g_new(Waiting, 1);
        bool has_room;

        *waiting = (Waiting){plan, caller->user_id, caller->uid, now_usec + BH_PLAN_LIFETIME_USEC};
        g_mutex_lock(&plans->lock);
        g_hash_table_foreach_remove(plans->waiting, is_over, &now_usec);
        has_room = make_room(plans, caller);
        if (has_room)
                g_hash_table_insert(plans->waiting, hash(token), waiting);
        g_mutex_unlock(&plans->lock);
        if (!has_room)
                waiting_free(waiting);
        return has_room ? 0 : -EAGAIN;
}

BhPlan *bh_plans_take(BhPlans *plans, const BhCaller *caller, const char *token, int64_t now_usec) {
        g_autofree char *key = hash(token);
        BhPlan *plan = NULL;
        Waiting *waiting;

        g_mutex_lock(&plans->lock);
        g_hash_table_foreach_remove(plans->waiting, is_over, &now_usec);
        waiting = g_hash_table_lookup(plans->waiting, key);
        if (waiting && is_of(waiting, caller)) {
                plan = g_steal_pointer(&waiting->plan);
                g_hash_table_remove(plans->waiting, key);
        }
        g_mutex_unlock(&plans->lock);
        return plan;
}

int bh_plans_peek_kind(BhPlans *plans, const char *token, int64_t now_usec) {
        g_autofree char *key = hash(token);
        Waiting *waiting;
        int kind = -ENOENT;

        g_mutex_lock(&plans->lock);
        waiting = g_hash_table_lookup(plans->waiting, key);
        if (waiting && waiting->expires_usec > now_usec)
                kind = (int)waiting->plan->request.kind;
        g_mutex_unlock(&plans->lock);
        return kind;
}

void bh_plans_lock(BhPlans *plans) {
        g_mutex_lock(&plans->apply_lock);
}

void bh_plans_unlock(BhPlans *plans) {
        g_mutex_unlock(&plans->apply_lock);
}
