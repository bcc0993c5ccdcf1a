/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

#include "user.h"

/* What user.c and user-password.c share. */

struct BhUsers {
        BhUsersConfig config;
        BhDatabase *database;
        BhAccounts *accounts;
        BhSessions *sessions;
        GHashTable *being_deleted; /* of ids; under the change lock of accounts */
};
