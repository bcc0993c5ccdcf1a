/* SPDX-License-Identifier: MIT */
#include "pool-verbs.h"

#include "confirm.h"
#include "name-dialog.h"
#include "plan-window.h"
#include "window.h"

#include <glib/gi18n.h>

static GtkWindow *window_of(BhPoolRow *row) {
        return GTK_WINDOW(bh_window_of(GTK_WIDGET(row)));
}

static const char *name_of(BhPoolRow *row) {
        return bh_bus_pool_get_name(bh_pool_row_get_pool(row));
}

static void on_called(GVariant *reply, const GError *error, gpointer owner) {
        BhWindow *window = bh_window_of(owner);

        if (error && window)
                bh_window_toast_error(window, error);
}

static void call(BhPoolRow *row, const char *method, GVariant *arguments, GVariant *options,
                 BhStorageCallback callback) {
        bh_storage_model_call(bh_pool_row_get_storage(row), bh_pool_row_get_pool(row), method, arguments, options,
                              callback, row);
}

static GVariant *by_force(void) {
        GVariantDict options;

        g_variant_dict_init(&options, NULL);
        g_variant_dict_insert(&options, "force", "b", TRUE);
        return g_variant_dict_end(&options);
}

/* What uses a pool, a line for each; "" nothing. */
static char *list_users(GVariant *reply) {
        g_autoptr(GVariant) users = g_variant_get_child_value(reply, 0);
        g_autoptr(GString) text = g_string_new(NULL);

        for (gsize i = 0; i < g_variant_n_children(users); i++) {
                g_autoptr(GVariant) user = g_variant_get_child_value(users, i);
                const char *line = "";

                g_variant_lookup(user, "text", "&s", &line);
                g_string_append_printf(text, "%s• %s", i > 0 ? "\n" : "", line);
        }
        return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Says what uses it, and asks. */
static void ask(BhPoolRow *row, GVariant *users_reply, const char *heading, const char *text, const char *label,
                void (*plainly)(gpointer), void (*forced)(gpointer)) {
        g_autofree char *users = list_users(users_reply), *body = NULL;

        /* Translators: what would happen, and a list of what uses a pool */
        body = *users ? g_strdup_printf(_("%s\n\nIt is in use, which would end:\n%s"), text, users) : g_strdup(text);
        bh_confirm(window_of(row), heading, body, label, *users ? forced : plainly, row);
}

static void action_mount(GtkWidget *widget, const char *name, GVariant *parameter) {
        call(BH_POOL_ROW(widget), "Mount", NULL, NULL, on_called);
}

static void unmount(gpointer owner) {
        call(owner, "Unmount", NULL, NULL, on_called);
}

static void unmount_by_force(gpointer owner) {
        call(owner, "Unmount", NULL, by_force(), on_called);
}

static void on_users_for_unmount(GVariant *reply, const GError *error, gpointer owner) {
        g_autofree char *heading = g_strdup_printf(_("Unmount “%s”?"), name_of(owner));

        if (error)
                on_called(reply, error, owner);
        else if (bh_window_of(owner))
                ask(owner, reply, heading,
                    _("Its files are not available, also not after a restart, until it is mounted again. Nothing is "
                      "lost."),
                    _("_Unmount"), unmount, unmount_by_force);
}

static void action_unmount(GtkWidget *widget, const char *name, GVariant *parameter) {
        call(BH_POOL_ROW(widget), "GetUsers", NULL, NULL, on_users_for_unmount);
}

static void action_set_default(GtkWidget *widget, const char *name, GVariant *parameter) {
        call(BH_POOL_ROW(widget), "SetDefault", NULL, NULL, on_called);
}

static void on_renamed(const char *name, gpointer owner) {
        call(owner, "Rename", g_variant_new("(s)", name), NULL, on_called);
}

static void action_rename(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhPoolRow *row = BH_POOL_ROW(widget);
        g_autofree char *heading = g_strdup_printf(_("Rename “%s”"), name_of(row));

        bh_name_dialog_ask(window_of(row), heading, _("_Rename"), name_of(row), on_renamed, row);
}

static void action_grow(GtkWidget *widget, const char *name, GVariant *parameter) {
        call(BH_POOL_ROW(widget), "Grow", NULL, NULL, on_called);
}

static void detach(gpointer owner) {
        call(owner, "Detach", NULL, NULL, on_called);
}

static void detach_by_force(gpointer owner) {
        call(owner, "Detach", NULL, by_force(), on_called);
}

static void on_users_for_detach(GVariant *reply, const GError *error, gpointer owner) {
        g_autofree char *heading = g_strdup_printf(_("Detach “%s”?"), name_of(owner));

        if (error)
                on_called(reply, error, owner);
        else if (bh_window_of(owner))
                ask(owner, reply, heading,
                    _("The NAS forgets the pool. Everything in it stays on its disks, and it can be taken in again."),
                    _("_Detach"), detach, detach_by_force);
}

static void action_detach(GtkWidget *widget, const char *name, GVariant *parameter) {
        call(BH_POOL_ROW(widget), "GetUsers", NULL, NULL, on_users_for_detach);
}

static void action_delete(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhPoolRow *row = BH_POOL_ROW(widget);

        bh_plan_window_ask(window_of(row), _("Delete Pool"), bh_pool_row_get_storage(row), "PlanDelete",
                           g_variant_new("(o)", g_dbus_proxy_get_object_path(G_DBUS_PROXY(bh_pool_row_get_pool(row)))),
                           NULL);
}

void bh_pool_verbs_install(GtkWidgetClass *widget_class) {
        gtk_widget_class_install_action(widget_class, "pool.mount", NULL, action_mount);
        gtk_widget_class_install_action(widget_class, "pool.unmount", NULL, action_unmount);
        gtk_widget_class_install_action(widget_class, "pool.set-default", NULL, action_set_default);
        gtk_widget_class_install_action(widget_class, "pool.rename", NULL, action_rename);
        gtk_widget_class_install_action(widget_class, "pool.grow", NULL, action_grow);
        gtk_widget_class_install_action(widget_class, "pool.detach", NULL, action_detach);
        gtk_widget_class_install_action(widget_class, "pool.delete", NULL, action_delete);
}

void bh_pool_verbs_update(BhPoolRow *row) {
        BhBusPool *pool = bh_pool_row_get_pool(row);
        gboolean may = bh_connection_may_administer(bh_storage_model_get_connection(bh_pool_row_get_storage(row)));
        const char *mount_point = bh_bus_pool_get_mount_point(pool);
        gboolean is_mounted = mount_point && *mount_point;
        gboolean is_absent = g_strcmp0(bh_bus_pool_get_state(pool), "absent") == 0;
        const struct {
                const char *name;
                gboolean is_enabled;
        } verbs[] = {
                {"pool.mount", !is_mounted && !is_absent},
                {"pool.unmount", is_mounted},
                {"pool.set-default", !bh_bus_pool_get_is_default(pool)},
                {"pool.rename", !is_absent},
                {"pool.grow", is_mounted},
                {"pool.detach", TRUE},
                {"pool.delete", !is_absent},
        };

        for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
                gtk_widget_action_set_enabled(GTK_WIDGET(row), verbs[i].name, may && verbs[i].is_enabled);
}
