/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert-kind.h"
#include "caller.h"
#include "database.h"
#include "failure.h"

/* Alerts: what needs a person. One for each kind and subject, from when it is first raised until it is observed to be over, whether anybody acknowledged it
 * or not. They are kept in memory beside the database, so that raising one never waits, and works while nothing can be written. Those that are active survive
 * a restart, and are resolved then like all others when what they say is no longer so. That one is raised, becomes critical, eases, is acknowledged or resolved is a
 * row of the audit trail; the journal gets an entry with fields of its own.
 *
 * Event loop, unless a function says otherwise. */

typedef struct BhAlerts BhAlerts;

typedef struct BhAlert {
        uint64_t id;
        BhAlertKind kind;
        char *subject; /* object path of the disk, array or pool; "/" none */
        BhSeverity severity;
        char *title, *text;
        unsigned count;            /* how often what it says has changed, the first time included */
        int64_t raised_usec;       /* since 1970, like all here */
        int64_t acknowledged_usec; /* 0: nobody did */
        char *acknowledged_by;     /* name of who did, or NULL */
        int64_t resolved_usec;     /* 0: it is active */
} BhAlert;

/* What a rule found. Strings are borrowed; a title of more than BH_ALERT_TITLE_MAX bytes and a text of more than BH_ALERT_TEXT_MAX are cut. */
typedef struct BhFinding {
        BhAlertKind kind;
        const char *subject;
        BhSeverity severity;
        const char *title, *text;
} BhFinding;

typedef enum BhAlertEvent {
        BH_ALERT_RAISED,   /* it is new, or has become critical */
        BH_ALERT_CHANGED,  /* its text, severity or acknowledgement */
        BH_ALERT_RESOLVED, /* active no longer; the alert moves to the history when the listener returns */
} BhAlertEvent;

typedef void (*BhAlertListener)(const BhAlert *alert, BhAlertEvent event, void *userdata);

#define BH_ALERT_TITLE_MAX 160
#define BH_ALERT_TEXT_MAX 1024

/* Active ones at most, of all kinds; more is dropped with a line in the log. And resolved ones that are kept. */
#define BH_ALERTS_ACTIVE_MAX 256
#define BH_ALERTS_HISTORY_MAX 500

/* Reads what is in the database. Errors: as bh_database_read(). Blocks. */
int bh_alerts_load(BhAlerts **ret, BhDatabase *database);
void bh_alerts_free(BhAlerts *alerts);

/* Is told of every event from now on. There is one listener. */
void bh_alerts_set_listener(BhAlerts *alerts, BhAlertListener listener, void *userdata);

/* Raises an alert, or changes the active one with that kind and subject when it does not say this already. One that becomes critical has to be acknowledged
 * again. */
void bh_alerts_raise(BhAlerts *alerts, const BhFinding *finding);

/* What it says is over. Nothing happens when there is no such alert. why (may be NULL) goes to the audit trail. */
void bh_alerts_resolve(BhAlerts *alerts, BhAlertKind kind, const char *subject, const char *why);

/* The active alert with that kind and subject, or NULL. Valid until the next change. */
const BhAlert *bh_alerts_find(const BhAlerts *alerts, BhAlertKind kind, const char *subject);

/* The active alert with that id, or NULL. Valid until the next change. */
const BhAlert *bh_alerts_get(const BhAlerts *alerts, uint64_t id);

/* Alerts, newest first: the active ones, and with all those that are kept, resolved, at most n_max. Borrowed until the next change; the array is the
 * caller's, to be freed with g_free(). */
const BhAlert **bh_alerts_list(const BhAlerts *alerts, bool all, size_t n_max, size_t *ret_n);

/* Acknowledging is two steps, because it is only done when it is durable: begin (event loop), write (worker thread; blocks), end (event loop) if write
 * returned 0. Doing it twice is fine. */
typedef struct BhAcknowledgement {
        uint64_t id;
        BhSeverity severity;
        bool is_done; /* it was acknowledged already */
        int64_t time_usec;
} BhAcknowledgement;

/* Errors: -ENOENT. */
int bh_alerts_acknowledge_begin(BhAlerts *alerts, uint64_t id, BhAcknowledgement *ret);

/* Errors: -ESTALE it has become critical or was resolved meanwhile; those of bh_database_write(). Audited, failure or not. */
int bh_alerts_acknowledge_write(BhAlerts *alerts, const BhCaller *caller, const BhAcknowledgement *acknowledgement);
void bh_alerts_acknowledge_end(BhAlerts *alerts, const BhCaller *caller, const BhAcknowledgement *acknowledgement);
