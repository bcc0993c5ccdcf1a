/* SPDX-License-Identifier: MIT */

#include "notification.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "audit.h"
#include "log.h"
#include "macro.h"
#include "notification-channel.h"
#include "notification-delivery.h"
#include "notification-secret.h"
#include "notification-send.h"

/* One that is slow must not hold up the others; a channel is only ever with one of them, so that its messages stay in order. */
#define THREADS 3

/* The clock may be set: how long a thread sleeps at most while something waits. */
#define SLEEP_MAX_USEC (INT64_C(60) * BH_USEC_PER_SEC)

#define BACK_OFF_MAX_USEC (INT64_C(7200) * BH_USEC_PER_SEC)
#define RETRY_AFTER_MAX_USEC (INT64_C(21600) * BH_USEC_PER_SEC)
#define PRUNE_USEC (INT64_C(3600) * BH_USEC_PER_SEC)
#define TESTS_MAX 2
#define TEST_TIMEOUT_USEC (INT64_C(15) * BH_USEC_PER_SEC)

struct BhNotifier {
        BhNotifierConfig config;
        BhDatabase *database;
        BhKey key;
        char *host;
        GThread *threads[THREADS];
        gint is_stopping, n_tests; /* atomic */

        GMutex lock;
        GCond changed;
        GArray *busy;        /* of uint64_t: channels that a thread is at */
        uint64_t generation; /* counts what may have changed what waits */
        int64_t pruned_usec; /* monotonic */
};

static const char *const severity_names[BH_NOTIFICATION_SEVERITIES] = {"info", "warning", "critical"};

const char *bh_notification_severity_to_string(BhNotificationSeverity severity) {
        g_assert(severity < BH_NOTIFICATION_SEVERITIES);
        return severity_names[severity];
}

bool bh_notification_severity_from_string(const char *text, BhNotificationSeverity *ret) {
        for (BhNotificationSeverity severity = 0; severity < BH_NOTIFICATION_SEVERITIES; severity++)
                if (g_str_equal(severity_names[severity], text)) {
                        *ret = severity;
                        return true;
                }
        return false;
}

static int64_t now_of(const BhNotifier *notifier) {
        return notifier->config.clock ? notifier->config.clock(notifier->config.userdata) : g_get_real_time();
}

/* Sending ----------------------------------------------------------------------------------------------------------------------------------------------- */

static void show(const BhNotifier *notifier, const BhDelivery *delivery) {
        bool is_personal = g_str_equal(delivery->kind, BH_NOTIFICATION_LOGIN_BLOCKED);

        if (notifier->config.show)
                notifier->config.show(severity_names[delivery->severity], delivery->title,
                                      is_personal ? "" : delivery->text, notifier->config.userdata);
}

static void send_one(const BhNotifier *notifier, const BhChannel *channel, const BhDelivery *delivery,
                     int64_t timeout_usec, BhSent *ret) {
        char *secret = NULL;
        BhSending sending = {.channel = channel,
                             .delivery = delivery,
                             .host = notifier->host,
                             .time_usec = now_of(notifier),
                             .timeout_usec = timeout_usec,
                             .is_stopping = &notifier->is_stopping};
        gsize size;
        const void *sealed = channel->sealed ? g_bytes_get_data(channel->sealed, &size) : NULL;

        *ret = (BhSent){};
        if (channel->kind == BH_CHANNEL_DESKTOP) {
                show(notifier, delivery);
                return;
        }
        if (sealed && bh_notification_unseal(&notifier->key, sealed, size, &secret) < 0) {
                *ret = (BhSent){g_strdup("The secret of the channel cannot be decrypted: it has to be given anew"),
                                true, 0};
                return;
        }
        sending.secret = secret;
        bh_send(&sending, ret);
        bh_notification_secret_free(secret);
}

/* When the next attempt is due, after n of them; 0: it is given up. */
static int64_t next_attempt(const BhNotifier *notifier, const BhDelivery *delivery, const BhSent *sent,
                            int64_t now_usec) {
        int64_t delay = notifier->config.retry_usec;

        if (sent->is_final)
                return 0;
        for (unsigned i = 0; i < delivery->attempts && delay < BACK_OFF_MAX_USEC; i++)
                delay *= 2;
        delay = MIN(delay, BACK_OFF_MAX_USEC);
        delay += (int64_t)randombytes_uniform((uint32_t)(delay / 4 / BH_USEC_PER_MSEC) + 1) * BH_USEC_PER_MSEC;
        delay = MAX(delay, MIN(sent->retry_after_usec, RETRY_AFTER_MAX_USEC));
        return now_usec + delay <= delivery->give_up_usec ? now_usec + delay : 0;
}

static int deliver(BhNotifier *notifier, const BhDelivery *delivery) {
        _cleanup_(bh_channel_freep) BhChannel *channel = NULL;
        int64_t now_usec, next_usec;
        BhSent sent = {};
        int r;

        r = bh_channels_get(notifier->database, delivery->channel, &channel);
        if (r < 0 && r != -ENOENT)
                return r;
        if (!channel)
                sent = (BhSent){g_strdup("The channel was deleted"), true, 0};
        else if (!channel->is_enabled)
                sent = (BhSent){g_strdup("The channel is switched off"), true, 0};
        else
                send_one(notifier, channel, delivery, notifier->config.timeout_usec, &sent);
        if (sent.error && g_atomic_int_get(&notifier->is_stopping)) {
                g_free(sent.error);
                return 0; /* as if it had not been tried */
        }
        now_usec = now_of(notifier);
        next_usec = sent.error ? next_attempt(notifier, delivery, &sent, now_usec) : 0;
        r = bh_deliveries_finish(notifier->database, delivery, now_usec, sent.error, next_usec);
        if (sent.error && next_usec == 0)
                bh_log_warning("A notification over “%s” was given up: %s", delivery->channel_name, sent.error);
        g_free(sent.error);
        return r;
}

/* Threads ----------------------------------------------------------------------------------------------------------------------------------------------- */

static void set_busy(BhNotifier *notifier, uint64_t channel, bool is_busy) {
        if (is_busy) {
                g_array_append_val(notifier->busy, channel);
                return;
        }
        for (guint i = 0; i < notifier->busy->len; i++)
                if (g_array_index(notifier->busy, uint64_t, i) == channel) {
                        g_array_remove_index_fast(notifier->busy, i);
                        return;
                }
}

static void touch(BhNotifier *notifier) {
        notifier->generation++;
        g_cond_broadcast(&notifier->changed);
}

/* Under lock, unless something has changed since. next_usec: by our clock; INT64_MAX: until something does. */
static void sleep_until(BhNotifier *notifier, uint64_t generation, int64_t next_usec) {
        int64_t delay = next_usec == INT64_MAX ? INT64_MAX : MAX(next_usec - now_of(notifier), BH_USEC_PER_MSEC);
        int64_t end_usec = g_get_monotonic_time() + MIN(delay, SLEEP_MAX_USEC);

        while (!g_atomic_int_get(&notifier->is_stopping) && notifier->generation == generation) {
                if (next_usec == INT64_MAX)
                        g_cond_wait(&notifier->changed, &notifier->lock);
                else if (!g_cond_wait_until(&notifier->changed, &notifier->lock, end_usec))
                        return;
        }
}

/* Under lock. */
static bool is_time_to_prune(BhNotifier *notifier) {
        int64_t now_usec = g_get_monotonic_time();

        if (notifier->pruned_usec != 0 && now_usec - notifier->pruned_usec < PRUNE_USEC)
                return false;
        notifier->pruned_usec = now_usec;
        return true;
}

static int handle(BhNotifier *notifier, const BhDelivery *delivery) {
        if (g_str_equal(delivery->state, "waiting"))
                return bh_deliveries_gather(notifier->database, delivery->channel, now_of(notifier));
        return deliver(notifier, delivery);
}

/* Under lock, which is given up while something is sent. Returns false when there is nothing to do before *ret_next_usec. */
static bool step(BhNotifier *notifier, int64_t *ret_next_usec) {
        _cleanup_(bh_delivery_freep) BhDelivery *delivery = NULL;
        bool is_pruning;
        int r;

        r = bh_deliveries_next(notifier->database, notifier->busy, now_of(notifier), &delivery, ret_next_usec);
        if (r >= 0 && !delivery)
                return false;
        if (r >= 0) {
                set_busy(notifier, delivery->channel, true);
                is_pruning = is_time_to_prune(notifier);
                g_mutex_unlock(&notifier->lock);
                r = handle(notifier, delivery);
                if (r >= 0 && is_pruning)
                        r = bh_deliveries_prune(notifier->database, now_of(notifier) - notifier->config.keep_usec);
                g_mutex_lock(&notifier->lock);
                set_busy(notifier, delivery->channel, false);
                touch(notifier);
        }
        if (r >= 0)
                return true;
        bh_log_error_errno(r, "Cannot deliver notifications");
        *ret_next_usec = now_of(notifier) + SLEEP_MAX_USEC;
        return false;
}

static void *run(void *userdata) {
        BhNotifier *notifier = userdata;

        g_mutex_lock(&notifier->lock);
        while (!g_atomic_int_get(&notifier->is_stopping)) {
                int64_t next_usec = INT64_MAX;
                uint64_t generation = notifier->generation;

                if (!step(notifier, &next_usec))
                        sleep_until(notifier, generation, next_usec);
        }
        g_mutex_unlock(&notifier->lock);
        return NULL;
}

void bh_notifier_wake(BhNotifier *notifier) {
        if (!notifier)
                return;
        g_mutex_lock(&notifier->lock);
        touch(notifier);
        g_mutex_unlock(&notifier->lock);
}

/* A name for people and for headers: what is no plain character is left out. */
static char *host_name(void) {
        char *host = g_strdup(g_get_host_name());

        return g_strcanon(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", '-');
}

int bh_notifier_new(BhNotifier **ret, const BhNotifierConfig *config, BhDatabase *database) {
        BhNotifier *notifier;
        BhKey key = {};
        int r;

        r = bh_notification_key_load(&key, config->state_directory);
        if (r >= 0)
                r = bh_send_init();
        if (r < 0)
                return r;
        notifier = g_new0(BhNotifier, 1);
        notifier->config = *config;
        notifier->config.state_directory = NULL;
        notifier->database = database;
        notifier->key = key;
        bh_key_clear(&key);
        notifier->host = host_name();
        notifier->busy = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        g_mutex_init(&notifier->lock);
        g_cond_init(&notifier->changed);
        for (size_t i = 0; i < THREADS; i++)
                notifier->threads[i] = g_thread_new("notifier", run, notifier);
        *ret = notifier;
        return 0;
}

void bh_notifier_stop(BhNotifier *notifier) {
        if (!notifier || g_atomic_int_get(&notifier->is_stopping))
                return;
        g_atomic_int_set(&notifier->is_stopping, 1);
        bh_notifier_wake(notifier);
        for (size_t i = 0; i < THREADS; i++)
                g_thread_join(notifier->threads[i]);
}

void bh_notifier_free(BhNotifier *notifier) {
        if (!notifier)
                return;
        bh_notifier_stop(notifier);
        g_array_unref(notifier->busy);
        g_mutex_clear(&notifier->lock);
        g_cond_clear(&notifier->changed);
        bh_key_clear(&notifier->key);
        g_free(notifier->host);
        g_free(notifier);
}

const BhKey *bh_notifier_key(const BhNotifier *notifier) {
        return &notifier->key;
}

/* Telling ----------------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Told {
        BhNotifier *notifier;
        BhNotification notification; /* owned strings */
} Told;

static int write_told(sqlite3 *db, void *userdata) {
        const Told *told = userdata;

        return bh_deliveries_add(db, &told->notification, now_of(told->notifier), told->notifier->config.give_up_usec);
}

static void told_free(void *userdata) {
        Told *told = userdata;

        bh_notifier_wake(told->notifier);
        g_free((char *)told->notification.kind);
        g_free((char *)told->notification.title);
        g_free((char *)told->notification.text);
        g_free((char *)told->notification.subject);
        g_free(told);
}

void bh_notifier_tell(BhNotifier *notifier, const BhNotification *notification) {
        Told *told;

        if (!notifier)
                return;
        told = g_new0(Told, 1);
        told->notifier = notifier;
        told->notification = *notification;
        told->notification.kind = g_strdup(notification->kind);
        told->notification.title = g_strdup(notification->title);
        told->notification.text = g_strdup(notification->text);
        told->notification.subject = g_strdup(notification->subject);
        bh_database_post(notifier->database, write_told, told, told_free);
}

void bh_notify(BhNotifier *notifier, const char *kind, BhNotificationSeverity severity, const char *title,
               const char *text, const char *subject) {
        bh_notifier_tell(notifier, &(BhNotification){kind, severity, title, text, subject, false});
}

/* Testing ----------------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Tested {
        const BhCaller *caller;
        const BhChannel *channel;
        const char *error;
        int64_t time_usec;
} Tested;

static int write_tested(sqlite3 *db, void *userdata) {
        const Tested *tested = userdata;
        int r = bh_channel_write_outcome(db, tested->channel->id, tested->time_usec, tested->error);

        if (r < 0)
                return r;
        return bh_audit_append(db, tested->caller,
                               &(BhAudit){.event_type = BH_AUDIT_SYSTEM,
                                          .action = "notification-channel-test",
                                          .target = tested->channel->name,
                                          .message = tested->error});
}

static int test(BhNotifier *notifier, const BhCaller *caller, uint64_t id, char **ret_error) {
        _cleanup_(bh_channel_freep) BhChannel *channel = NULL;
        g_autofree char *message_id = g_uuid_string_random(), *error = NULL;
        BhDelivery delivery = {.message_id = message_id,
                               .kind = (char *)"test",
                               .title = (char *)"A test",
                               .text = (char *)"This NAS can tell you when something is wrong.",
                               .subject = (char *)"/",
                               .time_usec = now_of(notifier)};
        Tested tested = {.caller = caller};
        BhSent sent;
        int r;

        r = bh_channels_get(notifier->database, id, &channel);
        if (r < 0)
                return r;
        send_one(notifier, channel, &delivery, MIN(notifier->config.timeout_usec, TEST_TIMEOUT_USEC), &sent);
        error = sent.error;
        tested.channel = channel;
        tested.error = error;
        tested.time_usec = now_of(notifier);
        r = bh_database_write(notifier->database, write_tested, &tested);
        if (r >= 0)
                *ret_error = g_steal_pointer(&error);
        return r;
}

int bh_notifier_test(BhNotifier *notifier, const BhCaller *caller, uint64_t channel, bool *ret_is_delivered,
                     char **ret_detail) {
        char *error = NULL;
        int r = -EBUSY;

        if (g_atomic_int_add(&notifier->n_tests, 1) < TESTS_MAX)
                r = test(notifier, caller, channel, &error);
        g_atomic_int_add(&notifier->n_tests, -1);
        if (r < 0)
                return r;
        *ret_is_delivered = !error;
        *ret_detail = error ?: g_strdup("");
        return 0;
}
