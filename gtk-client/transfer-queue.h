/* SPDX-License-Identifier: MIT */
#pragma once

#include "transfer.h"

G_BEGIN_DECLS

/* All transfers, newest first, a few of them running: a GListModel of BhTransfer.
 *
 * Properties: "n-unfinished" (uint), "fraction" (double: of all unfinished), "has-finished" (boolean).
 * Signals: "conflict" (BhTransfer, string name), "finished" (BhTransfer). Main thread. */
#define BH_TYPE_TRANSFER_QUEUE (bh_transfer_queue_get_type())
G_DECLARE_FINAL_TYPE(BhTransferQueue, bh_transfer_queue, BH, TRANSFER_QUEUE, GObject)

BhTransferQueue *bh_transfer_queue_new(BhConnection *connection);

/* Takes over the reference to the transfer. */
void bh_transfer_queue_add(BhTransferQueue *self, BhTransfer *transfer);
/* Puts a failed or cancelled one at the end again. */
void bh_transfer_queue_retry(BhTransferQueue *self, BhTransfer *transfer);
/* Forgets those that are done or cancelled. */
void bh_transfer_queue_clear_finished(BhTransferQueue *self);
void bh_transfer_queue_cancel_all(BhTransferQueue *self);
guint bh_transfer_queue_get_n_unfinished(BhTransferQueue *self);

G_END_DECLS
