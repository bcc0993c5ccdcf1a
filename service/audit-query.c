/* SPDX-License-Identifier: MIT */

#include "audit-query.h"

#include "macro.h"

/* One statement for all filters, so that it is prepared once. The names of parameters are those of bind_filter(). */
#define WHERE                                                                                                          \
        " FROM audit WHERE time_usec >= ?1 AND time_usec < ?2 AND (?3 IS NULL OR event_type = ?3)"                     \
        " AND (?4 IS NULL OR action = ?4) AND (?5 IS NULL OR username = ?5) AND (?6 = 0 OR user_id = ?6)"              \
        " AND (?7 IS NULL OR (result = 0) = ?7) AND (?8 IS NULL OR action LIKE ?8 ESCAPE '\\'"                         \
        " OR target LIKE ?8 ESCAPE '\\' OR message LIKE ?8 ESCAPE '\\' OR username LIKE ?8 ESCAPE '\\')"
#define N_FILTERS 8

static char *pattern_of(const char *text) {
        GString *pattern = g_string_new("%");

        for (const char *c = text; *c; c++) {
                if (*c == '%' || *c == '_' || *c == '\\')
                        g_string_append_c(pattern, '\\');
                g_string_append_c(pattern, *c);
        }
        g_string_append_c(pattern, '%');
        return g_string_free(pattern, FALSE);
}

static int prepare(sqlite3 *db, sqlite3_stmt **ret, const char *sql, const BhAuditFilter *filter) {
        g_autofree char *pattern = filter->text ? pattern_of(filter->text) : NULL;
        int r;

        r = bh_database_prepare(db, ret, sql);
        if (r < 0)
                return r;
        sqlite3_bind_int64(*ret, 1, filter->from_usec);
        sqlite3_bind_int64(*ret, 2, filter->to_usec);
        bh_statement_bind_text(*ret, 3, filter->event_type);
        bh_statement_bind_text(*ret, 4, filter->action);
        bh_statement_bind_text(*ret, 5, filter->username);
        sqlite3_bind_int64(*ret, 6, (sqlite3_int64)filter->user_id);
        if (filter->by_success)
                sqlite3_bind_int(*ret, 7, filter->success);
        if (pattern)
                sqlite3_bind_text(*ret, N_FILTERS, pattern, -1, SQLITE_TRANSIENT);
        return 0;
}

/* Pages ---------------------------------------------------------------------------------------------------------------------------------- */

void bh_audit_record_free(void *data) {
        BhAuditRecord *record = data;

        g_free(record->event_type);
        g_free(record->action);
        g_free(record->target);
        g_free(record->message);
        g_free(record->username);
        g_free(record->unit);
        g_free(record->client_address);
        g_free(record->client_agent);
        g_free(record);
}

/* Whoever can write to the database must not make us send what the bus does not take. */
static char *text_of(sqlite3_stmt *statement, int column) {
        return g_utf8_make_valid(bh_statement_get_text(statement, column), -1);
}

static BhAuditRecord *record_of(sqlite3_stmt *statement) {
        BhAuditRecord *record = g_new0(BhAuditRecord, 1);
        int i = 0;

        record->id = (uint64_t)sqlite3_column_int64(statement, i++);
        record->time_usec = sqlite3_column_int64(statement, i++);
        record->event_type = text_of(statement, i++);
        record->action = text_of(statement, i++);
        record->target = text_of(statement, i++);
        record->result = sqlite3_column_int(statement, i++);
        record->message = text_of(statement, i++);
        record->size = (uint64_t)sqlite3_column_int64(statement, i++);
        record->user_id = (uint64_t)sqlite3_column_int64(statement, i++);
        record->username = text_of(statement, i++);
        record->uid = (uint32_t)sqlite3_column_int64(statement, i++);
        record->pid = (uint32_t)sqlite3_column_int64(statement, i++);
        record->unit = text_of(statement, i++);
        record->client_address = text_of(statement, i++);
        record->client_agent = text_of(statement, i++);
        return record;
}

typedef struct Query {
        const BhAuditFilter *filter;
        uint64_t before, offset;
        uint32_t limit;
        GPtrArray *records;
        bool *ret_more;
} Query;

static int query(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const Query *query = userdata;
        uint32_t n = 0;
        int r;

        r = prepare(db, &statement,
                    "SELECT id, time_usec, event_type, action, target, result, message, size, user_id, username, uid,"
                    " pid, unit, client_address, client_agent" WHERE " AND id < ?9 ORDER BY id DESC LIMIT ?10"
                    " OFFSET ?11",
                    query->filter);
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, N_FILTERS + 1, query->before > 0 ? (sqlite3_int64)query->before : INT64_MAX);
        sqlite3_bind_int64(statement, N_FILTERS + 2, (sqlite3_int64)query->limit + 1);
        sqlite3_bind_int64(statement, N_FILTERS + 3, (sqlite3_int64)MIN(query->offset, (uint64_t)INT64_MAX));
        *query->ret_more = false;
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                if (n++ == query->limit) {
                        *query->ret_more = true;
                        return 0;
                }
                g_ptr_array_add(query->records, record_of(statement));
        }
        return bh_database_errno(db, r);
}

int bh_audit_query(BhDatabase *database, const BhAuditFilter *filter, uint64_t before, uint64_t offset, uint32_t limit,
                   GPtrArray *records, bool *ret_more) {
        return bh_database_read(database, query, &(Query){filter, before, offset, limit, records, ret_more});
}

typedef struct Count {
        const BhAuditFilter *filter;
        uint64_t *ret;
} Count;

static int count(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const Count *count = userdata;
        int r;

        r = prepare(db, &statement, "SELECT count(*)" WHERE, count->filter);
        if (r < 0)
                return r;
        r = sqlite3_step(statement);
        *count->ret = (uint64_t)sqlite3_column_int64(statement, 0);
        return bh_database_errno(db, r);
}

int bh_audit_count(BhDatabase *database, const BhAuditFilter *filter, uint64_t *ret) {
        return bh_database_read(database, count, &(Count){filter, ret});
}

/* Statistics ----------------------------------------------------------------------------------------------------------------------------- */

static void group_clear(void *group) {
        g_free(((BhAuditGroup *)group)->name);
}

void bh_audit_statistics_clear(BhAuditStatistics *statistics) {
        g_clear_pointer(&statistics->by_user, g_array_unref);
        g_clear_pointer(&statistics->by_action, g_array_unref);
        g_clear_pointer(&statistics->by_event_type, g_array_unref);
        g_clear_pointer(&statistics->by_error, g_array_unref);
        g_free(statistics->buckets);
        *statistics = (BhAuditStatistics){};
}

static int add_groups(sqlite3 *db, const char *sql, const BhAuditFilter *filter, GArray **ret) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        *ret = g_array_new(FALSE, FALSE, sizeof(BhAuditGroup));
        g_array_set_clear_func(*ret, group_clear);
        r = prepare(db, &statement, sql, filter);
        if (r < 0)
                return r;
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                const BhAuditGroup group = {text_of(statement, 0), sqlite3_column_int(statement, 0),
                                            (uint64_t)sqlite3_column_int64(statement, 1)};

                g_array_append_val(*ret, group);
        }
        return bh_database_errno(db, r);
}

static int add_buckets(sqlite3 *db, const BhAuditFilter *filter, int64_t width, BhAuditStatistics *statistics) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = prepare(db, &statement,
                    "SELECT (time_usec - ?1) / ?9, sum(result = 0), sum(result <> 0),"
                    " total(CASE WHEN result = 0 THEN size ELSE 0 END)" WHERE " GROUP BY 1",
                    filter);
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, N_FILTERS + 1, width);
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                const int64_t index = sqlite3_column_int64(statement, 0);
                BhAuditBucket *bucket = &statistics->buckets[CLAMP(index, 0, statistics->n_buckets - 1)];

                bucket->succeeded += (uint64_t)sqlite3_column_int64(statement, 1);
                bucket->failed += (uint64_t)sqlite3_column_int64(statement, 2);
                statistics->succeeded += (uint64_t)sqlite3_column_int64(statement, 1);
                statistics->failed += (uint64_t)sqlite3_column_int64(statement, 2);
                statistics->bytes += (uint64_t)sqlite3_column_double(statement, 3);
        }
        return bh_database_errno(db, r);
}

typedef struct Statistics {
        const BhAuditFilter *filter;
        uint32_t buckets;
        BhAuditStatistics *ret;
} Statistics;

#define FREQUENT " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 100"

static int statistics(sqlite3 *db, void *userdata) {
        const Statistics *asked = userdata;
        const BhAuditFilter *filter = asked->filter;
        BhAuditStatistics *ret = asked->ret;
        const uint64_t span = (uint64_t)filter->to_usec - (uint64_t)filter->from_usec;
        const int64_t width = (int64_t)((span - 1) / asked->buckets + 1);
        int r;

        ret->n_buckets = asked->buckets;
        ret->buckets = g_new0(BhAuditBucket, asked->buckets);
        for (uint32_t i = 0; i < asked->buckets; i++)
                ret->buckets[i].start_usec = (int64_t)((uint64_t)filter->from_usec + (uint64_t)width * i);
        r = add_buckets(db, filter, width, ret);
        if (r >= 0)
                r = add_groups(db, "SELECT coalesce(username, ''), count(*)" WHERE FREQUENT, filter, &ret->by_user);
        if (r >= 0)
                r = add_groups(db, "SELECT action, count(*)" WHERE FREQUENT, filter, &ret->by_action);
        if (r >= 0)
                r = add_groups(db, "SELECT event_type, count(*)" WHERE FREQUENT, filter, &ret->by_event_type);
        if (r >= 0)
                r = add_groups(db, "SELECT result, count(*)" WHERE " AND result <> 0" FREQUENT, filter, &ret->by_error);
        return r;
}

int bh_audit_statistics(BhDatabase *database, const BhAuditFilter *filter, uint32_t buckets, BhAuditStatistics *ret) {
        return bh_database_read(database, statistics, &(Statistics){filter, buckets, ret});
}
