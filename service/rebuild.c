/* SPDX-License-Identifier: MIT */

#include "rebuild.h"

#include <glib.h>
#include <string.h>

#include "block-use.h"

static BhRebuild failed(const BhMdArray *array, const char *problem) {
        return (BhRebuild){.state = BH_REBUILD_FAILED, .problem = problem, .degraded = array ? array->degraded : 0};
}

static const BhMemberState *find_member(const BhMdArray *array, const char *block) {
        for (size_t i = 0; i < array->n_members; i++)
                if (g_str_equal(array->members[i].block, block))
                        return &array->members[i];
        return NULL;
}

BhRebuild bh_rebuild_look(const BhInventory *inventory, const char *uuid, const char *block) {
        BhRebuild rebuild = {.state = BH_REBUILD_WAITING};
        const BhMemberState *member;
        const BhMdArray *array;

        if (!inventory->is_available)
                return rebuild;
        array = bh_inventory_array_by_uuid(inventory, uuid);
        if (!array || !bh_md_array_runs(inventory, array))
                return failed(array, "the array does not run any more");
        rebuild.degraded = array->degraded;
        member = find_member(array, block);
        if (!member)
                return failed(array, bh_inventory_block(inventory, block) ? "the replacement was taken out of the array"
                                                                          : "the replacement is gone");
        if (strstr(member->state, "faulty"))
                return failed(array, "the replacement has failed");
        /* md says that it is in sync a moment before it says that it has ended. */
        if (member->slot >= 0 && strstr(member->state, "in_sync") &&
            (!g_str_equal(array->sync_action, "recover") || array->degraded > 0)) {
                rebuild.state = BH_REBUILD_DONE;
                return rebuild;
        }
        /* md passes through "frozen" and "idle" before it begins, so the action alone says nothing about the end. */
        if (g_str_equal(array->sync_action, "recover") && member->slot >= 0) {
                rebuild.state = BH_REBUILD_RUNNING;
                rebuild.percent = array->sync_completed * 100;
                rebuild.rate = array->sync_rate;
                rebuild.remaining_usec = array->sync_remaining_usec;
        } else if (array->degraded == 0) {
                rebuild.state = BH_REBUILD_SPARE;
        }
        return rebuild;
}
