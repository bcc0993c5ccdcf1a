/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "key.h"

/* Passwords and tokens of channels, encrypted for the database. */

/* Loads the key: the systemd credential "notification.key" when there is one, else the file in the directory, which is created when it is not there. Errors:
 * as bh_key_load(). Blocks. */
int bh_notification_key_load(BhKey *key, const char *state_directory);

/* Encrypts the text. Returns bytes for the database (owned). Any thread. */
GBytes *bh_notification_seal(const BhKey *key, const char *text);

/* Decrypts what bh_notification_seal() has made into *ret, to be freed with bh_notification_secret_free(). Errors: -EBADMSG it was made with another key, or
 * changed. Any thread. */
int bh_notification_unseal(const BhKey *key, const void *data, size_t size, char **ret);

/* Overwrites and frees the text. NULL is fine. */
void bh_notification_secret_free(char *text);
