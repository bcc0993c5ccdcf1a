/* SPDX-License-Identifier: MIT */
#pragma once

#include "connection.h"

struct _BhConnection {
        GObject parent_instance;

        GDBusConnection *bus;
        GCancellable *cancellable; /* of finding the service and the caller */
        guint watch_id;
        guint renew_id;
        guint pending_proxies;

        BhConnectionState state;
        char *message;

        BhBusManager *manager; /* with properties: it follows SetupRequired */
        BhBusStorage *storage; /* with properties: whether disks can be shown */
        BhBusSessions *sessions;
        char *refresh_token;
        char *user_name;
        guint64 user_id;
        gboolean is_admin;
        gboolean has_service;
        gboolean as_administrator; /* without an account, by polkit */
        gboolean renewing;
        gboolean setting_up;    /* the first administrator is being made and signed in */
        gboolean start_at_once; /* when the service is absent */

        GMutex lock; /* for what follows: worker threads read it */
        BhBusFiles *files;
        BhBusUsers *users;
        char *access_token;
};

/* In connection.c. READY emits the signal "ready" each time. */
void bh_connection_set_state(BhConnection *self, BhConnectionState state, const char *message);
void bh_connection_set_user(BhConnection *self, guint64 id, const char *name, gboolean is_admin);
/* Takes the description of an account from a{sv}. */
void bh_connection_set_user_from(BhConnection *self, GVariant *user);
/* Asks the service who the caller is, and ends in SETUP, READY or SIGNED_OUT. */
void bh_connection_identify(BhConnection *self);

/* Looks again when the state is no longer what SetupRequired says, unless that is our own doing. */
void bh_connection_check_setup(BhConnection *self);

/* In connection-session.c. */
void bh_connection_set_access_token(BhConnection *self, const char *token);
void bh_connection_forget_session(BhConnection *self);
/* Gets new tokens for the refresh token, of which there must be one. */
void bh_connection_renew(BhConnection *self);
