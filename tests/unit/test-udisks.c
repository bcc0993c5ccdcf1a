/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <string.h>

#include "inventory.h"
#include "macro.h"
#include "message-fixture.h"
#include "udisks-private.h"
#include "udisks-store.h"

/* What GetManagedObjects returns is in a file, as GVariant writes it. */

#define ROOT "/org/freedesktop/UDisks2/"
#define ARRAY ROOT "mdraid/ba10057e_0d5e4d05_a5d15cad_00000005"

typedef struct Fixture {
        MessageFixture messages;
        BhUdisksStore *store;
} Fixture;

static const char *const filesystems[] = {"ext4", NULL};

/* A message with a tuple that is written so. */
static sd_bus_message *message(Fixture *fixture, const char *text) {
        g_autoptr(GError) error = NULL;
        GVariant *contents = g_variant_parse(NULL, text, NULL, NULL, &error);

        g_assert_no_error(error);
        return message_with(&fixture->messages, contents);
}

static char *recorded(void) {
        g_autofree char *text = NULL;

        g_assert_true(g_file_get_contents(BH_TEST_OBJECTS, &text, NULL, NULL));
        return g_strdup_printf("(%s,)", text);
}

static void read_all(Fixture *fixture, const char *text) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = message(fixture, text);

        g_assert_cmpint(bh_udisks_store_read_all(fixture->store, m), >=, 0);
}

static int read_added(Fixture *fixture, const char *text) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = message(fixture, text);

        return bh_udisks_store_read_added(fixture->store, m);
}

static int read_removed(Fixture *fixture, const char *text) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = message(fixture, text);

        return bh_udisks_store_read_removed(fixture->store, m);
}

static int read_changed(Fixture *fixture, const char *object, const char *text, bool *incomplete) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = message(fixture, text);
        bool ignored;

        return bh_udisks_store_read_changed(fixture->store, object, m, incomplete ?: &ignored);
}

static BhInventory *build(Fixture *fixture) {
        return bh_udisks_store_build(fixture->store, filesystems);
}

static void set_up(Fixture *fixture, gconstpointer data) {
        message_fixture_init(&fixture->messages);
        fixture->store = bh_udisks_store_new();
}

static void tear_down(Fixture *fixture, gconstpointer data) {
        bh_udisks_store_free(fixture->store);
        message_fixture_clear(&fixture->messages);
}

/* What it shows --------------------------------------------------------------------------------------------------------------------------- */

static void what_was_recorded_becomes_an_inventory(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        g_autofree char *text = recorded();
        const BhDrive *drive;
        const BhBlock *block;
        const BhMdArray *array;

        read_all(fixture, text);
        inventory = build(fixture);
        g_assert_true(inventory->is_available);
        g_assert_cmpstr(inventory->problem, ==, "");
        g_assert_cmpstr(inventory->filesystems[0], ==, "ext4");
        g_assert_null(inventory->filesystems[1]);
        g_assert_cmpuint(inventory->n_drives, ==, 2);
        g_assert_cmpuint(inventory->n_blocks, ==, 7);
        g_assert_cmpuint(inventory->n_arrays, ==, 1);

        block = bh_inventory_block(inventory, ROOT "block_devices/sda1");
        g_assert_cmpstr(block->device, ==, "/dev/sda1");
        g_assert_cmpstr(block->name, ==, "sda1");
        g_assert_cmpstr(block->member_of, ==, ARRAY);
        g_assert_cmpstr(block->array, ==, "");
        g_assert_cmpstr(block->id_type, ==, "linux_raid_member");
        g_assert_true(block->is_partition);
        g_assert_cmpstr(block->partition_of, ==, ROOT "block_devices/sda");
        g_assert_cmpuint(block->partition_number, ==, 1);

        drive = bh_inventory_drive(inventory, block->drive);
        g_assert_cmpstr(drive->model, ==, "BaluHost Dev Disk 5GB (Mirror A)");
        g_assert_cmpstr(drive->serial, ==, "BALU-DEV-5GB-A");
        g_assert_cmpstr(drive->wwn, ==, "0x5000b41000000000");
        g_assert_cmpuint(drive->size, ==, 5000000000);
        g_assert_cmpint(drive->rotation_rate, ==, 7200);
        g_assert_true(drive->has_ata && !drive->has_nvme && !drive->is_removable && !drive->is_media_missing);
        g_assert_true(drive->smart.is_supported && drive->smart.is_enabled && !drive->smart.is_failing);
        g_assert_cmpfloat_with_epsilon(drive->smart.temperature, 28, 0.01);
        g_assert_cmpuint(drive->smart.power_on_usec, ==, UINT64_C(31536000) * BH_USEC_PER_SEC);
        g_assert_cmpstr(drive->smart.selftest_status, ==, "success");
        g_assert_cmpstr(bh_inventory_block_of_drive(inventory, drive->object)->name, ==, "sda");

        array = bh_inventory_array(inventory, ARRAY);
        g_assert_true(bh_inventory_array_by_uuid(inventory, "ba10057e:0d5e4d05:a5d15cad:00000005") == array);
        g_assert_cmpstr(array->name, ==, "md0"); /* without the host's name */
        g_assert_cmpstr(array->level, ==, "raid1");
        g_assert_cmpuint(array->devices, ==, 2);
        g_assert_cmpuint(array->n_members, ==, 2);
        g_assert_cmpstr(array->members[1].block, ==, ROOT "block_devices/sdb1");
        g_assert_cmpint(array->members[1].slot, ==, 1);
        g_assert_cmpstr(array->members[1].state, ==, "in_sync");
        g_assert_cmpstr(bh_inventory_block_of_array(inventory, ARRAY)->name, ==, "md0");

        block = bh_inventory_block(inventory, ROOT "block_devices/vda4");
        g_assert_true(block->has_swap && block->is_swap_active);
        block = bh_inventory_block(inventory, ROOT "block_devices/vda1");
        g_assert_true(block->has_filesystem);
        g_assert_cmpstr(block->mount_points[0], ==, "/boot/efi");
        g_assert_cmpstr(block->fstab_directories[0], ==, "/boot/efi");
        g_assert_null(bh_inventory_block(inventory, ""));
        g_assert_null(bh_inventory_drive(inventory, ""));
        g_assert_null(bh_inventory_array(inventory, ""));
}

static void what_changes_is_taken_in_and_the_rest_kept(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *before = NULL, *same = NULL, *after = NULL;
        g_autofree char *text = recorded();
        const BhMdArray *array;
        bool incomplete = true;

        read_all(fixture, text);
        before = build(fixture);
        same = build(fixture);
        g_assert_true(bh_inventory_is_equal(before, same));
        g_assert_cmpint(
                read_changed(fixture, ARRAY,
                             "('org.freedesktop.UDisks2.MDRaid', {'Degraded': <uint32 1>, 'SyncAction': <'recover'>, "
                             "'ActiveDevices': "
                             "<[(objectpath '" ROOT
                             "block_devices/sda1', 0, ['in_sync', 'write_mostly'], uint64 3, @a{sv} {})]>}, @as [])",
                             &incomplete),
                ==, 1);
        g_assert_false(incomplete);
        after = build(fixture);
        g_assert_false(bh_inventory_is_equal(before, after));
        array = bh_inventory_array(after, ARRAY);
        g_assert_cmpuint(array->degraded, ==, 1);
        g_assert_cmpstr(array->level, ==, "raid1");
        g_assert_cmpuint(array->n_members, ==, 1);
        g_assert_cmpstr(array->members[0].state, ==, "in_sync,write_mostly");
        g_assert_cmpuint(array->members[0].errors, ==, 3);
        g_assert_cmpuint(bh_inventory_array(before, ARRAY)->n_members, ==, 2);

        g_assert_cmpint(
                read_changed(fixture, ARRAY, "('org.freedesktop.UDisks2.MDRaid', @a{sv} {}, ['Size'])", &incomplete),
                ==, 0);
        g_assert_true(incomplete);
        g_assert_cmpint(
                read_changed(fixture, ARRAY, "('org.freedesktop.UDisks2.MDRaid', @a{sv} {}, ['Colour'])", &incomplete),
                ==, 0);
        g_assert_false(incomplete);
        g_assert_cmpint(
                read_changed(fixture, ARRAY, "('org.freedesktop.UDisks2.Job', {'Progress': <0.5>}, @as [])", NULL), ==,
                0);
        g_assert_cmpint(read_changed(fixture, "/nobody",
                                     "('org.freedesktop.UDisks2.MDRaid', {'Degraded': <uint32 1>}, @as [])", NULL),
                        ==, 0);
        g_assert_cmpint(read_changed(fixture, ROOT "block_devices/sda",
                                     "('org.freedesktop.UDisks2.MDRaid', {'Degraded': <uint32 1>}, @as [])", NULL),
                        ==, 0);
}

static void objects_come_and_go_with_their_interfaces(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *one = NULL, *two = NULL;
        g_autofree char *text = recorded();

        read_all(fixture, text);
        g_assert_cmpint(read_removed(fixture, "(objectpath '" ROOT
                                              "block_devices/vda1', ['org.freedesktop.UDisks2.Filesystem'])"),
                        ==, 1);
        g_assert_cmpint(read_removed(fixture, "(objectpath '" ROOT
                                              "block_devices/vda1', ['org.freedesktop.UDisks2.Filesystem'])"),
                        ==, 0);
        g_assert_cmpint(
                read_removed(fixture,
                             "(objectpath '" ROOT
                             "mdraid/ba10057e_0d5e4d05_a5d15cad_00000005', ['org.freedesktop.UDisks2.MDRaid'])"),
                ==, 1);
        g_assert_cmpint(read_removed(fixture, "(objectpath '/nobody', ['org.freedesktop.UDisks2.MDRaid'])"), ==, 0);
        one = build(fixture);
        g_assert_false(bh_inventory_block(one, ROOT "block_devices/vda1")->has_filesystem);
        g_assert_null(bh_inventory_block(one, ROOT "block_devices/vda1")->mount_points[0]);
        g_assert_cmpuint(one->n_arrays, ==, 0);

        g_assert_cmpint(read_added(fixture,
                                   "(objectpath '" ROOT "block_devices/vda1', {'org.freedesktop.UDisks2.Filesystem': "
                                   "{'MountPoints': <[b'/mnt/a', b'/mnt/b']>, 'Size': <uint64 4096>}})"),
                        ==, 1);
        g_assert_cmpint(read_added(fixture, "(objectpath '" ROOT
                                            "jobs/1', {'org.freedesktop.UDisks2.Job': {'Progress': <0.5>}})"),
                        ==, 0);
        two = build(fixture);
        g_assert_cmpstr(bh_inventory_block(two, ROOT "block_devices/vda1")->mount_points[1], ==, "/mnt/b");
        g_assert_cmpuint(bh_inventory_block(two, ROOT "block_devices/vda1")->filesystem_size, ==, 4096);
}

/* Nonsense -------------------------------------------------------------------------------------------------------------------------------- */

static void what_is_of_another_type_is_passed_over(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        const BhDrive *drive;

        read_all(fixture, "({objectpath '/d': {'org.freedesktop.UDisks2.Drive': {'Model': <1>, 'Serial': <'S'>, "
                          "'Size': <'large'>, 'RotationRate': <uint64 5>, "
                          "'Optical': <'no'>, 'Colour': <(1, 'x', [<2>])>}, 'org.freedesktop.UDisks2.Drive.Ata': "
                          "{'SmartTemperature': <'hot'>}}},)");
        inventory = build(fixture);
        drive = bh_inventory_drive(inventory, "/d");
        g_assert_cmpstr(drive->model, ==, "");
        g_assert_cmpstr(drive->serial, ==, "S");
        g_assert_cmpuint(drive->size, ==, 0);
        g_assert_cmpint(drive->rotation_rate, ==, 0);
        g_assert_false(drive->is_optical);
        g_assert_true(isnan(drive->smart.temperature));
        g_assert_null(bh_inventory_block_of_drive(inventory, "/d"));
}

static void what_is_no_list_of_objects_is_an_error(Fixture *fixture, gconstpointer data) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = message(fixture, "('hello',)");

        g_assert_cmpint(bh_udisks_store_read_all(fixture->store, m), <, 0);
        g_assert_cmpint(read_added(fixture, "('/not/a/path', 1)"), <, 0);
        g_assert_cmpint(read_removed(fixture, "(1, 2)"), <, 0);
        g_assert_cmpint(read_changed(fixture, "/x", "(1, 2)", NULL), <, 0);
}

static void texts_are_made_fit_to_be_shown(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        g_autofree char *long_text = g_strnfill(5000, 'x');
        g_autofree char *text =
                g_strdup_printf("({objectpath '/d': {'org.freedesktop.UDisks2.Drive': {'Model': <' two\\nlines\\t '>, "
                                "'Serial': <'%s'>}}, "
                                "objectpath '/b': {'org.freedesktop.UDisks2.Block': {'Device': <b'/dev/\\377x'>}}},)",
                                long_text);

        read_all(fixture, text);
        inventory = build(fixture);
        g_assert_cmpstr(inventory->drives[0].model, ==, "two lines");
        g_assert_cmpuint(strlen(inventory->drives[0].serial), ==, 512);
        g_assert_true(g_utf8_validate(inventory->blocks[0].device, -1, NULL));
}

static void numbers_that_make_no_sense_are_not_known(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        const BhMdArray *array;

        read_all(fixture, "({objectpath '/d': {'org.freedesktop.UDisks2.Drive': {'RotationRate': <-7>, 'Size': <uint64 "
                          "18446744073709551615>}, "
                          "'org.freedesktop.UDisks2.Drive.Ata': {'SmartSupported': <true>, 'SmartUpdated': <uint64 "
                          "18446744073709551615>, 'SmartTemperature': <1e300>}}, "
                          "objectpath '/e': {'org.freedesktop.UDisks2.Drive': @a{sv} {}, "
                          "'org.freedesktop.UDisks2.Drive.Ata': {'SmartSupported': <true>, 'SmartUpdated': <uint64 1>, "
                          "'SmartTemperature': <0.0>, 'SmartNumBadSectors': <int64 -9>, "
                          "'SmartSelftestPercentRemaining': <900>}}, "
                          "objectpath '/m': {'org.freedesktop.UDisks2.MDRaid': {'SyncCompleted': <-nan>, 'Size': "
                          "<uint64 18446744073709551615>, "
                          "'ActiveDevices': <[(objectpath '/b', -5, @as [], uint64 0, @a{sv} {})]>}}},)");
        inventory = build(fixture);
        g_assert_cmpint(inventory->drives[0].rotation_rate, ==, -1);
        g_assert_cmpuint(inventory->drives[0].size, ==, INT64_MAX);
        g_assert_cmpint(inventory->drives[0].smart.updated_usec, ==, 0);
        g_assert_true(isnan(inventory->drives[0].smart.temperature));
        g_assert_true(isnan(inventory->drives[1].smart.temperature));
        g_assert_cmpint(inventory->drives[1].smart.n_bad_sectors, ==, -1);
        g_assert_cmpint(inventory->drives[1].smart.selftest_percent_remaining, ==, 100);
        array = &inventory->arrays[0];
        g_assert_cmpfloat(array->sync_completed, ==, 0);
        g_assert_cmpuint(array->size, ==, INT64_MAX);
        g_assert_cmpint(array->members[0].slot, ==, -1);
        g_assert_cmpstr(array->members[0].state, ==, "");
}

static void more_than_any_machine_has_is_left_out(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;

        for (int i = 0; i < 8300; i++) {
                g_autofree char *text = g_strdup_printf(
                        "(objectpath '/b%d', {'org.freedesktop.UDisks2.Block': {'Size': <uint64 1>}})", i);

                g_assert_cmpint(read_added(fixture, text), ==, i < 8192 ? 1 : 0);
        }
        inventory = build(fixture);
        g_assert_cmpuint(inventory->n_blocks, ==, 8192);
}

static void an_array_of_too_few_members_does_not_run_although_it_has_a_device(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;

        read_all(fixture,
                 "({objectpath '/m': {'org.freedesktop.UDisks2.MDRaid': {'Running': <true>, 'Name': <'nas:photos'>}}, "
                 "objectpath '/b': {'org.freedesktop.UDisks2.Block': {'MDRaid': <objectpath '/m'>, 'Size': <uint64 "
                 "0>}}},)");
        inventory = build(fixture);
        g_assert_cmpstr(inventory->arrays[0].block, ==, "");
        g_assert_null(bh_inventory_block_of_array(inventory, "/m"));
}

static void how_far_an_action_came_is_kept_when_it_has_ended(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *ended = NULL, *begun = NULL;

        read_all(fixture, "({objectpath '/m': {'org.freedesktop.UDisks2.MDRaid': {'SyncAction': <'idle'>, "
                          "'SyncCompleted': <0.0>}}},)");
        read_changed(fixture, "/m", "('org.freedesktop.UDisks2.MDRaid', {'SyncAction': <'check'>}, @as [])", NULL);
        read_changed(fixture, "/m", "('org.freedesktop.UDisks2.MDRaid', {'SyncCompleted': <1.0>}, @as [])", NULL);
        read_changed(fixture, "/m",
                     "('org.freedesktop.UDisks2.MDRaid', {'SyncAction': <'idle'>, 'SyncCompleted': <0.0>}, @as [])",
                     NULL);
        ended = build(fixture);
        g_assert_cmpfloat(ended->arrays[0].sync_completed, ==, 0);
        g_assert_cmpfloat(ended->arrays[0].sync_peak, ==, 1);
        read_changed(fixture, "/m", "('org.freedesktop.UDisks2.MDRaid', {'SyncAction': <'check'>}, @as [])", NULL);
        begun = build(fixture);
        g_assert_cmpfloat(begun->arrays[0].sync_peak, ==, 0);
}

static void nvme_disks_tell_their_health_in_their_own_way(Fixture *fixture, gconstpointer data) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;

        read_all(fixture, "({objectpath '/d': {'org.freedesktop.UDisks2.Drive': @a{sv} {}, "
                          "'org.freedesktop.UDisks2.NVMe.Controller': {'SmartUpdated': <uint64 1700000000>, "
                          "'SmartTemperature': <uint16 310>, 'SmartPowerOnHours': <uint64 100>, "
                          "'SmartCriticalWarning': <['spare']>, 'SmartSelftestStatus': <'inprogress'>, "
                          "'SmartSelftestPercentRemaining': <40>}}},)");
        inventory = build(fixture);
        g_assert_true(inventory->drives[0].has_nvme && inventory->drives[0].smart.is_supported);
        g_assert_true(inventory->drives[0].smart.is_failing);
        g_assert_cmpfloat_with_epsilon(inventory->drives[0].smart.temperature, 36.85, 0.01);
        g_assert_cmpuint(inventory->drives[0].smart.power_on_usec, ==, UINT64_C(360000) * BH_USEC_PER_SEC);
        g_assert_cmpint(inventory->drives[0].smart.selftest_percent_remaining, ==, 40);
}

static void mdstat_tells_how_far_a_sync_is(void) {
        static const char text[] =
                "Personalities : [raid1] [raid6]\n"
                "md127 : active raid1 sdb1[1] sda1[0]\n"
                "      292945152 blocks super 1.2 [2/2] [UU]\n"
                "      [==>..................]  recovery = 12.6% (25/100) finish=127.5min speed=33440K/sec\n"
                "      bitmap: 0/3 pages [0KB], 65536KB chunk\n"
                "      \n"
                "md12 : active raid5 sdc[2]\n"
                "      \tresync=PENDING\n"
                "      \n"
                "md13 : active raid5 sdd[2]\n"
                "      [==>..................]  check = 99.9% (200/100) finish=1min speed=1K/sec\n"
                "unused devices: <none>\n";

        g_assert_cmpfloat(bh_mdstat_progress(text, "md127"), ==, 0.25);
        g_assert_cmpfloat(bh_mdstat_progress(text, "md12"), <, 0);
        g_assert_cmpfloat(bh_mdstat_progress(text, "md13"), <, 0);
        g_assert_cmpfloat(bh_mdstat_progress(text, "md1"), <, 0);
        g_assert_cmpfloat(bh_mdstat_progress("", "md1"), <, 0);
}

/* Errors ---------------------------------------------------------------------------------------------------------------------------------- */

static void assert_error(const char *name, const char *text, int expected, const char *failure_name, const char *part) {
        const sd_bus_error error = SD_BUS_ERROR_MAKE_CONST(name, text);
        _cleanup_(bh_failure_clear) BhFailure failure = {};

        g_assert_cmpint(bh_udisks_errno(&error, &failure), ==, expected);
        g_assert_cmpint(bh_udisks_errno(&error, NULL), ==, expected);
        g_assert_cmpstr(failure.name, ==, failure_name);
        if (!strstr(failure.message, part))
                g_error("“%s” is not in “%s”", part, failure.message);
}

static void errors_of_udisks2_become_numbers_and_sentences(void) {
        assert_error("org.freedesktop.UDisks2.Error.NotAuthorized", "no", -EACCES, NULL, "polkit rules");
        assert_error("org.freedesktop.UDisks2.Error.DeviceBusy", "x", -EBUSY, NULL, "in use");
        assert_error("org.freedesktop.UDisks2.Error.WouldWakeup", "x", -EBUSY, NULL, "sleeps");
        assert_error("org.freedesktop.UDisks2.Error.NotSupported", "no such level", -EOPNOTSUPP, NULL, "no such level");
        assert_error("org.freedesktop.UDisks2.Error.AlreadyMounted", "x", -EALREADY, "Conflict", "mounted already");
        assert_error("org.freedesktop.UDisks2.Error.NotMounted", "x", -ENOTCONN, "Conflict", "not mounted");
        assert_error("org.freedesktop.UDisks2.Error.Failed", "two\nlines\x01", -EIO, NULL, "UDisks2: two lines");
        assert_error("org.freedesktop.UDisks2.Error.SomethingNew", NULL, -EIO, NULL, "SomethingNew");
        assert_error("org.freedesktop.DBus.Error.ServiceUnknown", "x", -ENODEV, NULL, "not running");
        assert_error("org.freedesktop.DBus.Error.NoReply", "x", -ENODEV, NULL, "gone");
        assert_error("org.freedesktop.DBus.Error.UnknownMethod", "x", -ENOENT, NULL, "no more");
        assert_error("org.freedesktop.DBus.Error.InvalidArgs", "bad chunk", -EINVAL, NULL, "bad chunk");
        assert_error("org.freedesktop.DBus.Error.Timeout", "x", -ETIMEDOUT, NULL, "in time");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(path, test) g_test_add("/udisks/" path, Fixture, NULL, set_up, test, tear_down)
        ADD("recorded", what_was_recorded_becomes_an_inventory);
        ADD("changed", what_changes_is_taken_in_and_the_rest_kept);
        ADD("objects", objects_come_and_go_with_their_interfaces);
        ADD("types", what_is_of_another_type_is_passed_over);
        ADD("no-objects", what_is_no_list_of_objects_is_an_error);
        ADD("texts", texts_are_made_fit_to_be_shown);
        ADD("numbers", numbers_that_make_no_sense_are_not_known);
        ADD("many", more_than_any_machine_has_is_left_out);
        ADD("too-few", an_array_of_too_few_members_does_not_run_although_it_has_a_device);
        ADD("peak", how_far_an_action_came_is_kept_when_it_has_ended);
        ADD("nvme", nvme_disks_tell_their_health_in_their_own_way);
        g_test_add_func("/udisks/mdstat", mdstat_tells_how_far_a_sync_is);
        g_test_add_func("/udisks/errors", errors_of_udisks2_become_numbers_and_sentences);
        return g_test_run();
}
