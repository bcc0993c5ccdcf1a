/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "caller.h"
#include "database.h"
#include "key.h"

/* Telling people what is wrong: what is handed in is matched with the rules, written down as deliveries, and sent by threads of its own, which never hold up
 * anybody. What was written down is delivered at least once, whatever happens meanwhile. */

typedef struct BhNotifier BhNotifier;

typedef enum BhNotificationSeverity {
        BH_NOTIFICATION_INFO,
        BH_NOTIFICATION_WARNING,
        BH_NOTIFICATION_CRITICAL,
        BH_NOTIFICATION_SEVERITIES,
} BhNotificationSeverity;

/* Kinds beside those of alerts. */
#define BH_NOTIFICATION_JOB_FAILED "job-failed"
#define BH_NOTIFICATION_LOGIN_BLOCKED "login-blocked"
#define BH_NOTIFICATION_SCHEDULE_FAILED "schedule-failed"

/* What has happened. Strings are borrowed. */
typedef struct BhNotification {
        const char *kind;
        BhNotificationSeverity severity;
        const char *title, *text;
        const char *subject; /* object path of what it is about, or "/" */
        bool is_over;        /* what was told before is no longer so */
} BhNotification;

/* Shows a message on desktops. On a thread of the notifier. */
typedef void (*BhNotifierShow)(const char *severity, const char *title, const char *text, void *userdata);

/* Now, in microseconds since 1970. Any thread. */
typedef int64_t (*BhNotifierClock)(void *userdata);

typedef struct BhNotifierConfig {
        const char *state_directory; /* where the key is; borrowed until bh_notifier_new() returns */
        int64_t retry_usec;          /* until the second attempt; the next ones come after twice as long each */
        int64_t give_up_usec;        /* no attempt is made later than this after the event or the end of quiet hours */
        int64_t timeout_usec;        /* of one attempt */
        int64_t keep_usec;           /* how long deliveries are remembered */
        BhNotifierClock clock;       /* NULL: the real one */
        BhNotifierShow show;         /* NULL: there are no desktops */
        void *userdata;
} BhNotifierConfig;

/* Loads the key and goes on with what was on its way. The database must outlive it. Errors: as bh_notification_key_load(). Blocks. */
int bh_notifier_new(BhNotifier **ret, const BhNotifierConfig *config, BhDatabase *database);

/* Interrupts what is being sent, which is sent again by the next start, and sends nothing any more. NULL is fine. Blocks. */
void bh_notifier_stop(BhNotifier *notifier);

/* After the database was freed, which may still be writing down what was told. NULL is fine. */
void bh_notifier_free(BhNotifier *notifier);

/* Tells whoever is to be told, without waiting for anything. Nothing happens with a notifier that is NULL. Any thread. */
void bh_notifier_tell(BhNotifier *notifier, const BhNotification *notification);

/* The same in short. */
void bh_notify(BhNotifier *notifier, const char *kind, BhNotificationSeverity severity, const char *title,
               const char *text, const char *subject);

/* Sends a message over the channel now. *ret_detail (owned) says why it was not delivered. Errors: -ENOENT, -EBUSY others are being tested; those of the
 * database. Audited. Blocks as long as an attempt may take; worker thread. */
int bh_notifier_test(BhNotifier *notifier, const BhCaller *caller, uint64_t channel, bool *ret_is_delivered,
                     char **ret_detail);

/* Something has changed that may concern what waits. Any thread. */
void bh_notifier_wake(BhNotifier *notifier);

/* What secrets are encrypted with. */
const BhKey *bh_notifier_key(const BhNotifier *notifier);

/* "info", "warning", "critical" */
const char *bh_notification_severity_to_string(BhNotificationSeverity severity);
bool bh_notification_severity_from_string(const char *text, BhNotificationSeverity *ret);
