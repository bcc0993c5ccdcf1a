/* SPDX-License-Identifier: MIT */
#include "quota.h"

#include <errno.h>
#include <string.h>

#include "database.h"
#include "macro.h"

typedef struct Owner {
        char owner[BH_UUID_SIZE];
        int64_t used_bytes, trash_bytes; /* signed: changes behind the service's back can make what it takes away more
                                            than what it knew of */
        uint64_t reserved_bytes;
} Owner;

struct BhQuota {
        GMutex lock;
        GHashTable *owners; /* Owner, by its owner */
        Owner total;
        uint64_t total_limit;
        bool is_off;
};

BhQuota *bh_quota_new(uint64_t total_limit) {
        BhQuota *quota = g_new0(BhQuota, 1);

        g_mutex_init(&quota->lock);
        quota->owners = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
        quota->total_limit = total_limit;
        return quota;
}

void bh_quota_free(BhQuota *quota) {
        if (!quota)
                return;
        g_hash_table_unref(quota->owners);
        g_mutex_clear(&quota->lock);
        g_free(quota);
}

static Owner *get_owner(BhQuota *quota, const char *owner) {
        Owner *entry = g_hash_table_lookup(quota->owners, owner);

        if (!entry) {
                entry = g_new0(Owner, 1);
                g_strlcpy(entry->owner, owner, sizeof(entry->owner));
                g_hash_table_insert(quota->owners, entry->owner, entry);
        }
        return entry;
}

static uint64_t at_least_zero(int64_t bytes) {
        return bytes > 0 ? (uint64_t)bytes : 0;
}

/* What is left of a limit; UINT64_MAX without one. */
static uint64_t left_of(uint64_t limit, const Owner *owner) {
        if (limit == 0)
                return UINT64_MAX;
        uint64_t used = at_least_zero(owner->used_bytes);
        if (used >= limit || owner->reserved_bytes >= limit - used)
                return 0;
        return limit - used - owner->reserved_bytes;
}

/* Nobody has no limit of their own, whatever the caller says. */
static uint64_t available(BhQuota *quota, const Owner *owner, uint64_t owner_limit) {
        return MIN(left_of(owner->owner[0] ? owner_limit : 0, owner), left_of(quota->total_limit, &quota->total));
}

int bh_quota_reserve(BhQuota *quota, const char *owner, uint64_t owner_limit, uint64_t bytes) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&quota->lock);
        Owner *entry = get_owner(quota, owner);

        /* The second condition keeps sums of hostile sizes from wrapping around where there is no limit. */
        if (bytes > available(quota, entry, owner_limit) || bytes > (UINT64_MAX >> 1) - quota->total.reserved_bytes)
                return -EDQUOT;
        entry->reserved_bytes += bytes;
        quota->total.reserved_bytes += bytes;
        return 0;
}

static void release(BhQuota *quota, Owner *entry, uint64_t bytes) {
        g_assert(bytes <= entry->reserved_bytes);
        entry->reserved_bytes -= bytes;
        quota->total.reserved_bytes -= bytes;
}

void bh_quota_release(BhQuota *quota, const char *owner, uint64_t bytes) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&quota->lock);

        release(quota, get_owner(quota, owner), bytes);
}

static void apply(BhQuota *quota, const BhCharges *charges) {
        for (size_t i = 0; i < bh_charges_size(charges); i++) {
                const BhCharge *charge = bh_charges_at(charges, i);
                Owner *entry = get_owner(quota, charge->owner);

                entry->used_bytes += charge->used_bytes;
                entry->trash_bytes += charge->trash_bytes;
                if (entry->used_bytes < 0 || entry->trash_bytes < 0)
                        quota->is_off = true;
                quota->total.used_bytes += charge->used_bytes;
                quota->total.trash_bytes += charge->trash_bytes;
        }
}

int bh_quota_charge(BhQuota *quota, const char *owner, uint64_t owner_limit, uint64_t reserved,
                    const BhCharges *charges) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&quota->lock);
        Owner *entry = get_owner(quota, owner);
        int64_t growth = bh_charges_get(charges, owner).used_bytes, total_growth = bh_charges_total(charges);

        release(quota, entry, reserved);
        if ((growth > 0 && (uint64_t)growth > left_of(owner[0] ? owner_limit : 0, entry)) ||
            (total_growth > 0 && (uint64_t)total_growth > left_of(quota->total_limit, &quota->total))) {
                entry->reserved_bytes += reserved;
                quota->total.reserved_bytes += reserved;
                return -EDQUOT;
        }
        apply(quota, charges);
        return 0;
}

void bh_quota_apply(BhQuota *quota, const BhCharges *charges) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&quota->lock);

        apply(quota, charges);
}

static BhQuotaUsage usage_of(const Owner *owner) {
        return (BhQuotaUsage){
                .used_bytes = at_least_zero(owner->used_bytes),
                .trash_bytes = at_least_zero(owner->trash_bytes),
                .reserved_bytes = owner->reserved_bytes,
        };
}

BhQuotaUsage bh_quota_get(BhQuota *quota, const char *owner) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&quota->lock);
        const Owner *entry = g_hash_table_lookup(quota->owners, owner);

        return entry ? usage_of(entry) : (BhQuotaUsage){};
}

BhQuotaUsage bh_quota_get_total(BhQuota *quota) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&quota->lock);

        return usage_of(&quota->total);
}

uint64_t bh_quota_total_limit(BhQuota *quota) {
        return quota->total_limit;
}

uint64_t bh_quota_available(BhQuota *quota, const char *owner, uint64_t owner_limit) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&quota->lock);

        return available(quota, get_owner(quota, owner), owner_limit);
}

bool bh_quota_is_off(BhQuota *quota) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&quota->lock);

        return quota->is_off;
}

void bh_quota_replace(BhQuota *quota, const BhCharges *counted) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&quota->lock);
        GHashTableIter iter;
        void *value;

        g_hash_table_iter_init(&iter, quota->owners);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                Owner *entry = value;

                entry->used_bytes = entry->trash_bytes = 0;
        }
        quota->total.used_bytes = quota->total.trash_bytes = 0;
        apply(quota, counted);
        quota->is_off = false;
}

/* Runs sql once for each charge, with the owner and the two numbers bound. */
static int write_each(sqlite3 *db, const char *sql, const BhCharges *charges) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r = bh_database_prepare(db, &statement, sql);

        for (size_t i = 0; r >= 0 && i < bh_charges_size(charges); i++) {
                const BhCharge *charge = bh_charges_at(charges, i);

                if (charge->used_bytes == 0 && charge->trash_bytes == 0)
                        continue;
                sqlite3_bind_text(statement, 1, charge->owner, -1, SQLITE_STATIC);
                sqlite3_bind_int64(statement, 2, charge->used_bytes);
                sqlite3_bind_int64(statement, 3, charge->trash_bytes);
                r = bh_database_errno(db, sqlite3_step(statement));
                sqlite3_reset(statement);
        }
        return r;
}

int bh_quota_write_charges(sqlite3 *db, const BhCharges *charges) {
        if (bh_charges_size(charges) == 0)
                return 0;
        return write_each(
                db,
                "INSERT INTO usage (owner, used_bytes, trash_bytes) VALUES (?1, ?2, ?3) ON CONFLICT (owner) DO UPDATE "
                "SET "
                "used_bytes = used_bytes + excluded.used_bytes, trash_bytes = trash_bytes + excluded.trash_bytes",
                charges);
}

int bh_quota_write_all(sqlite3 *db, const BhCharges *charges) {
        int r = bh_database_errno(db, sqlite3_exec(db, "DELETE FROM usage", NULL, NULL, NULL));

        if (r < 0)
                return r;
        return write_each(db, "INSERT INTO usage (owner, used_bytes, trash_bytes) VALUES (?1, ?2, ?3)", charges);
}

int bh_quota_read_all(sqlite3 *db, BhCharges *ret) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int result, r;

        r = bh_database_prepare(db, &statement, "SELECT owner, used_bytes, trash_bytes FROM usage");
        if (r < 0)
                return r;
        while ((result = sqlite3_step(statement)) == SQLITE_ROW)
                bh_charges_add(ret, (const char *)sqlite3_column_text(statement, 0), sqlite3_column_int64(statement, 1),
                               sqlite3_column_int64(statement, 2));
        return bh_database_errno(db, result);
}
