/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "caller.h"

/* The owner's mark on a file or directory: the extended attribute user.baluhost.owner, whose value is the UUID of an
 * account, or "nobody". What has no mark belongs to whom the nearest marked directory above it belongs to. "nobody" is
 * written only where a mark would be inherited otherwise: when something without an owner is moved below a directory
 * that has one. In memory an owner is the UUID, or "" for nobody. Any thread. */

#define BH_OWNER_ATTRIBUTE "user.baluhost.owner"

/* What an owner is read as that is none of ours (not a UUID), or that cannot be read: no account has it, so only
 * administrators get at the file. */
#define BH_OWNER_UNKNOWN "?"

/* Reads the mark into owner. Returns whether there is one; owner is untouched when not. fd may be O_PATH. Errors: -EIO.
 */
int bh_owner_read(int fd, char owner[static BH_UUID_SIZE]);

/* As bh_owner_read(), of a name in a directory, without opening it. Errors: also -ENOENT. */
int bh_owner_read_at(int directory_fd, const char *name, char owner[static BH_UUID_SIZE]);

/* Writes the mark; owner "" is nobody. fd may be O_PATH. Errors: those of setxattr(2). */
int bh_owner_write(int fd, const char *owner);

/* Removes the mark, if there is one. Errors: those of removexattr(2). */
int bh_owner_remove(int fd);
