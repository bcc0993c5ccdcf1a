/* SPDX-License-Identifier: MIT */

#include "smart-history.h"

#include <math.h>

#include "macro.h"

/* Loading --------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Loading {
        const BhSmartHistoryLoad *load;
        int64_t begin_usec; /* of the window */
} Loading;

static int read_attributes(sqlite3 *db, const char *disk_id, BhSmartReading *reading) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        g_autoptr(GArray) attributes = g_array_new(FALSE, FALSE, sizeof(BhSmartAttribute));
        int r;

        r = bh_database_prepare(db, &statement,
                                "SELECT attribute, is_prefailure, value, worst, threshold, raw FROM smart_attributes"
                                " WHERE disk_id = ? ORDER BY attribute");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, disk_id);
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                BhSmartAttribute attribute = {
                        .id = (uint8_t)sqlite3_column_int(statement, 0),
                        .is_prefailure = sqlite3_column_int(statement, 1) != 0,
                        .value = sqlite3_column_int(statement, 2),
                        .worst = sqlite3_column_int(statement, 3),
                        .threshold = sqlite3_column_int(statement, 4),
                        .raw = (uint64_t)sqlite3_column_int64(statement, 5),
                };

                g_array_append_val(attributes, attribute);
        }
        reading->n_attributes = attributes->len;
        reading->attributes = g_array_steal(attributes, NULL);
        return bh_database_errno(db, r);
}

static int load_readings(sqlite3 *db, const BhSmartHistoryLoad *load) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement,
                                "SELECT disk_id, time_usec, is_nvme, is_failing, temperature, power_on_hours, selftest,"
                                " selftest_problem FROM smart_readings ORDER BY disk_id");
        if (r < 0)
                return r;
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                const char *disk_id = (const char *)sqlite3_column_text(statement, 0);
                _cleanup_(bh_smart_reading_clear) BhSmartReading reading = {
                        .time_usec = sqlite3_column_int64(statement, 1),
                        .is_nvme = sqlite3_column_int(statement, 2) != 0,
                        .is_failing = sqlite3_column_int(statement, 3) != 0,
                        .temperature = sqlite3_column_type(statement, 4) == SQLITE_NULL
                                               ? (double)NAN
                                               : sqlite3_column_double(statement, 4),
                        .power_on_hours = (uint64_t)sqlite3_column_int64(statement, 5),
                        .selftest = bh_selftest_from_string((const char *)sqlite3_column_text(statement, 6)),
                        .selftest_problem = g_strdup((const char *)sqlite3_column_text(statement, 7)),
                };

                r = read_attributes(db, disk_id, &reading);
                if (r < 0)
                        return r;
                load->reading(disk_id, &reading, load->userdata);
        }
        return bh_database_errno(db, r);
}

static int load_samples(sqlite3 *db, const Loading *loading) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        /* SQLite takes columns that are not grouped from the row of the maximum. */
        r = bh_database_prepare(
                db, &statement,
                "SELECT disk_id, attribute, max(time_usec) AS time, value FROM smart_samples WHERE time_usec < ?1"
                " GROUP BY disk_id, attribute"
                " UNION ALL SELECT disk_id, attribute, time_usec, value FROM smart_samples WHERE time_usec >= ?1"
                " ORDER BY time");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, loading->begin_usec);
        while ((r = sqlite3_step(statement)) == SQLITE_ROW)
                loading->load->sample((const char *)sqlite3_column_text(statement, 0),
                                      (uint8_t)sqlite3_column_int(statement, 1),
                                      (BhSmartSample){sqlite3_column_int64(statement, 2),
                                                      (uint64_t)sqlite3_column_int64(statement, 3)},
                                      loading->load->userdata);
        return bh_database_errno(db, r);
}

static int load_all(sqlite3 *db, void *userdata) {
        const Loading *loading = userdata;
        int r;

        r = load_readings(db, loading->load);
        return r < 0 ? r : load_samples(db, loading);
}

int bh_smart_history_load(BhDatabase *database, int64_t now_usec, const BhSmartHistoryLoad *load) {
        Loading loading = {load, now_usec - BH_SMART_WINDOW_USEC};

        return bh_database_read(database, load_all, &loading);
}

/* Writing --------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Writing {
        char *disk_id;
        BhSmartReading reading;
        BhSmartKeep *keep;
        size_t n_keep;
        bool is_back;
} Writing;

static void writing_free(void *userdata) {
        Writing *writing = userdata;

        g_free(writing->disk_id);
        bh_smart_reading_clear(&writing->reading);
        g_free(writing->keep);
        g_free(writing);
}

static int write_reading(sqlite3 *db, const Writing *writing) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        const BhSmartReading *reading = &writing->reading;
        int r, i = 0;

        r = bh_database_prepare(db, &statement,
                                "INSERT INTO smart_readings (disk_id, time_usec, is_nvme, is_failing, temperature,"
                                " power_on_hours, selftest, selftest_problem) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                                " ON CONFLICT (disk_id) DO UPDATE SET time_usec = excluded.time_usec,"
                                " is_nvme = excluded.is_nvme, is_failing = excluded.is_failing,"
                                " temperature = excluded.temperature, power_on_hours = excluded.power_on_hours,"
                                " selftest = excluded.selftest, selftest_problem = excluded.selftest_problem");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, ++i, writing->disk_id);
        sqlite3_bind_int64(statement, ++i, reading->time_usec);
        sqlite3_bind_int(statement, ++i, reading->is_nvme);
        sqlite3_bind_int(statement, ++i, reading->is_failing);
        sqlite3_bind_double(statement, ++i, reading->temperature); /* NaN is NULL in SQLite */
        sqlite3_bind_int64(statement, ++i, (sqlite3_int64)reading->power_on_hours);
        bh_statement_bind_text(statement, ++i, bh_selftest_to_string(reading->selftest));
        bh_statement_bind_text(statement, ++i, reading->selftest_problem);
        return bh_database_errno(db, sqlite3_step(statement));
}

static int run_for_disk(sqlite3 *db, const char *sql, const char *disk_id, int64_t number) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement, sql);
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, disk_id);
        if (sqlite3_bind_parameter_count(statement) > 1)
                sqlite3_bind_int64(statement, 2, number);
        return bh_database_errno(db, sqlite3_step(statement));
}

static int write_attribute(sqlite3 *db, const char *disk_id, const BhSmartAttribute *attribute) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r, i = 0;

        /* A disk that says an id twice is taken at its last word. */
        r = bh_database_prepare(db, &statement,
                                "INSERT OR REPLACE INTO smart_attributes (disk_id, attribute, is_prefailure, value,"
                                " worst, threshold, raw) VALUES (?, ?, ?, ?, ?, ?, ?)");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, ++i, disk_id);
        sqlite3_bind_int(statement, ++i, attribute->id);
        sqlite3_bind_int(statement, ++i, attribute->is_prefailure);
        sqlite3_bind_int(statement, ++i, attribute->value);
        sqlite3_bind_int(statement, ++i, attribute->worst);
        sqlite3_bind_int(statement, ++i, attribute->threshold);
        sqlite3_bind_int64(statement, ++i, (sqlite3_int64)attribute->raw);
        return bh_database_errno(db, sqlite3_step(statement));
}

static int write_sample(sqlite3 *db, const char *disk_id, const BhSmartKeep *keep) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r, i = 0;

        r = bh_database_prepare(db, &statement,
                                "INSERT OR REPLACE INTO smart_samples (disk_id, attribute, time_usec, value)"
                                " VALUES (?, ?, ?, ?)");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, ++i, disk_id);
        sqlite3_bind_int(statement, ++i, keep->attribute);
        sqlite3_bind_int64(statement, ++i, keep->sample.time_usec);
        sqlite3_bind_int64(statement, ++i, (sqlite3_int64)keep->sample.value);
        return bh_database_errno(db, sqlite3_step(statement));
}

static int write_all(sqlite3 *db, void *userdata) {
        const Writing *writing = userdata;
        const BhSmartReading *reading = &writing->reading;
        int r;

        r = write_reading(db, writing);
        if (r >= 0)
                r = run_for_disk(db, "DELETE FROM smart_attributes WHERE disk_id = ?", writing->disk_id, 0);
        for (size_t i = 0; r >= 0 && i < reading->n_attributes; i++)
                r = write_attribute(db, writing->disk_id, &reading->attributes[i]);
        if (r >= 0 && writing->is_back)
                r = run_for_disk(db, "DELETE FROM smart_samples WHERE disk_id = ? AND time_usec > ?", writing->disk_id,
                                 reading->time_usec);
        for (size_t i = 0; r >= 0 && i < writing->n_keep; i++)
                r = write_sample(db, writing->disk_id, &writing->keep[i]);
        return r;
}

void bh_smart_history_post(BhDatabase *database, const char *disk_id, const BhSmartReading *reading,
                           const BhSmartKeep *keep, size_t n_keep, bool is_back) {
        Writing *writing = g_new0(Writing, 1);

        writing->disk_id = g_strdup(disk_id);
        bh_smart_reading_copy(&writing->reading, reading);
        writing->keep = g_memdup2(keep, n_keep * sizeof *keep);
        writing->n_keep = n_keep;
        writing->is_back = is_back;
        bh_database_post(database, write_all, writing, writing_free);
}

/* Reading samples ------------------------------------------------------------------------------------------------------------------------- */

typedef struct Reading {
        const char *disk_id;
        uint8_t attribute;
        int64_t from_usec, to_usec;
        GArray *samples;
} Reading;

static void bind_range(sqlite3_stmt *statement, const Reading *reading) {
        bh_statement_bind_text(statement, 1, reading->disk_id);
        sqlite3_bind_int(statement, 2, reading->attribute);
        sqlite3_bind_int64(statement, 3, reading->from_usec);
        sqlite3_bind_int64(statement, 4, reading->to_usec);
}

/* How many there are, and the first and last time, so that spans are of what is there and not of what was asked for. */
static int measure(sqlite3 *db, const Reading *reading, int64_t *ret_n, int64_t *ret_first, int64_t *ret_last) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement,
                                "SELECT count(*), min(time_usec), max(time_usec) FROM smart_samples"
                                " WHERE disk_id = ?1 AND attribute = ?2 AND time_usec BETWEEN ?3 AND ?4");
        if (r < 0)
                return r;
        bind_range(statement, reading);
        r = sqlite3_step(statement);
        *ret_n = sqlite3_column_int64(statement, 0);
        *ret_first = sqlite3_column_int64(statement, 1);
        *ret_last = sqlite3_column_int64(statement, 2);
        return bh_database_errno(db, r);
}

static int read_samples(sqlite3 *db, void *userdata) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        Reading *reading = userdata;
        int64_t n, first, last, span = 1;
        int r;

        r = measure(db, reading, &n, &first, &last);
        if (r < 0)
                return r;
        if (n > BH_SMART_SAMPLES_MAX)
                span = (last - first) / BH_SMART_SAMPLES_MAX + 1;
        r = bh_database_prepare(db, &statement,
                                "SELECT max(time_usec) AS time, value FROM smart_samples"
                                " WHERE disk_id = ?1 AND attribute = ?2 AND time_usec BETWEEN ?3 AND ?4"
                                " GROUP BY (time_usec - ?5) / ?6 ORDER BY time");
        if (r < 0)
                return r;
        bind_range(statement, reading);
        sqlite3_bind_int64(statement, 5, first);
        sqlite3_bind_int64(statement, 6, span);
        while ((r = sqlite3_step(statement)) == SQLITE_ROW) {
                BhSmartSample sample = {sqlite3_column_int64(statement, 0),
                                        (uint64_t)sqlite3_column_int64(statement, 1)};

                g_array_append_val(reading->samples, sample);
        }
        return bh_database_errno(db, r);
}

int bh_smart_history_read(BhDatabase *database, const char *disk_id, uint8_t attribute, int64_t from_usec,
                          int64_t to_usec, BhSmartSample **ret, size_t *ret_n) {
        g_autoptr(GArray) samples = g_array_new(FALSE, FALSE, sizeof(BhSmartSample));
        Reading reading = {disk_id, attribute, from_usec, to_usec, samples};
        int r;

        r = bh_database_read(database, read_samples, &reading);
        if (r < 0)
                return r;
        *ret_n = samples->len;
        *ret = g_array_steal(samples, NULL);
        return 0;
}

/* Pruning --------------------------------------------------------------------------------------------------------------------------------- */

static int prune(sqlite3 *db, void *userdata) {
        static const char *const statements[] = {
                "DELETE FROM smart_samples WHERE time_usec < ?",
                "DELETE FROM smart_readings WHERE time_usec < ?",
        };
        int64_t begin_usec = *(const int64_t *)userdata;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(statements); i++) {
                _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;

                r = bh_database_prepare(db, &statement, statements[i]);
                if (r < 0)
                        return r;
                sqlite3_bind_int64(statement, 1, begin_usec);
                r = bh_database_errno(db, sqlite3_step(statement));
        }
        return r;
}

int bh_smart_history_prune(BhDatabase *database, int64_t now_usec) {
        int64_t begin_usec = now_usec - BH_SMART_HISTORY_USEC;

        return bh_database_write(database, prune, &begin_usec);
}
