/* SPDX-License-Identifier: MIT */
#include "connection-private.h"

#include <glib/gi18n.h>

G_DEFINE_ENUM_TYPE(BhConnectionState, bh_connection_state, G_DEFINE_ENUM_VALUE(BH_CONNECTION_CONNECTING, "connecting"),
                   G_DEFINE_ENUM_VALUE(BH_CONNECTION_NO_BUS, "no-bus"),
                   G_DEFINE_ENUM_VALUE(BH_CONNECTION_ABSENT, "absent"),
                   G_DEFINE_ENUM_VALUE(BH_CONNECTION_STARTING, "starting"),
                   G_DEFINE_ENUM_VALUE(BH_CONNECTION_SETUP, "setup"),
                   G_DEFINE_ENUM_VALUE(BH_CONNECTION_SIGNED_OUT, "signed-out"),
                   G_DEFINE_ENUM_VALUE(BH_CONNECTION_READY, "ready"))

enum {
        PROP_STATE = 1,
        PROP_MESSAGE,
        PROP_USER_NAME,
        PROP_USER_ID,
        PROP_IS_ADMIN,
        PROP_MAY_ADMINISTER,
        PROP_SIGNED_IN_BY_PASSWORD,
        PROP_HAS_SERVICE,
        N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];
static guint signal_ready;

G_DEFINE_FINAL_TYPE(BhConnection, bh_connection, G_TYPE_OBJECT)

void bh_connection_set_state(BhConnection *self, BhConnectionState state, const char *message) {
        g_autofree char *copy = g_strdup(message);

        g_object_freeze_notify(G_OBJECT(self));
        if (g_strcmp0(self->message, message) != 0) {
                g_free(self->message);
                self->message = g_steal_pointer(&copy);
                g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_MESSAGE]);
        }
        if (self->state != state) {
                self->state = state;
                g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_STATE]);
        }
        g_object_thaw_notify(G_OBJECT(self));
        if (state == BH_CONNECTION_READY)
                g_signal_emit(self, signal_ready, 0);
}

void bh_connection_set_user(BhConnection *self, guint64 id, const char *name, gboolean is_admin) {
        g_free(self->user_name);
        self->user_name = g_strdup(name);
        self->user_id = id;
        self->is_admin = is_admin;
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_USER_NAME]);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_USER_ID]);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_IS_ADMIN]);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_MAY_ADMINISTER]);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_SIGNED_IN_BY_PASSWORD]);
}

/* Takes the description of an account from a{sv}. */
void bh_connection_set_user_from(BhConnection *self, GVariant *user) {
        const char *name = "", *role = "";
        guint64 id = 0;

        g_variant_lookup(user, "id", "t", &id);
        g_variant_lookup(user, "username", "&s", &name);
        g_variant_lookup(user, "role", "&s", &role);
        bh_connection_set_user(self, id, name, g_str_equal(role, "admin"));
}

static void set_has_service(BhConnection *self, gboolean has_service) {
        if (self->has_service == has_service)
                return;
        self->has_service = has_service;
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_HAS_SERVICE]);
}

/* --- Finding the service and oneself ---------------------------------------------------------------------------------- */

static void on_identified(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhConnection) self = user_data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) user = NULL;
        g_autofree char *message = NULL;

        if (!bh_bus_sessions_call_who_am_i_finish(BH_BUS_SESSIONS(source), &user, result, &error)) {
                if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                        return;
                if (bh_bus_error_is(error, BH_BUS_ERROR_InvalidToken) && self->refresh_token && *self->refresh_token) {
                        bh_connection_renew(self);
                        return;
                }
                bh_connection_forget_session(self);
                message = bh_bus_error_message(error);
                bh_connection_set_state(self, BH_CONNECTION_SIGNED_OUT, message);
                return;
        }

        bh_connection_set_user_from(self, user);
        if (self->user_id != 0 || self->is_admin)
                bh_connection_set_state(self, BH_CONNECTION_READY, NULL);
        else
                bh_connection_set_state(self, BH_CONNECTION_SIGNED_OUT, NULL);
}

static void on_administrator_again(GObject *source, GAsyncResult *result, gpointer user_data) {
        BhConnection *self = BH_CONNECTION(source);

        if (!bh_connection_use_administrator_finish(self, result, NULL)) {
                self->as_administrator = FALSE;
                bh_connection_identify(self);
        }
}

void bh_connection_identify(BhConnection *self) {
        if (!self->sessions)
                return;
        if (bh_bus_manager_get_setup_required(self->manager)) {
                bh_connection_set_state(self, BH_CONNECTION_SETUP, NULL);
                return;
        }
        bh_connection_set_state(self, BH_CONNECTION_CONNECTING, NULL);
        if (self->as_administrator) {
                bh_connection_use_administrator_async(self, self->cancellable, on_administrator_again, NULL);
                return;
        }
        bh_bus_sessions_call_who_am_i(self->sessions, bh_connection_options(self, NULL),
                                      G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, self->cancellable, on_identified,
                                      g_object_ref(self));
}

void bh_connection_check_setup(BhConnection *self) {
        if (!self->manager || self->setting_up)
                return;
        if ((self->state == BH_CONNECTION_SETUP) != bh_bus_manager_get_setup_required(self->manager))
                bh_connection_identify(self);
}

static void on_proxy(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhConnection) self = user_data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GObject) proxy = g_async_initable_new_finish(G_ASYNC_INITABLE(source), result, &error);

        if (!proxy) {
                if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                        bh_connection_set_state(self, BH_CONNECTION_ABSENT, error->message);
                return;
        }
        g_mutex_lock(&self->lock);
        if (BH_BUS_IS_SESSIONS(proxy))
                g_set_object(&self->sessions, BH_BUS_SESSIONS(proxy));
        else if (BH_BUS_IS_FILES(proxy))
                g_set_object(&self->files, BH_BUS_FILES(proxy));
        else if (BH_BUS_IS_MANAGER(proxy))
                g_set_object(&self->manager, BH_BUS_MANAGER(proxy));
        else if (BH_BUS_IS_STORAGE(proxy))
                g_set_object(&self->storage, BH_BUS_STORAGE(proxy));
        else
                g_set_object(&self->users, BH_BUS_USERS(proxy));
        g_mutex_unlock(&self->lock);

        if (--self->pending_proxies > 0)
                return;
        g_signal_connect_object(self->manager, "notify::setup-required", G_CALLBACK(bh_connection_check_setup), self,
                                G_CONNECT_SWAPPED);
        set_has_service(self, TRUE);
        bh_connection_identify(self);
}

static void drop_service(BhConnection *self) {
        g_cancellable_cancel(self->cancellable);
        g_clear_object(&self->cancellable);
        self->cancellable = g_cancellable_new();
        self->renewing = FALSE;

        if (self->manager)
                g_signal_handlers_disconnect_by_data(self->manager, self);
        set_has_service(self, FALSE);
        g_mutex_lock(&self->lock);
        g_clear_object(&self->manager);
        g_clear_object(&self->storage);
        g_clear_object(&self->sessions);
        g_clear_object(&self->files);
        g_clear_object(&self->users);
        g_mutex_unlock(&self->lock);
}

static void on_name_appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer user_data) {
        BhConnection *self = user_data;
        const GDBusProxyFlags methods_only =
                G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES | G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS;
        const struct {
                GType type;
                const char *interface_name;
                GDBusProxyFlags flags;
        } proxies[] = {
                {BH_BUS_TYPE_MANAGER_PROXY, "org.baluhost.NAS1.Manager", G_DBUS_PROXY_FLAGS_NONE},
                {BH_BUS_TYPE_STORAGE_PROXY, "org.baluhost.NAS1.Storage", G_DBUS_PROXY_FLAGS_NONE},
                {BH_BUS_TYPE_SESSIONS_PROXY, "org.baluhost.NAS1.Sessions", methods_only},
                {BH_BUS_TYPE_FILES_PROXY, "org.baluhost.NAS1.Files", methods_only},
                {BH_BUS_TYPE_USERS_PROXY, "org.baluhost.NAS1.Users", methods_only},
        };

        drop_service(self);
        bh_connection_set_state(self, BH_CONNECTION_CONNECTING, NULL);
        self->pending_proxies = G_N_ELEMENTS(proxies);
        for (guint i = 0; i < G_N_ELEMENTS(proxies); i++)
                /* Bound to this owner of the name: after a restart nothing of the old one is used by mistake. */
                g_async_initable_new_async(proxies[i].type, G_PRIORITY_DEFAULT, self->cancellable, on_proxy,
                                           g_object_ref(self), "g-connection", bus, "g-name", owner, "g-object-path",
                                           BH_ROOT_PATH, "g-interface-name", proxies[i].interface_name, "g-flags",
                                           proxies[i].flags, NULL);
}

static void on_started(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhConnection) self = user_data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

        if (reply || self->state != BH_CONNECTION_STARTING)
                return; /* the watch tells of the service */
        g_dbus_error_strip_remote_error(error);
        bh_connection_set_state(self, BH_CONNECTION_ABSENT, error->message);
}

static void start(BhConnection *self) {
        bh_connection_set_state(self, BH_CONNECTION_STARTING, NULL);
        g_dbus_connection_call(self->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                               "StartServiceByName", g_variant_new("(su)", BH_BUS_NAME, 0), G_VARIANT_TYPE("(u)"),
                               G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, -1, self->cancellable, on_started,
                               g_object_ref(self));
}

void bh_connection_start_service(BhConnection *self) {
        g_return_if_fail(BH_IS_CONNECTION(self));

        if (self->state == BH_CONNECTION_ABSENT && self->bus)
                start(self);
}

static void on_name_vanished(GDBusConnection *bus, const char *name, gpointer user_data) {
        BhConnection *self = user_data;

        drop_service(self);
        if (!bus || g_dbus_connection_is_closed(bus)) {
                g_clear_object(&self->bus);
                bh_connection_set_state(self, BH_CONNECTION_NO_BUS, _("The connection to the system bus was lost."));
        } else if (self->state != BH_CONNECTION_STARTING) {
                if (!self->start_at_once)
                        bh_connection_set_state(self, BH_CONNECTION_ABSENT, NULL);
                else
                        start(self);
                self->start_at_once = FALSE;
        }
}

static void on_bus(GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr(BhConnection) self = user_data;
        g_autoptr(GError) error = NULL;

        self->bus = g_bus_get_finish(result, &error);
        if (!self->bus) {
                if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
                        bh_connection_set_state(self, BH_CONNECTION_NO_BUS, error->message);
                return;
        }
        g_dbus_connection_set_exit_on_close(self->bus, FALSE);
        self->watch_id = g_bus_watch_name_on_connection(self->bus, BH_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                        on_name_appeared, on_name_vanished, self, NULL);
}

static void connect_to_bus(BhConnection *self) {
        g_clear_handle_id(&self->watch_id, g_bus_unwatch_name);
        g_clear_object(&self->bus);
        bh_connection_set_state(self, BH_CONNECTION_CONNECTING, NULL);
        g_bus_get(G_BUS_TYPE_SYSTEM, self->cancellable, on_bus, g_object_ref(self));
}

void bh_connection_retry(BhConnection *self) {
        g_return_if_fail(BH_IS_CONNECTION(self));

        if (self->state == BH_CONNECTION_NO_BUS)
                connect_to_bus(self);
}

/* --- What callers need ------------------------------------------------------------------------------------------------ */

static gpointer dup_proxy(BhConnection *self, gpointer *proxy, GError **error) {
        gpointer copy;

        g_mutex_lock(&self->lock);
        copy = *proxy ? g_object_ref(*proxy) : NULL;
        g_mutex_unlock(&self->lock);
        if (!copy)
                g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, _("The NAS service is not running"));
        return copy;
}

BhBusFiles *bh_connection_dup_files(BhConnection *self, GError **error) {
        return dup_proxy(self, (gpointer *)&self->files, error);
}

BhBusUsers *bh_connection_dup_users(BhConnection *self, GError **error) {
        return dup_proxy(self, (gpointer *)&self->users, error);
}

BhBusManager *bh_connection_get_manager(BhConnection *self) {
        return self->has_service ? self->manager : NULL;
}

BhBusStorage *bh_connection_get_storage(BhConnection *self) {
        return self->has_service ? self->storage : NULL;
}

/* Adds who is calling. */
static GVariant *end_options(BhConnection *self, GVariantDict *options) {
        g_mutex_lock(&self->lock);
        if (self->access_token)
                g_variant_dict_insert(options, "auth.token", "s", self->access_token);
        g_mutex_unlock(&self->lock);
        return g_variant_dict_end(options);
}

GVariant *bh_connection_options(BhConnection *self, ...) {
        GVariantDict options;
        const char *name;
        va_list pairs;

        g_variant_dict_init(&options, NULL);
        va_start(pairs, self);
        while ((name = va_arg(pairs, const char *))) {
                GVariant *value = va_arg(pairs, GVariant *);

                if (value)
                        g_variant_dict_insert_value(&options, name, value);
        }
        va_end(pairs);
        return end_options(self, &options);
}

GVariant *bh_connection_options_with(BhConnection *self, GVariant *options) {
        g_autoptr(GVariant) sunk = options ? g_variant_ref_sink(options) : NULL;
        GVariantDict more;

        g_variant_dict_init(&more, sunk);
        return end_options(self, &more);
}

BhConnectionState bh_connection_get_state(BhConnection *self) {
        return self->state;
}

const char *bh_connection_get_message(BhConnection *self) {
        return self->message;
}

const char *bh_connection_get_user_name(BhConnection *self) {
        return self->user_name;
}

guint64 bh_connection_get_user_id(BhConnection *self) {
        return self->user_id;
}

gboolean bh_connection_is_admin(BhConnection *self) {
        return self->is_admin;
}

gboolean bh_connection_may_administer(BhConnection *self) {
        return self->is_admin ||
               !self->access_token; /* a Unix user may get it from polkit, an account's token may not */
}

gboolean bh_connection_is_signed_in_by_password(BhConnection *self) {
        return self->access_token != NULL;
}

gboolean bh_connection_has_service(BhConnection *self) {
        return self->has_service;
}

static void bh_connection_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
        BhConnection *self = BH_CONNECTION(object);

        switch (id) {
        case PROP_STATE:
                g_value_set_enum(value, self->state);
                break;
        case PROP_MESSAGE:
                g_value_set_string(value, self->message);
                break;
        case PROP_USER_NAME:
                g_value_set_string(value, self->user_name);
                break;
        case PROP_USER_ID:
                g_value_set_uint64(value, self->user_id);
                break;
        case PROP_IS_ADMIN:
                g_value_set_boolean(value, self->is_admin);
                break;
        case PROP_MAY_ADMINISTER:
                g_value_set_boolean(value, bh_connection_may_administer(self));
                break;
        case PROP_SIGNED_IN_BY_PASSWORD:
                g_value_set_boolean(value, bh_connection_is_signed_in_by_password(self));
                break;
        case PROP_HAS_SERVICE:
                g_value_set_boolean(value, self->has_service);
                break;
        default:
                G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        }
}

static void bh_connection_dispose(GObject *object) {
        BhConnection *self = BH_CONNECTION(object);

        g_clear_handle_id(&self->watch_id, g_bus_unwatch_name);
        g_clear_handle_id(&self->renew_id, g_source_remove);
        if (self->cancellable)
                g_cancellable_cancel(self->cancellable);
        g_clear_object(&self->cancellable);
        g_clear_object(&self->manager);
        g_clear_object(&self->storage);
        g_clear_object(&self->sessions);
        g_clear_object(&self->files);
        g_clear_object(&self->users);
        g_clear_object(&self->bus);
        G_OBJECT_CLASS(bh_connection_parent_class)->dispose(object);
}

static void bh_connection_finalize(GObject *object) {
        BhConnection *self = BH_CONNECTION(object);

        g_free(self->message);
        g_free(self->refresh_token);
        g_free(self->access_token);
        g_free(self->user_name);
        g_mutex_clear(&self->lock);
        G_OBJECT_CLASS(bh_connection_parent_class)->finalize(object);
}

static void bh_connection_constructed(GObject *object) {
        G_OBJECT_CLASS(bh_connection_parent_class)->constructed(object);
        connect_to_bus(BH_CONNECTION(object));
}

static void bh_connection_class_init(BhConnectionClass *klass) {
        GObjectClass *object_class = G_OBJECT_CLASS(klass);
        const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

        object_class->constructed = bh_connection_constructed;
        object_class->dispose = bh_connection_dispose;
        object_class->finalize = bh_connection_finalize;
        object_class->get_property = bh_connection_get_property;

        properties[PROP_STATE] =
                g_param_spec_enum("state", NULL, NULL, BH_TYPE_CONNECTION_STATE, BH_CONNECTION_CONNECTING, flags);
        properties[PROP_MESSAGE] = g_param_spec_string("message", NULL, NULL, NULL, flags);
        properties[PROP_USER_NAME] = g_param_spec_string("user-name", NULL, NULL, NULL, flags);
        properties[PROP_USER_ID] = g_param_spec_uint64("user-id", NULL, NULL, 0, G_MAXUINT64, 0, flags);
        properties[PROP_IS_ADMIN] = g_param_spec_boolean("is-admin", NULL, NULL, FALSE, flags);
        properties[PROP_MAY_ADMINISTER] = g_param_spec_boolean("may-administer", NULL, NULL, FALSE, flags);
        properties[PROP_SIGNED_IN_BY_PASSWORD] =
                g_param_spec_boolean("signed-in-by-password", NULL, NULL, FALSE, flags);
        properties[PROP_HAS_SERVICE] = g_param_spec_boolean("has-service", NULL, NULL, FALSE, flags);
        g_object_class_install_properties(object_class, N_PROPERTIES, properties);

        signal_ready =
                g_signal_new("ready", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
        bh_bus_error_quark();
}

static void bh_connection_init(BhConnection *self) {
        g_mutex_init(&self->lock);
        self->cancellable = g_cancellable_new();
}

BhConnection *bh_connection_new(void) {
        return g_object_new(BH_TYPE_CONNECTION, NULL);
}

BhConnection *bh_connection_new_for_commands(const char *access_token) {
        BhConnection *self = bh_connection_new();

        self->start_at_once = TRUE;
        bh_connection_set_access_token(self, access_token);
        return self;
}
