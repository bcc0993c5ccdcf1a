/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "alert.h"

/* Alerts in the database. For alert.c alone. */

BhAlert *bh_alert_copy(const BhAlert *alert);
void bh_alert_free(BhAlert *alert);

/* Reads the active ones and the newest resolved ones into new, newest first, and the highest id there is. Blocks. Errors: as bh_database_read(). */
int bh_alert_records_load(BhDatabase *database, GPtrArray *alerts, uint64_t *ret_last_id);

typedef enum BhAlertChange {
        BH_ALERT_CHANGE_RAISED,  /* it is new, or has become critical */
        BH_ALERT_CHANGE_EASED,   /* it is critical no longer */
        BH_ALERT_CHANGE_UPDATED, /* its text; not audited */
        BH_ALERT_CHANGE_RESOLVED,
} BhAlertChange;

/* Writes the alert as it is, and the row of the audit trail, in one transaction, without waiting for it. why may be NULL. */
void bh_alert_record_post(BhDatabase *database, const BhAlert *alert, BhAlertChange change, const char *why);

/* Writes who acknowledged it, and the row of the audit trail. Blocks. Errors: -ESTALE when no active alert of that severity has the id; as
 * bh_database_write(). */
int bh_alert_record_acknowledge(BhDatabase *database, const BhCaller *caller, const BhAcknowledgement *acknowledgement);
