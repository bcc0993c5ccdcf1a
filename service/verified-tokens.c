/* SPDX-License-Identifier: MIT */

#include "verified-tokens.h"

#include <glib.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "jwt.h"
#include "macro.h"

/* Of a token, by a key that nobody knows: what is looked up says nothing about a token, however long looking takes. */
typedef struct Digest {
        uint8_t bytes[crypto_generichash_BYTES];
} Digest;

typedef struct Verified {
        Digest digest; /* its key in the table */
        uint64_t account_id;
        char *session_id;
        int64_t at, until; /* verified then, and expires; seconds since 1970 */
} Verified;

struct BhVerifiedTokens {
        const uint8_t *key;
        size_t key_size;
        uint8_t digest_key[crypto_generichash_KEYBYTES];
        GMutex lock;       /* of the table */
        GHashTable *table; /* Digest → Verified, owned */
};

static unsigned digest_hash(const void *digest) {
        unsigned hash;

        memcpy(&hash, digest, sizeof hash);
        return hash;
}

static int digest_equal(const void *a, const void *b) {
        return memcmp(a, b, sizeof(Digest)) == 0;
}

static void verified_free(void *data) {
        g_free(((Verified *)data)->session_id);
        g_free(data);
}

BhVerifiedTokens *bh_verified_tokens_new(const uint8_t *key, size_t key_size) {
        BhVerifiedTokens *tokens = g_new0(BhVerifiedTokens, 1);

        tokens->key = key;
        tokens->key_size = key_size;
        tokens->table = g_hash_table_new_full(digest_hash, digest_equal, NULL, verified_free);
        randombytes_buf(tokens->digest_key, sizeof tokens->digest_key);
        g_mutex_init(&tokens->lock);
        return tokens;
}

void bh_verified_tokens_free(BhVerifiedTokens *tokens) {
        if (!tokens)
                return;
        g_hash_table_unref(tokens->table);
        g_mutex_clear(&tokens->lock);
        sodium_memzero(tokens->digest_key, sizeof tokens->digest_key);
        g_free(tokens);
}

unsigned bh_verified_tokens_count(BhVerifiedTokens *tokens) {
        unsigned count;

        g_mutex_lock(&tokens->lock);
        count = g_hash_table_size(tokens->table);
        g_mutex_unlock(&tokens->lock);
        return count;
}

/* Whether it is remembered and still good. A clock that was set back may have gone to before the token was issued: then it is verified again. */
static bool find(BhVerifiedTokens *tokens, const Digest *digest, int64_t now, uint64_t *ret_account_id,
                 char **ret_session_id) {
        const Verified *verified;
        bool good;

        g_mutex_lock(&tokens->lock);
        verified = g_hash_table_lookup(tokens->table, digest);
        good = verified && now >= verified->at && now < verified->until;
        if (good) {
                *ret_account_id = verified->account_id;
                *ret_session_id = g_strdup(verified->session_id);
        }
        g_mutex_unlock(&tokens->lock);
        return good;
}

static void remember(BhVerifiedTokens *tokens, const Digest *digest, int64_t now, const BhJwtClaims *claims) {
        Verified *verified = g_new(Verified, 1);

        *verified = (Verified){
                .digest = *digest,
                .account_id = claims->sub,
                .session_id = g_strdup(claims->sid),
                .at = now,
                .until = claims->exp,
        };
        g_mutex_lock(&tokens->lock);
        if (g_hash_table_size(tokens->table) >= BH_VERIFIED_TOKENS_MAX)
                g_hash_table_remove_all(tokens->table);
        g_hash_table_replace(tokens->table, &verified->digest, verified);
        g_mutex_unlock(&tokens->lock);
}

int bh_verified_tokens_check(BhVerifiedTokens *tokens, const char *token, int64_t now, uint64_t *ret_account_id,
                             char **ret_session_id) {
        _cleanup_(bh_jwt_claims_clear) BhJwtClaims claims = {};
        Digest digest;
        int r;

        crypto_generichash(digest.bytes, sizeof digest.bytes, (const uint8_t *)token, strlen(token), tokens->digest_key,
                           sizeof tokens->digest_key);
        if (find(tokens, &digest, now, ret_account_id, ret_session_id))
                return 0;
        r = bh_jwt_verify(tokens->key, tokens->key_size, token, now, &claims);
        if (r < 0)
                return r;
        remember(tokens, &digest, now, &claims);
        *ret_account_id = claims.sub;
        *ret_session_id = g_steal_pointer(&claims.sid);
        return 0;
}
