/* SPDX-License-Identifier: MIT */

#include "account.h"

#include <glib.h>
#include <string.h>

#include "macro.h"

struct BhAccounts {
        GMutex change;        /* see bh_accounts_lock() */
        GMutex lock;          /* of what follows; never held while anything blocks */
        GHashTable *by_id;    /* account->id → BhAccount, owned */
        GHashTable *by_owner; /* the same, not owned, as the next two */
        GHashTable *by_name;  /* lower-case name, owned */
        GHashTable *by_uid;   /* linked ones only */
        uint64_t generation;
};

void bh_account_free(BhAccount *account) {
        if (!account)
                return;
        g_free(account->username);
        g_free(account->email);
        g_free(account);
}

void bh_account_freep(BhAccount **account) {
        bh_account_free(*account);
}

BhAccount *bh_account_copy(const BhAccount *account) {
        BhAccount *copy = g_new(BhAccount, 1);

        *copy = *account;
        copy->username = g_strdup(account->username);
        copy->email = g_strdup(account->email);
        return copy;
}

const char *bh_role_to_string(BhRole role) {
        switch (role) {
        case BH_ROLE_ADMIN:
                return "admin";
        case BH_ROLE_USER:
                return "user";
        default:
                return "none";
        }
}

bool bh_role_from_string(const char *text, BhRole *ret) {
        if (g_str_equal(text, "admin"))
                *ret = BH_ROLE_ADMIN;
        else if (g_str_equal(text, "user"))
                *ret = BH_ROLE_USER;
        else
                return false;
        return true;
}

/* The keys are inside the accounts. */
static void insert(BhAccounts *accounts, BhAccount *account) {
        g_hash_table_insert(accounts->by_id, &account->id, account);
        g_hash_table_insert(accounts->by_owner, account->owner, account);
        g_hash_table_insert(accounts->by_name, g_ascii_strdown(account->username, -1), account);
        if (account->uid >= 0)
                g_hash_table_insert(accounts->by_uid, &account->uid, account);
}

static void drop(BhAccounts *accounts, uint64_t id) {
        BhAccount *account = g_hash_table_lookup(accounts->by_id, &id);
        g_autofree char *name = NULL;

        if (!account)
                return;
        name = g_ascii_strdown(account->username, -1);
        g_hash_table_remove(accounts->by_owner, account->owner);
        g_hash_table_remove(accounts->by_name, name);
        if (account->uid >= 0)
                g_hash_table_remove(accounts->by_uid, &account->uid);
        g_hash_table_remove(accounts->by_id, &id);
}

static int load(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        BhAccounts *accounts = userdata;
        int r;

        r = bh_database_prepare(
                db, &statement,
                "SELECT id, owner, username, email, role, is_active, created_usec, quota_bytes, uid FROM accounts");
        if (r < 0)
                return r;
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                BhAccount *account = g_new0(BhAccount, 1);

                account->id = (uint64_t)sqlite3_column_int64(statement, 0);
                g_strlcpy(account->owner, (const char *)sqlite3_column_text(statement, 1), sizeof account->owner);
                account->username = g_strdup((const char *)sqlite3_column_text(statement, 2));
                account->email = g_strdup((const char *)sqlite3_column_text(statement, 3));
                /* The table allows no other roles; should it ever, they may do the least. */
                if (!bh_role_from_string((const char *)sqlite3_column_text(statement, 4), &account->role))
                        account->role = BH_ROLE_USER;
                account->is_active = sqlite3_column_int(statement, 5) != 0;
                account->created_usec = sqlite3_column_int64(statement, 6);
                account->quota_bytes = (uint64_t)sqlite3_column_int64(statement, 7);
                account->uid =
                        sqlite3_column_type(statement, 8) == SQLITE_NULL ? -1 : sqlite3_column_int64(statement, 8);
                insert(accounts, account);
        }
        return bh_database_errno(db, r);
}

int bh_accounts_load(BhAccounts **ret, BhDatabase *database) {
        BhAccounts *accounts = g_new0(BhAccounts, 1);
        int r;

        g_mutex_init(&accounts->change);
        g_mutex_init(&accounts->lock);
        accounts->by_id = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, (GDestroyNotify)bh_account_free);
        accounts->by_owner = g_hash_table_new(g_str_hash, g_str_equal);
        accounts->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        accounts->by_uid = g_hash_table_new(g_int64_hash, g_int64_equal);
        r = bh_database_read(database, load, accounts);
        if (r < 0) {
                bh_accounts_free(accounts);
                return r;
        }
        *ret = accounts;
        return 0;
}

void bh_accounts_free(BhAccounts *accounts) {
        if (!accounts)
                return;
        g_hash_table_unref(accounts->by_uid);
        g_hash_table_unref(accounts->by_name);
        g_hash_table_unref(accounts->by_owner);
        g_hash_table_unref(accounts->by_id);
        g_mutex_clear(&accounts->lock);
        g_mutex_clear(&accounts->change);
        g_free(accounts);
}

static BhAccount *get(BhAccounts *accounts, GHashTable *table, const void *key) {
        BhAccount *account;

        g_mutex_lock(&accounts->lock);
        account = g_hash_table_lookup(table, key);
        if (account)
                account = bh_account_copy(account);
        g_mutex_unlock(&accounts->lock);
        return account;
}

BhAccount *bh_accounts_get(BhAccounts *accounts, uint64_t id) {
        return get(accounts, accounts->by_id, &id);
}

BhAccount *bh_accounts_get_by_owner(BhAccounts *accounts, const char *owner) {
        return get(accounts, accounts->by_owner, owner);
}

BhAccount *bh_accounts_get_by_name(BhAccounts *accounts, const char *username) {
        g_autofree char *name = g_ascii_strdown(username, -1);

        return get(accounts, accounts->by_name, name);
}

BhAccount *bh_accounts_get_by_uid(BhAccounts *accounts, uid_t uid) {
        int64_t key = uid;

        return get(accounts, accounts->by_uid, &key);
}

uint64_t bh_accounts_id_of_owner(BhAccounts *accounts, const char *owner) {
        BhAccount *account;
        uint64_t id;

        g_mutex_lock(&accounts->lock);
        account = g_hash_table_lookup(accounts->by_owner, owner);
        id = account ? account->id : 0;
        g_mutex_unlock(&accounts->lock);
        return id;
}

uint64_t bh_accounts_generation(BhAccounts *accounts) {
        uint64_t generation;

        g_mutex_lock(&accounts->lock);
        generation = accounts->generation;
        g_mutex_unlock(&accounts->lock);
        return generation;
}

static int compare_ids(gconstpointer a, gconstpointer b) {
        const BhAccount *first = *(BhAccount *const *)a, *second = *(BhAccount *const *)b;

        return (first->id > second->id) - (first->id < second->id);
}

GPtrArray *bh_accounts_list(BhAccounts *accounts) {
        GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)bh_account_free);
        GHashTableIter iter;
        gpointer account;

        g_mutex_lock(&accounts->lock);
        g_hash_table_iter_init(&iter, accounts->by_id);
        while (g_hash_table_iter_next(&iter, NULL, &account))
                g_ptr_array_add(list, bh_account_copy(account));
        g_mutex_unlock(&accounts->lock);
        g_ptr_array_sort(list, compare_ids);
        return list;
}

BhAccountCounts bh_accounts_count(BhAccounts *accounts) {
        BhAccountCounts counts = {};
        GHashTableIter iter;
        gpointer value;

        g_mutex_lock(&accounts->lock);
        g_hash_table_iter_init(&iter, accounts->by_id);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                const BhAccount *account = value;

                counts.all++;
                counts.admins += account->role == BH_ROLE_ADMIN;
                counts.active_admins += account->role == BH_ROLE_ADMIN && account->is_active;
        }
        g_mutex_unlock(&accounts->lock);
        return counts;
}

void bh_accounts_lock(BhAccounts *accounts) {
        g_mutex_lock(&accounts->change);
}

void bh_accounts_unlock(BhAccounts *accounts) {
        g_mutex_unlock(&accounts->change);
}

void bh_accounts_put(BhAccounts *accounts, BhAccount *account) {
        g_mutex_lock(&accounts->lock);
        drop(accounts, account->id);
        insert(accounts, account);
        accounts->generation++;
        g_mutex_unlock(&accounts->lock);
}

void bh_accounts_remove(BhAccounts *accounts, uint64_t id) {
        g_mutex_lock(&accounts->lock);
        drop(accounts, id);
        accounts->generation++;
        g_mutex_unlock(&accounts->lock);
}
