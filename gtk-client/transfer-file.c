/* SPDX-License-Identifier: MIT */
#include "transfer-file.h"

#include "bus-error.h"
#include "format.h"

#define MAX_NUMBERED_NAMES 1000

typedef struct {
        BhTransfer *transfer;
        guint64 bytes; /* of this attempt */
} Progress;

void bh_transfer_file_progress(guint64 bytes, gpointer progress) {
        Progress *self = progress;

        self->bytes += bytes;
        bh_transfer_add_bytes(self->transfer, (gint64)bytes);
}

/* There, or here. */
static gboolean is_taken(const GError *error) {
        return bh_bus_error_is(error, BH_BUS_ERROR_Exists) || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_EXISTS);
}

gboolean bh_transfer_file(BhTransfer *transfer, const char *name, guint64 size, gboolean replace,
                          BhTransferAttempt attempt, gpointer user_data, GCancellable *cancellable, GError **error) {
        g_autofree char *numbered = NULL;
        gboolean keep_both = FALSE;
        guint number = 1;

        for (;;) {
                Progress progress = {transfer, 0};
                g_autoptr(GError) problem = NULL;

                if (attempt(numbered ? numbered : name, replace, &progress, user_data, cancellable, &problem))
                        return TRUE;
                bh_transfer_add_bytes(transfer, -(gint64)progress.bytes);
                if (!is_taken(problem) || number >= MAX_NUMBERED_NAMES || g_cancellable_is_cancelled(cancellable)) {
                        g_propagate_error(error, g_steal_pointer(&problem));
                        return FALSE;
                }
                if (!keep_both) {
                        BhConflictChoice choice = bh_transfer_ask_conflict(transfer, name, cancellable);

                        if (choice == BH_CONFLICT_SKIP) {
                                bh_transfer_add_bytes(transfer, (gint64)size);
                                return !g_cancellable_set_error_if_cancelled(cancellable, error);
                        }
                        replace = choice == BH_CONFLICT_REPLACE;
                        keep_both = choice == BH_CONFLICT_KEEP_BOTH;
                }
                if (keep_both) {
                        g_free(numbered);
                        numbered = bh_path_numbered(name, ++number);
                }
        }
}
