/* SPDX-License-Identifier: MIT */

#include "user.h"

#include <errno.h>
#include <glib.h>

#include "audit.h"
#include "config.h"
#include "macro.h"
#include "user-private.h"

BhUsers *bh_users_new(const BhUsersConfig *config, BhDatabase *database, BhAccounts *accounts, BhSessions *sessions) {
        BhUsers *users = g_new0(BhUsers, 1);

        *users = (BhUsers){*config, database, accounts, sessions, NULL};
        users->being_deleted = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
        return users;
}

void bh_users_free(BhUsers *users) {
        if (!users)
                return;
        g_hash_table_unref(users->being_deleted);
        g_free(users);
}

static int conflict(BhFailure *failure, const char *message) {
        return bh_failure_set(failure, -EACCES, "Conflict", "%s", message);
}

static void audit_failure(BhUsers *users, const BhCaller *caller, const char *action, const char *target, int result,
                          const BhFailure *failure) {
        bh_audit_post(users->database, caller,
                      &(BhAudit){BH_AUDIT_SECURITY, action, target, result, failure->message, 0});
}

/* Rules ----------------------------------------------------------------------------------------------------------------------------------- */

static int check_quota(uint64_t quota_bytes, BhFailure *failure) {
        if (quota_bytes > INT64_MAX)
                return bh_failure_set(failure, -EINVAL, NULL, "A quota has at most %" G_GINT64_FORMAT " bytes",
                                      INT64_MAX);
        return 0;
}

static int check_uid(BhUsers *users, int64_t uid, BhFailure *failure) {
        if (uid < -1 || uid >= UINT32_MAX)
                return bh_failure_set(failure, -EINVAL, NULL, "%" G_GINT64_FORMAT " is not the number of a Unix user",
                                      uid);
        if (uid >= 0 && (uid_t)uid == users->config.forbidden_uid)
                return bh_failure_set(failure, -EINVAL, NULL, "The Unix user of the web bridge cannot have an account");
        return 0;
}

/* Whether name and uid are free for the account id (0: a new one). */
static int check_unique(BhUsers *users, uint64_t id, const char *username, int64_t uid, BhFailure *failure) {
        _cleanup_(bh_account_freep) BhAccount *namesake = NULL, *linked = NULL;

        namesake = bh_accounts_get_by_name(users->accounts, username);
        if (namesake && namesake->id != id)
                return bh_failure_set(failure, -EEXIST, NULL, "Username already exists");
        linked = uid >= 0 ? bh_accounts_get_by_uid(users->accounts, (uid_t)uid) : NULL;
        if (linked && linked->id != id)
                return bh_failure_set(failure, -EEXIST, NULL,
                                      "The Unix user %" G_GINT64_FORMAT " is linked to another account", uid);
        return 0;
}

/* The change lock is held. Whether the NAS would be without an active administrator if this one were none. */
static bool is_last_admin(BhUsers *users, const BhAccount *account) {
        return account->role == BH_ROLE_ADMIN && account->is_active &&
               bh_accounts_count(users->accounts).active_admins == 1;
}

/* Creating -------------------------------------------------------------------------------------------------------------------------------- */

static void bind_uid(sqlite3_stmt *statement, int index, int64_t uid) {
        if (uid >= 0)
                sqlite3_bind_int64(statement, index, uid);
        else
                sqlite3_bind_null(statement, index);
}

typedef struct Creation {
        const BhCaller *caller;
        BhAccount *account; /* its id is the result */
        const char *password_hash, *action;
} Creation;

static int write_creation(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        Creation *creation = userdata;
        BhAccount *account = creation->account;
        int r;

        r = bh_database_prepare(db, &statement,
                                "INSERT INTO accounts (owner, username, email, password_hash, role, is_active, "
                                "created_usec, quota_bytes, uid)"
                                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, account->owner);
        bh_statement_bind_text(statement, 2, account->username);
        bh_statement_bind_text(statement, 3, account->email);
        bh_statement_bind_text(statement, 4, creation->password_hash);
        bh_statement_bind_text(statement, 5, bh_role_to_string(account->role));
        sqlite3_bind_int(statement, 6, account->is_active);
        sqlite3_bind_int64(statement, 7, account->created_usec);
        sqlite3_bind_int64(statement, 8, (sqlite3_int64)account->quota_bytes);
        bind_uid(statement, 9, account->uid);
        r = bh_database_errno(db, sqlite3_step(statement));
        if (r < 0)
                return r;
        account->id = (uint64_t)sqlite3_last_insert_rowid(db);
        return bh_audit_append(db, creation->caller,
                               &(BhAudit){BH_AUDIT_SECURITY, creation->action, account->username, 0, NULL, 0});
}

static int check_new_user(BhUsers *users, const BhNewUser *new_user, BhNewUserKind kind, BhFailure *failure) {
        int r;

        r = bh_username_validate(new_user->username, failure);
        if (r < 0)
                return r;
        r = bh_email_validate(new_user->email ?: "", failure);
        if (r < 0)
                return r;
        r = check_quota(new_user->quota_bytes, failure);
        if (r < 0)
                return r;
        r = check_uid(users, new_user->uid, failure);
        if (r < 0)
                return r;
        return kind == BH_NEW_USER_SEED ? 0 : bh_password_validate(new_user->password, failure);
}

/* The change lock is held. */
static int create_locked(BhUsers *users, const BhCaller *caller, BhAccount *account, BhNewUserKind kind,
                         const char *password_hash, const char *action, BhFailure *failure) {
        int r;

        if (kind == BH_NEW_USER_FIRST_ADMIN && bh_accounts_count(users->accounts).admins > 0)
                return conflict(failure, "There is an administrator already");
        r = check_unique(users, 0, account->username, account->uid, failure);
        if (r < 0)
                return r;
        r = bh_database_write(users->database, write_creation, &(Creation){caller, account, password_hash, action});
        if (r < 0)
                return r;
        bh_accounts_put(users->accounts, bh_account_copy(account));
        return 0;
}

static BhAccount *account_from(const BhNewUser *new_user) {
        g_autofree char *owner = g_uuid_string_random();
        BhAccount *account = g_new0(BhAccount, 1);

        g_strlcpy(account->owner, owner, sizeof account->owner);
        account->username = g_strdup(new_user->username);
        account->email = g_strdup(new_user->email ?: "");
        account->role = new_user->role;
        account->is_active = new_user->is_active;
        account->created_usec = g_get_real_time();
        account->quota_bytes = new_user->quota_bytes;
        account->uid = new_user->uid;
        return account;
}

int bh_users_create(BhUsers *users, const BhCaller *caller, const BhNewUser *new_user, BhNewUserKind kind,
                    const char *action, BhFailure *failure, BhAccount **ret, char **ret_password_hash) {
        _cleanup_(bh_account_freep) BhAccount *account = NULL;
        g_autofree char *password_hash = NULL;
        int r;

        r = check_new_user(users, new_user, kind, failure);
        if (r >= 0)
                r = bh_password_hash(&users->config.cost, new_user->password, &password_hash);
        if (r >= 0) {
                account = account_from(new_user);
                bh_accounts_lock(users->accounts);
                r = create_locked(users, caller, account, kind, password_hash, action, failure);
                bh_accounts_unlock(users->accounts);
        }
        if (r < 0) {
                g_autofree char *target =
                        g_utf8_validate(new_user->username, -1, NULL) ? g_strdup(new_user->username) : NULL;

                audit_failure(users, caller, action, target, r, failure);
                return r;
        }
        if (ret_password_hash)
                *ret_password_hash = g_steal_pointer(&password_hash);
        *ret = g_steal_pointer(&account);
        return 0;
}

/* Updating -------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Update {
        const BhCaller *caller;
        const BhAccount *account;  /* as it shall be */
        const char *password_hash; /* NULL: as it was */
        bool end_sessions;
        const char *message;
} Update;

static int write_account(sqlite3 *db, const BhAccount *account, const char *password_hash) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(
                db, &statement,
                "UPDATE accounts SET username = ?, email = ?, role = ?, is_active = ?, quota_bytes = ?, uid = ?,"
                " password_hash = coalesce(?, password_hash) WHERE id = ?");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, account->username);
        bh_statement_bind_text(statement, 2, account->email);
        bh_statement_bind_text(statement, 3, bh_role_to_string(account->role));
        sqlite3_bind_int(statement, 4, account->is_active);
        sqlite3_bind_int64(statement, 5, (sqlite3_int64)account->quota_bytes);
        bind_uid(statement, 6, account->uid);
        bh_statement_bind_text(statement, 7, password_hash);
        sqlite3_bind_int64(statement, 8, (sqlite3_int64)account->id);
        return bh_database_errno(db, sqlite3_step(statement));
}

static int write_update(sqlite3 *db, void *userdata) {
        const Update *update = userdata;
        int r;

        r = write_account(db, update->account, update->password_hash);
        if (r < 0)
                return r;
        if (update->end_sessions) {
                r = bh_sessions_delete_rows(db, update->account->id, NULL);
                if (r < 0)
                        return r;
        }
        return bh_audit_append(
                db, update->caller,
                &(BhAudit){BH_AUDIT_SECURITY, "user-update", update->account->username, 0, update->message, 0});
}

/* What changed, for the audit trail; owned. */
static char *describe(const BhAccount *before, const BhAccount *after, bool new_password) {
        g_autoptr(GString) text = g_string_new(NULL);

        if (!g_str_equal(before->username, after->username))
                g_string_append_printf(text, "user name from %s, ", before->username);
        if (!g_str_equal(before->email, after->email))
                g_string_append(text, "e-mail address, ");
        if (new_password)
                g_string_append(text, "password, ");
        if (before->role != after->role)
                g_string_append_printf(text, "role to %s, ", bh_role_to_string(after->role));
        if (before->is_active != after->is_active)
                g_string_append(text, after->is_active ? "activated, " : "deactivated, ");
        if (before->quota_bytes != after->quota_bytes)
                g_string_append_printf(text, "quota to %" G_GUINT64_FORMAT " bytes, ", after->quota_bytes);
        if (before->uid != after->uid)
                g_string_append_printf(text, "Unix user to %" G_GINT64_FORMAT ", ", after->uid);
        if (text->len == 0)
                return g_strdup("Changed nothing");
        g_string_truncate(text, text->len - 2);
        return g_strdup_printf("Changed: %s", text->str);
}

static int check_changes(BhUsers *users, const BhUserChanges *changes, BhFailure *failure) {
        int r = 0;

        if (changes->username)
                r = bh_username_validate(changes->username, failure);
        if (r >= 0 && changes->email)
                r = bh_email_validate(changes->email, failure);
        if (r >= 0 && changes->password)
                r = bh_password_validate(changes->password, failure);
        if (r >= 0 && changes->has_quota_bytes)
                r = check_quota(changes->quota_bytes, failure);
        if (r >= 0 && changes->has_uid)
                r = check_uid(users, changes->uid, failure);
        return r;
}

static BhAccount *apply(const BhAccount *account, const BhUserChanges *changes) {
        BhAccount *changed = bh_account_copy(account);

        if (changes->username) {
                g_free(changed->username);
                changed->username = g_strdup(changes->username);
        }
        if (changes->email) {
                g_free(changed->email);
                changed->email = g_strdup(changes->email);
        }
        if (changes->has_role)
                changed->role = changes->role;
        if (changes->has_is_active)
                changed->is_active = changes->is_active;
        if (changes->has_quota_bytes)
                changed->quota_bytes = changes->quota_bytes;
        if (changes->has_uid)
                changed->uid = changes->uid;
        return changed;
}

static int check_powers(BhUsers *users, const BhCaller *caller, const BhAccount *before, const BhAccount *after,
                        BhFailure *failure) {
        bool loses = before->role == BH_ROLE_ADMIN && before->is_active &&
                     (after->role != BH_ROLE_ADMIN || !after->is_active);

        if (caller->user_id == before->id && before->is_active && !after->is_active)
                return conflict(failure, "Nobody deactivates their own account");
        if (caller->user_id == before->id && before->role == BH_ROLE_ADMIN && after->role != BH_ROLE_ADMIN)
                return conflict(failure, "Nobody demotes their own account");
        if (loses && is_last_admin(users, before))
                return conflict(failure, "The last active administrator has to stay one");
        return 0;
}

/* Writes the account as it shall be and makes memory follow; the change lock is held. */
static int store(BhUsers *users, Update *update) {
        int r;

        bh_sessions_lock(users->sessions);
        r = bh_database_write(users->database, write_update, update);
        if (r >= 0) {
                bh_accounts_put(users->accounts, bh_account_copy(update->account));
                if (update->end_sessions)
                        bh_sessions_forget(users->sessions, update->account->id, NULL);
        }
        bh_sessions_unlock(users->sessions);
        return r;
}

static int update_locked(BhUsers *users, const BhCaller *caller, uint64_t id, const BhUserChanges *changes,
                         const char *password_hash, BhFailure *failure, BhAccount **ret) {
        _cleanup_(bh_account_freep) BhAccount *before = NULL, *after = NULL;
        g_autofree char *message = NULL;
        int r;

        before = bh_accounts_get(users->accounts, id);
        if (!before)
                return bh_failure_set(failure, -ENOENT, NULL, "User not found");
        if (g_hash_table_contains(users->being_deleted, &id))
                return bh_failure_set(failure, -EBUSY, NULL, "This account is being deleted");
        after = apply(before, changes);
        r = check_unique(users, id, after->username, after->uid, failure);
        if (r < 0)
                return r;
        r = check_powers(users, caller, before, after, failure);
        if (r < 0)
                return r;
        message = describe(before, after, password_hash != NULL);
        r = store(users, &(Update){caller, after, password_hash,
                                   password_hash || (before->is_active && !after->is_active), message});
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&after);
        return 0;
}

/* Name of the account for the audit trail; owned. */
static char *name_of(BhUsers *users, uint64_t id) {
        _cleanup_(bh_account_freep) BhAccount *account = bh_accounts_get(users->accounts, id);

        return account ? g_strdup(account->username) : g_strdup_printf("user %" G_GUINT64_FORMAT, id);
}

int bh_users_update(BhUsers *users, const BhCaller *caller, uint64_t id, const BhUserChanges *changes,
                    BhFailure *failure, BhAccount **ret) {
        g_autofree char *password_hash = NULL;
        int r;

        r = check_changes(users, changes, failure);
        if (r >= 0 && changes->password)
                r = bh_password_hash(&users->config.cost, changes->password, &password_hash);
        if (r >= 0) {
                bh_accounts_lock(users->accounts);
                r = update_locked(users, caller, id, changes, password_hash, failure, ret);
                bh_accounts_unlock(users->accounts);
        }
        if (r < 0) {
                g_autofree char *target = name_of(users, id);

                audit_failure(users, caller, "user-update", target, r, failure);
        }
        return r;
}

/* Deleting -------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Deletion {
        const BhCaller *caller;
        const BhAccount *account;
        const char *message;
} Deletion;

static int write_deletion(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const Deletion *deletion = userdata;
        int r;

        r = bh_database_prepare(db, &statement, "DELETE FROM accounts WHERE id = ?");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)deletion->account->id);
        r = bh_database_errno(db, sqlite3_step(statement));
        if (r < 0)
                return r;
        return bh_audit_append(
                db, deletion->caller,
                &(BhAudit){BH_AUDIT_SECURITY, "user-delete", deletion->account->username, 0, deletion->message, 0});
}

/* Who gets the files: the caller, or the administrator that was there first. Owned; NULL when there is nobody. */
static BhAccount *find_heir(BhUsers *users, const BhCaller *caller, uint64_t id) {
        g_autoptr(GPtrArray) accounts = NULL;

        if (caller->user_id != 0)
                return bh_accounts_get(users->accounts, caller->user_id);
        accounts = bh_accounts_list(users->accounts);
        for (unsigned i = 0; i < accounts->len; i++) {
                const BhAccount *account = accounts->pdata[i];

                if (account->role == BH_ROLE_ADMIN && account->is_active && account->id != id)
                        return bh_account_copy(account);
        }
        return NULL;
}

/* First step, with the change lock: checks, and shuts the owner out, so that no file appears behind the one who gives them away. */
static int begin_deletion(BhUsers *users, const BhCaller *caller, uint64_t id, BhFailure *failure,
                          BhAccount **ret_account, BhAccount **ret_heir) {
        _cleanup_(bh_account_freep) BhAccount *account = NULL, *heir = NULL, *disabled = NULL;
        uint64_t *key;
        int r;

        account = bh_accounts_get(users->accounts, id);
        if (!account)
                return bh_failure_set(failure, -ENOENT, NULL, "User not found");
        if (caller->user_id == id)
                return conflict(failure, "Nobody deletes their own account");
        if (is_last_admin(users, account))
                return conflict(failure, "The last active administrator has to stay");
        if (g_hash_table_contains(users->being_deleted, &id))
                return bh_failure_set(failure, -EBUSY, NULL, "This account is being deleted already");
        heir = find_heir(users, caller, id);
        if (!heir)
                return conflict(failure, "There is no active administrator who could get the files");

        disabled = bh_account_copy(account);
        disabled->is_active = false;
        r = store(users, &(Update){caller, disabled, NULL, true, "Deactivated, to be deleted"});
        if (r < 0)
                return r;
        key = g_new(uint64_t, 1);
        *key = id;
        g_hash_table_add(users->being_deleted, key);
        *ret_account = g_steal_pointer(&account);
        *ret_heir = g_steal_pointer(&heir);
        return 0;
}

static int give_files_away(BhUsers *users, const BhCaller *caller, const BhAccount *account, const BhAccount *heir,
                           bool trash, BhFailure *failure) {
        int r;

        r = users->config.give_away(users->config.userdata, caller, account->owner, heir->owner, trash);
        if (r < 0)
                return bh_failure_set(failure, r, NULL, "The files of %s cannot be given away: %s", account->username,
                                      g_strerror(-r));
        return 0;
}

/* Last step, with the change lock again. */
static int finish_deletion(BhUsers *users, const BhCaller *caller, const BhAccount *account, const BhAccount *heir,
                           bool trash) {
        g_autofree char *message = NULL;
        int r;

        message = g_strdup_printf(trash ? "Files are in the trash of %s" : "Files are %s’s", heir->username);
        bh_sessions_lock(users->sessions);
        r = bh_database_write(users->database, write_deletion, &(Deletion){caller, account, message});
        if (r >= 0) {
                bh_accounts_remove(users->accounts, account->id);
                bh_sessions_forget(users->sessions, account->id, NULL);
        }
        bh_sessions_unlock(users->sessions);
        return r;
}

/* The account is as it was before, but for its sessions. */
static void undo_deletion(BhUsers *users, const BhCaller *caller, const BhAccount *account) {
        Update update = {caller, account, NULL, false, "As before, because it could not be deleted"};

        if (account->is_active)
                (void)store(users, &update); /* if that fails too it stays disabled, which the log says */
}

static int delete_account(BhUsers *users, const BhCaller *caller, uint64_t id, bool trash, BhFailure *failure) {
        _cleanup_(bh_account_freep) BhAccount *account = NULL, *heir = NULL;
        int r;

        bh_accounts_lock(users->accounts);
        r = begin_deletion(users, caller, id, failure, &account, &heir);
        bh_accounts_unlock(users->accounts);
        if (r < 0)
                return r;

        r = give_files_away(users, caller, account, heir, trash, failure);

        bh_accounts_lock(users->accounts);
        if (r >= 0)
                r = finish_deletion(users, caller, account, heir, trash);
        if (r < 0)
                undo_deletion(users, caller, account);
        g_hash_table_remove(users->being_deleted, &id);
        bh_accounts_unlock(users->accounts);
        return r;
}

int bh_users_delete(BhUsers *users, const BhCaller *caller, uint64_t id, bool trash, BhFailure *failure) {
        g_autofree char *target = name_of(users, id);
        int r;

        r = delete_account(users, caller, id, trash, failure);
        if (r < 0)
                audit_failure(users, caller, "user-delete", target, r, failure);
        return r;
}
