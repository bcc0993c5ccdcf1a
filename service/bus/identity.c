/* SPDX-License-Identifier: MIT */

#include "bus/identity.h"

#include <glib.h>

#include "account.h"
#include "bus/polkit.h"
#include "session.h"

const char *bh_identity_polkit_action(const BhCall *call) {
        switch (call->method->who) {
        case BH_WHO_FILES:
                return call->method->action ?: BH_POLKIT_FILES;
        case BH_WHO_USERS:
                return BH_POLKIT_USERS;
        case BH_WHO_ADMIN:
                return call->action ?: call->method->action;
        default:
                return NULL;
        }
}

static bool is_bridge(const BhService *service, uid_t uid) {
        return service->config.bridge_uid != BH_UID_NONE && uid == service->config.bridge_uid;
}

/* Whether the peer is the bridge and can be nobody else. */
static bool is_surely_bridge(const BhService *service, uid_t uid) {
        return is_bridge(service, uid) && uid != geteuid();
}

static void become_account(BhCaller *caller, const BhAccount *account) {
        caller->user_id = account->id;
        caller->role = account->role;
        g_strlcpy(caller->owner, account->owner, sizeof caller->owner);
        g_free(caller->username);
        caller->username = g_strdup(account->username);
}

static int settle_token(BhCall *call) {
        _cleanup_(bh_token_info_clear) BhTokenInfo info = {};
        int r;

        r = bh_sessions_check(call->service->sessions, call->token, &info, &call->failure);
        if (r < 0)
                return r;
        become_account(&call->caller, info.account);
        call->caller.session_id = g_steal_pointer(&info.session_id);
        if (!call->caller.client_address)
                call->caller.client_address = g_steal_pointer(&info.client_address);
        if (!call->caller.client_agent)
                call->caller.client_agent = g_steal_pointer(&info.client_agent);
        return 0;
}

static int settle_peer(BhCall *call, const BhPeer *peer) {
        BhAccount *account;

        account = bh_accounts_get_by_uid(call->service->accounts, peer->uid);
        if (account && account->is_active) {
                become_account(&call->caller, account);
                bh_account_free(account);
                return 0;
        }
        if (account && call->method->who != BH_WHO_ANYBODY) {
                bh_account_free(account);
                return bh_failure_set(&call->failure, -EACCES, NULL, "Your account is disabled");
        }
        bh_account_free(account);
        call->caller.username = g_strdup(peer->username);
        call->caller.role = peer->uid == 0 ? BH_ROLE_ADMIN : BH_ROLE_NONE;
        return 0;
}

static BhStanding authorise(BhCall *call, const BhPeer *peer, int *result) {
        BhCaller *caller = &call->caller;

        switch (call->method->who) {
        case BH_WHO_ANYBODY:
        case BH_WHO_PEER:
                return BH_STANDING_SETTLED;
        case BH_WHO_ACCOUNT:
                if (caller->user_id != 0)
                        return BH_STANDING_SETTLED;
                *result = bh_failure_set(&call->failure, -EACCES, "NotLinked",
                                         "The Unix user %s has no BaluHost account", caller->username);
                return BH_STANDING_REFUSED;
        case BH_WHO_FILES:
                /* Without an account only root is an administrator already, and polkit would not say otherwise. */
                return caller->user_id != 0 || peer->uid == 0 ? BH_STANDING_SETTLED : BH_STANDING_POLKIT;
        case BH_WHO_USERS:
        case BH_WHO_ADMIN:
                if (call->self_id != 0 && call->self_id == caller->user_id)
                        return BH_STANDING_SETTLED;
                if (!call->token && peer->uid != 0)
                        return BH_STANDING_POLKIT;
                if (!call->token)
                        caller->role = BH_ROLE_ADMIN; /* whatever the account that root is linked to */
                if (bh_caller_is_admin(caller))
                        return BH_STANDING_SETTLED;
                *result = -EPERM;
                return BH_STANDING_REFUSED;
        }
        g_assert_not_reached();
}

BhStanding bh_identity_settle(BhCall *call, const BhPeer *peer, int *result) {
        BhCaller *caller = &call->caller;

        caller->uid = peer->uid;
        caller->pid = peer->pid;
        caller->unit = g_strdup(peer->unit);
        caller->bus_name = g_strdup(peer->name);
        if (is_bridge(call->service, peer->uid)) {
                caller->client_address = g_steal_pointer(&call->client_address);
                caller->client_agent = g_steal_pointer(&call->client_agent);
        }

        if (call->token)
                *result = settle_token(call);
        else if (!is_surely_bridge(call->service, peer->uid))
                *result = settle_peer(call, peer);
        else if (call->method->who == BH_WHO_ANYBODY)
                *result = 0;
        else
                *result = bh_failure_set(&call->failure, -EACCES, "NotAuthenticated", "Not authenticated");
        if (*result < 0)
                return BH_STANDING_REFUSED;

        return authorise(call, peer, result);
}
