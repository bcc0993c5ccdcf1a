/* SPDX-License-Identifier: MIT */
#include "file-item.h"

#include "format.h"

#include <glib/gi18n.h>

struct _BhFileItem {
        GObject parent_instance;

        GRefString *folder;
        char *name;
        char *etag;
        GRefString *owner_name;
        guint64 size;
        gint64 modified;
        guint64 owner_id;
        guint is_folder : 1;
        guint is_writable : 1;
};

enum {
        PROP_NAME = 1,
        PROP_PATH,
        PROP_IS_FOLDER,
        PROP_SIZE,
        PROP_MODIFIED,
        PROP_OWNER_NAME,
        PROP_IS_WRITABLE,
        PROP_ICON,
        PROP_SIZE_TEXT,
        PROP_MODIFIED_TEXT,
        PROP_MODIFIED_FULL,
        PROP_TYPE_TEXT,
        N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(BhFileItem, bh_file_item, G_TYPE_OBJECT)

BhFileItem *bh_file_item_new(GRefString *folder, GVariant *entry) {
        BhFileItem *self = g_object_new(BH_TYPE_FILE_ITEM, NULL);
        const char *type;
        gboolean is_writable;

        self->folder = g_ref_string_acquire(folder);
        g_variant_get(entry, "(s&stxtsb)", &self->name, &type, &self->size, &self->modified, &self->owner_id,
                      &self->etag, &is_writable);
        self->is_folder = g_str_equal(type, "directory");
        self->is_writable = is_writable;
        return self;
}

const char *bh_file_item_get_name(BhFileItem *self) {
        return self->name;
}

char *bh_file_item_dup_path(BhFileItem *self) {
        return bh_path_join(self->folder, self->name);
}

gboolean bh_file_item_is_folder(BhFileItem *self) {
        return self->is_folder;
}

gboolean bh_file_item_is_writable(BhFileItem *self) {
        return self->is_writable;
}

guint64 bh_file_item_get_size(BhFileItem *self) {
        return self->size;
}

guint64 bh_file_item_get_owner_id(BhFileItem *self) {
        return self->owner_id;
}

const char *bh_file_item_get_etag(BhFileItem *self) {
        return self->etag;
}

void bh_file_item_set_owner_name(BhFileItem *self, GRefString *name) {
        if (self->owner_name == name)
                return;
        g_clear_pointer(&self->owner_name, g_ref_string_release);
        self->owner_name = name ? g_ref_string_acquire(name) : NULL;
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_OWNER_NAME]);
}

gboolean bh_file_item_equal(BhFileItem *a, BhFileItem *b) {
        return g_str_equal(a->name, b->name) && g_str_equal(a->etag, b->etag) && a->size == b->size &&
               a->modified == b->modified && a->owner_id == b->owner_id && a->is_folder == b->is_folder &&
               a->is_writable == b->is_writable && g_str_equal(a->folder, b->folder);
}

static char *dup_content_type(BhFileItem *self) {
        return self->is_folder ? g_strdup("inode/directory") : g_content_type_guess(self->name, NULL, 0, NULL);
}

static GIcon *dup_icon(BhFileItem *self) {
        g_autofree char *type = dup_content_type(self);

        return g_content_type_get_icon(type);
}

static char *dup_type_text(BhFileItem *self) {
        g_autofree char *type = dup_content_type(self);

        return g_content_type_get_description(type);
}

static void bh_file_item_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        BhFileItem *self = BH_FILE_ITEM(object);

        switch (id) {
        case PROP_NAME:
                g_value_set_string(value, self->name);
                break;
        case PROP_PATH:
                g_value_take_string(value, bh_file_item_dup_path(self));
                break;
        case PROP_IS_FOLDER:
                g_value_set_boolean(value, self->is_folder);
                break;
        case PROP_SIZE:
                g_value_set_uint64(value, self->size);
                break;
        case PROP_MODIFIED:
                g_value_set_int64(value, self->modified);
                break;
        case PROP_OWNER_NAME:
                g_value_set_string(value, self->owner_name ? self->owner_name : "");
                break;
        case PROP_IS_WRITABLE:
                g_value_set_boolean(value, self->is_writable);
                break;
        case PROP_ICON:
                g_value_take_object(value, dup_icon(self));
                break;
        case PROP_SIZE_TEXT:
                /* The size of a folder is not known without counting. */
                g_value_take_string(value, self->is_folder ? g_strdup("—") : g_format_size(self->size));
                break;
        case PROP_MODIFIED_TEXT:
                g_value_take_string(value, bh_format_moment(self->modified));
                break;
        case PROP_MODIFIED_FULL:
                g_value_take_string(value, bh_format_moment_full(self->modified));
                break;
        case PROP_TYPE_TEXT:
                g_value_take_string(value, dup_type_text(self));
                break;
        default:
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        }
}

static void bh_file_item_finalize(GObject *object) {
        BhFileItem *self = BH_FILE_ITEM(object);

        g_clear_pointer(&self->folder, g_ref_string_release);
        g_clear_pointer(&self->owner_name, g_ref_string_release);
        g_free(self->name);
        g_free(self->etag);
        G_OBJECT_CLASS(bh_file_item_parent_class)->finalize(object);
}

static void bh_file_item_class_init(BhFileItemClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

        object_class->finalize = bh_file_item_finalize;
        object_class->get_property = bh_file_item_get_property;

        properties[PROP_NAME] = g_param_spec_string("name", NULL, NULL, NULL, flags);
        properties[PROP_PATH] = g_param_spec_string("path", NULL, NULL, NULL, flags);
        properties[PROP_IS_FOLDER] = g_param_spec_boolean("is-folder", NULL, NULL, FALSE, flags);
        properties[PROP_SIZE] = g_param_spec_uint64("size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
        properties[PROP_MODIFIED] = g_param_spec_int64("modified", NULL, NULL, G_MININT64, G_MAXINT64, 0, flags);
        properties[PROP_OWNER_NAME] = g_param_spec_string("owner-name", NULL, NULL, NULL, flags);
        properties[PROP_IS_WRITABLE] = g_param_spec_boolean("is-writable", NULL, NULL, FALSE, flags);
        properties[PROP_ICON] = g_param_spec_object("icon", NULL, NULL, G_TYPE_ICON, flags);
        properties[PROP_SIZE_TEXT] = g_param_spec_string("size-text", NULL, NULL, NULL, flags);
        properties[PROP_MODIFIED_TEXT] = g_param_spec_string("modified-text", NULL, NULL, NULL, flags);
        properties[PROP_MODIFIED_FULL] = g_param_spec_string("modified-full", NULL, NULL, NULL, flags);
        properties[PROP_TYPE_TEXT] = g_param_spec_string("type-text", NULL, NULL, NULL, flags);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void bh_file_item_init(BhFileItem *self) {
}
