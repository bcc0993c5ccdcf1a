/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>
#include <sqlite3.h>

#include "pool.h"

/* Known pools as rows of the database; for BhDatabaseWork. Errors: as bh_database_errno(). */

/* Adds all of them to the list, by name: owned BhKnownPool. */
int bh_pool_rows_read(sqlite3 *db, GPtrArray *list);

/* A new one, or another version of a known one. When it is the default, the others are not. Errors: -EEXIST another one has the name. */
int bh_pool_rows_write(sqlite3 *db, const BhKnownPool *known);

/* What was seen of it, if it is still known: what it is on, size and time. */
int bh_pool_rows_note(sqlite3 *db, const BhKnownPool *known);

int bh_pool_rows_delete(sqlite3 *db, const char *uuid);
