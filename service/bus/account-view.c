/* SPDX-License-Identifier: MIT */

#include "bus/account-view.h"

int bh_account_append(sd_bus_message *m, BhService *service, const BhAccount *account) {
        return sd_bus_message_append(m, "a{sv}", 9, "id", "t", account->id, "username", "s", account->username, "email",
                                     "s", account->email, "role", "s", bh_role_to_string(account->role), "is_active",
                                     "b", (int)account->is_active, "created_usec", "x", account->created_usec,
                                     "quota_bytes", "t", account->quota_bytes, "used_bytes", "t",
                                     bh_service_used_bytes(service, account->owner), "uid", "x", account->uid);
}

int bh_caller_append(sd_bus_message *m, const BhCaller *caller) {
        return sd_bus_message_append(m, "a{sv}", 9, "id", "t", UINT64_C(0), "username", "s", caller->username, "email",
                                     "s", "", "role", "s", bh_role_to_string(caller->role), "is_active", "b", 1,
                                     "created_usec", "x", INT64_C(0), "quota_bytes", "t", UINT64_C(0), "used_bytes",
                                     "t", UINT64_C(0), "uid", "x", (int64_t)caller->uid);
}
