/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Files of the NAS on a drag inside the app: a boxed, reference-counted list of BhFileItem. */
typedef struct _BhFileList BhFileList;

#define BH_TYPE_FILE_LIST (bh_file_list_get_type())
GType bh_file_list_get_type(void);

/* The items; owned by the list. */
GPtrArray *bh_file_list_get_items(BhFileList *list);

/* What a drag offers: to our own widgets the list, to others local copies (text/uri-list), which are downloaded when they are asked for. Takes a
 * reference to items, an array of BhFileItem. */
GdkContentProvider *bh_file_drag_provider_new(BhConnection *connection, GPtrArray *items);

G_END_DECLS
