/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "jwt.h"
#include "macro.h"
#ifdef HAVE_LIBJWT
#include "jwt-oracle.h"
#endif

static const uint8_t key[32] = "0123456789abcdef0123456789abcdef";

#define NOW INT64_C(1800000000)

/* RFC 7515, appendix A.1. */
#define RFC_HEADER "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
#define RFC_PAYLOAD "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define RFC_SIGNATURE "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define RFC_KEY "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ+EstJQLr/T+1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow=="

static char *base64url(const void *data, size_t size) {
        char *text = g_base64_encode(data, size);

        g_strdelimit(text, "+", '-');
        g_strdelimit(text, "/", '_');
        text[strcspn(text, "=")] = '\0';
        return text;
}

/* A token with any header and payload, signed as HS256 or as another hash asks for. */
static char *sign_with(gnutls_mac_algorithm_t mac, const char *header, const char *payload) {
        g_autofree char *first = base64url(header, strlen(header)), *second = base64url(payload, strlen(payload));
        g_autofree char *text = g_strconcat(first, ".", second, NULL), *signature = NULL;
        uint8_t digest[64];

        g_assert_cmpint(gnutls_hmac_fast(mac, key, sizeof key, text, strlen(text), digest), ==, 0);
        signature = base64url(digest, gnutls_hmac_get_len(mac));
        return g_strconcat(text, ".", signature, NULL);
}

static int verify(const char *token) {
        _cleanup_(bh_jwt_claims_clear) BhJwtClaims claims = {};
        int r = bh_jwt_verify(key, sizeof key, token, NOW, &claims);

        if (r < 0)
                g_assert_null(claims.username);
        return r;
}

static int verify_parts(const char *header, const char *payload) {
        g_autofree char *token = sign_with(GNUTLS_MAC_SHA256, header, payload);

        return verify(token);
}

static BhJwtClaims example(void) {
        return (BhJwtClaims){.sub = 42,
                             .username = (char *)"zoë",
                             .role = (char *)"user",
                             .sid = (char *)"session",
                             .jti = (char *)"token",
                             .iat = NOW - 10,
                             .exp = NOW + 10};
}

#define GOOD_HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define PAYLOAD(times) "{\"sub\":\"42\",\"username\":\"u\",\"role\":\"user\",\"sid\":\"s\",\"jti\":\"j\"," times "}"
#define GOOD_PAYLOAD PAYLOAD("\"iat\":1799999990,\"exp\":1800000010")

static void example_of_rfc_7515_is_genuine(void) {
        g_autofree guchar *rfc_key = NULL;
        g_autofree char *payload = NULL;
        size_t key_size, size;

        rfc_key = g_base64_decode(RFC_KEY, &key_size);
        g_assert_cmpint(bh_jwt_verify_signature(rfc_key, key_size, RFC_HEADER "." RFC_PAYLOAD "." RFC_SIGNATURE,
                                                &payload, &size),
                        ==, 0);
        g_assert_cmpstr(payload, ==,
                        "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}");
        g_assert_cmpuint(size, ==, strlen(payload));
}

static void every_change_to_the_example_is_noticed(void) {
        const char *token = RFC_HEADER "." RFC_PAYLOAD "." RFC_SIGNATURE;
        g_autofree guchar *rfc_key = NULL;
        size_t key_size, size;

        rfc_key = g_base64_decode(RFC_KEY, &key_size);
        for (size_t i = 0; i < strlen(token); i++) {
                g_autofree char *changed = g_strdup(token), *payload = NULL;

                changed[i] = changed[i] == 'A' ? 'B' : 'A';
                g_assert_cmpint(bh_jwt_verify_signature(rfc_key, key_size, changed, &payload, &size), ==,
                                -EKEYREJECTED);
                g_assert_null(payload);
        }
        for (size_t i = 0; i < strlen(token); i++) {
                g_autofree char *cut = g_strndup(token, i), *payload = NULL;

                g_assert_cmpint(bh_jwt_verify_signature(rfc_key, key_size, cut, &payload, &size), ==, -EKEYREJECTED);
        }
}

static void claims_come_back_as_they_were_signed(void) {
        _cleanup_(bh_jwt_claims_clear) BhJwtClaims claims = {};
        const BhJwtClaims signed_claims = example();
        g_autofree char *token = bh_jwt_sign(key, sizeof key, &signed_claims);

        g_assert_cmpint(bh_jwt_verify(key, sizeof key, token, NOW, &claims), ==, 0);
        g_assert_cmpuint(claims.sub, ==, 42);
        g_assert_cmpstr(claims.username, ==, "zoë");
        g_assert_cmpstr(claims.role, ==, "user");
        g_assert_cmpstr(claims.sid, ==, "session");
        g_assert_cmpstr(claims.jti, ==, "token");
        g_assert_cmpint(claims.iat, ==, NOW - 10);
        g_assert_cmpint(claims.exp, ==, NOW + 10);
}

static void another_key_is_rejected(void) {
        _cleanup_(bh_jwt_claims_clear) BhJwtClaims claims = {};
        const BhJwtClaims signed_claims = example();
        g_autofree char *token = bh_jwt_sign((const uint8_t *)"another key of thirty-two bytes!", 32, &signed_claims);

        g_assert_cmpint(bh_jwt_verify(key, sizeof key, token, NOW, &claims), ==, -EKEYREJECTED);
}

static void a_token_lives_from_nbf_until_before_exp(void) {
        g_assert_cmpint(verify_parts(GOOD_HEADER, GOOD_PAYLOAD), ==, 0);
        g_assert_cmpint(verify_parts(GOOD_HEADER, PAYLOAD("\"iat\":1799999990,\"exp\":1800000001")), ==, 0);
        g_assert_cmpint(verify_parts(GOOD_HEADER, PAYLOAD("\"iat\":1799999990,\"exp\":1800000000")), ==, -EKEYREJECTED);
        g_assert_cmpint(verify_parts(GOOD_HEADER, PAYLOAD("\"iat\":1799999990,\"exp\":-1")), ==, -EKEYREJECTED);
        g_assert_cmpint(verify_parts(GOOD_HEADER, PAYLOAD("\"iat\":1799999990")), ==, -EKEYREJECTED);
        g_assert_cmpint(verify_parts(GOOD_HEADER, PAYLOAD("\"exp\":1800000010")), ==, -EKEYREJECTED);
        g_assert_cmpint(verify_parts(GOOD_HEADER, PAYLOAD("\"iat\":1800000060,\"exp\":1900000000")), ==, 0);
        g_assert_cmpint(verify_parts(GOOD_HEADER, PAYLOAD("\"iat\":1800000061,\"exp\":1900000000")), ==, -EKEYREJECTED);
        g_assert_cmpint(verify_parts(GOOD_HEADER, PAYLOAD("\"iat\":1799999990,\"exp\":1900000000,\"nbf\":1800000000")),
                        ==, 0);
        g_assert_cmpint(verify_parts(GOOD_HEADER, PAYLOAD("\"iat\":1799999990,\"exp\":1900000000,\"nbf\":1800000001")),
                        ==, -EKEYREJECTED);
}

static void claims_of_a_wrong_type_are_rejected(void) {
        static const char *const payloads[] = {
                PAYLOAD("\"iat\":1799999990,\"exp\":\"1800000010\""),
                PAYLOAD("\"iat\":1799999990,\"exp\":1800000010.5"),
                PAYLOAD("\"iat\":1799999990,\"exp\":null"),
                PAYLOAD("\"iat\":1799999990,\"exp\":[1800000010]"),
                PAYLOAD("\"iat\":true,\"exp\":1800000010"),
                PAYLOAD("\"iat\":1799999990,\"exp\":1800000010,\"nbf\":\"x\""),
                "{\"sub\":42,\"username\":\"u\",\"role\":\"user\",\"sid\":\"s\",\"jti\":\"j\",\"iat\":1799999990,"
                "\"exp\":1800000010}",
                "{\"sub\":\"0\",\"username\":\"u\",\"role\":\"user\",\"sid\":\"s\",\"jti\":\"j\",\"iat\":1799999990,"
                "\"exp\":1800000010}",
                "{\"sub\":\"-1\",\"username\":\"u\",\"role\":\"user\",\"sid\":\"s\",\"jti\":\"j\",\"iat\":1799999990,"
                "\"exp\":1800000010}",
                "{\"sub\":\"4 "
                "2\",\"username\":\"u\",\"role\":\"user\",\"sid\":\"s\",\"jti\":\"j\",\"iat\":1799999990,\"exp\":"
                "1800000010}",
                "{\"username\":\"u\",\"role\":\"user\",\"sid\":\"s\",\"jti\":\"j\",\"iat\":1799999990,\"exp\":"
                "1800000010}",
                "{\"sub\":\"42\",\"role\":\"user\",\"sid\":\"s\",\"jti\":\"j\",\"iat\":1799999990,\"exp\":1800000010}",
                "{\"sub\":\"42\",\"username\":\"u\",\"sid\":\"s\",\"jti\":\"j\",\"iat\":1799999990,\"exp\":1800000010}",
                "{\"sub\":\"42\",\"username\":\"u\",\"role\":\"user\",\"jti\":\"j\",\"iat\":1799999990,\"exp\":"
                "1800000010}",
                "{\"sub\":\"42\",\"username\":\"u\",\"role\":\"user\",\"sid\":\"s\",\"iat\":1799999990,\"exp\":"
                "1800000010}",
                "[]",
                "\"text\"",
                "",
                "{",
                "{\"sub\":\"\xff\"}",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(payloads); i++)
                g_assert_cmpint(verify_parts(GOOD_HEADER, payloads[i]), ==, -EKEYREJECTED);
}

static void only_one_kind_of_header_is_accepted(void) {
        static const char *const good[] = {"{\"alg\":\"HS256\"}", "{\"typ\":\"JWT\",\"alg\":\"HS256\"}",
                                           "{ \"alg\" : \"HS256\" }", "{\"alg\":\"HS256\",\"typ\":\"jwt\"}"};
        static const char *const bad[] = {
                "{\"alg\":\"none\",\"typ\":\"JWT\"}",
                "{\"alg\":\"hs256\"}",
                "{\"alg\":\"HS384\"}",
                "{\"alg\":\"HS512\"}",
                "{\"alg\":\"RS256\"}",
                "{\"alg\":null}",
                "{\"alg\":[\"HS256\"]}",
                "{\"typ\":\"JWT\"}",
                "{}",
                "[]",
                "",
                "{\"alg\":\"HS256\",\"typ\":\"JOSE\"}",
                "{\"alg\":\"HS256\",\"typ\":1}",
                "{\"alg\":\"HS256\",\"kid\":\"1\"}",
                "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"crit\":[\"exp\"]}",
                "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"jwk\":{}}",
                "{\"alg\":\"HS256\",\"jku\":\"http://example.com\"}",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
                g_assert_cmpint(verify_parts(good[i], GOOD_PAYLOAD), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_cmpint(verify_parts(bad[i], GOOD_PAYLOAD), ==, -EKEYREJECTED);
}

static void other_algorithms_are_rejected_however_well_they_sign(void) {
        g_autofree char *hs512 = sign_with(GNUTLS_MAC_SHA512, "{\"alg\":\"HS512\"}", GOOD_PAYLOAD);
        g_autofree char *lie = sign_with(GNUTLS_MAC_SHA512, GOOD_HEADER, GOOD_PAYLOAD);
        g_autofree char *payload = base64url(GOOD_PAYLOAD, strlen(GOOD_PAYLOAD));
        g_autofree char *header = base64url("{\"alg\":\"none\"}", strlen("{\"alg\":\"none\"}"));
        g_autofree char *none = g_strconcat(header, ".", payload, ".", NULL);
        g_autofree char *bare = g_strconcat(header, ".", payload, NULL);

        g_assert_cmpint(verify(hs512), ==, -EKEYREJECTED);
        g_assert_cmpint(verify(lie), ==, -EKEYREJECTED);
        g_assert_cmpint(verify(none), ==, -EKEYREJECTED);
        g_assert_cmpint(verify(bare), ==, -EKEYREJECTED);
}

/* The last digit of 32 bytes has two bits to spare: three other digits decode to the same bytes for whoever does not look. */
static void base64url_has_one_spelling_only(void) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        g_autofree char *token = sign_with(GNUTLS_MAC_SHA256, GOOD_HEADER, GOOD_PAYLOAD);
        char *last = token + strlen(token) - 1, good = *last;
        g_autofree char *padded = g_strconcat(token, "=", NULL), *spaced = g_strconcat(token, " ", NULL);
        g_autofree char *newline = g_strconcat(token, "\n", NULL), *dotted = g_strconcat(token, ".", NULL);
        int accepted = 0;

        g_assert_cmpint(verify(token), ==, 0);
        for (const char *d = digits; *d; d++) {
                *last = *d;
                accepted += verify(token) == 0;
        }
        g_assert_cmpint(accepted, ==, 1);
        *last = good;
        g_assert_cmpint(verify(padded), ==, -EKEYREJECTED);
        g_assert_cmpint(verify(spaced), ==, -EKEYREJECTED);
        g_assert_cmpint(verify(newline), ==, -EKEYREJECTED);
        g_assert_cmpint(verify(dotted), ==, -EKEYREJECTED);
}

static void what_is_no_token_at_all_is_rejected(void) {
        static const char *const texts[] = {
                "", ".", "..", "...", "a", "a.b", "a.b.c", "....", "\xff.\xff.\xff", "Bearer x.y.z"};

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                g_assert_cmpint(verify(texts[i]), ==, -EKEYREJECTED);
}

static void noise_is_rejected(void) {
        for (int round = 0; round < 20000; round++) {
                char text[80];
                int length = g_test_rand_int_range(0, (int)sizeof text);

                for (int i = 0; i < length; i++)
                        text[i] = (char)g_test_rand_int_range(1, 256);
                text[length] = '\0';
                if (length > 20) {
                        text[5] = '.';
                        text[15] = '.';
                }
                g_assert_cmpint(verify(text), ==, -EKEYREJECTED);
        }
}

#ifdef HAVE_LIBJWT
static void libjwt_agrees(void) {
        const BhJwtClaims claims = example();
        g_autofree char *ours = bh_jwt_sign(key, sizeof key, &claims);
        char *theirs = jwt_oracle_sign(key, sizeof key, GOOD_PAYLOAD);

        g_assert_true(jwt_oracle_agrees(key, sizeof key, ours, "sub", "42"));
        g_assert_true(jwt_oracle_agrees(key, sizeof key, ours, "username", "zoë"));
        g_assert_nonnull(theirs);
        g_assert_cmpint(verify(theirs), ==, 0);
        free(theirs);
}
#endif

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/jwt/rfc7515", example_of_rfc_7515_is_genuine);
        g_test_add_func("/jwt/changes", every_change_to_the_example_is_noticed);
        g_test_add_func("/jwt/round-trip", claims_come_back_as_they_were_signed);
        g_test_add_func("/jwt/key", another_key_is_rejected);
        g_test_add_func("/jwt/times", a_token_lives_from_nbf_until_before_exp);
        g_test_add_func("/jwt/types", claims_of_a_wrong_type_are_rejected);
        g_test_add_func("/jwt/header", only_one_kind_of_header_is_accepted);
        g_test_add_func("/jwt/algorithms", other_algorithms_are_rejected_however_well_they_sign);
        g_test_add_func("/jwt/base64url", base64url_has_one_spelling_only);
        g_test_add_func("/jwt/no-token", what_is_no_token_at_all_is_rejected);
        g_test_add_func("/jwt/noise", noise_is_rejected);
#ifdef HAVE_LIBJWT
        g_test_add_func("/jwt/libjwt", libjwt_agrees);
#endif
        return g_test_run();
}
