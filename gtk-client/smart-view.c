/* SPDX-License-Identifier: MIT */
#include "smart-view.h"

#include "format.h"
#include "history-chart.h"
#include "state-badge.h"

#include <glib/gi18n.h>

/* What GetSmartHistory() calls the temperature. */
#define TEMPERATURE 0

struct _BhSmartView {
        GtkWidget parent_instance;

        BhStorageModel *storage;
        BhBusDisk *disk;
        guint8 shown; /* attribute whose history is shown */

        GtkBox *box;
        GtkLabel *error_label;
        GtkLabel *updated_label;
        GtkButton *refresh_button;
        GtkLabel *chart_label;
        BhHistoryChart *chart;
        GtkListBox *list;
        GtkLabel *nothing_label;
        AdwActionRow *selftest_row;
        GtkProgressBar *selftest_bar;
        GtkBox *selftest_buttons;
        GtkButton *abort_button;
};

G_DEFINE_FINAL_TYPE(BhSmartView, bh_smart_view, GTK_TYPE_WIDGET)

static void set_error(BhSmartView *self, const GError *error) {
        g_autofree char *sentence = error ? bh_bus_error_message(error) : NULL;

        gtk_label_set_text(self->error_label, sentence ? sentence : "");
        gtk_widget_set_visible(GTK_WIDGET(self->error_label), sentence != NULL);
}

/* --- Attributes and their history ------------------------------------------------------------------------------------- */

static guint8 attribute_of(GtkListBoxRow *row) {
        return (guint8)GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(row), "bh-attribute"));
}

static void on_history(GVariant *reply, const GError *error, gpointer owner) {
        BhSmartView *self = owner;
        g_autoptr(GVariant) samples = NULL;

        if (!self->storage)
                return;
        samples = reply ? g_variant_get_child_value(reply, 0)
                        : g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE("(xt)"), NULL, 0));
        bh_history_chart_show(self->chart, gtk_label_get_text(self->chart_label), samples);
}

static void show_history(BhSmartView *self, guint8 attribute, const char *title) {
        self->shown = attribute;
        gtk_label_set_text(self->chart_label, title);
        bh_storage_model_call(self->storage, self->disk, "GetSmartHistory", g_variant_new("(y)", attribute), NULL,
                              on_history, self);
}

static void on_row_activated(BhSmartView *self, GtkListBoxRow *row) {
        show_history(self, attribute_of(row), adw_preferences_row_get_title(ADW_PREFERENCES_ROW(row)));
}

static GtkWidget *create_row(guint8 attribute, const char *title, const char *subtitle, const char *value) {
        GtkWidget *row = adw_action_row_new(), *label = gtk_label_new(value);

        g_object_set(row, "use-markup", FALSE, "title", title, "subtitle", subtitle, "activatable", TRUE, NULL);
        g_object_set(label, "valign", GTK_ALIGN_CENTER, "css-classes", (const char *[]){"numeric", NULL}, NULL);
        adw_action_row_add_suffix(ADW_ACTION_ROW(row), label);
        g_object_set_data(G_OBJECT(row), "bh-attribute", GUINT_TO_POINTER((guint)attribute));
        return row;
}

/* "Reallocated_Sector_Ct · value 100, worst 100, threshold 10" and how it changed. */
static char *describe_attribute(GVariant *attribute) {
        const char *name = "", *trend = "";
        gint32 value = -1, worst = -1, threshold = -1;
        g_autoptr(GString) text = NULL;

        g_variant_lookup(attribute, "name", "&s", &name);
        g_variant_lookup(attribute, "trend", "&s", &trend);
        g_variant_lookup(attribute, "value", "i", &value);
        g_variant_lookup(attribute, "worst", "i", &worst);
        g_variant_lookup(attribute, "threshold", "i", &threshold);
        text = g_string_new(name);
        if (value >= 0 && worst >= 0 && threshold >= 0) {
                /* Translators: what a disk says of an attribute of its health, of 100, 200 or 253 */
                g_autofree char *values =
                        g_strdup_printf(_("value %d, worst %d, threshold %d"), value, worst, threshold);

                g_string_append_printf(text, " · %s", values);
        }
        if (*trend)
                g_string_append_printf(text, "\n%s", trend);
        return g_string_free(g_steal_pointer(&text), FALSE);
}

static void add_attribute(BhSmartView *self, GVariant *attribute) {
        const char *title = "", *text = "", *status = "";
        g_autofree char *subtitle = describe_attribute(attribute);
        GtkWidget *row, *badge = bh_state_badge_new();
        guint8 id = 0;

        g_variant_lookup(attribute, "id", "y", &id);
        g_variant_lookup(attribute, "title", "&s", &title);
        g_variant_lookup(attribute, "text", "&s", &text);
        g_variant_lookup(attribute, "status", "&s", &status);
        row = create_row(id, title, subtitle, text);
        bh_state_badge_show(BH_STATE_BADGE(badge), bh_words_smart_status(status));
        gtk_widget_set_valign(badge, GTK_ALIGN_CENTER);
        adw_action_row_add_suffix(ADW_ACTION_ROW(row), badge);
        gtk_list_box_append(self->list, row);
}

static void on_attributes(GVariant *reply, const GError *error, gpointer owner) {
        BhSmartView *self = owner;
        g_autofree char *temperature = NULL, *sentence = error ? bh_bus_error_message(error) : NULL;
        g_autoptr(GVariant) attributes = NULL;
        GtkListBoxRow *old;

        if (!self->storage)
                return; /* the window is closed */
        while ((old = gtk_list_box_get_row_at_index(self->list, 0)))
                gtk_list_box_remove(self->list, GTK_WIDGET(old));
        gtk_label_set_text(self->nothing_label, sentence ? sentence : "");
        gtk_widget_set_visible(GTK_WIDGET(self->nothing_label), sentence != NULL);
        temperature = bh_words_temperature(bh_bus_disk_get_temperature(self->disk));
        if (temperature)
                gtk_list_box_append(self->list, create_row(TEMPERATURE, _("Temperature"), "", temperature));
        if (reply) {
                attributes = g_variant_get_child_value(reply, 0);
                for (gsize i = 0; i < g_variant_n_children(attributes); i++) {
                        g_autoptr(GVariant) attribute = g_variant_get_child_value(attributes, i);

                        add_attribute(self, attribute);
                }
        }
        gtk_widget_set_visible(GTK_WIDGET(self->list), gtk_list_box_get_row_at_index(self->list, 0) != NULL);
}

static void load(BhSmartView *self) {
        bh_storage_model_call(self->storage, self->disk, "GetSmart", NULL, NULL, on_attributes, self);
        show_history(self, self->shown, gtk_label_get_text(self->chart_label));
}

static void on_done(GVariant *reply, const GError *error, gpointer owner) {
        BhSmartView *self = owner;

        if (self->storage)
                set_error(self, error);
}

static void call(BhSmartView *self, const char *method, GVariant *arguments) {
        set_error(self, NULL);
        bh_storage_model_call(self->storage, self->disk, method, arguments, NULL, on_done, self);
}

static void action_refresh(GtkWidget *widget, const char *name, GVariant *parameter) {
        call(BH_SMART_VIEW(widget), "RefreshSmart", NULL);
}

/* --- Self-tests ------------------------------------------------------------------------------------------------------- */

static void action_test(GtkWidget *widget, const char *name, GVariant *parameter) {
        call(BH_SMART_VIEW(widget), "StartSelftest", g_variant_new("(s)", g_variant_get_string(parameter, NULL)));
}

static void action_abort(GtkWidget *widget, const char *name, GVariant *parameter) {
        call(BH_SMART_VIEW(widget), "AbortSelftest", NULL);
}

static void update(BhSmartView *self) {
        const char *selftest = bh_bus_disk_get_selftest_status(self->disk);
        const char *status = bh_bus_disk_get_smart_status(self->disk);
        gboolean is_running = g_strcmp0(selftest, "running") == 0;
        gboolean may = bh_connection_may_administer(bh_storage_model_get_connection(self->storage));
        gboolean can = g_strcmp0(status, "unsupported") != 0 && bh_bus_disk_get_present(self->disk);
        g_autofree char *when = bh_format_moment_full(bh_bus_disk_get_smart_updated(self->disk)), *updated = NULL;

        /* Translators: when the values of a disk were read */
        updated = *when ? g_strdup_printf(_("Read: %s"), when) : g_strdup(_("Not read yet"));
        gtk_label_set_text(self->updated_label, updated);
        adw_action_row_set_subtitle(self->selftest_row, bh_words_selftest(selftest));
        gtk_widget_set_visible(GTK_WIDGET(self->selftest_bar), is_running);
        gtk_progress_bar_set_fraction(self->selftest_bar,
                                      CLAMP(bh_bus_disk_get_selftest_progress(self->disk) / 100, 0, 1));
        gtk_widget_set_visible(GTK_WIDGET(self->selftest_buttons), !is_running && may && can);
        gtk_widget_set_visible(GTK_WIDGET(self->abort_button), is_running && may);
        gtk_widget_set_visible(GTK_WIDGET(self->refresh_button), may && can);
}

static void on_properties_changed(BhSmartView *self, GVariant *changed) {
        update(self);
        if (g_variant_lookup(changed, "SmartUpdated", "*", NULL) || g_variant_lookup(changed, "Temperature", "*", NULL))
                load(self);
}

void bh_smart_view_set_disk(BhSmartView *self, BhStorageModel *storage, BhBusDisk *disk) {
        g_return_if_fail(BH_IS_SMART_VIEW(self) && !self->disk);

        self->storage = g_object_ref(storage);
        self->disk = g_object_ref(disk);
        self->shown = TEMPERATURE;
        gtk_label_set_text(self->chart_label, _("Temperature"));
        g_signal_connect_object(disk, "g-properties-changed", G_CALLBACK(on_properties_changed), self,
                                G_CONNECT_SWAPPED);
        update(self);
        load(self);
}

static void bh_smart_view_dispose(GObject *object) {
        BhSmartView *self = BH_SMART_VIEW(object);

        if (self->disk)
                g_signal_handlers_disconnect_by_data(self->disk, self);
        g_clear_pointer((GtkWidget **)&self->box, gtk_widget_unparent);
        g_clear_object(&self->disk);
        g_clear_object(&self->storage);
        G_OBJECT_CLASS(bh_smart_view_parent_class)->dispose(object);
}

static void bh_smart_view_class_init(BhSmartViewClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_smart_view_dispose;
        g_type_ensure(BH_TYPE_HISTORY_CHART);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/smart-view.ui");
        gtk_widget_class_bind_template_child(widget_class, BhSmartView, box);
        gtk_widget_class_bind_template_child(widget_class, BhSmartView, error_label);
        gtk_widget_class_bind_template_child(widget_class, BhSmartView, updated_label);
        gtk_widget_class_bind_template_child(widget_class, BhSmartView, refresh_button);
        gtk_widget_class_bind_template_child(widget_class, BhSmartView, chart_label);
        gtk_widget_class_bind_template_child(widget_class, BhSmartView, chart);
        gtk_widget_class_bind_template_child(widget_class, BhSmartView, list);
        gtk_widget_class_bind_template_child(widget_class, BhSmartView, nothing_label);
        gtk_widget_class_bind_template_child(widget_class, BhSmartView, selftest_row);
        gtk_widget_class_bind_template_child(widget_class, BhSmartView, selftest_bar);
        gtk_widget_class_bind_template_child(widget_class, BhSmartView, selftest_buttons);
        gtk_widget_class_bind_template_child(widget_class, BhSmartView, abort_button);
        gtk_widget_class_bind_template_callback(widget_class, on_row_activated);
        gtk_widget_class_install_action(widget_class, "smart.refresh", NULL, action_refresh);
        gtk_widget_class_install_action(widget_class, "smart.test", "s", action_test);
        gtk_widget_class_install_action(widget_class, "smart.abort", NULL, action_abort);
}

static void bh_smart_view_init(BhSmartView *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}
