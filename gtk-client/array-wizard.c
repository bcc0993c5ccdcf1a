/* SPDX-License-Identifier: MIT */
#include "array-wizard.h"

#include "accessibility.h"
#include "disk-check.h"
#include "level-row.h"
#include "plan-view.h"
#include "storage-words.h"

#include <glib/gi18n.h>

/* The fewest that make an array at all. */
#define MIN_DISKS 2

struct _BhArrayWizard {
        AdwWindow parent_instance;

        BhStorageModel *storage;
        gboolean is_comparing;
        gboolean compares_again; /* the disks are others meanwhile */
        char *level;             /* the one that was chosen; NULL: none yet */

        GtkStack *stack;
        GtkButton *back_button;
        GtkButton *next_button;
        GtkListBox *disks_list;
        GtkLabel *chosen_label;
        GtkSpinButton *spares_spin;
        GtkListBox *levels_list;
        GtkLabel *error_label;
        AdwEntryRow *name_row;
        BhPlanView *view;
};

G_DEFINE_FINAL_TYPE(BhArrayWizard, bh_array_wizard, ADW_TYPE_WINDOW)

/* The chosen disks in the order in which they are shown: the last ones of them are spares. */
static GPtrArray *chosen_disks(BhArrayWizard *self) {
        GPtrArray *paths = g_ptr_array_new();
        GtkListBoxRow *row;

        for (int i = 0; (row = gtk_list_box_get_row_at_index(self->disks_list, i)); i++) {
                if (bh_disk_check_is_active(BH_DISK_CHECK(row)))
                        g_ptr_array_add(paths, (gpointer)bh_disk_check_get_path(BH_DISK_CHECK(row)));
        }
        return paths;
}

static GVariant *paths_to_variant(GPtrArray *paths, guint from, guint to) {
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
        for (guint i = from; i < to; i++)
                g_variant_builder_add(&builder, "o", paths->pdata[i]);
        return g_variant_builder_end(&builder);
}

static gboolean is_page(BhArrayWizard *self, const char *name) {
        return g_strcmp0(gtk_stack_get_visible_child_name(self->stack), name) == 0;
}

static void update(BhArrayWizard *self) {
        g_autoptr(GPtrArray) chosen = chosen_disks(self);
        g_autofree char *count =
                g_strdup_printf(ngettext("%u disk chosen", "%u disks chosen", chosen->len), chosen->len);
        gboolean may_go_on = is_page(self, "disks")
                                     ? chosen->len >= MIN_DISKS
                                     : self->level && *gtk_editable_get_text(GTK_EDITABLE(self->name_row));

        gtk_label_set_text(self->chosen_label, count);
        gtk_widget_set_visible(GTK_WIDGET(self->next_button), !is_page(self, "plan"));
        gtk_widget_set_visible(GTK_WIDGET(self->back_button),
                               !is_page(self, "disks") && !bh_plan_view_is_applied(self->view));
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "wizard.next", may_go_on);
}

/* --- Levels ----------------------------------------------------------------------------------------------------------- */

static void on_level_toggled(BhArrayWizard *self, BhLevelRow *row) {
        if (!bh_level_row_is_active(row))
                return;
        g_free(self->level);
        self->level = g_strdup(bh_level_row_get_level(row));
        update(self);
}

static void show_levels(BhArrayWizard *self, GVariant *levels) {
        BhLevelRow *first = NULL;
        GtkListBoxRow *old;

        while ((old = gtk_list_box_get_row_at_index(self->levels_list, 0)))
                gtk_list_box_remove(self->levels_list, GTK_WIDGET(old));
        for (gsize i = 0; i < g_variant_n_children(levels); i++) {
                g_autoptr(GVariant) level = g_variant_get_child_value(levels, i);
                BhLevelRow *row = BH_LEVEL_ROW(bh_level_row_new(level, first));

                if (!first)
                        first = row;
                g_signal_connect_object(row, "toggled", G_CALLBACK(on_level_toggled), self, G_CONNECT_SWAPPED);
                gtk_list_box_append(self->levels_list, GTK_WIDGET(row));
        }
        gtk_widget_set_visible(GTK_WIDGET(self->levels_list), first != NULL);
}

/* Keeps the choice as long as it is possible; nothing is chosen for the person. */
static void restore_level(BhArrayWizard *self) {
        g_autofree char *before = g_steal_pointer(&self->level);
        GtkListBoxRow *row;

        for (int i = 0; (row = gtk_list_box_get_row_at_index(self->levels_list, i)); i++) {
                if (g_strcmp0(before, bh_level_row_get_level(BH_LEVEL_ROW(row))) == 0 &&
                    bh_level_row_is_possible(BH_LEVEL_ROW(row)))
                        bh_level_row_set_active(BH_LEVEL_ROW(row));
        }
}

static void compare(BhArrayWizard *self);

static void on_compared(GVariant *reply, const GError *error, gpointer owner) {
        BhArrayWizard *self = owner;
        g_autofree char *sentence = error ? bh_bus_error_message(error) : NULL;
        gboolean compares_again = self->compares_again;

        self->is_comparing = self->compares_again = FALSE;
        if (!self->storage)
                return; /* the window is closed */
        if (compares_again) {
                compare(self);
                return;
        }
        gtk_label_set_text(self->error_label, sentence ? sentence : "");
        gtk_widget_set_visible(GTK_WIDGET(self->error_label), sentence != NULL);
        if (reply) {
                g_autoptr(GVariant) levels = g_variant_get_child_value(reply, 0);

                show_levels(self, levels);
                restore_level(self);
        }
        update(self);
}

static void compare(BhArrayWizard *self) {
        g_autoptr(GPtrArray) chosen = chosen_disks(self);
        GVariant *disks = paths_to_variant(chosen, 0, chosen->len);
        guint spares = (guint)gtk_spin_button_get_value_as_int(self->spares_spin);
        GVariantDict options;

        if (self->is_comparing) {
                self->compares_again = TRUE;
                g_variant_unref(g_variant_ref_sink(disks));
                return;
        }
        self->is_comparing = TRUE;
        g_variant_dict_init(&options, NULL);
        g_variant_dict_insert(&options, "spares", "u", spares);
        bh_storage_model_call(self->storage, NULL, "CompareLevels", g_variant_new_tuple(&disks, 1),
                              g_variant_dict_end(&options), on_compared, self);
}

static void on_spares_changed(BhArrayWizard *self) {
        if (is_page(self, "levels"))
                compare(self);
}

/* --- Going on and back ------------------------------------------------------------------------------------------------ */

static void show_page(BhArrayWizard *self, const char *name) {
        gtk_stack_set_visible_child_name(self->stack, name);
        update(self);
}

static void ask_for_plan(BhArrayWizard *self) {
        g_autoptr(GPtrArray) chosen = chosen_disks(self);
        guint spares = (guint)gtk_spin_button_get_value_as_int(self->spares_spin);
        guint members = chosen->len > spares ? chosen->len - spares : 0;
        GVariant *arguments[] = {
                g_variant_new_string(gtk_editable_get_text(GTK_EDITABLE(self->name_row))),
                g_variant_new_string(self->level),
                paths_to_variant(chosen, 0, members),
        };
        GVariantDict options;

        g_variant_dict_init(&options, NULL);
        if (spares > 0)
                g_variant_dict_insert_value(&options, "spares", paths_to_variant(chosen, members, chosen->len));
        bh_plan_view_ask(self->view, self->storage, "PlanArray",
                         g_variant_new_tuple(arguments, G_N_ELEMENTS(arguments)), g_variant_dict_end(&options));
}

static void action_next(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhArrayWizard *self = BH_ARRAY_WIZARD(widget);

        if (is_page(self, "disks")) {
                g_autoptr(GPtrArray) chosen = chosen_disks(self);

                gtk_spin_button_set_range(self->spares_spin, 0, chosen->len - MIN_DISKS);
                show_page(self, "levels");
                compare(self);
        } else {
                ask_for_plan(self);
                show_page(self, "plan");
        }
}

static void action_back(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhArrayWizard *self = BH_ARRAY_WIZARD(widget);

        show_page(self, is_page(self, "plan") ? "levels" : "disks");
}

/* Why a disk cannot be chosen; NULL: it can. The plan has the last word. */
static const char *find_obstacle(BhBusDisk *disk) {
        const char *usage = bh_bus_disk_get_usage(disk), *state = bh_bus_disk_get_state(disk);

        if (!bh_bus_disk_get_present(disk) || g_strcmp0(state, "failed") == 0)
                return _(bh_words_disk_state(state)->word);
        if (g_strcmp0(usage, "free") != 0 && g_strcmp0(usage, "data") != 0)
                return bh_words_usage(usage);
        return NULL;
}

/* "md1", when there is a "md0". */
static char *free_name(BhStorageModel *storage) {
        GListModel *arrays = bh_storage_model_get_arrays(storage);

        for (guint number = 0;; number++) {
                g_autofree char *name = g_strdup_printf("md%u", number);
                gboolean is_taken = FALSE;

                for (guint i = 0; i < g_list_model_get_n_items(arrays); i++) {
                        g_autoptr(BhBusArray) array = g_list_model_get_item(arrays, i);

                        is_taken = is_taken || g_strcmp0(bh_bus_array_get_name(array), name) == 0;
                }
                if (!is_taken)
                        return g_steal_pointer(&name);
        }
}

GtkWindow *bh_array_wizard_new(GtkWindow *parent, BhStorageModel *storage) {
        BhArrayWizard *self = g_object_new(BH_TYPE_ARRAY_WIZARD, "transient-for", parent, NULL);
        GListModel *disks = bh_storage_model_get_disks(storage);
        g_autofree char *name = free_name(storage);

        self->storage = g_object_ref(storage);
        for (guint i = 0; i < g_list_model_get_n_items(disks); i++) {
                g_autoptr(BhBusDisk) disk = g_list_model_get_item(disks, i);
                GtkWidget *row = bh_disk_check_new(disk, NULL, find_obstacle(disk));

                g_signal_connect_object(row, "toggled", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
                gtk_list_box_append(self->disks_list, row);
        }
        gtk_editable_set_text(GTK_EDITABLE(self->name_row), name);
        update(self);
        return GTK_WINDOW(self);
}

static void bh_array_wizard_dispose(GObject *object) {
        g_clear_object(&BH_ARRAY_WIZARD(object)->storage);
        G_OBJECT_CLASS(bh_array_wizard_parent_class)->dispose(object);
}

static void bh_array_wizard_finalize(GObject *object) {
        g_free(BH_ARRAY_WIZARD(object)->level);
        G_OBJECT_CLASS(bh_array_wizard_parent_class)->finalize(object);
}

static void bh_array_wizard_class_init(BhArrayWizardClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_array_wizard_dispose;
        G_OBJECT_CLASS(klass)->finalize = bh_array_wizard_finalize;
        g_type_ensure(BH_TYPE_PLAN_VIEW);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/array-wizard.ui");
        gtk_widget_class_bind_template_child(widget_class, BhArrayWizard, stack);
        gtk_widget_class_bind_template_child(widget_class, BhArrayWizard, back_button);
        gtk_widget_class_bind_template_child(widget_class, BhArrayWizard, next_button);
        gtk_widget_class_bind_template_child(widget_class, BhArrayWizard, disks_list);
        gtk_widget_class_bind_template_child(widget_class, BhArrayWizard, chosen_label);
        gtk_widget_class_bind_template_child(widget_class, BhArrayWizard, spares_spin);
        gtk_widget_class_bind_template_child(widget_class, BhArrayWizard, levels_list);
        gtk_widget_class_bind_template_child(widget_class, BhArrayWizard, error_label);
        gtk_widget_class_bind_template_child(widget_class, BhArrayWizard, name_row);
        gtk_widget_class_bind_template_child(widget_class, BhArrayWizard, view);
        gtk_widget_class_bind_template_callback(widget_class, update);
        gtk_widget_class_bind_template_callback(widget_class, on_spares_changed);
        gtk_widget_class_install_action(widget_class, "wizard.next", NULL, action_next);
        gtk_widget_class_install_action(widget_class, "wizard.back", NULL, action_back);
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void bh_array_wizard_init(BhArrayWizard *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
        bh_accessibility_hide_other_pages(self->stack);
}
