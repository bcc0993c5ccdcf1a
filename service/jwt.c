/* SPDX-License-Identifier: MIT */

#include "jwt.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <json-glib/json-glib.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#define HMAC_SIZE 32

/* {"alg":"HS256","typ":"JWT"}, what we write ourselves. */
#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

/* How far ahead of ours the clock may have been that a token was issued by. */
#define CLOCK_SKEW 60

void bh_jwt_claims_clear(BhJwtClaims *claims) {
        g_free(claims->username);
        g_free(claims->role);
        g_free(claims->sid);
        g_free(claims->jti);
        *claims = (BhJwtClaims){};
}

/* base64url without padding (RFC 7515, section 2). */
#define BASE64URL sodium_base64_VARIANT_URLSAFE_NO_PADDING

static char *encode(const void *data, size_t size) {
        size_t text_size = sodium_base64_encoded_len(size, BASE64URL);

        return sodium_bin2base64(g_malloc(text_size), text_size, data, size, BASE64URL);
}

/* Only the one encoding that encode() would give: libsodium takes no other characters, no padding, and no bits after the end. A NUL is added. */
static guchar *decode(const char *text, size_t length, size_t *ret_size) {
        g_autofree guchar *data = g_malloc(length / 4 * 3 + 3);
        const char *end;

        if (sodium_base642bin(data, length / 4 * 3 + 2, text, length, NULL, ret_size, &end, BASE64URL) != 0 ||
            end != text + length)
                return NULL;
        data[*ret_size] = '\0';
        return g_steal_pointer(&data);
}

static bool hmac(const uint8_t *key, size_t key_size, const char *text, size_t length,
                 uint8_t digest[static HMAC_SIZE]) {
        return gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, key_size, text, length, digest) == 0;
}

static JsonObject *parse_object(JsonParser *parser, const char *text, size_t size) {
        JsonNode *root;

        if (!g_utf8_validate(text, (gssize)size, NULL) || !json_parser_load_from_data(parser, text, (gssize)size, NULL))
                return NULL;
        root = json_parser_get_root(parser);
        return root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
}

static const char *get_string(JsonObject *object, const char *name) {
        JsonNode *node = json_object_get_member(object, name);

        return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
                       ? json_node_get_string(node)
                       : NULL;
}

static bool get_number(JsonObject *object, const char *name, int64_t *ret) {
        JsonNode *node = json_object_get_member(object, name);

        if (!node || !JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64)
                return false;
        *ret = json_node_get_int(node);
        return true;
}

/* Exactly alg and, if it likes, typ: whoever writes anything else wants something else of us. */
static bool header_is_ours(const char *text, size_t length) {
        g_autoptr(JsonParser) parser = NULL;
        g_autofree guchar *json = NULL;
        JsonObject *header;
        const char *alg, *typ;
        size_t size;

        if (length == strlen(HEADER) && memcmp(text, HEADER, length) == 0)
                return true;
        json = decode(text, length, &size);
        if (!json)
                return false;
        parser = json_parser_new();
        header = parse_object(parser, (char *)json, size);
        if (!header)
                return false;
        alg = get_string(header, "alg");
        if (!alg || !g_str_equal(alg, "HS256"))
                return false;
        if (json_object_get_size(header) == 1)
                return true;
        typ = get_string(header, "typ");
        return typ && g_ascii_strcasecmp(typ, "JWT") == 0 && json_object_get_size(header) == 2;
}

/* The signature comes first: nothing that was not signed with our key is even parsed. */
int bh_jwt_verify_signature(const uint8_t *key, size_t key_size, const char *token, char **ret_payload,
                            size_t *ret_payload_size) {
        g_autofree guchar *signature = NULL, *payload = NULL;
        const char *first, *second;
        uint8_t digest[HMAC_SIZE];
        size_t size;

        first = strchr(token, '.');
        second = first ? strchr(first + 1, '.') : NULL;
        if (!second)
                return -EKEYREJECTED;
        signature = decode(second + 1, strlen(second + 1), &size);
        if (!signature || size != HMAC_SIZE)
                return -EKEYREJECTED;
        if (!hmac(key, key_size, token, (size_t)(second - token), digest))
                return -EKEYREJECTED;
        if (gnutls_memcmp(signature, digest, HMAC_SIZE) != 0)
                return -EKEYREJECTED;
        if (!header_is_ours(token, (size_t)(first - token)))
                return -EKEYREJECTED;

        payload = decode(first + 1, (size_t)(second - first - 1), &size);
        if (!payload)
                return -EKEYREJECTED;
        *ret_payload = (char *)g_steal_pointer(&payload);
        *ret_payload_size = size;
        return 0;
}

static bool times_are_right(JsonObject *payload, int64_t now, BhJwtClaims *claims) {
        int64_t nbf;

        if (!get_number(payload, "exp", &claims->exp) || !get_number(payload, "iat", &claims->iat))
                return false;
        if (json_object_has_member(payload, "nbf") && (!get_number(payload, "nbf", &nbf) || nbf > now))
                return false;
        return now < claims->exp && claims->iat <= now + CLOCK_SKEW;
}

static bool take_claims(JsonObject *payload, BhJwtClaims *claims) {
        const char *sub = get_string(payload, "sub"), *username = get_string(payload, "username");
        const char *role = get_string(payload, "role"), *sid = get_string(payload, "sid"),
                   *jti = get_string(payload, "jti");

        if (!sub || !username || !role || !sid || !jti)
                return false;
        if (!g_ascii_string_to_unsigned(sub, 10, 1, INT64_MAX, &claims->sub, NULL))
                return false;
        claims->username = g_strdup(username);
        claims->role = g_strdup(role);
        claims->sid = g_strdup(sid);
        claims->jti = g_strdup(jti);
        return true;
}

int bh_jwt_verify(const uint8_t *key, size_t key_size, const char *token, int64_t now, BhJwtClaims *ret) {
        g_autoptr(JsonParser) parser = NULL;
        g_autofree char *json = NULL;
        JsonObject *payload;
        size_t size;
        int r;

        *ret = (BhJwtClaims){};
        r = bh_jwt_verify_signature(key, key_size, token, &json, &size);
        if (r < 0)
                return r;
        parser = json_parser_new();
        payload = parse_object(parser, json, size);
        if (!payload || !times_are_right(payload, now, ret) || !take_claims(payload, ret)) {
                bh_jwt_claims_clear(ret);
                return -EKEYREJECTED;
        }
        return 0;
}

static char *claims_to_json(const BhJwtClaims *claims) {
        g_autoptr(JsonObject) object = json_object_new();
        g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
        g_autofree char *sub = g_strdup_printf("%" G_GUINT64_FORMAT, claims->sub);

        json_object_set_string_member(object, "sub", sub);
        json_object_set_string_member(object, "username", claims->username);
        json_object_set_string_member(object, "role", claims->role);
        json_object_set_int_member(object, "iat", claims->iat);
        json_object_set_int_member(object, "exp", claims->exp);
        json_object_set_string_member(object, "sid", claims->sid);
        json_object_set_string_member(object, "jti", claims->jti);
        json_node_set_object(node, object);
        return json_to_string(node, FALSE);
}

char *bh_jwt_sign(const uint8_t *key, size_t key_size, const BhJwtClaims *claims) {
        g_autofree char *json = NULL, *payload = NULL, *signed_part = NULL, *signature = NULL;
        uint8_t digest[HMAC_SIZE];

        json = claims_to_json(claims);
        payload = encode(json, strlen(json));
        signed_part = g_strconcat(HEADER, ".", payload, NULL);
        if (!hmac(key, key_size, signed_part, strlen(signed_part), digest))
                return NULL;
        signature = encode(digest, sizeof digest);
        return g_strconcat(signed_part, ".", signature, NULL);
}
