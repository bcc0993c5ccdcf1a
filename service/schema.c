/* SPDX-License-Identifier: MIT */

#include "schema.h"

#include <errno.h>
#include <glib.h>

#include "database.h"
#include "log.h"

/* The script at index i takes a database from version i (PRAGMA user_version) to i + 1. Append only: a script that was released is never changed. */
static const char *const migrations[] = {
        /* 1: accounts, sessions, the audit trail */
        "CREATE TABLE accounts ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT," /* never given to another account, for old tokens name it */
        "  owner TEXT NOT NULL UNIQUE,"
        "  username TEXT NOT NULL UNIQUE COLLATE NOCASE,"
        "  email TEXT NOT NULL,"
        "  password_hash TEXT NOT NULL,"
        "  role TEXT NOT NULL CHECK (role IN ('user', 'admin')),"
        "  is_active INTEGER NOT NULL,"
        "  created_usec INTEGER NOT NULL,"
        "  quota_bytes INTEGER NOT NULL,"
        "  uid INTEGER UNIQUE"
        ") STRICT;"
        "CREATE TABLE sessions ("
        "  id TEXT PRIMARY KEY,"
        "  account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,"
        "  created_usec INTEGER NOT NULL,"
        "  last_used_usec INTEGER NOT NULL,"
        "  expires_usec INTEGER NOT NULL,"
        "  client_address TEXT NOT NULL,"
        "  client_agent TEXT NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX sessions_by_account ON sessions (account_id);"
        "CREATE TABLE refresh_tokens ("
        "  hash BLOB PRIMARY KEY," /* SHA-256 of the token; the token itself is nowhere */
        "  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,"
        "  expires_usec INTEGER NOT NULL,"
        "  is_spent INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);"
        "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE TABLE audit ("
        "  id INTEGER PRIMARY KEY,"
        "  time_usec INTEGER NOT NULL,"
        "  event_type TEXT NOT NULL,"
        "  action TEXT NOT NULL,"
        "  target TEXT,"
        "  result INTEGER NOT NULL," /* 0, or the errno it failed with */
        "  message TEXT,"
        "  size INTEGER NOT NULL,"
        "  user_id INTEGER NOT NULL,"
        "  username TEXT,"
        "  uid INTEGER,"
        "  pid INTEGER,"
        "  unit TEXT,"
        "  client_address TEXT,"
        "  client_agent TEXT"
        ") STRICT;"
        "CREATE INDEX audit_by_time ON audit (time_usec);",

        /* 2: bytes that each owner's files take, trash included; counted anew from the disk when in doubt */
        "CREATE TABLE usage ("
        "  owner TEXT PRIMARY KEY," /* '' for what belongs to nobody */
        "  used_bytes INTEGER NOT NULL,"
        "  trash_bytes INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;",

        /* 3: disks and arrays that were seen, so that one that is missing can be named */
        "CREATE TABLE disks ("
        "  id TEXT PRIMARY KEY," /* last element of the object's path: made of WWN, or model and serial */
        "  vendor TEXT NOT NULL,"
        "  model TEXT NOT NULL,"
        "  serial TEXT NOT NULL,"
        "  wwn TEXT NOT NULL,"
        "  connection TEXT NOT NULL,"
        "  size INTEGER NOT NULL,"
        "  rotation_rate INTEGER NOT NULL,"
        "  slot TEXT NOT NULL," /* as an administrator named the bay; '' not named */
        "  name TEXT NOT NULL," /* the kernel's, as it was last: 'sda' */
        "  first_seen_usec INTEGER NOT NULL,"
        "  last_seen_usec INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE arrays ("
        "  uuid TEXT PRIMARY KEY,"
        "  name TEXT NOT NULL,"
        "  level TEXT NOT NULL,"
        "  size INTEGER NOT NULL,"
        "  chunk_size INTEGER NOT NULL,"
        "  devices INTEGER NOT NULL,"
        "  first_seen_usec INTEGER NOT NULL,"
        "  last_seen_usec INTEGER NOT NULL,"
        "  last_scrub_usec INTEGER NOT NULL," /* 0 not known */
        "  mismatches INTEGER"                /* bytes, of that scrub; NULL not known */
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE array_members ("
        "  array_uuid TEXT NOT NULL REFERENCES arrays (uuid) ON DELETE CASCADE,"
        "  disk_id TEXT NOT NULL REFERENCES disks (id) ON DELETE CASCADE,"
        "  slot INTEGER NOT NULL," /* -1 spare */
        "  name TEXT NOT NULL,"    /* of the device, as it was last: 'sda1' */
        "  last_seen_usec INTEGER NOT NULL,"
        "  PRIMARY KEY (array_uuid, disk_id)"
        ") STRICT, WITHOUT ROWID;",

        /* 4: usage for each storage root */
        "CREATE TABLE usage_of_roots ("
        "  root TEXT NOT NULL," /* id of the pool; '' for the main one */
        "  owner TEXT NOT NULL,"
        "  used_bytes INTEGER NOT NULL,"
        "  trash_bytes INTEGER NOT NULL,"
        "  PRIMARY KEY (root, owner)"
        ") STRICT, WITHOUT ROWID;"
        "INSERT INTO usage_of_roots SELECT '', owner, used_bytes, trash_bytes FROM usage;"
        "DROP TABLE usage;"
        "ALTER TABLE usage_of_roots RENAME TO usage;",

        /* 5: alerts; one active for each kind and subject */
        "CREATE TABLE alerts ("
        "  id INTEGER PRIMARY KEY,"
        "  kind TEXT NOT NULL,"
        "  subject TEXT NOT NULL,"
        "  is_critical INTEGER NOT NULL,"
        "  title TEXT NOT NULL,"
        "  text TEXT NOT NULL,"
        "  count INTEGER NOT NULL,"
        "  raised_usec INTEGER NOT NULL,"
        "  acknowledged_usec INTEGER NOT NULL," /* 0: nobody did */
        "  acknowledged_by TEXT,"
        "  resolved_usec INTEGER NOT NULL" /* 0: it is active */
        ") STRICT;"
        "CREATE UNIQUE INDEX active_alerts ON alerts (kind, subject) WHERE resolved_usec = 0;",

        /* 6: what disks say of their health: the last reading, and how the values were before */
        "CREATE TABLE smart_readings ("
        "  disk_id TEXT PRIMARY KEY," /* as in disks, but kept when a disk is forgotten: it may come back */
        "  time_usec INTEGER NOT NULL,"
        "  is_nvme INTEGER NOT NULL,"
        "  is_failing INTEGER NOT NULL,"
        "  temperature REAL," /* °C; NULL not known */
        "  power_on_hours INTEGER NOT NULL,"
        "  selftest TEXT NOT NULL,"
        "  selftest_problem TEXT"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE smart_attributes ("
        "  disk_id TEXT NOT NULL REFERENCES smart_readings (disk_id) ON DELETE CASCADE,"
        "  attribute INTEGER NOT NULL,"
        "  is_prefailure INTEGER NOT NULL,"
        "  value INTEGER NOT NULL," /* -1 not known, as the next two */
        "  worst INTEGER NOT NULL,"
        "  threshold INTEGER NOT NULL,"
        "  raw INTEGER NOT NULL,"
        "  PRIMARY KEY (disk_id, attribute)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE smart_samples ("
        "  disk_id TEXT NOT NULL,"
        "  attribute INTEGER NOT NULL," /* 0 the temperature */
        "  time_usec INTEGER NOT NULL,"
        "  value INTEGER NOT NULL,"
        "  PRIMARY KEY (disk_id, attribute, time_usec)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX smart_samples_by_time ON smart_samples (time_usec);",

        /* 7: when all members of an array were in sync for the first time; 0 never */
        "ALTER TABLE arrays ADD COLUMN completed_usec INTEGER NOT NULL DEFAULT 0;",

        /* 8: pools */
        "CREATE TABLE pools ("
        "  uuid TEXT PRIMARY KEY," /* of the filesystem */
        "  name TEXT NOT NULL UNIQUE,"
        "  filesystem TEXT NOT NULL,"
        "  array_uuid TEXT NOT NULL," /* what it is on, as of when it was seen last: one of these, or none */
        "  disk_id TEXT NOT NULL,"
        "  is_default INTEGER NOT NULL,"
        "  is_wanted INTEGER NOT NULL," /* 0: an administrator has unmounted it */
        "  size INTEGER NOT NULL,"
        "  last_seen_usec INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"
        "CREATE UNIQUE INDEX default_pool ON pools (is_default) WHERE is_default = 1;",

        /* 9: who is told what, and what is on its way */
        "CREATE TABLE notification_channels ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT," /* of one that is gone, is never given again */
        "  kind TEXT NOT NULL,"
        "  name TEXT NOT NULL,"
        "  is_enabled INTEGER NOT NULL,"
        "  server TEXT,"
        "  port INTEGER NOT NULL,"
        "  security TEXT,"
        "  username TEXT,"
        "  sender TEXT,"
        "  recipients TEXT," /* one a line */
        "  url TEXT,"
        "  topic TEXT,"
        "  ca_file TEXT,"
        "  secret BLOB," /* sealed */
        "  last_delivery_usec INTEGER NOT NULL,"
        "  last_error TEXT NOT NULL"
        ") STRICT;"
        "CREATE TABLE notification_rules ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  name TEXT NOT NULL,"
        "  is_enabled INTEGER NOT NULL,"
        "  kinds TEXT NOT NULL," /* one a line; '' all */
        "  minimum_severity INTEGER NOT NULL,"
        "  quiet_from INTEGER NOT NULL," /* minutes of the local day */
        "  quiet_to INTEGER NOT NULL,"
        "  quiet_critical INTEGER NOT NULL,"
        "  resolved INTEGER NOT NULL"
        ") STRICT;"
        "CREATE TABLE notification_rule_channels ("
        "  rule INTEGER NOT NULL REFERENCES notification_rules (id) ON DELETE CASCADE,"
        "  channel INTEGER NOT NULL REFERENCES notification_channels (id) ON DELETE CASCADE,"
        "  PRIMARY KEY (rule, channel)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE notification_deliveries ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  message_id TEXT NOT NULL," /* the same for every attempt */
        "  channel INTEGER NOT NULL," /* may be gone */
        "  channel_name TEXT NOT NULL,"
        "  kind TEXT NOT NULL,"
        "  severity INTEGER NOT NULL,"
        "  title TEXT NOT NULL,"
        "  text TEXT NOT NULL,"
        "  subject TEXT NOT NULL,"
        "  is_over INTEGER NOT NULL,"
        "  time_usec INTEGER NOT NULL,"
        "  state TEXT NOT NULL,"
        "  attempts INTEGER NOT NULL,"
        "  next_attempt_usec INTEGER NOT NULL,"
        "  give_up_usec INTEGER NOT NULL," /* no attempt is made later */
        "  error TEXT NOT NULL,"
        "  carrier INTEGER NOT NULL" /* the delivery that this one goes along with; 0 it goes by itself */
        ") STRICT;"
        "CREATE INDEX notification_deliveries_by_attempt ON notification_deliveries (next_attempt_usec)"
        " WHERE state IN ('pending', 'waiting') AND carrier = 0;"
        "CREATE INDEX notification_deliveries_by_carrier ON notification_deliveries (carrier) WHERE carrier <> 0;",

        /* 10: the audit trail is chained; bh_audit_chain_start() chains what is there */
        "ALTER TABLE audit ADD COLUMN mac BLOB;"
        "CREATE TABLE audit_chain ("
        "  name TEXT PRIMARY KEY," /* 'anchor': the trail begins behind this record; 'head': the newest */
        "  id INTEGER NOT NULL,"
        "  mac BLOB NOT NULL," /* of that record */
        "  seal BLOB NOT NULL"
        ") STRICT, WITHOUT ROWID;",
};

int bh_schema_version(void) {
        return (int)G_N_ELEMENTS(migrations);
}

static int get_version(sqlite3 *db, int *ret) {
        sqlite3_stmt *statement = NULL;
        int r;

        r = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL);
        if (r == SQLITE_OK)
                r = sqlite3_step(statement);
        if (r == SQLITE_ROW)
                *ret = sqlite3_column_int(statement, 0);
        sqlite3_finalize(statement);
        return bh_database_errno(db, r);
}

static int migrate_step(sqlite3 *db, int version) {
        g_autofree char *set_version = g_strdup_printf("PRAGMA user_version = %d", version + 1);
        const char *const steps[] = {"BEGIN IMMEDIATE", migrations[version], set_version, "COMMIT"};

        for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
                int r = bh_database_errno(db, sqlite3_exec(db, steps[i], NULL, NULL, NULL));

                if (r < 0) {
                        if (!sqlite3_get_autocommit(db))
                                sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
                        return r;
                }
        }
        return 0;
}

int bh_schema_migrate(sqlite3 *db) {
        return bh_schema_migrate_to(db, bh_schema_version());
}

int bh_schema_migrate_to(sqlite3 *db, int target) {
        int version = 0, r;

        r = get_version(db, &version);
        if (r < 0)
                return r;
        if (version > bh_schema_version() || version < 0) {
                bh_log_error("The database is of version %d, this program knows %d at most", version,
                             bh_schema_version());
                return -EUCLEAN;
        }
        for (; version < target; version++) {
                r = migrate_step(db, version);
                if (r < 0)
                        return r;
        }
        return 0;
}
