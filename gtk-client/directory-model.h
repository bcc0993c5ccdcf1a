/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"
#include "file-item.h"

G_BEGIN_DECLS

/* The content of one folder: a GListModel of BhFileItem in the order of the service, filled page by page as the pages arrive.
 *
 * Properties: "path" (string), "loading" (boolean: a folder is shown for the first time), "error" (GError, boxed: why the folder cannot be shown, or
 * NULL), "n-items" (uint). Main thread. */
#define BH_TYPE_DIRECTORY_MODEL (bh_directory_model_get_type())
G_DECLARE_FINAL_TYPE(BhDirectoryModel, bh_directory_model, BH, DIRECTORY_MODEL, GObject)

BhDirectoryModel *bh_directory_model_new(BhConnection *connection);

/* Empties the model and fills it with another folder. */
void bh_directory_model_load(BhDirectoryModel *self, const char *path);

/* Asks the service again and changes only what is different, so that selection and scroll position stay. */
void bh_directory_model_refresh(BhDirectoryModel *self);

/* A refresh if it costs next to nothing: the service answers "nothing new" for a folder of one page. For a clock. */
void bh_directory_model_poll(BhDirectoryModel *self);

/* Empties the model and forgets the folder. */
void bh_directory_model_clear(BhDirectoryModel *self);

const char *bh_directory_model_get_path(BhDirectoryModel *self);
gboolean bh_directory_model_is_loading(BhDirectoryModel *self);
const GError *bh_directory_model_get_error(BhDirectoryModel *self);

G_END_DECLS
