/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* An account. Properties: "username", "email", "details" (string: role, use and quota), "search-text" (string: name and address), "is-admin", "is-active" (boolean), "used-bytes",
 * "quota-bytes" (uint64, 0: none). Main thread. */
#define BH_TYPE_USER_ITEM (bh_user_item_get_type())
G_DECLARE_FINAL_TYPE(BhUserItem, bh_user_item, BH, USER_ITEM, GObject)

/* user: a{sv} as described in org.baluhost.NAS1.Sessions. */
BhUserItem *bh_user_item_new(GVariant *user);

guint64 bh_user_item_get_id(BhUserItem *self);
const char *bh_user_item_get_username(BhUserItem *self);
const char *bh_user_item_get_email(BhUserItem *self);
gboolean bh_user_item_is_admin(BhUserItem *self);
gboolean bh_user_item_is_active(BhUserItem *self);
guint64 bh_user_item_get_quota_bytes(BhUserItem *self);
guint64 bh_user_item_get_used_bytes(BhUserItem *self);
/* The linked Unix user, -1: none. */
gint64 bh_user_item_get_uid(BhUserItem *self);

G_END_DECLS
