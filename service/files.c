/* SPDX-License-Identifier: MIT */
#include "files-private.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/statvfs.h>

#include "log.h"
#include "macro.h"

/* Detaching a pool waits so long for calls that are under way. */
#define DETACH_USEC (10 * BH_USEC_PER_SEC)

/* So many rows for refusals of one account in that time. */
#define REFUSALS 200
#define REFUSALS_SECONDS 60
#define REFUSALS_KEYS 1000

const BhCaller bh_files_nobody = {.role = BH_ROLE_ADMIN, .username = (char *)"baluhostd"};

static BhFiles *files_new(const BhFilesConfig *config, BhDatabase *database, BhAccounts *accounts) {
        BhFiles *files = g_new0(BhFiles, 1);

        files->database = database;
        files->accounts = accounts;
        files->quota = bh_quota_new();
        files->sync = bh_sync_new();
        files->listings = bh_listings_new();
        files->versions = bh_versions_new();
        files->uploads = bh_uploads_new();
        files->refusals = bh_rate_limit_new(REFUSALS, REFUSALS_SECONDS, REFUSALS_KEYS);
        files->trash_days = config->trash_days;
        files->detach_usec = DETACH_USEC;
        files->pools = g_ptr_array_new();
        g_mutex_init(&files->pools_lock);
        g_mutex_init(&files->state_lock);
        g_cond_init(&files->state_changed);
        files->main = bh_root_new(files, "");
        return files;
}

int bh_files_open(BhFiles **ret, const BhFilesConfig *config, BhDatabase *database, BhAccounts *accounts,
                  char **reason) {
        BhFiles *files = files_new(config, database, accounts);
        int r;

        signal(SIGIO, SIG_IGN); /* what the kernel sends when somebody opens a file on which there is a lease; would end
                                   the process */
        r = bh_root_open(files->main, config->root, NULL, config->quota_bytes, reason);
        if (r < 0) {
                bh_files_free(files);
                return r;
        }
        files->main->state = r > 0 ? BH_ROOT_COUNTING : BH_ROOT_READY;
        *ret = files;
        return 0;
}

bool bh_files_is_recovering(BhFiles *files) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);

        return files->main->state == BH_ROOT_COUNTING && files->main->recovery_result == 0;
}

int bh_files_visit_count(const BhTreeItem *item, void *userdata) {
        if (S_ISREG(item->stat.st_mode))
                bh_charges_add(userdata, item->owner, item->stat.st_size, 0);
        return 0;
}

int bh_files_recover(BhFiles *files) {
        if (!bh_files_is_recovering(files))
                return 0;
        int r = bh_root_count(files->main);
        if (r < 0 && r != -ECANCELED)
                bh_log_error_errno(r, "Cannot count the usage of the storage; nothing can be written");

        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);
        if (r >= 0)
                files->main->state = BH_ROOT_READY;
        files->main->recovery_result = r;
        g_cond_broadcast(&files->state_changed);
        return r;
}

static void stop_root(BhRoot *root) {
        __atomic_store_n(&root->is_stopping, true, __ATOMIC_RELAXED);
}

void bh_files_stop(BhFiles *files) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);

        files->is_stopping = true;
        stop_root(files->main);
        for (size_t i = 0; i < files->pools->len; i++)
                stop_root(g_ptr_array_index(files->pools, i));
        g_cond_broadcast(&files->state_changed);
}

void bh_files_free(BhFiles *files) {
        if (!files)
                return;
        bh_uploads_free(files, files->uploads);
        bh_files_detach_all(files);
        if (files->main->state != BH_ROOT_ABSENT) {
                bh_root_close(files->main);
                files->main->state = BH_ROOT_ABSENT;
        }
        bh_root_free(files->main);
        g_ptr_array_unref(files->pools);
        bh_versions_free(files->versions);
        bh_listings_free(files->listings);
        bh_rate_limit_free(files->refusals);
        bh_sync_free(files->sync);
        bh_quota_free(files->quota);
        g_cond_clear(&files->state_changed);
        g_mutex_clear(&files->state_lock);
        g_mutex_clear(&files->pools_lock);
        g_free(files);
}

int bh_files_check_health(BhFiles *files) {
        struct statvfs st;

        if (fstatvfs(files->main->storage.root_fd, &st) < 0)
                return -errno;
        if (st.f_flag & ST_RDONLY)
                return -EROFS;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);
        return files->main->recovery_result;
}

int bh_files_begin_change(BhFiles *files, const char *text, BhPlace *ret) {
        int r = bh_place_find(files, text, ret);

        if (r >= 0)
                r = bh_root_begin_change(ret->root);
        return r;
}

typedef struct Record {
        const BhRoot *root;
        const BhCaller *caller;
        const BhAudit *audit;
        const BhCharges *charges;
} Record;

static int write_record(sqlite3 *db, void *userdata) {
        const Record *record = userdata;
        int r = bh_audit_append(db, record->caller, record->audit);

        if (r >= 0 && record->charges)
                r = bh_quota_write_charges(db, record->root->id, record->charges);
        return r;
}

int bh_files_record(BhRoot *root, const BhCaller *caller, const BhAudit *audit, const BhCharges *charges) {
        return bh_database_write(root->files->database, write_record,
                                 &(Record){.root = root, .caller = caller, .audit = audit, .charges = charges});
}

static int sync_all(BhFiles *files, const BhDurable *durable) {
        int r = durable->created ? bh_created_sync(files, durable->created) : 0;

        for (size_t i = 0; r >= 0 && i < durable->n_fds; i++)
                r = bh_sync_directory(files->sync, durable->fds[i]);
        return r;
}

/* The row stays, and one that says that it came to nothing follows. */
static void take_back_record(BhRoot *root, const BhDurable *durable, int error) {
        BhAudit audit = *durable->audit;

        audit.result = error;
        audit.message = "It could not be made durable, and was taken back";
        if (durable->charges)
                bh_charges_negate(durable->charges);
        int r = bh_files_record(root, durable->caller, &audit, durable->charges);
        if (durable->charges)
                bh_charges_negate(durable->charges);
        if (r < 0)
                bh_root_set_lost(root, r, audit.target);
}

int bh_files_make_durable(BhRoot *root, const BhDurable *durable) {
        BhFiles *files = root->files;
        Record record = {.root = root, .caller = durable->caller, .audit = durable->audit, .charges = durable->charges};
        BhDatabaseTicket *ticket = bh_database_begin(files->database, write_record, &record);
        int synced = sync_all(files, durable), recorded = bh_database_end(files->database, ticket);

        if (recorded < 0)
                return recorded;
        if (synced < 0)
                take_back_record(root, durable, synced);
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
        case ENODEV:
                return false;
        }
        return r < 0;
}

int bh_files_refuse(BhFiles *files, const BhCaller *caller, const char *event_type, const char *action,
                    const char *target, int r) {
        char key[32];
        uint64_t retry_seconds;

        if (r == -ESHUTDOWN || r == -ENXIO || r == -EUCLEAN) /* what a filesystem says whose disk is gone */
                r = -EIO;
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
