/* SPDX-License-Identifier: MIT */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "charges.h"

/* How many bytes every owner uses, and which of them are promised to uploads and copies that are under way. The numbers
 * are kept in memory, where limits are checked, and in the table usage, which is written in the transaction that
 * records the change. Bytes are those of the files' sizes. Thread-safe; nothing here blocks on the disk unless it says
 * so. */

typedef struct BhQuota BhQuota;

/* total_limit: bytes of all owners together; 0: none. */
BhQuota *bh_quota_new(uint64_t total_limit);
void bh_quota_free(BhQuota *quota);

/* Promises bytes to an owner, whose own limit is owner_limit (0: none). Errors: -EDQUOT. */
int bh_quota_reserve(BhQuota *quota, const char *owner, uint64_t owner_limit, uint64_t bytes);

/* Gives a promise back. */
void bh_quota_release(BhQuota *quota, const char *owner, uint64_t bytes);

/* Checks and books charges, in exchange for a promise of reserved bytes to owner, in one step. Growth of the owner, and
 * in total, must fit the limits. On -EDQUOT nothing is booked and the promise stays. */
int bh_quota_charge(BhQuota *quota, const char *owner, uint64_t owner_limit, uint64_t reserved,
                    const BhCharges *charges);

/* Books charges without a check: of changes that may always be made, such as deleting, or undoing. */
void bh_quota_apply(BhQuota *quota, const BhCharges *charges);

typedef struct BhQuotaUsage {
        uint64_t used_bytes, trash_bytes, reserved_bytes;
} BhQuotaUsage;

BhQuotaUsage bh_quota_get(BhQuota *quota, const char *owner);
BhQuotaUsage bh_quota_get_total(BhQuota *quota);
uint64_t bh_quota_total_limit(BhQuota *quota);

/* Bytes that can still be promised to the owner; UINT64_MAX without limits. */
uint64_t bh_quota_available(BhQuota *quota, const char *owner, uint64_t owner_limit);

/* Whether more was taken away from an owner than was known of: then files have been put there behind the service's back, and the numbers are wrong. */
bool bh_quota_is_off(BhQuota *quota);

/* Replaces what is used by what was counted; promises stay. */
void bh_quota_replace(BhQuota *quota, const BhCharges *counted);

/* For BhDatabaseWork. The first adds charges to the table, the second replaces the table by them, the third reads the
 * table into them. Errors: those of bh_database_errno(). */
int bh_quota_write_charges(sqlite3 *db, const BhCharges *charges);
int bh_quota_write_all(sqlite3 *db, const BhCharges *charges);
int bh_quota_read_all(sqlite3 *db, BhCharges *ret);
