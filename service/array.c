/* SPDX-License-Identifier: MIT */

#include "array.h"

#include <glib.h>
#include <string.h>

#include "disk.h"
#include "macro.h"

/* More slots than md has members of an array. */
#define SLOTS_MAX 384u

/* Levels ---------------------------------------------------------------------------------------------------------------------------------- */

/* How many members may be missing, whichever they are. */
static uint32_t tolerance(const char *level, uint32_t devices) {
        if (g_str_equal(level, "raid1"))
                return devices - 1;
        if (g_str_equal(level, "raid4") || g_str_equal(level, "raid5") || g_str_equal(level, "raid10"))
                return 1;
        return g_str_equal(level, "raid6") ? 2 : 0;
}

/* Each piece of raid10 is on two neighbours: of the layout "near" on slots 2n and 2n+1, and with an odd number of devices on all neighbours in turn. */
static bool pairs_are_enough(uint32_t devices, const bool *has) {
        uint32_t step = devices % 2 == 0 ? 2 : 1;

        for (uint32_t i = 0; i < devices; i += step)
                if (!has[i] && !has[(i + 1) % devices])
                        return false;
        return true;
}

bool bh_array_is_enough(const char *level, uint32_t devices, const bool *has) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < devices; i++)
                n += has[i];
        if (devices == 0)
                return false;
        if (g_str_equal(level, "raid10"))
                return pairs_are_enough(devices, has);
        return n + tolerance(level, devices) >= devices;
}

uint32_t bh_array_survives(const char *level, uint32_t devices, uint32_t n_in_sync) {
        uint32_t missing = devices > n_in_sync ? devices - n_in_sync : 0;
        uint32_t may_fail = devices > 0 ? tolerance(level, devices) : 0;

        return may_fail > missing ? may_fail - missing : 0;
}

/* Members --------------------------------------------------------------------------------------------------------------------------------- */

static bool has_word(const char *words, const char *word) {
        g_auto(GStrv) list = g_strsplit(words, ",", -1);

        return g_strv_contains((const char *const *)list, word);
}

static const char *state_of_member(const BhMemberState *member) {
        if (has_word(member->state, "faulty"))
                return "failed";
        if (has_word(member->state, "in_sync"))
                return has_word(member->state, "write_mostly") ? "write-mostly" : "active";
        return member->slot >= 0 ? "rebuilding" : "spare";
}

static bool is_in_sync(const BhArrayMember *member) {
        return g_str_equal(member->state, "active") || g_str_equal(member->state, "write-mostly");
}

/* Puts in what is known of the disk; disk NULL: nothing is. */
static void describe_member(BhArrayMember *member, const BhKnownDisk *disk) {
        member->disk = disk ? bh_disk_path(disk->id) : g_strdup("/");
        member->disk_id = g_strdup(disk ? disk->id : "");
        member->model = g_strdup(disk ? disk->model : "");
        member->serial = g_strdup(disk ? disk->serial : "");
        member->bay = g_strdup(disk ? disk->slot : "");
        if (!member->name)
                member->name = g_strdup(disk ? disk->name : "");
        if (!member->block)
                member->block = g_strdup("");
}

typedef struct Reading {
        const BhInventory *inventory;
        const BhMdArray *md;
        const BhMemory *memory;
        char *const *ids;
        int64_t now_usec;
        GArray *members; /* BhArrayMember */
} Reading;

static void add_shown(const Reading *reading, const BhMemberState *shown) {
        const BhBlock *block = bh_inventory_block(reading->inventory, shown->block);
        const char *id = bh_disk_id_of_block(reading->inventory, reading->ids, block);
        const BhKnownMember *known = id ? bh_memory_get_member(reading->memory, reading->md->uuid, id) : NULL;
        BhArrayMember member = {};

        if (!block) /* gone, only the array has not said so yet: it is missing */
                return;
        member = (BhArrayMember){.slot = shown->slot,
                                 .name = g_strdup(block->name),
                                 .state = state_of_member(shown),
                                 .errors = shown->errors,
                                 .is_present = true,
                                 .last_seen_usec = known ? known->last_seen_usec : 0,
                                 .block = g_strdup(block->object)};
        if (g_str_equal(member.state, "failed") && known)
                member.slot = known->slot; /* where it was: md takes a faulty member out of its slot */
        describe_member(&member, id ? bh_memory_get_disk(reading->memory, id) : NULL);
        g_array_append_val(reading->members, member);
}

static const BhBlock *find_block_of_member(const Reading *reading, const char *disk_id) {
        for (size_t i = 0; reading->md && i < reading->inventory->n_blocks; i++) {
                const BhBlock *block = &reading->inventory->blocks[i];
                const char *id = bh_disk_id_of_block(reading->inventory, reading->ids, block);

                if (id && g_str_equal(id, disk_id) && g_str_equal(block->member_of, reading->md->object))
                        return block;
        }
        return NULL;
}

static bool has_disk(const Reading *reading, const char *disk_id) {
        for (unsigned i = 0; i < reading->members->len; i++)
                if (g_str_equal(g_array_index(reading->members, BhArrayMember, i).disk_id, disk_id))
                        return true;
        return false;
}

/* A member that is remembered and not shown. In an array that does not run it may be all right. */
static void add_remembered(const Reading *reading, const BhKnownMember *known, bool is_running) {
        const BhBlock *block = find_block_of_member(reading, known->disk_id);
        const BhKnownDisk *disk = bh_memory_get_disk(reading->memory, known->disk_id);
        BhArrayMember member = {.slot = known->slot,
                                .name = g_strdup(block ? block->name : known->name),
                                .state = "missing",
                                .is_present = block || (disk && disk->is_present),
                                .last_seen_usec = known->last_seen_usec,
                                .block = g_strdup(block ? block->object : "")};

        if (block && !is_running)
                member.state = known->slot >= 0 ? "active" : "spare";
        describe_member(&member, disk);
        g_array_append_val(reading->members, member);
}

static bool has_slot(const Reading *reading, int slot) {
        for (unsigned i = 0; i < reading->members->len; i++)
                if (g_array_index(reading->members, BhArrayMember, i).slot == slot)
                        return true;
        return false;
}

static int by_slot(gconstpointer a, gconstpointer b) {
        const BhArrayMember *one = a, *other = b;
        unsigned slot = (unsigned)one->slot, other_slot = (unsigned)other->slot; /* -1 comes last */

        return slot != other_slot ? (slot > other_slot) - (slot < other_slot) : strcmp(one->name, other->name);
}

static void read_members(BhArray *array, const char *uuid, Reading *reading) {
        g_autoptr(GPtrArray) known = bh_memory_list_members(reading->memory, uuid);

        for (size_t i = 0; array->is_running && i < reading->md->n_members; i++)
                add_shown(reading, &reading->md->members[i]);
        for (unsigned i = 0; i < known->len; i++)
                if (!has_disk(reading, ((const BhKnownMember *)known->pdata[i])->disk_id))
                        add_remembered(reading, known->pdata[i], array->is_running);
        for (uint32_t slot = 0; slot < MIN(array->devices, SLOTS_MAX); slot++) {
                BhArrayMember member = {.slot = (int)slot, .state = "missing"};

                if (has_slot(reading, (int)slot))
                        continue;
                describe_member(&member, NULL);
                g_array_append_val(reading->members, member);
        }
        g_array_sort(reading->members, by_slot);
}

/* State ----------------------------------------------------------------------------------------------------------------------------------- */

/* For each slot whether a member that can be used is in it. */
static uint32_t count_slots(const BhArray *array, bool *has) {
        uint32_t n = 0;

        for (size_t i = 0; i < array->n_members; i++) {
                const BhArrayMember *member = &array->members[i];

                if (!is_in_sync(member) || member->slot < 0 || (uint32_t)member->slot >= SLOTS_MAX || has[member->slot])
                        continue;
                has[member->slot] = true;
                n += (uint32_t)member->slot < array->devices;
        }
        return n;
}

static bool is_lost(const BhArrayMember *member) {
        return member->slot >= 0 && (g_str_equal(member->state, "missing") || g_str_equal(member->state, "failed"));
}

/* What is wrong with one member, to follow "Degraded: ". Owned. */
static char *describe_loss(const BhArrayMember *member, int64_t now_usec) {
        g_autofree char *who = bh_disk_describe(member->model, member->serial, member->name), *seen = NULL;
        g_autofree char *where = *member->bay ? g_strdup_printf("in bay “%s”", member->bay)
                                              : g_strdup_printf("in slot %d", member->slot);

        if (g_str_equal(member->state, "failed"))
                return g_strdup_printf("%s, %s, has failed", who, where);
        if (!*member->disk_id)
                return g_strdup_printf("nothing is in slot %d", member->slot);
        if (member->is_present)
                return g_strdup_printf("%s, %s, is there, but no part of it at the moment", who, where);
        seen = bh_format_seen(member->last_seen_usec, now_usec);
        return g_strdup_printf("expected %s, %s, last seen %s", who, where, seen);
}

static char *describe_losses(const BhArray *array, int64_t now_usec) {
        g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);

        for (size_t i = 0; i < array->n_members; i++) {
                const BhArrayMember *member = &array->members[i];

                if (is_lost(member))
                        g_ptr_array_add(parts, describe_loss(member, now_usec));
        }
        if (parts->len == 0)
                return g_strdup("a member is not in sync");
        g_ptr_array_add(parts, NULL);
        return g_strjoinv("; ", (char **)parts->pdata);
}

static bool has_losses(const BhArray *array) {
        for (size_t i = 0; i < array->n_members; i++)
                if (is_lost(&array->members[i]))
                        return true;
        return false;
}

static const char *describe_rest(const BhArray *array) {
        if (array->survives == 0)
                return "no disk may fail";
        return array->survives == 1 ? "any one disk may fail" : "more than one disk may fail";
}

static const BhArrayMember *find_rebuilding(const BhArray *array) {
        for (size_t i = 0; i < array->n_members; i++)
                if (g_str_equal(array->members[i].state, "rebuilding"))
                        return &array->members[i];
        return NULL;
}

static char *describe_sync(const BhArray *array) {
        const BhArrayMember *member = find_rebuilding(array);
        g_autofree char *who = NULL;

        if (g_str_equal(array->sync_action, "reshape"))
                return g_strdup_printf("Being reshaped; until then %s", describe_rest(array));
        if (array->is_first_sync || !member)
                return g_strdup_printf("Being synchronised; it can be used meanwhile, and %s", describe_rest(array));
        who = bh_disk_describe(member->model, member->serial, member->name);
        return g_strdup_printf("Being rebuilt onto %s; until then %s", who, describe_rest(array));
}

static bool is_syncing(const BhArray *array) {
        return g_str_equal(array->sync_action, "resync") || g_str_equal(array->sync_action, "recover") ||
               g_str_equal(array->sync_action, "reshape");
}

static void judge_running(BhArray *array, int64_t now_usec) {
        g_autofree char *losses = NULL;

        if (!array->is_enough) {
                losses = describe_losses(array, now_usec);
                array->state = "failed";
                array->state_text = g_strdup_printf("Failed, for too many members are missing: %s", losses);
        } else if (is_syncing(array) || (array->is_first_sync && find_rebuilding(array))) {
                array->state = "rebuilding";
                array->state_text = describe_sync(array);
        } else if (array->degraded > 0) {
                losses = describe_losses(array, now_usec);
                array->state = "degraded";
                array->state_text = g_strdup_printf("Degraded: %s", losses);
        } else if (g_str_equal(array->sync_action, "check") || g_str_equal(array->sync_action, "repair")) {
                array->state = "checking";
                array->state_text = g_strdup("All members are in sync, and are being compared with each other");
        } else {
                array->state = "optimal";
                array->state_text = g_strdup_printf("All members are in sync; %s", describe_rest(array));
        }
}

/* Whether any device is there that says that it belongs to the array. */
static bool has_anything(const BhArray *array) {
        for (size_t i = 0; i < array->n_members; i++)
                if (*array->members[i].block)
                        return true;
        return false;
}

static void judge_stopped(BhArray *array, bool is_assembled, int64_t now_usec) {
        g_autofree char *losses = describe_losses(array, now_usec);

        if (!has_anything(array)) {
                array->state = "absent";
                array->state_text = g_strdup_printf("None of its disks is there: %s", losses);
        } else if (!array->is_enough) {
                array->state = "failed";
                array->state_text = g_strdup_printf("Cannot start, for too many members are missing: %s", losses);
        } else {
                array->state = "inactive";
                array->state_text =
                        array->degraded > 0
                                ? g_strdup_printf("Has not started, and can be started without them: %s", losses)
                        : is_assembled ? g_strdup("The kernel has not started it, although its members are there: the "
                                                  "power may "
                                                  "have failed while one of them was missing or being rebuilt")
                                       : g_strdup("Stopped; all its members are there");
        }
}

static void judge(BhArray *array, const char *level, bool is_assembled, int64_t now_usec) {
        bool has[SLOTS_MAX] = {};
        uint32_t n_in_sync = count_slots(array, has);

        array->is_enough = array->devices <= SLOTS_MAX && bh_array_is_enough(level, array->devices, has);
        array->is_first_sync = array->is_first_sync && array->is_running && !has_losses(array);
        /* An array that does not run says 0, and one without redundancy never says that something is missing. */
        array->degraded = array->devices > n_in_sync ? array->devices - n_in_sync : 0;
        array->survives =
                array->is_enough && array->is_running ? bh_array_survives(level, array->devices, n_in_sync) : 0;
        if (array->is_running)
                judge_running(array, now_usec);
        else
                judge_stopped(array, is_assembled, now_usec);
}

/* Reading --------------------------------------------------------------------------------------------------------------------------------- */

/* UDisks2 gives what sysfs has: "none", where an internal one lies ("+8"), or the name of a file. */
static const char *bitmap_of(const BhMdArray *md) {
        if (!*md->block)
                return "";
        return *md->bitmap == '+' || *md->bitmap == '-' ? "internal" : md->bitmap;
}

static void read_sync(BhArray *array, const BhMdArray *md, int64_t now_usec) {
        bool is_idle = g_str_equal(md->sync_action, "idle") || g_str_equal(md->sync_action, "frozen");

        array->sync_action = g_strdup(md->sync_action);
        if (is_idle)
                return;
        array->sync_progress = md->sync_completed * 100;
        array->sync_rate = md->sync_rate;
        if (md->sync_remaining_usec > 0 && md->sync_remaining_usec < (uint64_t)(INT64_MAX - now_usec))
                array->sync_end_usec = now_usec + (int64_t)md->sync_remaining_usec;
}

static void read_known(BhArray *array, const BhKnownArray *known) {
        array->name = g_strdup(known->name);
        array->level = g_strdup(known->level);
        array->size = known->size;
        array->chunk_size = known->chunk_size;
        array->devices = known->devices;
        array->last_scrub_usec = known->last_scrub_usec;
        array->is_mismatch_known = known->is_mismatch_known;
        array->mismatches = known->mismatches;
        array->is_first_sync = known->completed_usec == 0;
}

void bh_array_read(BhArray *array, const BhInventory *inventory, const BhMdArray *md, const BhKnownArray *known,
                   const BhMemory *memory, char *const *ids, int64_t now_usec) {
        const BhBlock *block = md ? bh_inventory_block(inventory, md->block) : NULL;
        Reading reading = {.inventory = inventory,
                           .md = md,
                           .memory = memory,
                           .ids = ids,
                           .now_usec = now_usec,
                           .members = g_array_new(FALSE, FALSE, sizeof(BhArrayMember))};

        array->uuid = g_strdup(known->uuid);
        array->path = bh_array_path(known->uuid);
        array->object = g_strdup(md ? md->object : "");
        array->block = g_strdup(block ? block->object : "");
        array->device = g_strdup(block ? block->device : "");
        array->bitmap = g_strdup(md ? bitmap_of(md) : "");
        array->is_running = block && md->devices > 0 && *md->level;
        read_known(array, known);
        if (!*array->name) {
                g_free(array->name);
                array->name = g_strdup(block ? block->name : known->uuid);
        }
        if (array->is_running)
                read_sync(array, md, now_usec);
        else
                array->sync_action = g_strdup("");
        read_members(array, known->uuid, &reading);
        array->n_members = reading.members->len;
        array->members = (BhArrayMember *)(void *)g_array_free(reading.members, FALSE);
        judge(array, known->level, md && md->n_members > 0, now_usec);
        array->pool = g_strdup("/");
        array->job = g_strdup("/");
}

void bh_array_clear(BhArray *array) {
        for (size_t i = 0; i < array->n_members; i++) {
                BhArrayMember *member = &array->members[i];

                g_free(member->disk);
                g_free(member->disk_id);
                g_free(member->name);
                g_free(member->model);
                g_free(member->serial);
                g_free(member->bay);
                g_free(member->block);
        }
        g_free(array->members);
        g_free(array->path);
        g_free(array->uuid);
        g_free(array->name);
        g_free(array->device);
        g_free(array->level);
        g_free(array->state_text);
        g_free(array->sync_action);
        g_free(array->bitmap);
        g_free(array->pool);
        g_free(array->job);
        g_free(array->object);
        g_free(array->block);
        *array = (BhArray){};
}
