/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "notification.h"

/* Deliveries in the database: one message on its way over one channel, until it is delivered or given up, and for a while afterwards. For the notifier, and to
 * be listed. Functions that take a BhDatabase block, on any thread but the event loop. */

typedef struct BhDelivery {
        uint64_t id;
        char *message_id; /* UUID; the same for every attempt */
        uint64_t channel;
        char *channel_name;
        char *kind;
        BhNotificationSeverity severity;
        char *title, *text, *subject;
        bool is_over;
        int64_t time_usec; /* of the event, since 1970 */
        char *state;       /* "pending", "waiting", "delivered", "failed" */
        unsigned attempts;
        int64_t next_attempt_usec; /* since 1970 */
        int64_t give_up_usec;      /* since 1970: no attempt is made later */
        char *error;
} BhDelivery;

#define BH_DELIVERIES_LISTED_MAX 500

/* Rows that are kept at most, and of one channel under way at most: what is beyond that is dropped. */
#define BH_DELIVERIES_MAX 10000
#define BH_DELIVERIES_PENDING_MAX 500

void bh_delivery_free(BhDelivery *delivery);
void bh_delivery_freep(BhDelivery **delivery);

/* Writes down who is to be told, by the rules, at that time; given up so much later than that or the end of the quiet hours. In BhDatabaseWork. */
int bh_deliveries_add(sqlite3 *db, const BhNotification *notification, int64_t now_usec, int64_t give_up_usec);

/* Newest first, those before the id cursor (0: all), of the channel (0: all): an array of BhDelivery (owned). */
int bh_deliveries_list(BhDatabase *database, uint64_t channel, uint64_t cursor, size_t n_max, GPtrArray **ret);

/* The next that is to be sent, of a channel that is not among the busy ones (array of uint64_t). *ret is NULL when there is none now; *ret_next_usec is then
 * when there will be one, INT64_MAX when that is not known. */
int bh_deliveries_next(BhDatabase *database, const GArray *busy, int64_t now_usec, BhDelivery **ret,
                       int64_t *ret_next_usec);

/* What waited for the end of the quiet hours goes together: makes one delivery of all that wait for that channel and may go now. */
int bh_deliveries_gather(BhDatabase *database, uint64_t channel, int64_t now_usec);

/* What came of an attempt: error NULL it is delivered; otherwise tried again at next_usec, and given up when that is 0. */
int bh_deliveries_finish(BhDatabase *database, const BhDelivery *delivery, int64_t now_usec, const char *error,
                         int64_t next_usec);

/* Forgets what is over and older. */
int bh_deliveries_prune(BhDatabase *database, int64_t before_usec);
