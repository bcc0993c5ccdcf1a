/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "notification-channel.h"
#include "notification-delivery.h"

/* Sends one message over one channel of the kinds email, webhook and push, with libcurl. Certificates are checked, redirects are not followed, and what the
 * other side answers is not kept. */

typedef struct BhSending {
        const BhChannel *channel;
        const BhDelivery *delivery;
        const char *secret; /* NULL: none */
        const char *host;   /* of this NAS, for people; no control characters in it */
        int64_t time_usec;  /* now, since 1970 */
        int64_t timeout_usec;
        const gint *is_stopping; /* becomes true when it is to be interrupted; atomic */
} BhSending;

typedef struct BhSent {
        char *error;              /* owned; NULL: the other side has taken it. Has no secret in it, and no URL. */
        bool is_final;            /* trying it again would come to nothing */
        int64_t retry_after_usec; /* what the other side asks for; 0: nothing */
} BhSent;

/* Once in the process, before the first thread. Errors: -EIO. */
int bh_send_init(void);

/* Blocks for as long as the timeout. */
void bh_send(const BhSending *sending, BhSent *ret);

/* HMAC-SHA256 of "time.body" as hexadecimal digits (owned). Any thread. */
char *bh_send_sign(const char *secret, int64_t time_sec, const char *body);

/* A header's text as RFC 2047 wants it (owned): as it is when it is plain ASCII. Any thread. */
char *bh_send_encode_header(const char *text);
