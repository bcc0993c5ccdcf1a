/* SPDX-License-Identifier: MIT */

#include "pool-rows.h"

#include "database.h"
#include "macro.h"

static void replace(char **field, const char *text) {
        g_free(*field);
        *field = g_strdup(text);
}

int bh_pool_rows_read(sqlite3 *db, GPtrArray *list) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement,
                                "SELECT uuid, name, filesystem, array_uuid, disk_id, is_default, is_wanted, size,"
                                " last_seen_usec FROM pools ORDER BY name");
        if (r < 0)
                return r;
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                BhKnownPool *known =
                        bh_known_pool_new(bh_statement_get_text(statement, 0), bh_statement_get_text(statement, 1),
                                          bh_statement_get_text(statement, 2));

                replace(&known->array_uuid, bh_statement_get_text(statement, 3));
                replace(&known->disk_id, bh_statement_get_text(statement, 4));
                known->is_default = sqlite3_column_int(statement, 5) != 0;
                known->is_wanted = sqlite3_column_int(statement, 6) != 0;
                known->size = (uint64_t)sqlite3_column_int64(statement, 7);
                known->last_seen_usec = sqlite3_column_int64(statement, 8);
                g_ptr_array_add(list, known);
        }
        return bh_database_errno(db, r);
}

static int clear_default(sqlite3 *db) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r = bh_database_prepare(db, &statement, "UPDATE pools SET is_default = 0 WHERE is_default");

        return r < 0 ? r : bh_database_errno(db, sqlite3_step(statement));
}

int bh_pool_rows_write(sqlite3 *db, const BhKnownPool *known) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r = known->is_default ? clear_default(db) : 0;

        if (r >= 0)
                r = bh_database_prepare(
                        db, &statement,
                        "INSERT INTO pools (uuid, name, filesystem, array_uuid, disk_id, is_default, is_wanted, size,"
                        " last_seen_usec) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
                        " ON CONFLICT (uuid) DO UPDATE SET name = ?2, filesystem = ?3, array_uuid = ?4, disk_id = ?5,"
                        " is_default = ?6, is_wanted = ?7, size = ?8, last_seen_usec = ?9");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, known->uuid);
        bh_statement_bind_text(statement, 2, known->name);
        bh_statement_bind_text(statement, 3, known->filesystem);
        bh_statement_bind_text(statement, 4, known->array_uuid);
        bh_statement_bind_text(statement, 5, known->disk_id);
        sqlite3_bind_int(statement, 6, known->is_default);
        sqlite3_bind_int(statement, 7, known->is_wanted);
        sqlite3_bind_int64(statement, 8, (int64_t)known->size);
        sqlite3_bind_int64(statement, 9, known->last_seen_usec);
        return bh_database_errno(db, sqlite3_step(statement));
}

int bh_pool_rows_note(sqlite3 *db, const BhKnownPool *known) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement,
                                "UPDATE pools SET array_uuid = ?2, disk_id = ?3, size = ?4, last_seen_usec = ?5"
                                " WHERE uuid = ?1");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, known->uuid);
        bh_statement_bind_text(statement, 2, known->array_uuid);
        bh_statement_bind_text(statement, 3, known->disk_id);
        sqlite3_bind_int64(statement, 4, (int64_t)known->size);
        sqlite3_bind_int64(statement, 5, known->last_seen_usec);
        return bh_database_errno(db, sqlite3_step(statement));
}

int bh_pool_rows_delete(sqlite3 *db, const char *uuid) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r = bh_database_prepare(db, &statement, "DELETE FROM pools WHERE uuid = ?");

        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, uuid);
        return bh_database_errno(db, sqlite3_step(statement));
}
