/* SPDX-License-Identifier: MIT */
#include "directory-model.h"

#include "file-merge.h"
#include "format.h"

/* The first page fills a screen at once, the others are as large as the service gives. */
#define FIRST_PAGE 500
#define NEXT_PAGES 5000

struct _BhDirectoryModel {
        GObject parent_instance;

        BhConnection *connection;
        GRefString *path;   /* NULL: no folder */
        GPtrArray *items;   /* of BhFileItem */
        GPtrArray *fresh;   /* what a refresh has got so far, NULL during the first load */
        GHashTable *owners; /* user id → GRefString name, or NULL while it is asked for */
        GCancellable *cancellable;
        guint limit;   /* that the first page was asked for with */
        guint n_pages; /* that have come since */
        char *version; /* of a folder of one page, NULL for larger ones */
        gboolean loading;
        gboolean busy;  /* pages are on their way */
        gboolean again; /* a refresh was asked for meanwhile */
        GError *error;
};

enum { PROP_PATH = 1, PROP_LOADING, PROP_ERROR, PROP_N_ITEMS, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];

static void list_model_init(GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(BhDirectoryModel, bh_directory_model, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, list_model_init))

static void fetch(BhDirectoryModel *self, const char *cursor);

static void items_changed(BhDirectoryModel *self, guint position, guint removed, guint added) {
        if (removed == 0 && added == 0)
                return;
        g_list_model_items_changed(G_LIST_MODEL(self), position, removed, added);
        if (removed != added)
                g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_N_ITEMS]);
}

static void set_loading(BhDirectoryModel *self, gboolean loading) {
        if (self->loading == loading)
                return;
        self->loading = loading;
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_LOADING]);
}

static void set_error(BhDirectoryModel *self, const GError *error) {
        if (!self->error && !error)
                return;
        g_clear_error(&self->error);
        self->error = error ? g_error_copy(error) : NULL;
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_ERROR]);
}

/* --- Names of owners: List() gives numbers, Stat() of one of their files gives the name. ------------------------------- */

typedef struct {
        BhDirectoryModel *model;
        guint64 owner_id;
} OwnerQuestion;

static void name_items_of(BhDirectoryModel *self, guint64 owner_id, GRefString *name) {
        for (guint i = 0; i < self->items->len; i++) {
                BhFileItem *item = g_ptr_array_index(self->items, i);

                if (bh_file_item_get_owner_id(item) == owner_id)
                        bh_file_item_set_owner_name(item, name);
        }
}

static void on_owner(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autofree OwnerQuestion *question = user_data;
        g_autoptr(BhDirectoryModel) self = question->model;
        g_autoptr(GVariant) entry = NULL;
        const char *name;
        GRefString *owner;

        if (!bh_bus_files_call_stat_finish(BH_BUS_FILES(source), &entry, result, NULL) ||
            !g_variant_lookup(entry, "owner_name", "&s", &name)) {
                g_hash_table_remove(self->owners, &question->owner_id); /* another item may tell */
                return;
        }
        owner = g_ref_string_new_intern(name);
        g_hash_table_insert(self->owners, g_memdup2(&question->owner_id, sizeof(guint64)), owner);
        name_items_of(self, question->owner_id, owner);
}

static void name_owner(BhDirectoryModel *self, BhBusFiles *files, BhFileItem *item) {
        guint64 owner_id = bh_file_item_get_owner_id(item);
        g_autofree char *path = NULL;
        gpointer name;
        OwnerQuestion *question;

        if (owner_id == 0)
                return;
        if (g_hash_table_lookup_extended(self->owners, &owner_id, NULL, &name)) {
                if (name)
                        bh_file_item_set_owner_name(item, name);
                return;
        }
        g_hash_table_insert(self->owners, g_memdup2(&owner_id, sizeof owner_id), NULL);
        question = g_new0(OwnerQuestion, 1);
        question->model = g_object_ref(self);
        question->owner_id = owner_id;
        path = bh_file_item_dup_path(item);
        bh_bus_files_call_stat(files, path, bh_connection_options(self->connection, NULL), BH_CALL_FLAGS,
                               BH_CALL_TIMEOUT, self->cancellable, on_owner, question);
}

/* --- Pages ------------------------------------------------------------------------------------------------------------- */

static void append_page(BhDirectoryModel *self, GPtrArray *array, BhBusFiles *files, GVariant *entries) {
        GVariantIter iter;
        GVariant *entry;

        g_variant_iter_init(&iter, entries);
        while ((entry = g_variant_iter_next_value(&iter))) {
                BhFileItem *item = bh_file_item_new(self->path, entry);

                name_owner(self, files, item);
                g_ptr_array_add(array, item);
                g_variant_unref(entry);
        }
}

static void on_merged(guint position, guint removed, guint added, gpointer user_data) {
        items_changed(user_data, position, removed, added);
}

static void merge_fresh(BhDirectoryModel *self) {
        g_autoptr(GPtrArray) fresh = g_steal_pointer(&self->fresh);

        bh_file_merge(self->items, fresh, on_merged, self);
}

static void finish(BhDirectoryModel *self) {
        self->busy = FALSE;
        if (self->fresh)
                merge_fresh(self);
        set_loading(self, FALSE);
        if (self->again)
                bh_directory_model_refresh(self);
}

static void on_page(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhDirectoryModel) self = user_data;
        g_autoptr(GVariant) entries = NULL;
        g_autofree char *cursor = NULL, *version = NULL;
        g_autoptr(GError) error = NULL;
        guint before;

        if (!bh_bus_files_call_list_finish(BH_BUS_FILES(source), &entries, &cursor, NULL, &version, result, &error)) {
                if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                        return; /* another folder is shown */
                self->busy = FALSE;
                g_clear_pointer(&self->fresh, g_ptr_array_unref);
                set_error(self, error);
                set_loading(self, FALSE);
                bh_connection_note_error(self->connection, error);
                return;
        }

        set_error(self, NULL);
        if (self->fresh && self->n_pages == 0 && g_strcmp0(version, self->version) == 0) {
                g_clear_pointer(&self->fresh, g_ptr_array_unref); /* nothing has changed */
                finish(self);
                return;
        }
        g_clear_pointer(&self->version, g_free);
        if (self->n_pages++ == 0 && !*cursor)
                self->version = g_steal_pointer(&version);

        if (self->fresh) {
                append_page(self, self->fresh, BH_BUS_FILES(source), entries);
        } else {
                before = self->items->len;
                append_page(self, self->items, BH_BUS_FILES(source), entries);
                items_changed(self, before, 0, self->items->len - before);
                set_loading(self, FALSE);
        }
        if (*cursor)
                fetch(self, cursor);
        else
                finish(self);
}

static void fetch(BhDirectoryModel *self, const char *cursor) {
        g_autoptr(GError) error = NULL;
        g_autoptr(BhBusFiles) files = bh_connection_dup_files(self->connection, &error);
        GVariant *options;

        if (!files) {
                self->busy = FALSE;
                g_clear_pointer(&self->fresh, g_ptr_array_unref);
                set_error(self, error);
                set_loading(self, FALSE);
                return;
        }
        if (cursor)
                options = bh_connection_options(self->connection, "limit", g_variant_new_uint32(NEXT_PAGES), "cursor",
                                                g_variant_new_string(cursor), NULL);
        else
                options = bh_connection_options(self->connection, "limit", g_variant_new_uint32(self->limit),
                                                "if_version",
                                                self->version ? g_variant_new_string(self->version) : NULL, NULL);
        self->busy = TRUE;
        bh_bus_files_call_list(files, self->path, options, BH_CALL_FLAGS, BH_CALL_TIMEOUT, self->cancellable, on_page,
                               g_object_ref(self));
}

static void forget_folder(BhDirectoryModel *self) {
        guint removed = self->items->len;

        g_cancellable_cancel(self->cancellable);
        g_clear_object(&self->cancellable);
        self->cancellable = g_cancellable_new();
        g_clear_pointer(&self->fresh, g_ptr_array_unref);
        g_clear_pointer(&self->version, g_free);
        g_hash_table_remove_all(self->owners); /* accounts may have been renamed */
        self->busy = FALSE;
        self->again = FALSE;
        set_error(self, NULL);

        g_ptr_array_set_size(self->items, 0);
        items_changed(self, 0, removed, 0);
}

void bh_directory_model_load(BhDirectoryModel *self, const char *path) {
        g_return_if_fail(BH_IS_DIRECTORY_MODEL(self));

        forget_folder(self);
        g_clear_pointer(&self->path, g_ref_string_release);
        self->path = g_ref_string_new(path);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_PATH]);
        set_loading(self, TRUE);
        self->limit = FIRST_PAGE;
        self->n_pages = 0;
        fetch(self, NULL);
}

void bh_directory_model_refresh(BhDirectoryModel *self) {
        g_return_if_fail(BH_IS_DIRECTORY_MODEL(self));

        if (!self->path)
                return;
        if (self->error) {
                g_autofree char *path = g_strdup(self->path);

                bh_directory_model_load(self, path);
                return;
        }
        if (self->busy) {
                self->again = TRUE;
                return;
        }
        self->again = FALSE;
        self->fresh = g_ptr_array_new_with_free_func(g_object_unref);
        if (!self->version)
                self->limit = NEXT_PAGES; /* a version is one of the same question */
        self->n_pages = 0;
        fetch(self, NULL);
}

void bh_directory_model_poll(BhDirectoryModel *self) {
        g_return_if_fail(BH_IS_DIRECTORY_MODEL(self));

        if (self->path && self->version && !self->busy && !self->error)
                bh_directory_model_refresh(self);
}

void bh_directory_model_clear(BhDirectoryModel *self) {
        g_return_if_fail(BH_IS_DIRECTORY_MODEL(self));

        forget_folder(self);
        g_clear_pointer(&self->path, g_ref_string_release);
        set_loading(self, FALSE);
}

const char *bh_directory_model_get_path(BhDirectoryModel *self) {
        return self->path;
}

gboolean bh_directory_model_is_loading(BhDirectoryModel *self) {
        return self->loading;
}

const GError *bh_directory_model_get_error(BhDirectoryModel *self) {
        return self->error;
}

static GType get_item_type(GListModel *model) {
        return BH_TYPE_FILE_ITEM;
}

static guint get_n_items(GListModel *model) {
        return BH_DIRECTORY_MODEL(model)->items->len;
}

static gpointer get_item(GListModel *model, guint position) {
        BhDirectoryModel *self = BH_DIRECTORY_MODEL(model);

        return position < self->items->len ? g_object_ref(g_ptr_array_index(self->items, position)) : NULL;
}

static void list_model_init(GListModelInterface *iface) {
        iface->get_item_type = get_item_type;
        iface->get_n_items = get_n_items;
        iface->get_item = get_item;
}

static void bh_directory_model_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        BhDirectoryModel *self = BH_DIRECTORY_MODEL(object);

        switch (id) {
        case PROP_PATH:
                g_value_set_string(value, self->path);
                break;
        case PROP_LOADING:
                g_value_set_boolean(value, self->loading);
                break;
        case PROP_ERROR:
                g_value_set_boxed(value, self->error);
                break;
        case PROP_N_ITEMS:
                g_value_set_uint(value, self->items->len);
                break;
        default:
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        }
}

static void bh_directory_model_dispose(GObject *object) {
        BhDirectoryModel *self = BH_DIRECTORY_MODEL(object);

        if (self->cancellable)
                g_cancellable_cancel(self->cancellable);
        g_clear_object(&self->cancellable);
        g_clear_object(&self->connection);
        G_OBJECT_CLASS(bh_directory_model_parent_class)->dispose(object);
}

static void bh_directory_model_finalize(GObject *object) {
        BhDirectoryModel *self = BH_DIRECTORY_MODEL(object);

        g_clear_pointer(&self->path, g_ref_string_release);
        g_clear_pointer(&self->fresh, g_ptr_array_unref);
        g_ptr_array_unref(self->items);
        g_hash_table_unref(self->owners);
        g_clear_error(&self->error);
        g_free(self->version);
        G_OBJECT_CLASS(bh_directory_model_parent_class)->finalize(object);
}

static void bh_directory_model_class_init(BhDirectoryModelClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

        object_class->dispose = bh_directory_model_dispose;
        object_class->finalize = bh_directory_model_finalize;
        object_class->get_property = bh_directory_model_get_property;

        properties[PROP_PATH] = g_param_spec_string("path", NULL, NULL, NULL, flags);
        properties[PROP_LOADING] = g_param_spec_boolean("loading", NULL, NULL, FALSE, flags);
        properties[PROP_ERROR] = g_param_spec_boxed("error", NULL, NULL, G_TYPE_ERROR, flags);
        properties[PROP_N_ITEMS] = g_param_spec_uint("n-items", NULL, NULL, 0, G_MAXUINT, 0, flags);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);
}

static void release_name(gpointer name) {
        if (name)
                g_ref_string_release(name);
}

static void bh_directory_model_init(BhDirectoryModel *self) {
        self->items = g_ptr_array_new_with_free_func(g_object_unref);
        self->owners = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, release_name);
        self->cancellable = g_cancellable_new();
}

BhDirectoryModel *bh_directory_model_new(BhConnection *connection) {
        BhDirectoryModel *self = g_object_new(BH_TYPE_DIRECTORY_MODEL, NULL);

        self->connection = g_object_ref(connection);
        return self;
}
