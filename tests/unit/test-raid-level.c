/* SPDX-License-Identifier: MIT */

#include <glib.h>
#include <string.h>

#include "macro.h"
#include "raid-level.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define TB (UINT64_C(1000) * 1000 * 1000 * 1000)
#define CHUNK BH_RAID_CHUNK_DEFAULT

static void estimate(BhRaidLevel level, const uint64_t *sizes, size_t n_spares, uint64_t chunk, BhRaidEstimate *ret) {
        BhRaidDisk disks[BH_RAID_DISKS_MAX + 2] = {};
        size_t n = 0;

        for (; sizes[n] > 0; n++)
                disks[n].size = sizes[n];
        bh_raid_estimate(level, disks, n, n_spares, chunk, ret);
}

/* What mdadm 4.2 makes on Debian 12, in KiB as /proc/mdstat shows it. */
static void sizes_are_those_that_md_gives(void) {
        static const struct {
                BhRaidLevel level;
                uint64_t sizes[6], chunk, usable_kib;
        } cases[] = {
                {BH_RAID_1, {GIB, GIB}, CHUNK, 1046528},
                {BH_RAID_1, {5 * GIB, 5 * GIB}, CHUNK, 5237760},
                {BH_RAID_1, {10 * GIB, 10 * GIB}, CHUNK, 10476544},
                {BH_RAID_1, {20 * GIB, 20 * GIB}, CHUNK, 20954112},
                {BH_RAID_0, {GIB, GIB}, CHUNK, 2093056},
                {BH_RAID_5, {GIB, GIB, GIB}, CHUNK, 2093056},
                {BH_RAID_6, {GIB, GIB, GIB, GIB}, CHUNK, 2093056},
                {BH_RAID_10, {GIB, GIB, GIB, GIB}, CHUNK, 2093056},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                BhRaidEstimate result;

                estimate(cases[i].level, cases[i].sizes, 0, cases[i].chunk, &result);
                g_test_message("case %zu: %s", i, result.text);
                g_assert_true(result.is_possible);
                g_assert_cmpuint(result.usable_bytes, ==, cases[i].usable_kib * KIB);
                bh_raid_estimate_clear(&result);
        }
}

/* A disk of 4 TB as it is sold: data begins at 129 MiB (264192 sectors), as mdadm --examine says. */
static void headroom_is_at_most_128_mib(void) {
        const uint64_t size = 4000787030016;
        BhRaidEstimate result;

        estimate(BH_RAID_1, (uint64_t[]){size, size, 0}, 0, 0, &result);
        g_assert_cmpuint(result.usable_bytes, ==, (size - 129 * MIB) / (64 * KIB) * (64 * KIB));
        bh_raid_estimate_clear(&result);
}

static void each_level_survives_what_it_is_for(void) {
        static const struct {
                BhRaidLevel level;
                size_t n_disks;
                unsigned survives, parts; /* of the members' size that can be used */
                double read, write;
        } cases[] = {
                {BH_RAID_0, 2, 0, 2, 2, 2},  {BH_RAID_0, 5, 0, 5, 5, 5},  {BH_RAID_1, 2, 1, 1, 1, 1},
                {BH_RAID_1, 4, 3, 1, 1, 1},  {BH_RAID_5, 3, 1, 2, 2, 2},  {BH_RAID_5, 8, 1, 7, 7, 7},
                {BH_RAID_6, 4, 2, 2, 2, 2},  {BH_RAID_6, 10, 2, 8, 8, 8}, {BH_RAID_10, 4, 1, 2, 2, 2},
                {BH_RAID_10, 6, 1, 3, 3, 3},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                uint64_t sizes[16] = {};
                BhRaidEstimate result, one;

                for (size_t j = 0; j < cases[i].n_disks; j++)
                        sizes[j] = TB;
                estimate(cases[i].level, sizes, 0, CHUNK, &result);
                estimate(BH_RAID_1, (uint64_t[]){TB, TB, 0}, 0, 0, &one);
                g_test_message("case %zu: %s", i, result.text);
                g_assert_true(result.is_possible);
                g_assert_cmpuint(result.survives, ==, cases[i].survives);
                g_assert_cmpfloat(result.read_factor, ==, cases[i].read);
                g_assert_cmpfloat(result.write_factor, ==, cases[i].write);
                g_assert_cmpuint(result.raw_bytes, ==, TB * cases[i].n_disks);
                g_assert_cmpuint(result.unused_bytes, ==, 0);
                g_assert_cmpuint(result.usable_bytes, <=, one.usable_bytes * cases[i].parts);
                g_assert_cmpuint(result.usable_bytes + cases[i].parts * MIB, >=, one.usable_bytes * cases[i].parts);
                g_assert_cmpuint(result.sync_usec > 0, ==, cases[i].survives > 0);
                bh_raid_estimate_clear(&result);
                bh_raid_estimate_clear(&one);
        }
}

static void too_few_disks_are_refused_with_the_number_that_it_takes(void) {
        static const unsigned least[BH_RAID_LEVELS] = {2, 2, 3, 4, 4};

        for (int level = 0; level < BH_RAID_LEVELS; level++) {
                g_assert_cmpuint(bh_raid_level_min_disks((BhRaidLevel)level), ==, least[level]);
                for (unsigned n = 0; n <= least[level]; n++) {
                        g_autofree char *number = g_strdup_printf(" %u disks", least[level]);
                        uint64_t sizes[8] = {};
                        BhRaidEstimate result;

                        for (unsigned i = 0; i < n; i++)
                                sizes[i] = TB;
                        estimate((BhRaidLevel)level, sizes, 0, CHUNK, &result);
                        g_assert_cmpint(result.is_possible, ==, n == least[level]);
                        if (!result.is_possible) {
                                g_assert_nonnull(strstr(result.reason, number));
                                g_assert_cmpuint(result.usable_bytes, ==, 0);
                                g_assert_cmpuint(result.survives, ==, 0);
                        }
                        bh_raid_estimate_clear(&result);
                }
        }
}

static void spares_do_not_count_as_members_and_must_be_large_enough(void) {
        BhRaidEstimate result;

        estimate(BH_RAID_5, (uint64_t[]){TB, TB, TB, TB, 0}, 1, CHUNK, &result);
        g_assert_true(result.is_possible);
        g_assert_cmpuint(result.raw_bytes, ==, 3 * TB);
        g_assert_nonnull(strstr(result.text, "1 more disk is ready"));
        bh_raid_estimate_clear(&result);

        estimate(BH_RAID_5, (uint64_t[]){TB, TB, TB, 0}, 1, CHUNK, &result);
        g_assert_false(result.is_possible);
        bh_raid_estimate_clear(&result);

        estimate(BH_RAID_1, (uint64_t[]){TB, TB, TB - GIB, 0}, 1, CHUNK, &result);
        g_assert_false(result.is_possible);
        g_assert_nonnull(strstr(result.reason, "spare"));
        bh_raid_estimate_clear(&result);

        estimate(BH_RAID_0, (uint64_t[]){TB, TB, TB, 0}, 1, CHUNK, &result);
        g_assert_false(result.is_possible);
        bh_raid_estimate_clear(&result);

        estimate(BH_RAID_1, (uint64_t[]){TB, TB, 0}, 9, CHUNK, &result); /* more spares than disks */
        g_assert_false(result.is_possible);
        bh_raid_estimate_clear(&result);
}

static void what_unequal_members_waste_is_said_but_raid0_uses_it(void) {
        BhRaidEstimate result, equal;

        estimate(BH_RAID_5, (uint64_t[]){TB, 2 * TB, 3 * TB, 0}, 0, CHUNK, &result);
        estimate(BH_RAID_5, (uint64_t[]){TB, TB, TB, 0}, 0, CHUNK, &equal);
        g_assert_cmpuint(result.usable_bytes, ==, equal.usable_bytes);
        g_assert_cmpuint(result.unused_bytes, ==, 3 * TB);
        g_assert_nonnull(strstr(result.text, "cannot be used"));
        bh_raid_estimate_clear(&equal);
        bh_raid_estimate_clear(&result);

        estimate(BH_RAID_0, (uint64_t[]){TB, 2 * TB, 0}, 0, CHUNK, &result);
        g_assert_cmpuint(result.unused_bytes, ==, 0);
        g_assert_cmpuint(result.usable_bytes, <=, 3 * TB);
        g_assert_cmpuint(result.usable_bytes, >=, 3 * TB - 300 * MIB);
        bh_raid_estimate_clear(&result);
}

/* mdadm takes the headroom of the first disk for all. */
static void the_first_disk_decides_where_data_begins(void) {
        BhRaidEstimate large_first, small_first;

        estimate(BH_RAID_1, (uint64_t[]){4 * TB, 10 * GIB, 0}, 0, 0, &large_first);
        estimate(BH_RAID_1, (uint64_t[]){10 * GIB, 4 * TB, 0}, 0, 0, &small_first);
        g_assert_cmpuint(small_first.usable_bytes, ==, 10476544 * KIB);
        g_assert_cmpuint(large_first.usable_bytes, ==, 10 * GIB - 129 * MIB);
        bh_raid_estimate_clear(&large_first);
        bh_raid_estimate_clear(&small_first);
}

static void no_size_is_too_small_or_too_large_to_be_answered(void) {
        static const uint64_t sizes[] = {1,
                                         511,
                                         512,
                                         4096,
                                         MIB,
                                         2 * MIB,
                                         3 * MIB,
                                         5 * MIB,
                                         8 * GIB,
                                         200 * GIB,
                                         UINT32_MAX,
                                         UINT64_C(1) << 52,
                                         UINT64_C(1) << 57};

        for (int level = 0; level < BH_RAID_LEVELS; level++)
                for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++)
                        for (uint64_t chunk = BH_RAID_CHUNK_MIN; chunk <= BH_RAID_CHUNK_MAX; chunk *= 2) {
                                const uint64_t disks[] = {sizes[i], sizes[i], sizes[i], sizes[i], sizes[i], 0};
                                BhRaidEstimate result;

                                estimate((BhRaidLevel)level, disks, 0, chunk, &result);
                                g_assert_cmpuint(result.usable_bytes, <, result.raw_bytes);
                                g_assert_cmpint(result.is_possible, ==, result.usable_bytes > 0);
                                g_assert_cmpuint(result.is_possible, ==, result.reason[0] == '\0');
                                if (bh_raid_level_has_chunks((BhRaidLevel)level))
                                        g_assert_cmpuint(result.usable_bytes % chunk, ==, 0);
                                bh_raid_estimate_clear(&result);
                        }
}

static void a_disk_as_large_as_a_member_can_replace_it(void) {
        static const uint64_t sizes[] = {GIB, 10 * GIB, 300 * GIB, TB, 18 * TB};

        for (int level = BH_RAID_1; level < BH_RAID_LEVELS; level++)
                for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                        const uint64_t disks[] = {sizes[i], sizes[i], sizes[i], sizes[i], sizes[i], 0};
                        uint64_t chunk = bh_raid_level_has_chunks((BhRaidLevel)level) ? CHUNK : 0;
                        uint64_t member;
                        BhRaidEstimate result;

                        estimate((BhRaidLevel)level, disks, 0, CHUNK, &result);
                        member = bh_raid_level_member_bytes((BhRaidLevel)level, result.usable_bytes, 5);
                        g_assert_cmpuint(result.spare_bytes, <=, sizes[i]);
                        g_assert_cmpuint(member, <, result.spare_bytes);
                        g_assert_cmpuint(bh_raid_disk_bytes_needed(member, chunk), <=, sizes[i]);
                        g_assert_cmpuint(bh_raid_disk_bytes_needed(member, chunk), >, sizes[i] - 2 * MIB);
                        bh_raid_estimate_clear(&result);
                }
}

static void the_slowest_disk_decides_how_long_a_sync_takes(void) {
        const BhRaidDisk disks[] = {{TB, 500000000}, {TB, 50000000}};
        const BhRaidDisk fast[] = {{TB, 5000000000}, {TB, 5000000000}};
        const BhRaidDisk unknown[] = {{TB, 0}, {TB, 0}};
        BhRaidEstimate result;

        bh_raid_estimate(BH_RAID_1, disks, 2, 0, 0, &result);
        g_assert_cmpuint(result.sync_usec / BH_USEC_PER_SEC, >=, 19990);
        g_assert_cmpuint(result.sync_usec / BH_USEC_PER_SEC, <=, 20000);
        g_assert_nonnull(strstr(result.text, "about 6 hours"));
        bh_raid_estimate_clear(&result);
        bh_raid_estimate(BH_RAID_1, fast, 2, 0, 0, &result); /* the kernel's limit */
        g_assert_cmpuint(result.sync_usec / BH_USEC_PER_SEC, ==, (result.usable_bytes / (200000 * KIB)));
        bh_raid_estimate_clear(&result);
        bh_raid_estimate(BH_RAID_1, unknown, 2, 0, 0, &result);
        g_assert_cmpuint(result.sync_usec, >, 0);
        bh_raid_estimate_clear(&result);
}

static void durations_are_words(void) {
        static const struct {
                uint64_t seconds;
                const char *text;
        } cases[] = {{0, "less than a minute"},  {59, "less than a minute"},  {60, "about a minute"},
                     {89, "about a minute"},     {90, "about 2 minutes"},     {3599, "about 60 minutes"},
                     {3600, "about an hour"},    {9 * 3600, "about 9 hours"}, {86400, "about a day"},
                     {3 * 86400, "about 3 days"}};

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text = bh_raid_format_duration(cases[i].seconds * BH_USEC_PER_SEC);

                g_assert_cmpstr(text, ==, cases[i].text);
        }
}

static void only_levels_that_can_be_created_have_a_name(void) {
        BhRaidLevel level;

        for (int i = 0; i < BH_RAID_LEVELS; i++) {
                g_assert_true(bh_raid_level_from_string(bh_raid_level_to_string((BhRaidLevel)i), &level));
                g_assert_cmpint(level, ==, i);
        }
        for (size_t i = 0; i < 7; i++)
                g_assert_false(bh_raid_level_from_string(
                        ((const char *[]){"", "raid", "raid4", "raid7", "RAID5", "linear", "raid5 "})[i], &level));
        g_assert_cmpstr(bh_raid_level_title("raid4"), ==, "RAID 4");
        g_assert_cmpstr(bh_raid_level_title("raid10"), ==, "RAID 10");
        g_assert_cmpstr(bh_raid_level_title("linear"), ==, "linear");
}

static void more_disks_than_an_array_may_have_are_refused(void) {
        uint64_t sizes[BH_RAID_DISKS_MAX + 2] = {};
        BhRaidEstimate result;

        for (int i = 0; i <= BH_RAID_DISKS_MAX; i++)
                sizes[i] = TB;
        estimate(BH_RAID_6, sizes, 0, CHUNK, &result);
        g_assert_false(result.is_possible);
        bh_raid_estimate_clear(&result);
        sizes[BH_RAID_DISKS_MAX] = 0;
        estimate(BH_RAID_6, sizes, 0, CHUNK, &result);
        g_assert_true(result.is_possible);
        bh_raid_estimate_clear(&result);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/raid-level/" #name, name)
        ADD(sizes_are_those_that_md_gives);
        ADD(headroom_is_at_most_128_mib);
        ADD(each_level_survives_what_it_is_for);
        ADD(too_few_disks_are_refused_with_the_number_that_it_takes);
        ADD(spares_do_not_count_as_members_and_must_be_large_enough);
        ADD(what_unequal_members_waste_is_said_but_raid0_uses_it);
        ADD(the_first_disk_decides_where_data_begins);
        ADD(no_size_is_too_small_or_too_large_to_be_answered);
        ADD(a_disk_as_large_as_a_member_can_replace_it);
        ADD(the_slowest_disk_decides_how_long_a_sync_takes);
        ADD(durations_are_words);
        ADD(only_levels_that_can_be_created_have_a_name);
        ADD(more_disks_than_an_array_may_have_are_refused);
#undef ADD
        return g_test_run();
}
