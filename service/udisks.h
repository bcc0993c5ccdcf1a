/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "failure.h"
#include "inventory.h"

/* The client of UDisks2. Two halves that share nothing but the inventory:
 *
 * On the event loop, with the service's connection to the bus, it watches what UDisks2 shows, makes an inventory of it whenever something has changed, and
 * publishes that. While UDisks2 is absent, what is published says so. It is asked for (the bus starts it) at the beginning and when it has vanished.
 *
 * On worker threads (BH_POOL_STORAGE), each verb is a call of UDisks2's on a connection of its own, which blocks. No verb lets UDisks2 ask anybody for a
 * password. That a verb has returned says that UDisks2 has done it; bh_udisks_wait() waits until it can be seen.
 *
 * Verbs return 0 or a negative errno, with a sentence in failure (may be NULL): -ENODEV UDisks2 is not there, -EACCES it does not permit this to the
 * service, -EBUSY in use (or asleep, where the verb must not wake), -EOPNOTSUPP it cannot do this, -ENOENT the object is gone, -EINVAL it does not take an
 * argument, -ETIMEDOUT no answer in time (it may still be at it), -ECANCELED bh_udisks_stop() was called, -EALREADY mounted already, -ENOTCONN not
 * mounted, -EIO everything else. */

typedef struct BhUdisks BhUdisks;

/* Begins to watch. bus_address: of the bus for verbs, NULL the system bus. mdstat: the kernel's file about arrays, watched for changes that were made by
 * hand. Errors: those of the bus. Event loop. */
int bh_udisks_new(BhUdisks **ret, sd_bus *bus, sd_event *event, const char *bus_address, const char *mdstat);

/* Every verb and every wait ends with -ECANCELED soon, those to come at once. What is shown is watched on. Any thread. NULL is fine. */
void bh_udisks_stop(BhUdisks *udisks);

/* The workers must have been freed before. NULL is fine. Event loop. */
void bh_udisks_free(BhUdisks *udisks);

/* The newest inventory; unref it. Never NULL. Any thread, does not block. */
BhInventory *bh_udisks_get_inventory(BhUdisks *udisks);

/* Calls listener with every new inventory, from now on, in the order of adding. At most eight. Event loop. */
typedef void (*BhUdisksListener)(void *userdata, const BhInventory *inventory);
void bh_udisks_add_listener(BhUdisks *udisks, BhUdisksListener listener, void *userdata);

/* Lets UDisks2 look at all arrays anew, soon. Event loop. */
void bh_udisks_rescan_arrays(BhUdisks *udisks);

/* Waits until predicate is true of an inventory, of this or a later one; those that show no UDisks2 are passed over. Errors: -ETIMEDOUT, -ECANCELED. Worker
 * thread. */
typedef bool (*BhUdisksPredicate)(const BhInventory *inventory, void *userdata);
int bh_udisks_wait(BhUdisks *udisks, BhUdisksPredicate predicate, void *userdata, int64_t timeout_usec);

/* What UDisks2 shows at this moment, asked anew: it may be newer than what was published. *ret is the caller's. Errors: as of verbs. Worker thread. */
int bh_udisks_read_inventory(BhUdisks *udisks, BhInventory **ret, BhFailure *failure);

/* Verbs; worker thread. Objects are UDisks2's paths, as in the inventory. ----------------------------------------------------------------- */

/* Blocks. type: "ext4", "xfs", "btrfs", or "empty", which wipes what is recognised on it. label: "" none. take_ownership: the top directory becomes the
 * service's. Nothing that is in use is torn down for it. Takes as long as it takes. */
int bh_udisks_format(BhUdisks *udisks, const char *block, const char *type, const char *label, bool take_ownership,
                     BhFailure *failure);

/* Lets UDisks2 look at the device anew. */
int bh_udisks_rescan(BhUdisks *udisks, const char *block, BhFailure *failure);

/* An entry of /etc/fstab for the block device. source: "UUID=" and that of the filesystem; options: not empty. */
int bh_udisks_add_fstab(BhUdisks *udisks, const char *block, const char *source, const char *directory,
                        const char *type, const char *options, BhFailure *failure);

/* Takes the entries for that directory away. -ENOENT: there is none. */
int bh_udisks_remove_fstab(BhUdisks *udisks, const char *block, const char *directory, BhFailure *failure);

/* Takes away just the entry that bh_udisks_add_fstab() has made with the same arguments, also while its device is not there; block: any. Where there is none it fails
 * with -EIO, as UDisks2 does. */
int bh_udisks_remove_fstab_entry(BhUdisks *udisks, const char *block, const char *source, const char *directory,
                                 const char *type, const char *options, BhFailure *failure);

/* As /etc/fstab says. *ret_directory (owned) is where it is mounted then. */
int bh_udisks_mount(BhUdisks *udisks, const char *block, char **ret_directory, BhFailure *failure);

/* force: lazily, also while it is in use. */
int bh_udisks_unmount(BhUdisks *udisks, const char *block, bool force, BhFailure *failure);

/* size 0: as large as what it is on. */
int bh_udisks_resize_filesystem(BhUdisks *udisks, const char *block, uint64_t size, BhFailure *failure);

/* blocks: of the n members. chunk_size 0: the default of mdadm (and for raid1, which has none). *ret_array (owned) is the new array's object. */
int bh_udisks_md_create(BhUdisks *udisks, const char *const *blocks, size_t n_blocks, const char *level,
                        const char *name, uint64_t chunk_size, char **ret_array, BhFailure *failure);
int bh_udisks_md_start(BhUdisks *udisks, const char *array, bool degraded, BhFailure *failure);
int bh_udisks_md_stop(BhUdisks *udisks, const char *array, BhFailure *failure);
int bh_udisks_md_add(BhUdisks *udisks, const char *array, const char *block, BhFailure *failure);

/* A member that is in sync is made to fail first. */
int bh_udisks_md_remove(BhUdisks *udisks, const char *array, const char *block, bool wipe, BhFailure *failure);

/* action: "check", "repair", "idle". */
int bh_udisks_md_request_sync(BhUdisks *udisks, const char *array, const char *action, BhFailure *failure);

/* bitmap: "internal", "none". */
int bh_udisks_md_set_bitmap(BhUdisks *udisks, const char *array, const char *bitmap, BhFailure *failure);

/* Stops it and zeroes the members' metadata. */
int bh_udisks_md_delete(BhUdisks *udisks, const char *array, BhFailure *failure);

/* SMART; nvme: by NVMe.Controller, of UDisks2 2.10, instead of Drive.Ata. */

/* wake false: -EBUSY when the disk sleeps. The values are in the inventory afterwards. */
int bh_udisks_smart_update(BhUdisks *udisks, const char *drive, bool nvme, bool wake, BhFailure *failure);

/* type: "short", "extended" */
int bh_udisks_smart_start_selftest(BhUdisks *udisks, const char *drive, bool nvme, const char *type,
                                   BhFailure *failure);
int bh_udisks_smart_abort_selftest(BhUdisks *udisks, const char *drive, bool nvme, BhFailure *failure);

/* One attribute of ATA's: value, worst and threshold are -1 when not known; pretty is the raw value in unit. */
typedef struct BhUdisksAttribute {
        uint8_t id;
        uint16_t flags; /* 1: a failure is predicted by it */
        char *name;     /* "reallocated-sector-count" */
        int value, worst, threshold;
        int64_t pretty;
        int unit; /* 0 unknown, 1 none, 2 milliseconds, 3 sectors, 4 millikelvin */
} BhUdisksAttribute;

void bh_udisks_attributes_free(BhUdisksAttribute *attributes, size_t n_attributes);

/* What was read last; does not touch the disk. *ret is owned. */
int bh_udisks_smart_get_attributes(BhUdisks *udisks, const char *drive, BhUdisksAttribute **ret, size_t *ret_n,
                                   BhFailure *failure);

/* One value of NVMe's: "avail_spare", …; those that are no number are left out. */
typedef struct BhUdisksNvmeValue {
        char *name;
        double value;
} BhUdisksNvmeValue;

void bh_udisks_nvme_values_free(BhUdisksNvmeValue *values, size_t n_values);
int bh_udisks_nvme_get_values(BhUdisks *udisks, const char *drive, BhUdisksNvmeValue **ret, size_t *ret_n,
                              BhFailure *failure);

/* *ret_asleep: whether the disk has stopped spinning. Does not wake it. -EOPNOTSUPP: it cannot tell. */
int bh_udisks_get_power_state(BhUdisks *udisks, const char *drive, bool *ret_asleep, BhFailure *failure);
