/* SPDX-License-Identifier: MIT */
#include "storage-model.h"

#include <glib/gi18n.h>
#include <string.h>

enum { DISKS, ARRAYS, POOLS, JOBS, ALERTS, N_LISTS };

struct _BhStorageModel {
        GObject parent_instance;

        BhConnection *connection;
        BhBusStorage *storage;       /* NULL: the service is not there */
        GDBusObjectManager *objects; /* NULL: not known yet */
        GCancellable *cancellable;
        GListStore *lists[N_LISTS];
};

enum { PROP_CONNECTION = 1, PROP_LOADED, PROP_AVAILABLE, PROP_PROBLEM, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];
static guint signal_changed;

G_DEFINE_FINAL_TYPE(BhStorageModel, bh_storage_model, G_TYPE_OBJECT)

/* --- Their order ------------------------------------------------------------------------------------------------------ */

static int compare_text(const char *a, const char *b) {
        g_autofree char *key_a = g_utf8_collate_key_for_filename(a ? a : "", -1),
                        *key_b = g_utf8_collate_key_for_filename(b ? b : "", -1);

        return strcmp(key_a, key_b);
}

static const char *path_of(gpointer proxy) {
        return g_dbus_proxy_get_object_path(proxy);
}

static int compare_disks(gconstpointer a, gconstpointer b, gpointer user_data) {
        BhBusDisk *disk_a = BH_BUS_DISK(a), *disk_b = BH_BUS_DISK(b);
        const char *slot_a = bh_bus_disk_get_slot(disk_a), *slot_b = bh_bus_disk_get_slot(disk_b);
        gboolean has_a = slot_a && *slot_a, has_b = slot_b && *slot_b;
        int order;

        if (has_a != has_b)
                return has_a ? -1 : 1;
        order = compare_text(slot_a, slot_b);
        if (order == 0)
                order = compare_text(bh_bus_disk_get_name(disk_a), bh_bus_disk_get_name(disk_b));
        return order != 0 ? order : strcmp(path_of(disk_a), path_of(disk_b));
}

static int compare_arrays(gconstpointer a, gconstpointer b, gpointer user_data) {
        int order = compare_text(bh_bus_array_get_name(BH_BUS_ARRAY(a)), bh_bus_array_get_name(BH_BUS_ARRAY(b)));

        return order != 0 ? order : strcmp(path_of(BH_BUS_ARRAY(a)), path_of(BH_BUS_ARRAY(b)));
}

static int compare_pools(gconstpointer a, gconstpointer b, gpointer user_data) {
        int order = compare_text(bh_bus_pool_get_name(BH_BUS_POOL(a)), bh_bus_pool_get_name(BH_BUS_POOL(b)));

        return order != 0 ? order : strcmp(path_of(BH_BUS_POOL(a)), path_of(BH_BUS_POOL(b)));
}

static int compare_jobs(gconstpointer a, gconstpointer b, gpointer user_data) {
        gint64 start_a = bh_bus_job_get_start_time(BH_BUS_JOB(a)), start_b = bh_bus_job_get_start_time(BH_BUS_JOB(b));

        return start_a < start_b ? -1 : start_a > start_b;
}

static int compare_alerts(gconstpointer a, gconstpointer b, gpointer user_data) {
        gboolean critical_a = g_strcmp0(bh_bus_alert_get_severity(BH_BUS_ALERT(a)), "critical") == 0,
                 critical_b = g_strcmp0(bh_bus_alert_get_severity(BH_BUS_ALERT(b)), "critical") == 0;
        gint64 raised_a = bh_bus_alert_get_raised(BH_BUS_ALERT(a)), raised_b = bh_bus_alert_get_raised(BH_BUS_ALERT(b));

        if (critical_a != critical_b)
                return critical_a ? -1 : 1;
        return raised_a > raised_b ? -1 : raised_a < raised_b;
}

/* What is in each list, what its order is, and on which properties that depends. */
static const struct {
        const char *interface_name;
        GCompareDataFunc compare;
        const char *keys[3];
} kinds[N_LISTS] = {
        [DISKS] = {"org.baluhost.NAS1.Disk", compare_disks, {"Slot", "Name"}},
        [ARRAYS] = {"org.baluhost.NAS1.Array", compare_arrays, {"Name"}},
        [POOLS] = {"org.baluhost.NAS1.Pool", compare_pools, {"Name"}},
        [JOBS] = {"org.baluhost.NAS1.Job", compare_jobs, {NULL}},
        [ALERTS] = {"org.baluhost.NAS1.Alert", compare_alerts, {"Severity"}},
};

/* --- Following the service -------------------------------------------------------------------------------------------- */

static void emit_changed(BhStorageModel *self) {
        g_signal_emit(self, signal_changed, 0);
}

/* Only when that is needed: whoever shows a list makes all its rows anew. */
static void sort(GListStore *list, GCompareDataFunc compare) {
        GListModel *model = G_LIST_MODEL(list);

        for (guint i = 1; i < g_list_model_get_n_items(model); i++) {
                g_autoptr(GObject) a = g_list_model_get_item(model, i - 1), b = g_list_model_get_item(model, i);

                if (compare(a, b, NULL) > 0) {
                        g_list_store_sort(list, compare, NULL);
                        return;
                }
        }
}

static void on_properties_changed(BhStorageModel *self, GVariant *changed, const char *const *invalidated,
                                  GDBusProxy *proxy) {
        for (guint i = 0; i < N_LISTS; i++) {
                if (!g_str_equal(g_dbus_proxy_get_interface_name(proxy), kinds[i].interface_name))
                        continue;
                for (const char *const *key = kinds[i].keys; *key; key++) {
                        if (g_variant_lookup(changed, *key, "*", NULL)) {
                                sort(self->lists[i], kinds[i].compare);
                                break;
                        }
                }
                if (i != JOBS && i != ALERTS)
                        emit_changed(self);
                return;
        }
}

static void on_object_added(BhStorageModel *self, GDBusObject *object) {
        for (guint i = 0; i < N_LISTS; i++) {
                g_autoptr(GDBusInterface) proxy = g_dbus_object_get_interface(object, kinds[i].interface_name);

                if (!proxy)
                        continue;
                if (i == JOBS && g_strcmp0(bh_bus_job_get_subject(BH_BUS_JOB(proxy)), "/") == 0)
                        return; /* work on files */
                g_signal_connect_object(proxy, "g-properties-changed", G_CALLBACK(on_properties_changed), self,
                                        G_CONNECT_SWAPPED);
                g_list_store_insert_sorted(self->lists[i], proxy, kinds[i].compare, NULL);
                emit_changed(self);
                return;
        }
}

static void on_object_removed(BhStorageModel *self, GDBusObject *object) {
        for (guint i = 0; i < N_LISTS; i++) {
                g_autoptr(GDBusInterface) proxy = g_dbus_object_get_interface(object, kinds[i].interface_name);
                guint position;

                if (!proxy || !g_list_store_find(self->lists[i], proxy, &position))
                        continue;
                g_signal_handlers_disconnect_by_data(proxy, self);
                g_list_store_remove(self->lists[i], position);
                emit_changed(self);
                return;
        }
}

static void on_objects(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhStorageModel) self = user_data;
        g_autoptr(GError) error = NULL;
        GDBusObjectManager *objects = bh_bus_object_manager_client_new_finish(result, &error);
        GList *found;

        if (!objects) {
                if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                        g_warning("Disks and arrays cannot be shown: %s", error->message);
                return;
        }
        self->objects = objects;
        g_signal_connect_object(objects, "object-added", G_CALLBACK(on_object_added), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(objects, "object-removed", G_CALLBACK(on_object_removed), self, G_CONNECT_SWAPPED);
        found = g_dbus_object_manager_get_objects(objects);
        for (GList *l = found; l; l = l->next)
                on_object_added(self, l->data);
        g_list_free_full(found, g_object_unref);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_LOADED]);
        emit_changed(self);
}

static void on_storage_changed(BhStorageModel *self) {
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_AVAILABLE]);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_PROBLEM]);
}

static void forget(BhStorageModel *self) {
        g_cancellable_cancel(self->cancellable);
        g_clear_object(&self->cancellable);
        if (self->objects)
                g_signal_handlers_disconnect_by_data(self->objects, self);
        g_clear_object(&self->objects);
        if (self->storage)
                g_signal_handlers_disconnect_by_data(self->storage, self);
        g_clear_object(&self->storage);
        for (guint i = 0; i < N_LISTS; i++)
                g_list_store_remove_all(self->lists[i]);
}

static void follow_service(BhStorageModel *self) {
        BhBusStorage *storage = bh_connection_get_storage(self->connection);

        forget(self);
        if (storage) {
                self->cancellable = g_cancellable_new();
                self->storage = g_object_ref(storage);
                g_signal_connect_object(storage, "g-properties-changed", G_CALLBACK(on_storage_changed), self,
                                        G_CONNECT_SWAPPED);
                bh_bus_object_manager_client_new(g_dbus_proxy_get_connection(G_DBUS_PROXY(storage)),
                                                 G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START,
                                                 g_dbus_proxy_get_name(G_DBUS_PROXY(storage)), BH_ROOT_PATH,
                                                 self->cancellable, on_objects, g_object_ref(self));
        }
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_LOADED]);
        on_storage_changed(self);
        emit_changed(self);
}

/* --- What callers need ------------------------------------------------------------------------------------------------ */

BhConnection *bh_storage_model_get_connection(BhStorageModel *self) {
        return self->connection;
}

GListModel *bh_storage_model_get_disks(BhStorageModel *self) {
        return G_LIST_MODEL(self->lists[DISKS]);
}

GListModel *bh_storage_model_get_arrays(BhStorageModel *self) {
        return G_LIST_MODEL(self->lists[ARRAYS]);
}

GListModel *bh_storage_model_get_pools(BhStorageModel *self) {
        return G_LIST_MODEL(self->lists[POOLS]);
}

GListModel *bh_storage_model_get_jobs(BhStorageModel *self) {
        return G_LIST_MODEL(self->lists[JOBS]);
}

GListModel *bh_storage_model_get_alerts(BhStorageModel *self) {
        return G_LIST_MODEL(self->lists[ALERTS]);
}

static gpointer find(BhStorageModel *self, guint list, const char *path) {
        GListModel *model = G_LIST_MODEL(self->lists[list]);

        for (guint i = 0; i < g_list_model_get_n_items(model); i++) {
                g_autoptr(GDBusProxy) proxy = g_list_model_get_item(model, i);

                if (g_strcmp0(path_of(proxy), path) == 0)
                        return proxy; /* the list has a reference */
        }
        return NULL;
}

BhBusDisk *bh_storage_model_find_disk(BhStorageModel *self, const char *path) {
        return find(self, DISKS, path);
}

BhBusArray *bh_storage_model_find_array(BhStorageModel *self, const char *path) {
        return find(self, ARRAYS, path);
}

BhBusPool *bh_storage_model_find_pool(BhStorageModel *self, const char *path) {
        return find(self, POOLS, path);
}

gboolean bh_storage_model_is_loaded(BhStorageModel *self) {
        return self->objects != NULL;
}

gboolean bh_storage_model_is_available(BhStorageModel *self) {
        return self->storage && bh_bus_storage_get_available(self->storage);
}

const char *bh_storage_model_get_problem(BhStorageModel *self) {
        const char *problem = self->storage ? bh_bus_storage_get_problem(self->storage) : NULL;

        return problem ? problem : "";
}

typedef struct {
        BhStorageModel *model;
        BhStorageCallback callback;
        GObject *owner;
} Call;

static void on_called(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autofree Call *call = user_data;
        g_autoptr(BhStorageModel) self = call->model;
        g_autoptr(GObject) owner = call->owner;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = g_dbus_proxy_call_finish(G_DBUS_PROXY(source), result, &error);

        if (error)
                bh_connection_note_error(self->connection, error);
        if (call->callback)
                call->callback(reply, error, owner);
}

void bh_storage_model_call(BhStorageModel *self, gpointer proxy, const char *method, GVariant *arguments,
                           GVariant *options, BhStorageCallback callback, gpointer owner) {
        g_autoptr(GVariant) sunk = arguments ? g_variant_ref_sink(arguments) : NULL;
        g_autoptr(GDBusProxy) target = NULL;
        GVariantBuilder all;
        Call *call;

        if (!proxy)
                proxy = self->storage;
        if (!proxy) {
                g_autoptr(GVariant) unused = options ? g_variant_ref_sink(options) : NULL;
                g_autoptr(GError) error =
                        g_error_new_literal(G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, _("The NAS service is not running"));

                if (callback)
                        callback(NULL, error, owner);
                return;
        }
        target = g_object_ref(proxy);
        g_variant_builder_init(&all, G_VARIANT_TYPE_TUPLE);
        for (gsize i = 0; sunk && i < g_variant_n_children(sunk); i++) {
                g_autoptr(GVariant) argument = g_variant_get_child_value(sunk, i);

                g_variant_builder_add_value(&all, argument);
        }
        g_variant_builder_add_value(&all, bh_connection_options_with(self->connection, options));

        call = g_new0(Call, 1);
        call->model = g_object_ref(self);
        call->callback = callback;
        call->owner = owner ? g_object_ref(owner) : NULL;
        g_dbus_proxy_call(target, method, g_variant_builder_end(&all), BH_CALL_FLAGS, BH_CALL_TIMEOUT, NULL, on_called,
                          call);
}

static void bh_storage_model_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        BhStorageModel *self = BH_STORAGE_MODEL(object);

        switch (id) {
        case PROP_LOADED:
                g_value_set_boolean(value, bh_storage_model_is_loaded(self));
                break;
        case PROP_AVAILABLE:
                g_value_set_boolean(value, bh_storage_model_is_available(self));
                break;
        case PROP_PROBLEM:
                g_value_set_string(value, bh_storage_model_get_problem(self));
                break;
        default:
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        }
}

static void bh_storage_model_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec) {
        BhStorageModel *self = BH_STORAGE_MODEL(object);

        if (id != PROP_CONNECTION) {
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
                return;
        }
        self->connection = g_value_dup_object(value);
        g_signal_connect_object(self->connection, "notify::has-service", G_CALLBACK(follow_service), self,
                                G_CONNECT_SWAPPED);
}

static void bh_storage_model_constructed(GObject *object) {
        G_OBJECT_CLASS(bh_storage_model_parent_class)->constructed(object);
        follow_service(BH_STORAGE_MODEL(object));
}

static void bh_storage_model_dispose(GObject *object) {
        BhStorageModel *self = BH_STORAGE_MODEL(object);

        forget(self);
        g_clear_object(&self->connection);
        G_OBJECT_CLASS(bh_storage_model_parent_class)->dispose(object);
}

static void bh_storage_model_finalize(GObject *object) {
        for (guint i = 0; i < N_LISTS; i++)
                g_object_unref(BH_STORAGE_MODEL(object)->lists[i]);
        G_OBJECT_CLASS(bh_storage_model_parent_class)->finalize(object);
}

static void bh_storage_model_class_init(BhStorageModelClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

        object_class->constructed = bh_storage_model_constructed;
        object_class->dispose = bh_storage_model_dispose;
        object_class->finalize = bh_storage_model_finalize;
        object_class->get_property = bh_storage_model_get_property;
        object_class->set_property = bh_storage_model_set_property;

        properties[PROP_CONNECTION] =
                g_param_spec_object("connection", NULL, NULL, BH_TYPE_CONNECTION,
                                    G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
        properties[PROP_LOADED] = g_param_spec_boolean("loaded", NULL, NULL, FALSE, flags);
        properties[PROP_AVAILABLE] = g_param_spec_boolean("available", NULL, NULL, FALSE, flags);
        properties[PROP_PROBLEM] = g_param_spec_string("problem", NULL, NULL, "", flags);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);

        signal_changed = g_signal_new("changed", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                      G_TYPE_NONE, 0);
}

static void bh_storage_model_init(BhStorageModel *self) {
        const GType types[N_LISTS] = {
                [DISKS] = BH_BUS_TYPE_DISK, [ARRAYS] = BH_BUS_TYPE_ARRAY, [POOLS] = BH_BUS_TYPE_POOL,
                [JOBS] = BH_BUS_TYPE_JOB,   [ALERTS] = BH_BUS_TYPE_ALERT,
        };

        for (guint i = 0; i < N_LISTS; i++)
                self->lists[i] = g_list_store_new(types[i]);
}

BhStorageModel *bh_storage_model_new(BhConnection *connection) {
        return g_object_new(BH_TYPE_STORAGE_MODEL, "connection", connection, NULL);
}
