/* SPDX-License-Identifier: MIT */

#include "what-if.h"

#include <string.h>

#include "block-use.h"
#include "raid-level.h"

const char *bh_effect_to_string(BhEffect effect) {
        static const char *const words[] = {"unaffected", "degraded", "lost"};

        return words[effect];
}

static void effect_free(gpointer data) {
        BhArrayEffect *effect = data;

        g_free(effect->text);
        g_free(effect);
}

static bool would_die(const BhInventory *inventory, const char *object, const char *const *drives, size_t n_drives) {
        const BhBlock *block = bh_inventory_block(inventory, object);

        for (size_t i = 0; block && i < n_drives; i++)
                if (g_str_equal(block->drive, drives[i]))
                        return true;
        return false;
}

/* What an array has of its members: works[slot] for those that are in sync and stay. */
typedef struct Count {
        unsigned before, after; /* members in sync */
        unsigned spares_lost;
        bool *works; /* of array->devices */
} Count;

static void count_members(const BhInventory *inventory, const BhMdArray *array, const char *const *drives,
                          size_t n_drives, Count *count) {
        for (size_t i = 0; i < array->n_members; i++) {
                const BhMemberState *member = &array->members[i];
                bool dies = would_die(inventory, member->block, drives, n_drives);

                /* Members of arrays without redundancy have no such state that would matter. */
                if (member->slot < 0 || (uint32_t)member->slot >= array->devices || !strstr(member->state, "in_sync")) {
                        count->spares_lost += dies;
                        continue;
                }
                count->before++;
                if (dies)
                        continue;
                count->after++;
                count->works[member->slot] = true;
        }
}

/* Two copies of each chunk are on neighbours, of which the last one's is the first where the number is odd. */
static bool raid10_is_lost(const BhMdArray *array, const Count *count) {
        bool is_even = array->devices % 2 == 0;

        for (uint32_t slot = 0; slot < array->devices; slot += is_even ? 2 : 1)
                if (!count->works[slot] && !count->works[(slot + 1) % array->devices])
                        return true;
        return false;
}

static bool is_lost(const BhMdArray *array, const Count *count) {
        unsigned missing = array->devices - count->after;
        BhRaidLevel level;

        if (g_str_equal(array->level, "raid4"))
                return missing > 1;
        if (!bh_raid_level_from_string(array->level, &level))
                return missing > 0;
        if (level == BH_RAID_10)
                return raid10_is_lost(array, count);
        return missing > bh_raid_level_survives(level, array->devices);
}

static unsigned survives(const BhMdArray *array, const Count *count) {
        unsigned missing = array->devices - count->after, most;
        BhRaidLevel level = BH_RAID_5;

        (void)bh_raid_level_from_string(array->level, &level);
        most = bh_raid_level_survives(level, array->devices);
        return most - MIN(most, missing);
}

static char *describe(const BhMdArray *array, BhEffect effect, const Count *count, unsigned survives) {
        const char *name = bh_md_array_title(array);
        const char *spares = count->spares_lost == 0   ? ""
                             : count->spares_lost == 1 ? " It loses a spare."
                                                       : " It loses spares.";

        switch (effect) {
        case BH_EFFECT_LOST:
                return g_strdup_printf("The array “%s” is lost with everything on it.", name);
        case BH_EFFECT_DEGRADED:
                if (survives == 0)
                        return g_strdup_printf("The array “%s” goes on, but the next disk that fails can take "
                                               "everything on it along.%s",
                                               name, spares);
                return g_strdup_printf("The array “%s” goes on, and %u more disk%s may fail.%s", name, survives,
                                       survives == 1 ? "" : "s", spares);
        default:
                return g_strdup_printf("The array “%s” goes on as before.%s", name, spares);
        }
}

/* An array that does not run shows no members: whoever has something of it counts. */
static bool has_member_on(const BhInventory *inventory, const BhMdArray *array, const char *const *drives,
                          size_t n_drives) {
        for (size_t i = 0; i < inventory->n_blocks; i++)
                if (g_str_equal(inventory->blocks[i].member_of, array->object) &&
                    would_die(inventory, inventory->blocks[i].object, drives, n_drives))
                        return true;
        return false;
}

static BhArrayEffect *look_at(const BhInventory *inventory, const BhMdArray *array, const char *const *drives,
                              size_t n_drives) {
        BhArrayEffect *effect = g_new0(BhArrayEffect, 1);
        g_autofree bool *works = g_new0(bool, array->devices);
        Count count = {.works = works};

        effect->array = array;
        if (!bh_md_array_runs(inventory, array)) {
                bool is_hit = has_member_on(inventory, array, drives, n_drives);

                effect->effect = is_hit ? BH_EFFECT_LOST : BH_EFFECT_UNAFFECTED;
                effect->text = is_hit ? g_strdup_printf("The array “%s” does not run, and may never again.",
                                                        bh_md_array_title(array))
                                      : g_strdup_printf("The array “%s” does not run, with or without these disks.",
                                                        bh_md_array_title(array));
                return effect;
        }
        count_members(inventory, array, drives, n_drives, &count);
        if (count.after < count.before)
                effect->effect = is_lost(array, &count) ? BH_EFFECT_LOST : BH_EFFECT_DEGRADED;
        effect->survives = effect->effect == BH_EFFECT_LOST ? 0 : survives(array, &count);
        effect->text = describe(array, effect->effect, &count, effect->survives);
        return effect;
}

GPtrArray *bh_what_if(const BhInventory *inventory, const char *const *drives, size_t n_drives) {
        GPtrArray *effects = g_ptr_array_new_with_free_func(effect_free);

        for (size_t i = 0; i < inventory->n_arrays; i++)
                g_ptr_array_add(effects, look_at(inventory, &inventory->arrays[i], drives, n_drives));
        return effects;
}
