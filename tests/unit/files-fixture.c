/* SPDX-License-Identifier: MIT */
#include "audit-chain.h"
#include "files-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "macro.h"
#include "tree.h"

/* Accounts as far as the files domain asks for them. */
struct BhAccounts {
        BhAccount accounts[3];
        uint64_t generation;
};

static BhAccount *copy_account(const BhAccount *account) {
        BhAccount *copy = g_memdup2(account, sizeof(*account));

        copy->username = g_strdup(account->username);
        copy->email = g_strdup(account->email);
        return copy;
}

void bh_account_free(BhAccount *account) {
        g_free(account->username);
        g_free(account->email);
        g_free(account);
}

BhAccount *bh_accounts_get(BhAccounts *accounts, uint64_t id) {
        return id >= 1 && id <= 3 ? copy_account(&accounts->accounts[id - 1]) : NULL;
}

uint64_t bh_accounts_id_of_owner(BhAccounts *accounts, const char *owner) {
        for (size_t i = 0; i < 3; i++)
                if (strcmp(accounts->accounts[i].owner, owner) == 0)
                        return i + 1;
        return 0;
}

uint64_t bh_accounts_generation(BhAccounts *accounts) {
        return accounts->generation;
}

BhAccount *bh_accounts_get_by_owner(BhAccounts *accounts, const char *owner) {
        return bh_accounts_get(accounts, bh_accounts_id_of_owner(accounts, owner));
}

void fixture_accounts_changed(Fixture *f) {
        f->accounts->generation++;
}

static void add_account(Fixture *f, uint64_t id, const char *name, BhRole role, BhCaller *ret) {
        BhAccount *account = &f->accounts->accounts[id - 1];
        g_autofree char *uuid = g_uuid_string_random();

        account->id = id;
        account->username = g_strdup(name);
        account->email = g_strdup("");
        account->role = role;
        account->is_active = true;
        account->uid = -1;
        g_strlcpy(account->owner, uuid, sizeof(account->owner));
        ret->user_id = id;
        ret->role = role;
        ret->username = g_strdup(name);
        ret->bus_name = g_strdup_printf(":1.%u", (unsigned)id);
        g_strlcpy(ret->owner, uuid, sizeof(ret->owner));
}

static void open_files(Fixture *f) {
        const BhFilesConfig config = {.root = f->root, .quota_bytes = f->quota_bytes, .trash_days = f->trash_days};
        g_autofree char *reason = NULL;

        int r = bh_files_open(&f->files, &config, f->database, f->accounts, &reason);
        if (r < 0)
                g_error("%s", reason);
        assert_ok(bh_files_recover(f->files));
}

void fixture_set_up(Fixture *f, gconstpointer quota_bytes) {
        f->directory = g_dir_make_tmp("baluhost-XXXXXX", NULL);
        f->root = g_build_filename(f->directory, "storage", NULL);
        g_assert_cmpint(g_mkdir(f->root, 0770), ==, 0);
        f->quota_bytes = GPOINTER_TO_SIZE(quota_bytes);
        f->trash_days = 30;
        g_autofree char *database = g_build_filename(f->directory, "test.db", NULL);
        assert_ok(bh_database_open(&f->database, database));
        g_assert_cmpint(bh_audit_chain_start(f->database, &(BhKey){"the key of the audit trail"}, true), ==, 0);
        f->accounts = g_new0(BhAccounts, 1);
        add_account(f, 1, "admin", BH_ROLE_ADMIN, &f->admin);
        add_account(f, 2, "alex", BH_ROLE_USER, &f->alex);
        add_account(f, 3, "maria", BH_ROLE_USER, &f->maria);
        f->alex_account = &f->accounts->accounts[1];
        f->maria_account = &f->accounts->accounts[2];
        f->peer = (BhCaller){.role = BH_ROLE_ADMIN, .username = g_strdup("root"), .bus_name = g_strdup(":1.9")};
        f->nobody = (BhCaller){.role = BH_ROLE_NONE, .username = g_strdup("stranger"), .bus_name = g_strdup(":1.10")};
        open_files(f);
}

char *fixture_pool_disk(Fixture *f, const char *name, const char *path) {
        return g_build_filename(f->directory, "pools", name, path, NULL);
}

int fixture_attach_as(Fixture *f, const char *name, const char *directory) {
        g_autofree char *path = fixture_pool_disk(f, directory, NULL), *id = g_strconcat("id-", directory, NULL),
                        *reason = NULL;
        int r = bh_files_attach(f->files, name, id, path, false, &reason);

        g_assert_cmpint(r < 0, ==, reason != NULL);
        return r;
}

void fixture_add_pool(Fixture *f, const char *name) {
        g_autofree char *path = fixture_pool_disk(f, name, NULL), *id = g_strconcat("id-", name, NULL), *reason = NULL;

        g_assert_cmpint(g_mkdir_with_parents(path, 0770), ==, 0);
        if (bh_files_attach(f->files, name, id, path, true, &reason) < 0)
                g_error("%s", reason);
}

int fixture_detach(Fixture *f, const char *name, bool force) {
        g_autofree char *reason = NULL;
        int r = bh_files_detach(f->files, name, force, &reason);

        g_assert_cmpint(r < 0, ==, reason != NULL);
        return r;
}

void fixture_restart(Fixture *f, bool is_clean) {
        f->files->main->is_lost = !is_clean;
        bh_files_free(f->files);
        open_files(f);
}

void fixture_tear_down(Fixture *f, gconstpointer data) {
        bh_files_free(f->files);
        bh_database_free(f->database);
        for (size_t i = 0; i < 3; i++) {
                g_free(f->accounts->accounts[i].username);
                g_free(f->accounts->accounts[i].email);
        }
        g_free(f->accounts);
        bh_caller_clear(&f->admin);
        bh_caller_clear(&f->alex);
        bh_caller_clear(&f->maria);
        bh_caller_clear(&f->peer);
        bh_caller_clear(&f->nobody);
        g_autofree char *parent = g_path_get_dirname(f->directory), *name = g_path_get_basename(f->directory);
        _cleanup_(bh_closep) int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_ok(bh_tree_remove(fd, name));
        g_free(f->root);
        g_free(f->directory);
}

int fixture_put_with(Fixture *f, const BhCaller *caller, const char *path, const char *text,
                     const BhUploadOptions *options) {
        _cleanup_(bh_entry_clear) BhEntry entry = {};
        char id[BH_UPLOAD_ID_SIZE];

        int fd = bh_files_upload_begin(f->files, caller, path, options, id);
        if (fd < 0)
                return fd;
        g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
        close(fd);
        int r = bh_files_upload_commit(f->files, caller, id, strlen(text), NULL, &entry);
        if (r >= 0) {
                g_assert_cmpstr(entry.path, ==, path);
                g_assert_cmpuint(entry.size, ==, strlen(text));
        }
        return r;
}

int fixture_put(Fixture *f, const BhCaller *caller, const char *path, const char *text) {
        return fixture_put_with(f, caller, path, text, &(BhUploadOptions){.size = strlen(text)});
}

int fixture_stat(Fixture *f, const BhCaller *caller, const char *path) {
        _cleanup_(bh_entry_clear) BhEntry entry = {};

        return bh_files_stat(f->files, caller, path, &entry);
}

int fixture_mkdir(Fixture *f, const BhCaller *caller, const char *path) {
        _cleanup_(bh_entry_clear) BhEntry entry = {};

        return bh_files_create_folder(f->files, caller, path, false, &entry);
}

int fixture_delete(Fixture *f, const BhCaller *caller, const char *path) {
        g_autofree char *id = NULL;

        return bh_files_delete(f->files, caller, path, false, &id);
}

int fixture_move(Fixture *f, const BhCaller *caller, const char *source, const char *target) {
        g_autofree char *path = NULL;

        return bh_files_move(f->files, caller, source, target, &path);
}

int fixture_rename(Fixture *f, const BhCaller *caller, const char *path, const char *name) {
        g_autofree char *new_path = NULL;

        return bh_files_rename(f->files, caller, path, name, &new_path);
}

int fixture_copy(Fixture *f, const BhCaller *caller, const char *source, const char *target, bool keep_both) {
        g_autofree char *path = NULL;
        BhCopy *copy;
        int r = bh_files_copy_begin(f->files, caller, source, target, keep_both, &copy);

        if (r < 0)
                return r;
        r = bh_copy_run(copy, NULL, NULL, &path);
        bh_copy_free(copy);
        return r;
}

char *fixture_read(Fixture *f, const BhCaller *caller, const char *path) {
        _cleanup_(bh_entry_clear) BhEntry entry = {};
        _cleanup_(bh_closep) int fd = bh_files_open_file(f->files, caller, path, true, &entry);

        if (fd < 0)
                return NULL;
        char *text = g_malloc0(entry.size + 1);
        g_assert_cmpint(read(fd, text, entry.size), ==, (ssize_t)entry.size);
        return text;
}

const char *fixture_owner(Fixture *f, const char *path) {
        static char owner[BH_UUID_SIZE];
        _cleanup_(bh_entry_clear) BhEntry entry = {};

        if (bh_files_stat(f->files, &f->admin, path, &entry) < 0)
                return "-";
        g_strlcpy(owner, entry.owner, sizeof(owner));
        return owner;
}

char *fixture_disk(Fixture *f, const char *path) {
        return g_build_filename(f->root, path, NULL);
}

unsigned fixture_count(Fixture *f, const char *path) {
        g_autofree char *disk = fixture_disk(f, path);
        g_autoptr(GDir) directory = g_dir_open(disk, 0, NULL);
        unsigned n = 0;

        g_assert_nonnull(directory);
        while (g_dir_read_name(directory))
                n++;
        return n;
}

void fixture_assert_empty(const char *path) {
        g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);

        g_assert_nonnull(directory);
        g_assert_null(g_dir_read_name(directory));
}

void fixture_assert_swept(Fixture *f, const char *name) {
        g_autofree char *staging = fixture_pool_disk(f, name, ".baluhost/staging");
        _cleanup_(bh_place_clear) BhPlace place = {};

        assert_ok(bh_place_find(f->files, name, &place));
        bh_sweeper_wait(place.root->sweeper);
        fixture_assert_empty(staging);
}

typedef struct Table {
        const BhRoot *root;
        BhCharges charges;
} Table;

static int read_usage(sqlite3 *db, void *userdata) {
        Table *table = userdata;

        return bh_quota_read_all(db, table->root->id, &table->charges);
}

static void assert_same(const BhCharges *a, const BhCharges *b) {
        for (size_t i = 0; i < bh_charges_size(a); i++) {
                const BhCharge *x = bh_charges_at(a, i), y = bh_charges_get(b, x->owner);

                g_assert_cmpint(x->used_bytes, ==, y.used_bytes);
                g_assert_cmpint(x->trash_bytes, ==, y.trash_bytes);
        }
}

/* Of one root; adds what is on its disk. */
static void assert_root_exact(Fixture *f, BhRoot *root, BhCharges *all) {
        _cleanup_(bh_charges_clear) BhCharges disk = {};
        Table table = {.root = root};

        assert_ok(bh_trash_reconcile(root, &disk));
        assert_ok(bh_tree_walk(root->storage.root_fd, "", BH_TREE_OWNERS | BH_TREE_SKIP_FOREIGN | BH_TREE_SKIP_RESERVED,
                               NULL, bh_files_visit_count, &disk));
        assert_ok(bh_database_read(f->database, read_usage, &table));
        assert_same(&disk, &table.charges);
        assert_same(&table.charges, &disk);
        bh_charges_clear(&table.charges);
        g_assert_cmpuint(bh_ledger_get_total(root->ledger).used_bytes, ==, bh_charges_total(&disk));
        for (size_t i = 0; i < bh_charges_size(&disk); i++) {
                const BhCharge *charge = bh_charges_at(&disk, i);

                bh_charges_add(all, charge->owner, charge->used_bytes, charge->trash_bytes);
        }
}

void fixture_assert_exact(Fixture *f) {
        g_autoptr(GPtrArray) roots = bh_files_hold_all(f->files, NULL);
        _cleanup_(bh_charges_clear) BhCharges all = {};

        for (size_t i = 0; i < roots->len; i++)
                assert_root_exact(f, g_ptr_array_index(roots, i), &all);
        for (size_t i = 0; i < bh_charges_size(&all); i++) {
                const BhCharge *charge = bh_charges_at(&all, i);
                BhQuotaUsage usage = bh_quota_get(f->files->quota, charge->owner);

                g_assert_cmpuint(usage.used_bytes, ==, charge->used_bytes);
                g_assert_cmpuint(usage.trash_bytes, ==, charge->trash_bytes);
        }
        g_assert_cmpuint(bh_quota_get_total(f->files->quota).used_bytes, ==, bh_charges_total(&all));
}

typedef struct Count {
        const char *action;
        int result, n;
} Count;

static int count_audits(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        Count *count = userdata;

        assert_ok(bh_database_prepare(db, &statement, "SELECT count(*) FROM audit WHERE action = ? AND result = ?"));
        sqlite3_bind_text(statement, 1, count->action, -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 2, count->result);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        count->n = sqlite3_column_int(statement, 0);
        return 0;
}

static int no_work(sqlite3 *db, void *userdata) {
        return 0;
}

int fixture_audits(Fixture *f, const char *action, int result) {
        Count count = {.action = action, .result = result};

        assert_ok(bh_database_write(f->database, no_work, NULL)); /* after what was posted */
        assert_ok(bh_database_read(f->database, count_audits, &count));
        return count.n;
}
