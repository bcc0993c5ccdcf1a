/* SPDX-License-Identifier: MIT */
#include "alert-model.h"

struct _BhAlertModel {
        GObject parent_instance;

        BhStorageModel *storage;
        BhBusAlert *current;
        guint n_open;
};

enum { PROP_CURRENT = 1, PROP_N_OPEN, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];
static guint signal_changed;

G_DEFINE_FINAL_TYPE(BhAlertModel, bh_alert_model, G_TYPE_OBJECT)

BhStorageModel *bh_alert_model_get_storage(BhAlertModel *self) {
        return self->storage;
}

BhBusAlert *bh_alert_model_get_current(BhAlertModel *self) {
        return self->current;
}

guint bh_alert_model_get_n_open(BhAlertModel *self) {
        return self->n_open;
}

static void update(BhAlertModel *self) {
        GListModel *alerts = bh_storage_model_get_alerts(self->storage);
        g_autoptr(BhBusAlert) worst = NULL;
        guint n_open = 0;

        /* The list has the worst first. */
        for (guint i = 0; i < g_list_model_get_n_items(alerts); i++) {
                g_autoptr(BhBusAlert) alert = g_list_model_get_item(alerts, i);

                if (bh_bus_alert_get_acknowledged(alert) != 0)
                        continue;
                if (n_open++ == 0)
                        worst = g_object_ref(alert);
        }
        if (g_set_object(&self->current, worst))
                g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_CURRENT]);
        if (self->n_open != n_open) {
                self->n_open = n_open;
                g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_N_OPEN]);
        }
        g_signal_emit(self, signal_changed, 0);
}

static void on_items_changed(BhAlertModel *self, guint position, guint removed, guint added, GListModel *alerts) {
        for (guint i = position; i < position + added; i++) {
                g_autoptr(GDBusProxy) alert = g_list_model_get_item(alerts, i);

                /* Those that were only sorted are connected already. */
                g_signal_handlers_disconnect_by_func(alert, update, self);
                g_signal_connect_object(alert, "g-properties-changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
        }
        update(self);
}

static void bh_alert_model_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        BhAlertModel *self = BH_ALERT_MODEL(object);

        switch (id) {
        case PROP_CURRENT:
                g_value_set_object(value, self->current);
                break;
        case PROP_N_OPEN:
                g_value_set_uint(value, self->n_open);
                break;
        default:
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        }
}

static void bh_alert_model_dispose(GObject *object) {
        BhAlertModel *self = BH_ALERT_MODEL(object);

        g_clear_object(&self->current);
        g_clear_object(&self->storage);
        G_OBJECT_CLASS(bh_alert_model_parent_class)->dispose(object);
}

static void bh_alert_model_class_init(BhAlertModelClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

        object_class->dispose = bh_alert_model_dispose;
        object_class->get_property = bh_alert_model_get_property;
        properties[PROP_CURRENT] = g_param_spec_object("current", NULL, NULL, BH_BUS_TYPE_ALERT, flags);
        properties[PROP_N_OPEN] = g_param_spec_uint("n-open", NULL, NULL, 0, G_MAXUINT, 0, flags);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);
        signal_changed = g_signal_new("changed", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                      G_TYPE_NONE, 0);
}

static void bh_alert_model_init(BhAlertModel *self) {
}

BhAlertModel *bh_alert_model_new(BhStorageModel *storage) {
        BhAlertModel *self = g_object_new(BH_TYPE_ALERT_MODEL, NULL);
        GListModel *alerts = bh_storage_model_get_alerts(storage);

        self->storage = g_object_ref(storage);
        g_signal_connect_object(alerts, "items-changed", G_CALLBACK(on_items_changed), self, G_CONNECT_SWAPPED);
        on_items_changed(self, 0, 0, g_list_model_get_n_items(alerts), alerts);
        return self;
}
