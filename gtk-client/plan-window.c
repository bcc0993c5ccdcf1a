/* SPDX-License-Identifier: MIT */
#include "plan-window.h"

#include "disk-chooser.h"
#include "plan-view.h"

#include <glib/gi18n.h>

struct _BhPlanWindow {
        AdwWindow parent_instance;

        BhStorageModel *storage;
        BhBusArray *array; /* that is repaired; NULL: it is no repair */
        BhPlanView *view;
};

G_DEFINE_FINAL_TYPE(BhPlanWindow, bh_plan_window, ADW_TYPE_WINDOW)

static BhPlanWindow *present(GtkWindow *parent, const char *title, BhStorageModel *storage) {
        BhPlanWindow *self = g_object_new(BH_TYPE_PLAN_WINDOW, "transient-for", parent, "title", title, NULL);

        self->storage = g_object_ref(storage);
        gtk_window_present(GTK_WINDOW(self));
        return self;
}

void bh_plan_window_ask(GtkWindow *parent, const char *title, BhStorageModel *storage, const char *method,
                        GVariant *arguments, GVariant *options) {
        BhPlanWindow *self = present(parent, title, storage);

        bh_plan_view_ask(self->view, storage, method, arguments, options);
}

static void ask_for_repair(BhPlanWindow *self, const char *disk) {
        GVariantDict options;

        g_variant_dict_init(&options, NULL);
        if (disk)
                g_variant_dict_insert(&options, "disk", "o", disk);
        bh_plan_view_ask(self->view, self->storage, "PlanRepair",
                         g_variant_new("(o)", g_dbus_proxy_get_object_path(G_DBUS_PROXY(self->array))),
                         g_variant_dict_end(&options));
}

void bh_plan_window_repair(GtkWindow *parent, BhStorageModel *storage, BhBusArray *array) {
        BhPlanWindow *self = present(parent, _("Repair Array"), storage);

        self->array = g_object_ref(array);
        bh_plan_view_set_alternative(self->view, _("Choose Another Disk…"), "plan-window.choose-disk");
        ask_for_repair(self, NULL);
}

static void on_disk_chosen(const char *disk, gpointer owner) {
        ask_for_repair(owner, disk);
}

static void action_choose_disk(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhPlanWindow *self = BH_PLAN_WINDOW(widget);

        if (!self->array)
                return;
        bh_disk_chooser_ask(GTK_WINDOW(self), _("Replacement"), _("Which disk takes the place of the one that failed?"),
                            _("_Choose"), self->storage, bh_disk_chooser_is_replacement, self->array, on_disk_chosen,
                            self);
}

static void bh_plan_window_dispose(GObject *object) {
        BhPlanWindow *self = BH_PLAN_WINDOW(object);

        g_clear_object(&self->storage);
        g_clear_object(&self->array);
        G_OBJECT_CLASS(bh_plan_window_parent_class)->dispose(object);
}

static void bh_plan_window_class_init(BhPlanWindowClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_plan_window_dispose;
        g_type_ensure(BH_TYPE_PLAN_VIEW);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/plan-window.ui");
        gtk_widget_class_bind_template_child(widget_class, BhPlanWindow, view);
        gtk_widget_class_install_action(widget_class, "plan-window.choose-disk", NULL, action_choose_disk);
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void bh_plan_window_init(BhPlanWindow *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
}
