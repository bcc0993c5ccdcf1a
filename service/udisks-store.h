/* SPDX-License-Identifier: MIT */
#pragma once

#include <systemd/sd-bus.h>

#include "inventory.h"

/* UDisks2's objects as it exports them: what of them we know, in tables; anything else, and whatever is of another type than it should be, is passed over.
 * Bounded, whatever it sends. One thread. */

typedef struct BhUdisksStore BhUdisksStore;

BhUdisksStore *bh_udisks_store_new(void);
void bh_udisks_store_free(BhUdisksStore *store);

/* Takes in place of everything what GetManagedObjects has returned: a{oa{sa{sv}}} at the message's position. Errors: -EBADMSG. */
int bh_udisks_store_read_all(BhUdisksStore *store, sd_bus_message *m);

/* Takes in what a signal says: its arguments at the message's position. Return whether something that we know has changed, or a negative errno. */
int bh_udisks_store_read_added(BhUdisksStore *store, sd_bus_message *m);   /* InterfacesAdded: oa{sa{sv}} */
int bh_udisks_store_read_removed(BhUdisksStore *store, sd_bus_message *m); /* InterfacesRemoved: oas */

/* PropertiesChanged of that object: sa{sv}as. *ret_incomplete: it says that something has changed, and not to what. */
int bh_udisks_store_read_changed(BhUdisksStore *store, const char *object, sd_bus_message *m, bool *ret_incomplete);

/* An inventory of it, owned; filesystems is copied. */
BhInventory *bh_udisks_store_build(BhUdisksStore *store, const char *const *filesystems);
