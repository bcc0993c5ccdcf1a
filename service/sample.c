/* SPDX-License-Identifier: MIT */

#include "sample.h"

#include <math.h>
#include <string.h>

#include "macro.h"

#define SECTOR_SIZE 512
#define NOT_KNOWN ((double)NAN)

/* Counters -------------------------------------------------------------------------------------------------------------------------------- */

bool bh_counter_delta(uint64_t before, uint64_t now, uint64_t *ret) {
        if (now >= before) {
                *ret = now - before;
                return true;
        }
        if (before > UINT32_MAX || before <= UINT32_MAX / 2 || now > UINT32_MAX / 2)
                return false;
        *ret = (uint32_t)now - (uint32_t)before + (UINT64_C(1) << 32);
        *ret &= UINT32_MAX;
        return true;
}

static double rate(uint64_t delta, uint64_t interval_usec) {
        return (double)delta * (double)BH_USEC_PER_SEC / (double)interval_usec;
}

/* Processors ---------------------------------------------------------------------------------------------------------------------------- */

/* The kernel counts idle and waiting of each processor inexactly, so that they can go back a little: that is no time at all. */
static double busy_percent(const BhCoreCounters *before, const BhCoreCounters *now) {
        uint64_t busy = 0, all = 0;

        for (unsigned i = 0; i < BH_CPU_TIMES; i++) {
                uint64_t delta = now->times[i] > before->times[i] ? now->times[i] - before->times[i] : 0;

                all += delta;
                if (i != BH_CPU_IDLE && i != BH_CPU_IOWAIT)
                        busy += delta;
        }
        return all > 0 ? 100 * (double)busy / (double)all : NOT_KNOWN;
}

static const BhCoreCounters *find_core(const BhReading *reading, unsigned number) {
        for (unsigned i = 0; i < reading->cores->len; i++) {
                const BhCoreCounters *core = &g_array_index(reading->cores, BhCoreCounters, i);

                if (core->number == number)
                        return core;
        }
        return NULL;
}

/* One that was offline, or whose ticks did not move, has done nothing that is known of. */
static void add_cores(BhSample *sample, const BhReading *before) {
        const BhReading *now = sample->reading;
        unsigned n =
                now->cores->len > 0 ? g_array_index(now->cores, BhCoreCounters, now->cores->len - 1).number + 1 : 0;

        g_array_set_size(sample->cores, n);
        for (unsigned i = 0; i < now->cores->len; i++) {
                const BhCoreCounters *core = &g_array_index(now->cores, BhCoreCounters, i);
                const BhCoreCounters *earlier = find_core(before, core->number);
                double percent = earlier ? busy_percent(earlier, core) : 0;

                g_array_index(sample->cores, double, core->number) = isnan(percent) ? 0 : percent;
        }
}

/* Networks and disks -------------------------------------------------------------------------------------------------------------------- */

static const BhNetworkCounters *find_network(const BhReading *reading, const char *name) {
        for (unsigned i = 0; i < reading->networks->len; i++) {
                const BhNetworkCounters *network = &g_array_index(reading->networks, BhNetworkCounters, i);

                if (g_str_equal(network->name, name))
                        return network;
        }
        return NULL;
}

static BhNetworkRates network_rates(const BhNetworkCounters *before, const BhNetworkCounters *now,
                                    uint64_t interval_usec) {
        uint64_t received, sent;

        if (!before || interval_usec == 0 || !bh_counter_delta(before->received, now->received, &received) ||
            !bh_counter_delta(before->sent, now->sent, &sent))
                return (BhNetworkRates){NOT_KNOWN, NOT_KNOWN};
        return (BhNetworkRates){rate(received, interval_usec), rate(sent, interval_usec)};
}

static const BhDiskCounters *find_disk(const BhReading *reading, const char *name) {
        for (unsigned i = 0; i < reading->disks->len; i++) {
                const BhDiskCounters *disk = &g_array_index(reading->disks, BhDiskCounters, i);

                if (g_str_equal(disk->name, name))
                        return disk;
        }
        return NULL;
}

static BhDiskRates disk_rates(const BhDiskCounters *before, const BhDiskCounters *now, uint64_t interval_usec) {
        uint64_t reads, writes, read_sectors, written_sectors, read_msec, write_msec, busy_msec;

        /* Another disk has got the name, or one counter began anew: so did the others. */
        if (!before || interval_usec == 0 || !g_str_equal(before->serial, now->serial) ||
            !bh_counter_delta(before->reads, now->reads, &reads) ||
            !bh_counter_delta(before->writes, now->writes, &writes) ||
            !bh_counter_delta(before->read_sectors, now->read_sectors, &read_sectors) ||
            !bh_counter_delta(before->written_sectors, now->written_sectors, &written_sectors) ||
            !bh_counter_delta(before->read_msec, now->read_msec, &read_msec) ||
            !bh_counter_delta(before->write_msec, now->write_msec, &write_msec) ||
            !bh_counter_delta(before->busy_msec, now->busy_msec, &busy_msec))
                return (BhDiskRates){NOT_KNOWN, NOT_KNOWN, NOT_KNOWN, NOT_KNOWN, NOT_KNOWN, NOT_KNOWN};
        return (BhDiskRates){
                .read = rate(read_sectors, interval_usec) * SECTOR_SIZE,
                .written = rate(written_sectors, interval_usec) * SECTOR_SIZE,
                .read_ops = rate(reads, interval_usec),
                .write_ops = rate(writes, interval_usec),
                .response_usec = reads + writes > 0 ? (double)(read_msec + write_msec) * (double)BH_USEC_PER_MSEC /
                                                              (double)(reads + writes)
                                                    : NOT_KNOWN,
                .busy_percent = MIN(100, rate(busy_msec, interval_usec) / 10),
        };
}

static void add_rates(BhSample *sample, const BhReading *before) {
        const BhReading *now = sample->reading;

        for (unsigned i = 0; i < now->networks->len; i++) {
                const BhNetworkCounters *network = &g_array_index(now->networks, BhNetworkCounters, i);
                const BhNetworkRates rates = network_rates(before ? find_network(before, network->name) : NULL, network,
                                                           sample->interval_usec);

                g_array_append_val(sample->networks, rates);
        }
        for (unsigned i = 0; i < now->disks->len; i++) {
                const BhDiskCounters *disk = &g_array_index(now->disks, BhDiskCounters, i);
                const BhDiskRates rates =
                        disk_rates(before ? find_disk(before, disk->name) : NULL, disk, sample->interval_usec);

                g_array_append_val(sample->disks, rates);
        }
}

/* Sums ------------------------------------------------------------------------------------------------------------------------------------ */

/* NaN stays out of a sum that something else is in. */
static void add(double *sum, double value) {
        if (!isnan(value))
                *sum = isnan(*sum) ? value : *sum + value;
}

BhNetworkRates bh_sample_all_networks(const BhSample *sample) {
        const BhNetworkCounters *networks = (const BhNetworkCounters *)(const void *)sample->reading->networks->data;
        BhNetworkRates all = {NOT_KNOWN, NOT_KNOWN};
        bool has_physical = false;

        for (unsigned i = 0; i < sample->networks->len; i++)
                has_physical |= networks[i].is_physical;
        for (unsigned i = 0; i < sample->networks->len; i++) {
                const BhNetworkRates *rates = &g_array_index(sample->networks, BhNetworkRates, i);

                if (has_physical ? !networks[i].is_physical : g_str_equal(networks[i].name, "lo"))
                        continue;
                add(&all.received, rates->received);
                add(&all.sent, rates->sent);
        }
        return all;
}

BhDiskRates bh_sample_all_disks(const BhSample *sample) {
        BhDiskRates all = {NOT_KNOWN, NOT_KNOWN, NOT_KNOWN, NOT_KNOWN, NOT_KNOWN, NOT_KNOWN};

        for (unsigned i = 0; i < sample->disks->len; i++) {
                const BhDiskRates *rates = &g_array_index(sample->disks, BhDiskRates, i);

                add(&all.read, rates->read);
                add(&all.written, rates->written);
                add(&all.read_ops, rates->read_ops);
                add(&all.write_ops, rates->write_ops);
        }
        return all;
}

/* Filesystems ------------------------------------------------------------------------------------------------------------------------------ */

static void filesystem_clear(gpointer data) {
        BhFilesystemUse *use = data;

        g_free(use->name);
        g_free(use->pool);
}

GArray *bh_filesystems_new(void) {
        GArray *filesystems = g_array_new(FALSE, FALSE, sizeof(BhFilesystemUse));

        g_array_set_clear_func(filesystems, filesystem_clear);
        return filesystems;
}

void bh_filesystems_add(GArray *filesystems, const char *name, const char *pool, uint64_t total, uint64_t used,
                        uint64_t available) {
        const BhFilesystemUse use = {g_strdup(name), g_strdup(pool), total, used, available};

        g_array_append_val(filesystems, use);
}

/* All together ----------------------------------------------------------------------------------------------------------------------------- */

BhSample *bh_sample_new(const BhSample *before, BhReading *reading, GArray *filesystems) {
        const BhReading *earlier = before ? before->reading : NULL;
        BhSample *sample = g_new0(BhSample, 1);

        sample->references = 1;
        sample->reading = reading;
        sample->cpu_percent = NOT_KNOWN;
        sample->cores = g_array_new(FALSE, TRUE, sizeof(double));
        sample->networks = g_array_new(FALSE, FALSE, sizeof(BhNetworkRates));
        sample->disks = g_array_new(FALSE, FALSE, sizeof(BhDiskRates));
        sample->filesystems = g_array_ref(filesystems);
        if (earlier && reading->monotonic_usec > earlier->monotonic_usec)
                sample->interval_usec = (uint64_t)(reading->monotonic_usec - earlier->monotonic_usec);
        if (sample->interval_usec > 0 && earlier->has_cpu && reading->has_cpu) {
                sample->cpu_percent = busy_percent(&earlier->cpu, &reading->cpu);
                add_cores(sample, earlier);
        }
        add_rates(sample, earlier);
        return sample;
}

BhSample *bh_sample_ref(BhSample *sample) {
        g_atomic_int_inc(&sample->references);
        return sample;
}

void bh_sample_unref(BhSample *sample) {
        if (!sample || !g_atomic_int_dec_and_test(&sample->references))
                return;
        bh_reading_free(sample->reading);
        g_array_unref(sample->cores);
        g_array_unref(sample->networks);
        g_array_unref(sample->disks);
        g_array_unref(sample->filesystems);
        g_free(sample);
}

void bh_sample_unrefp(BhSample **sample) {
        bh_sample_unref(*sample);
}
