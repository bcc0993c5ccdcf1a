/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <sqlite3.h>

#include "caller.h"
#include "database.h"
#include "failure.h"

/* The audit trail: a row for each change, in the transaction of that change, and one for each refusal and failure. */

/* Event types of the REST contract. */
#define BH_AUDIT_FILE_ACCESS "FILE_ACCESS"
#define BH_AUDIT_FILE_MODIFY "FILE_MODIFY"
#define BH_AUDIT_SYSTEM "SYSTEM"
#define BH_AUDIT_SECURITY "SECURITY"

typedef struct BhAudit {
        const char *event_type; /* BH_AUDIT_… */
        const char *action;     /* a verb: "upload", "delete", "login", "user-create" */
        const char *target;     /* path or name it is about; may be NULL */
        int result;             /* 0, or the negative errno it failed with */
        const char *message;    /* why it failed, or what changed, as a sentence; may be NULL. Never a secret. */
        uint64_t size;          /* bytes it was about, 0 when it has no size */
} BhAudit;

/* Adds a row. Call inside BhDatabaseWork. Errors: as bh_database_errno(). */
int bh_audit_append(sqlite3 *db, const BhCaller *caller, const BhAudit *audit);

/* bh_audit_post() of a change of the system that did not come about, with failure's sentence (may be NULL); nothing where r >= 0. Returns r. Any thread. */
int bh_audit_post_failure(BhDatabase *database, const BhCaller *caller, const char *action, const char *target, int r,
                          const BhFailure *failure);

/* Adds a row in a transaction of its own without waiting for it; copies what it is given. Also writes it to the journal. Any thread. */
void bh_audit_post(BhDatabase *database, const BhCaller *caller, const BhAudit *audit);
