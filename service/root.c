/* SPDX-License-Identifier: MIT */
#include "root.h"

#include <errno.h>
#include <string.h>

#include "files-private.h"
#include "log.h"
#include "macro.h"

/* The usage counters can be trusted after a clean stop only. Then the same random token is in the database and in the
 * storage; it is taken from the storage at the next start, before anything is written. A crash leaves none, and a
 * database or storage that was put back from a copy has another. */
#define CLEAN_FILE "clean"

BhRoot *bh_root_new(BhFiles *files, const char *name) {
        BhRoot *root = g_new0(BhRoot, 1);

        root->files = files;
        root->name = g_strdup(name);
        root->key = bh_listing_key(name);
        root->id = g_strdup("");
        root->storage = BH_STORAGE_INIT;
        g_mutex_init(&root->names);
        root->surveys = g_ptr_array_new();
        return root;
}

void bh_root_free(BhRoot *root) {
        if (!root)
                return;
        g_assert(root->state == BH_ROOT_ABSENT && !bh_root_is_held(root));
        g_ptr_array_unref(root->surveys);
        g_mutex_clear(&root->names);
        g_free(root->name);
        g_free(root->key);
        g_free(root->id);
        g_free(root);
}

/* Of the clean stop. Free with g_free(). */
static char *setting_name(const BhRoot *root) {
        return bh_root_is_main(root) ? g_strdup("files.clean") : g_strconcat("files.clean.", root->id, NULL);
}

/* What the database knows of the root, or is to know. */
typedef struct Known {
        const BhRoot *root;
        char token[BH_STORAGE_ID_SIZE];
        BhCharges charges;
        const char *message;
} Known;

static int read_known(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        Known *known = userdata;
        g_autofree char *name = setting_name(known->root);
        int r = bh_database_prepare(db, &statement, "SELECT value FROM settings WHERE name = ?");

        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, name);
        int result = sqlite3_step(statement);
        if (result == SQLITE_ROW)
                g_strlcpy(known->token, (const char *)sqlite3_column_text(statement, 0), sizeof(known->token));
        r = bh_database_errno(db, result);
        return r < 0 ? r : bh_quota_read_all(db, known->root->id, &known->charges);
}

static int write_token(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const Known *known = userdata;
        g_autofree char *name = setting_name(known->root);
        int r = bh_database_prepare(db, &statement, "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)");

        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, name);
        bh_statement_bind_text(statement, 2, known->token);
        return bh_database_errno(db, sqlite3_step(statement));
}

static const char *recovery_reason(const BhRoot *root) {
        return root->is_new ? "The database has not known this storage yet" : "The last stop was not clean";
}

/* Decides between trusting the counters and counting anew; until that is done, the old numbers are better than none. */
static int load_usage(BhRoot *root) {
        char token[BH_STORAGE_ID_SIZE] = "";
        Known known = {.root = root};
        int r;

        r = bh_database_read(root->files->database, read_known, &known);
        if (r >= 0)
                r = bh_storage_read_token(&root->storage, CLEAN_FILE, token);
        if (r >= 0) {
                bh_ledger_replace(root->ledger, &known.charges);
                root->is_new = !known.token[0];
                if (bh_storage_is_id(token) && strcmp(token, known.token) == 0)
                        r = bh_storage_write_token(&root->storage, CLEAN_FILE, "");
                else
                        r = 1;
        }
        bh_charges_clear(&known.charges);
        return r;
}

/* All that bh_root_open() opened. */
static void close_all(BhRoot *root) {
        bh_sweeper_free(g_steal_pointer(&root->sweeper));
        bh_ledger_close(g_steal_pointer(&root->ledger));
        bh_storage_close(&root->storage);
}

int bh_root_open(BhRoot *root, const char *path, const BhStorageMark *mark, uint64_t limit, char **reason) {
        int r = bh_storage_open(&root->storage, path, mark, reason);

        if (r < 0)
                return r;
        root->serial = bh_files_next_serial(root->files);
        root->is_lost = false;
        root->recovery_result = 0;
        root->ledger = bh_ledger_open(root->files->quota, limit);
        r = load_usage(root);
        if (r < 0) {
                *reason = g_strdup_printf("The usage of the storage cannot be read: %s", g_strerror(-r));
                close_all(root);
                return r;
        }
        /* After a clean stop only what the sweeper had not come to is left in staging. What a crash left, counting removes. */
        root->is_counted = r == 0;
        root->sweeper = bh_sweeper_new(root->storage.staging_fd, r == 0);
        return r;
}

static int write_counted(sqlite3 *db, void *userdata) {
        const Known *known = userdata;
        int r = bh_quota_write_all(db, known->root->id, &known->charges);

        if (r < 0)
                return r;
        return bh_audit_append(db, &bh_files_nobody,
                               &(BhAudit){.event_type = BH_AUDIT_SYSTEM,
                                          .action = "recover",
                                          .target = bh_root_is_main(known->root) ? NULL : known->root->name,
                                          .message = known->message,
                                          .size = (uint64_t)bh_charges_total(&known->charges)});
}

static int count(BhRoot *root, Known *known) {
        int r;

        bh_storage_empty_staging(&root->storage);
        r = bh_trash_reconcile(root, &known->charges);
        if (r >= 0)
                r = bh_tree_walk(root->storage.root_fd, "",
                                 BH_TREE_OWNERS | BH_TREE_SKIP_FOREIGN | BH_TREE_SKIP_RESERVED, &root->is_stopping,
                                 bh_files_visit_count, &known->charges);
        if (r < 0)
                return r;
        bh_ledger_replace(root->ledger, &known->charges);
        return bh_database_write(root->files->database, write_counted, known);
}

int bh_root_count(BhRoot *root) {
        Known known = {.root = root, .message = recovery_reason(root)};
        int r;

        bh_log_notice("Counting the usage of the storage%s%s: %s", bh_root_is_main(root) ? "" : " of the pool ",
                      root->name, known.message);
        r = count(root, &known);
        bh_charges_clear(&known.charges);
        root->is_counted = r >= 0;
        return r;
}

static int mark_clean(BhRoot *root) {
        Known known = {.root = root};
        int r;

        bh_storage_make_id(known.token);
        r = bh_database_write(root->files->database, write_token, &known);
        if (r < 0)
                return r;
        return bh_storage_write_token(&root->storage, CLEAN_FILE, known.token);
}

void bh_root_close(BhRoot *root) {
        if (root->is_counted && !root->is_lost && !bh_ledger_is_off(root->ledger)) {
                int r = mark_clean(root);
                if (r < 0)
                        bh_log_warning_errno(r, "The next start will count the usage of the storage anew");
        }
        close_all(root);
}

int bh_root_hold(BhRoot *root, BhUse use) {
        if (bh_root_is_main(root))
                return 0;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&root->files->state_lock);
        return bh_root_hold_locked(root, use);
}

int bh_root_hold_locked(BhRoot *root, BhUse use) {
        if (bh_root_is_main(root))
                return 0; /* stays as long as the service */
        if (root->state != BH_ROOT_COUNTING && root->state != BH_ROOT_READY)
                return -ENODEV;
        root->uses[use]++;
        return 0;
}

void bh_root_release(BhRoot *root, BhUse use) {
        if (bh_root_is_main(root))
                return;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&root->files->state_lock);
        g_assert(root->uses[use] > 0);
        root->uses[use]--;
        if (root->state == BH_ROOT_CLOSING)
                g_cond_broadcast(&root->files->state_changed);
}

void bh_root_change_use(BhRoot *root, BhUse from, BhUse to) {
        if (bh_root_is_main(root))
                return;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&root->files->state_lock);
        g_assert(root->uses[from] > 0);
        root->uses[from]--;
        root->uses[to]++;
}

bool bh_root_is_held(const BhRoot *root) {
        for (size_t i = 0; i < BH_USES; i++)
                if (root->uses[i] > 0)
                        return true;
        return false;
}

char *bh_root_describe_use(const BhRoot *root, BhUse use) {
        static const struct {
                const char *one, *many;
        } words[BH_USES] = {
                [BH_USE_OPERATION] = {"operation", "operations"},
                [BH_USE_UPLOAD] = {"upload", "uploads"},
                [BH_USE_WRITER] = {"client that still holds a finished upload open",
                                   "clients that still hold a finished upload open"},
                [BH_USE_COPY] = {"copy", "copies"},
                [BH_USE_COUNT] = {"count of its usage", "counts of its usage"},
        };
        unsigned n = root->uses[use];

        return n > 0 ? g_strdup_printf("%u %s", n, n == 1 ? words[use].one : words[use].many) : NULL;
}

char *bh_root_describe_uses(const BhRoot *root, bool all) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (BhUse use = all ? BH_USE_OPERATION : BH_USE_UPLOAD; use < BH_USES; use++) {
                g_autofree char *one = bh_root_describe_use(root, use);

                if (one)
                        g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", one);
        }
        return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

int bh_root_begin_change(BhRoot *root) {
        BhFiles *files = root->files;
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&files->state_lock);

        if (!bh_root_is_main(root))
                return root->state == BH_ROOT_READY ? 0 : -ENODEV;
        while (root->state == BH_ROOT_COUNTING && !files->is_stopping && root->recovery_result == 0)
                g_cond_wait(&files->state_changed, &files->state_lock);
        if (root->state == BH_ROOT_READY)
                return 0;
        return root->recovery_result < 0 ? root->recovery_result : -ECANCELED;
}

void bh_root_set_lost(BhRoot *root, int error, const char *what) {
        bh_log_error_errno(error,
                           "Cannot undo after a failure: “%s”. The next start will count the usage of the storage anew",
                           what);
        __atomic_store_n(&root->is_lost, true, __ATOMIC_RELAXED);
}

int bh_place_find(BhFiles *files, const char *text, BhPlace *ret) {
        BhPlace place = {};
        int r = bh_path_parse(&place.path, text);

        if (r >= 0)
                r = bh_files_hold_root_of(files, &place.path, &place.root);
        if (r < 0) {
                bh_path_clear(&place.path);
                return r;
        }
        bh_path_set_base(&place.path, bh_root_is_main(place.root) ? 0 : 1);
        *ret = place;
        return 0;
}

void bh_place_clear(BhPlace *place) {
        if (place->root)
                bh_root_release(place->root, BH_USE_OPERATION);
        bh_path_clear(&place->path);
        *place = (BhPlace){};
}
