/* SPDX-License-Identifier: MIT */
#include "pool-wizard.h"

#include "accessibility.h"
#include "plan-view.h"
#include "storage-words.h"

#include <glib/gi18n.h>

struct _BhPoolWizard {
        AdwWindow parent_instance;

        BhStorageModel *storage;
        GPtrArray *targets; /* object paths, in the order of the list */
        GtkStringList *target_names;
        GtkStringList *filesystems;

        GtkStack *stack;
        GtkButton *back_button;
        GtkButton *next_button;
        AdwPreferencesPage *form;
        AdwStatusPage *nothing_page;
        AdwComboRow *target_row;
        AdwComboRow *filesystem_row;
        AdwEntryRow *name_row;
        BhPlanView *view;
};

G_DEFINE_FINAL_TYPE(BhPoolWizard, bh_pool_wizard, ADW_TYPE_WINDOW)

static void update(BhPoolWizard *self) {
        gboolean is_plan = g_strcmp0(gtk_stack_get_visible_child_name(self->stack), "plan") == 0;

        gtk_widget_set_visible(GTK_WIDGET(self->next_button), !is_plan && self->targets->len > 0);
        gtk_widget_set_visible(GTK_WIDGET(self->back_button), is_plan && !bh_plan_view_is_applied(self->view));
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "wizard.next",
                                      *gtk_editable_get_text(GTK_EDITABLE(self->name_row)) && self->targets->len > 0);
}

static void action_next(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhPoolWizard *self = BH_POOL_WIZARD(widget);
        guint target = adw_combo_row_get_selected(self->target_row);
        guint filesystem = adw_combo_row_get_selected(self->filesystem_row);
        const char *kind = gtk_string_list_get_string(self->filesystems, filesystem);

        if (target >= self->targets->len || !kind)
                return;
        bh_plan_view_ask(self->view, self->storage, "PlanFormat",
                         g_variant_new("(oss)", self->targets->pdata[target],
                                       gtk_editable_get_text(GTK_EDITABLE(self->name_row)), kind),
                         NULL);
        gtk_stack_set_visible_child_name(self->stack, "plan");
        update(self);
}

static void action_back(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhPoolWizard *self = BH_POOL_WIZARD(widget);

        gtk_stack_set_visible_child_name(self->stack, "form");
        update(self);
}

/* --- What a pool can be made of --------------------------------------------------------------------------------------- */

static void add_target(BhPoolWizard *self, gpointer proxy, const char *text, const char *wanted) {
        const char *path = g_dbus_proxy_get_object_path(proxy);

        g_ptr_array_add(self->targets, g_strdup(path));
        gtk_string_list_append(self->target_names, text);
        if (g_strcmp0(path, wanted) == 0)
                adw_combo_row_set_selected(self->target_row, self->targets->len - 1);
}

static void add_arrays(BhPoolWizard *self, const char *wanted) {
        GListModel *arrays = bh_storage_model_get_arrays(self->storage);

        for (guint i = 0; i < g_list_model_get_n_items(arrays); i++) {
                g_autoptr(BhBusArray) array = g_list_model_get_item(arrays, i);
                g_autofree char *level = bh_words_level(bh_bus_array_get_level(array)),
                                *size = g_format_size(bh_bus_array_get_size(array)), *text = NULL;

                if (!bh_bus_array_get_running(array) || g_strcmp0(bh_bus_array_get_pool(array), "/") != 0)
                        continue;
                text = g_strdup_printf("%s · %s · %s", bh_bus_array_get_name(array), level, size);
                add_target(self, array, text, wanted);
        }
}

static void add_disks(BhPoolWizard *self, const char *wanted) {
        GListModel *disks = bh_storage_model_get_disks(self->storage);

        for (guint i = 0; i < g_list_model_get_n_items(disks); i++) {
                g_autoptr(BhBusDisk) disk = g_list_model_get_item(disks, i);
                g_autofree char *line = bh_words_disk_line(disk), *size = g_format_size(bh_bus_disk_get_size(disk)),
                                *text = g_strdup_printf("%s · %s", line, size);
                const char *usage = bh_bus_disk_get_usage(disk);

                if (bh_bus_disk_get_present(disk) && (g_strcmp0(usage, "free") == 0 || g_strcmp0(usage, "data") == 0))
                        add_target(self, disk, text, wanted);
        }
}

static void add_filesystems(BhPoolWizard *self) {
        BhBusStorage *service = bh_connection_get_storage(bh_storage_model_get_connection(self->storage));
        const char *const *kinds = service ? bh_bus_storage_get_filesystems(service) : NULL;

        for (; kinds && *kinds; kinds++)
                gtk_string_list_append(self->filesystems, *kinds);
}

GtkWindow *bh_pool_wizard_new(GtkWindow *parent, BhStorageModel *storage, const char *target) {
        BhPoolWizard *self = g_object_new(BH_TYPE_POOL_WIZARD, "transient-for", parent, NULL);

        self->storage = g_object_ref(storage);
        add_filesystems(self);
        add_arrays(self, target);
        add_disks(self, target);
        gtk_widget_set_visible(GTK_WIDGET(self->form), self->targets->len > 0);
        gtk_widget_set_visible(GTK_WIDGET(self->nothing_page), self->targets->len == 0);
        update(self);
        return GTK_WINDOW(self);
}

static void bh_pool_wizard_dispose(GObject *object) {
        BhPoolWizard *self = BH_POOL_WIZARD(object);

        g_clear_object(&self->storage);
        g_clear_object(&self->target_names);
        g_clear_object(&self->filesystems);
        G_OBJECT_CLASS(bh_pool_wizard_parent_class)->dispose(object);
}

static void bh_pool_wizard_finalize(GObject *object) {
        g_ptr_array_unref(BH_POOL_WIZARD(object)->targets);
        G_OBJECT_CLASS(bh_pool_wizard_parent_class)->finalize(object);
}

static void bh_pool_wizard_class_init(BhPoolWizardClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_pool_wizard_dispose;
        G_OBJECT_CLASS(klass)->finalize = bh_pool_wizard_finalize;
        g_type_ensure(BH_TYPE_PLAN_VIEW);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/pool-wizard.ui");
        gtk_widget_class_bind_template_child(widget_class, BhPoolWizard, stack);
        gtk_widget_class_bind_template_child(widget_class, BhPoolWizard, back_button);
        gtk_widget_class_bind_template_child(widget_class, BhPoolWizard, next_button);
        gtk_widget_class_bind_template_child(widget_class, BhPoolWizard, form);
        gtk_widget_class_bind_template_child(widget_class, BhPoolWizard, nothing_page);
        gtk_widget_class_bind_template_child(widget_class, BhPoolWizard, target_row);
        gtk_widget_class_bind_template_child(widget_class, BhPoolWizard, filesystem_row);
        gtk_widget_class_bind_template_child(widget_class, BhPoolWizard, name_row);
        gtk_widget_class_bind_template_child(widget_class, BhPoolWizard, view);
        gtk_widget_class_bind_template_callback(widget_class, update);
        gtk_widget_class_install_action(widget_class, "wizard.next", NULL, action_next);
        gtk_widget_class_install_action(widget_class, "wizard.back", NULL, action_back);
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void bh_pool_wizard_init(BhPoolWizard *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
        bh_accessibility_hide_other_pages(self->stack);
        self->targets = g_ptr_array_new_with_free_func(g_free);
        self->target_names = gtk_string_list_new(NULL);
        self->filesystems = gtk_string_list_new(NULL);
        adw_combo_row_set_model(self->target_row, G_LIST_MODEL(self->target_names));
        adw_combo_row_set_model(self->filesystem_row, G_LIST_MODEL(self->filesystems));
}
