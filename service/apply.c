/* SPDX-License-Identifier: MIT */

#include "apply.h"

#include <errno.h>
#include <string.h>

#include "block-use.h"
#include "macro.h"

/* How long what UDisks2 has done may take to be seen, and to be seen when its answer got lost: it may have been started anew meanwhile. */
#define SEEN_USEC (30 * BH_USEC_PER_SEC)
#define LOST_USEC (20 * BH_USEC_PER_SEC)

/* How late a new array may be seen of which UDisks2 says that it could not be created: members are looked at one by one. */
#define PIECES_USEC (3 * BH_USEC_PER_SEC)

__attribute__((format(printf, 2, 3))) static void say(const BhApply *apply, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        if (apply->say)
                apply->say(apply->userdata, text);
}

/* Whether the answer of UDisks2 does not tell if it was done. */
static bool is_unknown(int r) {
        return r == -ENODEV || r == -ETIMEDOUT;
}

static const char *reason(const BhFailure *failure) {
        return failure->message ?: "UDisks2 gives no reason";
}

int bh_apply_recheck(BhUdisks *udisks, const BhPlan *plan, BhInventory **ret, BhFailure *failure) {
        _cleanup_(bh_inventory_unrefp) BhInventory *before = bh_udisks_get_inventory(udisks), *now = NULL;
        g_autofree const char **blocks = bh_plan_blocks(plan, before);
        int r;

        for (const char **block = blocks; *block; block++) {
                r = bh_udisks_rescan(udisks, *block, failure);
                if (r == -ENOENT) { /* what is missing is found out below, with its name */
                        bh_failure_clear(failure);
                        continue;
                }
                if (r < 0)
                        return r;
        }
        r = bh_udisks_read_inventory(udisks, &now, failure);
        if (r < 0)
                return r;
        r = bh_plan_recheck(plan, now, failure);
        if (r < 0)
                return r;
        if (ret)
                *ret = g_steal_pointer(&now);
        return 0;
}

/* Creating --------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Created {
        const char *name;
        const char **members, **spares; /* UDisks2's objects; NULL-terminated */
        bool must_run;
        char *uuid, *object; /* owned; of what was found */
} Created;

static void created_clear(Created *created) {
        g_free(created->members);
        g_free(created->spares);
        g_free(created->uuid);
        g_free(created->object);
}

static const BhMemberState *find_member(const BhMdArray *array, const char *block) {
        for (size_t i = 0; i < array->n_members; i++)
                if (g_str_equal(array->members[i].block, block))
                        return &array->members[i];
        return NULL;
}

/* An array of that name, made of just these members. */
static bool is_created(const BhInventory *inventory, void *userdata) {
        Created *created = userdata;
        const BhBlock *first = bh_inventory_block(inventory, created->members[0]);
        const BhMdArray *array = first ? bh_inventory_array(inventory, first->member_of) : NULL;

        if (!array || !g_str_equal(bh_md_array_title(array), created->name) ||
            array->devices != g_strv_length((char **)created->members))
                return false;
        if (created->must_run && !bh_md_array_runs(inventory, array))
                return false;
        for (const char **member = created->members; *member; member++) {
                const BhBlock *block = bh_inventory_block(inventory, *member);
                const BhMemberState *state = find_member(array, *member);

                if (!block || !g_str_equal(block->member_of, array->object))
                        return false;
                if (created->must_run && (!state || state->slot < 0))
                        return false;
        }
        for (const char **spare = created->spares; spare && *spare; spare++)
                if (!find_member(array, *spare))
                        return false;
        g_free(created->uuid);
        g_free(created->object);
        created->uuid = g_strdup(array->uuid);
        created->object = g_strdup(array->object);
        return true;
}

/* Which disks have not on them any more what they had, as a sentence; NULL when all have. */
static char *describe_damage(const BhApply *apply) {
        _cleanup_(bh_inventory_unrefp) BhInventory *now = NULL;
        g_autoptr(GString) text = g_string_new(NULL);

        if (bh_udisks_read_inventory(apply->udisks, &now, NULL) < 0)
                return g_strdup("What was on the disks may be lost");
        for (guint i = 0; i < apply->plan->losses->len; i++) {
                const BhPlanLoss *loss = apply->plan->losses->pdata[i];
                const BhBlock *block = bh_plan_disk_block(now, &loss->disk);
                g_autofree char *contents = block ? bh_block_contents(now, block) : NULL;

                if (loss->destroys && !(contents && g_str_equal(contents, loss->contents)))
                        g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "What was on these disks is lost: ",
                                               loss->disk.name);
        }
        return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

/* Takes away what an attempt has left, and puts together what to say of it. */
static int create_failed(const BhApply *apply, Created *created, int r, const BhFailure *cause, BhFailure *failure) {
        g_autofree char *damage = NULL;
        const char *undone = "";

        if (r == -ECANCELED)
                return bh_failure_set(failure, r, NULL,
                                      "The service stopped while the array was being created; whether it was is seen "
                                      "in the list of arrays");
        created->must_run = false;
        created->spares = NULL;
        if (bh_udisks_wait(apply->udisks, is_created, created, PIECES_USEC) >= 0) {
                _cleanup_(bh_failure_clear) BhFailure second = {};

                undone = bh_udisks_md_delete(apply->udisks, created->object, &second) >= 0
                                 ? ". What had been made of it was taken away again"
                                 : ". An unfinished array is left and has to be deleted";
        }
        damage = describe_damage(apply);
        return bh_failure_set(failure, r, cause->name, "The array “%s” could not be created: %s%s%s%s", created->name,
                              reason(cause), undone, damage ? ". " : "", damage ?: "");
}

static const char **list_blocks(const BhInventory *inventory, const BhPlanDisk *disks, size_t n_disks) {
        const char **blocks = g_new0(const char *, n_disks + 1);

        for (size_t i = 0; i < n_disks; i++)
                blocks[i] = bh_plan_disk_block(inventory, &disks[i])->object;
        return blocks;
}

int bh_apply_array_create(const BhApply *apply, char **ret_uuid, BhFailure *failure) {
        const BhPlanRequest *request = &apply->plan->request;
        size_t n_members = request->n_disks - request->n_spares;
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        _cleanup_(bh_failure_clear) BhFailure cause = {};
        _cleanup_(created_clear) Created created = {.name = request->name};
        g_autofree const char **spares = NULL;
        g_autofree char *object = NULL;
        int r;

        say(apply, "Looking at the disks");
        r = bh_apply_recheck(apply->udisks, apply->plan, &inventory, failure);
        if (r < 0)
                return r;
        created.members = list_blocks(inventory, request->disks, n_members);
        spares = list_blocks(inventory, request->disks + n_members, request->n_spares);
        say(apply, "Creating the array “%s”", request->name);
        r = bh_udisks_md_create(apply->udisks, created.members, n_members, bh_raid_level_to_string(request->level),
                                request->name, request->chunk_size, &object, &cause);
        if (r < 0 && !is_unknown(r))
                return create_failed(apply, &created, r, &cause, failure);
        created.must_run = true;
        if (bh_udisks_wait(apply->udisks, is_created, &created, r < 0 ? LOST_USEC : SEEN_USEC) < 0) {
                if (r >= 0)
                        bh_failure_set(&cause, r = -ETIMEDOUT, NULL, "it does not run");
                return create_failed(apply, &created, r, &cause, failure);
        }
        for (size_t i = 0; i < request->n_spares; i++) {
                g_autofree char *label = bh_plan_disk_label(&request->disks[n_members + i]);

                say(apply, "Adding the spare %s", label);
                bh_failure_clear(&cause);
                r = bh_udisks_md_add(apply->udisks, created.object, spares[i], &cause);
                if (r < 0 && !is_unknown(r))
                        return bh_failure_set(
                                failure, r, NULL,
                                "The array “%s” was created and runs, but the spare %s could not be added: %s",
                                request->name, label, reason(&cause));
        }
        created.spares = g_steal_pointer(&spares);
        r = bh_udisks_wait(apply->udisks, is_created, &created, SEEN_USEC);
        if (r < 0)
                return bh_failure_set(failure, r, NULL,
                                      "The array “%s” was created, but not all of its disks are seen in it",
                                      request->name);
        *ret_uuid = g_steal_pointer(&created.uuid);
        return 0;
}

/* Deleting ------------------------------------------------------------------------------------------------------------------------------------------ */

typedef struct Deleted {
        const char *uuid;
        char *remains; /* owned; names of devices that still belong to it */
} Deleted;

static void deleted_clear(Deleted *deleted) {
        g_free(deleted->remains);
}

static bool is_deleted(const BhInventory *inventory, void *userdata) {
        Deleted *deleted = userdata;
        const BhMdArray *array = bh_inventory_array_by_uuid(inventory, deleted->uuid);
        GString *remains = g_string_new(NULL);

        for (size_t i = 0; array && i < inventory->n_blocks; i++)
                if (g_str_equal(inventory->blocks[i].member_of, array->object))
                        g_string_append_printf(remains, "%s%s", remains->len > 0 ? ", " : "",
                                               inventory->blocks[i].name);
        g_free(deleted->remains);
        deleted->remains = g_string_free(remains, FALSE);
        return !array;
}

int bh_apply_array_delete(const BhApply *apply, BhFailure *failure) {
        const BhPlanRequest *request = &apply->plan->request;
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL, *now = NULL;
        _cleanup_(bh_failure_clear) BhFailure cause = {};
        _cleanup_(deleted_clear) Deleted deleted = {.uuid = request->array};
        const BhMdArray *array;
        const char *state = "";
        int r, seen;

        say(apply, "Looking at the array “%s”", request->array_name);
        r = bh_apply_recheck(apply->udisks, apply->plan, &inventory, failure);
        if (r < 0)
                return r;
        say(apply, "Stopping the array “%s” and wiping its members", request->array_name);
        r = bh_udisks_md_delete(apply->udisks, bh_inventory_array_by_uuid(inventory, request->array)->object, &cause);
        if (r == -ECANCELED)
                return bh_failure_set(failure, r, NULL,
                                      "The service stopped while the array was being deleted; whether it was is seen "
                                      "in the list of arrays");
        seen = r >= 0 || is_unknown(r)
                       ? bh_udisks_wait(apply->udisks, is_deleted, &deleted, r < 0 ? LOST_USEC : SEEN_USEC)
                       : r;
        if (seen >= 0)
                return 0;

        if (bh_udisks_read_inventory(apply->udisks, &now, NULL) >= 0) {
                if (is_deleted(now, &deleted))
                        return 0;
                array = bh_inventory_array_by_uuid(now, request->array);
                state = bh_md_array_runs(now, array) ? "; it still runs, and nothing was wiped"
                                                     : "; it does not run any more";
                if (r >= 0)
                        bh_failure_set(&cause, r = seen, NULL, "it is still seen");
                if (!bh_md_array_runs(now, array) && deleted.remains[0] != '\0')
                        return bh_failure_set(
                                failure, r, cause.name,
                                "The array “%s” could not be deleted: %s%s. These devices still belong to it: %s",
                                request->array_name, reason(&cause), state, deleted.remains);
        }
        return bh_failure_set(failure, r < 0 ? r : seen, cause.name, "The array “%s” could not be deleted: %s%s",
                              request->array_name, reason(&cause), state);
}

/* Adding -------------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Added {
        const char *uuid, *block;
} Added;

static bool is_added(const BhInventory *inventory, void *userdata) {
        const Added *added = userdata;
        const BhMdArray *array = bh_inventory_array_by_uuid(inventory, added->uuid);
        const BhMemberState *member = array ? find_member(array, added->block) : NULL;

        return member && !strstr(member->state, "faulty");
}

static bool is_wiped(const BhInventory *inventory, void *userdata) {
        const Added *added = userdata;
        const BhBlock *block = bh_inventory_block(inventory, added->block);
        BhBlockUse use = {};
        bool is_free;

        if (!block)
                return false;
        bh_block_use(inventory, block, &use);
        is_free = use.kind == BH_USE_FREE;
        bh_block_use_clear(&use);
        return is_free;
}

/* What is on a disk would confuse whoever looks at it later, since md leaves most of it where it is. */
static int wipe(const BhApply *apply, const BhInventory *inventory, const BhBlock *block, const char *label,
                BhFailure *failure) {
        __attribute__((cleanup(bh_block_use_clear))) BhBlockUse use = {};
        _cleanup_(bh_failure_clear) BhFailure cause = {};
        Added added = {.block = block->object};
        int r;

        bh_block_use(inventory, block, &use);
        if (use.kind == BH_USE_FREE)
                return 0;
        say(apply, "Wiping %s", label);
        r = bh_udisks_format(apply->udisks, block->object, "empty", "", false, &cause);
        if (r < 0)
                return bh_failure_set(failure, r, cause.name, "%s could not be wiped: %s", label, reason(&cause));
        r = bh_udisks_wait(apply->udisks, is_wiped, &added, SEEN_USEC);
        return r < 0 ? bh_failure_set(failure, r, NULL, "%s was wiped, but something is still seen on it", label) : 0;
}

/* Adds the disk of the plan to its array. */
static int add_disk(const BhApply *apply, const BhInventory *inventory, char **ret_block, BhFailure *failure) {
        const BhPlanRequest *request = &apply->plan->request;
        const BhMdArray *array = bh_inventory_array_by_uuid(inventory, request->array);
        const BhBlock *former = bh_plan_former_member(inventory, &request->disks[0], array),
                      *block = former ?: bh_plan_disk_block(inventory, &request->disks[0]);
        g_autofree char *label = bh_plan_disk_label(&request->disks[0]);
        _cleanup_(bh_failure_clear) BhFailure cause = {};
        Added added = {request->array, block->object};
        const char *wiped = "";
        int r;

        if (!former) {
                r = wipe(apply, inventory, block, label, failure);
                if (r < 0)
                        return r;
                if (!bh_plan_is_harmless(apply->plan))
                        wiped = ". It has been wiped by then";
        }
        say(apply, "Adding %s to the array “%s”", label, request->array_name);
        r = bh_udisks_md_add(apply->udisks, array->object, block->object, &cause);
        if (r >= 0 || is_unknown(r)) {
                int seen = bh_udisks_wait(apply->udisks, is_added, &added, r < 0 ? LOST_USEC : SEEN_USEC);

                if (seen >= 0) {
                        *ret_block = g_strdup(block->object);
                        return 0;
                }
                if (r >= 0)
                        bh_failure_set(&cause, r = seen, NULL, "it is not seen in it");
        }
        return bh_failure_set(failure, r, cause.name, "%s could not be added to the array “%s”: %s%s", label,
                              request->array_name, reason(&cause), wiped);
}

int bh_apply_array_add(const BhApply *apply, char **ret_block, BhFailure *failure) {
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        int r;

        say(apply, "Looking at the disk");
        r = bh_apply_recheck(apply->udisks, apply->plan, &inventory, failure);
        return r < 0 ? r : add_disk(apply, inventory, ret_block, failure);
}

/* Repairing ----------------------------------------------------------------------------------------------------------------------------------------- */

static bool is_out(const BhInventory *inventory, void *userdata) {
        const Added *removed = userdata;
        const BhMdArray *array = bh_inventory_array_by_uuid(inventory, removed->uuid);

        return array && !find_member(array, removed->block);
}

/* Only what md itself calls faulty is taken out. */
static int remove_failed(const BhApply *apply, const BhInventory *inventory, BhFailure *failure) {
        const BhPlanRequest *request = &apply->plan->request;
        const BhMdArray *array = bh_inventory_array_by_uuid(inventory, request->array);
        const BhMemberState *member = find_member(array, request->failed.block);
        g_autofree char *label = bh_plan_disk_label(&request->failed.disk);
        _cleanup_(bh_failure_clear) BhFailure cause = {};
        Added removed;
        int r;

        if (!member || !strstr(member->state, "faulty"))
                return 0;
        say(apply, "Taking %s out of the array “%s”", label, request->array_name);
        r = bh_udisks_md_remove(apply->udisks, array->object, member->block, false, &cause);
        if (r < 0 && r != -ENOENT)
                return bh_failure_set(failure, r, cause.name, "%s could not be taken out of the array “%s”: %s", label,
                                      request->array_name, reason(&cause));
        removed = (Added){request->array, member->block};
        r = bh_udisks_wait(apply->udisks, is_out, &removed, SEEN_USEC);
        return r < 0 ? bh_failure_set(failure, r, NULL, "%s is still seen in the array “%s”", label,
                                      request->array_name)
                     : 0;
}

/* The device of a spare that the array has. */
static char *find_spare(const BhInventory *inventory, const BhPlanRequest *request) {
        const BhMdArray *array = bh_inventory_array_by_uuid(inventory, request->array);

        for (size_t i = 0; i < array->n_members; i++) {
                const BhBlock *block = bh_inventory_block(inventory, array->members[i].block);

                if (block && g_str_equal(block->drive, request->disks[0].drive))
                        return g_strdup(block->object);
        }
        return NULL;
}

int bh_apply_array_repair(const BhApply *apply, char **ret_block, BhFailure *failure) {
        const BhPlanRequest *request = &apply->plan->request;
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        int r;

        say(apply, "Looking at the disks");
        r = bh_apply_recheck(apply->udisks, apply->plan, &inventory, failure);
        if (r < 0)
                return r;
        r = remove_failed(apply, inventory, failure);
        if (r < 0)
                return r;
        if (request->n_spares == 0)
                return add_disk(apply, inventory, ret_block, failure);
        *ret_block = find_spare(inventory, request);
        return *ret_block ? 0 : bh_failure_set(failure, -ESTALE, NULL, "The spare %s has gone", request->disks[0].name);
}
