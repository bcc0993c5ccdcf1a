/* SPDX-License-Identifier: MIT */

#include "bitmap-wish.h"

#include <glib.h>
#include <sqlite3.h>

#include "macro.h"

/* Names of the settings that hold wishes: this, and the UUID. */
#define PREFIX "bitmap."

#define ATTEMPTS_MAX 3

typedef struct Wish {
        bool has_bitmap;
        unsigned n_failed;
} Wish;

struct BhBitmapWishes {
        BhDatabase *database;
        GMutex lock;
        GHashTable *wishes; /* UUID → Wish, owned */
};

/* The database -------------------------------------------------------------------------------------------------------------------------------------- */

static const char *word(bool has_bitmap) {
        return has_bitmap ? "internal" : "none";
}

typedef struct Row {
        char *name;
        const char *value; /* NULL: the row goes */
} Row;

static void row_free(void *data) {
        Row *row = data;

        g_free(row->name);
        g_free(row);
}

static int write_row(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const Row *row = userdata;
        int r;

        r = bh_database_prepare(db, &statement,
                                row->value ? "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)"
                                           : "DELETE FROM settings WHERE name = ?");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, row->name);
        if (row->value)
                bh_statement_bind_text(statement, 2, row->value);
        return bh_database_errno(db, sqlite3_step(statement));
}

static void post(BhBitmapWishes *wishes, const char *uuid, const char *value) {
        Row *row = g_new(Row, 1);

        *row = (Row){g_strconcat(PREFIX, uuid, NULL), value};
        bh_database_post(wishes->database, write_row, row, row_free);
}

static void remember(BhBitmapWishes *wishes, const char *uuid, bool has_bitmap) {
        Wish *wish = g_new0(Wish, 1);

        wish->has_bitmap = has_bitmap;
        g_hash_table_insert(wishes->wishes, g_strdup(uuid), wish);
}

static int read_rows(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement,
                                "SELECT substr(name, 8), value FROM settings WHERE name GLOB '" PREFIX "*'");
        if (r < 0)
                return r;
        while ((r = sqlite3_step(statement)) == SQLITE_ROW)
                remember(userdata, (const char *)sqlite3_column_text(statement, 0),
                         g_strcmp0((const char *)sqlite3_column_text(statement, 1), "internal") == 0);
        return bh_database_errno(db, r);
}

/* Wishes -------------------------------------------------------------------------------------------------------------------------------------------- */

int bh_bitmap_wishes_load(BhBitmapWishes **ret, BhDatabase *database) {
        BhBitmapWishes *wishes = g_new0(BhBitmapWishes, 1);
        int r;

        g_mutex_init(&wishes->lock);
        wishes->database = database;
        wishes->wishes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        r = bh_database_read(database, read_rows, wishes);
        if (r < 0)
                bh_bitmap_wishes_free(wishes);
        else
                *ret = wishes;
        return r;
}

void bh_bitmap_wishes_free(BhBitmapWishes *wishes) {
        if (!wishes)
                return;
        g_hash_table_unref(wishes->wishes);
        g_mutex_clear(&wishes->lock);
        g_free(wishes);
}

void bh_bitmap_wishes_add(BhBitmapWishes *wishes, const char *uuid, bool has_bitmap) {
        g_mutex_lock(&wishes->lock);
        remember(wishes, uuid, has_bitmap);
        g_mutex_unlock(&wishes->lock);
        post(wishes, uuid, word(has_bitmap));
}

/* Under lock. */
static void drop(BhBitmapWishes *wishes, const char *uuid) {
        g_hash_table_remove(wishes->wishes, uuid);
        post(wishes, uuid, NULL);
}

const BhArray *bh_bitmap_wishes_next(BhBitmapWishes *wishes, const BhTopology *topology, const char **ret_bitmap) {
        const BhArray *found = NULL;

        g_mutex_lock(&wishes->lock);
        for (size_t i = 0; !found && i < topology->n_arrays; i++) {
                const BhArray *array = &topology->arrays[i];
                const Wish *wish = g_hash_table_lookup(wishes->wishes, array->uuid);

                if (!wish || !array->is_running || !g_str_equal(array->sync_action, "idle"))
                        continue;
                if (g_str_equal(array->bitmap, word(wish->has_bitmap))) {
                        drop(wishes, array->uuid);
                        continue;
                }
                *ret_bitmap = word(wish->has_bitmap);
                found = array;
        }
        g_mutex_unlock(&wishes->lock);
        return found;
}

bool bh_bitmap_wishes_fail(BhBitmapWishes *wishes, const char *uuid) {
        bool is_dropped = false;
        Wish *wish;

        g_mutex_lock(&wishes->lock);
        wish = g_hash_table_lookup(wishes->wishes, uuid);
        if (wish && ++wish->n_failed >= ATTEMPTS_MAX) {
                drop(wishes, uuid);
                is_dropped = true;
        }
        g_mutex_unlock(&wishes->lock);
        return is_dropped;
}
