/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"

G_BEGIN_DECLS

/* What can be done to files that moves no content. */
typedef enum {
        BH_OPERATION_CREATE_FOLDER, /* source: the new folder */
        BH_OPERATION_RENAME,        /* source: path, target: new name */
        BH_OPERATION_MOVE,          /* source: path, target: a folder or the new path */
        BH_OPERATION_DELETE,        /* source: path */
        BH_OPERATION_RESTORE,       /* source: id of the trash */
        BH_OPERATION_PURGE,         /* source: id of the trash, "" for all */
} BhOperationKind;

/* One thing to do to several files, and what came of it. A plain object without properties: filled by the main thread, worked on by a thread of GTask,
 * read by the main thread again. */
#define BH_TYPE_OPERATION (bh_operation_get_type())
G_DECLARE_FINAL_TYPE(BhOperation, bh_operation, BH, OPERATION, GObject)

BhOperation *bh_operation_new(BhOperationKind kind);

/* Adds a file; target may be NULL where the kind needs none. */
void bh_operation_add(BhOperation *self, const char *source, const char *target);

BhOperationKind bh_operation_get_kind(BhOperation *self);
guint bh_operation_get_n_sources(BhOperation *self);
const char *bh_operation_get_source(BhOperation *self, guint index);

/* Runs it, one file after the other; a file that fails does not keep the others from being done.
 * finish returns FALSE with the first error when any file failed; bh_operation_get_n_done() says how many did not. */
void bh_operation_run_async(BhOperation *self, BhConnection *connection, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data);
gboolean bh_operation_run_finish(BhOperation *self, GAsyncResult *result, GError **error);

guint bh_operation_get_n_done(BhOperation *self);
/* What the service answered for the nth file that was done: the new path, or the id in the trash. */
const char *bh_operation_get_answer(BhOperation *self, guint index);
/* Bytes that PURGE gave back. */
guint64 bh_operation_get_freed_bytes(BhOperation *self);

/* The operation that takes back what was done; NULL when nothing was, or it cannot be. */
BhOperation *bh_operation_inverse(BhOperation *self);

G_END_DECLS
