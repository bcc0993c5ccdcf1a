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

/* The id that the next record takes. In BhDatabaseWork of the writer. */
int bh_audit_chain_next(sqlite3 *db, int64_t *ret);

/* Chains the newest record, which was just inserted with that id. In BhDatabaseWork of the writer. */
int bh_audit_chain_seal(sqlite3 *db, int64_t id);

typedef struct BhAuditCheck {
        uint64_t checked;      /* records that are as they were written, from the oldest */
        uint64_t first_bad_id; /* 0: all are */
        const char *problem;   /* static; a sentence; "" when all are */
} BhAuditCheck;

/* Checks all of it. Errors: as bh_database_errno(). Blocks for as long as that takes. */
int bh_audit_chain_verify(BhDatabase *database, const BhKey *key, BhAuditCheck *ret);
