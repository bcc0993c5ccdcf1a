/* SPDX-License-Identifier: MIT */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "charges.h"

/* How many bytes every owner uses, and which of them are promised to uploads and copies that are under way. Each storage
 * root has a ledger of its own, with a limit of its own; the limit of an owner counts all ledgers together. The numbers
 * are kept in memory, where limits are checked, and in the table usage, which is written in the transaction that
 * records the change. Bytes are those of the files' sizes. Thread-safe; nothing here blocks on the disk unless it says
 * so. */

typedef struct BhQuota BhQuota;   /* all of them */
typedef struct BhLedger BhLedger; /* what is used and promised in one storage root */

BhQuota *bh_quota_new(void);

/* Not before all ledgers are closed. NULL is fine. */
void bh_quota_free(BhQuota *quota);

/* A new ledger in which nothing is used. limit: bytes of all owners in it; 0: none. */
BhLedger *bh_ledger_open(BhQuota *quota, uint64_t limit);

/* What is used in it is not counted any more. There must be no promises left. NULL is fine. */
void bh_ledger_close(BhLedger *ledger);

/* Promises bytes to an owner, whose own limit is owner_limit (0: none). Errors: -EDQUOT. */
int bh_ledger_reserve(BhLedger *ledger, const char *owner, uint64_t owner_limit, uint64_t bytes);

/* Gives a promise back. */
void bh_ledger_release(BhLedger *ledger, const char *owner, uint64_t bytes);

/* Checks and books charges, in exchange for a promise of reserved bytes to owner, in one step. Growth of the owner, and
 * of the whole ledger, must fit the limits. On -EDQUOT nothing is booked and the promise stays. */
int bh_ledger_charge(BhLedger *ledger, const char *owner, uint64_t owner_limit, uint64_t reserved,
                     const BhCharges *charges);

/* Books charges without a check: of changes that may always be made, such as deleting, or undoing. */
void bh_ledger_apply(BhLedger *ledger, const BhCharges *charges);

/* Replaces what is used by what was counted; promises stay. */
void bh_ledger_replace(BhLedger *ledger, const BhCharges *counted);

/* Whether more was taken away from an owner than was known of: then files have been put there behind the service's back,
 * and the numbers are wrong. */
bool bh_ledger_is_off(BhLedger *ledger);

uint64_t bh_ledger_limit(const BhLedger *ledger);

/* Bytes that can still be promised to the owner; UINT64_MAX without limits. */
uint64_t bh_ledger_available(BhLedger *ledger, const char *owner, uint64_t owner_limit);

typedef struct BhQuotaUsage {
        uint64_t used_bytes, trash_bytes, reserved_bytes;
} BhQuotaUsage;

/* Of an owner, everywhere; of all owners in a ledger; and of all everywhere. */
BhQuotaUsage bh_quota_get(BhQuota *quota, const char *owner);
BhQuotaUsage bh_ledger_get_total(BhLedger *ledger);
BhQuotaUsage bh_quota_get_total(BhQuota *quota);

/* For BhDatabaseWork. root: id of the storage root, "" for the main one. The first adds charges to the root's rows of the
 * table, the second replaces those rows by them, the third reads them. Errors: those of bh_database_errno(). */
int bh_quota_write_charges(sqlite3 *db, const char *root, const BhCharges *charges);
int bh_quota_write_all(sqlite3 *db, const char *root, const BhCharges *charges);
int bh_quota_read_all(sqlite3 *db, const char *root, BhCharges *ret);
