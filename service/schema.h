/* SPDX-License-Identifier: MIT */
#pragma once

#include <sqlite3.h>

/* The tables, and how to get to them from every earlier version. */

/* Brings the database to the newest version, each step in a transaction of its own. Errors: -EUCLEAN when it is newer than this program, -EIO,
 * -ENOSPC. Blocks. */
int bh_schema_migrate(sqlite3 *db);

/* Likewise to that version, which is not below the database's; for tests of a migration. */
int bh_schema_migrate_to(sqlite3 *db, int target);

/* The newest version. */
int bh_schema_version(void);
