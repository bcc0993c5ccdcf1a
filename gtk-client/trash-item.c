/* SPDX-License-Identifier: MIT */
#include "trash-item.h"

#include "format.h"

#include <glib/gi18n.h>

struct _BhTrashItem {
        GObject parent_instance;

        char *id;
        char *path;
        gboolean is_folder;
        guint64 size;
        gint64 deleted;
        gint64 expires;
};

enum { PROP_TRASH_ID = 1, PROP_PATH, PROP_NAME, PROP_IS_FOLDER, PROP_ICON, PROP_DETAILS, PROP_TARGET, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(BhTrashItem, bh_trash_item, G_TYPE_OBJECT)

BhTrashItem *bh_trash_item_new(GVariant *entry) {
        BhTrashItem *self = g_object_new(BH_TYPE_TRASH_ITEM, NULL);
        const char *type;

        g_variant_get(entry, "(ss&stxxt)", &self->id, &self->path, &type, &self->size, &self->deleted, &self->expires,
                      NULL);
        self->is_folder = g_str_equal(type, "directory");
        return self;
}

const char *bh_trash_item_get_id(BhTrashItem *self) {
        return self->id;
}

const char *bh_trash_item_get_name(BhTrashItem *self) {
        return bh_path_name(self->path);
}

guint64 bh_trash_item_get_size(BhTrashItem *self) {
        return self->size;
}

static GIcon *dup_icon(BhTrashItem *self) {
        g_autofree char *type = self->is_folder ? g_strdup("inode/directory")
                                                : g_content_type_guess(bh_path_name(self->path), NULL, 0, NULL);

        return g_content_type_get_icon(type);
}

static char *dup_details(BhTrashItem *self) {
        g_autofree char *folder = bh_path_parent(self->path), *size = g_format_size(self->size),
                        *deleted = bh_format_moment(self->deleted);
        g_autoptr(GString) text = g_string_new(NULL);
        gint64 days;

        /* Translators: where a deleted file was, its size and when it was deleted */
        g_string_append_printf(text, _("From %s · %s · deleted %s"), *folder ? folder : _("Files"), size, deleted);
        if (self->expires != 0) {
                days = (self->expires - g_get_real_time()) / G_TIME_SPAN_DAY;
                g_string_append(text, " · ");
                if (days < 1)
                        g_string_append(text, _("goes for good today"));
                else
                        g_string_append_printf(text, ngettext("%u day left", "%u days left", (guint)days), (guint)days);
        }
        return g_string_free(g_steal_pointer(&text), FALSE);
}

static void bh_trash_item_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        BhTrashItem *self = BH_TRASH_ITEM(object);

        switch (id) {
        case PROP_TRASH_ID:
                g_value_set_string(value, self->id);
                break;
        case PROP_PATH:
                g_value_set_string(value, self->path);
                break;
        case PROP_NAME:
                g_value_set_string(value, bh_path_name(self->path));
                break;
        case PROP_IS_FOLDER:
                g_value_set_boolean(value, self->is_folder);
                break;
        case PROP_ICON:
                g_value_take_object(value, dup_icon(self));
                break;
        case PROP_DETAILS:
                g_value_take_string(value, dup_details(self));
                break;
        case PROP_TARGET:
                g_value_set_variant(value, g_variant_new_string(self->id));
                break;
        default:
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        }
}

static void bh_trash_item_finalize(GObject *object) {
        BhTrashItem *self = BH_TRASH_ITEM(object);

        g_free(self->id);
        g_free(self->path);
        G_OBJECT_CLASS(bh_trash_item_parent_class)->finalize(object);
}

static void bh_trash_item_class_init(BhTrashItemClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

        object_class->finalize = bh_trash_item_finalize;
        object_class->get_property = bh_trash_item_get_property;
        properties[PROP_TRASH_ID] = g_param_spec_string("trash-id", NULL, NULL, NULL, flags);
        properties[PROP_PATH] = g_param_spec_string("path", NULL, NULL, NULL, flags);
        properties[PROP_NAME] = g_param_spec_string("name", NULL, NULL, NULL, flags);
        properties[PROP_IS_FOLDER] = g_param_spec_boolean("is-folder", NULL, NULL, FALSE, flags);
        properties[PROP_ICON] = g_param_spec_object("icon", NULL, NULL, G_TYPE_ICON, flags);
        properties[PROP_DETAILS] = g_param_spec_string("details", NULL, NULL, NULL, flags);
        properties[PROP_TARGET] = g_param_spec_variant("target", NULL, NULL, G_VARIANT_TYPE_STRING, NULL, flags);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void bh_trash_item_init(BhTrashItem *self) {
}
