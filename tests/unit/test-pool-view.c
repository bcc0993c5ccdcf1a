/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "audit-chain.h"
#include "database.h"
#include "disks.h"
#include "inventory-fixture.h"
#include "macro.h"
#include "plan.h"
#include "pool-mount.h"
#include "pool-rows.h"
#include "pool.h"

#define TB (UINT64_C(1000) * 1000 * 1000 * 1000)
#define UUID "3b3b12b7-9ed9-4c1e-8391-cdc15c2cafd7"
#define PLACE "/srv/baluhost-pools/Photos"

typedef struct Fixture {
        char *directory;
        BhDatabase *database;
        BhDisks *disks;
        BhKnownPool *known;
        BhPoolStatus status;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data) {
        g_autoptr(GError) error = NULL;
        g_autofree char *path = NULL;

        fixture->directory = g_dir_make_tmp("pool-XXXXXX", &error);
        g_assert_no_error(error);
        path = g_build_filename(fixture->directory, "test.db", NULL);
        g_assert_cmpint(bh_database_open(&fixture->database, path), ==, 0);
        g_assert_cmpint(bh_audit_chain_start(fixture->database, &(BhKey){"the key of the audit trail"}, true), ==, 0);
        g_assert_cmpint(bh_disks_new(&fixture->disks, fixture->database, fixture->directory), ==, 0);
        fixture->known = bh_known_pool_new(UUID, "Photos", "ext4");
        fixture->known->is_wanted = true;
        fixture->status.directory = PLACE;
}

static void tear_down(Fixture *fixture, gconstpointer data) {
        g_autoptr(GDir) directory = NULL;
        const char *name;

        bh_known_pool_free(fixture->known);
        bh_disks_free(fixture->disks);
        bh_database_free(fixture->database);
        directory = g_dir_open(fixture->directory, 0, NULL);
        while ((name = g_dir_read_name(directory))) {
                g_autofree char *path = g_build_filename(fixture->directory, name, NULL);

                g_remove(path);
        }
        g_rmdir(fixture->directory);
        g_free(fixture->directory);
}

/* A disk with the pool's filesystem. */
static BhInventory *with_pool(const char *disk, const char *uuid) {
        BhInventory *inventory = fixture_inventory();
        BhBlock *block = fixture_add_disk(inventory, disk, "S1", 2 * TB);

        fixture_format(block, "filesystem", "ext4", "Photos", uuid);
        block->has_filesystem = true;
        block->filesystem_size = 2 * TB;
        return inventory;
}

static void assert_state(Fixture *fixture, BhInventory *inventory, const char *state, const char *words) {
        _cleanup_(bh_topology_unrefp) BhTopology *topology = NULL;
        BhPoolView pool = {};

        bh_disks_update(fixture->disks, inventory);
        topology = bh_disks_get(fixture->disks);
        bh_pool_read(&pool, fixture->known, topology, &fixture->status, g_get_real_time());
        g_assert_cmpstr(pool.state, ==, state);
        if (!strstr(pool.state_text, words))
                g_error("“%s” does not say “%s”", pool.state_text, words);
        bh_pool_clear(&pool);
}

static void test_states(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *there = with_pool("sda", UUID), *other = with_pool("sda", "other"),
                                                   *nothing = bh_inventory_new_unavailable("UDisks2 is gone");

        assert_state(fixture, there, "unmounted", "being mounted");
        fixture->status.problem = "bad superblock";
        assert_state(fixture, there, "failed", "bad superblock");
        fixture->status.problem = NULL;
        fixture->status.is_attached = true;
        fixture_mount(&there->blocks[0], PLACE);
        assert_state(fixture, there, "ready", "Ready");
        assert_state(fixture, nothing, "ready", "Ready"); /* nobody has said that it is gone */
        assert_state(fixture, other, "absent", "last seen");
        fixture->status.is_attached = false;
        assert_state(fixture, nothing, "failed", "UDisks2");
        fixture->known->is_wanted = false;
        assert_state(fixture, other, "absent", "last seen");
}

static void test_two_filesystems_with_the_uuid(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = with_pool("sda", UUID);
        BhBlock *block = fixture_add_disk(inventory, "sdb", "S2", 2 * TB);
        bool is_ambiguous = false;

        fixture_format(block, "filesystem", "ext4", "Photos", UUID);
        block->has_filesystem = true;
        g_assert_null(bh_pool_find_block(inventory, UUID, &is_ambiguous));
        g_assert_true(is_ambiguous);
        assert_state(fixture, inventory, "failed", "more than one filesystem");
}

static void test_names(void) {
        static const char *const good[] = {"Photos", "My Photos", "a\\b", "-rf", ".hidden", "Föhn"};
        static const char *const bad[] = {"", ".", "..", "a/b", "a\nb", "\xff", ".baluhost", ".BALUHOST"};
        g_autofree char *longest = g_strnfill(BH_POOL_NAME_MAX, 'x'), *longer = g_strnfill(BH_POOL_NAME_MAX + 1, 'x');

        for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
                g_assert_cmpint(bh_pool_check_name(good[i], NULL), ==, 0);
        g_assert_cmpint(bh_pool_check_name(longest, NULL), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                _cleanup_(bh_failure_clear) BhFailure failure = {};

                g_assert_cmpint(bh_pool_check_name(bad[i], &failure), ==, -EILSEQ);
                g_assert_nonnull(failure.message);
        }
        g_assert_cmpint(bh_pool_check_name(longer, &(BhFailure){}), ==, -EILSEQ);
}

static void test_places(void) {
        g_assert_true(bh_pool_is_place("/srv/pools", "/srv/pools/Photos"));
        g_assert_false(bh_pool_is_place("/srv/pools", "/srv/pools/Photos/more"));
        g_assert_false(bh_pool_is_place("/srv/pools", "/srv/pools"));
        g_assert_false(bh_pool_is_place("/srv/pools", "/srv/pools-too/Photos"));
        g_assert_false(bh_pool_is_place("/srv/pools", "/"));
}

static int write_row(sqlite3 *db, void *userdata) {
        return bh_pool_rows_write(db, userdata);
}

static int read_rows(sqlite3 *db, void *userdata) {
        return bh_pool_rows_read(db, userdata);
}

static void test_rows(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_known_pool_freep) BhKnownPool *other = bh_known_pool_new("other", "Music", "xfs"),
                                                   *same = bh_known_pool_new("same", "Photos", "xfs");
        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(bh_known_pool_free);
        const BhKnownPool *first, *second;

        fixture->known->is_default = true;
        fixture->known->size = 2 * TB;
        g_assert_cmpint(bh_database_write(fixture->database, write_row, fixture->known), ==, 0);
        other->is_default = true; /* the only one then */
        g_assert_cmpint(bh_database_write(fixture->database, write_row, other), ==, 0);
        g_assert_cmpint(bh_database_write(fixture->database, write_row, same), ==, -EEXIST);
        g_assert_cmpint(bh_database_read(fixture->database, read_rows, list), ==, 0);
        g_assert_cmpuint(list->len, ==, 2);
        first = list->pdata[0];
        second = list->pdata[1];
        g_assert_cmpstr(first->name, ==, "Music");
        g_assert_true(first->is_default && !first->is_wanted);
        g_assert_cmpstr(second->uuid, ==, UUID);
        g_assert_true(second->is_wanted && !second->is_default);
        g_assert_cmpuint(second->size, ==, 2 * TB);
}

/* Plans ------------------------------------------------------------------------------------------------------------------------------------ */

static int plan_format(const BhInventory *inventory, const char *name, const char *filesystem, const char *label,
                       bool has_pool, BhPlan **ret, BhFailure *failure) {
        BhPlanDisk disk = {.path = (char *)"/disks/x",
                           .drive = inventory->drives[0].object,
                           .name = (char *)"sda",
                           .model = (char *)"",
                           .serial = (char *)"S1",
                           .bay = (char *)"",
                           .state = (char *)"healthy",
                           .state_text = (char *)"",
                           .has_pool = has_pool};
        const BhPlanRequest request = {.kind = BH_PLAN_FORMAT,
                                       .name = (char *)name,
                                       .filesystem = (char *)filesystem,
                                       .label = (char *)label,
                                       .disks = &disk,
                                       .n_disks = 1};

        return bh_plan_make(inventory, &request, ret, failure);
}

static void assert_label(const char *name, const char *filesystem, const char *label) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = with_pool("sda", "old");
        _cleanup_(bh_plan_freep) BhPlan *plan = NULL;

        g_assert_cmpint(plan_format(inventory, name, filesystem, NULL, false, &plan, NULL), ==, 0);
        g_assert_cmpstr(plan->request.label, ==, label);
        g_assert_false(bh_plan_is_harmless(plan));
        g_assert_nonnull(strstr(plan->text, "lost"));
}

static void test_labels(void) {
        assert_label("Photos", "ext4", "Photos");
        assert_label("a name of more than 16 bytes", "ext4", "a name of more t");
        assert_label("a name of more than 12 bytes", "xfs", "a name of mo");
        assert_label("ääääääöööööö", "xfs", "ääääää");
        assert_label("aääääääääää", "xfs", "aäääää");
        assert_label("a name of more than 16 bytes", "btrfs", "a name of more than 16 bytes");
}

static void test_what_is_not_formatted(void) {
        static const struct {
                const char *name, *filesystem, *label;
                bool has_pool;
                int error;
        } rows[] = {
                {"..", "ext4", NULL, false, -EILSEQ},
                {"Photos", "ntfs", NULL, false, -EINVAL},
                {"Photos", "", NULL, false, -EINVAL},
                {"Photos", "ext4", "a label of more than 16", false, -EINVAL},
                {"Photos", "ext4", "a\nb", false, -EINVAL},
                {"Photos", "ext4", NULL, true, -EACCES},
        };
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = with_pool("sda", "old");

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                _cleanup_(bh_failure_clear) BhFailure failure = {};
                BhPlan *plan = NULL;

                g_assert_cmpint(plan_format(inventory, rows[i].name, rows[i].filesystem, rows[i].label,
                                            rows[i].has_pool, &plan, &failure),
                                ==, rows[i].error);
                g_assert_null(plan);
                g_assert_nonnull(failure.message);
        }
}

static void test_what_cannot_be_made_here(void) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = with_pool("sda", "old");
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        BhPlan *plan = NULL;

        g_strfreev(inventory->filesystems);
        inventory->filesystems = g_strsplit("ext4", " ", -1);
        g_assert_cmpint(plan_format(inventory, "Photos", "btrfs", NULL, false, &plan, &failure), ==, -EOPNOTSUPP);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/pool-view/says_how_it_is", Fixture, NULL, set_up, test_states, tear_down);
        g_test_add("/pool-view/two_filesystems_with_its_uuid_are_none", Fixture, NULL, set_up,
                   test_two_filesystems_with_the_uuid, tear_down);
        g_test_add("/pool-view/rows_keep_it_and_one_default", Fixture, NULL, set_up, test_rows, tear_down);
        g_test_add_func("/pool-view/has_a_name_that_a_folder_can_have", test_names);
        g_test_add_func("/pool-view/knows_its_own_mount_points", test_places);
        g_test_add_func("/pool-view/a_label_is_cut_between_characters", test_labels);
        g_test_add_func("/pool-view/what_must_not_be_formatted_is_refused", test_what_is_not_formatted);
        g_test_add_func("/pool-view/what_cannot_be_made_here_is_refused", test_what_cannot_be_made_here);
        return g_test_run();
}
