/* SPDX-License-Identifier: MIT */
/* Who the caller is by a password or by polkit, and for how long. */
#include "connection-private.h"

#include <glib/gi18n.h>

/* The service renews nothing by itself: ask when three quarters of the token's life are over. */
#define RENEW_AFTER(expires_in) ((guint)CLAMP((expires_in) / 4 * 3, 1, G_MAXUINT / 2))

void bh_connection_set_access_token(BhConnection *self, const char *token) {
        g_mutex_lock(&self->lock);
        g_free(self->access_token);
        self->access_token = g_strdup(token);
        g_mutex_unlock(&self->lock);
}

void bh_connection_forget_session(BhConnection *self) {
        g_clear_handle_id(&self->renew_id, g_source_remove);
        g_clear_pointer(&self->refresh_token, g_free);
        bh_connection_set_access_token(self, NULL);
        self->as_administrator = FALSE;
}

static void on_renewed(GObject *source, GAsyncResult *result, gpointer user_data);

void bh_connection_renew(BhConnection *self) {
        GVariantDict none;

        if (self->renewing || !self->sessions)
                return;
        self->renewing = TRUE;
        g_variant_dict_init(&none, NULL);
        bh_bus_sessions_call_refresh(self->sessions, self->refresh_token, g_variant_dict_end(&none),
                                     G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, self->cancellable, on_renewed,
                                     g_object_ref(self));
}

static gboolean on_renew_due(gpointer user_data) {
        BhConnection *self = user_data;

        self->renew_id = 0;
        bh_connection_renew(self);
        return G_SOURCE_REMOVE;
}

static void keep_session(BhConnection *self, const char *access, const char *refresh, guint64 expires_in) {
        g_clear_handle_id(&self->renew_id, g_source_remove);
        g_free(self->refresh_token);
        self->refresh_token = g_strdup(refresh);
        bh_connection_set_access_token(self, access);
        if (*refresh)
                self->renew_id = g_timeout_add_seconds(RENEW_AFTER(expires_in), on_renew_due, self);
}

static void on_renewed(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhConnection) self = user_data;
        g_autoptr(GError) error = NULL;
        g_autofree char *access = NULL, *refresh = NULL;
        g_autoptr(GVariant) user = NULL;
        guint64 expires_in;

        self->renewing = FALSE;
        if (bh_bus_sessions_call_refresh_finish(BH_BUS_SESSIONS(source), &access, &refresh, &expires_in, &user, result,
                                                &error)) {
                keep_session(self, access, refresh, expires_in);
                bh_connection_set_user_from(self, user);
                if (self->state != BH_CONNECTION_READY)
                        bh_connection_set_state(self, BH_CONNECTION_READY, NULL);
                return;
        }
        if (bh_bus_error_is_disconnect(error) || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                return; /* it is tried again when the service is back */
        bh_connection_forget_session(self);
        bh_connection_set_state(self, BH_CONNECTION_SIGNED_OUT, _("Your session has ended. Sign in again."));
}

void bh_connection_note_error(BhConnection *self, const GError *error) {
        g_return_if_fail(BH_IS_CONNECTION(self));

        if (self->state != BH_CONNECTION_READY)
                return;
        if (bh_bus_error_is(error, BH_BUS_ERROR_NotLinked) || bh_bus_error_is(error, BH_BUS_ERROR_NotAuthenticated)) {
                bh_connection_identify(self);
                return;
        }
        if (!bh_bus_error_is(error, BH_BUS_ERROR_InvalidToken) && !bh_bus_error_is(error, BH_BUS_ERROR_UserGone))
                return;
        if (self->refresh_token && *self->refresh_token) {
                bh_connection_set_state(self, BH_CONNECTION_CONNECTING, NULL);
                bh_connection_renew(self);
                return;
        }
        bh_connection_forget_session(self);
        bh_connection_set_state(self, BH_CONNECTION_SIGNED_OUT, _("Your session has ended. Sign in again."));
}

static void on_signed_in(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(GTask) task = user_data;
        BhConnection *self = g_task_get_source_object(task);
        g_autofree char *access = NULL, *refresh = NULL;
        g_autoptr(GVariant) user = NULL;
        guint64 expires_in;
        GError *error = NULL;

        if (!bh_bus_sessions_call_login_finish(BH_BUS_SESSIONS(source), &access, &refresh, &expires_in, &user, result,
                                               &error)) {
                g_task_return_error(task, error);
                return;
        }
        keep_session(self, access, refresh, expires_in);
        bh_connection_set_user_from(self, user);
        bh_connection_set_state(self, BH_CONNECTION_READY, NULL);
        g_task_return_boolean(task, TRUE);
}

void bh_connection_sign_in_async(BhConnection *self, const char *name, const char *password, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data) {
        g_autoptr(GTask) task = g_task_new(self, cancellable, callback, user_data);
        GVariantDict options;

        g_task_set_source_tag(task, bh_connection_sign_in_async);
        if (!self->sessions) {
                g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                                        _("The NAS service is not running"));
                return;
        }
        g_variant_dict_init(&options, NULL);
        g_variant_dict_insert(&options, "refresh", "b", TRUE);
        bh_bus_sessions_call_login(self->sessions, name, password, g_variant_dict_end(&options),
                                   G_DBUS_CALL_FLAGS_NO_AUTO_START, BH_CALL_TIMEOUT, cancellable, on_signed_in,
                                   g_steal_pointer(&task));
}

gboolean bh_connection_sign_in_finish(BhConnection *self, GAsyncResult *result, GError **error) {
        return g_task_propagate_boolean(G_TASK(result), error);
}

typedef struct {
        char *name;
        char *password;
} FirstAdmin;

static void first_admin_free(gpointer data) {
        FirstAdmin *admin = data;

        g_free(admin->name);
        g_free(admin->password);
        g_free(admin);
}

static void on_first_signed_in(GObject *source, GAsyncResult *result, gpointer user_data) {
        BhConnection *self = BH_CONNECTION(source);
        g_autoptr(GTask) task = user_data;

        self->setting_up = FALSE;
        if (!bh_connection_sign_in_finish(self, result, NULL))
                bh_connection_check_setup(self); /* the account is made all the same: ask for the password */
        g_task_return_boolean(task, TRUE);
}

static void on_set_up(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(GTask) task = user_data;
        BhConnection *self = g_task_get_source_object(task);
        const FirstAdmin *admin = g_task_get_task_data(task);
        GCancellable *cancellable = g_task_get_cancellable(task);
        g_autoptr(GVariant) user = NULL;
        GError *error = NULL;

        if (!bh_bus_users_call_create_first_admin_finish(BH_BUS_USERS(source), &user, result, &error)) {
                self->setting_up = FALSE;
                bh_connection_check_setup(self); /* somebody else may have been faster */
                g_task_return_error(task, error);
                return;
        }
        bh_connection_sign_in_async(self, admin->name, admin->password, cancellable, on_first_signed_in,
                                    g_steal_pointer(&task));
}

void bh_connection_set_up_async(BhConnection *self, const char *setup_token, const char *name, const char *email,
                                const char *password, GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data) {
        g_autoptr(GTask) task = g_task_new(self, cancellable, callback, user_data);
        FirstAdmin *admin = g_new0(FirstAdmin, 1);
        g_autoptr(BhBusUsers) users = NULL;
        GError *error = NULL;

        admin->name = g_strdup(name);
        admin->password = g_strdup(password);
        g_task_set_task_data(task, admin, first_admin_free);
        g_task_set_source_tag(task, bh_connection_set_up_async);
        users = bh_connection_dup_users(self, &error);
        if (!users) {
                g_task_return_error(task, error);
                return;
        }
        self->setting_up = TRUE;
        bh_bus_users_call_create_first_admin(
                users, name, password, setup_token,
                bh_connection_options(self, "email", *email ? g_variant_new_string(email) : NULL, NULL), BH_CALL_FLAGS,
                BH_CALL_TIMEOUT, cancellable, on_set_up, g_steal_pointer(&task));
}

gboolean bh_connection_set_up_finish(BhConnection *self, GAsyncResult *result, GError **error) {
        return g_task_propagate_boolean(G_TASK(result), error);
}

static void on_administrator_checked(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(GTask) task = user_data;
        BhConnection *self = g_task_get_source_object(task);
        g_autoptr(GVariant) usage = NULL;
        GError *error = NULL;

        if (!bh_bus_files_call_get_usage_finish(BH_BUS_FILES(source), &usage, result, &error)) {
                g_task_return_error(task, error);
                return;
        }
        self->as_administrator = TRUE;
        bh_connection_set_user(self, 0, g_get_user_name(), TRUE);
        bh_connection_set_state(self, BH_CONNECTION_READY, NULL);
        g_task_return_boolean(task, TRUE);
}

void bh_connection_use_administrator_async(BhConnection *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data) {
        g_autoptr(GTask) task = g_task_new(self, cancellable, callback, user_data);
        g_autoptr(BhBusFiles) files = NULL;
        GError *error = NULL;

        g_task_set_source_tag(task, bh_connection_use_administrator_async);
        files = bh_connection_dup_files(self, &error);
        if (!files) {
                g_task_return_error(task, error);
                return;
        }
        /* Any call to Files makes the service ask polkit; this one changes nothing. */
        bh_bus_files_call_get_usage(files, bh_connection_options(self, NULL), BH_CALL_FLAGS, BH_CALL_TIMEOUT,
                                    cancellable, on_administrator_checked, g_steal_pointer(&task));
}

gboolean bh_connection_use_administrator_finish(BhConnection *self, GAsyncResult *result, GError **error) {
        return g_task_propagate_boolean(G_TASK(result), error);
}

static void on_signed_out(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhConnection) self = user_data;
        g_autoptr(GError) error = NULL;

        if (!bh_bus_sessions_call_logout_finish(BH_BUS_SESSIONS(source), result, &error))
                g_debug("Ending the session failed, it expires by itself: %s", error->message);
}

void bh_connection_sign_out(BhConnection *self) {
        g_return_if_fail(BH_IS_CONNECTION(self));

        if (self->sessions && bh_connection_is_signed_in_by_password(self))
                bh_bus_sessions_call_logout(self->sessions, bh_connection_options(self, NULL),
                                            G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, on_signed_out,
                                            g_object_ref(self));
        bh_connection_forget_session(self);
        bh_connection_identify(self);
}
