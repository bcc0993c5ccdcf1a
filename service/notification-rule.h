/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "caller.h"
#include "database.h"
#include "failure.h"
#include "notification.h"

/* Rules: which channels are told of what, and when not, in the database. Functions that take a BhDatabase block, on any thread but the event loop; those that
 * change something are audited, failure or not. */

typedef struct BhRule {
        uint64_t id;
        char *name;
        bool is_enabled;
        char **kinds; /* empty: all */
        BhNotificationSeverity minimum_severity;
        GArray *channels;              /* of uint64_t */
        uint32_t quiet_from, quiet_to; /* minutes of the local day; equal: never */
        bool quiet_critical, resolved;
} BhRule;

/* What changes; what is not given stays. Owned. */
typedef struct BhRuleChanges {
        char *name, *minimum_severity;
        char **kinds;
        GArray *channels;
        bool is_enabled, quiet_critical, resolved;
        bool is_enabled_given, quiet_critical_given, resolved_given, quiet_from_given, quiet_to_given;
        uint32_t quiet_from, quiet_to;
} BhRuleChanges;

#define BH_RULES_MAX 64
#define BH_RULE_NAME_MAX 64
#define BH_RULE_KINDS_MAX 32
#define BH_RULE_CHANNELS_MAX 32
#define BH_DAY_MINUTES 1440

void bh_rule_changes_clear(BhRuleChanges *changes);

/* Errors of the next three: -EINVAL, -EAGAIN too many, -ENOENT; failure says which key and why. Those of bh_database_write(). */
int bh_rules_create(BhDatabase *database, const BhCaller *caller, const BhRuleChanges *rule, BhFailure *failure,
                    uint64_t *ret_id);
int bh_rules_update(BhDatabase *database, const BhCaller *caller, uint64_t id, const BhRuleChanges *changes,
                    BhFailure *failure);
int bh_rules_delete(BhDatabase *database, const BhCaller *caller, uint64_t id);

/* All of them, by id: an array of BhRule (owned). */
int bh_rules_list(BhDatabase *database, GPtrArray **ret);

/* The same in BhDatabaseWork: appends to rules. */
int bh_rules_read(sqlite3 *db, GPtrArray *rules);
void bh_rule_destroy(void *rule);

/* Whether the rule wants to tell it. Does not block. */
bool bh_rule_matches(const BhRule *rule, const BhNotification *notification);

/* When it may be told by the rule: now, or the end of the quiet hours, in the local time of the process. Does not block. */
int64_t bh_rule_when(const BhRule *rule, const BhNotification *notification, int64_t now_usec);
