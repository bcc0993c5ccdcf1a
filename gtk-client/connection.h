/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

#include "bus-error.h"
#include "bus-proxies.h"

G_BEGIN_DECLS

/* CONNECTING: finding out; NO_BUS: the system bus cannot be reached; ABSENT: nobody owns the name of the service; STARTING: its start was asked for;
 * SETUP: the service is there and has no administrator yet; SIGNED_OUT: it is there and does not know the caller; READY: calls can be made. */
typedef enum {
        BH_CONNECTION_CONNECTING,
        BH_CONNECTION_NO_BUS,
        BH_CONNECTION_ABSENT,
        BH_CONNECTION_STARTING,
        BH_CONNECTION_SETUP,
        BH_CONNECTION_SIGNED_OUT,
        BH_CONNECTION_READY,
} BhConnectionState;

#define BH_TYPE_CONNECTION_STATE (bh_connection_state_get_type())
GType bh_connection_state_get_type(void);

/* The way to the service, and who one is there. It watches the name of the service on the system bus and finds back after a restart.
 *
 * Properties: "state" (BhConnectionState), "message" (string: why it is not ready, a sentence or NULL), "user-name" (string), "user-id" (uint64, 0: no
 * account), "is-admin" (boolean), "may-administer" (boolean: what only administrators may is worth offering; the service and polkit decide), "signed-in-by-password" (boolean),
 * "has-service" (boolean: the service is there, whoever one is; TRUE again after each start of it).
 * Signal "ready": may call, after a start, a restart, signing in or a renewed session: show everything anew.
 *
 * Main thread, but for the functions that say otherwise. */
#define BH_TYPE_CONNECTION (bh_connection_get_type())
G_DECLARE_FINAL_TYPE(BhConnection, bh_connection, BH, CONNECTION, GObject)

BhConnection *bh_connection_new(void);

/* The same for a command: starts the service when it is absent, and the caller is the user of an access token, or the Unix user for NULL. */
BhConnection *bh_connection_new_for_commands(const char *access_token);

BhConnectionState bh_connection_get_state(BhConnection *self);
const char *bh_connection_get_message(BhConnection *self);
const char *bh_connection_get_user_name(BhConnection *self);
guint64 bh_connection_get_user_id(BhConnection *self);
gboolean bh_connection_is_admin(BhConnection *self);
gboolean bh_connection_may_administer(BhConnection *self);
gboolean bh_connection_is_signed_in_by_password(BhConnection *self);
gboolean bh_connection_has_service(BhConnection *self);

/* Connects to the bus again after NO_BUS. */
void bh_connection_retry(BhConnection *self);

/* Asks the bus to start the service. Ends in another state; on failure in ABSENT with a message. */
void bh_connection_start_service(BhConnection *self);

/* Signs in with a BaluHost account. The tokens stay in memory, and the session is renewed before it expires. */
void bh_connection_sign_in_async(BhConnection *self, const char *name, const char *password, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
gboolean bh_connection_sign_in_finish(BhConnection *self, GAsyncResult *result, GError **error);

/* In the state SETUP: makes the first administrator and signs in. setup_token: the one-time token of the service's journal, "" for root; email: "" for none.
 * The state changes without this, too, when somebody else does it. */
void bh_connection_set_up_async(BhConnection *self, const char *setup_token, const char *name, const char *email,
                                const char *password, GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean bh_connection_set_up_finish(BhConnection *self, GAsyncResult *result, GError **error);

/* Works without an account, as an administrator of this computer; polkit may ask for a password. */
void bh_connection_use_administrator_async(BhConnection *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);
gboolean bh_connection_use_administrator_finish(BhConnection *self, GAsyncResult *result, GError **error);

/* Ends the session and forgets its tokens; then the caller is the Unix user again. */
void bh_connection_sign_out(BhConnection *self);

/* To be told every error of a call: an ended session is renewed, or leads back to signing in. */
void bh_connection_note_error(BhConnection *self, const GError *error);

/* The proxies, NULL unless the service is there. Return a new reference. Any thread. */
BhBusFiles *bh_connection_dup_files(BhConnection *self, GError **error);
BhBusUsers *bh_connection_dup_users(BhConnection *self, GError **error);

/* The ones with properties and signals, NULL unless the service is there. Borrowed, and of this start of the service only. */
BhBusManager *bh_connection_get_manager(BhConnection *self);
BhBusStorage *bh_connection_get_storage(BhConnection *self);

/* The options of a call: who is calling, and pairs of a name (const char *) and a value (GVariant *, a floating one is sunk; NULL: the option
 * is left out), ended by NULL. Returns a floating dictionary. Any thread. */
GVariant *bh_connection_options(BhConnection *self, ...) G_GNUC_NULL_TERMINATED;

/* The same on top of other options (a{sv}; NULL: none; a floating one is sunk). */
GVariant *bh_connection_options_with(BhConnection *self, GVariant *options);

/* How long a call may take in ms, and how it is made: polkit may ask the person in front of the screen. */
#define BH_CALL_TIMEOUT G_MAXINT
#define BH_CALL_FLAGS (G_DBUS_CALL_FLAGS_NO_AUTO_START | G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION)

G_END_DECLS
