/* SPDX-License-Identifier: MIT */
#include "history-chart.h"

#include "format.h"

#include <glib/gi18n.h>

#define HEIGHT 140
#define MARGIN 6
#define RADIUS 3.0

typedef struct {
        gint64 usec;
        guint64 value;
} Sample;

struct _BhHistoryChart {
        GtkWidget parent_instance;

        GArray *samples;
        guint64 least, largest;
};

G_DEFINE_FINAL_TYPE(BhHistoryChart, bh_history_chart, GTK_TYPE_WIDGET)

static const Sample *sample_at(BhHistoryChart *self, guint index) {
        return &g_array_index(self->samples, Sample, index);
}

static char *to_text(guint64 value) {
        return g_strdup_printf("%" G_GUINT64_FORMAT, value);
}

static void describe(BhHistoryChart *self, const char *title) {
        g_autofree char *from = NULL, *now = NULL, *least = NULL, *largest = NULL, *text = NULL;

        if (self->samples->len > 0) {
                from = bh_format_moment(sample_at(self, 0)->usec);
                now = to_text(sample_at(self, self->samples->len - 1)->value);
                least = to_text(self->least);
                largest = to_text(self->largest);
                /* Translators: what is measured, its value now, the least and the largest one, and since when */
                text = g_strdup_printf(_("%s: now %s, between %s and %s since %s"), title, now, least, largest, from);
        } else {
                text = g_strdup_printf(_("%s: nothing is recorded yet"), title);
        }
        gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
        gtk_widget_set_tooltip_text(GTK_WIDGET(self), text);
}

void bh_history_chart_show(BhHistoryChart *self, const char *title, GVariant *samples) {
        GVariantIter iter;
        Sample sample;

        g_return_if_fail(BH_IS_HISTORY_CHART(self));
        g_array_set_size(self->samples, 0);
        self->least = G_MAXUINT64;
        self->largest = 0;
        g_variant_iter_init(&iter, samples);
        while (g_variant_iter_next(&iter, "(xt)", &sample.usec, &sample.value)) {
                g_array_append_val(self->samples, sample);
                self->least = MIN(self->least, sample.value);
                self->largest = MAX(self->largest, sample.value);
        }
        describe(self, title);
        gtk_widget_queue_draw(GTK_WIDGET(self));
}

static void look_up(GtkWidget *widget, const char *name, GdkRGBA *colour) {
        if (!gtk_style_context_lookup_color(gtk_widget_get_style_context(widget), name, colour))
                gtk_style_context_get_color(gtk_widget_get_style_context(widget), colour);
}

/* Draws text with its top left corner there, or its top right one. */
static void draw_text(GtkWidget *widget, GtkSnapshot *snapshot, const char *text, double x, double y,
                      gboolean to_left) {
        g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(widget, text);
        GdkRGBA colour;
        int width, height;

        gtk_style_context_get_color(gtk_widget_get_style_context(widget), &colour);
        pango_layout_get_pixel_size(layout, &width, &height);
        gtk_snapshot_save(snapshot);
        gtk_snapshot_translate(snapshot, &GRAPHENE_POINT_INIT((float)(to_left ? x - width : x), (float)y));
        gtk_snapshot_append_layout(snapshot, layout, &colour);
        gtk_snapshot_restore(snapshot);
}

static int text_height(GtkWidget *widget) {
        g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(widget, "0");
        int width, height;

        pango_layout_get_pixel_size(layout, &width, &height);
        return height;
}

/* The line in an area; values that never changed lie in its middle. */
static void draw_line(BhHistoryChart *self, cairo_t *cr, double top, double width, double height) {
        gint64 begin = sample_at(self, 0)->usec, end = sample_at(self, self->samples->len - 1)->usec;
        double range = (double)(self->largest - self->least), time = (double)(end - begin);

        for (guint i = 0; i < self->samples->len; i++) {
                const Sample *sample = sample_at(self, i);
                double x = MARGIN + (time > 0 ? (double)(sample->usec - begin) / time : 1) * (width - 2 * MARGIN);
                double share = range > 0 ? (double)(sample->value - self->least) / range : 0.5;
                double y = top + (1 - share) * height;

                if (i == 0)
                        cairo_move_to(cr, x, y);
                else
                        cairo_line_to(cr, x, y);
                if (i + 1 < self->samples->len)
                        continue;
                cairo_stroke(cr);
                cairo_arc(cr, x, y, RADIUS, 0, 2 * G_PI);
                cairo_fill(cr);
        }
}

static void bh_history_chart_snapshot(GtkWidget *widget, GtkSnapshot *snapshot) {
        BhHistoryChart *self = BH_HISTORY_CHART(widget);
        double width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget), line = text_height(widget);
        g_autofree char *least = NULL, *largest = NULL, *from = NULL, *to = NULL;
        GdkRGBA colour;
        cairo_t *cr;

        if (self->samples->len == 0) {
                draw_text(widget, snapshot, _("Nothing is recorded yet"), MARGIN, height / 2 - line / 2, FALSE);
                return;
        }
        least = to_text(self->least);
        largest = to_text(self->largest);
        from = bh_format_moment(sample_at(self, 0)->usec);
        to = bh_format_moment(sample_at(self, self->samples->len - 1)->usec);

        look_up(widget, "accent_color", &colour);
        cr = gtk_snapshot_append_cairo(snapshot, &GRAPHENE_RECT_INIT(0, 0, (float)width, (float)height));
        gdk_cairo_set_source_rgba(cr, &colour);
        cairo_set_line_width(cr, 2);
        cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
        draw_line(self, cr, line + MARGIN, width, height - 3 * line - 2 * MARGIN);
        cairo_destroy(cr);

        draw_text(widget, snapshot, largest, MARGIN, 0, FALSE);
        draw_text(widget, snapshot, least, MARGIN, height - 2 * line, FALSE);
        draw_text(widget, snapshot, from, MARGIN, height - line, FALSE);
        draw_text(widget, snapshot, to, width - MARGIN, height - line, TRUE);
}

static void bh_history_chart_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                                     int *natural, int *minimum_baseline, int *natural_baseline) {
        *minimum = *natural = orientation == GTK_ORIENTATION_VERTICAL ? HEIGHT : 2 * HEIGHT;
}

static void bh_history_chart_finalize(GObject *object) {
        g_array_unref(BH_HISTORY_CHART(object)->samples);
        G_OBJECT_CLASS(bh_history_chart_parent_class)->finalize(object);
}

static void bh_history_chart_class_init(BhHistoryChartClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->finalize = bh_history_chart_finalize;
        widget_class->snapshot = bh_history_chart_snapshot;
        widget_class->measure = bh_history_chart_measure;
        gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_IMG);
        gtk_widget_class_set_css_name(widget_class, "history-chart");
}

static void bh_history_chart_init(BhHistoryChart *self) {
        self->samples = g_array_new(FALSE, FALSE, sizeof(Sample));
}
