/* SPDX-License-Identifier: MIT */
#include "job-progress.h"

#include "storage-words.h"

#include <glib/gi18n.h>

/* How often the bar moves while nobody knows how long it takes. */
#define PULSE_MS 200

struct _BhJobProgress {
        GtkWidget parent_instance;

        BhStorageModel *storage;
        BhBusJob *job;
        gboolean has_ended;
        guint pulse_id;
        GtkBox *box;
        GtkLabel *title_label;
        GtkLabel *text_label;
        GtkProgressBar *bar;
        GtkLabel *status_label;
        GtkButton *cancel_button;
};

static guint signal_ended;

G_DEFINE_FINAL_TYPE(BhJobProgress, bh_job_progress, GTK_TYPE_WIDGET)

static void end(BhJobProgress *self, gboolean succeeded, const char *text) {
        g_clear_handle_id(&self->pulse_id, g_source_remove);
        gtk_widget_set_visible(GTK_WIDGET(self->cancel_button), FALSE);
        g_signal_emit(self, signal_ended, 0, succeeded, text);
}

static void on_result(GVariant *reply, const GError *error, gpointer owner) {
        BhJobProgress *self = owner;
        const char *state, *result, *sentence, *error_name;
        g_autofree char *problem = NULL;

        if (!self->storage)
                return; /* nobody looks any more */
        if (!reply) {
                problem = bh_bus_error_message(error);
                end(self, FALSE, problem);
                return;
        }
        g_variant_get(reply, "(&s&s&s&s)", &state, &result, &sentence, &error_name);
        if (g_str_equal(state, "cancelled"))
                end(self, FALSE, *sentence ? sentence : _("It was stopped."));
        else
                end(self, g_str_equal(state, "succeeded"), sentence);
}

static gboolean on_pulse(gpointer user_data) {
        gtk_progress_bar_pulse(BH_JOB_PROGRESS(user_data)->bar);
        return G_SOURCE_CONTINUE;
}

static void show_bar(BhJobProgress *self, gboolean is_known, double progress) {
        if (is_known) {
                g_clear_handle_id(&self->pulse_id, g_source_remove);
                gtk_progress_bar_set_fraction(self->bar, CLAMP(progress / 100, 0, 1));
        } else if (self->pulse_id == 0) {
                self->pulse_id = g_timeout_add(PULSE_MS, on_pulse, self);
        }
}

static void update(BhJobProgress *self) {
        gboolean is_known = bh_bus_job_get_progress_valid(self->job);
        double progress = bh_bus_job_get_progress(self->job);
        const char *text = bh_bus_job_get_text(self->job);
        g_autofree char *status = bh_words_progress(is_known ? progress : -1, bh_bus_job_get_rate(self->job),
                                                    bh_bus_job_get_expected_end_time(self->job));

        if (self->has_ended)
                return;
        gtk_label_set_text(self->text_label, text ? text : "");
        gtk_widget_set_visible(GTK_WIDGET(self->text_label), text && *text);
        gtk_label_set_text(self->status_label, status);
        gtk_widget_set_visible(GTK_WIDGET(self->cancel_button),
                               bh_bus_job_get_cancelable(self->job) &&
                                       bh_connection_may_administer(bh_storage_model_get_connection(self->storage)));
        show_bar(self, is_known, progress);
        if (g_strcmp0(bh_bus_job_get_state(self->job), "running") == 0)
                return;
        self->has_ended = TRUE;
        bh_storage_model_call(self->storage, self->job, "GetResult", NULL, NULL, on_result, self);
}

/* The service has gone, and the job with it; what it did goes on or has ended, which the arrays will tell. */
static void on_owner_changed(BhJobProgress *self) {
        g_autofree char *owner = g_dbus_proxy_get_name_owner(G_DBUS_PROXY(self->job));

        if (owner || self->has_ended)
                return;
        self->has_ended = TRUE;
        end(self, FALSE, _("The NAS service stopped before it answered"));
}

static void on_cancelled(GVariant *reply, const GError *error, gpointer owner) {
        g_autofree char *sentence = error ? bh_bus_error_message(error) : NULL;

        if (sentence)
                gtk_label_set_text(BH_JOB_PROGRESS(owner)->status_label, sentence);
}

static void action_cancel(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhJobProgress *self = BH_JOB_PROGRESS(widget);

        if (self->job)
                bh_storage_model_call(self->storage, self->job, "Cancel", NULL, NULL, on_cancelled, self);
}

static void forget(BhJobProgress *self) {
        g_clear_handle_id(&self->pulse_id, g_source_remove);
        if (self->job)
                g_signal_handlers_disconnect_by_data(self->job, self);
        g_clear_object(&self->job);
        g_clear_object(&self->storage);
}

void bh_job_progress_set_job(BhJobProgress *self, BhStorageModel *storage, BhBusJob *job) {
        g_return_if_fail(BH_IS_JOB_PROGRESS(self));

        forget(self);
        self->storage = g_object_ref(storage);
        self->job = g_object_ref(job);
        self->has_ended = FALSE;
        gtk_label_set_text(self->title_label, bh_words_operation(bh_bus_job_get_operation(job)));
        gtk_accessible_update_property(GTK_ACCESSIBLE(self->bar), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       bh_words_operation(bh_bus_job_get_operation(job)), -1);
        g_signal_connect_object(job, "g-properties-changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(job, "notify::g-name-owner", G_CALLBACK(on_owner_changed), self, G_CONNECT_SWAPPED);
        update(self);
}

static void bh_job_progress_dispose(GObject *object) {
        BhJobProgress *self = BH_JOB_PROGRESS(object);

        forget(self);
        g_clear_pointer((GtkWidget **)&self->box, gtk_widget_unparent);
        G_OBJECT_CLASS(bh_job_progress_parent_class)->dispose(object);
}

static void bh_job_progress_class_init(BhJobProgressClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_job_progress_dispose;
        signal_ended = g_signal_new("ended", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 2, G_TYPE_BOOLEAN, G_TYPE_STRING);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/job-progress.ui");
        gtk_widget_class_bind_template_child(widget_class, BhJobProgress, box);
        gtk_widget_class_bind_template_child(widget_class, BhJobProgress, title_label);
        gtk_widget_class_bind_template_child(widget_class, BhJobProgress, text_label);
        gtk_widget_class_bind_template_child(widget_class, BhJobProgress, bar);
        gtk_widget_class_bind_template_child(widget_class, BhJobProgress, status_label);
        gtk_widget_class_bind_template_child(widget_class, BhJobProgress, cancel_button);
        gtk_widget_class_install_action(widget_class, "job.cancel", NULL, action_cancel);
}

static void bh_job_progress_init(BhJobProgress *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}
