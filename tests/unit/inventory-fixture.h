/* SPDX-License-Identifier: MIT */
#pragma once

#include "inventory.h"

/* Inventories for tests, as UDisks2 would show them. Whatever is returned lives as long as the inventory; names are the kernel's. */

/* Available, with nothing in it. */
BhInventory *fixture_inventory(void);

/* A drive of its own with the block device of the whole disk, which is returned. */
BhBlock *fixture_add_disk(BhInventory *inventory, const char *name, const char *serial, uint64_t size);

BhBlock *fixture_add_partition(BhInventory *inventory, const char *disk, uint32_t number, uint64_t size);

/* A block device without a drive that stands on another: what was unlocked from it. */
BhBlock *fixture_add_cleartext(BhInventory *inventory, const char *name, const char *backing);

/* An array; device NULL: it does not run. */
BhMdArray *fixture_add_array(BhInventory *inventory, const char *name, const char *device, const char *level,
                             uint64_t size, uint32_t devices);

/* Makes the block device a member of the array; state "" for one that does not run. */
void fixture_add_member(BhInventory *inventory, BhMdArray *array, const char *name, int slot, const char *state);

BhDrive *fixture_drive(BhInventory *inventory, const char *name);
BhBlock *fixture_block(BhInventory *inventory, const char *name);

/* Replaces an owned string. */
void fixture_set(char **field, const char *value);

/* usage and type as blkid says them. */
void fixture_format(BhBlock *block, const char *usage, const char *type, const char *label, const char *uuid);

void fixture_mount(BhBlock *block, const char *directory);
