/* SPDX-License-Identifier: MIT */

#include "audit-chain.h"

#include <glib.h>
#include <sodium.h>
#include <string.h>

#include "macro.h"

/* Every column but mac. A column that is added one day joins at the end, with a default that does not change the hash of older records. */
#define COLUMNS                                                                                                        \
        "id, time_usec, event_type, action, target, result, message, size, user_id, username, uid, pid, unit, "        \
        "client_address, client_agent"

/* The key in SQL ------------------------------------------------------------------------------------------------------------------------- */

/* Type, length and bytes: no two lists of values have the same. */
static void hash_value(crypto_generichash_state *state, sqlite3_value *value) {
        const int type = sqlite3_value_type(value);
        const void *bytes = NULL;
        uint8_t head[9] = {(uint8_t)type};
        uint64_t number = 0;

        if (type == SQLITE_INTEGER) {
                number = (uint64_t)sqlite3_value_int64(value);
        } else if (type != SQLITE_NULL) {
                bytes = type == SQLITE_BLOB ? sqlite3_value_blob(value) : sqlite3_value_text(value);
                number = (uint64_t)sqlite3_value_bytes(value);
        }
        number = GUINT64_TO_LE(number);
        memcpy(head + 1, &number, sizeof number);
        crypto_generichash_update(state, head, sizeof head);
        if (bytes)
                crypto_generichash_update(state, bytes, (unsigned long long)sqlite3_value_bytes(value));
}

/* audit_seal(…): the keyed hash of its arguments. */
static void seal(sqlite3_context *context, int n, sqlite3_value **values) {
        const BhKey *key = sqlite3_user_data(context);
        crypto_generichash_state state;
        uint8_t mac[BH_AUDIT_MAC_SIZE];

        crypto_generichash_init(&state, key->bytes, sizeof key->bytes, sizeof mac);
        for (int i = 0; i < n; i++)
                hash_value(&state, values[i]);
        crypto_generichash_final(&state, mac, sizeof mac);
        sqlite3_result_blob(context, mac, sizeof mac, SQLITE_TRANSIENT);
        sodium_memzero(&state, sizeof state);
}

static void key_free(void *data) {
        bh_key_clear(data);
        g_free(data);
}

static int use_key(sqlite3 *db, const BhKey *key) {
        BhKey *copy = g_new(BhKey, 1);
        int r;

        *copy = *key;
        r = sqlite3_create_function_v2(db, "audit_seal", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                       copy, seal, NULL, NULL, key_free);
        return bh_database_errno(db, r);
}

/* Anchor and head ------------------------------------------------------------------------------------------------------------------------ */

static void take_mac(sqlite3_stmt *statement, int column, BhAuditMark *mark) {
        if (sqlite3_column_bytes(statement, column) == BH_AUDIT_MAC_SIZE)
                memcpy(mark->mac, sqlite3_column_blob(statement, column), BH_AUDIT_MAC_SIZE);
}

/* Returns 1 when it is there and nobody else wrote it, 0 otherwise. */
static int mark_read(sqlite3 *db, const char *name, BhAuditMark *ret) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        *ret = (BhAuditMark){};
        r = bh_database_prepare(db, &statement,
                                "SELECT id, mac FROM audit_chain WHERE name = ? AND seal IS audit_seal(name, id, mac)");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, name);
        r = sqlite3_step(statement);
        if (r != SQLITE_ROW)
                return bh_database_errno(db, r);
        ret->id = sqlite3_column_int64(statement, 0);
        take_mac(statement, 1, ret);
        return 1;
}

static int mark_write(sqlite3 *db, const char *name, const BhAuditMark *mark) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement,
                                "INSERT OR REPLACE INTO audit_chain VALUES (?1, ?2, ?3, audit_seal(?1, ?2, ?3))");
        if (r < 0)
                return r;
        bh_statement_bind_text(statement, 1, name);
        sqlite3_bind_int64(statement, 2, mark->id);
        sqlite3_bind_blob(statement, 3, mark->mac, BH_AUDIT_MAC_SIZE, SQLITE_STATIC);
        return bh_database_errno(db, sqlite3_step(statement));
}

/* The head, or when somebody has meddled with it, one that no record can be chained to without it being found. */
static int head_read(sqlite3 *db, BhAuditMark *ret) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = mark_read(db, "head", ret);
        if (r != 0)
                return r;
        r = bh_database_prepare(db, &statement,
                                "SELECT coalesce(max(id), 0), audit_seal('no head', max(id)) FROM audit");
        if (r < 0)
                return r;
        r = sqlite3_step(statement);
        ret->id = sqlite3_column_int64(statement, 0);
        take_mac(statement, 1, ret);
        return bh_database_errno(db, r);
}

/* Records -------------------------------------------------------------------------------------------------------------------------------- */

static int chain_record(sqlite3 *db, BhAuditMark *head, int64_t id) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        r = bh_database_prepare(db, &statement,
                                "UPDATE audit SET mac = audit_seal(?1, " COLUMNS ") WHERE id = ?2 RETURNING mac");
        if (r < 0)
                return r;
        sqlite3_bind_blob(statement, 1, head->mac, BH_AUDIT_MAC_SIZE, SQLITE_TRANSIENT);
        sqlite3_bind_int64(statement, 2, id);
        r = sqlite3_step(statement);
        if (r != SQLITE_ROW)
                return r == SQLITE_DONE ? -EIO : bh_database_errno(db, r);
        head->id = id;
        take_mac(statement, 0, head);
        return bh_database_errno(db, sqlite3_step(statement));
}

int bh_audit_chain_next(sqlite3 *db, BhAuditMark *ret_head, int64_t *ret_id) {
        int64_t newest = 0;
        int r;

        r = head_read(db, ret_head);
        /* Somebody may have put records behind the head. They are found, and must not keep others from being written. */
        if (r >= 0)
                r = bh_database_get_number(db, "SELECT coalesce(max(id), 0) FROM audit", NULL, 0, &newest);
        if (r < 0)
                return r;
        newest = MAX(ret_head->id, newest);
        if (newest == INT64_MAX)
                return -EIO;
        *ret_id = newest + 1;
        return 0;
}

int bh_audit_chain_seal(sqlite3 *db, BhAuditMark *head, int64_t id) {
        int r = chain_record(db, head, id);

        return r < 0 ? r : mark_write(db, "head", head);
}

/* The first record behind that id. Returns 1, or 0 when there is none. */
static int next_id(sqlite3 *db, int64_t id, int64_t *ret) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int r;

        *ret = 0;
        r = bh_database_prepare(db, &statement, "SELECT id FROM audit WHERE id > ? ORDER BY id LIMIT 1");
        if (r < 0)
                return r;
        sqlite3_bind_int64(statement, 1, id);
        r = sqlite3_step(statement);
        if (r != SQLITE_ROW)
                return bh_database_errno(db, r);
        *ret = sqlite3_column_int64(statement, 0);
        return 1;
}

/* Nothing is begun anew where there are marks already: that would hide what became of the records before. */
static int is_unmarked(sqlite3 *db) {
        int64_t n = 0;
        int r = bh_database_get_number(db, "SELECT count(*) FROM audit_chain", NULL, 0, &n);

        return r < 0 ? r : n == 0;
}

typedef struct Start {
        const BhKey *key;
        bool is_first;
} Start;

static int start(sqlite3 *db, void *userdata) {
        const Start *start = userdata;
        BhAuditMark head = {};
        int64_t id = 0;
        int r;

        r = use_key(db, start->key);
        if (r < 0 || !start->is_first)
                return r;
        r = is_unmarked(db);
        if (r <= 0)
                return r;
        r = mark_write(db, "anchor", &head);
        while (r >= 0 && (r = next_id(db, id, &id)) > 0)
                r = chain_record(db, &head, id);
        return r < 0 ? r : mark_write(db, "head", &head);
}

int bh_audit_chain_start(BhDatabase *database, const BhKey *key, bool is_first) {
        return bh_database_write(database, start, &(Start){key, is_first});
}

/* Verification --------------------------------------------------------------------------------------------------------------------------- */

typedef struct Verify {
        const BhKey *key;
        BhAuditCheck *check;
} Verify;

static int found(BhAuditCheck *check, int64_t id, const char *problem) {
        check->first_bad_id = (uint64_t)MAX(id, 1);
        check->problem = problem;
        return 0;
}

/* Takes *last on to the next record. Returns 1 when that is as it was written, 0 when there is none or something is wrong. */
static int check_next(sqlite3 *db, BhAuditMark *last, BhAuditCheck *check) {
        _cleanup_(bh_statement_resetp) sqlite3_stmt *statement = NULL;
        int64_t id;
        int r;

        r = bh_database_prepare(db, &statement,
                                "SELECT id, mac, mac IS audit_seal(?1, " COLUMNS ") FROM audit WHERE id > ?2"
                                " ORDER BY id LIMIT 1");
        if (r < 0)
                return r;
        sqlite3_bind_blob(statement, 1, last->mac, BH_AUDIT_MAC_SIZE, SQLITE_TRANSIENT);
        sqlite3_bind_int64(statement, 2, last->id);
        r = sqlite3_step(statement);
        if (r != SQLITE_ROW)
                return bh_database_errno(db, r);
        id = sqlite3_column_int64(statement, 0);
        if (!sqlite3_column_int(statement, 2))
                return id > last->id + 1
                               ? found(check, last->id + 1, "This record is missing")
                               : found(check, id, "This record was altered, added, moved, or one before it was");
        last->id = id;
        take_mac(statement, 1, last);
        check->checked++;
        return 1;
}

static int verify(sqlite3 *db, void *userdata) {
        const Verify *verify = userdata;
        BhAuditCheck *check = verify->check;
        BhAuditMark last, head;
        int64_t first;
        int has_records, r;

        r = use_key(db, verify->key);
        if (r < 0)
                return r;
        has_records = next_id(db, INT64_MIN, &first);
        if (has_records < 0)
                return has_records;
        r = mark_read(db, "anchor", &last);
        if (r < 0)
                return r;
        if (r == 0)
                return found(check, first, "The mark of where the trail begins is missing, altered, or of another key");
        if (has_records && first <= last.id)
                return found(check, first, "This record is from before the trail begins");
        while ((r = check_next(db, &last, check)) > 0)
                ;
        if (r < 0 || check->first_bad_id > 0)
                return r;
        r = mark_read(db, "head", &head);
        if (r < 0)
                return r;
        if (r == 0)
                return found(check, last.id + 1, "The mark of where the trail ends is missing or altered");
        if (head.id != last.id || memcmp(head.mac, last.mac, BH_AUDIT_MAC_SIZE) != 0)
                return found(check, last.id + 1, "The records from here on are missing");
        return 0;
}

int bh_audit_chain_verify(BhDatabase *database, const BhKey *key, BhAuditCheck *ret) {
        *ret = (BhAuditCheck){.problem = ""};
        return bh_database_read(database, verify, &(Verify){key, ret});
}
