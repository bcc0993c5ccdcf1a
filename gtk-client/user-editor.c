/* SPDX-License-Identifier: MIT */
#include "user-editor.h"

#include "accessibility.h"
#include "account-rules.h"
#include "user-delete-dialog.h"

#include <glib/gi18n.h>
#include <pwd.h>

#define GB 1000000000.0

struct _BhUserEditor {
        AdwWindow parent_instance;

        BhConnection *connection;
        BhUserItem *user; /* NULL: a new one */
        gboolean busy;
        gboolean quota_touched; /* the field rounds: what nobody changed is not sent */

        GtkSpinner *spinner;
        GtkButton *save_button;
        GtkLabel *error_label;
        GtkLabel *problem_label;
        AdwEntryRow *username_row;
        AdwEntryRow *email_row;
        AdwEntryRow *password_row;
        GtkSwitch *admin_switch;
        GtkSwitch *active_switch;
        GtkSpinButton *quota_spin;
        AdwEntryRow *unix_row;
        GtkWidget *delete_group;
};

static guint signal_changed;

G_DEFINE_FINAL_TYPE(BhUserEditor, bh_user_editor, ADW_TYPE_WINDOW)

static const char *text_of(AdwEntryRow *row) {
        return gtk_editable_get_text(GTK_EDITABLE(row));
}

/* The uid of a name or number, -1 for an empty one. FALSE: there is no such user. */
static gboolean parse_unix_user(const char *text, gint64 *uid) {
        struct passwd *entry;
        guint64 number;

        *uid = -1;
        if (!*text)
                return TRUE;
        if (g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32 - 1, &number, NULL)) {
                *uid = (gint64)number;
                return TRUE;
        }
        entry = getpwnam(text);
        if (entry)
                *uid = (gint64)entry->pw_uid;
        return entry != NULL;
}

static char *unix_user_name(gint64 uid) {
        struct passwd *entry = uid >= 0 ? getpwuid((uid_t)uid) : NULL;

        if (entry)
                return g_strdup(entry->pw_name);
        return uid >= 0 ? g_strdup_printf("%" G_GINT64_FORMAT, uid) : g_strdup("");
}

/* Marks a row and says what is wrong; the service has the last word. */
static const char *find_problem(BhUserEditor *self) {
        const char *password = text_of(self->password_row),
                   *problem = *password ? bh_account_password_problem(password) : NULL;
        gint64 uid;

        if (problem)
                return problem;
        if (!parse_unix_user(text_of(self->unix_row), &uid))
                return _("This computer has no such user.");
        return NULL;
}

static void update(BhUserEditor *self) {
        const char *problem = find_problem(self);
        gboolean complete = *text_of(self->username_row) && (self->user || *text_of(self->password_row));

        gtk_label_set_text(self->problem_label, problem ? problem : "");
        gtk_widget_set_visible(GTK_WIDGET(self->problem_label), problem != NULL);
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "editor.save", complete && !problem && !self->busy);
        gtk_widget_action_set_enabled(GTK_WIDGET(self), "editor.delete", !self->busy);
        gtk_spinner_set_spinning(self->spinner, self->busy);
}

static void on_changed(BhUserEditor *self) {
        update(self);
}

static void on_quota_changed(BhUserEditor *self) {
        self->quota_touched = TRUE;
}

static void set_error(BhUserEditor *self, const GError *error) {
        g_autofree char *sentence = error ? bh_bus_error_message(error) : NULL;

        gtk_label_set_text(self->error_label, sentence ? sentence : "");
        gtk_widget_set_visible(GTK_WIDGET(self->error_label), error != NULL);
}

static void set_busy(BhUserEditor *self, gboolean busy) {
        self->busy = busy;
        if (busy)
                set_error(self, NULL);
        update(self);
}

/* The service has answered: close, or say what is wrong. */
static void end(BhUserEditor *self, const GError *error) {
        set_busy(self, FALSE);
        if (error) {
                set_error(self, error);
                bh_connection_note_error(self->connection, error);
                return;
        }
        g_signal_emit(self, signal_changed, 0);
        gtk_window_destroy(GTK_WINDOW(self));
}

static void on_created(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhUserEditor) self = user_data;
        g_autoptr(GVariant) user = NULL;
        g_autoptr(GError) error = NULL;

        bh_bus_users_call_create_finish(BH_BUS_USERS(source), &user, result, &error);
        end(self, error);
}

static void on_updated(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhUserEditor) self = user_data;
        g_autoptr(GVariant) user = NULL;
        g_autoptr(GError) error = NULL;

        bh_bus_users_call_update_finish(BH_BUS_USERS(source), &user, result, &error);
        end(self, error);
}

static void on_deleted(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhUserEditor) self = user_data;
        g_autoptr(GError) error = NULL;

        bh_bus_users_call_delete_finish(BH_BUS_USERS(source), result, &error);
        end(self, error);
}

static guint64 get_quota(BhUserEditor *self) {
        return (guint64)(gtk_spin_button_get_value(self->quota_spin) * GB);
}

static const char *get_role(BhUserEditor *self) {
        return gtk_switch_get_active(self->admin_switch) ? "admin" : "user";
}

static void create(BhUserEditor *self, BhBusUsers *users) {
        GVariant *options;
        gint64 uid;

        parse_unix_user(text_of(self->unix_row), &uid);
        options = bh_connection_options(self->connection, "email", g_variant_new_string(text_of(self->email_row)),
                                        "role", g_variant_new_string(get_role(self)), "quota_bytes",
                                        g_variant_new_uint64(get_quota(self)), "is_active",
                                        g_variant_new_boolean(gtk_switch_get_active(self->active_switch)), "uid",
                                        uid >= 0 ? g_variant_new_int64(uid) : NULL, NULL);
        bh_bus_users_call_create(users, text_of(self->username_row), text_of(self->password_row), options,
                                 BH_CALL_FLAGS, BH_CALL_TIMEOUT, NULL, on_created, g_object_ref(self));
}

/* Only what was changed: two administrators at once do not undo each other's work. */
static GVariant *collect_changes(BhUserEditor *self) {
        GVariantDict changes;
        gint64 uid;

        parse_unix_user(text_of(self->unix_row), &uid);
        g_variant_dict_init(&changes, NULL);
        if (!g_str_equal(text_of(self->username_row), bh_user_item_get_username(self->user)))
                g_variant_dict_insert(&changes, "username", "s", text_of(self->username_row));
        if (!g_str_equal(text_of(self->email_row), bh_user_item_get_email(self->user)))
                g_variant_dict_insert(&changes, "email", "s", text_of(self->email_row));
        if (*text_of(self->password_row))
                g_variant_dict_insert(&changes, "password", "s", text_of(self->password_row));
        if (gtk_switch_get_active(self->admin_switch) != bh_user_item_is_admin(self->user))
                g_variant_dict_insert(&changes, "role", "s", get_role(self));
        if (gtk_switch_get_active(self->active_switch) != bh_user_item_is_active(self->user))
                g_variant_dict_insert(&changes, "is_active", "b", gtk_switch_get_active(self->active_switch));
        if (self->quota_touched)
                g_variant_dict_insert(&changes, "quota_bytes", "t", get_quota(self));
        if (uid != bh_user_item_get_uid(self->user))
                g_variant_dict_insert(&changes, "uid", "x", uid);
        return g_variant_dict_end(&changes);
}

static void action_save(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhUserEditor *self = BH_USER_EDITOR(widget);
        g_autoptr(GError) error = NULL;
        g_autoptr(BhBusUsers) users = bh_connection_dup_users(self->connection, &error);

        if (!users) {
                set_error(self, error);
                return;
        }
        gtk_spin_button_update(self->quota_spin); /* a number that was typed and not yet left */
        set_busy(self, TRUE);
        if (self->user)
                bh_bus_users_call_update(users, bh_user_item_get_id(self->user), collect_changes(self),
                                         bh_connection_options(self->connection, NULL), BH_CALL_FLAGS, BH_CALL_TIMEOUT,
                                         NULL, on_updated, g_object_ref(self));
        else
                create(self, users);
}

static void on_delete_confirmed(gboolean keep_files, gpointer user_data) {
        BhUserEditor *self = user_data;
        g_autoptr(GError) error = NULL;
        g_autoptr(BhBusUsers) users = bh_connection_dup_users(self->connection, &error);

        if (!users) {
                set_error(self, error);
                return;
        }
        set_busy(self, TRUE);
        bh_bus_users_call_delete(users, bh_user_item_get_id(self->user), keep_files ? "keep" : "trash",
                                 bh_connection_options(self->connection, NULL), BH_CALL_FLAGS, BH_CALL_TIMEOUT, NULL,
                                 on_deleted, g_object_ref(self));
}

static void action_delete(GtkWidget *widget, const char *name, GVariant *parameter) {
        BhUserEditor *self = BH_USER_EDITOR(widget);

        bh_user_delete_dialog_ask(GTK_WINDOW(self), self->user, on_delete_confirmed, self);
}

static void fill(BhUserEditor *self) {
        g_autofree char *unix_user = unix_user_name(bh_user_item_get_uid(self->user));

        gtk_editable_set_text(GTK_EDITABLE(self->username_row), bh_user_item_get_username(self->user));
        gtk_editable_set_text(GTK_EDITABLE(self->email_row), bh_user_item_get_email(self->user));
        gtk_editable_set_text(GTK_EDITABLE(self->unix_row), unix_user);
        gtk_switch_set_active(self->admin_switch, bh_user_item_is_admin(self->user));
        gtk_switch_set_active(self->active_switch, bh_user_item_is_active(self->user));
        gtk_spin_button_set_value(self->quota_spin, (double)bh_user_item_get_quota_bytes(self->user) / GB);
        self->quota_touched = FALSE;
        adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self->password_row), _("New Password (empty: unchanged)"));
}

BhUserEditor *bh_user_editor_new(GtkWindow *parent, BhConnection *connection, BhUserItem *user) {
        BhUserEditor *self = g_object_new(BH_TYPE_USER_EDITOR, "transient-for", parent, NULL);

        self->connection = g_object_ref(connection);
        gtk_window_set_title(GTK_WINDOW(self), user ? bh_user_item_get_username(user) : _("New User"));
        gtk_button_set_label(self->save_button, user ? _("Save") : _("Create"));
        gtk_widget_set_visible(self->delete_group, user != NULL);
        if (user) {
                self->user = g_object_ref(user);
                fill(self);
        }
        update(self);
        return self;
}

static void bh_user_editor_dispose(GObject *object) {
        BhUserEditor *self = BH_USER_EDITOR(object);

        g_clear_object(&self->connection);
        g_clear_object(&self->user);
        G_OBJECT_CLASS(bh_user_editor_parent_class)->dispose(object);
}

static void bh_user_editor_class_init(BhUserEditorClass *klass) {
        GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);

        G_OBJECT_CLASS(klass)->dispose = bh_user_editor_dispose;
        signal_changed = g_signal_new("changed", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                      G_TYPE_NONE, 0);
        gtk_widget_class_set_template_from_resource(widget_class, "/org/baluhost/Client/ui/user-editor.ui");
        gtk_widget_class_bind_template_child(widget_class, BhUserEditor, spinner);
        gtk_widget_class_bind_template_child(widget_class, BhUserEditor, save_button);
        gtk_widget_class_bind_template_child(widget_class, BhUserEditor, error_label);
        gtk_widget_class_bind_template_child(widget_class, BhUserEditor, problem_label);
        gtk_widget_class_bind_template_child(widget_class, BhUserEditor, username_row);
        gtk_widget_class_bind_template_child(widget_class, BhUserEditor, email_row);
        gtk_widget_class_bind_template_child(widget_class, BhUserEditor, password_row);
        gtk_widget_class_bind_template_child(widget_class, BhUserEditor, admin_switch);
        gtk_widget_class_bind_template_child(widget_class, BhUserEditor, active_switch);
        gtk_widget_class_bind_template_child(widget_class, BhUserEditor, quota_spin);
        gtk_widget_class_bind_template_child(widget_class, BhUserEditor, unix_row);
        gtk_widget_class_bind_template_child(widget_class, BhUserEditor, delete_group);
        gtk_widget_class_bind_template_callback(widget_class, on_changed);
        gtk_widget_class_bind_template_callback(widget_class, on_quota_changed);
        gtk_widget_class_install_action(widget_class, "editor.save", NULL, action_save);
        gtk_widget_class_install_action(widget_class, "editor.delete", NULL, action_delete);
}

static void bh_user_editor_init(BhUserEditor *self) {
        gtk_widget_init_template(GTK_WIDGET(self));
        bh_accessibility_name_peek_button(ADW_PASSWORD_ENTRY_ROW(self->password_row));
}
