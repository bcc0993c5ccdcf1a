/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Who asks for something, settled once for each call by bus/identity.c. Domain modules decide by this and nothing else. Plain data: no bus types. */

typedef enum BhRole {
        BH_ROLE_NONE, /* a Unix peer without an account, or nobody at all */
        BH_ROLE_USER,
        BH_ROLE_ADMIN,
} BhRole;

/* Length of an account's UUID as text, with its NUL. */
#define BH_UUID_SIZE 37

typedef struct BhCaller {
        uint64_t user_id;         /* 0: no account (root, or a peer that polkit allowed) */
        char owner[BH_UUID_SIZE]; /* the account's UUID, the value of user.baluhost.owner; "" without an account */
        BhRole role;              /* BH_ROLE_ADMIN also for a peer that polkit allowed the verb */
        char *username;           /* owned; "root" or the Unix name without an account */
        char *session_id;         /* owned; NULL without a token */
        uid_t uid;                /* the bus peer's */
        pid_t pid;                /* the bus peer's */
        char *unit;               /* owned; the bus peer's systemd unit, or NULL */
        char *bus_name;           /* owned; unique name of the bus peer */
        char *client_address;     /* owned; of the browser, when the web bridge says it; or NULL */
        char *client_agent;       /* owned; likewise */
} BhCaller;

/* Frees what the caller owns and zeroes it. */
void bh_caller_clear(BhCaller *caller);

/* Deep copy into dest, which must be zeroed or cleared. */
void bh_caller_copy(BhCaller *dest, const BhCaller *src);

/* The service itself, where it does something by itself. To be cleared like all others. */
BhCaller bh_caller_of_service(void);

static inline bool bh_caller_is_admin(const BhCaller *caller) {
        return caller->role == BH_ROLE_ADMIN;
}
