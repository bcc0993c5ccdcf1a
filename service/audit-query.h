/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "database.h"

/* Reading the audit trail. */

#define BH_AUDIT_PAGE_MAX 1000

typedef struct BhAuditFilter {
        const char *event_type, *action, *username; /* NULL: any */
        const char *text; /* somewhere in action, target, message or name of the user; NULL: any */
        uint64_t user_id; /* only this account's records; 0: everybody's */
        bool by_success, success;
        int64_t from_usec, to_usec; /* from <= time < to */
} BhAuditFilter;

typedef struct BhAuditRecord {
        uint64_t id;
        int64_t time_usec;
        char *event_type, *action, *target, *message; /* owned; "" without */
        int result;                                   /* 0, or the errno it failed with */
        uint64_t size;
        uint64_t user_id;
        char *username, *unit, *client_address, *client_agent; /* owned; "" without */
        uint32_t uid, pid;
} BhAuditRecord;

/* For GPtrArray. */
void bh_audit_record_free(void *record);

/* Appends to records (of BhAuditRecord) at most limit of those before the id (0: the newest), newest first, after leaving out offset of them. *ret_more:
 * whether there are more. Errors: as bh_database_errno(). Blocks. */
int bh_audit_query(BhDatabase *database, const BhAuditFilter *filter, uint64_t before, uint64_t offset, uint32_t limit,
                   GPtrArray *records, bool *ret_more);

/* How many match. Errors likewise. Blocks. */
int bh_audit_count(BhDatabase *database, const BhAuditFilter *filter, uint64_t *ret);

#define BH_AUDIT_BUCKETS_MAX 500

typedef struct BhAuditGroup {
        char *name; /* owned; "" where the record has none */
        int result; /* by_error: the errno */
        uint64_t count;
} BhAuditGroup;

typedef struct BhAuditBucket {
        int64_t start_usec;
        uint64_t succeeded, failed;
} BhAuditBucket;

typedef struct BhAuditStatistics {
        uint64_t succeeded, failed, bytes;
        GArray *by_user, *by_action, *by_event_type, *by_error; /* of BhAuditGroup */
        uint32_t n_buckets;
        BhAuditBucket *buckets; /* owned */
} BhAuditStatistics;

/* Of filter's span, which must not be empty, in that many buckets. Errors likewise. Blocks. */
int bh_audit_statistics(BhDatabase *database, const BhAuditFilter *filter, uint32_t buckets, BhAuditStatistics *ret);

void bh_audit_statistics_clear(BhAuditStatistics *statistics);
