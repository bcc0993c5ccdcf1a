/* SPDX-License-Identifier: MIT */

#include "memory.h"

#include <errno.h>
#include <string.h>

#include "disk.h"
#include "log.h"
#include "macro.h"
#include "memory-private.h"

/* That something is still there is written down so often, so that after a power cut it was not seen much longer ago than it was. */
#define REFRESH_USEC (3600 * BH_USEC_PER_SEC)

/* An action that has come so far before it ended has come to its end: the kernel tells of every sixteenth. */
#define SYNC_WHOLE 0.93

/* Whatever stops an action that has come so far, the kernel has noted at least once where it was. */
#define SYNC_NOTED 0.13

#define SECTOR 512u

/* What learning works with. */
typedef struct Lesson {
        BhMemory *memory;
        const BhInventory *inventory;
        char *const *ids;
        const char *sysfs;
        int64_t now_usec;
        BhMemoryBatch *batch;
        bool is_everything; /* to be written, whether it has changed or not */
} Lesson;

/* Small things ---------------------------------------------------------------------------------------------------------------------------- */

static bool set_text(char **field, const char *text) {
        if (*field && g_str_equal(*field, text))
                return false;
        g_free(*field);
        *field = g_strdup(text);
        return true;
}

static bool set_size(uint64_t *field, uint64_t value) {
        bool is_changed = *field != value;

        *field = value;
        return is_changed;
}

/* Notes whether something is there. Returns whether that is to be written down. */
static bool see(bool *is_present, int64_t *last_seen_usec, bool is_there, int64_t now_usec) {
        bool was_there = *is_present;

        *is_present = is_there;
        if (!is_there && !was_there)
                return false;
        if (is_there && was_there && now_usec - *last_seen_usec < REFRESH_USEC && now_usec >= *last_seen_usec)
                return false;
        *last_seen_usec = now_usec;
        return true;
}

static BhKnownMember *find_member(const BhMemory *memory, const char *uuid, const char *disk_id) {
        for (unsigned i = 0; i < memory->members->len; i++) {
                BhKnownMember *member = memory->members->pdata[i];

                if (g_str_equal(member->uuid, uuid) && g_str_equal(member->disk_id, disk_id))
                        return member;
        }
        return NULL;
}

/* Disks ----------------------------------------------------------------------------------------------------------------------------------- */

static void learn_disk(const Lesson *lesson, const BhDrive *drive, const char *id) {
        BhKnownDisk *known = g_hash_table_lookup(lesson->memory->disks, id);
        _cleanup_(bh_disk_clear) BhDisk disk = {};
        bool is_changed = !known;

        if (!known) {
                known = g_new0(BhKnownDisk, 1);
                known->id = g_strdup(id);
                known->slot = g_strdup("");
                known->first_seen_usec = lesson->now_usec;
                g_hash_table_replace(lesson->memory->disks, known->id, known);
        }
        bh_disk_read_drive(&disk, lesson->inventory, drive);
        is_changed |= set_text(&known->vendor, disk.vendor);
        is_changed |= set_text(&known->model, disk.model);
        is_changed |= set_text(&known->serial, disk.serial);
        is_changed |= set_text(&known->wwn, disk.wwn);
        is_changed |= set_text(&known->connection, disk.connection);
        is_changed |= set_text(&known->name, disk.name);
        is_changed |= set_size(&known->size, disk.size);
        is_changed |= known->rotation_rate != disk.rotation_rate;
        known->rotation_rate = disk.rotation_rate;
        is_changed |= see(&known->is_present, &known->last_seen_usec, true, lesson->now_usec);
        if (is_changed || lesson->is_everything)
                g_ptr_array_add(lesson->batch->disks, bh_known_disk_copy(known));
}

static bool is_seen(const Lesson *lesson, const char *id) {
        for (size_t i = 0; i < lesson->inventory->n_drives; i++)
                if (lesson->ids[i] && g_str_equal(lesson->ids[i], id))
                        return true;
        return false;
}

static void miss_disks(const Lesson *lesson) {
        GHashTableIter iter;
        gpointer value;

        g_hash_table_iter_init(&iter, lesson->memory->disks);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                BhKnownDisk *known = value;

                if (!is_seen(lesson, known->id) &&
                    (see(&known->is_present, &known->last_seen_usec, false, lesson->now_usec) || lesson->is_everything))
                        g_ptr_array_add(lesson->batch->disks, bh_known_disk_copy(known));
        }
}

/* Whether a disk of a card reader or the like is to be remembered: only when it is more than that. */
static bool is_worth_it(const Lesson *lesson, const BhDrive *drive, const char *id) {
        if (!drive->is_removable || g_hash_table_contains(lesson->memory->disks, id))
                return true;
        for (size_t i = 0; i < lesson->inventory->n_blocks; i++)
                if (*lesson->inventory->blocks[i].member_of &&
                    g_str_equal(lesson->inventory->blocks[i].drive, drive->object))
                        return true;
        return false;
}

static void learn_disks(const Lesson *lesson) {
        for (size_t i = 0; i < lesson->inventory->n_drives; i++)
                if (lesson->ids[i] && is_worth_it(lesson, &lesson->inventory->drives[i], lesson->ids[i]))
                        learn_disk(lesson, &lesson->inventory->drives[i], lesson->ids[i]);
        miss_disks(lesson);
}

/* Members --------------------------------------------------------------------------------------------------------------------------------- */

/* slot -1: not known, or a spare; is_slot_known tells which. */
static void learn_member(const Lesson *lesson, const char *uuid, const BhBlock *block, int slot, bool is_slot_known) {
        const char *id = bh_disk_id_of_block(lesson->inventory, lesson->ids, block);
        BhKnownMember *known;
        bool is_changed;

        if (!id || !g_hash_table_contains(lesson->memory->disks, id))
                return;
        known = find_member(lesson->memory, uuid, id);
        is_changed = !known;
        if (!known) {
                known = g_new0(BhKnownMember, 1);
                known->uuid = g_strdup(uuid);
                known->disk_id = g_strdup(id);
                known->slot = -1;
                g_ptr_array_add(lesson->memory->members, known);
        }
        if (is_slot_known && known->slot != slot) {
                known->slot = slot;
                is_changed = true;
        }
        is_changed |= set_text(&known->name, block->name);
        is_changed |= see(&known->is_present, &known->last_seen_usec, true, lesson->now_usec);
        if (is_changed || lesson->is_everything)
                g_ptr_array_add(lesson->batch->members, bh_known_member_copy(known));
}

static bool has_word(const char *words, const char *word) {
        g_auto(GStrv) list = g_strsplit(words, ",", -1);

        return g_strv_contains((const char *const *)list, word);
}

/* Whether a member that is in sync is there too: a disk that is pulled may be gone before its array says so. */
static bool is_in_sync(const Lesson *lesson, const BhMemberState *member) {
        return member->slot >= 0 && has_word(member->state, "in_sync") &&
               bh_inventory_block(lesson->inventory, member->block);
}

/* Whether every member that the array should have is in sync. */
static bool is_complete(const Lesson *lesson, const BhMdArray *md) {
        uint32_t n = 0;

        for (size_t i = 0; i < md->n_members; i++)
                n += is_in_sync(lesson, &md->members[i]);
        return md->degraded == 0 && md->devices > 0 && n >= md->devices;
}

/* Whether the array as it runs shows the disk as its member. */
static bool shows(const Lesson *lesson, const BhMdArray *md, const char *disk_id) {
        for (size_t i = 0; i < md->n_members; i++) {
                const BhBlock *block = bh_inventory_block(lesson->inventory, md->members[i].block);
                const char *id = bh_disk_id_of_block(lesson->inventory, lesson->ids, block);

                if (id && g_str_equal(id, disk_id))
                        return true;
        }
        return false;
}

/* Whether something on the disk says that it belongs to the array, taken in or not. */
static bool carries(const Lesson *lesson, const BhMdArray *md, const char *disk_id) {
        for (size_t i = 0; i < lesson->inventory->n_blocks; i++) {
                const BhBlock *block = &lesson->inventory->blocks[i];
                const char *id = bh_disk_id_of_block(lesson->inventory, lesson->ids, block);

                if (id && g_str_equal(block->member_of, md->object) && g_str_equal(id, disk_id))
                        return true;
        }
        return false;
}

/* Whether another disk is in sync in the slot. */
static bool is_replaced(const Lesson *lesson, const BhMdArray *md, int slot) {
        for (size_t i = 0; i < md->n_members; i++)
                if (md->members[i].slot == slot && is_in_sync(lesson, &md->members[i]))
                        return true;
        return false;
}

/* A member that the array does not show is still expected, unless another has taken its place, or it is here and was taken out on purpose. */
static bool is_still_expected(const Lesson *lesson, const BhMdArray *md, const BhKnownMember *member) {
        bool is_here = is_seen(lesson, member->disk_id) && !carries(lesson, md, member->disk_id);

        if (member->slot < 0)
                return !is_here;
        if (is_complete(lesson, md) || is_replaced(lesson, md, member->slot))
                return false;
        return true;
}

/* Of an array that runs. */
static void miss_members(const Lesson *lesson, const BhMdArray *md) {
        GPtrArray *members = lesson->memory->members;

        for (unsigned i = 0; i < members->len;) {
                BhKnownMember *member = members->pdata[i];

                if (!g_str_equal(member->uuid, md->uuid) || shows(lesson, md, member->disk_id)) {
                        i++;
                        continue;
                }
                if (!is_still_expected(lesson, md, member)) {
                        g_ptr_array_add(lesson->batch->gone, bh_known_member_copy(member));
                        g_ptr_array_remove_index(members, i);
                        continue;
                }
                if (see(&member->is_present, &member->last_seen_usec, false, lesson->now_usec))
                        g_ptr_array_add(lesson->batch->members, bh_known_member_copy(member));
                i++;
        }
}

/* Of one that does not run, or is not there: nothing is known but which disks say that they belong to it. */
static void look_for_members(const Lesson *lesson, const char *uuid, const char *object) {
        GPtrArray *members = lesson->memory->members;

        for (size_t i = 0; object && i < lesson->inventory->n_blocks; i++)
                if (g_str_equal(lesson->inventory->blocks[i].member_of, object))
                        learn_member(lesson, uuid, &lesson->inventory->blocks[i], -1, false);
        for (unsigned i = 0; i < members->len; i++) {
                BhKnownMember *member = members->pdata[i];
                const BhMdArray *md = object ? bh_inventory_array(lesson->inventory, object) : NULL;

                if (g_str_equal(member->uuid, uuid) && !(md && carries(lesson, md, member->disk_id)) &&
                    see(&member->is_present, &member->last_seen_usec, false, lesson->now_usec))
                        g_ptr_array_add(lesson->batch->members, bh_known_member_copy(member));
        }
}

/* Arrays ---------------------------------------------------------------------------------------------------------------------------------- */

/* A file of the array's in sysfs, without the line's end. Owned; NULL when it cannot be read. */
static char *read_attribute(const Lesson *lesson, const BhMdArray *md, const char *name) {
        const BhBlock *block = bh_inventory_block(lesson->inventory, md->block);
        g_autofree char *path = NULL;
        char *text = NULL;

        if (!block)
                return NULL;
        path = g_build_filename(lesson->sysfs, "block", block->name, "md", name, NULL);
        if (!g_file_get_contents(path, &text, NULL, NULL))
                return NULL;
        return g_strstrip(text);
}

static bool is_scrub(const char *action) {
        return g_strcmp0(action, "check") == 0 || g_strcmp0(action, "repair") == 0;
}

static void read_mismatches(const Lesson *lesson, const BhMdArray *md, BhKnownArray *known) {
        g_autofree char *text = read_attribute(lesson, md, "mismatch_cnt");
        guint64 sectors;

        known->is_mismatch_known = text && g_ascii_string_to_unsigned(text, 10, 0, INT64_MAX / SECTOR, &sectors, NULL);
        known->mismatches = known->is_mismatch_known ? sectors * SECTOR : 0;
}

/* Whether a scrub that is over came to its end. A quick one is not seen near it; but the kernel notes where one that was stopped would go on. */
static bool was_whole(const Lesson *lesson, const BhMdArray *md) {
        g_autofree char *text = NULL;
        guint64 next;

        if (md->sync_peak >= SYNC_WHOLE)
                return true;
        text = read_attribute(lesson, md, "sync_min");
        return md->sync_peak >= SYNC_NOTED && text &&
               g_ascii_string_to_unsigned(text, 10, 0, UINT64_MAX, &next, NULL) && next == 0;
}

/* The end of a scrub that was seen from its beginning or at least at its end; one that was stopped has found out nothing. */
static bool follow_scrub(const Lesson *lesson, const BhMdArray *md, BhKnownArray *known) {
        bool was_scrubbing = known->was_scrubbing;

        known->was_scrubbing = is_scrub(md->sync_action);
        if (!was_scrubbing || known->was_scrubbing || !was_whole(lesson, md))
                return false;
        known->last_scrub_usec = lesson->now_usec;
        read_mismatches(lesson, md, known);
        return true;
}

/* What a scrub found that ended while nobody looked: the kernel knows it, until the next start, but not when that was. */
static bool find_scrub(const Lesson *lesson, const BhMdArray *md, BhKnownArray *known) {
        g_autofree char *last = NULL;

        if (known->is_mismatch_known || known->was_scrubbing || known->is_present)
                return false;
        last = read_attribute(lesson, md, "last_sync_action");
        if (!is_scrub(last))
                return false;
        read_mismatches(lesson, md, known);
        return known->is_mismatch_known;
}

static bool learn_running(const Lesson *lesson, const BhMdArray *md, BhKnownArray *known) {
        bool is_changed = false;

        if (*md->name)
                is_changed |= set_text(&known->name, md->name);
        is_changed |= set_text(&known->level, md->level);
        is_changed |= set_size(&known->size, md->size);
        is_changed |= set_size(&known->chunk_size, md->chunk_size);
        is_changed |= known->devices != md->devices;
        known->devices = md->devices;
        if (known->completed_usec == 0 && is_complete(lesson, md) && !g_str_equal(md->sync_action, "resync")) {
                known->completed_usec = lesson->now_usec;
                is_changed = true;
        }
        is_changed |= find_scrub(lesson, md, known);
        is_changed |= follow_scrub(lesson, md, known);
        return is_changed;
}

static bool learn_stopped(const BhMdArray *md, BhKnownArray *known) {
        bool is_changed = false;

        if (*md->name && !*known->name)
                is_changed |= set_text(&known->name, md->name);
        if (*md->level && !*known->level)
                is_changed |= set_text(&known->level, md->level);
        if (md->devices > 0 && known->devices == 0) {
                known->devices = md->devices;
                is_changed = true;
        }
        return is_changed;
}

/* Whether a device is there that says that it belongs to the array. Without any, what UDisks2 still shows of it is a ghost. */
static bool has_device(const Lesson *lesson, const BhMdArray *md) {
        for (size_t i = 0; i < lesson->inventory->n_blocks; i++)
                if (g_str_equal(lesson->inventory->blocks[i].member_of, md->object))
                        return true;
        return false;
}

static void learn_array(const Lesson *lesson, const BhMdArray *md) {
        BhKnownArray *known = g_hash_table_lookup(lesson->memory->arrays, md->uuid);
        bool is_running = *md->block && *md->level && md->devices > 0, is_changed = !known;
        bool is_there = is_running || has_device(lesson, md);

        if (!known && !is_there)
                return;
        if (!known) {
                known = g_new0(BhKnownArray, 1);
                known->uuid = g_strdup(md->uuid);
                known->name = g_strdup("");
                known->level = g_strdup("");
                known->first_seen_usec = lesson->now_usec;
                g_hash_table_replace(lesson->memory->arrays, known->uuid, known);
        }
        is_changed |= is_running ? learn_running(lesson, md, known) : learn_stopped(md, known);
        is_changed |= see(&known->is_present, &known->last_seen_usec, is_there, lesson->now_usec);
        if (is_changed || lesson->is_everything)
                g_ptr_array_add(lesson->batch->arrays, bh_known_array_copy(known));

        if (!is_running) {
                look_for_members(lesson, md->uuid, md->object);
                return;
        }
        for (size_t i = 0; i < md->n_members; i++) {
                const BhMemberState *member = &md->members[i];
                bool is_faulty = has_word(member->state, "faulty");

                learn_member(lesson, md->uuid, bh_inventory_block(lesson->inventory, member->block), member->slot,
                             member->slot >= 0 || !is_faulty);
        }
        miss_members(lesson, md);
}

/* A container of other metadata holds arrays, and is none. */
static bool is_array(const BhMdArray *md) {
        return *md->uuid && !g_str_equal(md->level, "container");
}

static void learn_arrays(const Lesson *lesson) {
        GHashTableIter iter;
        gpointer value;

        for (size_t i = 0; i < lesson->inventory->n_arrays; i++)
                if (is_array(&lesson->inventory->arrays[i]))
                        learn_array(lesson, &lesson->inventory->arrays[i]);

        g_hash_table_iter_init(&iter, lesson->memory->arrays);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                BhKnownArray *known = value;

                if (bh_inventory_array_by_uuid(lesson->inventory, known->uuid))
                        continue;
                known->was_scrubbing = false;
                look_for_members(lesson, known->uuid, NULL);
                if (see(&known->is_present, &known->last_seen_usec, false, lesson->now_usec) || lesson->is_everything)
                        g_ptr_array_add(lesson->batch->arrays, bh_known_array_copy(known));
        }
}

void bh_memory_learn(BhMemory *memory, const BhInventory *inventory, char *const *ids, const char *sysfs,
                     int64_t now_usec) {
        Lesson lesson = {.memory = memory,
                         .inventory = inventory,
                         .ids = ids,
                         .sysfs = sysfs,
                         .now_usec = now_usec,
                         .batch = bh_memory_batch_new(memory->is_lost),
                         .is_everything = g_atomic_int_compare_and_exchange(memory->is_lost, 1, 0)};

        learn_disks(&lesson);
        learn_arrays(&lesson);
        if (bh_memory_batch_is_empty(lesson.batch))
                bh_memory_batch_free(lesson.batch);
        else
                bh_memory_batch_post(lesson.batch, memory->database);
}

/* Looking up ------------------------------------------------------------------------------------------------------------------------------ */

const BhKnownDisk *bh_memory_get_disk(const BhMemory *memory, const char *id) {
        return g_hash_table_lookup(memory->disks, id);
}

const BhKnownArray *bh_memory_get_array(const BhMemory *memory, const char *uuid) {
        return g_hash_table_lookup(memory->arrays, uuid);
}

const BhKnownMember *bh_memory_get_member(const BhMemory *memory, const char *uuid, const char *disk_id) {
        return find_member(memory, uuid, disk_id);
}

static GPtrArray *list_values(GHashTable *table) {
        GPtrArray *list = g_ptr_array_new();
        GHashTableIter iter;
        gpointer value;

        g_hash_table_iter_init(&iter, table);
        while (g_hash_table_iter_next(&iter, NULL, &value))
                g_ptr_array_add(list, value);
        return list;
}

GPtrArray *bh_memory_list_disks(const BhMemory *memory) {
        return list_values(memory->disks);
}

GPtrArray *bh_memory_list_arrays(const BhMemory *memory) {
        return list_values(memory->arrays);
}

static int by_slot(gconstpointer a, gconstpointer b) {
        const BhKnownMember *one = *(BhKnownMember *const *)a, *other = *(BhKnownMember *const *)b;
        unsigned slot = (unsigned)one->slot, other_slot = (unsigned)other->slot; /* -1 comes last */

        return slot != other_slot ? (slot > other_slot) - (slot < other_slot) : strcmp(one->disk_id, other->disk_id);
}

GPtrArray *bh_memory_list_members(const BhMemory *memory, const char *uuid) {
        GPtrArray *list = g_ptr_array_new();

        for (unsigned i = 0; i < memory->members->len; i++)
                if (!uuid || g_str_equal(((BhKnownMember *)memory->members->pdata[i])->uuid, uuid))
                        g_ptr_array_add(list, memory->members->pdata[i]);
        g_ptr_array_sort(list, by_slot);
        return list;
}

/* Changes --------------------------------------------------------------------------------------------------------------------------------- */

void bh_memory_set_slot(BhMemory *memory, const char *disk_id, const char *slot) {
        BhKnownDisk *disk = g_hash_table_lookup(memory->disks, disk_id);

        if (disk)
                set_text(&disk->slot, slot);
}

/* Takes away the members of an array, or what a disk is member of; the other NULL. */
static void remove_members(BhMemory *memory, const char *uuid, const char *disk_id) {
        for (unsigned i = memory->members->len; i > 0; i--) {
                const BhKnownMember *member = memory->members->pdata[i - 1];

                if ((uuid && g_str_equal(member->uuid, uuid)) || (disk_id && g_str_equal(member->disk_id, disk_id)))
                        g_ptr_array_remove_index(memory->members, i - 1);
        }
}

void bh_memory_forget_disk(BhMemory *memory, const char *disk_id) {
        remove_members(memory, NULL, disk_id);
        g_hash_table_remove(memory->disks, disk_id);
}

void bh_memory_forget_array(BhMemory *memory, const char *uuid) {
        remove_members(memory, uuid, NULL);
        g_hash_table_remove(memory->arrays, uuid);
}

/* The whole ------------------------------------------------------------------------------------------------------------------------------- */

int bh_memory_load(BhMemory **ret, BhDatabase *database) {
        BhMemory *memory = g_new0(BhMemory, 1);
        int r;

        memory->database = database;
        memory->disks = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, bh_known_disk_free);
        memory->arrays = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, bh_known_array_free);
        memory->members = g_ptr_array_new_with_free_func(bh_known_member_free);
        memory->is_lost = g_atomic_rc_box_new0(int);
        r = bh_database_read(database, bh_memory_read_rows, memory);
        if (r < 0) {
                bh_memory_free(memory);
                return r;
        }
        *ret = memory;
        return 0;
}

/* What is there at the end was seen at the end. */
static void see_all(BhMemory *memory) {
        BhMemoryBatch *batch = bh_memory_batch_new(memory->is_lost);
        int64_t now_usec = g_get_real_time();
        GHashTableIter iter;
        gpointer value;

        g_hash_table_iter_init(&iter, memory->disks);
        while (g_hash_table_iter_next(&iter, NULL, &value))
                if (see(&((BhKnownDisk *)value)->is_present, &((BhKnownDisk *)value)->last_seen_usec, false, now_usec))
                        g_ptr_array_add(batch->disks, bh_known_disk_copy(value));
        g_hash_table_iter_init(&iter, memory->arrays);
        while (g_hash_table_iter_next(&iter, NULL, &value))
                if (see(&((BhKnownArray *)value)->is_present, &((BhKnownArray *)value)->last_seen_usec, false,
                        now_usec))
                        g_ptr_array_add(batch->arrays, bh_known_array_copy(value));
        for (unsigned i = 0; i < memory->members->len; i++) {
                BhKnownMember *member = memory->members->pdata[i];

                if (see(&member->is_present, &member->last_seen_usec, false, now_usec))
                        g_ptr_array_add(batch->members, bh_known_member_copy(member));
        }
        if (bh_memory_batch_is_empty(batch))
                bh_memory_batch_free(batch);
        else
                bh_memory_batch_post(batch, memory->database);
}

void bh_memory_free(BhMemory *memory) {
        if (!memory)
                return;
        see_all(memory);
        g_hash_table_unref(memory->disks);
        g_hash_table_unref(memory->arrays);
        g_ptr_array_unref(memory->members);
        g_atomic_rc_box_release(memory->is_lost);
        g_free(memory);
}
