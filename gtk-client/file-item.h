/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A file or folder of the NAS as the service described it; it does not change but for its owner's name.
 *
 * Properties: "name", "path", "is-folder", "size" (uint64, bytes), "modified" (int64, µs), "owner-name", "is-writable", "icon" (GIcon),
 * and as text for people: "size-text", "modified-text", "modified-full", "type-text". Main thread. */
#define BH_TYPE_FILE_ITEM (bh_file_item_get_type())
G_DECLARE_FINAL_TYPE(BhFileItem, bh_file_item, BH, FILE_ITEM, GObject)

/* folder is the path of the folder that it is in; a reference is taken. entry: (sstxtsb), one of Files.List(). */
BhFileItem *bh_file_item_new(GRefString *folder, GVariant *entry);

const char *bh_file_item_get_name(BhFileItem *self);
/* Returns a new string. */
char *bh_file_item_dup_path(BhFileItem *self);
gboolean bh_file_item_is_folder(BhFileItem *self);
gboolean bh_file_item_is_writable(BhFileItem *self);
guint64 bh_file_item_get_size(BhFileItem *self);
guint64 bh_file_item_get_owner_id(BhFileItem *self);
const char *bh_file_item_get_etag(BhFileItem *self);

/* Gives the owner its name; NULL: not known. */
void bh_file_item_set_owner_name(BhFileItem *self, GRefString *name);

/* Whether both describe the same version of the same thing. */
gboolean bh_file_item_equal(BhFileItem *a, BhFileItem *b);

G_END_DECLS
