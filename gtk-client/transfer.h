/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"

G_BEGIN_DECLS

/* PAUSED does not exist: what was not done can be tried again. */
typedef enum {
        BH_TRANSFER_QUEUED,
        BH_TRANSFER_RUNNING,
        BH_TRANSFER_DONE,
        BH_TRANSFER_FAILED,
        BH_TRANSFER_CANCELLED,
} BhTransferState;

#define BH_TYPE_TRANSFER_STATE (bh_transfer_state_get_type())
GType bh_transfer_state_get_type(void);

/* What to do with a file whose name is taken. */
typedef enum {
        BH_CONFLICT_UNDECIDED,
        BH_CONFLICT_REPLACE,
        BH_CONFLICT_KEEP_BOTH,
        BH_CONFLICT_SKIP,
} BhConflictChoice;

/* Content on its way: one thing a person asked for, of one file or of thousands. Subclasses say how, in run(), which is called in a thread of its own and
 * may be called again after a failure to do what is left.
 *
 * Properties: "title" (string), "icon-name" (string), "state" (BhTransferState), "fraction" (double, 0 to 1), "status" (string: a line for people),
 * "is-running", "can-cancel", "can-retry", "has-failed" (boolean).
 * Signals, in the main thread: "conflict" (string name): answer with bh_transfer_answer_conflict(); "finished": it is in a final state.
 *
 * Main thread, but for the functions that say otherwise. */
#define BH_TYPE_TRANSFER (bh_transfer_get_type())
G_DECLARE_DERIVABLE_TYPE(BhTransfer, bh_transfer, BH, TRANSFER, GObject)

struct _BhTransferClass {
        GObjectClass parent_class;

        const char *icon_name;
        /* What to call it, for one or many files. Returns a new string. */
        char *(*describe)(BhTransfer *self);
        /* Does all that is left. Own thread. Failures of single files go to bh_transfer_note_failure(); FALSE with an error ends the whole. */
        gboolean (*run)(BhTransfer *self, BhConnection *connection, GCancellable *cancellable, GError **error);
};

BhTransferState bh_transfer_get_state(BhTransfer *self);
const GError *bh_transfer_get_error(BhTransfer *self);
/* A new string: what is being transferred. */
char *bh_transfer_dup_title(BhTransfer *self);

/* For the queue: starts it. */
void bh_transfer_start(BhTransfer *self, BhConnection *connection);
/* For the queue: back to QUEUED after a failure or a cancellation. */
void bh_transfer_reset(BhTransfer *self);
void bh_transfer_cancel(BhTransfer *self);
void bh_transfer_answer_conflict(BhTransfer *self, BhConflictChoice choice, gboolean for_all);

/* --- For run(), in its threads ---------------------------------------------------------------------------------------- */

/* More files and bytes to do were found. */
void bh_transfer_add_total(BhTransfer *self, guint64 files, guint64 bytes);
/* Bytes were done; negative: they were for nothing. */
void bh_transfer_add_bytes(BhTransfer *self, gint64 bytes);
/* A file is done. */
void bh_transfer_add_file(BhTransfer *self);
/* A file failed, the others go on. */
void bh_transfer_note_failure(BhTransfer *self, const char *name, const GError *error);
/* Something was left out on purpose, such as a symbolic link. */
void bh_transfer_note_left_out(BhTransfer *self);
/* Waits for a person to choose; SKIP when cancelled meanwhile. A choice "for all" is not asked for again. */
BhConflictChoice bh_transfer_ask_conflict(BhTransfer *self, const char *name, GCancellable *cancellable);

G_END_DECLS
