/* SPDX-License-Identifier: MIT */

#include "array-verbs.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "block-use.h"
#include "macro.h"
#include "plan-request.h"
#include "raid-level.h"

#define SEEN_USEC (30 * BH_USEC_PER_SEC)

/* A scrub of a small array may be over before it is seen. */
#define SCRUB_SEEN_USEC (3 * BH_USEC_PER_SEC)

/* What is waited for. */
typedef struct Seen {
        const char *uuid, *text;
} Seen;

static int conflict(BhFailure *failure, const BhArray *array, const char *reason) {
        return bh_failure_set(failure, -EACCES, "Conflict", "The array “%s” %s", array->name, reason);
}

static int find(const BhTopology *topology, const char *path, const BhArray **ret, BhFailure *failure) {
        *ret = bh_plan_find_array(topology, path, failure);
        if (*ret)
                return 0;
        return topology->inventory->is_available ? -ENOENT : -ENODEV;
}

static int find_running(const BhTopology *topology, const char *path, const BhArray **ret, BhFailure *failure) {
        int r = find(topology, path, ret, failure);

        if (r >= 0 && !(*ret)->is_running)
                return conflict(failure, *ret, "does not run");
        return r;
}

static int find_redundant(const BhTopology *topology, const char *path, const char *what, const BhArray **ret,
                          BhFailure *failure) {
        BhRaidLevel level;
        int r;

        r = find_running(topology, path, ret, failure);
        if (r < 0)
                return r;
        if (g_str_equal((*ret)->level, "raid4") ||
            (bh_raid_level_from_string((*ret)->level, &level) && bh_raid_level_is_redundant(level)))
                return 0;
        return bh_failure_set(failure, -EOPNOTSUPP, NULL, "%s has no %s", bh_raid_level_title((*ret)->level), what);
}

static bool is_syncing(const BhArray *array) {
        return array->sync_action[0] != '\0' && !g_str_equal(array->sync_action, "idle");
}

static int check_idle(const BhArray *array, BhFailure *failure) {
        if (!is_syncing(array))
                return 0;
        return bh_failure_set(failure, -EBUSY, NULL, "The array “%s” is busy with a %s: wait for its end", array->name,
                              array->sync_action);
}

/* Removing a member ------------------------------------------------------------------------------------------------------------------------------- */

static const BhArrayMember *find_member(const BhArray *array, const char *disk) {
        for (size_t i = 0; i < array->n_members; i++)
                if (g_str_equal(array->members[i].disk, disk))
                        return &array->members[i];
        return NULL;
}

/* Whether all that the array needs would still be there without the member. */
static bool survives_without(const BhArray *array, const BhArrayMember *without) {
        g_autofree bool *has = g_new0(bool, MAX(array->devices, 1));

        for (size_t i = 0; i < array->n_members; i++) {
                const BhArrayMember *member = &array->members[i];
                bool works = g_str_equal(member->state, "active") || g_str_equal(member->state, "write-mostly");

                if (member != without && works && member->slot >= 0 && (uint32_t)member->slot < array->devices)
                        has[member->slot] = true;
        }
        return bh_array_is_enough(array->level, array->devices, has);
}

static bool is_removed(const BhInventory *inventory, void *userdata) {
        const Seen *seen = userdata;
        const BhMdArray *array = bh_inventory_array_by_uuid(inventory, seen->uuid);

        for (size_t i = 0; array && i < array->n_members; i++)
                if (g_str_equal(array->members[i].block, seen->text))
                        return false;
        return array != NULL;
}

int bh_array_remove_member(BhUdisks *udisks, BhSuspects *suspects, const BhTopology *topology, const char *path,
                           const char *disk, bool wipe, BhFailure *failure) {
        const BhArrayMember *member;
        const BhArray *array;
        Seen seen;
        int r;

        r = find_redundant(topology, path, "members that can be removed", &array, failure);
        if (r < 0)
                return r;
        member = find_member(array, disk);
        if (!member || member->block[0] == '\0' || g_str_equal(member->state, "missing"))
                return bh_failure_set(failure, -ENOENT, NULL, "The disk is no member of the array “%s” now",
                                      array->name);
        if (!g_str_equal(member->state, "spare") && !g_str_equal(member->state, "failed") &&
            !survives_without(array, member))
                return bh_failure_set(failure, -EACCES, "Refused",
                                      "The array “%s” would not survive without %s (%s, serial %s)", array->name,
                                      member->name, member->model, member->serial);
        r = bh_udisks_md_remove(udisks, array->object, member->block, wipe, failure);
        if (r < 0)
                return r;
        seen = (Seen){array->uuid, member->block};
        r = bh_udisks_wait(udisks, is_removed, &seen, SEEN_USEC);
        if (r < 0)
                return bh_failure_set(failure, r, NULL, "The disk is still seen in the array “%s”", array->name);
        if (!g_str_equal(member->state, "failed")) /* md called it that for a moment, because we asked for it */
                bh_suspects_forget(suspects, array->uuid, disk);
        return 0;
}

/* Bitmap ------------------------------------------------------------------------------------------------------------------------------------------- */

static bool has_bitmap(const BhInventory *inventory, void *userdata) {
        const Seen *seen = userdata;
        const BhMdArray *array = bh_inventory_array_by_uuid(inventory, seen->uuid);

        /* The kernel says where it is ("+8") rather than "internal". */
        return array && g_str_equal(array->bitmap, "none") == g_str_equal(seen->text, "none");
}

int bh_array_set_bitmap(BhUdisks *udisks, const BhTopology *topology, const char *path, const char *bitmap,
                        BhFailure *failure) {
        const BhArray *array;
        Seen seen;
        int r;

        if (!g_str_equal(bitmap, "internal") && !g_str_equal(bitmap, "none"))
                return bh_failure_set(failure, -EINVAL, NULL, "The argument “bitmap” is “internal” or “none”");
        r = find_redundant(topology, path, "bitmap", &array, failure);
        if (r < 0)
                return r;
        if (g_str_equal(array->bitmap, bitmap))
                return conflict(failure, array, g_str_equal(bitmap, "none") ? "has no bitmap" : "has a bitmap already");
        r = check_idle(array, failure);
        if (r < 0)
                return r;
        r = bh_udisks_md_set_bitmap(udisks, array->object, bitmap, failure);
        if (r < 0)
                return r;
        seen = (Seen){array->uuid, bitmap};
        r = bh_udisks_wait(udisks, has_bitmap, &seen, SEEN_USEC);
        return r < 0 ? bh_failure_set(failure, r, NULL, "The bitmap of the array “%s” is still seen as it was",
                                      array->name)
                     : 0;
}

/* Starting and stopping ------------------------------------------------------------------------------------------------------------------------------ */

static bool is_running(const BhInventory *inventory, void *userdata) {
        const BhMdArray *array = bh_inventory_array_by_uuid(inventory, ((Seen *)userdata)->uuid);

        return array && bh_md_array_runs(inventory, array);
}

static bool is_stopped(const BhInventory *inventory, void *userdata) {
        return !is_running(inventory, userdata);
}

static bool is_taken_apart(const BhInventory *inventory, void *userdata) {
        const BhMdArray *array = bh_inventory_array_by_uuid(inventory, ((Seen *)userdata)->uuid);

        return !array || array->n_members == 0;
}

/* The members that are not there, by name; NULL when all are. */
static char *list_missing(const BhArray *array) {
        g_autoptr(GString) text = g_string_new(NULL);
        uint32_t present = 0;

        for (size_t i = 0; i < array->n_members; i++) {
                const BhArrayMember *member = &array->members[i];

                if (member->is_present)
                        present += member->slot >= 0;
                else if (member->model[0] != '\0')
                        g_string_append_printf(text, "%s%s, serial %s", text->len > 0 ? "; " : "", member->model,
                                               member->serial);
        }
        if (text->len > 0)
                return g_string_free(g_steal_pointer(&text), FALSE);
        return present > 0 && present < array->devices
                       ? g_strdup_printf("%u of %u", array->devices - present, array->devices)
                       : NULL;
}

/* What mdadm says of it helps nobody. After a power failure the kernel refuses to start a RAID 5 or 6 that had a member missing. */
static int explain_start(const BhArray *array, BhFailure *failure) {
        g_autofree char *said = failure ? g_steal_pointer(&failure->message) : NULL;

        bh_failure_clear(failure);
        return bh_failure_set(failure, -EIO, NULL,
                              "The array “%s” could not be started. If the power failed while a member was missing or "
                              "being rebuilt, the kernel refuses to, for what was being written then may be damaged; "
                              "“mdadm --assemble --force” starts it in spite of that. %s",
                              array->name, said ?: "");
}

/* md may have assembled it without being able to start it (as at boot, with a member missing); it says then that it runs, and has to be stopped first. UDisks2 says which it is. */
static int start(BhUdisks *udisks, const BhArray *array, bool degraded, BhFailure *failure) {
        _cleanup_(bh_failure_clear) BhFailure first = {}, ignored = {};
        Seen seen = {array->uuid, NULL};
        int r;

        r = bh_udisks_md_start(udisks, array->object, degraded, &first);
        if (r == -EIO && bh_udisks_md_stop(udisks, array->object, &ignored) >= 0) {
                /* UDisks2 goes by what it has seen, and sees the stop a moment later. */
                bh_udisks_wait(udisks, is_taken_apart, &seen, SEEN_USEC);
                r = bh_udisks_md_start(udisks, array->object, degraded, failure);
        } else if (r == -ENODEV) /* it ended while it was at it, and is started again by the call */
                r = bh_udisks_md_start(udisks, array->object, degraded, failure);
        else if (r < 0)
                bh_failure_set(failure, r, first.name, "%s", first.message ?: "UDisks2 gives no reason");
        if (r < 0 && bh_udisks_wait(udisks, is_running, &seen, BH_USEC_PER_SEC) < 0)
                return r == -EIO ? explain_start(array, failure) : r;
        bh_failure_clear(failure);
        r = bh_udisks_wait(udisks, is_running, &seen, SEEN_USEC);
        return r < 0 ? bh_failure_set(failure, r, NULL, "The array “%s” is not seen to run", array->name) : 0;
}

int bh_array_start(BhUdisks *udisks, const BhTopology *topology, const char *path, bool degraded, BhFailure *failure) {
        g_autofree char *missing = NULL;
        const BhArray *array;
        int r;

        r = find(topology, path, &array, failure);
        if (r < 0)
                return r;
        if (array->is_running)
                return conflict(failure, array, "runs already");
        if (array->object[0] == '\0')
                return bh_failure_set(failure, -ENODEV, NULL, "No member of the array “%s” is there", array->name);
        missing = list_missing(array);
        if (!array->is_enough)
                return bh_failure_set(failure, -EACCES, "Conflict",
                                      "Too many members of the array “%s” are missing: %s", array->name,
                                      missing ?: "it is not known which");
        if (missing && !degraded)
                return bh_failure_set(failure, -EACCES, "Conflict",
                                      "Members of the array “%s” are missing: %s. With the option “degraded” it is "
                                      "started without them",
                                      array->name, missing);
        return start(udisks, array, degraded, failure);
}

int bh_array_stop(BhUdisks *udisks, const BhTopology *topology, const char *path, BhFailure *failure) {
        __attribute__((cleanup(bh_block_use_clear))) BhBlockUse use = {};
        const BhArray *array;
        const BhBlock *block;
        Seen seen;
        int r;

        r = find_running(topology, path, &array, failure);
        if (r < 0)
                return r;
        block = bh_inventory_block(topology->inventory, array->block);
        if (block) {
                bh_block_use(topology->inventory, block, &use);
                for (const char *const *kind = (const char *const[]){"system", "mounted", "array", NULL}; *kind; kind++)
                        if (g_str_equal(*kind, bh_use_to_string(use.kind)) && !strstr(use.reason, "/etc/fstab"))
                                return bh_failure_set(failure, -EBUSY, NULL, "The array “%s” %s", array->name,
                                                      use.reason);
        }
        r = bh_udisks_md_stop(udisks, array->object, failure);
        if (r < 0)
                return r;
        seen = (Seen){array->uuid, NULL};
        r = bh_udisks_wait(udisks, is_stopped, &seen, SEEN_USEC);
        return r < 0 ? bh_failure_set(failure, r, NULL, "The array “%s” is still seen to run", array->name) : 0;
}

/* Scrubs --------------------------------------------------------------------------------------------------------------------------------------------- */

static int check_scrub(const BhTopology *topology, const char *path, const char *action, const BhArray **ret,
                       BhFailure *failure) {
        int r;

        if (!g_str_equal(action, "check") && !g_str_equal(action, "repair"))
                return bh_failure_set(failure, -EINVAL, NULL, "The argument “action” is “check” or “repair”");
        r = find_redundant(topology, path, "copies that could be compared", ret, failure);
        if (r < 0)
                return r;
        r = check_idle(*ret, failure);
        if (r < 0)
                return r;
        return (*ret)->degraded > 0 ? conflict(failure, *ret, "is degraded: repair it first") : 0;
}

int bh_array_check_scrub(const BhTopology *topology, const char *path, const char *action, BhFailure *failure) {
        const BhArray *array;

        return check_scrub(topology, path, action, &array, failure);
}

static bool is_scrubbing(const BhInventory *inventory, void *userdata) {
        const Seen *seen = userdata;
        const BhMdArray *array = bh_inventory_array_by_uuid(inventory, seen->uuid);

        return array && g_str_equal(array->sync_action, seen->text);
}

int bh_array_scrub(BhUdisks *udisks, const BhTopology *topology, const char *path, const char *action, bool *ret_seen,
                   BhFailure *failure) {
        const BhArray *array;
        Seen seen;
        int r;

        r = check_scrub(topology, path, action, &array, failure);
        if (r < 0)
                return r;
        r = bh_udisks_md_request_sync(udisks, array->object, action, failure);
        if (r < 0)
                return r;
        seen = (Seen){array->uuid, action};
        r = bh_udisks_wait(udisks, is_scrubbing, &seen, SCRUB_SEEN_USEC);
        *ret_seen = r >= 0;
        return r == -ETIMEDOUT ? 0 : r;
}
