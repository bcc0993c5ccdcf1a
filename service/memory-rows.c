/* SPDX-License-Identifier: MIT */

/* Known disks, arrays and members as rows of the database. */

#include <errno.h>

#include "log.h"
#include "macro.h"
#include "memory-private.h"

/* Plain data ------------------------------------------------------------------------------------------------------------------------------ */

void bh_known_disk_free(gpointer data) {
        BhKnownDisk *disk = data;

        g_free(disk->id);
        g_free(disk->vendor);
        g_free(disk->model);
        g_free(disk->serial);
        g_free(disk->wwn);
        g_free(disk->connection);
        g_free(disk->name);
        g_free(disk->slot);
        g_free(disk);
}

void bh_known_array_free(gpointer data) {
        BhKnownArray *array = data;

        g_free(array->uuid);
        g_free(array->name);
        g_free(array->level);
        g_free(array);
}

void bh_known_member_free(gpointer data) {
        BhKnownMember *member = data;

        g_free(member->uuid);
        g_free(member->disk_id);
        g_free(member->name);
        g_free(member);
}

BhKnownDisk *bh_known_disk_copy(const BhKnownDisk *disk) {
        BhKnownDisk *copy = g_memdup2(disk, sizeof *disk);

        copy->id = g_strdup(disk->id);
        copy->vendor = g_strdup(disk->vendor);
        copy->model = g_strdup(disk->model);
        copy->serial = g_strdup(disk->serial);
        copy->wwn = g_strdup(disk->wwn);
        copy->connection = g_strdup(disk->connection);
        copy->name = g_strdup(disk->name);
        copy->slot = g_strdup(disk->slot);
        return copy;
}

BhKnownArray *bh_known_array_copy(const BhKnownArray *array) {
        BhKnownArray *copy = g_memdup2(array, sizeof *array);

        copy->uuid = g_strdup(array->uuid);
        copy->name = g_strdup(array->name);
        copy->level = g_strdup(array->level);
        return copy;
}

BhKnownMember *bh_known_member_copy(const BhKnownMember *member) {
        BhKnownMember *copy = g_memdup2(member, sizeof *member);

        copy->uuid = g_strdup(member->uuid);
        copy->disk_id = g_strdup(member->disk_id);
        copy->name = g_strdup(member->name);
        return copy;
}

/* Reading --------------------------------------------------------------------------------------------------------------------------------- */

static char *column_text(sqlite3_stmt *statement, int column) {
        return g_strdup(bh_statement_get_text(statement, column));
}

static void read_disk(BhMemory *memory, sqlite3_stmt *statement) {
        BhKnownDisk *disk = g_new0(BhKnownDisk, 1);

        disk->id = column_text(statement, 0);
        disk->vendor = column_text(statement, 1);
        disk->model = column_text(statement, 2);
        disk->serial = column_text(statement, 3);
        disk->wwn = column_text(statement, 4);
        disk->connection = column_text(statement, 5);
        disk->size = (uint64_t)sqlite3_column_int64(statement, 6);
        disk->rotation_rate = sqlite3_column_int(statement, 7);
        disk->slot = column_text(statement, 8);
        disk->name = column_text(statement, 9);
        disk->first_seen_usec = sqlite3_column_int64(statement, 10);
        disk->last_seen_usec = sqlite3_column_int64(statement, 11);
        g_hash_table_replace(memory->disks, disk->id, disk);
}

static void read_array(BhMemory *memory, sqlite3_stmt *statement) {
        BhKnownArray *array = g_new0(BhKnownArray, 1);

        array->uuid = column_text(statement, 0);
        array->name = column_text(statement, 1);
        array->level = column_text(statement, 2);
        array->size = (uint64_t)sqlite3_column_int64(statement, 3);
        array->chunk_size = (uint64_t)sqlite3_column_int64(statement, 4);
        array->devices = (uint32_t)sqlite3_column_int64(statement, 5);
        array->first_seen_usec = sqlite3_column_int64(statement, 6);
        array->last_seen_usec = sqlite3_column_int64(statement, 7);
        array->last_scrub_usec = sqlite3_column_int64(statement, 8);
        array->is_mismatch_known = sqlite3_column_type(statement, 9) != SQLITE_NULL;
        array->mismatches = (uint64_t)sqlite3_column_int64(statement, 9);
        array->completed_usec = sqlite3_column_int64(statement, 10);
        g_hash_table_replace(memory->arrays, array->uuid, array);
}

static void read_member(BhMemory *memory, sqlite3_stmt *statement) {
        BhKnownMember *member = g_new0(BhKnownMember, 1);

        member->uuid = column_text(statement, 0);
        member->disk_id = column_text(statement, 1);
        member->slot = sqlite3_column_int(statement, 2);
        member->name = column_text(statement, 3);
        member->last_seen_usec = sqlite3_column_int64(statement, 4);
        g_ptr_array_add(memory->members, member);
}

int bh_memory_read_rows(sqlite3 *db, void *userdata) {
        static const struct {
                const char *sql;
                void (*read)(BhMemory *memory, sqlite3_stmt *statement);
        } tables[] = {
                {"SELECT id, vendor, model, serial, wwn, connection, size, rotation_rate, slot, name, first_seen_usec,"
                 " last_seen_usec FROM disks",
                 read_disk},
                {"SELECT uuid, name, level, size, chunk_size, devices, first_seen_usec, last_seen_usec, "
                 "last_scrub_usec,"
                 " mismatches, completed_usec FROM arrays",
                 read_array},
                {"SELECT array_uuid, disk_id, slot, name, last_seen_usec FROM array_members", read_member},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
                _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
                int r;

                r = bh_database_prepare(db, &statement, tables[i].sql);
                if (r < 0)
                        return r;
                while ((r = sqlite3_step(statement)) == SQLITE_ROW)
                        tables[i].read(userdata, statement);
                r = bh_database_errno(db, r);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Writing --------------------------------------------------------------------------------------------------------------------------------- */

static int finish(sqlite3 *db, sqlite3_stmt *statement) {
        int r = bh_database_errno(db, sqlite3_step(statement));

        sqlite3_reset(statement); /* what was bound is about to go */
        return r;
}

static int write_disk(sqlite3 *db, gconstpointer data) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const BhKnownDisk *disk = data;
        int r;

        r = bh_database_prepare(
                db, &statement,
                "INSERT INTO disks (id, vendor, model, serial, wwn, connection, size, rotation_rate, slot, name,"
                " first_seen_usec, last_seen_usec) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
                " ON CONFLICT (id) DO UPDATE SET vendor = ?2, model = ?3, serial = ?4, wwn = ?5, connection = ?6,"
                " size = ?7, rotation_rate = ?8, name = ?10, last_seen_usec = ?12");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, disk->id);
        bh_statement_bind_text(statement, 2, disk->vendor);
        bh_statement_bind_text(statement, 3, disk->model);
        bh_statement_bind_text(statement, 4, disk->serial);
        bh_statement_bind_text(statement, 5, disk->wwn);
        bh_statement_bind_text(statement, 6, disk->connection);
        sqlite3_bind_int64(statement, 7, (int64_t)disk->size);
        sqlite3_bind_int(statement, 8, disk->rotation_rate);
        bh_statement_bind_text(statement, 9, disk->slot);
        bh_statement_bind_text(statement, 10, disk->name);
        sqlite3_bind_int64(statement, 11, disk->first_seen_usec);
        sqlite3_bind_int64(statement, 12, disk->last_seen_usec);
        return finish(db, statement);
}

static int write_array(sqlite3 *db, gconstpointer data) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const BhKnownArray *array = data;
        int r;

        r = bh_database_prepare(
                db, &statement,
                "INSERT INTO arrays (uuid, name, level, size, chunk_size, devices, first_seen_usec, last_seen_usec,"
                " last_scrub_usec, mismatches, completed_usec) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
                " ON CONFLICT (uuid) DO UPDATE SET name = ?2, level = ?3, size = ?4, chunk_size = ?5, devices = ?6,"
                " last_seen_usec = ?8, last_scrub_usec = ?9, mismatches = ?10, completed_usec = ?11");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, array->uuid);
        bh_statement_bind_text(statement, 2, array->name);
        bh_statement_bind_text(statement, 3, array->level);
        sqlite3_bind_int64(statement, 4, (int64_t)array->size);
        sqlite3_bind_int64(statement, 5, (int64_t)array->chunk_size);
        sqlite3_bind_int64(statement, 6, array->devices);
        sqlite3_bind_int64(statement, 7, array->first_seen_usec);
        sqlite3_bind_int64(statement, 8, array->last_seen_usec);
        sqlite3_bind_int64(statement, 9, array->last_scrub_usec);
        if (array->is_mismatch_known)
                sqlite3_bind_int64(statement, 10, (int64_t)array->mismatches);
        sqlite3_bind_int64(statement, 11, array->completed_usec);
        return finish(db, statement);
}

static int write_member(sqlite3 *db, gconstpointer data) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const BhKnownMember *member = data;
        int r;

        r = bh_database_prepare(db, &statement,
                                "INSERT INTO array_members (array_uuid, disk_id, slot, name, last_seen_usec)"
                                " VALUES (?1, ?2, ?3, ?4, ?5)"
                                " ON CONFLICT (array_uuid, disk_id) DO UPDATE SET slot = ?3, name = ?4,"
                                " last_seen_usec = ?5");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, member->uuid);
        bh_statement_bind_text(statement, 2, member->disk_id);
        sqlite3_bind_int(statement, 3, member->slot);
        bh_statement_bind_text(statement, 4, member->name);
        sqlite3_bind_int64(statement, 5, member->last_seen_usec);
        return finish(db, statement);
}

/* Runs a statement with one or two texts. */
static int write_texts(sqlite3 *db, const char *sql, const char *first, const char *second) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement, sql);
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, first);
        if (second)
                bh_statement_bind_text(statement, 2, second);
        return finish(db, statement);
}

static int delete_member(sqlite3 *db, gconstpointer data) {
        const BhKnownMember *member = data;

        return write_texts(db, "DELETE FROM array_members WHERE array_uuid = ? AND disk_id = ?", member->uuid,
                           member->disk_id);
}

int bh_memory_write_slot(sqlite3 *db, const char *disk_id, const char *slot) {
        return write_texts(db, "UPDATE disks SET slot = ? WHERE id = ?", slot, disk_id);
}

int bh_memory_write_forget_disk(sqlite3 *db, const char *disk_id) {
        return write_texts(db, "DELETE FROM disks WHERE id = ?", disk_id, NULL);
}

int bh_memory_write_forget_array(sqlite3 *db, const char *uuid) {
        return write_texts(db, "DELETE FROM arrays WHERE uuid = ?", uuid, NULL);
}

/* Batches --------------------------------------------------------------------------------------------------------------------------------- */

BhMemoryBatch *bh_memory_batch_new(int *is_lost) {
        BhMemoryBatch *batch = g_new0(BhMemoryBatch, 1);

        batch->disks = g_ptr_array_new_with_free_func(bh_known_disk_free);
        batch->arrays = g_ptr_array_new_with_free_func(bh_known_array_free);
        batch->members = g_ptr_array_new_with_free_func(bh_known_member_free);
        batch->gone = g_ptr_array_new_with_free_func(bh_known_member_free);
        batch->is_lost = g_atomic_rc_box_acquire(is_lost);
        return batch;
}

void bh_memory_batch_free(void *data) {
        BhMemoryBatch *batch = data;

        g_ptr_array_unref(batch->disks);
        g_ptr_array_unref(batch->arrays);
        g_ptr_array_unref(batch->members);
        g_ptr_array_unref(batch->gone);
        g_atomic_rc_box_release(batch->is_lost);
        g_free(batch);
}

bool bh_memory_batch_is_empty(const BhMemoryBatch *batch) {
        return batch->disks->len + batch->arrays->len + batch->members->len + batch->gone->len == 0;
}

static int write_batch(sqlite3 *db, void *userdata) {
        const BhMemoryBatch *batch = userdata;
        const struct {
                const GPtrArray *rows;
                int (*write)(sqlite3 *db, gconstpointer row);
        } parts[] = {
                {batch->gone, delete_member},
                {batch->disks, write_disk},
                {batch->arrays, write_array},
                {batch->members, write_member},
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(parts); i++)
                for (unsigned j = 0; r >= 0 && j < parts[i].rows->len; j++)
                        r = parts[i].write(db, parts[i].rows->pdata[j]);
        if (r < 0) {
                bh_log_warning_errno(r, "Cannot write down which disks were seen");
                g_atomic_int_set(batch->is_lost, 1);
        }
        return r;
}

void bh_memory_batch_post(BhMemoryBatch *batch, BhDatabase *database) {
        bh_database_post(database, write_batch, batch, bh_memory_batch_free);
}
