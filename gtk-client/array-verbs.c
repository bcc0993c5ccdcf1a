/* SPDX-License-Identifier: MIT */
#include "array-verbs.h"

#include "confirm.h"
#include "disk-chooser.h"
#include "plan-window.h"
#include "pool-wizard.h"
#include "window.h"

#include <glib/gi18n.h>

static GtkWindow *window_of(BhArrayRow *row) {
        return GTK_WINDOW(bh_window_of(GTK_WIDGET(row)));
}

static const char *path_of(BhArrayRow *row) {
        return g_dbus_proxy_get_object_path(G_DBUS_PROXY(bh_array_row_get_array(row)));
}

static const char *name_of(BhArrayRow *row) {
        return bh_bus_array_get_name(bh_array_row_get_array(row));
}

/* The row shows what comes of it; only what went wrong is to be said. */
static void on_called(GVariant *reply, const GError *error, gpointer owner) {
        BhWindow *window = bh_window_of(owner);

        if (error && window)
                bh_window_toast_error(window, error);
}

static void call(BhArrayRow *row, const char *method, GVariant *arguments, GVariant *options) {
        bh_storage_model_call(bh_array_row_get_storage(row), bh_array_row_get_array(row), method, arguments, options,
                              on_called, row);
}

static void action_repair(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhArrayRow *row = BH_ARRAY_ROW(widget);

        bh_plan_window_repair(window_of(row), bh_array_row_get_storage(row), bh_array_row_get_array(row));
}

static void on_disk_to_add(const char *disk, gpointer owner) {
        bh_plan_window_ask(window_of(owner), _("Add Disk"), bh_array_row_get_storage(owner), "PlanAdd",
                           g_variant_new("(oo)", path_of(owner), disk), NULL);
}

static void action_add(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhArrayRow *row = BH_ARRAY_ROW(widget);
        g_autofree char *heading = g_strdup_printf(_("Add a Disk to “%s”"), name_of(row));

        bh_disk_chooser_ask(window_of(row), heading,
                            _("It becomes a spare, or takes the place of a member that is missing."), _("_Choose"),
                            bh_array_row_get_storage(row), bh_disk_chooser_is_replacement, bh_array_row_get_array(row),
                            on_disk_to_add, row);
}

static void on_disk_to_remove(const char *disk, gpointer owner) {
        call(owner, "RemoveMember", g_variant_new("(o)", disk), NULL);
}

static void action_remove(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhArrayRow *row = BH_ARRAY_ROW(widget);
        g_autofree char *heading = g_strdup_printf(_("Take a Disk out of “%s”"), name_of(row));

        bh_disk_chooser_ask(window_of(row), heading,
                            _("The array goes on without it, and is less safe until another one takes its place."),
                            _("_Take Out"), bh_array_row_get_storage(row), bh_disk_chooser_is_member,
                            bh_array_row_get_array(row), on_disk_to_remove, row);
}

static void action_check(GtkWidget *widget, const char *name, GVariant *parameter) {
        call(BH_ARRAY_ROW(widget), "Scrub", g_variant_new("(s)", "check"), NULL);
}

static void action_correct(GtkWidget *widget, const char *name, GVariant *parameter) {
        call(BH_ARRAY_ROW(widget), "Scrub", g_variant_new("(s)", "repair"), NULL);
}

void bh_array_verbs_set_bitmap(BhArrayRow *row, gboolean wanted) {
        call(row, "SetBitmap", g_variant_new("(s)", wanted ? "internal" : "none"), NULL);
}

static void action_start(GtkWidget *widget, const char *name, GVariant *parameter) {
        call(BH_ARRAY_ROW(widget), "Start", NULL, NULL);
}

static void start_degraded(gpointer owner) {
        GVariantDict options;

        g_variant_dict_init(&options, NULL);
        g_variant_dict_insert(&options, "degraded", "b", TRUE);
        call(owner, "Start", NULL, g_variant_dict_end(&options));
}

static void action_start_degraded(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhArrayRow *row = BH_ARRAY_ROW(widget);
        g_autofree char *heading = g_strdup_printf(_("Start “%s” without All Its Disks?"), name_of(row));

        bh_confirm(window_of(row), heading,
                   _("A disk that comes back later has to be brought into sync again. If it only is not plugged in, "
                     "put it back instead."),
                   _("_Start Degraded"), start_degraded, row);
}

static void stop(gpointer owner) {
        call(owner, "Stop", NULL, NULL);
}

static void action_stop(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhArrayRow *row = BH_ARRAY_ROW(widget);
        g_autofree char *heading = g_strdup_printf(_("Stop “%s”?"), name_of(row));

        bh_confirm(window_of(row), heading,
                   _("What is on it cannot be reached until it is started again. Nothing is lost."), _("_Stop"), stop,
                   row);
}

static void action_new_pool(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhArrayRow *row = BH_ARRAY_ROW(widget);

        gtk_window_present(bh_pool_wizard_new(window_of(row), bh_array_row_get_storage(row), path_of(row)));
}

static void action_delete(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhArrayRow *row = BH_ARRAY_ROW(widget);

        bh_plan_window_ask(window_of(row), _("Delete Array"), bh_array_row_get_storage(row), "PlanDelete",
                           g_variant_new("(o)", path_of(row)), NULL);
}

static void forget(gpointer owner) {
        call(owner, "Forget", NULL, NULL);
}

static void action_forget(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhArrayRow *row = BH_ARRAY_ROW(widget);
        g_autofree char *heading = g_strdup_printf(_("Forget “%s”?"), name_of(row));

        bh_confirm(window_of(row), heading, _("The array is expected no more. Nothing on its disks is changed."),
                   _("_Forget"), forget, row);
}

void bh_array_verbs_install(GtkWidgetClass *widget_class) {
        static const struct {
                const char *name;
                GtkWidgetActionActivateFunc activate;
        } verbs[] = {
                {"array.repair", action_repair},
                {"array.add", action_add},
                {"array.remove", action_remove},
                {"array.check", action_check},
                {"array.correct", action_correct},
                {"array.start", action_start},
                {"array.start-degraded", action_start_degraded},
                {"array.stop", action_stop},
                {"array.new-pool", action_new_pool},
                {"array.delete", action_delete},
                {"array.forget", action_forget},
        };

        for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
                gtk_widget_class_install_action(widget_class, verbs[i].name, NULL, verbs[i].activate);
        gtk_widget_class_install_property_action(widget_class, "array.bitmap", "has-bitmap");
}

void bh_array_verbs_update(BhArrayRow *row) {
        BhBusArray *array = bh_array_row_get_array(row);
        const char *level = bh_bus_array_get_level(array), *state = bh_bus_array_get_state(array);
        gboolean may = bh_connection_may_administer(bh_storage_model_get_connection(bh_array_row_get_storage(row)));
        gboolean runs = bh_bus_array_get_running(array), is_absent = g_strcmp0(state, "absent") == 0;
        gboolean is_redundant = g_strcmp0(level, "raid0") != 0 && g_strcmp0(level, "linear") != 0;
        gboolean is_degraded = bh_bus_array_get_degraded(array) > 0,
                 has_pool = g_strcmp0(bh_bus_array_get_pool(array), "/");
        gboolean is_idle = g_strcmp0(bh_bus_array_get_sync_action(array), "idle") == 0;
        const char *bitmap = bh_bus_array_get_bitmap(array);
        const struct {
                const char *name;
                gboolean is_enabled;
        } verbs[] = {
                {"array.repair", runs && is_redundant && g_strcmp0(state, "degraded") == 0},
                {"array.add", runs && is_redundant},
                {"array.remove", runs && is_redundant},
                {"array.check", runs && is_redundant && is_idle && !is_degraded},
                {"array.correct", runs && is_redundant && is_idle && !is_degraded},
                {"array.bitmap", runs && is_redundant && bitmap && *bitmap},
                {"array.start", !runs && !is_absent},
                {"array.start-degraded", !runs && !is_absent && is_redundant},
                {"array.stop", runs},
                {"array.new-pool", runs && !has_pool},
                {"array.delete", !is_absent},
                {"array.forget", is_absent},
        };

        for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
                gtk_widget_action_set_enabled(GTK_WIDGET(row), verbs[i].name, may && verbs[i].is_enabled);
}
