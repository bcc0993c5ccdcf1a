/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <math.h>

#include "account-fixture.h"
#include "inventory-fixture.h"
#include "macro.h"
#include "smart-reader.h"
#include "smart.h"

#define SEC BH_USEC_PER_SEC
#define HOUR (INT64_C(3600) * SEC)
#define INTERVAL (HOUR / 2)
#define DISK "wd_1"

/* A NAS with a disk, and a clock of its own. */
typedef struct Fixture {
        AccountFixture accounts;
        BhSmarts *smarts;
        int64_t now;
        GString *heard;
} Fixture;

static void listen(const char *disk_id, void *userdata) {
        g_string_append_printf(userdata, "%s;", disk_id);
}

static void load(Fixture *f) {
        g_assert_cmpint(bh_smarts_load(&f->smarts, f->accounts.database, INTERVAL), ==, 0);
        bh_smarts_set_listener(f->smarts, listen, f->heard);
}

static void set_up(Fixture *f, gconstpointer data) {
        account_fixture_set_up(&f->accounts, NULL);
        f->heard = g_string_new(NULL);
        f->now = g_get_real_time() / SEC * SEC;
        load(f);
}

static void tear_down(Fixture *f, gconstpointer data) {
        bh_smarts_free(f->smarts);
        account_fixture_tear_down(&f->accounts, NULL);
        g_string_free(f->heard, TRUE);
}

static void restart(Fixture *f) {
        bh_smarts_free(f->smarts);
        account_fixture_restart(&f->accounts);
        load(f);
}

typedef struct Show {
        bool is_off, is_unsupported, is_nvme, is_failing;
        int64_t updated_usec;
        double temperature;
        const char *selftest; /* NULL success */
        int percent_remaining;
} Show;

static BhSmart make_smart(const Show *show) {
        return (BhSmart){.is_supported = !show->is_unsupported,
                         .is_enabled = !show->is_off,
                         .is_failing = show->is_failing,
                         .updated_usec = show->updated_usec,
                         .temperature = show->temperature,
                         .power_on_usec = (uint64_t)(100 * HOUR),
                         .n_failing_now = 0,
                         .n_failed_before = 0,
                         .n_bad_sectors = 0,
                         .selftest_status = g_strdup(show->selftest ?: "success"),
                         .selftest_percent_remaining = show->percent_remaining};
}

/* Shows the disk to it; show NULL: it is gone. */
static void see(Fixture *f, const Show *show) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = fixture_inventory();
        char *ids[] = {(char *)DISK, NULL, NULL};

        fixture_add_disk(inventory, "vda", "OTHER", 1000);
        if (show) {
                BhDrive *drive;

                fixture_add_disk(inventory, "sda", "WD1", 1000);
                drive = fixture_drive(inventory, "sda");
                drive->has_nvme = show->is_nvme;
                drive->has_ata = !show->is_nvme;
                g_free(drive->smart.selftest_status);
                drive->smart = make_smart(show);
                ids[0] = NULL;
                ids[1] = (char *)DISK;
        }
        if (!show)
                ids[0] = NULL;
        bh_smarts_see(f->smarts, inventory, ids);
}

static BhSmartReport make_report(const Show *show, uint64_t pending) {
        BhSmartReport report = {.smart = make_smart(show), .is_nvme = show->is_nvme, .n_attributes = 1};

        report.attributes = g_new0(BhSmartAttribute, 1);
        report.attributes[0] = (BhSmartAttribute){197, false, 100, 100, 0, pending};
        return report;
}

static void take(Fixture *f, const Show *show, uint64_t pending) {
        _cleanup_(bh_smart_report_clear) BhSmartReport report = make_report(show, pending);

        bh_smarts_take(f->smarts, DISK, &report);
}

/* What is next: "ask", "get", or in how many seconds, "" never. It ends with r, at once. */
static char *next(Fixture *f, int r, const Show *show) {
        _cleanup_(bh_smart_task_clear) BhSmartTask task = {}, second = {};
        _cleanup_(bh_smart_report_clear) BhSmartReport report = {};
        int64_t when, later;

        if (!bh_smarts_next(f->smarts, f->now, &task, &when))
                return when == INT64_MAX ? g_strdup("") : g_strdup_printf("%" G_GINT64_FORMAT, (when - f->now) / SEC);
        g_assert_cmpstr(task.disk_id, ==, DISK);
        g_assert_cmpstr(task.drive, !=, "");
        g_assert_false(bh_smarts_next(f->smarts, f->now, &second, &later)); /* it is under way */
        if (show)
                report = make_report(show, 0);
        bh_smarts_finish(f->smarts, &task, r, show ? &report : NULL, f->now);
        return g_strdup(task.is_update ? "ask" : "get");
}

static void assert_next(Fixture *f, int r, const Show *show, const char *expected) {
        g_autofree char *what = next(f, r, show);

        g_assert_cmpstr(what, ==, expected);
}

/* State, SMART status and text. */
static void assert_health(Fixture *f, const char *expected) {
        g_autofree char *text = NULL;
        BhHealth health = {};

        g_assert_true(bh_smarts_judge(f->smarts, DISK, NULL, &health));
        text = g_strdup_printf("%s %s: %s", health.state, health.smart_status, health.text);
        g_free(health.text);
        g_assert_cmpstr(text, ==, expected);
}

static void a_new_disk_is_asked_at_once_and_then_at_intervals(Fixture *f, gconstpointer data) {
        Show show = {.temperature = (double)NAN};

        assert_next(f, 0, NULL, "");
        see(f, &show);
        assert_health(f, "unknown unknown: The health was not read yet");
        show.updated_usec = f->now;
        show.temperature = 30;
        assert_next(f, 0, &show, "ask");
        g_assert_cmpstr(f->heard->str, ==, DISK ";");
        assert_health(f, "healthy passed: Healthy");
        see(f, &show); /* which is no news */
        assert_next(f, 0, NULL, "1800");
        f->now += INTERVAL - SEC;
        assert_next(f, 0, NULL, "1");
        f->now += SEC;
        show.updated_usec = f->now;
        assert_next(f, 0, &show, "ask");
}

static void what_udisks_has_read_by_itself_is_taken_and_delays_our_turn(Fixture *f, gconstpointer data) {
        Show show = {.updated_usec = f->now - 100 * SEC, .temperature = 30};

        see(f, &show);
        assert_health(f, "healthy passed: Healthy");
        assert_next(f, 0, &show, "get");
        assert_next(f, 0, NULL, "1700");
        f->now += 600 * SEC;
        show.updated_usec = f->now;
        see(f, &show);
        assert_next(f, 0, &show, "get");
        assert_next(f, 0, NULL, "1800");
}

static void a_disk_that_sleeps_keeps_its_values_and_is_tried_again_at_its_next_turn(Fixture *f, gconstpointer data) {
        Show show = {.updated_usec = f->now, .temperature = 30};

        see(f, &show);
        assert_next(f, 0, &show, "get");
        f->now += INTERVAL;
        assert_next(f, -EBUSY, NULL, "ask");
        assert_next(f, 0, NULL, "1800");
        assert_health(f, "healthy passed: Healthy");
        g_assert_cmpint(bh_smarts_get_reading(f->smarts, DISK)->time_usec, ==, f->now - INTERVAL);
}

static void assert_no_drive(Fixture *f, const char *disk_id, int error, const char *message) {
        _cleanup_(bh_failure_clear) BhFailure failure = {};
        const char *drive;
        bool is_nvme;

        g_assert_cmpint(bh_smarts_find_drive(f->smarts, disk_id, &drive, &is_nvme, &failure), ==, error);
        g_assert_cmpstr(failure.message, ==, message);
}

static void a_disk_without_smart_is_never_asked(Fixture *f, gconstpointer data) {
        Show show = {.is_unsupported = true};

        see(f, &show);
        assert_next(f, 0, NULL, "");
        assert_health(f, "unknown unsupported: The disk does not report its health");
        assert_no_drive(f, DISK, -EOPNOTSUPP, "The disk does not report its health");
        show = (Show){.is_off = true};
        see(f, &show);
        assert_next(f, 0, NULL, "");
        assert_health(f, "unknown unknown: SMART is switched off, so the health is not known");
        assert_no_drive(f, DISK, -EOPNOTSUPP, "SMART is switched off, so the health is not known");
}

static void a_disk_that_is_gone_is_not_asked_and_what_it_said_stays(Fixture *f, gconstpointer data) {
        Show show = {.updated_usec = f->now, .temperature = 30};
        const char *drive;
        bool is_nvme;

        see(f, &show);
        g_assert_cmpint(bh_smarts_find_drive(f->smarts, DISK, &drive, &is_nvme, NULL), ==, 0);
        g_assert_false(is_nvme);
        see(f, NULL);
        assert_next(f, 0, NULL, "");
        assert_health(f, "healthy passed: Healthy");
        assert_no_drive(f, DISK, -ENODEV, "The disk is not there");
        assert_no_drive(f, "nobody", -ENODEV, "The disk is not there");
}

static void a_task_may_end_when_the_disk_is_gone(Fixture *f, gconstpointer data) {
        _cleanup_(bh_smart_task_clear) BhSmartTask task = {};
        Show show = {};
        int64_t when;

        see(f, &show);
        g_assert_true(bh_smarts_next(f->smarts, f->now, &task, &when));
        see(f, NULL);
        bh_smarts_finish(f->smarts, &task, -ENODEV, NULL, f->now);
        assert_next(f, 0, NULL, "");
}

static void all_is_remembered_across_a_restart_and_of_a_udisks_that_was_started_anew(Fixture *f, gconstpointer data) {
        Show show = {.updated_usec = f->now - 3 * HOUR, .temperature = 30};
        BhSmartSeries series;

        see(f, &show);
        take(f, &show, 0);
        show.updated_usec = f->now - HOUR;
        take(f, &show, 8);
        assert_health(f, "warning passed: Pending sectors rose from 0 to 8 in 2 hours: replace soon");
        restart(f);
        assert_health(f, "warning passed: Pending sectors rose from 0 to 8 in 2 hours: replace soon");
        see(f, &(Show){.temperature = (double)NAN});
        assert_health(f, "warning passed: Pending sectors rose from 0 to 8 in 2 hours: replace soon");
        g_assert_true(bh_smarts_get_series(f->smarts, DISK, 197, &series));
        g_assert_cmpuint(series.n_samples, ==, 2);
        g_assert_false(bh_smarts_get_series(f->smarts, DISK, 198, &series));
        g_assert_false(bh_smarts_get_series(f->smarts, "nobody", 197, &series));
        g_assert_null(bh_smarts_get_reading(f->smarts, "nobody"));
}

static void a_failing_disk_is_known_before_its_attributes_are(Fixture *f, gconstpointer data) {
        Show show = {.updated_usec = f->now, .is_failing = true};

        see(f, &show);
        assert_health(f, "failing failed: The disk itself says that it is failing: replace it now");
}

static void an_inventory_older_than_what_was_just_asked_changes_nothing(Fixture *f, gconstpointer data) {
        Show old = {.updated_usec = f->now, .temperature = 30},
             new = {.updated_usec = f->now + 2 * SEC, .is_failing = true};

        see(f, &(Show){});
        take(f, &new, 0);
        see(f, &old);
        assert_health(f, "failing failed: The disk itself says that it is failing: replace it now");
        see(f, &new);
        assert_health(f, "failing failed: The disk itself says that it is failing: replace it now");
}

static void count_tests(const char *disk_id, void *userdata) {
        g_assert_cmpstr(disk_id, ==, DISK);
        (*(int *)userdata)++;
}

static void a_test_is_followed_more_closely_and_its_end_remembered(Fixture *f, gconstpointer data) {
        Show show = {.updated_usec = f->now, .selftest = "inprogress", .percent_remaining = 70};
        BhHealth health = {};
        int n = 0;

        see(f, &show);
        assert_next(f, 0, &show, "get");
        bh_smarts_for_each_test(f->smarts, count_tests, &n);
        g_assert_cmpint(n, ==, 1);
        g_assert_true(bh_smarts_judge(f->smarts, DISK, NULL, &health));
        g_assert_cmpstr(health.selftest_status, ==, "running");
        g_assert_cmpfloat(health.selftest_progress, ==, 30);
        g_free(health.text);
        assert_next(f, 0, NULL, "30");
        f->now += 10 * SEC;
        show = (Show){.updated_usec = f->now, .selftest = "inprogress", .percent_remaining = 60};
        see(f, &show); /* shown by properties: attributes can wait */
        assert_next(f, 0, NULL, "20");
        f->now += 10 * SEC;
        show = (Show){.updated_usec = f->now};
        see(f, &show);
        assert_next(f, 0, &show, "get");
        bh_smarts_for_each_test(f->smarts, count_tests, &n);
        g_assert_cmpint(n, ==, 1);
        restart(f);
        g_assert_cmpint(bh_smarts_get_reading(f->smarts, DISK)->selftest, ==, BH_SELFTEST_PASSED);
}

static void a_test_that_is_being_started_is_nobody_elses(Fixture *f, gconstpointer data) {
        Show show = {.updated_usec = f->now - 100 * SEC};
        int n = 0;

        g_assert_cmpint(bh_smarts_begin_test(f->smarts, DISK, NULL), ==, -ENODEV);
        see(f, &show);
        g_assert_cmpint(bh_smarts_begin_test(f->smarts, DISK, NULL), ==, 0);
        g_assert_cmpint(bh_smarts_begin_test(f->smarts, DISK, NULL), ==, -EBUSY);
        bh_smarts_end_test_begin(f->smarts, DISK, false);
        g_assert_cmpint(bh_smarts_begin_test(f->smarts, DISK, NULL), ==, 0);
        see(f, &(Show){.updated_usec = f->now, .selftest = "inprogress", .percent_remaining = 90});
        bh_smarts_for_each_test(f->smarts, count_tests, &n);
        g_assert_cmpint(n, ==, 0);
        bh_smarts_end_test_begin(f->smarts, DISK, true);
        bh_smarts_for_each_test(f->smarts, count_tests, &n);
        g_assert_cmpint(n, ==, 1);
        g_assert_cmpint(bh_smarts_begin_test(f->smarts, DISK, NULL), ==, -EBUSY);
        take(f, &(Show){.updated_usec = f->now + SEC}, 0);
        g_assert_cmpint(bh_smarts_get_reading(f->smarts, DISK)->selftest, ==, BH_SELFTEST_PASSED);
}

static void an_end_in_the_second_of_the_beginning_is_believed_when_the_disk_was_asked(Fixture *f, gconstpointer data) {
        Show running = {.updated_usec = f->now, .selftest = "inprogress", .percent_remaining = 90};
        Show ended = {.updated_usec = f->now, .selftest = "aborted"};

        see(f, &(Show){.updated_usec = f->now - SEC});
        g_assert_cmpint(bh_smarts_begin_test(f->smarts, DISK, NULL), ==, 0);
        bh_smarts_end_test_begin(f->smarts, DISK, true);
        take(f, &running, 0);
        see(f, &(Show){.updated_usec = f->now - SEC, .temperature = 1}); /* of before */
        g_assert_cmpint(bh_smarts_get_reading(f->smarts, DISK)->selftest, ==, BH_SELFTEST_RUNNING);
        see(f, &ended);
        g_assert_cmpint(bh_smarts_get_reading(f->smarts, DISK)->selftest, ==, BH_SELFTEST_RUNNING);
        assert_next(f, 0, &ended, "ask");
        g_assert_cmpint(bh_smarts_get_reading(f->smarts, DISK)->selftest, ==, BH_SELFTEST_ABORTED);
        assert_next(f, 0, NULL, "1800");
}

static void a_clock_that_was_set_back_does_not_stop_the_schedule(Fixture *f, gconstpointer data) {
        Show show = {.updated_usec = f->now, .temperature = 30};

        see(f, &show);
        assert_next(f, 0, &show, "get");
        f->now -= 1000 * HOUR;
        show.updated_usec = f->now;
        assert_next(f, 0, &show, "ask");
        assert_next(f, 0, NULL, "1800");
}

static void nvme_is_asked_as_nvme(Fixture *f, gconstpointer data) {
        Show show = {.is_nvme = true};
        const char *drive;
        bool is_nvme;

        see(f, &show);
        g_assert_cmpint(bh_smarts_find_drive(f->smarts, DISK, &drive, &is_nvme, NULL), ==, 0);
        g_assert_true(is_nvme);
}

static void numbers_of_nvme_become_attributes(Fixture *f, gconstpointer data) {
        const BhUdisksNvmeValue values[] = {
                {(char *)"media_errors", 3},           {(char *)"a_secret_of_the_maker", 7},
                {(char *)"percent_used", (double)NAN}, {(char *)"avail_spare", -1},
                {(char *)"power_cycles", 1e300},       {(char *)"unsafe_shutdowns", 2.9},
        };
        static const struct {
                uint8_t id;
                uint64_t raw;
        } expected[] = {{BH_NVME_MEDIA_ERRORS, 3},
                        {BH_NVME_AVAILABLE_SPARE, 0},
                        {BH_NVME_POWER_CYCLES, UINT64_C(9007199254740992)},
                        {BH_NVME_UNSAFE_SHUTDOWNS, 2}};
        BhSmartAttribute attributes[G_N_ELEMENTS(values)];

        g_assert_cmpuint(bh_smart_attributes_of_nvme(values, G_N_ELEMENTS(values), attributes), ==,
                         G_N_ELEMENTS(expected));
        for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
                g_assert_cmpuint(attributes[i].id, ==, expected[i].id);
                g_assert_cmpuint(attributes[i].raw, ==, expected[i].raw);
                g_assert_cmpint(attributes[i].threshold, ==, -1);
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add("/smart/" #name, Fixture, NULL, set_up, name, tear_down)
        ADD(a_new_disk_is_asked_at_once_and_then_at_intervals);
        ADD(what_udisks_has_read_by_itself_is_taken_and_delays_our_turn);
        ADD(a_disk_that_sleeps_keeps_its_values_and_is_tried_again_at_its_next_turn);
        ADD(a_disk_without_smart_is_never_asked);
        ADD(a_disk_that_is_gone_is_not_asked_and_what_it_said_stays);
        ADD(a_task_may_end_when_the_disk_is_gone);
        ADD(all_is_remembered_across_a_restart_and_of_a_udisks_that_was_started_anew);
        ADD(a_failing_disk_is_known_before_its_attributes_are);
        ADD(an_inventory_older_than_what_was_just_asked_changes_nothing);
        ADD(a_test_is_followed_more_closely_and_its_end_remembered);
        ADD(a_test_that_is_being_started_is_nobody_elses);
        ADD(an_end_in_the_second_of_the_beginning_is_believed_when_the_disk_was_asked);
        ADD(a_clock_that_was_set_back_does_not_stop_the_schedule);
        ADD(nvme_is_asked_as_nvme);
        ADD(numbers_of_nvme_become_attributes);
        return g_test_run();
}
