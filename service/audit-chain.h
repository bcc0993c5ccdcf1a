/* SPDX-License-Identifier: MIT */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "key.h"

/* The chain of the audit trail: the hash of each record, with a key that is not in the database, is over the record and the hash of the one before. Two
 * marks are sealed with the key as well: the anchor, where the trail begins since the oldest were removed, and the head, which is the newest record. So
 * whoever can write to the database, but does not have the key, cannot alter, add, move or remove a record unseen. What they can do is to put back an
 * older copy of the whole database. */

/* Gives the writer the key. is_first: there was no key before; the chain begins, and what records there are are its first. Must come before
 * bh_audit_append(). Errors: as bh_database_errno(). Blocks. */
int bh_audit_chain_start(BhDatabase *database, const BhKey *key, bool is_first);

#define BH_AUDIT_MAC_SIZE 32

/* The record at an end of the chain. */
typedef struct BhAuditMark {
        int64_t id;
        uint8_t mac[BH_AUDIT_MAC_SIZE];
} BhAuditMark;

/* The record that the next one is chained to, and the id that this one takes. In BhDatabaseWork of the writer. */
int bh_audit_chain_next(sqlite3 *db, BhAuditMark *ret_head, int64_t *ret_id);

/* Chains the record to that head, which it becomes: it was just inserted with that id, and nothing else since bh_audit_chain_next(). In the same BhDatabaseWork. */
int bh_audit_chain_seal(sqlite3 *db, BhAuditMark *head, int64_t id);

typedef struct BhAuditCheck {
        uint64_t checked;      /* records that are as they were written, from the oldest */
        uint64_t first_bad_id; /* 0: all are */
        const char *problem;   /* static; a sentence; "" when all are */
} BhAuditCheck;

/* Checks all of it. Errors: as bh_database_errno(). Blocks for as long as that takes. */
int bh_audit_chain_verify(BhDatabase *database, const BhKey *key, BhAuditCheck *ret);
