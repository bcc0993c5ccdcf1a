/* SPDX-License-Identifier: MIT */
#include "job-row.h"

#include "job-progress.h"
#include "storage-words.h"
#include "window.h"

#include <glib/gi18n.h>

struct _BhJobRow {
        GtkListBoxRow parent_instance;

        BhBusJob *job;
        BhJobProgress *progress;
};

G_DEFINE_FINAL_TYPE(BhJobRow, bh_job_row, GTK_TYPE_LIST_BOX_ROW)

static void on_ended(BhJobRow *self, gboolean succeeded, const char *text) {
        BhWindow *window = bh_window_of(GTK_WIDGET(self));
        g_autofree char *sentence = NULL;

        gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
        if (succeeded || !window || !text || !*text)
                return;
        /* Translators: what was tried, and why it failed */
        sentence = g_strdup_printf(_("%s failed: %s"), bh_words_operation(bh_bus_job_get_operation(self->job)), text);
        bh_window_toast(window, sentence);
}

static void bh_job_row_dispose(GObject *object) {
        g_clear_object(&BH_JOB_ROW(object)->job);
        G_OBJECT_CLASS(bh_job_row_parent_class)->dispose(object);
}

static void bh_job_row_class_init(BhJobRowClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_job_row_dispose;
        g_type_ensure(BH_TYPE_JOB_PROGRESS);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/job-row.ui");
        gtk_widget_class_bind_template_child(widget_class, BhJobRow, progress);
        gtk_widget_class_bind_template_callback(widget_class, on_ended);
}

static void bh_job_row_init(BhJobRow *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWidget *bh_job_row_new(BhStorageModel *storage, BhBusJob *job) {
        BhJobRow *self = g_object_new(BH_TYPE_JOB_ROW, NULL);

        self->job = g_object_ref(job);
        gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       bh_words_operation(bh_bus_job_get_operation(job)), -1);
        /* One that ended before anybody looked is of no interest. */
        if (g_strcmp0(bh_bus_job_get_state(job), "running") == 0)
                bh_job_progress_set_job(self->progress, storage, job);
        else
                gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
        return GTK_WIDGET(self);
}
