/* SPDX-License-Identifier: MIT */

#include "database.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "log.h"
#include "macro.h"
#include "schema.h"

/* How many connections read at once. Each has a page cache of its own, which counts towards the memory of the service. */
#define READERS_MAX 4

/* How many pieces of work share one transaction at most, so that the first of them is not kept waiting for long. */
#define GROUP_MAX 256

#define WRITER_CACHE_KIB 2048
#define READER_CACHE_KIB 1024

/* One piece of work for the writer. Somebody waits for it, or it belongs to the writer. */
typedef struct BhDatabaseTicket {
        BhDatabaseWork work;
        void *userdata;
        void (*destroy)(void *userdata);
        bool awaited;
        bool done; /* under lock */
        int result;
} Piece;

struct BhDatabase {
        char *path;
        sqlite3 *writer;
        GThread *thread;

        GMutex lock;
        GCond arrived;  /* there is work, or we stop */
        GCond finished; /* a group is done */
        GQueue pending; /* of Piece */
        bool stopping;

        GMutex readers_lock;
        GCond reader_idle;
        GQueue idle_readers; /* of sqlite3 */
        unsigned n_readers;
};

int bh_database_errno(sqlite3 *db, int result) {
        switch (result & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_CONSTRAINT:
                return -EEXIST;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_FULL:
                bh_log_error("Database: %s", db ? sqlite3_errmsg(db) : sqlite3_errstr(result));
                return -ENOSPC;
        default:
                bh_log_error("Database: %s (%d)", db ? sqlite3_errmsg(db) : sqlite3_errstr(result), result);
                return -EIO;
        }
}

void bh_statement_bind_text(sqlite3_stmt *statement, int index, const char *text) {
        sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

const char *bh_statement_get_text(sqlite3_stmt *statement, int column) {
        return (const char *)sqlite3_column_text(statement, column) ?: "";
}

void bh_statement_resetp(sqlite3_stmt **statement) {
        if (!*statement)
                return;
        sqlite3_reset(*statement);
        sqlite3_clear_bindings(*statement);
}

/* SQLite keeps a list of a connection's statements itself; it is the cache. It is short: one entry for each statement in the source. */
int bh_database_prepare(sqlite3 *db, sqlite3_stmt **ret, const char *sql) {
        sqlite3_stmt *statement = NULL;
        int r;

        while ((statement = sqlite3_next_stmt(db, statement)))
                if (!sqlite3_stmt_busy(statement) && g_str_equal(sqlite3_sql(statement), sql)) {
                        sqlite3_reset(statement);
                        sqlite3_clear_bindings(statement);
                        *ret = statement;
                        return 0;
                }

        r = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
        if (r != SQLITE_OK)
                return bh_database_errno(db, r);
        *ret = statement;
        return 0;
}

int bh_database_get_number(sqlite3 *db, const char *sql, const int64_t *numbers, size_t n, int64_t *ret) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r = bh_database_prepare(db, &statement, sql);

        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++)
                sqlite3_bind_int64(statement, (int)i + 1, numbers[i]);
        r = sqlite3_step(statement);
        if (r == SQLITE_ROW && ret)
                *ret = sqlite3_column_int64(statement, 0);
        return bh_database_errno(db, r);
}

int bh_database_run(sqlite3 *db, const char *sql, const int64_t *numbers, size_t n) {
        return bh_database_get_number(db, sql, numbers, n, NULL);
}

static int execute(sqlite3 *db, const char *sql) {
        return bh_database_run(db, sql, NULL, 0);
}

/* A statement that a piece of work forgot would keep its transaction open. */
static void reset_statements(sqlite3 *db) {
        sqlite3_stmt *statement = NULL;

        while ((statement = sqlite3_next_stmt(db, statement)))
                if (sqlite3_stmt_busy(statement))
                        sqlite3_reset(statement);
}

static void roll_back(sqlite3 *db) {
        if (!sqlite3_get_autocommit(db))
                (void)execute(db, "ROLLBACK");
}

/* Runs one piece in a savepoint. Returns a negative errno only when the transaction as a whole is lost. */
static int run_piece(sqlite3 *db, Piece *piece) {
        int r;

        r = execute(db, "SAVEPOINT piece");
        if (r < 0)
                return r;

        piece->result = piece->work(db, piece->userdata);
        reset_statements(db);

        /* A full disk and the like end the transaction, and with it what was done before. */
        if (sqlite3_get_autocommit(db))
                return piece->result < 0 ? piece->result : -EIO;
        if (piece->result < 0) {
                r = execute(db, "ROLLBACK TO piece");
                if (r < 0)
                        return r;
        }
        return execute(db, "RELEASE piece");
}

static int run_pieces(sqlite3 *db, GPtrArray *group) {
        int r;

        r = execute(db, "BEGIN IMMEDIATE");
        if (r < 0)
                return r;
        for (unsigned i = 0; i < group->len; i++) {
                r = run_piece(db, group->pdata[i]);
                if (r < 0)
                        return r;
        }
        return execute(db, "COMMIT");
}

/* One transaction for the whole group. When it is lost, so is every piece: none of them may be taken for durable. */
static void run_group(sqlite3 *db, GPtrArray *group) {
        int r;

        r = run_pieces(db, group);
        if (r >= 0)
                return;
        roll_back(db);
        for (unsigned i = 0; i < group->len; i++) {
                Piece *piece = group->pdata[i];

                if (piece->result >= 0)
                        piece->result = r;
        }
}

static void finish_posted(GPtrArray *group) {
        for (unsigned i = 0; i < group->len; i++) {
                Piece *piece = group->pdata[i];

                if (piece->awaited)
                        continue;
                if (piece->result < 0)
                        bh_log_error_errno(piece->result, "Cannot write to the database");
                if (piece->destroy)
                        piece->destroy(piece->userdata);
                g_free(piece);
                group->pdata[i] = NULL;
        }
}

static gpointer writer_main(gpointer data) {
        BhDatabase *database = data;
        g_autoptr(GPtrArray) group = g_ptr_array_new();

        g_mutex_lock(&database->lock);
        for (;;) {
                while (g_queue_is_empty(&database->pending) && !database->stopping)
                        g_cond_wait(&database->arrived, &database->lock);
                if (g_queue_is_empty(&database->pending))
                        break;
                g_ptr_array_set_size(group, 0);
                while (group->len < GROUP_MAX && !g_queue_is_empty(&database->pending))
                        g_ptr_array_add(group, g_queue_pop_head(&database->pending));
                g_mutex_unlock(&database->lock);

                run_group(database->writer, group);
                finish_posted(group);

                g_mutex_lock(&database->lock);
                for (unsigned i = 0; i < group->len; i++)
                        if (group->pdata[i])
                                ((Piece *)group->pdata[i])->done = true;
                g_cond_broadcast(&database->finished);
        }
        g_mutex_unlock(&database->lock);
        return NULL;
}

BhDatabaseTicket *bh_database_begin(BhDatabase *database, BhDatabaseWork work, void *userdata) {
        Piece *piece = g_new0(Piece, 1);

        *piece = (Piece){.work = work, .userdata = userdata, .awaited = true};
        g_mutex_lock(&database->lock);
        g_queue_push_tail(&database->pending, piece);
        g_cond_signal(&database->arrived);
        g_mutex_unlock(&database->lock);
        return piece;
}

int bh_database_end(BhDatabase *database, BhDatabaseTicket *ticket) {
        g_mutex_lock(&database->lock);
        while (!ticket->done)
                g_cond_wait(&database->finished, &database->lock);
        g_mutex_unlock(&database->lock);

        int result = ticket->result;
        g_free(ticket);
        return result;
}

int bh_database_write(BhDatabase *database, BhDatabaseWork work, void *userdata) {
        return bh_database_end(database, bh_database_begin(database, work, userdata));
}

void bh_database_post(BhDatabase *database, BhDatabaseWork work, void *userdata, void (*destroy)(void *userdata)) {
        Piece *piece = g_new0(Piece, 1);

        *piece = (Piece){.work = work, .userdata = userdata, .destroy = destroy};
        g_mutex_lock(&database->lock);
        g_queue_push_tail(&database->pending, piece);
        g_cond_signal(&database->arrived);
        g_mutex_unlock(&database->lock);
}

static int set_pragma(sqlite3 *db, const char *sql) {
        return bh_database_errno(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static int open_connection(sqlite3 **ret, const char *path, int flags, unsigned cache_kib) {
        g_autofree char *cache = g_strdup_printf("PRAGMA cache_size = -%u", cache_kib);
        sqlite3 *db = NULL;
        int r;

        r = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
        r = bh_database_errno(db, r);
        if (r >= 0) {
                sqlite3_extended_result_codes(db, 1);
                sqlite3_busy_timeout(db, 5000);
                r = set_pragma(db, cache);
        }
        if (r >= 0)
                r = set_pragma(db, "PRAGMA foreign_keys = ON");
        if (r < 0) {
                sqlite3_close_v2(db);
                return r;
        }
        *ret = db;
        return 0;
}

/* Takes an idle connection for reading, opens one, or waits for one. */
static int reader_acquire(BhDatabase *database, sqlite3 **ret) {
        sqlite3 *db = NULL;
        int r;

        g_mutex_lock(&database->readers_lock);
        while (!(db = g_queue_pop_head(&database->idle_readers)) && database->n_readers >= READERS_MAX)
                g_cond_wait(&database->reader_idle, &database->readers_lock);
        if (!db)
                database->n_readers++;
        g_mutex_unlock(&database->readers_lock);

        if (!db) {
                r = open_connection(&db, database->path, SQLITE_OPEN_READONLY, READER_CACHE_KIB);
                if (r < 0) {
                        g_mutex_lock(&database->readers_lock);
                        database->n_readers--;
                        g_cond_signal(&database->reader_idle);
                        g_mutex_unlock(&database->readers_lock);
                        return r;
                }
        }
        *ret = db;
        return 0;
}

static void reader_release(BhDatabase *database, sqlite3 *db) {
        g_mutex_lock(&database->readers_lock);
        g_queue_push_head(&database->idle_readers, db);
        g_cond_signal(&database->reader_idle);
        g_mutex_unlock(&database->readers_lock);
}

int bh_database_read(BhDatabase *database, BhDatabaseWork work, void *userdata) {
        sqlite3 *db;
        int r;

        r = reader_acquire(database, &db);
        if (r < 0)
                return r;
        r = execute(db, "BEGIN");
        if (r >= 0) {
                r = work(db, userdata);
                reset_statements(db);
                roll_back(db);
        }
        reader_release(database, db);
        return r;
}

/* SQLite would create the file as the umask says; its companions (-wal, -shm) take the permissions of the file itself. */
static int create_private(const char *path) {
        _cleanup_(bh_closep) int fd = -1;

        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
        if (fd < 0)
                return -errno;
        if (fchmod(fd, 0600) < 0)
                return -errno;
        return 0;
}

static int set_up_writer(sqlite3 *db) {
        int r;

        r = set_pragma(db, "PRAGMA journal_mode = WAL");
        if (r < 0)
                return r;
        r = set_pragma(db, "PRAGMA synchronous = FULL");
        if (r < 0)
                return r;
        r = set_pragma(db, "PRAGMA journal_size_limit = 16777216");
        if (r < 0)
                return r;
        return bh_schema_migrate(db);
}

static void close_connection(sqlite3 *db) {
        sqlite3_stmt *statement;

        while ((statement = sqlite3_next_stmt(db, NULL)))
                sqlite3_finalize(statement);
        sqlite3_close(db);
}

int bh_database_open(BhDatabase **ret, const char *path) {
        sqlite3 *writer = NULL;
        BhDatabase *database;
        int r;

        r = create_private(path);
        if (r < 0)
                return r;
        r = open_connection(&writer, path, SQLITE_OPEN_READWRITE, WRITER_CACHE_KIB);
        if (r < 0)
                return r;
        r = set_up_writer(writer);
        if (r < 0) {
                close_connection(writer);
                return r;
        }

        database = g_new0(BhDatabase, 1);
        database->path = g_strdup(path);
        database->writer = writer;
        g_mutex_init(&database->lock);
        g_cond_init(&database->arrived);
        g_cond_init(&database->finished);
        g_queue_init(&database->pending);
        g_mutex_init(&database->readers_lock);
        g_cond_init(&database->reader_idle);
        g_queue_init(&database->idle_readers);
        database->thread = g_thread_new("database", writer_main, database);
        *ret = database;
        return 0;
}

void bh_database_free(BhDatabase *database) {
        sqlite3 *reader;

        if (!database)
                return;
        g_mutex_lock(&database->lock);
        database->stopping = true;
        g_cond_signal(&database->arrived);
        g_mutex_unlock(&database->lock);
        g_thread_join(database->thread);

        while ((reader = g_queue_pop_head(&database->idle_readers)))
                close_connection(reader);
        close_connection(database->writer);
        g_cond_clear(&database->reader_idle);
        g_mutex_clear(&database->readers_lock);
        g_cond_clear(&database->finished);
        g_cond_clear(&database->arrived);
        g_mutex_clear(&database->lock);
        g_free(database->path);
        g_free(database);
}
