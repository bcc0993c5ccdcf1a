/* SPDX-License-Identifier: MIT */
#include "transfer-queue.h"

#define MAX_RUNNING 2

struct _BhTransferQueue {
        GObject parent_instance;

        BhConnection *connection;
        GListStore *store;
};

enum { PROP_N_UNFINISHED = 1, PROP_FRACTION, PROP_HAS_FINISHED, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];
static guint signal_conflict, signal_finished;

static void list_model_init(GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(BhTransferQueue, bh_transfer_queue, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, list_model_init))

static gboolean is_unfinished(BhTransfer *transfer) {
        BhTransferState state = bh_transfer_get_state(transfer);

        return state == BH_TRANSFER_QUEUED || state == BH_TRANSFER_RUNNING;
}

/* Number of transfers that pass the question. */
static guint count(BhTransferQueue *self, gboolean (*question)(BhTransfer *transfer)) {
        guint n = 0;

        for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self->store)); i++) {
                g_autoptr(BhTransfer) transfer = g_list_model_get_item(G_LIST_MODEL(self->store), i);

                n += question(transfer);
        }
        return n;
}

static gboolean is_running(BhTransfer *transfer) {
        return bh_transfer_get_state(transfer) == BH_TRANSFER_RUNNING;
}

static gboolean is_finished(BhTransfer *transfer) {
        return !is_unfinished(transfer);
}

static void notify_all(BhTransferQueue *self) {
        for (guint i = 1; i < N_PROPERTIES; i++)
                g_object_notify_by_pspec(G_OBJECT(self), properties[i]);
}

/* Starts the oldest that wait, which are at the end of the list. */
static void start_waiting(BhTransferQueue *self) {
        for (guint i = g_list_model_get_n_items(G_LIST_MODEL(self->store)); i > 0; i--) {
                g_autoptr(BhTransfer) transfer = g_list_model_get_item(G_LIST_MODEL(self->store), i - 1);

                if (count(self, is_running) >= MAX_RUNNING)
                        break;
                if (bh_transfer_get_state(transfer) == BH_TRANSFER_QUEUED)
                        bh_transfer_start(transfer, self->connection);
        }
        notify_all(self);
}

static void on_conflict(BhTransfer *transfer, const char *name, gpointer user_data) {
        g_signal_emit(user_data, signal_conflict, 0, transfer, name);
}

static void on_finished(BhTransfer *transfer, gpointer user_data) {
        BhTransferQueue *self = user_data;

        g_signal_emit(self, signal_finished, 0, transfer);
        start_waiting(self);
}

static void on_progress(BhTransfer *transfer, GParamSpec *pspec, gpointer user_data) {
        g_object_notify_by_pspec(user_data, properties[PROP_FRACTION]);
}

void bh_transfer_queue_add(BhTransferQueue *self, BhTransfer *transfer) {
        g_return_if_fail(BH_IS_TRANSFER_QUEUE(self));

        g_signal_connect_object(transfer, "conflict", G_CALLBACK(on_conflict), self, 0);
        g_signal_connect_object(transfer, "finished", G_CALLBACK(on_finished), self, 0);
        g_signal_connect_object(transfer, "notify::fraction", G_CALLBACK(on_progress), self, 0);
        g_list_store_insert(self->store, 0, transfer);
        g_object_unref(transfer);
        start_waiting(self);
}

void bh_transfer_queue_retry(BhTransferQueue *self, BhTransfer *transfer) {
        g_return_if_fail(BH_IS_TRANSFER_QUEUE(self));

        bh_transfer_reset(transfer);
        start_waiting(self);
}

void bh_transfer_queue_clear_finished(BhTransferQueue *self) {
        g_return_if_fail(BH_IS_TRANSFER_QUEUE(self));

        for (guint i = g_list_model_get_n_items(G_LIST_MODEL(self->store)); i > 0; i--) {
                g_autoptr(BhTransfer) transfer = g_list_model_get_item(G_LIST_MODEL(self->store), i - 1);

                if (is_finished(transfer))
                        g_list_store_remove(self->store, i - 1);
        }
        notify_all(self);
}

void bh_transfer_queue_cancel_all(BhTransferQueue *self) {
        g_return_if_fail(BH_IS_TRANSFER_QUEUE(self));

        /* From the front: those that wait, before an end of a running one starts them. */
        for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self->store)); i++) {
                g_autoptr(BhTransfer) transfer = g_list_model_get_item(G_LIST_MODEL(self->store), i);

                bh_transfer_cancel(transfer);
        }
}

guint bh_transfer_queue_get_n_unfinished(BhTransferQueue *self) {
        return count(self, is_unfinished);
}

static double get_fraction(BhTransferQueue *self) {
        double sum = 0;
        guint n = 0;

        for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self->store)); i++) {
                g_autoptr(BhTransfer) transfer = g_list_model_get_item(G_LIST_MODEL(self->store), i);
                double fraction;

                if (!is_unfinished(transfer))
                        continue;
                g_object_get(transfer, "fraction", &fraction, NULL);
                sum += fraction;
                n++;
        }
        return n > 0 ? sum / n : 1;
}

static GType get_item_type(GListModel *model) {
        return BH_TYPE_TRANSFER;
}

static guint get_n_items(GListModel *model) {
        return g_list_model_get_n_items(G_LIST_MODEL(BH_TRANSFER_QUEUE(model)->store));
}

static gpointer get_item(GListModel *model, guint position) {
        return g_list_model_get_item(G_LIST_MODEL(BH_TRANSFER_QUEUE(model)->store), position);
}

static void list_model_init(GListModelInterface *iface) {
        iface->get_item_type = get_item_type;
        iface->get_n_items = get_n_items;
        iface->get_item = get_item;
}

static void bh_transfer_queue_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        BhTransferQueue *self = BH_TRANSFER_QUEUE(object);

        switch (id) {
        case PROP_N_UNFINISHED:
                g_value_set_uint(value, count(self, is_unfinished));
                break;
        case PROP_FRACTION:
                g_value_set_double(value, get_fraction(self));
                break;
        case PROP_HAS_FINISHED:
                g_value_set_boolean(value, count(self, is_finished) > 0);
                break;
        default:
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        }
}

static void bh_transfer_queue_dispose(GObject *object) {
        BhTransferQueue *self = BH_TRANSFER_QUEUE(object);

        g_clear_object(&self->store);
        g_clear_object(&self->connection);
        G_OBJECT_CLASS(bh_transfer_queue_parent_class)->dispose(object);
}

static void bh_transfer_queue_class_init(BhTransferQueueClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

        object_class->dispose = bh_transfer_queue_dispose;
        object_class->get_property = bh_transfer_queue_get_property;
        properties[PROP_N_UNFINISHED] = g_param_spec_uint("n-unfinished", NULL, NULL, 0, G_MAXUINT, 0, flags);
        properties[PROP_FRACTION] = g_param_spec_double("fraction", NULL, NULL, 0, 1, 1, flags);
        properties[PROP_HAS_FINISHED] = g_param_spec_boolean("has-finished", NULL, NULL, FALSE, flags);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);

        signal_conflict = g_signal_new("conflict", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 2, BH_TYPE_TRANSFER, G_TYPE_STRING);
        signal_finished = g_signal_new("finished", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, BH_TYPE_TRANSFER);
}

static void forward_changes(GListModel *store, guint position, guint removed, guint added, gpointer user_data) {
        g_list_model_items_changed(user_data, position, removed, added);
}

static void bh_transfer_queue_init(BhTransferQueue *self) {
        self->store = g_list_store_new(BH_TYPE_TRANSFER);
        g_signal_connect_object(self->store, "items-changed", G_CALLBACK(forward_changes), self, 0);
}

BhTransferQueue *bh_transfer_queue_new(BhConnection *connection) {
        BhTransferQueue *self = g_object_new(BH_TYPE_TRANSFER_QUEUE, NULL);

        self->connection = g_object_ref(connection);
        return self;
}
