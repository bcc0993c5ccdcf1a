/* SPDX-License-Identifier: MIT */

#include <glib/gstdio.h>
#include <math.h>

#include "macro.h"
#include "sample.h"

/* A machine of files. */
static char *root;

static char *path_of(const char *name) {
        return g_build_filename(root, name, NULL);
}

static void put(const char *name, const char *text) {
        g_autofree char *path = path_of(name), *directory = g_path_get_dirname(path);

        g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void remove_tree(const char *path) {
        g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
        const char *name;

        while (directory && (name = g_dir_read_name(directory))) {
                g_autofree char *inner = g_build_filename(path, name, NULL);

                remove_tree(inner);
        }
        g_assert_cmpint(g_remove(path), ==, 0);
}

typedef struct Fixture {
        BhMachine *machine;
        GArray *filesystems;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        g_autofree char *proc = NULL, *sysfs = NULL;

        root = g_dir_make_tmp("machine-XXXXXX", NULL);
        proc = path_of("proc");
        sysfs = path_of("sys");
        put("proc/cpuinfo",
            "processor\t: 0\nmodel name\t: A Processor\ncpu MHz\t\t: 1000.5\n\nprocessor\t: 1\ncpu MHz\t: 2000.5\n");
        put("sys/block/sda/device/model", "DISK 4000  \n");
        f->machine = bh_machine_new(proc, sysfs);
        f->filesystems = bh_filesystems_new();
}

static void tear_down(Fixture *f, gconstpointer data) {
        bh_machine_free(f->machine);
        g_array_unref(f->filesystems);
        remove_tree(root);
        g_free(root);
}

/* A sample that long after the one before. */
static BhSample *take(Fixture *f, const BhSample *before, int64_t interval_usec) {
        BhReading *reading = bh_machine_read(f->machine);

        reading->monotonic_usec = before ? before->reading->monotonic_usec + interval_usec : 1;
        return bh_sample_new(before, reading, f->filesystems);
}

static void counters_wrap_and_begin_anew(void) {
        uint64_t delta;

        g_assert_true(bh_counter_delta(5, 8, &delta));
        g_assert_cmpuint(delta, ==, 3);
        g_assert_true(bh_counter_delta(UINT32_MAX - 1, 3, &delta));
        g_assert_cmpuint(delta, ==, 5);
        g_assert_false(bh_counter_delta(1000, 10, &delta));
        g_assert_false(bh_counter_delta(UINT64_C(1) << 40, 10, &delta));
        g_assert_false(bh_counter_delta(UINT32_MAX, UINT32_MAX - 1, &delta));
}

static void processors_are_busy_by_what_they_do_not_idle(Fixture *f, gconstpointer data) {
        _cleanup_(bh_sample_unrefp) BhSample *first = NULL, *second = NULL, *third = NULL;

        put("proc/stat",
            "cpu  100 0 100 1000 50 0 0 0 0 0\ncpu0 50 0 50 500 50 0 0 0 0 0\ncpu2 50 0 50 500 0 0 0 0 0 0\nintr 1\n");
        first = take(f, NULL, 0);
        g_assert_true(isnan(first->cpu_percent));
        g_assert_cmpuint(first->cores->len, ==, 0);
        g_assert_cmpfloat(first->reading->frequency_mhz, ==, 1500.5);
        g_assert_cmpstr(bh_machine_model(f->machine), ==, "A Processor");
        /* Waiting has gone back, as the kernel lets it. */
        put("proc/stat",
            "cpu  120 0 110 1070 40 0 0 0 0 0\ncpu0 60 0 60 530 40 0 0 0 0 0\ncpu2 50 0 50 540 0 0 0 0 0 0\nintr 1\n");
        second = take(f, first, BH_USEC_PER_SEC);
        g_assert_cmpfloat(second->cpu_percent, ==, 30);
        g_assert_cmpuint(second->cores->len, ==, 3);
        g_assert_cmpfloat(g_array_index(second->cores, double, 0), ==, 40);
        g_assert_cmpfloat(g_array_index(second->cores, double, 1), ==, 0);
        g_assert_cmpfloat(g_array_index(second->cores, double, 2), ==, 0);
        put("proc/stat", "nonsense\n");
        third = take(f, second, BH_USEC_PER_SEC);
        g_assert_true(isnan(third->cpu_percent));
}

static void rates_of_a_disk_are_over_the_time_between(Fixture *f, gconstpointer data) {
        _cleanup_(bh_sample_unrefp) BhSample *first = NULL, *second = NULL;
        const BhDiskRates *rates;

        /* The milliseconds of writing wrap; loop0 and the partition are no disks. */
        put("proc/diskstats", " 8 0 sda 10 0 100 50 20 0 200 4294967290 0 1000 0\n 8 1 sda1 1 0 1 1 1 0 1 1 0 1 1\n"
                              " 7 0 loop0 1 0 1 1 1 0 1 1 0 1 1\n 8 0 sdb short\n");
        first = take(f, NULL, 0);
        g_assert_cmpuint(first->disks->len, ==, 1);
        g_assert_true(isnan(g_array_index(first->disks, BhDiskRates, 0).read));
        g_assert_cmpstr(g_array_index(first->reading->disks, BhDiskCounters, 0).model, ==, "DISK 4000");
        put("proc/diskstats", " 8 0 sda 12 0 104 60 28 0 216 34 0 1500 0\n");
        second = take(f, first, 2 * BH_USEC_PER_SEC);
        rates = &g_array_index(second->disks, BhDiskRates, 0);
        g_assert_cmpfloat(rates->read, ==, 4 * 512 / 2.0);
        g_assert_cmpfloat(rates->written, ==, 16 * 512 / 2.0);
        g_assert_cmpfloat(rates->read_ops, ==, 1);
        g_assert_cmpfloat(rates->write_ops, ==, 4);
        g_assert_cmpfloat(rates->response_usec, ==, 5000);
        g_assert_cmpfloat(rates->busy_percent, ==, 25);
        g_assert_cmpfloat(bh_sample_all_disks(second).written, ==, rates->written);
}

static void a_disk_that_comes_back_or_begins_anew_has_no_rates_at_first(Fixture *f, gconstpointer data) {
        _cleanup_(bh_sample_unrefp) BhSample *first = NULL, *gone = NULL, *back = NULL, *anew = NULL;

        put("proc/diskstats", " 8 0 sda 10 0 100 50 20 0 200 50 0 1000 0\n");
        first = take(f, NULL, 0);
        put("proc/diskstats", "");
        gone = take(f, first, BH_USEC_PER_SEC);
        g_assert_cmpuint(gone->disks->len, ==, 0);
        put("proc/diskstats", " 8 0 sda 50 0 500 50 50 0 500 50 0 1000 0\n");
        back = take(f, gone, BH_USEC_PER_SEC);
        g_assert_true(isnan(g_array_index(back->disks, BhDiskRates, 0).read));
        put("proc/diskstats", " 8 0 sda 1 0 8 1 60 0 600 60 0 1100 0\n");
        anew = take(f, back, BH_USEC_PER_SEC);
        g_assert_true(isnan(g_array_index(anew->disks, BhDiskRates, 0).written));
}

static void all_networks_are_those_that_are_devices_else_all_but_lo(Fixture *f, gconstpointer data) {
        static const char head[] = "Inter-| Receive\n face |bytes\n";
        g_autofree char *one = g_strconcat(head,
                                           " lo: 10 0 0 0 0 0 0 0 10 0\n br0: 0 0 0 0 0 0 0 0 0 0\n eth0: 0 0 0 0 0 0 "
                                           "0 0 0 0\n veth1: 1 0 0 0 0 0 0 0 1 0\n",
                                           NULL);
        g_autofree char *two = g_strconcat(
                head, " lo: 20 0 0 0 0 0 0 0 20 0\n br0: 5 0 0 0 0 0 0 0 6 0\n eth0: 7 0 0 0 0 0 0 0 8 0\n", NULL);
        _cleanup_(bh_sample_unrefp) BhSample *first = NULL, *second = NULL, *third = NULL;

        put("proc/net/dev", one);
        first = take(f, NULL, 0);
        g_assert_cmpuint(first->networks->len, ==, 3);
        put("proc/net/dev", two);
        second = take(f, first, BH_USEC_PER_SEC);
        g_assert_cmpfloat(bh_sample_all_networks(second).received, ==, 12);
        put("sys/class/net/eth0/device/x", "");
        put("sys/class/net/eth0/operstate", "up\n");
        put("sys/class/net/eth0/speed", "1000\n");
        third = take(f, first, BH_USEC_PER_SEC);
        g_assert_cmpfloat(bh_sample_all_networks(third).sent, ==, 8);
        g_assert_true(g_array_index(third->reading->networks, BhNetworkCounters, 2).is_up);
        g_assert_cmpuint(g_array_index(third->reading->networks, BhNetworkCounters, 2).speed_mbps, ==, 1000);
}

static void sensors_are_named_apart_and_disks_are_not_asked(Fixture *f, gconstpointer data) {
        _cleanup_(bh_sample_unrefp) BhSample *sample = NULL;
        const BhSensorValue *sensor;

        put("sys/class/hwmon/hwmon0/name", "drivetemp\n");
        put("sys/class/hwmon/hwmon0/temp1_input", "30000\n");
        put("sys/class/hwmon/hwmon1/name", "chip\n");
        put("sys/class/hwmon/hwmon1/temp1_input", "45500\n");
        put("sys/class/hwmon/hwmon1/temp1_label", "A/B\n");
        put("sys/class/hwmon/hwmon1/temp1_crit", "100000\n");
        put("sys/class/hwmon/hwmon1/temp2_input", "-128000\n");
        put("sys/class/hwmon/hwmon1/fan1_input", "900\n");
        put("sys/class/hwmon/hwmon2/name", "chip\n");
        put("sys/class/hwmon/hwmon2/temp1_input", "20000\n");
        sample = take(f, NULL, 0);
        g_assert_cmpuint(sample->reading->sensors->len, ==, 3);
        sensor = &g_array_index(sample->reading->sensors, BhSensorValue, 0);
        g_assert_cmpstr(sensor->chip, ==, "chip-hwmon1");
        g_assert_cmpstr(sensor->label, ==, "A-B");
        g_assert_cmpfloat(sensor->value, ==, 45.5);
        g_assert_cmpfloat(sensor->critical, ==, 100);
        g_assert_true(isnan(sensor->maximum));
}

static void what_cannot_be_read_is_left_out(Fixture *f, gconstpointer data) {
        _cleanup_(bh_sample_unrefp) BhSample *sample = NULL;

        put("proc/meminfo", "MemTotal: 10 kB\nMemAvailable: 20 kB\n");
        put("proc/loadavg", "1.0 x\n");
        sample = take(f, NULL, 0);
        g_assert_false(sample->reading->has_memory);
        g_assert_false(sample->reading->has_load);
        g_assert_false(sample->reading->has_networks);
        g_assert_cmpuint(sample->reading->uptime_usec, ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/sample/counters_wrap_and_begin_anew", counters_wrap_and_begin_anew);
#define ADD(name) g_test_add("/sample/" #name, Fixture, NULL, set_up, name, tear_down)
        ADD(processors_are_busy_by_what_they_do_not_idle);
        ADD(rates_of_a_disk_are_over_the_time_between);
        ADD(a_disk_that_comes_back_or_begins_anew_has_no_rates_at_first);
        ADD(all_networks_are_those_that_are_devices_else_all_but_lo);
        ADD(sensors_are_named_apart_and_disks_are_not_asked);
        ADD(what_cannot_be_read_is_left_out);
        return g_test_run();
}
