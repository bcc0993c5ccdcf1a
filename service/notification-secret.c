/* SPDX-License-Identifier: MIT */

#include "notification-secret.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define FILE_NAME "notification.key"

G_STATIC_ASSERT(BH_KEY_SIZE == crypto_secretbox_KEYBYTES);

int bh_notification_key_load(BhKey *key, const char *state_directory) {
        const char *credentials = g_getenv("CREDENTIALS_DIRECTORY");
        g_autofree char *credential = credentials ? g_build_filename(credentials, FILE_NAME, NULL) : NULL;
        g_autofree char *file = g_build_filename(state_directory, FILE_NAME, NULL);

        return bh_key_load(key, credential && g_file_test(credential, G_FILE_TEST_EXISTS) ? credential : file);
}

GBytes *bh_notification_seal(const BhKey *key, const char *text) {
        size_t length = strlen(text), size = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + length;
        unsigned char *sealed = g_malloc(size);

        randombytes_buf(sealed, crypto_secretbox_NONCEBYTES);
        crypto_secretbox_easy(sealed + crypto_secretbox_NONCEBYTES, (const unsigned char *)text, length, sealed,
                              key->bytes);
        return g_bytes_new_take(sealed, size);
}

int bh_notification_unseal(const BhKey *key, const void *data, size_t size, char **ret) {
        const unsigned char *sealed = data;
        const size_t overhead = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
        char *text;

        if (size < overhead)
                return -EBADMSG;
        text = g_malloc0(size - overhead + 1);
        if (crypto_secretbox_open_easy((unsigned char *)text, sealed + crypto_secretbox_NONCEBYTES,
                                       size - crypto_secretbox_NONCEBYTES, sealed, key->bytes) != 0) {
                g_free(text);
                return -EBADMSG;
        }
        *ret = text;
        return 0;
}

void bh_notification_secret_free(char *text) {
        if (!text)
                return;
        sodium_memzero(text, strlen(text));
        g_free(text);
}
