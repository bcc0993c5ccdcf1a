/* SPDX-License-Identifier: MIT */
#pragma once

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/* The SQLite database: WAL, synchronous=FULL, foreign keys, schema versions in PRAGMA user_version (migrations in schema.c).
 *
 * One thread writes. Work that is handed in while a transaction is being synced shares the next transaction (group commit); each piece runs in a
 * savepoint of its own, so that one that fails takes nothing else with it. Functions may be called on any thread; those that say "blocks" must
 * not be called on the event loop. */

typedef struct BhDatabase BhDatabase;

/* Does its statements on db and returns 0, or a negative errno, which rolls back what it did. Runs on the database's own threads:
 * it must not call bh_database_write() or wait for anything. */
typedef int (*BhDatabaseWork)(sqlite3 *db, void *userdata);

/* Opens or creates the file (0600) and migrates it. Errors: -EUCLEAN from a newer version, -EIO, -ENOMEM, and those of open(2). Blocks. */
int bh_database_open(BhDatabase **ret, const char *path);

/* Runs what was handed in, closes. NULL is fine. Blocks. */
void bh_database_free(BhDatabase *database);

/* Runs work in a write transaction and returns when it is durable, or has been rolled back: its own error, or -EIO, -ENOSPC. Blocks. */
int bh_database_write(BhDatabase *database, BhDatabaseWork work, void *userdata);

/* The two halves of bh_database_write(), for who has something else to wait for meanwhile: the first hands in, the second waits, returns the result and
 * takes the ticket. work and userdata must last until then. */
typedef struct BhDatabaseTicket BhDatabaseTicket;
BhDatabaseTicket *bh_database_begin(BhDatabase *database, BhDatabaseWork work, void *userdata);
int bh_database_end(BhDatabase *database, BhDatabaseTicket *ticket);

/* As bh_database_write(), without waiting; destroy (may be NULL) is called on userdata afterwards. For what nobody waits for, such as the audit of a refusal. */
void bh_database_post(BhDatabase *database, BhDatabaseWork work, void *userdata, void (*destroy)(void *userdata));

/* Runs work on a read-only connection, on the calling thread. Blocks. */
int bh_database_read(BhDatabase *database, BhDatabaseWork work, void *userdata);

/* Prepares a statement that is kept for reuse with its connection; sql must be a string that lives as long as the program. Reset and with bindings
 * cleared when handed out; the caller resets it when done (bh_statement_resetp with _cleanup_). Errors: -EIO, -ENOMEM. */
int bh_database_prepare(sqlite3 *db, sqlite3_stmt **ret, const char *sql);

/* Runs a statement with n numbers bound to its parameters in turn; sql as for bh_database_prepare(). Errors: as bh_database_errno(). */
int bh_database_run(sqlite3 *db, const char *sql, const int64_t *numbers, size_t n);

/* As bh_database_run(), and gives the number in the first column of the first row; *ret (may be NULL) stays as it is where there is none. */
int bh_database_get_number(sqlite3 *db, const char *sql, const int64_t *numbers, size_t n, int64_t *ret);

/* For _cleanup_: resets the statement that *statement points to. */
void bh_statement_resetp(sqlite3_stmt **statement);

/* A text for the statement, which must last until the statement is reset; NULL is NULL. */
void bh_statement_bind_text(sqlite3_stmt *statement, int index, const char *text);

/* The text of a column of the row, "" for NULL; until the next step. */
const char *bh_statement_get_text(sqlite3_stmt *statement, int column);

/* Maps an SQLite result to 0 or a negative errno and logs unexpected ones. SQLITE_CONSTRAINT is -EEXIST, SQLITE_FULL -ENOSPC. */
int bh_database_errno(sqlite3 *db, int result);
