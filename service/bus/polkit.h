/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

/* Asks polkit whether a bus peer may do an action, without waiting. Event loop only. */

#define BH_POLKIT_USERS "org.baluhost.nas1.user-manage"
#define BH_POLKIT_FILES "org.baluhost.nas1.files-manage"
#define BH_POLKIT_ARRAY_CREATE "org.baluhost.nas1.array-create"
#define BH_POLKIT_ARRAY_DELETE "org.baluhost.nas1.array-delete"
#define BH_POLKIT_DISK_FORMAT "org.baluhost.nas1.disk-format"
#define BH_POLKIT_ARRAY_REPAIR "org.baluhost.nas1.array-repair"
#define BH_POLKIT_ARRAY_MANAGE "org.baluhost.nas1.array-manage"
#define BH_POLKIT_ARRAY_SCRUB "org.baluhost.nas1.array-scrub"
#define BH_POLKIT_DISK_MANAGE "org.baluhost.nas1.disk-manage"
#define BH_POLKIT_SMART_TEST "org.baluhost.nas1.smart-test"
#define BH_POLKIT_POOL_MANAGE "org.baluhost.nas1.pool-manage"
#define BH_POLKIT_ALERT_MANAGE "org.baluhost.nas1.alert-manage"
#define BH_POLKIT_NOTIFICATION_MANAGE "org.baluhost.nas1.notification-manage"
#define BH_POLKIT_AUDIT_READ "org.baluhost.nas1.audit-read"

typedef struct BhPolkitCheck BhPolkitCheck;

typedef enum BhPolkitAnswer {
        BH_POLKIT_ALLOWED,
        BH_POLKIT_DENIED,
        BH_POLKIT_CHALLENGE, /* somebody would have to give a password, and nobody can be asked */
        BH_POLKIT_ABSENT,    /* there is no polkit, or it failed */
} BhPolkitAnswer;

/* The check is freed when this has returned. */
typedef void (*BhPolkitDone)(BhPolkitAnswer answer, void *userdata);

/* Asks about the owner of the unique name. interactive: polkit may ask somebody for a password, for as long as that takes. done is called later,
 * never before this returns. Errors: those of sending. */
int bh_polkit_check(sd_bus *bus, const char *peer, const char *action, bool interactive, BhPolkitDone done,
                    void *userdata, BhPolkitCheck **ret);

/* Gives up: takes the password prompt away, does not call done, frees. NULL is fine. */
void bh_polkit_cancel(BhPolkitCheck *check);
