/* SPDX-License-Identifier: MIT */

#include "user.h"

#include <errno.h>
#include <glib.h>

#include "audit.h"
#include "bus/account-view.h"
#include "bus/adapters.h"
#include "bus/call.h"
#include "bus/user-list.h"
#include "errors.h"
#include "setup.h"
#include "signin.h"

#define INTERFACE "org.baluhost.NAS1.Users"

/* Bytes that are read of what has a shorter limit of its own, so that the domain can say what is wrong with it. */
#define TEXT_MAX 1024

/* Methods that end in one account ---------------------------------------------------------------------------------------------------------- */

typedef struct Edit {
        uint64_t user_id;
        char *username, *email, *password, *role, *setup_token, *files;
        bool has_role, has_is_active, has_quota_bytes, has_uid;
        bool is_active;
        uint64_t quota_bytes;
        int64_t uid;
        BhAccount *account; /* result */
} Edit;

static void edit_clear(void *data) {
        Edit *edit = data;

        g_free(edit->username);
        g_free(edit->email);
        bh_secret_free(edit->password);
        g_free(edit->role);
        bh_secret_free(edit->setup_token);
        g_free(edit->files);
        bh_account_free(edit->account);
}

static int edit_reply(BhCall *call, void *data, sd_bus_message *reply) {
        return bh_account_append(reply, call->service, ((Edit *)data)->account);
}

static int parse_role(BhCall *call, const Edit *edit, BhRole *ret) {
        if (!edit->has_role || bh_role_from_string(edit->role, ret))
                return 0;
        return bh_failure_set(&call->failure, -EINVAL, NULL, "A role is “admin” or “user”");
}

/* Get(t user_id, a{sv} options) → a{sv} user */

static int get_prepare(BhCall *call, void *data) {
        Edit *edit = data;

        edit->account = bh_accounts_get(call->service->accounts, edit->user_id);
        return edit->account ? 0 : bh_failure_set(&call->failure, -ENOENT, NULL, "User not found");
}

static const BhMethod get_method = {
        .name = "Users.Get",
        .who = BH_WHO_USERS,
        .size = sizeof(Edit),
        .clear = edit_clear,
        .prepare = get_prepare,
        .reply = edit_reply,
};

static int method_get(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &get_method);
        Edit *edit = call->data;
        int r;

        r = sd_bus_message_read(m, "t", &edit->user_id);
        if (r < 0)
                return r;
        r = bh_call_read_options(call, NULL, 0, error);
        if (r < 0)
                return r;
        call->self_id = edit->user_id;
        return bh_call_start(bh_call_steal(&call));
}

/* Create(s username, s password, a{sv} options) → a{sv} user */

static int create_work(BhCall *call, void *data) {
        Edit *edit = data;
        BhNewUser new_user = {.username = edit->username,
                              .password = edit->password,
                              .email = edit->email,
                              .role = BH_ROLE_USER,
                              .is_active = edit->is_active,
                              .quota_bytes = edit->quota_bytes,
                              .uid = edit->uid};
        int r;

        r = parse_role(call, edit, &new_user.role);
        if (r < 0)
                return r;
        return bh_users_create(call->service->users, &call->caller, &new_user, BH_NEW_USER_BY_ADMIN, "user-create",
                               &call->failure, &edit->account, NULL);
}

static void create_done(BhCall *call, void *data) {
        if (((Edit *)data)->account->role == BH_ROLE_ADMIN)
                bh_bus_manager_emit_changed(call->service, "SetupRequired");
}

static const BhMethod create_method = {
        .name = "Users.Create",
        .who = BH_WHO_USERS,
        .pool = BH_POOL_PASSWORDS,
        .size = sizeof(Edit),
        .clear = edit_clear,
        .work = create_work,
        .reply = edit_reply,
        .done = create_done,
};

static int method_create(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &create_method);
        Edit *edit = call->data;
        const BhOption options[] = {
                {"email", 's', &edit->email, NULL, TEXT_MAX},
                {"role", 's', &edit->role, &edit->has_role, TEXT_MAX},
                {"quota_bytes", 't', &edit->quota_bytes, NULL, 0},
                {"is_active", 'b', &edit->is_active, NULL, 0},
                {"uid", 'x', &edit->uid, NULL, 0},
        };
        int r;

        sd_bus_message_sensitive(m);
        edit->is_active = true;
        edit->uid = -1;
        r = bh_options_read_string(m, "username", TEXT_MAX, &edit->username, error);
        if (r < 0)
                return r;
        r = bh_options_read_string(m, "password", BH_PASSWORD_MAX, &edit->password, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* CreateFirstAdmin(s username, s password, s setup_token, a{sv} options) → a{sv} user */

/* Root needs no token: it reads the journal anyway. But the bridge, should it run as root, speaks for whoever finds its port. */
static bool is_root(const BhCall *call) {
        return !call->token && call->caller.uid == 0 && call->service->config.bridge_uid != 0;
}

static int first_admin_prepare(BhCall *call, void *data) {
        if (bh_accounts_count(call->service->accounts).admins > 0)
                return bh_failure_set(&call->failure, -EACCES, "Conflict", "There is an administrator already");
        if (is_root(call))
                return 0;
        return bh_signin_attempt(call->service->signin, &call->caller, NULL, &call->failure);
}

static int first_admin_work(BhCall *call, void *data) {
        Edit *edit = data;
        const BhNewUser new_user = {.username = edit->username,
                                    .password = edit->password,
                                    .email = edit->email,
                                    .role = BH_ROLE_ADMIN,
                                    .is_active = true,
                                    .uid = edit->uid};

        if (!is_root(call) && !bh_setup_check(call->service->setup, edit->setup_token)) {
                bh_audit_post(call->service->database, &call->caller,
                              &(BhAudit){BH_AUDIT_SECURITY, "user-create-first-admin", NULL, -EKEYREJECTED,
                                         "Wrong setup token", 0});
                return bh_failure_set(&call->failure, -EKEYREJECTED, NULL,
                                      "This is not the setup token in the journal of the service");
        }
        return bh_users_create(call->service->users, &call->caller, &new_user, BH_NEW_USER_FIRST_ADMIN,
                               "user-create-first-admin", &call->failure, &edit->account, NULL);
}

static const BhMethod first_admin_method = {
        .name = "Users.CreateFirstAdmin",
        .who = BH_WHO_ANYBODY,
        .pool = BH_POOL_PASSWORDS,
        .size = sizeof(Edit),
        .clear = edit_clear,
        .prepare = first_admin_prepare,
        .work = first_admin_work,
        .reply = edit_reply,
        .done = create_done,
};

static int method_create_first_admin(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &first_admin_method);
        Edit *edit = call->data;
        const BhOption options[] = {
                {"email", 's', &edit->email, NULL, TEXT_MAX},
                {"uid", 'x', &edit->uid, NULL, 0},
        };
        int r;

        sd_bus_message_sensitive(m);
        edit->uid = -1;
        r = bh_options_read_string(m, "username", TEXT_MAX, &edit->username, error);
        if (r < 0)
                return r;
        r = bh_options_read_string(m, "password", BH_PASSWORD_MAX, &edit->password, error);
        if (r < 0)
                return r;
        r = bh_options_read_string(m, "setup_token", TEXT_MAX, &edit->setup_token, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

/* Update(t user_id, a{sv} changes, a{sv} options) → a{sv} user */

static int update_work(BhCall *call, void *data) {
        Edit *edit = data;
        BhUserChanges changes = {
                .username = edit->username,
                .email = edit->email,
                .password = edit->password,
                .has_role = edit->has_role,
                .has_is_active = edit->has_is_active,
                .has_quota_bytes = edit->has_quota_bytes,
                .has_uid = edit->has_uid,
                .is_active = edit->is_active,
                .quota_bytes = edit->quota_bytes,
                .uid = edit->uid,
        };
        int r;

        r = parse_role(call, edit, &changes.role);
        if (r < 0)
                return r;
        return bh_users_update(call->service->users, &call->caller, edit->user_id, &changes, &call->failure,
                               &edit->account);
}

static const BhMethod update_method = {
        .name = "Users.Update",
        .who = BH_WHO_USERS,
        .pool = BH_POOL_PASSWORDS,
        .size = sizeof(Edit),
        .clear = edit_clear,
        .work = update_work,
        .reply = edit_reply,
        .done = create_done,
};

static int method_update(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &update_method);
        Edit *edit = call->data;
        const BhOption changes[] = {
                {"username", 's', &edit->username, NULL, TEXT_MAX},
                {"email", 's', &edit->email, NULL, TEXT_MAX},
                {"password", 's', &edit->password, NULL, BH_PASSWORD_MAX},
                {"role", 's', &edit->role, &edit->has_role, TEXT_MAX},
                {"is_active", 'b', &edit->is_active, &edit->has_is_active, 0},
                {"quota_bytes", 't', &edit->quota_bytes, &edit->has_quota_bytes, 0},
                {"uid", 'x', &edit->uid, &edit->has_uid, 0},
        };
        int r;

        sd_bus_message_sensitive(m);
        r = sd_bus_message_read(m, "t", &edit->user_id);
        if (r < 0)
                return r;
        r = bh_options_read(m, "change", changes, G_N_ELEMENTS(changes), NULL, 0, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* Delete(t user_id, s files, a{sv} options) */

static int delete_work(BhCall *call, void *data) {
        Edit *edit = data;
        bool trash = g_str_equal(edit->files, "trash");

        if (!trash && !g_str_equal(edit->files, "keep"))
                return bh_failure_set(&call->failure, -EINVAL, NULL, "What becomes of the files is “keep” or “trash”");
        return bh_users_delete(call->service->users, &call->caller, edit->user_id, trash, &call->failure);
}

static const BhMethod delete_method = {
        .name = "Users.Delete",
        .who = BH_WHO_USERS,
        .size = sizeof(Edit),
        .waits_for_recovery = true,
        .clear = edit_clear,
        .work = delete_work,
};

static int method_delete(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &delete_method);
        Edit *edit = call->data;
        int r;

        r = sd_bus_message_read(m, "t", &edit->user_id);
        if (r < 0)
                return r;
        r = bh_options_read_string(m, "files", TEXT_MAX, &edit->files, error);
        if (r < 0)
                return r;
        return bh_call_read_options_and_start(&call, NULL, 0, error);
}

/* List(a{sv} options) → aa{sv} users, t total, t active, t inactive, t admins -------------------------------------------------------------- */

typedef struct List {
        BhUserFilter filter;
        char *search, *role, *sort_by, *sort_order;
        GPtrArray *accounts; /* result */
} List;

static void list_clear(void *data) {
        List *list = data;

        g_free(list->search);
        g_free(list->role);
        g_free(list->sort_by);
        g_free(list->sort_order);
        if (list->accounts)
                g_ptr_array_unref(list->accounts);
}

static int list_work(BhCall *call, void *data) {
        List *list = data;

        list->filter.search = list->search;
        list->filter.role = list->role;
        list->filter.sort_by = list->sort_by;
        list->filter.sort_order = list->sort_order;
        return bh_user_list(call->service, &list->filter, &call->failure, &list->accounts);
}

static int list_reply(BhCall *call, void *data, sd_bus_message *reply) {
        const List *list = data;
        uint64_t active = 0, admins = 0;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        if (r < 0)
                return r;
        for (unsigned i = 0; i < list->accounts->len; i++) {
                const BhAccount *account = list->accounts->pdata[i];

                active += account->is_active;
                admins += account->role == BH_ROLE_ADMIN;
                r = bh_account_append(reply, call->service, account);
                if (r < 0)
                        return r;
        }
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        return sd_bus_message_append(reply, "tttt", (uint64_t)list->accounts->len, active,
                                     (uint64_t)list->accounts->len - active, admins);
}

static const BhMethod list_method = {
        .name = "Users.List",
        .who = BH_WHO_USERS,
        .size = sizeof(List),
        .clear = list_clear,
        .work = list_work,
        .reply = list_reply,
};

static int method_list(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(bh_call_freep) BhCall *call = bh_call_new(userdata, m, &list_method);
        List *list = call->data;
        const BhOption options[] = {
                {"search", 's', &list->search, NULL, TEXT_MAX},
                {"role", 's', &list->role, NULL, TEXT_MAX},
                {"is_active", 'b', &list->filter.is_active, &list->filter.has_is_active, 0},
                {"sort_by", 's', &list->sort_by, NULL, TEXT_MAX},
                {"sort_order", 's', &list->sort_order, NULL, TEXT_MAX},
        };

        return bh_call_read_options_and_start(&call, options, G_N_ELEMENTS(options), error);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("List", SD_BUS_ARGS("a{sv}", options),
                                SD_BUS_RESULT("aa{sv}", users, "t", total, "t", active, "t", inactive, "t", admins),
                                method_list, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Get", SD_BUS_ARGS("t", user_id, "a{sv}", options), SD_BUS_RESULT("a{sv}", user),
                                method_get, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Create", SD_BUS_ARGS("s", username, "s", password, "a{sv}", options),
                                SD_BUS_RESULT("a{sv}", user), method_create, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CreateFirstAdmin",
                                SD_BUS_ARGS("s", username, "s", password, "s", setup_token, "a{sv}", options),
                                SD_BUS_RESULT("a{sv}", user), method_create_first_admin, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Update", SD_BUS_ARGS("t", user_id, "a{sv}", changes, "a{sv}", options),
                                SD_BUS_RESULT("a{sv}", user), method_update, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Delete", SD_BUS_ARGS("t", user_id, "s", files, "a{sv}", options), SD_BUS_NO_RESULT,
                                method_delete, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int bh_bus_users_add(BhService *service) {
        return sd_bus_add_object_vtable(service->bus, NULL, BH_ROOT_PATH, INTERFACE, vtable, service);
}
