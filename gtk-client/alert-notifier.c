/* SPDX-License-Identifier: MIT */
#include "alert-notifier.h"

struct _BhAlertNotifier {
        GObject parent_instance;

        GApplication *application;
        BhStorageModel *storage;
        BhBusManager *manager; /* of the service that runs now; NULL: none does */
        GHashTable
                *sent; /* object paths of the alerts that the desktop was told of; they name the notifications, too */
};

G_DEFINE_FINAL_TYPE(BhAlertNotifier, bh_alert_notifier, G_TYPE_OBJECT)

static void withdraw(BhAlertNotifier *self, const char *path) {
        if (g_hash_table_contains(self->sent, path))
                g_application_withdraw_notification(self->application, path);
        g_hash_table_remove(self->sent, path);
}

static void on_raised(BhAlertNotifier *self, const char *path, const char *severity, const char *title,
                      const char *text) {
        g_autoptr(GNotification) notification = g_notification_new(title);
        gboolean is_critical = g_strcmp0(severity, "critical") == 0;
        g_autoptr(GIcon) icon = g_themed_icon_new(is_critical ? "dialog-error-symbolic" : "dialog-warning-symbolic");

        g_notification_set_body(notification, text);
        g_notification_set_icon(notification, icon);
        g_notification_set_priority(notification,
                                    is_critical ? G_NOTIFICATION_PRIORITY_URGENT : G_NOTIFICATION_PRIORITY_HIGH);
        g_notification_set_default_action(notification, "app.show-storage");
        g_hash_table_add(self->sent, g_strdup(path));
        g_application_send_notification(self->application, path, notification);
}

static void on_resolved(BhAlertNotifier *self, const char *path) {
        withdraw(self, path);
}

static gboolean is_open(BhAlertNotifier *self, const char *path) {
        GListModel *alerts = bh_storage_model_get_alerts(self->storage);

        for (guint i = 0; i < g_list_model_get_n_items(alerts); i++) {
                g_autoptr(BhBusAlert) alert = g_list_model_get_item(alerts, i);

                if (g_strcmp0(g_dbus_proxy_get_object_path(G_DBUS_PROXY(alert)), path) == 0)
                        return bh_bus_alert_get_acknowledged(alert) == 0;
        }
        return FALSE;
}

/* Once the alerts are known again: those that were resolved while the service was away are not told of otherwise. */
static void on_loaded(BhAlertNotifier *self) {
        g_autofree char **paths = NULL;

        if (!bh_storage_model_is_loaded(self->storage))
                return;
        paths = (char **)g_hash_table_get_keys_as_array(self->sent, NULL);
        for (guint i = 0; paths[i]; i++) {
                g_autofree char *path = g_strdup(paths[i]);

                if (!is_open(self, path))
                        withdraw(self, path);
        }
}

/* A handler that is connected during the signal is not called any more: whoever sorts the list looks, too. */
static void on_alert_changed(BhAlertNotifier *self, GVariant *changed, const char *const *invalidated,
                             GDBusProxy *alert) {
        if (bh_bus_alert_get_acknowledged(BH_BUS_ALERT(alert)) != 0)
                withdraw(self, g_dbus_proxy_get_object_path(alert));
}

static void on_items_changed(BhAlertNotifier *self, guint position, guint removed, guint added, GListModel *alerts) {
        for (guint i = position; i < position + added; i++) {
                g_autoptr(GDBusProxy) alert = g_list_model_get_item(alerts, i);

                g_signal_handlers_disconnect_by_data(alert, self); /* it may only have been sorted anew */
                g_signal_connect_object(alert, "g-properties-changed", G_CALLBACK(on_alert_changed), self,
                                        G_CONNECT_SWAPPED);
                on_alert_changed(self, NULL, NULL, alert);
        }
}

static void follow_service(BhAlertNotifier *self) {
        BhBusManager *manager = bh_connection_get_manager(bh_storage_model_get_connection(self->storage));

        if (self->manager)
                g_signal_handlers_disconnect_by_data(self->manager, self);
        g_set_object(&self->manager, manager);
        if (!manager)
                return;
        g_signal_connect_object(manager, "alert-raised", G_CALLBACK(on_raised), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(manager, "alert-resolved", G_CALLBACK(on_resolved), self, G_CONNECT_SWAPPED);
}

static void bh_alert_notifier_dispose(GObject *object) {
        BhAlertNotifier *self = BH_ALERT_NOTIFIER(object);

        g_clear_object(&self->manager);
        g_clear_object(&self->storage);
        G_OBJECT_CLASS(bh_alert_notifier_parent_class)->dispose(object);
}

static void bh_alert_notifier_finalize(GObject *object) {
        g_hash_table_unref(BH_ALERT_NOTIFIER(object)->sent);
        G_OBJECT_CLASS(bh_alert_notifier_parent_class)->finalize(object);
}

static void bh_alert_notifier_class_init(BhAlertNotifierClass *klass) {
        G_OBJECT_CLASS(klass)->dispose = bh_alert_notifier_dispose;
        G_OBJECT_CLASS(klass)->finalize = bh_alert_notifier_finalize;
}

static void bh_alert_notifier_init(BhAlertNotifier *self) {
        self->sent = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

BhAlertNotifier *bh_alert_notifier_new(GApplication *application, BhStorageModel *storage) {
        BhAlertNotifier *self = g_object_new(BH_TYPE_ALERT_NOTIFIER, NULL);

        self->application = application;
        self->storage = g_object_ref(storage);
        g_signal_connect_object(bh_storage_model_get_connection(storage), "notify::has-service",
                                G_CALLBACK(follow_service), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(storage, "notify::loaded", G_CALLBACK(on_loaded), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(bh_storage_model_get_alerts(storage), "items-changed", G_CALLBACK(on_items_changed),
                                self, G_CONNECT_SWAPPED);
        follow_service(self);
        return self;
}
