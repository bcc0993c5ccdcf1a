/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "account.h"
#include "failure.h"
#include "service.h"

/* Accounts, filtered and sorted. */

typedef struct BhUserFilter {
        const char *search; /* part of name or e-mail address; NULL: all, as the next */
        const char *role;   /* "admin", "user" */
        bool has_is_active, is_active;
        const char *sort_by;    /* "username" (NULL), "email", "role", "created_at", "is_active", "used_bytes" */
        const char *sort_order; /* "asc" (NULL), "desc" */
} BhUserFilter;

/* *ret: of BhAccount, free with g_ptr_array_unref(). Errors: -EINVAL; failure says more. Any thread. */
int bh_user_list(BhService *service, const BhUserFilter *filter, BhFailure *failure, struct _GPtrArray **ret);
