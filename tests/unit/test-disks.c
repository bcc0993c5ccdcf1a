/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "audit-chain.h"
#include "database.h"
#include "disks.h"
#include "inventory-fixture.h"
#include "macro.h"

#define TB (UINT64_C(1000) * 1000 * 1000 * 1000)

typedef struct Fixture {
        char *directory, *sysfs;
        BhDatabase *database;
        BhDisks *disks;
} Fixture;

static void open_disks(Fixture *fixture) {
        g_autofree char *path = g_build_filename(fixture->directory, "test.db", NULL);

        g_assert_cmpint(bh_database_open(&fixture->database, path), ==, 0);
        g_assert_cmpint(bh_audit_chain_start(fixture->database, &(BhKey){"the key of the audit trail"}, true), ==, 0);
        g_assert_cmpint(bh_disks_new(&fixture->disks, fixture->database, fixture->sysfs), ==, 0);
}

static void close_disks(Fixture *fixture) {
        bh_disks_free(g_steal_pointer(&fixture->disks));
        bh_database_free(g_steal_pointer(&fixture->database));
}

static void set_up(Fixture *fixture, gconstpointer data) {
        g_autoptr(GError) error = NULL;

        fixture->directory = g_dir_make_tmp("disks-XXXXXX", &error);
        g_assert_no_error(error);
        fixture->sysfs = g_build_filename(fixture->directory, "sys", NULL);
        open_disks(fixture);
}

static void remove_all(const char *path) {
        g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
        const char *name;

        while (directory && (name = g_dir_read_name(directory))) {
                g_autofree char *child = g_build_filename(path, name, NULL);

                remove_all(child);
        }
        g_remove(path);
}

static void tear_down(Fixture *fixture, gconstpointer data) {
        close_disks(fixture);
        remove_all(fixture->directory);
        g_free(fixture->directory);
        g_free(fixture->sysfs);
}

/* Hands the inventory in, and takes what comes of it; both are freed by _cleanup_. */
static BhTopology *take(Fixture *fixture, BhInventory *inventory) {
        bh_disks_update(fixture->disks, inventory);
        return bh_disks_get(fixture->disks);
}

/* Two disks that mirror each other, and one that has nothing to do with it. */
static BhInventory *mirror(const char *first, const char *second, uint32_t degraded) {
        BhInventory *inventory = fixture_inventory();
        BhMdArray *array;

        if (first)
                fixture_add_disk(inventory, "sda", "S1", TB);
        if (second)
                fixture_add_disk(inventory, "sdb", "S2", TB);
        fixture_add_disk(inventory, "sdc", "S3", TB);
        array = fixture_add_array(inventory, "photos", "md0", "raid1", TB, 2);
        array->degraded = degraded;
        if (first)
                fixture_add_member(inventory, array, "sda", strstr(first, "in_sync") ? 0 : -1, first);
        if (second)
                fixture_add_member(inventory, array, "sdb", strstr(second, "in_sync") ? 1 : -1, second);
        return inventory;
}

static const BhDisk *disk(const BhTopology *topology, const char *serial) {
        for (size_t i = 0; i < topology->n_disks; i++)
                if (g_str_equal(topology->disks[i].serial, serial))
                        return &topology->disks[i];
        return NULL;
}

static void assert_has(const char *text, const char *part) {
        if (!strstr(text, part))
                g_error("“%s” is not in “%s”", part, text);
}

/* Identity -------------------------------------------------------------------------------------------------------------------------------- */

static void an_id_is_made_of_what_stays_the_same(void) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
        char **ids;

        fixture_add_disk(inventory, "sda", "S/1 é", TB);
        fixture_add_disk(inventory, "sdb", "S2", TB);
        fixture_set(&fixture_drive(inventory, "sdb")->wwn, "0x5000c500a1b2c3d4");
        fixture_add_disk(inventory, "sdc", "", TB);
        fixture_add_disk(inventory, "sdd", "S2", TB);
        fixture_add_disk(inventory, "sde", "S2", TB);
        fixture_add_disk(inventory, "sr0", "CD", TB);
        fixture_drive(inventory, "sr0")->is_optical = true;
        fixture_add_disk(inventory, "sdf", "card reader", 0);

        ids = bh_disk_ids_new(inventory);
        g_assert_cmpstr(ids[0], ==, "Spinner_3000_S_1___");
        g_assert_cmpstr(ids[1], ==, "0x5000c500a1b2c3d4");
        g_assert_cmpstr(ids[2], ==, "name_sdc");
        g_assert_cmpstr(ids[3], ==, "Spinner_3000_S2");
        g_assert_cmpstr(ids[4], ==, "Spinner_3000_S2_2");
        g_assert_null(ids[5]);
        g_assert_null(ids[6]);
        bh_disk_ids_free(ids, inventory->n_drives);
}

static void when_something_was_seen_is_said_as_people_do(void) {
        g_autoptr(GDateTime) now = g_date_time_new_local(2026, 3, 1, 0, 30, 0),
                             before = g_date_time_new_local(2026, 2, 28, 14, 3, 0),
                             long_ago = g_date_time_new_local(2025, 2, 28, 14, 3, 0);
        int64_t now_usec = g_date_time_to_unix(now) * BH_USEC_PER_SEC;
        g_autofree char *today = bh_format_seen(now_usec, now_usec);
        g_autofree char *yesterday = bh_format_seen(g_date_time_to_unix(before) * BH_USEC_PER_SEC, now_usec);
        g_autofree char *earlier = bh_format_seen(g_date_time_to_unix(long_ago) * BH_USEC_PER_SEC, now_usec);

        g_assert_cmpstr(today, ==, "today 00:30");
        g_assert_cmpstr(yesterday, ==, "yesterday 14:03");
        g_assert_cmpstr(earlier, ==, "on 2025-02-28 14:03");
}

/* Levels ---------------------------------------------------------------------------------------------------------------------------------- */

static void each_level_says_how_many_more_may_fail(void) {
        g_assert_cmpuint(bh_array_survives("raid0", 2, 2), ==, 0);
        g_assert_cmpuint(bh_array_survives("linear", 3, 3), ==, 0);
        g_assert_cmpuint(bh_array_survives("raid1", 3, 3), ==, 2);
        g_assert_cmpuint(bh_array_survives("raid1", 3, 1), ==, 0);
        g_assert_cmpuint(bh_array_survives("raid5", 4, 4), ==, 1);
        g_assert_cmpuint(bh_array_survives("raid5", 4, 3), ==, 0);
        g_assert_cmpuint(bh_array_survives("raid6", 4, 4), ==, 2);
        g_assert_cmpuint(bh_array_survives("raid6", 4, 3), ==, 1);
        g_assert_cmpuint(bh_array_survives("raid6", 4, 1), ==, 0);
        g_assert_cmpuint(bh_array_survives("raid10", 4, 4), ==, 1);
        g_assert_cmpuint(bh_array_survives("raid10", 4, 3), ==, 0);
        g_assert_cmpuint(bh_array_survives("raid1", 0, 0), ==, 0);
        g_assert_cmpuint(bh_array_survives("something new", 4, 4), ==, 0);
}

static bool enough(const char *level, const char *slots) {
        bool has[16] = {};
        size_t n = strlen(slots);

        for (size_t i = 0; i < n; i++)
                has[i] = slots[i] == 'U';
        return bh_array_is_enough(level, (uint32_t)n, has);
}

static void each_level_says_which_members_are_enough(void) {
        g_assert_true(enough("raid0", "UU") && !enough("raid0", "U_"));
        g_assert_true(enough("raid1", "_U") && !enough("raid1", "__"));
        g_assert_true(enough("raid4", "U_U") && !enough("raid4", "U__"));
        g_assert_true(enough("raid5", "UU_") && !enough("raid5", "_U_"));
        g_assert_true(enough("raid6", "U__U") && !enough("raid6", "___U"));
        g_assert_true(enough("raid10", "U__U")); /* a half of each mirror */
        g_assert_false(enough("raid10", "__UU"));
        g_assert_true(enough("raid10", "U_UUU") && enough("raid10", "U_U_U") && !enough("raid10", "_UUU_"));
        g_assert_true(enough("something new", "UU") && !enough("something new", "U_"));
        g_assert_false(bh_array_is_enough("raid1", 0, NULL));
}

/* The story of an array ------------------------------------------------------------------------------------------------------------------- */

static void a_whole_array_says_so(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = mirror("in_sync", "in_sync,write_mostly", 0);
        _cleanup_(bh_topology_unrefp) BhTopology *topology = take(fixture, inventory);
        const BhArray *array = &topology->arrays[0];

        g_assert_cmpuint(topology->n_arrays, ==, 1);
        g_assert_cmpuint(topology->n_disks, ==, 3);
        g_assert_cmpstr(array->path, ==, "/org/baluhost/NAS1/arrays/uuid_of_photos");
        g_assert_cmpstr(array->state, ==, "optimal");
        g_assert_cmpstr(array->device, ==, "/dev/md0");
        g_assert_cmpuint(array->survives, ==, 1);
        g_assert_cmpuint(array->degraded, ==, 0);
        g_assert_cmpuint(array->n_members, ==, 2);
        g_assert_cmpstr(array->members[0].state, ==, "active");
        g_assert_cmpstr(array->members[0].serial, ==, "S1");
        g_assert_cmpstr(array->members[1].state, ==, "write-mostly");
        g_assert_cmpstr(disk(topology, "S1")->array, ==, array->path);
        g_assert_cmpstr(disk(topology, "S1")->usage, ==, "array");
        g_assert_cmpstr(disk(topology, "S3")->array, ==, "/");
        g_assert_cmpstr(disk(topology, "S3")->usage, ==, "free");
        g_assert_true(bh_topology_disk(topology, disk(topology, "S3")->path) == disk(topology, "S3"));
        g_assert_true(bh_topology_array(topology, array->path) == array);
        g_assert_true(bh_topology_array_of_object(topology, array->object) == array);
        g_assert_true(bh_topology_disk_of_drive(topology, disk(topology, "S1")->drive) == disk(topology, "S1"));
        g_assert_null(bh_topology_disk_of_drive(topology, ""));
}

static void a_disk_that_is_pulled_is_expected_by_name(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *whole = mirror("in_sync", "in_sync", 0),
                                                   *pulled = mirror("in_sync", NULL, 1);
        BhTopology *topology = take(fixture, whole);
        const BhArray *array;

        bh_topology_unref(topology);
        topology = take(fixture, pulled);
        array = &topology->arrays[0];
        g_assert_cmpstr(array->state, ==, "degraded");
        assert_has(array->state_text, "Degraded: expected Spinner 3000, serial S2, in slot 1, last seen ");
        g_assert_cmpuint(array->survives, ==, 0);
        g_assert_cmpuint(array->degraded, ==, 1);
        g_assert_cmpuint(array->n_members, ==, 2);
        g_assert_cmpstr(array->members[1].state, ==, "missing");
        g_assert_cmpstr(array->members[1].name, ==, "sdb");
        g_assert_false(array->members[1].is_present);
        g_assert_false(disk(topology, "S2")->is_present);
        g_assert_cmpstr(disk(topology, "S2")->state, ==, "absent");
        g_assert_cmpstr(disk(topology, "S2")->device, ==, "");
        assert_has(disk(topology, "S2")->state_text, "photos expects it");
        g_assert_true(isnan(disk(topology, "S2")->temperature));
        bh_topology_unref(topology);

        /* A restart of the service knows it still. */
        close_disks(fixture);
        open_disks(fixture);
        topology = take(fixture, pulled);
        assert_has(topology->arrays[0].state_text, "expected Spinner 3000, serial S2, in slot 1, last seen ");
        g_assert_nonnull(disk(topology, "S2"));
        bh_topology_unref(topology);
}

static void a_disk_that_is_gone_before_its_array_says_so_is_expected_too(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *whole = mirror("in_sync", "in_sync", 0),
                                                   *between = mirror("in_sync", NULL, 0),
                                                   *pulled = mirror("in_sync", NULL, 1);
        BhMdArray *array = &between->arrays[0];
        BhTopology *topology = take(fixture, whole);

        bh_topology_unref(topology);
        array->members[array->n_members++] = (BhMemberState){g_strdup("/gone"), 1, g_strdup("in_sync"), 0};
        topology = take(fixture, between);
        g_assert_nonnull(disk(topology, "S2"));
        g_assert_false(disk(topology, "S2")->is_present);
        g_assert_cmpstr(topology->arrays[0].state, ==, "degraded");
        g_assert_cmpuint(topology->arrays[0].n_members, ==, 2);
        bh_topology_unref(topology);
        topology = take(fixture, pulled);
        assert_has(topology->arrays[0].state_text, "expected Spinner 3000, serial S2, in slot 1");
        bh_topology_unref(topology);
}

static void a_free_disk_that_is_pulled_is_no_loss(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory(), *nothing = fixture_inventory();
        BhTopology *topology;

        fixture_add_disk(inventory, "sda", "S1", TB);
        topology = take(fixture, inventory);
        g_assert_cmpuint(topology->n_disks, ==, 1);
        bh_topology_unref(topology);
        topology = take(fixture, nothing);
        g_assert_cmpuint(topology->n_disks, ==, 0);
        bh_topology_unref(topology);
}

static void a_member_that_failed_is_named_and_keeps_its_place(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *whole = mirror("in_sync", "in_sync", 0),
                                                   *failed = mirror("in_sync", "faulty", 1);
        BhTopology *topology = take(fixture, whole);

        bh_topology_unref(topology);
        topology = take(fixture, failed);
        g_assert_cmpstr(topology->arrays[0].state_text, ==, "Degraded: Spinner 3000, serial S2, in slot 1, has failed");
        g_assert_cmpuint(topology->arrays[0].n_members, ==, 2);
        g_assert_cmpint(topology->arrays[0].members[1].slot, ==, 1);
        g_assert_cmpstr(topology->arrays[0].members[1].state, ==, "failed");
        g_assert_cmpstr(disk(topology, "S2")->state, ==, "failed");
        assert_has(disk(topology, "S2")->state_text, "photos");
        bh_topology_unref(topology);
}

static void who_was_replaced_is_expected_no_more(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *whole = mirror("in_sync", "in_sync", 0),
                                                   *rebuilding = mirror("in_sync", NULL, 1),
                                                   *rebuilt = mirror("in_sync", NULL, 0);
        BhTopology *topology = take(fixture, whole);

        bh_topology_unref(topology);
        fixture_add_member(rebuilding, &rebuilding->arrays[0], "sdc", 1, "spare");
        fixture_set(&rebuilding->arrays[0].sync_action, "recover");
        rebuilding->arrays[0].sync_completed = 0.25;
        rebuilding->arrays[0].sync_rate = 1000;
        rebuilding->arrays[0].sync_remaining_usec = 60 * BH_USEC_PER_SEC;
        topology = take(fixture, rebuilding);
        g_assert_cmpstr(topology->arrays[0].state, ==, "rebuilding");
        assert_has(topology->arrays[0].state_text, "onto Spinner 3000, serial S3");
        g_assert_false(topology->arrays[0].is_first_sync);
        g_assert_cmpfloat(topology->arrays[0].sync_progress, ==, 25);
        g_assert_cmpint(topology->arrays[0].sync_end_usec, >, g_get_real_time());
        g_assert_cmpuint(topology->arrays[0].survives, ==, 0);
        g_assert_nonnull(disk(topology, "S2"));
        bh_topology_unref(topology);

        fixture_add_member(rebuilt, &rebuilt->arrays[0], "sdc", 1, "in_sync");
        topology = take(fixture, rebuilt);
        g_assert_cmpstr(topology->arrays[0].state, ==, "optimal");
        g_assert_cmpuint(topology->arrays[0].n_members, ==, 2);
        g_assert_null(disk(topology, "S2"));
        bh_topology_unref(topology);
        close_disks(fixture);
        open_disks(fixture);
        topology = take(fixture, rebuilt);
        g_assert_null(disk(topology, "S2"));
        bh_topology_unref(topology);
}

static void a_disk_that_comes_back_is_there_but_no_part_of_it(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *whole = mirror("in_sync", "in_sync", 0),
                                                   *back = mirror("in_sync", "in_sync", 1);
        BhTopology *topology = take(fixture, whole);

        bh_topology_unref(topology);
        back->arrays[0].n_members = 1; /* its metadata says that it belongs to the array, which has not taken it in */
        g_clear_pointer(&back->arrays[0].members[1].block, g_free);
        g_clear_pointer(&back->arrays[0].members[1].state, g_free);
        topology = take(fixture, back);
        g_assert_cmpstr(topology->arrays[0].state, ==, "degraded");
        assert_has(topology->arrays[0].state_text, "serial S2, in slot 1, is there, but no part of it");
        g_assert_cmpstr(topology->arrays[0].members[1].state, ==, "missing");
        g_assert_true(topology->arrays[0].members[1].is_present);
        g_assert_cmpstr(topology->arrays[0].members[1].block, ==, fixture_block(back, "sdb")->object);
        bh_topology_unref(topology);
}

static void a_new_array_that_syncs_for_the_first_time_has_lost_nothing(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = mirror("in_sync", NULL, 1);
        BhTopology *topology;

        fixture_add_member(inventory, &inventory->arrays[0], "sdc", 1, "spare");
        topology = take(fixture, inventory);
        g_assert_cmpstr(topology->arrays[0].state, ==, "rebuilding");
        g_assert_true(topology->arrays[0].is_first_sync);
        bh_topology_unref(topology);
}

static void an_array_that_did_not_start_says_what_it_waits_for(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *whole = mirror("in_sync", "in_sync", 0),
                                                   *stopped = fixture_inventory(), *gone = fixture_inventory();
        BhTopology *topology = take(fixture, whole);
        BhMdArray *array;

        bh_topology_unref(topology);
        fixture_add_disk(stopped, "sdx", "S1", TB); /* by another name, this time */
        array = fixture_add_array(stopped, "photos", NULL, "raid1", 0, 2);
        fixture_add_member(stopped, array, "sdx", -1, "spare");
        topology = take(fixture, stopped);
        g_assert_cmpstr(topology->arrays[0].state, ==, "inactive");
        assert_has(topology->arrays[0].state_text, "expected Spinner 3000, serial S2, in slot 1");
        g_assert_cmpuint(topology->arrays[0].size, ==, TB);
        g_assert_cmpuint(topology->arrays[0].degraded, ==, 1);
        g_assert_false(topology->arrays[0].is_running);
        g_assert_cmpstr(topology->arrays[0].members[0].name, ==, "sdx");
        g_assert_cmpstr(topology->arrays[0].members[0].state, ==, "active");
        bh_topology_unref(topology);

        topology = take(fixture, gone);
        g_assert_cmpstr(topology->arrays[0].state, ==, "absent");
        assert_has(topology->arrays[0].state_text, "serial S1, in slot 0, last seen");
        assert_has(topology->arrays[0].state_text, "serial S2, in slot 1, last seen");
        g_assert_cmpuint(topology->n_disks, ==, 2);
        bh_topology_unref(topology);
}

static void what_udisks2_shows_of_an_array_without_disks_is_a_ghost(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *ghost = fixture_inventory();
        BhTopology *topology;

        fixture_add_array(ghost, "photos", NULL, "raid1", 0, 2);
        topology = take(fixture, ghost);
        g_assert_cmpuint(topology->n_arrays, ==, 0);
        bh_topology_unref(topology);
}

static void too_much_missing_is_a_failure(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory(), *broken = fixture_inventory();
        BhTopology *topology;
        BhMdArray *array;

        fixture_add_disk(inventory, "sda", "S1", TB);
        fixture_add_disk(inventory, "sdb", "S2", TB);
        array = fixture_add_array(inventory, "fast", "md0", "raid0", 2 * TB, 2);
        fixture_add_member(inventory, array, "sda", 0, "in_sync");
        fixture_add_member(inventory, array, "sdb", 1, "in_sync");
        fixture_set(&array->sync_action, "");
        topology = take(fixture, inventory);
        g_assert_cmpstr(topology->arrays[0].state, ==, "optimal");
        g_assert_cmpuint(topology->arrays[0].survives, ==, 0);
        bh_topology_unref(topology);

        fixture_add_disk(broken, "sda", "S1", TB);
        array = fixture_add_array(broken, "fast", "md0", "raid0", 2 * TB, 2);
        fixture_add_member(broken, array, "sda", 0, "in_sync");
        topology = take(fixture, broken);
        g_assert_cmpstr(topology->arrays[0].state, ==, "failed");
        assert_has(topology->arrays[0].state_text, "serial S2");
        bh_topology_unref(topology);
}

/* Without UDisks2 ------------------------------------------------------------------------------------------------------------------------- */

static void without_udisks2_nothing_is_known_and_nothing_is_missed(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *whole = mirror("in_sync", "in_sync", 0),
                                                   *none = bh_inventory_new_unavailable("gone");
        BhTopology *topology = take(fixture, whole);
        int64_t seen = disk(topology, "S1")->last_seen_usec;

        bh_topology_unref(topology);
        topology = take(fixture, none);
        g_assert_cmpuint(topology->n_disks + topology->n_arrays, ==, 0);
        g_assert_false(topology->inventory->is_available);
        bh_topology_unref(topology);
        topology = take(fixture, whole);
        g_assert_cmpstr(topology->arrays[0].state, ==, "optimal");
        g_assert_cmpint(disk(topology, "S1")->last_seen_usec, ==, seen);
        bh_topology_unref(topology);
}

/* Scrubs ---------------------------------------------------------------------------------------------------------------------------------- */

static void write_attribute(Fixture *fixture, const char *name, const char *text) {
        g_autofree char *directory = g_build_filename(fixture->sysfs, "block", "md0", "md", NULL);
        g_autofree char *path = g_build_filename(directory, name, NULL);

        g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static BhTopology *scrub(Fixture *fixture, const char *action, double peak) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = mirror("in_sync", "in_sync", 0);

        fixture_set(&inventory->arrays[0].sync_action, action);
        inventory->arrays[0].sync_peak = peak;
        return take(fixture, inventory);
}

static void a_scrub_that_came_to_its_end_tells_what_it_found(Fixture *fixture, gconstpointer data) {
        BhTopology *topology = scrub(fixture, "idle", 0);
        int64_t before = g_get_real_time();

        g_assert_cmpint(topology->arrays[0].last_scrub_usec, ==, 0);
        g_assert_false(topology->arrays[0].is_mismatch_known);
        bh_topology_unref(topology);
        topology = scrub(fixture, "check", 0.5);
        g_assert_cmpstr(topology->arrays[0].state, ==, "checking");
        bh_topology_unref(topology);
        topology = scrub(fixture, "idle", 0.5); /* somebody has stopped it */
        g_assert_cmpint(topology->arrays[0].last_scrub_usec, ==, 0);
        bh_topology_unref(topology);

        bh_topology_unref(scrub(fixture, "check", 0.9));
        write_attribute(fixture, "mismatch_cnt", "8\n");
        topology = scrub(fixture, "idle", 1);
        g_assert_cmpint(topology->arrays[0].last_scrub_usec, >=, before);
        g_assert_true(topology->arrays[0].is_mismatch_known);
        g_assert_cmpuint(topology->arrays[0].mismatches, ==, 4096);
        before = topology->arrays[0].last_scrub_usec;
        bh_topology_unref(topology);
        close_disks(fixture);
        open_disks(fixture);
        topology = scrub(fixture, "idle", 0);
        g_assert_cmpint(topology->arrays[0].last_scrub_usec, ==, before);
        g_assert_cmpuint(topology->arrays[0].mismatches, ==, 4096);
        bh_topology_unref(topology);
}

/* Seen once a second, a scrub of a few seconds is not seen near its end. */
static void a_quick_scrub_is_whole_when_the_kernel_would_begin_anew(Fixture *fixture, gconstpointer data) {
        BhTopology *topology;

        write_attribute(fixture, "mismatch_cnt", "0\n");
        write_attribute(fixture, "sync_min", "65040\n");
        bh_topology_unref(scrub(fixture, "check", 0.5));
        topology = scrub(fixture, "idle", 0.5);
        g_assert_cmpint(topology->arrays[0].last_scrub_usec, ==, 0);
        bh_topology_unref(topology);

        write_attribute(fixture, "sync_min", "0\n");
        bh_topology_unref(scrub(fixture, "check", 0.05));
        topology = scrub(fixture, "idle", 0.05); /* stopped before the kernel noted anything, perhaps */
        g_assert_cmpint(topology->arrays[0].last_scrub_usec, ==, 0);
        bh_topology_unref(topology);

        bh_topology_unref(scrub(fixture, "check", 0.5));
        topology = scrub(fixture, "idle", 0.5);
        g_assert_cmpint(topology->arrays[0].last_scrub_usec, >, 0);
        g_assert_true(topology->arrays[0].is_mismatch_known);
        bh_topology_unref(topology);
}

static void what_a_scrub_found_while_nobody_looked_is_known_but_not_when(Fixture *fixture, gconstpointer data) {
        BhTopology *topology;

        write_attribute(fixture, "last_sync_action", "check\n");
        write_attribute(fixture, "mismatch_cnt", "0\n");
        topology = scrub(fixture, "idle", 0);
        g_assert_true(topology->arrays[0].is_mismatch_known);
        g_assert_cmpuint(topology->arrays[0].mismatches, ==, 0);
        g_assert_cmpint(topology->arrays[0].last_scrub_usec, ==, 0);
        bh_topology_unref(topology);
}

static void what_the_kernel_says_of_mismatches_must_be_a_number(Fixture *fixture, gconstpointer data) {
        BhTopology *topology;

        bh_topology_unref(scrub(fixture, "repair", 0.9));
        write_attribute(fixture, "mismatch_cnt", "-3\n");
        topology = scrub(fixture, "idle", 1);
        g_assert_cmpint(topology->arrays[0].last_scrub_usec, >, 0);
        g_assert_false(topology->arrays[0].is_mismatch_known);
        bh_topology_unref(topology);
}

/* Bays and forgetting --------------------------------------------------------------------------------------------------------------------- */

static int name_bay(Fixture *fixture, const char *path, const char *slot, char **message) {
        _cleanup_(bh_disks_change_clear) BhDisksChange change = {.path = g_strdup(path), .slot = g_strdup(slot)};
        const BhCaller caller = {.role = BH_ROLE_ADMIN, .username = (char *)"root"};
        BhFailure failure = {};
        int r;

        r = bh_disks_slot_begin(fixture->disks, &change, &failure);
        if (r >= 0)
                r = bh_disks_slot_write(fixture->disks, &caller, &change);
        bh_disks_slot_end(fixture->disks, &change);
        g_free(*message);
        *message = g_strdup(failure.message ?: "");
        bh_failure_clear(&failure);
        return r;
}

static void bays_have_names_of_which_each_is_given_once(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *whole = mirror("in_sync", "in_sync", 0),
                                                   *pulled = mirror("in_sync", NULL, 1);
        BhTopology *topology = take(fixture, whole);
        g_autofree char *first = g_strdup(disk(topology, "S1")->path), *second = g_strdup(disk(topology, "S2")->path),
                        *message = NULL;

        bh_topology_unref(topology);
        g_assert_cmpint(name_bay(fixture, second, "Left", &message), ==, 0);
        g_assert_cmpint(name_bay(fixture, second, "Left", &message), ==, 0);
        g_assert_cmpint(name_bay(fixture, first, "Left", &message), ==, -EEXIST);
        assert_has(message, "sdb");
        g_assert_cmpint(name_bay(fixture, first, "12345678901234567890123456789012x", &message), ==, -EINVAL);
        g_assert_cmpint(name_bay(fixture, first, "two\nlines", &message), ==, -EINVAL);
        g_assert_cmpint(name_bay(fixture, first, " x", &message), ==, -EINVAL);
        g_assert_cmpint(name_bay(fixture, "/org/baluhost/NAS1/disks/nobody", "x", &message), ==, -ENOENT);
        topology = bh_disks_get(fixture->disks);
        g_assert_cmpstr(topology->disks[0].serial, ==, "S2"); /* those with a bay come first */
        g_assert_cmpstr(topology->arrays[0].members[1].bay, ==, "Left");
        bh_topology_unref(topology);

        close_disks(fixture);
        open_disks(fixture);
        topology = take(fixture, pulled);
        assert_has(topology->arrays[0].state_text, "serial S2, in bay “Left”, last seen");
        bh_topology_unref(topology);
        g_assert_cmpint(name_bay(fixture, first, "Left", &message), ==, 0); /* for the other is not there */
}

static int forget(Fixture *fixture, const char *path, bool array) {
        _cleanup_(bh_disks_change_clear) BhDisksChange change = {.path = g_strdup(path)};
        const BhCaller caller = {.role = BH_ROLE_ADMIN, .username = (char *)"root"};
        BhFailure failure = {};
        int r;

        r = array ? bh_disks_forget_array_begin(fixture->disks, &change, &failure)
                  : bh_disks_forget_disk_begin(fixture->disks, &change, &failure);
        if (r >= 0)
                r = array ? bh_disks_forget_array_write(fixture->disks, &caller, &change)
                          : bh_disks_forget_disk_write(fixture->disks, &caller, &change);
        if (array)
                bh_disks_forget_array_end(fixture->disks, &change);
        else
                bh_disks_forget_disk_end(fixture->disks, &change);
        bh_failure_clear(&failure);
        return r;
}

static void what_is_absent_can_be_forgotten(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *whole = mirror("in_sync", "in_sync", 0),
                                                   *pulled = mirror("in_sync", NULL, 1), *gone = fixture_inventory();
        BhTopology *topology = take(fixture, whole);
        g_autofree char *path = g_strdup(disk(topology, "S2")->path), *array = g_strdup(topology->arrays[0].path);

        bh_topology_unref(topology);
        g_assert_cmpint(forget(fixture, path, false), ==, -EACCES);
        g_assert_cmpint(forget(fixture, array, true), ==, -EACCES);
        bh_topology_unref(take(fixture, pulled));
        g_assert_cmpint(forget(fixture, path, false), ==, 0);
        g_assert_cmpint(forget(fixture, path, false), ==, -ENOENT);
        topology = bh_disks_get(fixture->disks);
        g_assert_null(disk(topology, "S2"));
        g_assert_cmpstr(topology->arrays[0].state_text, ==, "Degraded: nothing is in slot 1");
        g_assert_cmpuint(topology->arrays[0].n_members, ==, 2);
        bh_topology_unref(topology);

        bh_topology_unref(take(fixture, gone));
        g_assert_cmpint(forget(fixture, array, true), ==, 0);
        close_disks(fixture);
        open_disks(fixture);
        topology = take(fixture, gone);
        g_assert_cmpuint(topology->n_arrays + topology->n_disks, ==, 0);
        bh_topology_unref(topology);
}

static void an_array_that_was_deleted_is_not_missed(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *whole = mirror("in_sync", "in_sync", 0),
                                                   *gone = fixture_inventory();
        BhTopology *topology = take(fixture, whole);
        g_autofree char *uuid = g_strdup(topology->arrays[0].uuid);

        bh_topology_unref(topology);
        bh_disks_array_is_deleted(fixture->disks, uuid);
        topology = take(fixture, gone);
        g_assert_cmpuint(topology->n_arrays + topology->n_disks, ==, 0);
        bh_topology_unref(topology);
}

/* Hooks ----------------------------------------------------------------------------------------------------------------------------------- */

static const char *pool_of(void *userdata, const BhInventory *inventory, const BhBlock *block) {
        return g_str_equal(block->id_uuid, "fs-1") ? "/org/baluhost/NAS1/pools/fs_1" : NULL;
}

static bool is_expected(void *userdata, const char *disk_id) {
        return g_str_has_suffix(disk_id, "S3");
}

static bool judge(void *userdata, const char *disk_id, const BhDrive *drive, BhHealth *ret) {
        *ret = bh_disk_judge(drive);
        if (!g_str_has_suffix(disk_id, "S3"))
                return true;
        g_free(ret->text);
        ret->state = "warning";
        ret->text = g_strdup("It rattles");
        return true;
}

static void others_say_what_is_a_pool_and_how_a_disk_is(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *whole = mirror("in_sync", "in_sync", 0),
                                                   *gone = fixture_inventory();
        BhTopology *topology;

        bh_disks_set_pools(fixture->disks, pool_of, is_expected, NULL);
        bh_disks_set_judge(fixture->disks, judge, NULL);
        fixture_format(fixture_block(whole, "md0"), "filesystem", "ext4", "Photos", "fs-0");
        fixture_format(fixture_block(whole, "sdc"), "filesystem", "ext4", "Films", "fs-1");
        fixture_block(whole, "sdc")->has_filesystem = true;
        topology = take(fixture, whole);
        g_assert_cmpstr(disk(topology, "S3")->pool, ==, "/org/baluhost/NAS1/pools/fs_1");
        g_assert_cmpstr(disk(topology, "S3")->usage, ==, "pool");
        g_assert_cmpstr(disk(topology, "S3")->state, ==, "warning");
        g_assert_cmpstr(disk(topology, "S3")->state_text, ==, "It rattles");
        g_assert_cmpstr(disk(topology, "S1")->pool, ==, "/");
        bh_topology_unref(topology);
        topology = take(fixture, gone);
        g_assert_nonnull(disk(topology, "S3")); /* the pool expects it */
        g_assert_cmpstr(disk(topology, "S3")->usage, ==, "pool");
        bh_topology_unref(topology);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/disks/ids", an_id_is_made_of_what_stays_the_same);
        g_test_add_func("/disks/seen", when_something_was_seen_is_said_as_people_do);
        g_test_add_func("/disks/survives", each_level_says_how_many_more_may_fail);
        g_test_add_func("/disks/enough", each_level_says_which_members_are_enough);
#define ADD(path, test) g_test_add("/disks/" path, Fixture, NULL, set_up, test, tear_down)
        ADD("whole", a_whole_array_says_so);
        ADD("pulled", a_disk_that_is_pulled_is_expected_by_name);
        ADD("pulled-early", a_disk_that_is_gone_before_its_array_says_so_is_expected_too);
        ADD("free", a_free_disk_that_is_pulled_is_no_loss);
        ADD("failed-member", a_member_that_failed_is_named_and_keeps_its_place);
        ADD("replaced", who_was_replaced_is_expected_no_more);
        ADD("back", a_disk_that_comes_back_is_there_but_no_part_of_it);
        ADD("first-sync", a_new_array_that_syncs_for_the_first_time_has_lost_nothing);
        ADD("stopped", an_array_that_did_not_start_says_what_it_waits_for);
        ADD("ghost", what_udisks2_shows_of_an_array_without_disks_is_a_ghost);
        ADD("failed", too_much_missing_is_a_failure);
        ADD("unavailable", without_udisks2_nothing_is_known_and_nothing_is_missed);
        ADD("scrub", a_scrub_that_came_to_its_end_tells_what_it_found);
        ADD("quick-scrub", a_quick_scrub_is_whole_when_the_kernel_would_begin_anew);
        ADD("unseen-scrub", what_a_scrub_found_while_nobody_looked_is_known_but_not_when);
        ADD("odd-scrub", what_the_kernel_says_of_mismatches_must_be_a_number);
        ADD("bays", bays_have_names_of_which_each_is_given_once);
        ADD("forget", what_is_absent_can_be_forgotten);
        ADD("deleted", an_array_that_was_deleted_is_not_missed);
        ADD("hooks", others_say_what_is_a_pool_and_how_a_disk_is);
        return g_test_run();
}
