/* SPDX-License-Identifier: MIT */

#include "session.h"

#include <errno.h>
#include <glib.h>

#include "bus/account-view.h"
#include "bus/adapters.h"
#include "bus/call.h"
#include "errors.h"
#include "password.h"
#include "signin.h"

#define INTERFACE "org.baluhost.NAS1.Sessions"

/* Bytes that are read of names that may be anything: what is longer can be none of ours. */
#define NAME_MAX_READ 256
#define TOKEN_MAX 256
#define CLIENT_ADDRESS_MAX 64
#define CLIENT_AGENT_MAX 512

/* Login, Register and Refresh: all three end in tokens and an account ---------------------------------------------------------------------- */

typedef struct SignIn {
        char *username, *email, *password, *refresh_token;
        bool refresh;
        BhTokens tokens; /* result, as the next */
        BhAccount *account;
} SignIn;

static void sign_in_clear(void *data) {
        SignIn *sign_in = data;

        g_free(sign_in->username);
        g_free(sign_in->email);
        bh_secret_free(sign_in->password);
        bh_secret_free(sign_in->refresh_token);
        bh_tokens_clear(&sign_in->tokens);
        bh_account_free(sign_in->account);
}

static int sign_in_reply(BhCall *call, void *data, sd_bus_message *reply) {
        SignIn *sign_in = data;
        int r;

        sd_bus_message_sensitive(reply);
        r = sd_bus_message_append(reply, "sst", sign_in->tokens.access_token, sign_in->tokens.refresh_token,
                                  sign_in->tokens.expires_in);
        if (r < 0)
                return r;
        return bh_account_append(reply, call->service, sign_in->account);
}

static int read_sign_in_options(BhCall *call, bool with_refresh, sd_bus_error *error) {
        SignIn *sign_in = call->data;
        const BhOption options[] = {
                {"client_address", 's', &call->client_address, NULL, CLIENT_ADDRESS_MAX},
                {"client_agent", 's', &call->client_agent, NULL, CLIENT_AGENT_MAX},
                {"refresh", 'b', &sign_in->refresh, NULL, 0},
        };

        return bh_call_read_options(call, options, with_refresh ? 3 : 2, error);
}

static int attempt_prepare(BhCall *call, void *data) {
        return bh_signin_attempt(call->service->signin, &call->caller, ((SignIn *)data)->username, &call->failure);
}

static int login_work(BhCall *call, void *data) {
        SignIn *sign_in = data;

        return bh_signin_login(call->service->signin, &call->caller, sign_in->username, sign_in->password,
                               sign_in->refresh, &call->failure, &sign_in->tokens, &sign_in->account);
}

static const BhMethod login_method = {
        .name = "Sessions.Login",
        .who = BH_WHO_ANYBODY,
        .pool = BH_POOL_PASSWORDS,
        .size = sizeof(SignIn),
        .clear = sign_in_clear,
        .prepare = attempt_prepare,
        .work = login_work,
        .reply = sign_in_reply,
};

static int method_login(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &login_method);
        SignIn *sign_in = call->data;
        int r;

        sd_bus_message_sensitive(m);
        r = bh_options_read_string(m, "username", NAME_MAX_READ, &sign_in->username, error);
        if (r < 0)
                return r;
        r = bh_options_read_string(m, "password", BH_PASSWORD_MAX, &sign_in->password, error);
        if (r < 0)
                return r;
        r = read_sign_in_options(call, true, error);
        if (r < 0)
                return r;
        return bh_call_start(bh_call_steal(&call));
}

static int register_prepare(BhCall *call, void *data) {
        if (!call->service->config.registration)
                return bh_failure_set(&call->failure, -EACCES, "RegistrationClosed", "Registration is closed");
        return bh_signin_attempt(call->service->signin, &call->caller, NULL, &call->failure);
}

static int register_work(BhCall *call, void *data) {
        SignIn *sign_in = data;

        return bh_signin_register(call->service->signin, &call->caller, sign_in->username, sign_in->email,
                                  sign_in->password, sign_in->refresh, &call->failure, &sign_in->tokens,
                                  &sign_in->account);
}

static const BhMethod register_method = {
        .name = "Sessions.Register",
        .who = BH_WHO_ANYBODY,
        .pool = BH_POOL_PASSWORDS,
        .size = sizeof(SignIn),
        .clear = sign_in_clear,
        .prepare = register_prepare,
        .work = register_work,
        .reply = sign_in_reply,
};

static int method_register(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &register_method);
        SignIn *sign_in = call->data;
        int r;

        sd_bus_message_sensitive(m);
        r = bh_options_read_string(m, "username", NAME_MAX_READ, &sign_in->username, error);
        if (r < 0)
                return r;
        r = bh_options_read_string(m, "email", BH_EMAIL_MAX, &sign_in->email, error);
        if (r < 0)
                return r;
        r = bh_options_read_string(m, "password", BH_PASSWORD_MAX, &sign_in->password, error);
        if (r < 0)
                return r;
        r = read_sign_in_options(call, true, error);
        if (r < 0)
                return r;
        return bh_call_start(bh_call_steal(&call));
}

static int refresh_work(BhCall *call, void *data) {
        SignIn *sign_in = data;

        return bh_sessions_refresh(call->service->sessions, &call->caller, sign_in->refresh_token, &sign_in->tokens,
                                   &sign_in->account);
}

static const BhMethod refresh_method = {
        .name = "Sessions.Refresh",
        .who = BH_WHO_ANYBODY,
        .size = sizeof(SignIn),
        .clear = sign_in_clear,
        .work = refresh_work,
        .reply = sign_in_reply,
};

static int method_refresh(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &refresh_method);
        SignIn *sign_in = call->data;
        int r;

        sd_bus_message_sensitive(m);
        r = bh_options_read_string(m, "refresh_token", TOKEN_MAX, &sign_in->refresh_token, error);
        if (r < 0)
                return r;
        r = read_sign_in_options(call, false, error);
        if (r < 0)
                return r;
        return bh_call_start(bh_call_steal(&call));
}

/* Logout(a{sv} options) ------------------------------------------------------------------------------------------------------------------- */

typedef struct Logout {
        char *refresh_token;
} Logout;

static void logout_clear(void *data) {
        bh_secret_free(((Logout *)data)->refresh_token);
}

static int logout_work(BhCall *call, void *data) {
        Logout *logout = data;
        int r;

        if (!call->caller.session_id && !logout->refresh_token)
                return bh_failure_set(&call->failure, -EACCES, "NotAuthenticated", "Not authenticated");
        if (!call->caller.session_id)
                return bh_sessions_end_by_refresh_token(call->service->sessions, &call->caller, logout->refresh_token);
        r = bh_sessions_end(call->service->sessions, &call->caller, call->caller.user_id, call->caller.session_id,
                            "logout");
        return r == -ENOENT ? -EKEYREJECTED : r; /* somebody else ended it meanwhile */
}

static const BhMethod logout_method = {
        .name = "Sessions.Logout",
        .who = BH_WHO_ANYBODY,
        .size = sizeof(Logout),
        .clear = logout_clear,
        .work = logout_work,
};

static int method_logout(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &logout_method);
        const BhOption options[] = {{"refresh_token", 's', &((Logout *)call->data)->refresh_token, NULL, TOKEN_MAX}};

        sd_bus_message_sensitive(m);
        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* WhoAmI(a{sv} options) → a{sv} user ------------------------------------------------------------------------------------------------------ */

typedef struct WhoAmI {
        BhAccount *account;
} WhoAmI;

static void who_am_i_clear(void *data) {
        bh_account_free(((WhoAmI *)data)->account);
}

static int who_am_i_prepare(BhCall *call, void *data) {
        if (call->caller.user_id != 0)
                ((WhoAmI *)data)->account = bh_accounts_get(call->service->accounts, call->caller.user_id);
        return 0;
}

static int who_am_i_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const BhAccount *account = ((WhoAmI *)data)->account;

        return account ? bh_account_append(reply, call->service, account) : bh_caller_append(reply, &call->caller);
}

static const BhMethod who_am_i_method = {
        .name = "Sessions.WhoAmI",
        .who = BH_WHO_PEER,
        .size = sizeof(WhoAmI),
        .clear = who_am_i_clear,
        .prepare = who_am_i_prepare,
        .reply = who_am_i_reply,
};

static int method_who_am_i(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &who_am_i_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* ChangePassword(s current_password, s new_password, a{sv} options) ----------------------------------------------------------------------- */

typedef struct ChangePassword {
        char *current_password, *new_password;
} ChangePassword;

static void change_password_clear(void *data) {
        ChangePassword *change = data;

        bh_secret_free(change->current_password);
        bh_secret_free(change->new_password);
}

static int change_password_prepare(BhCall *call, void *data) {
        return bh_signin_attempt(call->service->signin, &call->caller, call->caller.username, &call->failure);
}

static int change_password_work(BhCall *call, void *data) {
        ChangePassword *change = data;

        return bh_signin_change_password(call->service->signin, &call->caller, change->current_password,
                                         change->new_password, &call->failure);
}

static const BhMethod change_password_method = {
        .name = "Sessions.ChangePassword",
        .who = BH_WHO_ACCOUNT,
        .pool = BH_POOL_PASSWORDS,
        .size = sizeof(ChangePassword),
        .clear = change_password_clear,
        .prepare = change_password_prepare,
        .work = change_password_work,
};

static int method_change_password(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &change_password_method);
        ChangePassword *change = call->data;
        int r;

        sd_bus_message_sensitive(m);
        r = bh_options_read_string(m, "current_password", BH_PASSWORD_MAX, &change->current_password, error);
        if (r < 0)
                return r;
        r = bh_options_read_string(m, "new_password", BH_PASSWORD_MAX, &change->new_password, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* List(a{sv} options) → aa{sv} sessions ---------------------------------------------------------------------------------------------------- */

static int list_reply(BhCall *call, void *data, sd_bus_message *reply) {
        g_autoptr(GPtrArray) list = bh_sessions_list(call->service->sessions, call->caller.user_id);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        if (r < 0)
                return r;
        for (unsigned i = 0; i < list->len; i++) {
                const BhSession *session = list->pdata[i];

                r = sd_bus_message_append(
                        reply, "a{sv}", 7, "session_id", "s", session->id, "created_usec", "x", session->created_usec,
                        "last_used_usec", "x", session->last_used_usec, "expires_usec", "x", session->expires_usec,
                        "client_address", "s", session->client_address, "client_agent", "s", session->client_agent,
                        "is_current", "b", (int)(g_strcmp0(session->id, call->caller.session_id) == 0));
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(reply);
}

static const BhMethod list_method = {.name = "Sessions.List", .who = BH_WHO_ACCOUNT, .reply = list_reply};

static int method_list(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &list_method);

        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* Revoke(s session_id, a{sv} options) ------------------------------------------------------------------------------------------------------ */

typedef struct Revoke {
        char *session_id;
} Revoke;

static void revoke_clear(void *data) {
        g_free(((Revoke *)data)->session_id);
}

static int revoke_work(BhCall *call, void *data) {
        int r;

        r = bh_sessions_end(call->service->sessions, &call->caller, call->caller.user_id, ((Revoke *)data)->session_id,
                            "session-revoke");
        return r == -ENOENT ? bh_failure_set(&call->failure, r, NULL, "You have no such session") : r;
}

static const BhMethod revoke_method = {.name = "Sessions.Revoke",
                                       .who = BH_WHO_ACCOUNT,
                                       .size = sizeof(Revoke),
                                       .clear = revoke_clear,
                                       .work = revoke_work};

static int method_revoke(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &revoke_method);
        int r;

        r = bh_options_read_string(m, "session_id", TOKEN_MAX, &((Revoke *)call->data)->session_id, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Login", SD_BUS_ARGS("s", username, "s", password, "a{sv}", options),
                                SD_BUS_RESULT("s", access_token, "s", refresh_token, "t", expires_in, "a{sv}", user),
                                method_login, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Register", SD_BUS_ARGS("s", username, "s", email, "s", password, "a{sv}", options),
                                SD_BUS_RESULT("s", access_token, "s", refresh_token, "t", expires_in, "a{sv}", user),
                                method_register, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS(
                "Refresh", SD_BUS_ARGS("s", refresh_token, "a{sv}", options),
                SD_BUS_RESULT("s", access_token, "s", new_refresh_token, "t", expires_in, "a{sv}", user),
                method_refresh, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Logout", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT, method_logout,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("WhoAmI", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("a{sv}", user), method_who_am_i,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ChangePassword",
                                SD_BUS_ARGS("s", current_password, "s", new_password, "a{sv}", options),
                                SD_BUS_NO_RESULT, method_change_password, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("List", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("aa{sv}", sessions), method_list,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Revoke", SD_BUS_ARGS("s", session_id, "a{sv}", options), SD_BUS_NO_RESULT,
                                method_revoke, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int bh_bus_sessions_add(BhService *service) {
        return sd_bus_add_object_vtable(service->bus, NULL, BH_ROOT_PATH, INTERFACE, vtable, service);
}
