/* SPDX-License-Identifier: MIT */
#pragma once

#include "request.h"
#include "writer.h"

/* One file on its way to the NAS: an Upload object of the service and the descriptor that its content is written to, by a worker thread, in large blocks.
 * Main thread only. Every upload ends with one of bh_upload_commit() and bh_upload_abort(), which take it. */
typedef struct BhUpload BhUpload;

#define BH_SIZE_UNKNOWN G_MAXUINT64

/* @error is NULL on success. */
typedef void (*BhUploadBegun)(gpointer data, BhUpload *upload, const GError *error);
/* There is room again after bh_upload_write() returned FALSE, or writing has failed. */
typedef void (*BhUploadRoom)(gpointer data);
/* @entry is what the service says of the new file, NULL when @error is set. */
typedef void (*BhUploadEnded)(gpointer data, GVariant *entry, const GError *error);

/* Begins one for the account of @token. @options: a{sv} for Files.BeginUpload, taken when floating. */
void bh_upload_begin(BhServer *server, const char *token, const char *path, guint64 size, GVariant *options,
                     BhUploadBegun begun, gpointer data);

/* Who is told that there is room. */
void bh_upload_set_room(BhUpload *upload, BhUploadRoom room, gpointer data);

/* Takes a copy of @data. FALSE when there is enough to do: give nothing more before there is room. */
gboolean bh_upload_write(BhUpload *upload, gconstpointer data, gsize length);

/* The error that writing ended with, NULL while all is well. */
const GError *bh_upload_get_error(BhUpload *upload);

/* For a worker that writes the content itself: what it writes with, which stays the upload's; and the errno that writing has ended with. */
BhWriter *bh_upload_get_writer(BhUpload *upload);
void bh_upload_note_failure(BhUpload *upload, int failure);

/* Writes the rest, closes the descriptor and commits. */
void bh_upload_commit(BhUpload *upload, BhUploadEnded ended, gpointer data);

/* Leaves nothing behind. */
void bh_upload_abort(BhUpload *upload);
