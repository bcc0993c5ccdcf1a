/* SPDX-License-Identifier: MIT */

#include "pool-mount.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "log.h"
#include "macro.h"

/* How long what UDisks2 has done may take to be seen. */
#define SEEN_USEC (30 * BH_USEC_PER_SEC)

/* nofail and the timeout: a system whose pool is absent starts all the same. What is on it is data and nothing else. */
#define OPTIONS "nofail,nosuid,nodev,noexec,x-systemd.device-timeout=10s"

char *bh_pool_directory(const char *pools_directory, const char *name) {
        return g_build_filename(pools_directory, name, NULL);
}

static const char *reason(const BhFailure *failure) {
        return failure->message ?: "UDisks2 gives no reason";
}

/* Whether the answer of UDisks2 does not tell if it was done. */
static bool is_unknown(int r) {
        return r == -ENODEV || r == -ETIMEDOUT;
}

/* Looking ---------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Wanted {
        const char *uuid, *directory;
        bool is_mounted;
} Wanted;

static bool is_seen(const BhInventory *inventory, void *userdata) {
        const Wanted *wanted = userdata;
        const BhBlock *block = bh_pool_find_block(inventory, wanted->uuid, NULL);

        if (!block)
                return !wanted->is_mounted;
        return bh_pool_is_mounted_at(block, wanted->directory) == wanted->is_mounted;
}

bool bh_pool_is_place(const char *pools_directory, const char *directory) {
        g_autofree char *parent = g_path_get_dirname(directory);

        return g_str_equal(parent, pools_directory);
}

/* Mounting --------------------------------------------------------------------------------------------------------------------------------- */

static int find(BhUdisks *udisks, const BhPoolPlace *place, BhInventory **ret_inventory, const BhBlock **ret_block,
                BhFailure *failure) {
        bool is_ambiguous;
        int r;

        r = bh_udisks_read_inventory(udisks, ret_inventory, failure);
        if (r < 0)
                return r;
        *ret_block = bh_pool_find_block(*ret_inventory, place->uuid, &is_ambiguous);
        if (*ret_block)
                return 0;
        return is_ambiguous
                       ? bh_failure_set(failure, -EACCES, "Refused",
                                        "There is more than one filesystem with the UUID of the pool “%s”", place->name)
                       : bh_failure_set(failure, -ENODEV, NULL, "The pool “%s” is absent", place->name);
}

/* Takes it away from where an interrupted change has left it. */
static int unmount_elsewhere(BhUdisks *udisks, const BhPoolPlace *place, const BhBlock *block, BhFailure *failure) {
        Wanted wanted = {place->uuid, block->mount_points[0], false};
        int r;

        if (!bh_pool_is_place(place->pools_directory, block->mount_points[0]))
                return bh_failure_set(failure, -EACCES, "Refused",
                                      "The filesystem of the pool “%s” is mounted on %s: unmount it there", place->name,
                                      block->mount_points[0]);
        r = bh_udisks_unmount(udisks, block->object, false, failure);
        return r < 0 ? r : bh_udisks_wait(udisks, is_seen, &wanted, SEEN_USEC);
}

/* Where else it is mounted, or would be at the next start; what an interrupted change has left is taken away. */
static int check_elsewhere(BhUdisks *udisks, const BhPoolPlace *place, const BhBlock *block, const char *directory,
                           BhFailure *failure) {
        for (char **entry = block->fstab_directories; *entry; entry++) {
                int r;

                if (g_str_equal(*entry, directory))
                        continue;
                if (!bh_pool_is_place(place->pools_directory, *entry))
                        return bh_failure_set(failure, -EACCES, "Refused",
                                              "An entry of /etc/fstab mounts the filesystem of the pool “%s” on %s",
                                              place->name, *entry);
                r = bh_udisks_remove_fstab(udisks, block->object, *entry, failure);
                if (r < 0 && r != -ENOENT)
                        return r;
        }
        if (!block->mount_points[0] || bh_pool_is_mounted_at(block, directory))
                return 0;
        return unmount_elsewhere(udisks, place, block, failure);
}

static int add_entry(BhUdisks *udisks, const BhPoolPlace *place, const BhBlock *block, const char *directory,
                     BhPoolMount *mount, BhFailure *failure) {
        g_autofree char *source = g_strconcat("UUID=", place->uuid, NULL);
        _cleanup_(bh_failure_clear) BhFailure cause = {};
        int r;

        if (g_strv_contains((const char *const *)block->fstab_directories, directory))
                return 0;
        r = bh_udisks_add_fstab(udisks, block->object, source, directory, place->filesystem, OPTIONS, &cause);
        if (r < 0)
                return bh_failure_set(failure, r, cause.name,
                                      "The pool “%s” cannot be entered into /etc/fstab, so that it would not be "
                                      "there after a restart: %s",
                                      place->name, reason(&cause));
        mount->is_entry_new = true;
        return 0;
}

static int do_mount(BhUdisks *udisks, const BhPoolPlace *place, const BhBlock *block, const char *directory,
                    BhPoolMount *mount, BhFailure *failure) {
        Wanted wanted = {place->uuid, directory, true};
        _cleanup_(bh_failure_clear) BhFailure cause = {};
        g_autofree char *mounted_at = NULL;
        int r;

        if (bh_pool_is_mounted_at(block, directory))
                return 0;
        r = bh_udisks_mount(udisks, block->object, &mounted_at, &cause);
        mount->is_mount_new = r >= 0 || is_unknown(r);
        if (r < 0 && r != -EALREADY && !is_unknown(r))
                return bh_failure_set(failure, r, cause.name, "The pool “%s” cannot be mounted: %s", place->name,
                                      reason(&cause));
        if (mounted_at && !g_str_equal(mounted_at, directory))
                return bh_failure_set(failure, -EIO, NULL, "UDisks2 has mounted the pool “%s” on %s instead of %s",
                                      place->name, mounted_at, directory);
        if (bh_udisks_wait(udisks, is_seen, &wanted, SEEN_USEC) >= 0)
                return 0;
        return r < 0 ? bh_failure_set(failure, r, cause.name, "The pool “%s” cannot be mounted: %s", place->name,
                                      reason(&cause))
                     : bh_failure_set(failure, -EIO, NULL, "The pool “%s” was mounted, but is not seen on %s",
                                      place->name, directory);
}

/* The sentence of what went wrong, with what could not be undone. */
static void append_left(BhFailure *failure, const char *left) {
        char *message = g_strdup_printf("%s. %s", failure->message ?: "", left);

        g_free(failure->message);
        failure->message = message;
}

int bh_pool_mount(BhUdisks *udisks, const BhPoolPlace *place, BhPoolMount *ret, BhFailure *failure) {
        g_autofree char *directory = bh_pool_directory(place->pools_directory, place->name), *left = NULL;
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        const BhBlock *block = NULL;
        int r;

        *ret = (BhPoolMount){};
        r = find(udisks, place, &inventory, &block, failure);
        if (r >= 0)
                r = check_elsewhere(udisks, place, block, directory, failure);
        if (r >= 0)
                r = add_entry(udisks, place, block, directory, ret, failure);
        if (r < 0)
                return r;
        r = do_mount(udisks, place, block, directory, ret, failure);
        if (r < 0 && !bh_pool_mount_undo(udisks, place, ret, &left))
                append_left(failure, left);
        return r;
}

bool bh_pool_mount_undo(BhUdisks *udisks, const BhPoolPlace *place, const BhPoolMount *mount, char **ret_left) {
        _cleanup_(bh_failure_clear) BhFailure failure = {};

        if (mount->is_mount_new && bh_pool_unmount(udisks, place, false, &failure) < 0) {
                *ret_left = g_strdup_printf("It is left mounted: %s", reason(&failure));
                return false;
        }
        if (mount->is_entry_new && bh_pool_remove_entry(udisks, place, &failure) < 0) {
                *ret_left = g_strdup_printf("Its entry in /etc/fstab is left: %s", reason(&failure));
                return false;
        }
        return true;
}

/* Unmounting ------------------------------------------------------------------------------------------------------------------------------- */

int bh_pool_unmount(BhUdisks *udisks, const BhPoolPlace *place, bool force, BhFailure *failure) {
        g_autofree char *directory = bh_pool_directory(place->pools_directory, place->name);
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        _cleanup_(bh_failure_clear) BhFailure cause = {};
        Wanted wanted = {place->uuid, directory, false};
        const BhBlock *block;
        int r;

        r = bh_udisks_read_inventory(udisks, &inventory, failure);
        if (r < 0)
                return r;
        block = bh_pool_find_block(inventory, place->uuid, NULL);
        if (!block || !bh_pool_is_mounted_at(block, directory))
                return 0;
        r = bh_udisks_unmount(udisks, block->object, force, &cause);
        if (r == -EBUSY)
                return bh_failure_set(
                        failure, r, NULL,
                        "The pool “%s” cannot be unmounted: some program has a file of it open, or stands "
                        "in one of its folders",
                        place->name);
        if (r < 0 && r != -ENOTCONN && r != -ENOENT && !is_unknown(r))
                return bh_failure_set(failure, r, cause.name, "The pool “%s” cannot be unmounted: %s", place->name,
                                      reason(&cause));
        if (bh_udisks_wait(udisks, is_seen, &wanted, SEEN_USEC) >= 0)
                return 0;
        return bh_failure_set(failure, r < 0 ? r : -EIO, cause.name,
                              "The pool “%s” is still mounted, although UDisks2 was told to unmount it%s%s",
                              place->name, cause.message ? ": " : "", cause.message ?: "");
}

typedef struct Entry {
        const char *uuid, *directory;
} Entry;

static bool is_entry_gone(const BhInventory *inventory, void *userdata) {
        const Entry *entry = userdata;
        const BhBlock *block = bh_pool_find_block(inventory, entry->uuid, NULL);

        return !block || !g_strv_contains((const char *const *)block->fstab_directories, entry->directory);
}

/* Any block device will do to speak of an entry whose device is absent. */
static const BhBlock *any_block(const BhInventory *inventory) {
        return inventory->n_blocks > 0 ? &inventory->blocks[0] : NULL;
}

int bh_pool_remove_entry(BhUdisks *udisks, const BhPoolPlace *place, BhFailure *failure) {
        g_autofree char *directory = bh_pool_directory(place->pools_directory, place->name),
                        *source = g_strconcat("UUID=", place->uuid, NULL);
        _cleanup_(bh_inventory_unrefp) BhInventory *inventory = NULL;
        _cleanup_(bh_failure_clear) BhFailure cause = {};
        const BhBlock *block;
        int r;

        r = bh_udisks_read_inventory(udisks, &inventory, failure);
        if (r < 0)
                return r;
        block = bh_pool_find_block(inventory, place->uuid, NULL);
        if (block)
                r = bh_udisks_remove_fstab(udisks, block->object, directory, &cause);
        else if (any_block(inventory))
                r = bh_udisks_remove_fstab_entry(udisks, any_block(inventory)->object, source, directory,
                                                 place->filesystem, OPTIONS, &cause);
        else
                r = -ENOENT;
        if (r >= 0) { /* whoever looks next is to see it */
                Entry entry = {place->uuid, directory};

                (void)bh_udisks_wait(udisks, is_entry_gone, &entry, SEEN_USEC);
        }
        if (r >= 0 || r == -ENOENT)
                return 0;
        if (!block && r == -EIO) { /* it does not matter much: the entry does not keep the system from starting */
                bh_log_warning("The entry of the absent pool %s is not taken out of /etc/fstab: %s", place->name,
                               reason(&cause));
                return 0;
        }
        return bh_failure_set(failure, r, cause.name,
                              "The entry of the pool “%s” cannot be taken out of /etc/fstab: %s", place->name,
                              reason(&cause));
}
