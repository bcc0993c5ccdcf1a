/* SPDX-License-Identifier: MIT */
#include "storage-page.h"

#include "accessibility.h"
#include "alert-banner.h"
#include "alert-row.h"
#include "array-row.h"
#include "array-wizard.h"
#include "disk-card.h"
#include "disk-sheet.h"
#include "job-row.h"
#include "pool-row.h"
#include "pool-wizard.h"
#include "what-if.h"
#include "window.h"

#include <glib/gi18n.h>

struct _BhStoragePage {
        GtkWidget parent_instance;

        BhStorageModel *storage;
        gboolean folded;
        gboolean what_if; /* the bays are for choosing which disks would die */

        GtkBox *box;
        AdwWindowTitle *title;
        GtkMenuButton *add_button;
        GtkStack *stack;
        AdwStatusPage *problem_page;
        GtkBox *alerts_box;
        GtkListBox *alerts_list;
        GtkBox *jobs_box;
        GtkListBox *jobs_list;
        GtkFlowBox *bays;
        BhWhatIf *what_if_view;
        GtkListBox *arrays_list;
        GtkLabel *no_arrays_label;
        GtkListBox *pools_list;
        GtkLabel *no_pools_label;
};

enum { PROP_FOLDED = 1, PROP_WHAT_IF, N_PROPERTIES };

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE(BhStoragePage, bh_storage_page, GTK_TYPE_WIDGET)

/* --- What is shown ---------------------------------------------------------------------------------------------------- */

static guint count(GListModel *model) {
        return g_list_model_get_n_items(model);
}

static gboolean has_running_jobs(BhStoragePage *self) {
        GListModel *jobs = bh_storage_model_get_jobs(self->storage);

        for (guint i = 0; i < count(jobs); i++) {
                g_autoptr(BhBusJob) job = g_list_model_get_item(jobs, i);

                if (g_strcmp0(bh_bus_job_get_state(job), "running") == 0)
                        return TRUE;
        }
        return FALSE;
}

/* "8 disks, 1 array, 1 pool" */
static void update_subtitle(BhStoragePage *self, gboolean is_shown) {
        guint n_disks = count(bh_storage_model_get_disks(self->storage)),
              n_arrays = count(bh_storage_model_get_arrays(self->storage)),
              n_pools = count(bh_storage_model_get_pools(self->storage));
        g_autofree char *disks = g_strdup_printf(ngettext("%u disk", "%u disks", n_disks), n_disks),
                        *arrays = g_strdup_printf(ngettext("%u array", "%u arrays", n_arrays), n_arrays),
                        *pools = g_strdup_printf(ngettext("%u pool", "%u pools", n_pools), n_pools),
                        *all = g_strdup_printf("%s, %s, %s", disks, arrays, pools);

        adw_window_title_set_subtitle(self->title, is_shown ? all : "");
}

static void update(BhStoragePage *self) {
        gboolean is_loaded = bh_storage_model_is_loaded(self->storage),
                 is_available = bh_storage_model_is_available(self->storage);
        gboolean may = bh_connection_may_administer(bh_storage_model_get_connection(self->storage));
        gboolean has_arrays = count(bh_storage_model_get_arrays(self->storage)) > 0,
                 has_pools = count(bh_storage_model_get_pools(self->storage)) > 0;
        const char *problem = bh_storage_model_get_problem(self->storage);
        g_autofree char *markup = g_markup_escape_text(problem, -1);

        adw_status_page_set_description(self->problem_page, markup);
        gtk_stack_set_visible_child_name(self->stack, !is_loaded ? "loading" : is_available ? "storage" : "problem");
        update_subtitle(self, is_loaded && is_available);
        gtk_widget_set_visible(GTK_WIDGET(self->add_button), may && is_available);
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "storage.new-array", may && is_available);
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "storage.new-pool", may && is_available);

        gtk_widget_set_visible(GTK_WIDGET(self->alerts_box), count(bh_storage_model_get_alerts(self->storage)) > 0);
        gtk_widget_set_visible(GTK_WIDGET(self->jobs_box), has_running_jobs(self));
        gtk_widget_set_visible(GTK_WIDGET(self->arrays_list), has_arrays);
        gtk_widget_set_visible(GTK_WIDGET(self->no_arrays_label), !has_arrays);
        gtk_widget_set_visible(GTK_WIDGET(self->pools_list), has_pools);
        gtk_widget_set_visible(GTK_WIDGET(self->no_pools_label), !has_pools);
}

static void on_jobs_changed(BhStoragePage *self, guint position, guint removed, guint added, GListModel *jobs) {
        for (guint i = position; i < position + added; i++) {
                g_autoptr(BhBusJob) job = g_list_model_get_item(jobs, i);

                g_signal_connect_object(job, "notify::state", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
        }
        update(self);
}

/* --- What if a disk dies? --------------------------------------------------------------------------------------------- */

static BhDiskCard *card_at(BhStoragePage *self, int index) {
        return BH_DISK_CARD(gtk_flow_box_get_child_at_index(self->bays, index));
}

static void show_effects(BhStoragePage *self) {
        g_autoptr(GPtrArray) dead = g_ptr_array_new();

        for (int i = 0; gtk_flow_box_get_child_at_index(self->bays, i); i++) {
                if (bh_disk_card_is_dead(card_at(self, i)))
                        g_ptr_array_add(dead, (gpointer)g_dbus_proxy_get_object_path(
                                                      G_DBUS_PROXY(bh_disk_card_get_disk(card_at(self, i)))));
        }
        g_ptr_array_add(dead, NULL);
        bh_what_if_show(self->what_if_view, self->storage, (const char *const *)dead->pdata);
}

static void set_what_if(BhStoragePage *self, gboolean what_if) {
        if (self->what_if == what_if)
                return;
        self->what_if = what_if;
        for (int i = 0; gtk_flow_box_get_child_at_index(self->bays, i); i++)
                bh_disk_card_set_dead(card_at(self, i), FALSE);
        gtk_widget_set_visible(GTK_WIDGET(self->what_if_view), what_if);
        if (what_if)
                show_effects(self);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_WHAT_IF]);
}

/* What would come of it has changed, too, when something really happens. */
static void on_storage_changed(BhStoragePage *self) {
        update(self);
        if (self->what_if)
                show_effects(self);
}

static void on_bay_activated(BhStoragePage *self, BhDiskCard *card) {
        if (self->what_if) {
                bh_disk_card_set_dead(card, !bh_disk_card_is_dead(card));
                show_effects(self);
                return;
        }
        gtk_window_present(bh_disk_sheet_new(GTK_WINDOW(bh_window_of(GTK_WIDGET(self))), self->storage,
                                             bh_disk_card_get_disk(card)));
}

/* The arrow keys. GtkFlowBox moves from where it was clicked last, and not at all before that; this moves from where the keyboard is. */
static gboolean on_bay_moved(GtkFlowBox *bays, GtkMovementStep step, int n, gboolean extend, gboolean modify) {
        gboolean is_line = step == GTK_MOVEMENT_DISPLAY_LINES;

        if (!is_line && step != GTK_MOVEMENT_VISUAL_POSITIONS)
                return FALSE;
        g_signal_stop_emission_by_name(bays, "move-cursor");
        if (gtk_widget_get_direction(GTK_WIDGET(bays)) == GTK_TEXT_DIR_RTL && !is_line)
                n = -n;
        if (n < 0)
                return gtk_widget_child_focus(GTK_WIDGET(bays), is_line ? GTK_DIR_UP : GTK_DIR_LEFT);
        return gtk_widget_child_focus(GTK_WIDGET(bays), is_line ? GTK_DIR_DOWN : GTK_DIR_RIGHT);
}

/* --- Commands --------------------------------------------------------------------------------------------------------- */

static void action_new_array(GtkWidget *widget, const char *name, GVariant *parameter) {
        gtk_window_present(bh_array_wizard_new(GTK_WINDOW(bh_window_of(widget)), BH_STORAGE_PAGE(widget)->storage));
}

static void action_new_pool(GtkWidget *widget, const char *name, GVariant *parameter) {
        gtk_window_present(
                bh_pool_wizard_new(GTK_WINDOW(bh_window_of(widget)), BH_STORAGE_PAGE(widget)->storage, NULL));
}

static GtkWidget *create_card(gpointer item, gpointer user_data) {
        return bh_disk_card_new(item);
}

static GtkWidget *create_array(gpointer item, gpointer user_data) {
        return bh_array_row_new(user_data, item);
}

static GtkWidget *create_pool(gpointer item, gpointer user_data) {
        return bh_pool_row_new(user_data, item);
}

static GtkWidget *create_job(gpointer item, gpointer user_data) {
        return bh_job_row_new(user_data, item);
}

static GtkWidget *create_alert(gpointer item, gpointer user_data) {
        return bh_alert_row_new(user_data, item);
}

void bh_storage_page_set_storage(BhStoragePage *self, BhStorageModel *storage) {
        g_return_if_fail(BH_IS_STORAGE_PAGE(self) && !self->storage);

        self->storage = g_object_ref(storage);
        gtk_flow_box_bind_model(self->bays, bh_storage_model_get_disks(storage), create_card, NULL, NULL);
        gtk_list_box_bind_model(self->arrays_list, bh_storage_model_get_arrays(storage), create_array, storage, NULL);
        gtk_list_box_bind_model(self->pools_list, bh_storage_model_get_pools(storage), create_pool, storage, NULL);
        gtk_list_box_bind_model(self->jobs_list, bh_storage_model_get_jobs(storage), create_job, storage, NULL);
        gtk_list_box_bind_model(self->alerts_list, bh_storage_model_get_alerts(storage), create_alert, storage, NULL);
        g_signal_connect_object(bh_storage_model_get_jobs(storage), "items-changed", G_CALLBACK(on_jobs_changed), self,
                                G_CONNECT_SWAPPED);
        g_signal_connect_object(storage, "changed", G_CALLBACK(on_storage_changed), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(storage, "notify", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(bh_storage_model_get_connection(storage), "notify::may-administer", G_CALLBACK(update),
                                self, G_CONNECT_SWAPPED);
        on_jobs_changed(self, 0, 0, count(bh_storage_model_get_jobs(storage)), bh_storage_model_get_jobs(storage));
}

static gboolean bh_storage_page_grab_focus(GtkWidget *widget) {
        GtkFlowBoxChild *first = gtk_flow_box_get_child_at_index(BH_STORAGE_PAGE(widget)->bays, 0);

        return first && gtk_widget_grab_focus(GTK_WIDGET(first));
}

static void bh_storage_page_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        if (id == PROP_FOLDED)
                g_value_set_boolean(value, BH_STORAGE_PAGE(object)->folded);
        else if (id == PROP_WHAT_IF)
                g_value_set_boolean(value, BH_STORAGE_PAGE(object)->what_if);
        else
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void bh_storage_page_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec) {
        if (id == PROP_FOLDED)
                BH_STORAGE_PAGE(object)->folded = g_value_get_boolean(value);
        else if (id == PROP_WHAT_IF)
                set_what_if(BH_STORAGE_PAGE(object), g_value_get_boolean(value));
        else
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void bh_storage_page_dispose(GObject *object) {
        BhStoragePage *self = BH_STORAGE_PAGE(object);

        if (self->storage)
                g_signal_handlers_disconnect_by_data(self->storage, self);
        g_clear_pointer((GtkWidget **)&self->box, gtk_widget_unparent);
        g_clear_object(&self->storage);
        G_OBJECT_CLASS(bh_storage_page_parent_class)->dispose(object);
}

static void bh_storage_page_class_init(BhStoragePageClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
        const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

        widget_class->grab_focus = bh_storage_page_grab_focus;
        object_class->dispose = bh_storage_page_dispose;
        object_class->get_property = bh_storage_page_get_property;
        object_class->set_property = bh_storage_page_set_property;
        properties[PROP_FOLDED] = g_param_spec_boolean("folded", NULL, NULL, FALSE, flags);
        properties[PROP_WHAT_IF] = g_param_spec_boolean("what-if", NULL, NULL, FALSE, flags | G_PARAM_EXPLICIT_NOTIFY);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);

        g_type_ensure(BH_TYPE_ALERT_BANNER);
        g_type_ensure(BH_TYPE_WHAT_IF);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/storage-page.ui");
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, box);
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, title);
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, add_button);
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, stack);
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, problem_page);
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, alerts_box);
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, alerts_list);
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, jobs_box);
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, jobs_list);
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, bays);
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, what_if_view);
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, arrays_list);
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, no_arrays_label);
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, pools_list);
        gtk_widget_class_bind_template_child(widget_class, BhStoragePage, no_pools_label);
        gtk_widget_class_bind_template_callback(widget_class, on_bay_activated);
        gtk_widget_class_bind_template_callback(widget_class, on_bay_moved);
        gtk_widget_class_install_action(widget_class, "storage.new-array", NULL, action_new_array);
        gtk_widget_class_install_action(widget_class, "storage.new-pool", NULL, action_new_pool);
        gtk_widget_class_install_property_action(widget_class, "storage.what-if", "what-if");
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_n, GDK_CONTROL_MASK, "storage.new-array", NULL);
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_n, GDK_CONTROL_MASK | GDK_SHIFT_MASK,
                                            "storage.new-pool", NULL);
        gtk_widget_class_add_binding_action(widget_class, GDK_KEY_d, GDK_CONTROL_MASK, "storage.what-if", NULL);
}

static void bh_storage_page_init(BhStoragePage *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
        bh_accessibility_hide_other_pages(self->stack);
}
