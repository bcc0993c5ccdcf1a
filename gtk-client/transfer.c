/* SPDX-License-Identifier: MIT */
#include "transfer.h"

#include "format.h"

#include <glib/gi18n.h>

G_DEFINE_ENUM_TYPE(BhTransferState, bh_transfer_state, G_DEFINE_ENUM_VALUE(BH_TRANSFER_QUEUED, "queued"),
                   G_DEFINE_ENUM_VALUE(BH_TRANSFER_RUNNING, "running"), G_DEFINE_ENUM_VALUE(BH_TRANSFER_DONE, "done"),
                   G_DEFINE_ENUM_VALUE(BH_TRANSFER_FAILED, "failed"),
                   G_DEFINE_ENUM_VALUE(BH_TRANSFER_CANCELLED, "cancelled"))

#define TICK_MS 250

typedef struct {
        BhTransferState state;
        GCancellable *cancellable;
        GError *error; /* why it failed */
        guint tick_id;
        gint64 last_tick; /* µs, monotonic */
        guint64 last_bytes;
        double rate; /* bytes a second, smoothed */
        char *conflict_name;

        GMutex lock; /* for what follows */
        GCond answered;
        guint64 files_total, files_done, files_failed, left_out;
        guint64 bytes_total, bytes_done;
        GError *first_failure;
        gboolean asking;
        BhConflictChoice answer, answer_for_all;
} BhTransferPrivate;

enum {
        PROP_TITLE = 1,
        PROP_ICON_NAME,
        PROP_STATE,
        PROP_FRACTION,
        PROP_STATUS,
        PROP_IS_RUNNING,
        PROP_CAN_CANCEL,
        PROP_CAN_RETRY,
        PROP_HAS_FAILED,
        N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];
static guint signal_conflict, signal_finished;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE(BhTransfer, bh_transfer, G_TYPE_OBJECT)

#define PRIV(self) ((BhTransferPrivate *)bh_transfer_get_instance_private(self))

static void notify_progress(BhTransfer *self) {
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_FRACTION]);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_STATUS]);
}

static gboolean on_tick(gpointer user_data) {
        BhTransfer *self = user_data;
        BhTransferPrivate *priv = PRIV(self);
        gint64 now = g_get_monotonic_time();
        guint64 bytes;
        double rate;

        g_mutex_lock(&priv->lock);
        bytes = priv->bytes_done;
        g_mutex_unlock(&priv->lock);

        rate = bytes > priv->last_bytes
                       ? (double)(bytes - priv->last_bytes) * G_USEC_PER_SEC / (double)MAX(now - priv->last_tick, 1)
                       : 0;
        priv->rate = priv->rate > 0 ? 0.8 * priv->rate + 0.2 * rate : rate;
        priv->last_tick = now;
        priv->last_bytes = bytes;
        notify_progress(self);
        return G_SOURCE_CONTINUE;
}

static void set_state(BhTransfer *self, BhTransferState state) {
        BhTransferPrivate *priv = PRIV(self);

        priv->state = state;
        g_clear_handle_id(&priv->tick_id, g_source_remove);
        if (state == BH_TRANSFER_RUNNING) {
                priv->last_tick = g_get_monotonic_time();
                priv->last_bytes = priv->bytes_done;
                priv->rate = 0;
                priv->tick_id = g_timeout_add(TICK_MS, on_tick, self);
        }
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_STATE]);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_IS_RUNNING]);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_CAN_CANCEL]);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_CAN_RETRY]);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_HAS_FAILED]);
        notify_progress(self);
}

static void run_in_thread(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable) {
        GError *error = NULL;

        if (BH_TRANSFER_GET_CLASS(source)->run(source, task_data, cancellable, &error))
                g_task_return_boolean(task, TRUE);
        else
                g_task_return_error(task, error);
}

static void on_run(GObject *source, GAsyncResult *result, gpointer user_data) {
        BhTransfer *self = BH_TRANSFER(source);
        BhTransferPrivate *priv = PRIV(self);
        BhConnection *connection = g_task_get_task_data(G_TASK(result));
        BhTransferState state = BH_TRANSFER_DONE;

        g_clear_error(&priv->error);
        if (!g_task_propagate_boolean(G_TASK(result), &priv->error) || priv->first_failure) {
                state = BH_TRANSFER_FAILED;
                if (!priv->error)
                        priv->error = g_error_copy(priv->first_failure);
                if (g_cancellable_is_cancelled(priv->cancellable))
                        state = BH_TRANSFER_CANCELLED;
                else
                        bh_connection_note_error(connection, priv->error);
        }
        set_state(self, state);
        g_signal_emit(self, signal_finished, 0);
}

void bh_transfer_start(BhTransfer *self, BhConnection *connection) {
        BhTransferPrivate *priv = PRIV(self);
        g_autoptr(GTask) task = NULL;

        g_return_if_fail(priv->state == BH_TRANSFER_QUEUED);
        g_clear_object(&priv->cancellable);
        priv->cancellable = g_cancellable_new();
        set_state(self, BH_TRANSFER_RUNNING);

        task = g_task_new(self, priv->cancellable, on_run, NULL);
        g_task_set_source_tag(task, bh_transfer_start);
        /* What was done before a cancellation counts: the thread says how it ended. */
        g_task_set_check_cancellable(task, FALSE);
        g_task_set_task_data(task, g_object_ref(connection), g_object_unref);
        g_task_run_in_thread(task, run_in_thread);
}

void bh_transfer_reset(BhTransfer *self) {
        BhTransferPrivate *priv = PRIV(self);

        g_return_if_fail(priv->state == BH_TRANSFER_FAILED || priv->state == BH_TRANSFER_CANCELLED);
        g_clear_error(&priv->error);
        g_clear_error(&priv->first_failure);
        priv->files_failed = 0;
        priv->answer_for_all = BH_CONFLICT_UNDECIDED;
        set_state(self, BH_TRANSFER_QUEUED);
}

void bh_transfer_cancel(BhTransfer *self) {
        BhTransferPrivate *priv = PRIV(self);

        if (priv->state == BH_TRANSFER_QUEUED) {
                set_state(self, BH_TRANSFER_CANCELLED);
                g_signal_emit(self, signal_finished, 0);
        }
        if (priv->state != BH_TRANSFER_RUNNING)
                return;
        g_cancellable_cancel(priv->cancellable);
        g_mutex_lock(&priv->lock);
        g_cond_broadcast(&priv->answered);
        g_mutex_unlock(&priv->lock);
}

/* --- From the threads ------------------------------------------------------------------------------------------------- */

void bh_transfer_add_total(BhTransfer *self, guint64 files, guint64 bytes) {
        BhTransferPrivate *priv = PRIV(self);

        g_mutex_lock(&priv->lock);
        priv->files_total += files;
        priv->bytes_total += bytes;
        g_mutex_unlock(&priv->lock);
}

void bh_transfer_add_bytes(BhTransfer *self, gint64 bytes) {
        BhTransferPrivate *priv = PRIV(self);

        g_mutex_lock(&priv->lock);
        priv->bytes_done += (guint64)bytes;
        g_mutex_unlock(&priv->lock);
}

void bh_transfer_add_file(BhTransfer *self) {
        BhTransferPrivate *priv = PRIV(self);

        g_mutex_lock(&priv->lock);
        priv->files_done++;
        g_mutex_unlock(&priv->lock);
}

void bh_transfer_note_failure(BhTransfer *self, const char *name, const GError *error) {
        BhTransferPrivate *priv = PRIV(self);
        g_autofree char *sentence = bh_bus_error_message(error);

        g_mutex_lock(&priv->lock);
        priv->files_failed++;
        if (!priv->first_failure)
                /* Translators: the name of a file and why it failed */
                priv->first_failure = g_error_new(error->domain, error->code, _("%s: %s"), name, sentence);
        g_mutex_unlock(&priv->lock);
}

void bh_transfer_note_left_out(BhTransfer *self) {
        BhTransferPrivate *priv = PRIV(self);

        g_mutex_lock(&priv->lock);
        priv->left_out++;
        g_mutex_unlock(&priv->lock);
}

static gboolean emit_conflict(gpointer user_data) {
        BhTransfer *self = user_data;
        BhTransferPrivate *priv = PRIV(self);
        g_autofree char *name = NULL;

        g_mutex_lock(&priv->lock);
        name = g_strdup(priv->conflict_name);
        g_mutex_unlock(&priv->lock);
        if (name)
                g_signal_emit(self, signal_conflict, 0, name);
        return G_SOURCE_REMOVE;
}

BhConflictChoice bh_transfer_ask_conflict(BhTransfer *self, const char *name, GCancellable *cancellable) {
        BhTransferPrivate *priv = PRIV(self);
        BhConflictChoice choice;

        g_mutex_lock(&priv->lock);
        /* One question at a time; its answer may settle the others. */
        while (priv->asking && !g_cancellable_is_cancelled(cancellable))
                g_cond_wait(&priv->answered, &priv->lock);

        choice = priv->answer_for_all;
        if (choice == BH_CONFLICT_UNDECIDED && !g_cancellable_is_cancelled(cancellable)) {
                priv->asking = TRUE;
                priv->answer = BH_CONFLICT_UNDECIDED;
                priv->conflict_name = g_strdup(name);
                g_idle_add_full(G_PRIORITY_DEFAULT, emit_conflict, g_object_ref(self), g_object_unref);
                while (priv->answer == BH_CONFLICT_UNDECIDED && !g_cancellable_is_cancelled(cancellable))
                        g_cond_wait(&priv->answered, &priv->lock);
                choice = priv->answer;
                g_clear_pointer(&priv->conflict_name, g_free);
                priv->asking = FALSE;
                g_cond_broadcast(&priv->answered);
        }
        g_mutex_unlock(&priv->lock);
        return choice == BH_CONFLICT_UNDECIDED ? BH_CONFLICT_SKIP : choice;
}

void bh_transfer_answer_conflict(BhTransfer *self, BhConflictChoice choice, gboolean for_all) {
        BhTransferPrivate *priv = PRIV(self);

        g_mutex_lock(&priv->lock);
        priv->answer = choice;
        if (for_all)
                priv->answer_for_all = choice;
        g_cond_broadcast(&priv->answered);
        g_mutex_unlock(&priv->lock);
}

/* --- What is shown ---------------------------------------------------------------------------------------------------- */

BhTransferState bh_transfer_get_state(BhTransfer *self) {
        return PRIV(self)->state;
}

const GError *bh_transfer_get_error(BhTransfer *self) {
        return PRIV(self)->error;
}

char *bh_transfer_dup_title(BhTransfer *self) {
        return BH_TRANSFER_GET_CLASS(self)->describe(self);
}

static double get_fraction(BhTransfer *self) {
        BhTransferPrivate *priv = PRIV(self);
        double fraction = 0;

        if (priv->state == BH_TRANSFER_DONE)
                return 1;
        g_mutex_lock(&priv->lock);
        if (priv->bytes_total > 0)
                fraction = (double)priv->bytes_done / (double)priv->bytes_total;
        else if (priv->files_total > 0)
                fraction = (double)priv->files_done / (double)priv->files_total;
        g_mutex_unlock(&priv->lock);
        return CLAMP(fraction, 0, 1);
}

/* "3 of 5 files · 12 MB of 40 MB · 3 MB/s" */
static char *describe_progress(BhTransferPrivate *priv) {
        g_autofree char *done = NULL, *total = NULL, *rate = NULL;
        g_autoptr(GString) text = g_string_new(NULL);

        g_mutex_lock(&priv->lock);
        done = g_format_size(priv->bytes_done);
        total = g_format_size(priv->bytes_total);
        if (priv->files_total > 1)
                g_string_append_printf(text, _("%u of %u files · "), (guint)priv->files_done, (guint)priv->files_total);
        g_string_append_printf(text, _("%s of %s"), done, total);
        g_mutex_unlock(&priv->lock);

        if (priv->rate >= 1) {
                rate = bh_format_rate((guint64)priv->rate);
                g_string_append_printf(text, " · %s", rate);
        }
        return g_string_free(g_steal_pointer(&text), FALSE);
}

/* "Done · 12 MB · 3 links left out" */
static char *describe_end(BhTransferPrivate *priv) {
        g_autofree char *size = g_format_size(priv->bytes_done);
        g_autoptr(GString) text = g_string_new(NULL);

        /* Translators: %s is the size of what was transferred */
        g_string_append_printf(text, _("Done · %s"), size);
        if (priv->left_out > 0)
                g_string_append_printf(text,
                                       ngettext(" · %u link or special file left out",
                                                " · %u links or special files left out", (guint)priv->left_out),
                                       (guint)priv->left_out);
        return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *describe_failure(BhTransferPrivate *priv) {
        g_autofree char *sentence = bh_bus_error_message(priv->error);

        if (priv->files_failed > 1)
                return g_strdup_printf(ngettext("%u file failed. %s", "%u files failed. %s", (guint)priv->files_failed),
                                       (guint)priv->files_failed, sentence);
        return g_steal_pointer(&sentence);
}

static char *dup_status(BhTransfer *self) {
        BhTransferPrivate *priv = PRIV(self);

        switch (priv->state) {
        case BH_TRANSFER_QUEUED:
                return g_strdup(_("Waiting"));
        case BH_TRANSFER_RUNNING:
                return describe_progress(priv);
        case BH_TRANSFER_DONE:
                return describe_end(priv);
        case BH_TRANSFER_FAILED:
                return describe_failure(priv);
        case BH_TRANSFER_CANCELLED:
                return g_strdup(_("Cancelled"));
        }
        g_assert_not_reached();
}

static void bh_transfer_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        BhTransfer *self = BH_TRANSFER(object);
        BhTransferState state = PRIV(self)->state;

        switch (id) {
        case PROP_TITLE:
                g_value_take_string(value, bh_transfer_dup_title(self));
                break;
        case PROP_ICON_NAME:
                g_value_set_string(value, BH_TRANSFER_GET_CLASS(self)->icon_name);
                break;
        case PROP_STATE:
                g_value_set_enum(value, (gint)state);
                break;
        case PROP_FRACTION:
                g_value_set_double(value, get_fraction(self));
                break;
        case PROP_STATUS:
                g_value_take_string(value, dup_status(self));
                break;
        case PROP_IS_RUNNING:
                g_value_set_boolean(value, state == BH_TRANSFER_RUNNING);
                break;
        case PROP_CAN_CANCEL:
                g_value_set_boolean(value, state == BH_TRANSFER_RUNNING || state == BH_TRANSFER_QUEUED);
                break;
        case PROP_CAN_RETRY:
                g_value_set_boolean(value, state == BH_TRANSFER_FAILED || state == BH_TRANSFER_CANCELLED);
                break;
        case PROP_HAS_FAILED:
                g_value_set_boolean(value, state == BH_TRANSFER_FAILED);
                break;
        default:
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        }
}

static void bh_transfer_finalize(GObject *object) {
        BhTransferPrivate *priv = PRIV(BH_TRANSFER(object));

        g_clear_handle_id(&priv->tick_id, g_source_remove);
        g_clear_object(&priv->cancellable);
        g_clear_error(&priv->error);
        g_clear_error(&priv->first_failure);
        g_free(priv->conflict_name);
        g_mutex_clear(&priv->lock);
        g_cond_clear(&priv->answered);
        G_OBJECT_CLASS(bh_transfer_parent_class)->finalize(object);
}

static void bh_transfer_class_init(BhTransferClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

        object_class->finalize = bh_transfer_finalize;
        object_class->get_property = bh_transfer_get_property;

        properties[PROP_TITLE] = g_param_spec_string("title", NULL, NULL, NULL, flags);
        properties[PROP_ICON_NAME] = g_param_spec_string("icon-name", NULL, NULL, NULL, flags);
        properties[PROP_STATE] =
                g_param_spec_enum("state", NULL, NULL, BH_TYPE_TRANSFER_STATE, BH_TRANSFER_QUEUED, flags);
        properties[PROP_FRACTION] = g_param_spec_double("fraction", NULL, NULL, 0, 1, 0, flags);
        properties[PROP_STATUS] = g_param_spec_string("status", NULL, NULL, NULL, flags);
        properties[PROP_IS_RUNNING] = g_param_spec_boolean("is-running", NULL, NULL, FALSE, flags);
        properties[PROP_CAN_CANCEL] = g_param_spec_boolean("can-cancel", NULL, NULL, FALSE, flags);
        properties[PROP_CAN_RETRY] = g_param_spec_boolean("can-retry", NULL, NULL, FALSE, flags);
        properties[PROP_HAS_FAILED] = g_param_spec_boolean("has-failed", NULL, NULL, FALSE, flags);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);

        signal_conflict = g_signal_new("conflict", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, G_TYPE_STRING);
        signal_finished = g_signal_new("finished", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 0);
}

static void bh_transfer_init(BhTransfer *self) {
        BhTransferPrivate *priv = PRIV(self);

        g_mutex_init(&priv->lock);
        g_cond_init(&priv->answered);
}
