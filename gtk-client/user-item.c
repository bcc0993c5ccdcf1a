/* SPDX-License-Identifier: MIT */
#include "user-item.h"

#include <glib/gi18n.h>

struct _BhUserItem {
        GObject parent_instance;

        guint64 id;
        char *username;
        char *email;
        gboolean is_admin;
        gboolean is_active;
        guint64 quota_bytes;
        guint64 used_bytes;
        gint64 uid;
};

enum {
        PROP_USERNAME = 1,
        PROP_EMAIL,
        PROP_DETAILS,
        PROP_SEARCH_TEXT,
        PROP_IS_ADMIN,
        PROP_IS_ACTIVE,
        PROP_QUOTA_BYTES,
        PROP_USED_BYTES,
        N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(BhUserItem, bh_user_item, G_TYPE_OBJECT)

BhUserItem *bh_user_item_new(GVariant *user) {
        BhUserItem *self = g_object_new(BH_TYPE_USER_ITEM, NULL);
        const char *role = "";

        self->uid = -1;
        g_variant_lookup(user, "id", "t", &self->id);
        g_variant_lookup(user, "username", "s", &self->username);
        g_variant_lookup(user, "email", "s", &self->email);
        g_variant_lookup(user, "role", "&s", &role);
        g_variant_lookup(user, "is_active", "b", &self->is_active);
        g_variant_lookup(user, "quota_bytes", "t", &self->quota_bytes);
        g_variant_lookup(user, "used_bytes", "t", &self->used_bytes);
        g_variant_lookup(user, "uid", "x", &self->uid);
        self->is_admin = g_str_equal(role, "admin");
        return self;
}

guint64 bh_user_item_get_id(BhUserItem *self) {
        return self->id;
}

const char *bh_user_item_get_username(BhUserItem *self) {
        return self->username ? self->username : "";
}

const char *bh_user_item_get_email(BhUserItem *self) {
        return self->email ? self->email : "";
}

gboolean bh_user_item_is_admin(BhUserItem *self) {
        return self->is_admin;
}

gboolean bh_user_item_is_active(BhUserItem *self) {
        return self->is_active;
}

guint64 bh_user_item_get_quota_bytes(BhUserItem *self) {
        return self->quota_bytes;
}

guint64 bh_user_item_get_used_bytes(BhUserItem *self) {
        return self->used_bytes;
}

gint64 bh_user_item_get_uid(BhUserItem *self) {
        return self->uid;
}

static char *dup_details(BhUserItem *self) {
        g_autofree char *used = g_format_size(self->used_bytes);
        g_autofree char *quota = g_format_size(self->quota_bytes);
        g_autoptr(GString) text = g_string_new(NULL);

        if (!self->is_active)
                g_string_append_printf(text, "%s · ", _("Disabled"));
        if (self->email && *self->email)
                g_string_append_printf(text, "%s · ", self->email);
        if (self->quota_bytes > 0)
                /* Translators: bytes that a user uses of the allowed ones */
                g_string_append_printf(text, _("%s of %s used"), used, quota);
        else
                g_string_append_printf(text, _("%s used"), used);
        return g_string_free(g_steal_pointer(&text), FALSE);
}

static void bh_user_item_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        BhUserItem *self = BH_USER_ITEM(object);

        switch (id) {
        case PROP_USERNAME:
                g_value_set_string(value, bh_user_item_get_username(self));
                break;
        case PROP_EMAIL:
                g_value_set_string(value, bh_user_item_get_email(self));
                break;
        case PROP_DETAILS:
                g_value_take_string(value, dup_details(self));
                break;
        case PROP_SEARCH_TEXT:
                g_value_take_string(
                        value, g_strdup_printf("%s %s", bh_user_item_get_username(self), bh_user_item_get_email(self)));
                break;
        case PROP_IS_ADMIN:
                g_value_set_boolean(value, self->is_admin);
                break;
        case PROP_IS_ACTIVE:
                g_value_set_boolean(value, self->is_active);
                break;
        case PROP_QUOTA_BYTES:
                g_value_set_uint64(value, self->quota_bytes);
                break;
        case PROP_USED_BYTES:
                g_value_set_uint64(value, self->used_bytes);
                break;
        default:
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        }
}

static void bh_user_item_finalize(GObject *object) {
        BhUserItem *self = BH_USER_ITEM(object);

        g_free(self->username);
        g_free(self->email);
        G_OBJECT_CLASS(bh_user_item_parent_class)->finalize(object);
}

static void bh_user_item_class_init(BhUserItemClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

        object_class->finalize = bh_user_item_finalize;
        object_class->get_property = bh_user_item_get_property;
        properties[PROP_USERNAME] = g_param_spec_string("username", NULL, NULL, NULL, flags);
        properties[PROP_EMAIL] = g_param_spec_string("email", NULL, NULL, NULL, flags);
        properties[PROP_DETAILS] = g_param_spec_string("details", NULL, NULL, NULL, flags);
        properties[PROP_SEARCH_TEXT] = g_param_spec_string("search-text", NULL, NULL, NULL, flags);
        properties[PROP_IS_ADMIN] = g_param_spec_boolean("is-admin", NULL, NULL, FALSE, flags);
        properties[PROP_IS_ACTIVE] = g_param_spec_boolean("is-active", NULL, NULL, FALSE, flags);
        properties[PROP_QUOTA_BYTES] = g_param_spec_uint64("quota-bytes", NULL, NULL, 0, G_MAXUINT64, 0, flags);
        properties[PROP_USED_BYTES] = g_param_spec_uint64("used-bytes", NULL, NULL, 0, G_MAXUINT64, 0, flags);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void bh_user_item_init(BhUserItem *self) {
}
