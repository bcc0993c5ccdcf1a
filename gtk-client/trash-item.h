/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Something in the trash. Properties: "trash-id", "path", "name", "folder" (string), "is-folder" (boolean), "icon" (GIcon), "details" (string: where it
 * was, its size, when it was deleted and when it goes for good), "target" (GVariant: the id, for actions). Main thread. */
#define BH_TYPE_TRASH_ITEM (bh_trash_item_get_type())
G_DECLARE_FINAL_TYPE(BhTrashItem, bh_trash_item, BH, TRASH_ITEM, GObject)

/* entry: (ssstxxt), one of Files.ListTrash(). */
BhTrashItem *bh_trash_item_new(GVariant *entry);

const char *bh_trash_item_get_id(BhTrashItem *self);
const char *bh_trash_item_get_name(BhTrashItem *self);
guint64 bh_trash_item_get_size(BhTrashItem *self);

G_END_DECLS
