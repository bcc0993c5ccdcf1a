/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"

G_BEGIN_DECLS

/* The disks, arrays and pools of the NAS, the work on them and the alerts: lists of the proxies of their objects, which follow what happens. They are empty
 * while the service is not there, and fill again when it is back; its objects are new ones then. It needs no account.
 *
 * Properties: "loaded" (boolean: the lists are what the service has), "available" (boolean: disks can be shown), "problem" (string: why not, a
 * sentence; "" when they can, or it is not known).
 * Signal "changed": something about a disk, array or pool has changed, or there are others.
 *
 * Main thread. */
#define BH_TYPE_STORAGE_MODEL (bh_storage_model_get_type())
G_DECLARE_FINAL_TYPE(BhStorageModel, bh_storage_model, BH, STORAGE_MODEL, GObject)

BhStorageModel *bh_storage_model_new(BhConnection *connection);

BhConnection *bh_storage_model_get_connection(BhStorageModel *self);

/* Of BhBusDisk (by bay, then name), BhBusArray, BhBusPool (by name), BhBusJob (only those about the former; oldest first) and
 * BhBusAlert (the worst first, then the newest). Borrowed. */
GListModel *bh_storage_model_get_disks(BhStorageModel *self);
GListModel *bh_storage_model_get_arrays(BhStorageModel *self);
GListModel *bh_storage_model_get_pools(BhStorageModel *self);
GListModel *bh_storage_model_get_jobs(BhStorageModel *self);
GListModel *bh_storage_model_get_alerts(BhStorageModel *self);

/* The one with that object path, borrowed; NULL: there is none. */
BhBusDisk *bh_storage_model_find_disk(BhStorageModel *self, const char *path);
BhBusArray *bh_storage_model_find_array(BhStorageModel *self, const char *path);
BhBusPool *bh_storage_model_find_pool(BhStorageModel *self, const char *path);

gboolean bh_storage_model_is_loaded(BhStorageModel *self);
gboolean bh_storage_model_is_available(BhStorageModel *self);
const char *bh_storage_model_get_problem(BhStorageModel *self);

/* Calls a method whose last argument is options, on behalf of who is signed in; polkit may ask. proxy: a disk, array, pool, job, alert or the storage,
 * NULL: the storage. arguments: those before the options, a tuple; NULL: none. options: a{sv}, NULL: none. Floating ones are sunk. callback may be NULL; owner (a
 * GObject) is given to it and kept alive meanwhile. reply is NULL when there is an error. The connection is told of errors already. */
typedef void (*BhStorageCallback)(GVariant *reply, const GError *error, gpointer owner);
void bh_storage_model_call(BhStorageModel *self, gpointer proxy, const char *method, GVariant *arguments,
                           GVariant *options, BhStorageCallback callback, gpointer owner);

G_END_DECLS
