/* SPDX-License-Identifier: MIT */
#include "files-private.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/statvfs.h>

#include "log.h"
#include "macro.h"

/* The usage counters can be trusted after a clean stop only. Then the same random token is in the database and in the
 * storage; it is taken from the storage at the next start, before anything is written. A crash leaves none, and a
 * database or storage that was put back from a copy has another. */
#define CLEAN_SETTING "files.clean"
#define CLEAN_FILE "clean"

/* So many rows for refusals of one account in that time. */
#define REFUSALS 200
#define REFUSALS_SECONDS 60
#define REFUSALS_KEYS 1000

const BhCaller bh_files_nobody = {.role = BH_ROLE_ADMIN, .username = (char *)"baluhostd"};

static int read_clean_setting(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        char *token = userdata;
        int r = bh_database_prepare(db, &statement, "SELECT value FROM settings WHERE name = '" CLEAN_SETTING "'");

        if (r < 0)
                return r;
        int result = sqlite3_step(statement);
        if (result == SQLITE_ROW)
                g_strlcpy(token, (const char *)sqlite3_column_text(statement, 0), BH_STORAGE_ID_SIZE);
        return bh_database_errno(db, result);
}

static int write_clean_setting(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r = bh_database_prepare(db, &statement,
                                    "INSERT OR REPLACE INTO settings (name, value) VALUES ('" CLEAN_SETTING "', ?)");

        if (r < 0)
                return r;
        sqlite3_bind_text(statement, 1, userdata, -1, SQLITE_STATIC);
        return bh_database_errno(db, sqlite3_step(statement));
}

static int read_usage(sqlite3 *db, void *userdata) {
        return bh_quota_read_all(db, "", userdata);
}

/* Decides between loading the counters and counting anew. */
static int load_usage(BhFiles *files) {
        char setting[BH_STORAGE_ID_SIZE] = "", token[BH_STORAGE_ID_SIZE] = "";
        _cleanup_(bh_charges_clear) BhCharges charges = {};
        int r;

        r = bh_database_read(files->database, read_clean_setting, setting);
        if (r >= 0)
                r = bh_storage_read_token(&files->storage, CLEAN_FILE, token);
        if (r < 0)
                return r;
        files->is_recovering = !bh_storage_is_id(token) || strcmp(token, setting) != 0;
        files->is_new = !setting[0];
        if (files->is_recovering)
                return 0;
        r = bh_database_read(files->database, read_usage, &charges);
        if (r < 0)
                return r;
        bh_ledger_replace(files->ledger, &charges);
        return bh_storage_write_token(&files->storage, CLEAN_FILE, "");
}

int bh_files_open(BhFiles **ret, const BhFilesConfig *config, BhDatabase *database, BhAccounts *accounts,
                  char **reason) {
        BhStorage storage = BH_STORAGE_INIT;
        int r;

        signal(SIGIO, SIG_IGN); /* what the kernel sends when somebody opens a file on which there is a lease; would end
                                   the process */
        r = bh_storage_open(&storage, config->root, reason);
        if (r < 0)
                return r;

        BhFiles *files = g_new0(BhFiles, 1);
        files->storage = storage;
        files->database = database;
        files->accounts = accounts;
        files->quota = bh_quota_new();
        files->ledger = bh_ledger_open(files->quota, config->quota_bytes);
        files->sync = bh_sync_new();
        files->listings = bh_listings_new();
        files->versions = bh_versions_new();
        files->uploads = bh_uploads_new();
        files->refusals = bh_rate_limit_new(REFUSALS, REFUSALS_SECONDS, REFUSALS_KEYS);
        files->trash_days = config->trash_days;
        g_mutex_init(&files->names);
        g_mutex_init(&files->state_lock);
        g_cond_init(&files->state_changed);
        r = load_usage(files);
        /* After a clean stop only what the sweeper had not come to is left in staging. What a crash left, recovery removes. */
        files->sweeper = bh_sweeper_new(files->storage.staging_fd, r >= 0 && !files->is_recovering);
        if (r < 0) {
                *reason = g_strdup_printf("The usage of the storage cannot be read: %s", g_strerror(-r));
                files->is_lost = true;
                bh_files_free(files);
                return r;
        }
        *ret = files;
        return 0;
}

bool bh_files_is_recovering(BhFiles *files) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);

        return files->is_recovering && files->recovery_result == 0;
}

int bh_files_visit_count(const BhTreeItem *item, void *userdata) {
        if (S_ISREG(item->stat.st_mode))
                bh_charges_add(userdata, item->owner, item->stat.st_size, 0);
        return 0;
}

typedef struct Recovered {
        const BhCharges *charges;
        const char *message;
} Recovered;

static int write_recovered(sqlite3 *db, void *userdata) {
        const Recovered *recovered = userdata;
        int r = bh_quota_write_all(db, "", recovered->charges);

        if (r < 0)
                return r;
        return bh_audit_append(db, &bh_files_nobody,
                               &(BhAudit){.event_type = BH_AUDIT_SYSTEM,
                                          .action = "recover",
                                          .message = recovered->message,
                                          .size = (uint64_t)bh_charges_total(recovered->charges)});
}

static const char *recovery_reason(const BhFiles *files) {
        return files->is_new ? "The database has not known this storage yet" : "The last stop was not clean";
}

static int recover(BhFiles *files) {
        _cleanup_(bh_charges_clear) BhCharges charges = {};
        int r;

        bh_storage_empty_staging(&files->storage);
        r = bh_trash_reconcile(files, &charges);
        if (r >= 0)
                r = bh_tree_walk(files->storage.root_fd, "",
                                 BH_TREE_OWNERS | BH_TREE_SKIP_FOREIGN | BH_TREE_SKIP_RESERVED, &files->is_stopping,
                                 bh_files_visit_count, &charges);
        if (r < 0)
                return r;
        bh_ledger_replace(files->ledger, &charges);
        return bh_database_write(files->database, write_recovered,
                                 &(Recovered){.charges = &charges, .message = recovery_reason(files)});
}

int bh_files_recover(BhFiles *files) {
        if (!bh_files_is_recovering(files))
                return 0;
        bh_log_notice("Counting the usage of the storage: %s", recovery_reason(files));
        int r = recover(files);
        if (r < 0 && r != -ECANCELED)
                bh_log_error_errno(r, "Cannot count the usage of the storage; nothing can be written");

        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);
        files->is_recovering = r < 0;
        files->recovery_result = r;
        g_cond_broadcast(&files->state_changed);
        return r;
}

void bh_files_stop(BhFiles *files) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);

        __atomic_store_n(&files->is_stopping, true, __ATOMIC_RELAXED);
        g_cond_broadcast(&files->state_changed);
}

static int mark_clean(BhFiles *files) {
        char token[BH_STORAGE_ID_SIZE];
        int r;

        bh_storage_make_id(token);
        r = bh_database_write(files->database, write_clean_setting, token);
        if (r < 0)
                return r;
        return bh_storage_write_token(&files->storage, CLEAN_FILE, token);
}

void bh_files_free(BhFiles *files) {
        if (!files)
                return;
        bh_uploads_free(files, files->uploads);
        if (!files->is_recovering && !files->is_lost && !bh_ledger_is_off(files->ledger)) {
                int r = mark_clean(files);
                if (r < 0)
                        bh_log_warning_errno(r, "The next start will count the usage of the storage anew");
        }
        bh_sweeper_free(files->sweeper);
        bh_versions_free(files->versions);
        bh_listings_free(files->listings);
        bh_rate_limit_free(files->refusals);
        bh_sync_free(files->sync);
        bh_ledger_close(files->ledger);
        bh_quota_free(files->quota);
        g_cond_clear(&files->state_changed);
        g_mutex_clear(&files->state_lock);
        g_mutex_clear(&files->names);
        bh_storage_close(&files->storage);
        g_free(files);
}

int bh_files_check_health(BhFiles *files) {
        struct statvfs st;

        if (fstatvfs(files->storage.root_fd, &st) < 0)
                return -errno;
        if (st.f_flag & ST_RDONLY)
                return -EROFS;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);
        return files->recovery_result;
}

int bh_files_begin_change(BhFiles *files) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);

        while (files->is_recovering && !files->is_stopping && files->recovery_result == 0)
                g_cond_wait(&files->state_changed, &files->state_lock);
        if (!files->is_recovering)
                return 0;
        return files->recovery_result < 0 ? files->recovery_result : -ECANCELED;
}

typedef struct Record {
        const BhCaller *caller;
        const BhAudit *audit;
        const BhCharges *charges;
} Record;

static int write_record(sqlite3 *db, void *userdata) {
        const Record *record = userdata;
        int r = bh_audit_append(db, record->caller, record->audit);

        if (r >= 0 && record->charges)
                r = bh_quota_write_charges(db, "", record->charges);
        return r;
}

int bh_files_record(BhFiles *files, const BhCaller *caller, const BhAudit *audit, const BhCharges *charges) {
        return bh_database_write(files->database, write_record,
                                 &(Record){.caller = caller, .audit = audit, .charges = charges});
}

static int sync_all(BhFiles *files, const BhDurable *durable) {
        int r = durable->created ? bh_created_sync(files, durable->created) : 0;

        for (size_t i = 0; r >= 0 && i < durable->n_fds; i++)
                r = bh_sync_directory(files->sync, durable->fds[i]);
        return r;
}

/* The row stays, and one that says that it came to nothing follows. */
static void take_back_record(BhFiles *files, const BhDurable *durable, int error) {
        BhAudit audit = *durable->audit;

        audit.result = error;
        audit.message = "It could not be made durable, and was taken back";
        if (durable->charges)
                bh_charges_negate(durable->charges);
        int r = bh_files_record(files, durable->caller, &audit, durable->charges);
        if (durable->charges)
                bh_charges_negate(durable->charges);
        if (r < 0)
                bh_files_set_lost(files, r, audit.target);
}

int bh_files_make_durable(BhFiles *files, const BhDurable *durable) {
        Record record = {.caller = durable->caller, .audit = durable->audit, .charges = durable->charges};
        BhDatabaseTicket *ticket = bh_database_begin(files->database, write_record, &record);
        int synced = sync_all(files, durable), recorded = bh_database_end(files->database, ticket);

        if (recorded < 0)
                return recorded;
        if (synced < 0)
                take_back_record(files, durable, synced);
        return synced;
}

static bool is_worth_a_row(int r) {
        switch (-r) {
        case ENOENT: /* nothing was asked of anything */
        case EEXIST:
        case EILSEQ:
        case EINVAL:
        case ENOTDIR:
        case EISDIR:
        case ESTALE:
        case ECANCELED:
        case EAGAIN:
        case EBUSY:
                return false;
        }
        return r < 0;
}

int bh_files_refuse(BhFiles *files, const BhCaller *caller, const char *event_type, const char *action,
                    const char *target, int r) {
        char key[32];
        uint64_t retry_seconds;

        if (!is_worth_a_row(r))
                return r;
        g_snprintf(key, sizeof(key), "%" G_GUINT64_FORMAT, caller->user_id);
        if (!bh_rate_limit_take(files->refusals, key, g_get_monotonic_time(), &retry_seconds))
                return r;
        bh_audit_post(files->database, caller,
                      &(BhAudit){.event_type = event_type,
                                 .action = action,
                                 .target = target,
                                 .result = r,
                                 .message = r == -EXDEV ? "It is outside of the storage" : g_strerror(-r)});
        return r;
}

uint64_t bh_files_quota_of(BhFiles *files, const char *owner) {
        BhAccount *account = owner[0] ? bh_accounts_get_by_owner(files->accounts, owner) : NULL;
        uint64_t quota = account ? account->quota_bytes : 0;

        if (account)
                bh_account_free(account);
        return quota;
}

void bh_files_set_lost(BhFiles *files, int error, const char *what) {
        bh_log_error_errno(error,
                           "Cannot undo after a failure: “%s”. The next start will count the usage of the storage anew",
                           what);
        __atomic_store_n(&files->is_lost, true, __ATOMIC_RELAXED);
}
