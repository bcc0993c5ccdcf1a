/* SPDX-License-Identifier: MIT */
#include "quota.h"

#include <errno.h>
#include <string.h>

#include "database.h"
#include "macro.h"

/* Signed: changes behind the service's back can make what it takes away more than what it knew of. */
typedef struct Used {
        char owner[BH_UUID_SIZE];
        int64_t used_bytes, trash_bytes;
} Used;

/* An owner, or all of them. */
typedef struct Account {
        Used used;
        uint64_t reserved_bytes;
} Account;

struct BhQuota {
        GMutex lock;
        GHashTable *owners; /* Account, by its owner: the sum over the ledgers */
        Account total;
        unsigned n_ledgers;
};

struct BhLedger {
        BhQuota *quota;
        GHashTable *owners; /* Used, by its owner */
        Account total;
        uint64_t limit;
        bool is_off;
};

BhQuota *bh_quota_new(void) {
        BhQuota *quota = g_new0(BhQuota, 1);

        g_mutex_init(&quota->lock);
        quota->owners = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
        return quota;
}

void bh_quota_free(BhQuota *quota) {
        if (!quota)
                return;
        g_assert(quota->n_ledgers == 0);
        g_hash_table_unref(quota->owners);
        g_mutex_clear(&quota->lock);
        g_free(quota);
}

BhLedger *bh_ledger_open(BhQuota *quota, uint64_t limit) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&quota->lock);
        BhLedger *ledger = g_new0(BhLedger, 1);

        ledger->quota = quota;
        ledger->owners = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
        ledger->limit = limit;
        quota->n_ledgers++;
        return ledger;
}

static Account *get_account(BhQuota *quota, const char *owner) {
        Account *account = g_hash_table_lookup(quota->owners, owner);

        if (!account) {
                account = g_new0(Account, 1);
                g_strlcpy(account->used.owner, owner, sizeof(account->used.owner));
                g_hash_table_insert(quota->owners, account->used.owner, account);
        }
        return account;
}

static Used *get_used(BhLedger *ledger, const char *owner) {
        Used *used = g_hash_table_lookup(ledger->owners, owner);

        if (!used) {
                used = g_new0(Used, 1);
                g_strlcpy(used->owner, owner, sizeof(used->owner));
                g_hash_table_insert(ledger->owners, used->owner, used);
        }
        return used;
}

static void add(Used *used, int64_t used_bytes, int64_t trash_bytes) {
        used->used_bytes += used_bytes;
        used->trash_bytes += trash_bytes;
}

static void apply_one(BhLedger *ledger, const char *owner, int64_t used_bytes, int64_t trash_bytes) {
        Used *used = get_used(ledger, owner);

        add(used, used_bytes, trash_bytes);
        if (used->used_bytes < 0 || used->trash_bytes < 0)
                ledger->is_off = true;
        add(&ledger->total.used, used_bytes, trash_bytes);
        add(&get_account(ledger->quota, owner)->used, used_bytes, trash_bytes);
        add(&ledger->quota->total.used, used_bytes, trash_bytes);
}

static void apply(BhLedger *ledger, const BhCharges *charges) {
        for (size_t i = 0; i < bh_charges_size(charges); i++) {
                const BhCharge *charge = bh_charges_at(charges, i);

                apply_one(ledger, charge->owner, charge->used_bytes, charge->trash_bytes);
        }
}

/* Takes away all that is used. */
static void empty(BhLedger *ledger) {
        GHashTableIter iter;
        void *value;

        g_hash_table_iter_init(&iter, ledger->owners);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const Used *used = value;

                apply_one(ledger, used->owner, -used->used_bytes, -used->trash_bytes);
        }
        ledger->is_off = false;
}

void bh_ledger_close(BhLedger *ledger) {
        if (!ledger)
                return;
        g_mutex_lock(&ledger->quota->lock);
        g_assert(ledger->total.reserved_bytes == 0);
        empty(ledger);
        ledger->quota->n_ledgers--;
        g_mutex_unlock(&ledger->quota->lock);
        g_hash_table_unref(ledger->owners);
        g_free(ledger);
}

static uint64_t at_least_zero(int64_t bytes) {
        return bytes > 0 ? (uint64_t)bytes : 0;
}

/* What is left of a limit; UINT64_MAX without one. */
static uint64_t left_of(uint64_t limit, const Account *account) {
        if (limit == 0)
                return UINT64_MAX;
        uint64_t used = at_least_zero(account->used.used_bytes);
        if (used >= limit || account->reserved_bytes >= limit - used)
                return 0;
        return limit - used - account->reserved_bytes;
}

/* Nobody has no limit of their own, whatever the caller says. */
static uint64_t available(const BhLedger *ledger, const Account *account, uint64_t owner_limit) {
        return MIN(left_of(account->used.owner[0] ? owner_limit : 0, account), left_of(ledger->limit, &ledger->total));
}

static void promise(BhLedger *ledger, Account *account, uint64_t bytes) {
        account->reserved_bytes += bytes;
        ledger->total.reserved_bytes += bytes;
        ledger->quota->total.reserved_bytes += bytes;
}

static void take_back(BhLedger *ledger, Account *account, uint64_t bytes) {
        g_assert(bytes <= account->reserved_bytes && bytes <= ledger->total.reserved_bytes);
        account->reserved_bytes -= bytes;
        ledger->total.reserved_bytes -= bytes;
        ledger->quota->total.reserved_bytes -= bytes;
}

int bh_ledger_reserve(BhLedger *ledger, const char *owner, uint64_t owner_limit, uint64_t bytes) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&ledger->quota->lock);
        Account *account = get_account(ledger->quota, owner);

        /* The second condition keeps sums of hostile sizes from wrapping around where there is no limit. */
        if (bytes > available(ledger, account, owner_limit) ||
            bytes > (UINT64_MAX >> 1) - ledger->quota->total.reserved_bytes)
                return -EDQUOT;
        promise(ledger, account, bytes);
        return 0;
}

void bh_ledger_release(BhLedger *ledger, const char *owner, uint64_t bytes) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&ledger->quota->lock);

        take_back(ledger, get_account(ledger->quota, owner), bytes);
}

int bh_ledger_charge(BhLedger *ledger, const char *owner, uint64_t owner_limit, uint64_t reserved,
                     const BhCharges *charges) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&ledger->quota->lock);
        Account *account = get_account(ledger->quota, owner);
        int64_t growth = bh_charges_get(charges, owner).used_bytes, total_growth = bh_charges_total(charges);

        take_back(ledger, account, reserved);
        if ((growth > 0 && (uint64_t)growth > left_of(owner[0] ? owner_limit : 0, account)) ||
            (total_growth > 0 && (uint64_t)total_growth > left_of(ledger->limit, &ledger->total))) {
                promise(ledger, account, reserved);
                return -EDQUOT;
        }
        apply(ledger, charges);
        return 0;
}

void bh_ledger_apply(BhLedger *ledger, const BhCharges *charges) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&ledger->quota->lock);

        apply(ledger, charges);
}

void bh_ledger_replace(BhLedger *ledger, const BhCharges *counted) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&ledger->quota->lock);

        empty(ledger);
        apply(ledger, counted);
        ledger->is_off = false;
}

bool bh_ledger_is_off(BhLedger *ledger) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&ledger->quota->lock);

        return ledger->is_off;
}

uint64_t bh_ledger_limit(const BhLedger *ledger) {
        return ledger->limit;
}

uint64_t bh_ledger_available(BhLedger *ledger, const char *owner, uint64_t owner_limit) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&ledger->quota->lock);

        return available(ledger, get_account(ledger->quota, owner), owner_limit);
}

static BhQuotaUsage usage_of(const Account *account) {
        return (BhQuotaUsage){
                .used_bytes = at_least_zero(account->used.used_bytes),
                .trash_bytes = at_least_zero(account->used.trash_bytes),
                .reserved_bytes = account->reserved_bytes,
        };
}

BhQuotaUsage bh_quota_get(BhQuota *quota, const char *owner) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&quota->lock);
        const Account *account = g_hash_table_lookup(quota->owners, owner);

        return account ? usage_of(account) : (BhQuotaUsage){};
}

BhQuotaUsage bh_ledger_get_total(BhLedger *ledger) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&ledger->quota->lock);

        return usage_of(&ledger->total);
}

BhQuotaUsage bh_quota_get_total(BhQuota *quota) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&quota->lock);

        return usage_of(&quota->total);
}

/* Runs sql once for each charge, with the root, the owner and the two numbers bound. */
static int write_each(sqlite3 *db, const char *sql, const char *root, const BhCharges *charges) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r = bh_database_prepare(db, &statement, sql);

        for (size_t i = 0; r >= 0 && i < bh_charges_size(charges); i++) {
                const BhCharge *charge = bh_charges_at(charges, i);

                if (charge->used_bytes == 0 && charge->trash_bytes == 0)
                        continue;
                bh_statement_bind_text(statement, 1, root);
                bh_statement_bind_text(statement, 2, charge->owner);
                sqlite3_bind_int64(statement, 3, charge->used_bytes);
                sqlite3_bind_int64(statement, 4, charge->trash_bytes);
                r = bh_database_errno(db, sqlite3_step(statement));
                sqlite3_reset(statement);
        }
        return r;
}

int bh_quota_write_charges(sqlite3 *db, const char *root, const BhCharges *charges) {
        if (bh_charges_size(charges) == 0)
                return 0;
        return write_each(db,
                          "INSERT INTO usage (root, owner, used_bytes, trash_bytes) VALUES (?1, ?2, ?3, ?4) "
                          "ON CONFLICT (root, owner) DO UPDATE SET used_bytes = used_bytes + excluded.used_bytes, "
                          "trash_bytes = trash_bytes + excluded.trash_bytes",
                          root, charges);
}

int bh_quota_write_all(sqlite3 *db, const char *root, const BhCharges *charges) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r = bh_database_prepare(db, &statement, "DELETE FROM usage WHERE root = ?");

        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, root);
        r = bh_database_errno(db, sqlite3_step(statement));
        if (r < 0)
                return r;
        return write_each(db, "INSERT INTO usage (root, owner, used_bytes, trash_bytes) VALUES (?1, ?2, ?3, ?4)", root,
                          charges);
}

int bh_quota_read_all(sqlite3 *db, const char *root, BhCharges *ret) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int result, r;

        r = bh_database_prepare(db, &statement, "SELECT owner, used_bytes, trash_bytes FROM usage WHERE root = ?");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, root);
        while ((result = sqlite3_step(statement)) == SQLITE_ROW)
                bh_charges_add(ret, (const char *)sqlite3_column_text(statement, 0), sqlite3_column_int64(statement, 1),
                               sqlite3_column_int64(statement, 2));
        return bh_database_errno(db, result);
}
