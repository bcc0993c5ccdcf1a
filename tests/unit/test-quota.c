/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "audit-chain.h"
#include "files-fixture.h"
#include "macro.h"

static void limits_of_owner_and_of_all_hold(void) {
        BhQuota *quota = bh_quota_new();
        BhLedger *ledger = bh_ledger_open(quota, 100);
        _cleanup_(bh_charges_clear) BhCharges charges = {};

        assert_ok(bh_ledger_reserve(ledger, "a", 50, 50));
        assert_error(bh_ledger_reserve(ledger, "a", 50, 1), EDQUOT);
        assert_error(bh_ledger_reserve(ledger, "b", 0, 51), EDQUOT);
        assert_ok(bh_ledger_reserve(ledger, "b", 0, 50));
        g_assert_cmpuint(bh_ledger_available(ledger, "b", 0), ==, 0);
        bh_ledger_release(ledger, "a", 50);
        g_assert_cmpuint(bh_ledger_available(ledger, "b", 0), ==, 50);
        g_assert_cmpuint(bh_ledger_available(ledger, "b", 60), ==, 10);
        bh_charges_add(&charges, "b", 60, 0);
        assert_error(bh_ledger_charge(ledger, "b", 55, 50, &charges), EDQUOT);
        g_assert_cmpuint(bh_quota_get(quota, "b").reserved_bytes, ==, 50);
        assert_ok(bh_ledger_charge(ledger, "b", 60, 50, &charges));
        g_assert_cmpuint(bh_quota_get(quota, "b").used_bytes, ==, 60);
        g_assert_cmpuint(bh_quota_get_total(quota).reserved_bytes, ==, 0);
        bh_ledger_close(ledger);
        bh_quota_free(quota);
}

static void huge_sizes_do_not_wrap_around(void) {
        BhQuota *quota = bh_quota_new();
        BhLedger *ledger = bh_ledger_open(quota, 0);

        assert_error(bh_ledger_reserve(ledger, "a", 0, UINT64_MAX), EDQUOT);
        assert_ok(bh_ledger_reserve(ledger, "a", 0, UINT64_MAX >> 1));
        assert_error(bh_ledger_reserve(ledger, "b", 0, 1), EDQUOT);
        bh_ledger_release(ledger, "a", UINT64_MAX >> 1);
        bh_ledger_close(ledger);
        bh_quota_free(quota);
}

static void limits_below_what_is_used_leave_nothing(void) {
        BhQuota *quota = bh_quota_new();
        BhLedger *ledger = bh_ledger_open(quota, 0);
        _cleanup_(bh_charges_clear) BhCharges charges = {};

        bh_charges_add(&charges, "a", 100, 0);
        bh_ledger_apply(ledger, &charges);
        g_assert_cmpuint(bh_ledger_available(ledger, "a", 50), ==, 0);
        assert_ok(bh_ledger_reserve(ledger, "a", 50, 0));
        bh_charges_negate(&charges);
        assert_ok(bh_ledger_charge(ledger, "a", 50, 0, &charges)); /* less is always possible */
        bh_ledger_apply(ledger, &charges);
        g_assert_cmpuint(bh_quota_get(quota, "a").used_bytes, ==, 0); /* never below nothing */
        bh_ledger_close(ledger);
        bh_quota_free(quota);
}

static void owner_limit_counts_all_storage_roots_and_a_root_limit_its_own(void) {
        BhQuota *quota = bh_quota_new();
        BhLedger *limited = bh_ledger_open(quota, 100), *other = bh_ledger_open(quota, 0);
        _cleanup_(bh_charges_clear) BhCharges charges = {}, counted = {};

        bh_charges_add(&charges, "a", 30, 5);
        bh_ledger_apply(limited, &charges);
        bh_ledger_apply(other, &charges);
        assert_ok(bh_ledger_reserve(other, "a", 100, 40));
        assert_error(bh_ledger_reserve(limited, "a", 100, 1), EDQUOT);
        assert_ok(bh_ledger_reserve(other, "b", 0, 1000)); /* the limit of the first root is not the other's */
        assert_error(bh_ledger_reserve(limited, "b", 0, 71), EDQUOT);
        g_assert_cmpuint(bh_ledger_available(limited, "b", 0), ==, 70);
        g_assert_cmpuint(bh_quota_get(quota, "a").used_bytes, ==, 60);
        g_assert_cmpuint(bh_quota_get(quota, "a").trash_bytes, ==, 10);
        g_assert_cmpuint(bh_ledger_get_total(limited).used_bytes, ==, 30);
        g_assert_cmpuint(bh_quota_get_total(quota).used_bytes, ==, 60);

        /* One root is counted anew without the other. */
        bh_charges_add(&counted, "a", 7, 0);
        bh_charges_add(&counted, "c", 1, 0);
        bh_ledger_replace(other, &counted);
        g_assert_cmpuint(bh_quota_get(quota, "a").used_bytes, ==, 37);
        g_assert_cmpuint(bh_quota_get(quota, "c").used_bytes, ==, 1);
        g_assert_cmpuint(bh_ledger_get_total(limited).used_bytes, ==, 30);

        bh_ledger_release(other, "a", 40);
        bh_ledger_release(other, "b", 1000);
        bh_ledger_close(other);
        g_assert_cmpuint(bh_quota_get_total(quota).used_bytes, ==, 30);
        g_assert_cmpuint(bh_quota_get(quota, "c").used_bytes, ==, 0);
        bh_ledger_close(limited);
        bh_quota_free(quota);
}

static int write_usage(sqlite3 *db, void *userdata) {
        _cleanup_(bh_charges_clear) BhCharges charges = {}, read = {};

        bh_charges_add(&charges, "a", 5, 1);
        assert_ok(bh_quota_write_all(db, "", &charges));
        assert_ok(bh_quota_write_charges(db, "pool", &charges));
        assert_ok(bh_quota_write_charges(db, "pool", &charges));
        assert_ok(bh_quota_write_all(db, "", &(BhCharges){}));
        assert_ok(bh_quota_read_all(db, "", &read));
        g_assert_cmpuint(bh_charges_size(&read), ==, 0);
        assert_ok(bh_quota_read_all(db, "pool", &read));
        g_assert_cmpint(bh_charges_get(&read, "a").used_bytes, ==, 10);
        g_assert_cmpint(bh_charges_get(&read, "a").trash_bytes, ==, 2);
        return 0;
}

static void usage_of_a_root_is_written_without_the_others(Fixture *f, gconstpointer data) {
        assert_ok(bh_database_write(f->database, write_usage, NULL));
}

static void upload_that_exceeds_quota_leaves_nothing_behind(Fixture *f, gconstpointer data) {
        const BhUploadOptions unknown = {.size = BH_UPLOAD_SIZE_UNKNOWN};
        BhUsage usage;

        f->alex_account->quota_bytes = 10;
        assert_error(fixture_put(f, &f->alex, "a", "12345678901"), EDQUOT);
        assert_error(fixture_put_with(f, &f->alex, "a", "12345678901", &unknown), EDQUOT);
        assert_error(fixture_put_with(f, &f->alex, "a", "12345678901", &(BhUploadOptions){.size = 1}), EDQUOT);
        assert_error(fixture_stat(f, &f->alex, "a"), ENOENT);
        g_assert_cmpuint(fixture_count(f, ".baluhost/staging"), ==, 0);
        assert_ok(fixture_put_with(f, &f->alex, "a", "1234567890", &unknown));
        assert_error(fixture_put(f, &f->alex, "b", "1"), EDQUOT);
        assert_ok(fixture_put(f, &f->alex, "empty", ""));
        assert_ok(fixture_put(f, &f->maria, "b", "1"));
        assert_ok(bh_files_get_usage(f->files, &f->alex, &usage));
        g_assert_cmpuint(usage.used_bytes, ==, 10);
        g_assert_cmpuint(usage.quota_bytes, ==, 10);
        g_assert_cmpuint(usage.reserved_bytes, ==, 0);
        g_assert_cmpuint(usage.available_bytes, ==, 0);
        g_assert_cmpuint(usage.total_used_bytes, ==, 11);
        g_assert_cmpuint(usage.total_quota_bytes, ==, 100);
        g_assert_cmpint(fixture_audits(f, "upload", EDQUOT), ==, 4);
        fixture_assert_exact(f);
}

static void parallel_uploads_cannot_overshoot(Fixture *f, gconstpointer data) {
        const BhUploadOptions options = {.size = 60};
        char first[BH_UPLOAD_ID_SIZE], second[BH_UPLOAD_ID_SIZE];
        BhUsage usage;

        _cleanup_(bh_closep) int fd = bh_files_upload_begin(f->files, &f->alex, "a", &options, first);
        assert_ok(fd);
        assert_error(bh_files_upload_begin(f->files, &f->maria, "b", &options, second), EDQUOT);
        assert_ok(bh_files_get_usage(f->files, &f->alex, &usage));
        g_assert_cmpuint(usage.reserved_bytes, ==, 60);
        g_assert_cmpuint(usage.available_bytes, ==, 40);
        bh_closep(&fd);
        fd = -1;
        assert_ok(bh_files_upload_abort(f->files, &f->alex, first));
        fd = bh_files_upload_begin(f->files, &f->maria, "b", &options, second);
        assert_ok(fd);
        g_assert_cmpuint(bh_quota_get_total(f->files->quota).reserved_bytes, ==, 60);
}

static void replaced_bytes_can_be_used_again(Fixture *f, gconstpointer data) {
        f->alex_account->quota_bytes = 10;
        assert_ok(fixture_put(f, &f->alex, "a", "1234567890"));
        assert_ok(fixture_put_with(f, &f->alex, "a", "0987654321", &(BhUploadOptions){.size = 10, .overwrite = true}));
        assert_error(
                fixture_put_with(f, &f->alex, "a", "12345678901", &(BhUploadOptions){.size = 11, .overwrite = true}),
                EDQUOT);
        assert_ok(fixture_put_with(f, &f->alex, "a", "12", &(BhUploadOptions){.size = 2, .overwrite = true}));
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->alex.owner).used_bytes, ==, 2);
        fixture_assert_exact(f);
}

static void trash_counts_until_it_is_purged(Fixture *f, gconstpointer data) {
        uint64_t freed;
        BhUsage usage;

        f->alex_account->quota_bytes = 10;
        assert_ok(fixture_put(f, &f->alex, "a", "1234567890"));
        assert_ok(fixture_delete(f, &f->alex, "a"));
        assert_ok(bh_files_get_usage(f->files, &f->alex, &usage));
        g_assert_cmpuint(usage.used_bytes, ==, 10);
        g_assert_cmpuint(usage.trash_bytes, ==, 10);
        assert_error(fixture_put(f, &f->alex, "b", "1"), EDQUOT);
        assert_ok(bh_files_purge_trash(f->files, &f->alex, "", &freed));
        g_assert_cmpuint(freed, ==, 10);
        assert_ok(fixture_put(f, &f->alex, "b", "1"));
        fixture_assert_exact(f);
}

static void what_the_filesystem_has_no_space_for_is_refused(Fixture *f, gconstpointer data) {
        char id[BH_UPLOAD_ID_SIZE];

        assert_error(bh_files_upload_begin(f->files, &f->alex, "a", &(BhUploadOptions){.size = UINT64_C(1) << 60}, id),
                     ENOSPC);
        g_assert_cmpuint(bh_files_upload_count(f->files), ==, 0);
}

static void counters_survive_a_clean_stop_and_are_counted_after_a_crash(Fixture *f, gconstpointer data) {
        g_autofree char *samba = fixture_disk(f, "samba");

        assert_ok(fixture_put(f, &f->alex, "a", "12345"));
        assert_ok(fixture_put(f, &f->maria, "b", "123"));
        assert_ok(fixture_delete(f, &f->maria, "b"));
        fixture_restart(f, true);
        g_assert_cmpint(fixture_audits(f, "recover", 0), ==, 1); /* of the very first start */
        fixture_assert_exact(f);
        g_assert_true(g_file_set_contents(samba, "1234567", -1, NULL));
        fixture_restart(f, false);
        g_assert_cmpint(fixture_audits(f, "recover", 0), ==, 2);
        g_assert_cmpuint(bh_quota_get(f->files->quota, "").used_bytes, ==, 7);
        fixture_assert_exact(f);
}

static void database_that_does_not_know_the_storage_is_not_trusted(Fixture *f, gconstpointer data) {
        assert_ok(fixture_put(f, &f->alex, "a", "12345"));
        bh_files_free(f->files); /* clean */
        bh_database_free(f->database);
        g_autofree char *database = g_build_filename(f->directory, "other.db", NULL);
        assert_ok(bh_database_open(&f->database, database));
        g_assert_cmpint(bh_audit_chain_start(f->database, &(BhKey){"the key of the audit trail"}, true), ==, 0);
        const BhFilesConfig config = {.root = f->root};
        g_autofree char *reason = NULL;
        assert_ok(bh_files_open(&f->files, &config, f->database, f->accounts, &reason));
        g_assert_true(bh_files_is_recovering(f->files));
        assert_ok(bh_files_recover(f->files));
        fixture_assert_exact(f);
}

static void counters_that_cannot_be_right_are_counted_at_the_next_start(Fixture *f, gconstpointer data) {
        g_autofree char *samba = fixture_disk(f, "d/samba");

        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_put(f, &f->alex, "a", "123"));
        g_assert_true(g_file_set_contents(samba, "1234567", -1, NULL)); /* nobody has been charged for it */
        uint64_t freed;
        assert_ok(fixture_delete(f, &f->alex, "d"));
        assert_ok(bh_files_purge_trash(f->files, &f->alex, "", &freed));
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->alex.owner).used_bytes, ==, 0);
        fixture_restart(f, true);
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->alex.owner).used_bytes, ==, 3);
        fixture_assert_exact(f);
}

static void *write_while_recovering(void *data) {
        Fixture *f = data;

        return GINT_TO_POINTER(fixture_put(f, &f->alex, "b", "1"));
}

static void writers_wait_for_recovery_and_readers_do_not(Fixture *f, gconstpointer data) {
        assert_ok(fixture_put(f, &f->alex, "a", "1"));
        f->files->main->is_lost = true;
        bh_files_free(f->files);
        const BhFilesConfig config = {.root = f->root};
        g_autofree char *reason = NULL;
        assert_ok(bh_files_open(&f->files, &config, f->database, f->accounts, &reason));
        assert_ok(fixture_stat(f, &f->alex, "a"));
        GThread *writer = g_thread_new("writer", write_while_recovering, f);
        assert_ok(bh_files_recover(f->files));
        assert_ok(GPOINTER_TO_INT(g_thread_join(writer)));
        fixture_assert_exact(f);
}

static void stopping_lets_waiting_writers_go(Fixture *f, gconstpointer data) {
        f->files->main->is_lost = true;
        bh_files_free(f->files);
        const BhFilesConfig config = {.root = f->root};
        g_autofree char *reason = NULL;
        assert_ok(bh_files_open(&f->files, &config, f->database, f->accounts, &reason));
        GThread *writer = g_thread_new("writer", write_while_recovering, f);
        bh_files_stop(f->files);
        assert_error(GPOINTER_TO_INT(g_thread_join(writer)), ECANCELED);
        assert_error(bh_files_recover(f->files), ECANCELED);
}

/* The record is written while the directories are synced: when they cannot be, it must not count. */
static void record_is_taken_back_when_the_change_does_not_last(Fixture *f, gconstpointer data) {
        _cleanup_(bh_charges_clear) BhCharges charges = {};
        const BhAudit audit = {.event_type = BH_AUDIT_FILE_MODIFY, .action = "test", .target = "a"};
        const int bad_fd = -1;

        bh_charges_add(&charges, f->alex.owner, 5, 0);
        assert_error(bh_files_make_durable(f->files->main, &(BhDurable){.caller = &f->alex,
                                                                        .audit = &audit,
                                                                        .charges = &charges,
                                                                        .fds = &bad_fd,
                                                                        .n_fds = 1}),
                     EBADF);
        g_assert_cmpint(fixture_audits(f, "test", 0), ==, 1);
        g_assert_cmpint(fixture_audits(f, "test", EBADF), ==, 1);
        g_assert_cmpint(bh_charges_get(&charges, f->alex.owner).used_bytes, ==, 5);
        fixture_assert_exact(f);
        g_assert_false(f->files->main->is_lost);
}

static void owners_files_are_kept_for_another(Fixture *f, gconstpointer data) {
        assert_ok(fixture_mkdir(f, &f->alex, "d"));
        assert_ok(fixture_put(f, &f->alex, "d/a", "12345"));
        assert_ok(fixture_put(f, &f->alex, "t", "123"));
        assert_ok(fixture_delete(f, &f->alex, "t"));
        assert_ok(fixture_put(f, &f->maria, "m", "1"));
        assert_ok(bh_files_reassign_owner(f->files, &f->admin, f->alex.owner, f->admin.owner));
        g_assert_cmpstr(fixture_owner(f, "d/a"), ==, f->admin.owner);
        g_assert_cmpstr(fixture_owner(f, "m"), ==, f->maria.owner);
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->alex.owner).used_bytes, ==, 0);
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->admin.owner).used_bytes, ==, 8);
        g_assert_cmpuint(bh_quota_get(f->files->quota, f->admin.owner).trash_bytes, ==, 3);
        fixture_assert_exact(f);
        assert_error(bh_files_reassign_owner(f->files, &f->admin, "", f->admin.owner), EINVAL);
}

static void owners_files_go_to_the_trash_of_another(Fixture *f, gconstpointer data) {
        BhTrashItem *items;
        size_t n;

        assert_ok(fixture_mkdir(f, &f->alex, "pure"));
        assert_ok(fixture_put(f, &f->alex, "pure/a", "12345"));
        assert_ok(fixture_mkdir(f, &f->alex, "mixed"));
        assert_ok(fixture_put(f, &f->alex, "mixed/a", "12"));
        assert_ok(fixture_put(f, &f->maria, "m", "1"));
        assert_ok(fixture_move(f, &f->admin, "m", "mixed"));
        assert_ok(bh_files_trash_owner(f->files, &f->admin, f->alex.owner, f->admin.owner));
        assert_error(fixture_stat(f, &f->admin, "pure"), ENOENT);
        assert_error(fixture_stat(f, &f->admin, "mixed/a"), ENOENT);
        g_assert_cmpstr(fixture_owner(f, "mixed/m"), ==, f->maria.owner);
        g_assert_cmpstr(fixture_owner(f, "mixed"), ==, f->admin.owner);
        assert_ok(bh_files_list_trash(f->files, &f->admin, false, &items, &n));
        g_assert_cmpuint(n, ==, 2);
        bh_trash_items_free(items, n);
        fixture_assert_exact(f);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/quota/owner_limit_counts_all_storage_roots_and_a_root_limit_its_own",
                        owner_limit_counts_all_storage_roots_and_a_root_limit_its_own);
        FIXTURE_TEST("/quota/usage_of_a_root_is_written_without_the_others",
                     usage_of_a_root_is_written_without_the_others);
        g_test_add_func("/quota/limits_of_owner_and_of_all_hold", limits_of_owner_and_of_all_hold);
        g_test_add_func("/quota/huge_sizes_do_not_wrap_around", huge_sizes_do_not_wrap_around);
        g_test_add_func("/quota/limits_below_what_is_used_leave_nothing", limits_below_what_is_used_leave_nothing);
#define ADD(function) FIXTURE_TEST_QUOTA("/quota/" #function, 100, function)
        ADD(upload_that_exceeds_quota_leaves_nothing_behind);
        ADD(parallel_uploads_cannot_overshoot);
        ADD(replaced_bytes_can_be_used_again);
        ADD(trash_counts_until_it_is_purged);
        FIXTURE_TEST("/quota/what_the_filesystem_has_no_space_for_is_refused",
                     what_the_filesystem_has_no_space_for_is_refused);
        ADD(counters_survive_a_clean_stop_and_are_counted_after_a_crash);
        ADD(counters_that_cannot_be_right_are_counted_at_the_next_start);
        ADD(database_that_does_not_know_the_storage_is_not_trusted);
        ADD(writers_wait_for_recovery_and_readers_do_not);
        ADD(stopping_lets_waiting_writers_go);
        ADD(record_is_taken_back_when_the_change_does_not_last);
        ADD(owners_files_are_kept_for_another);
        ADD(owners_files_go_to_the_trash_of_another);
        return g_test_run();
}
