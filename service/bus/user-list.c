/* SPDX-License-Identifier: MIT */

#include "bus/user-list.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

/* What the comparison needs beside the two accounts. */
typedef struct Order {
        BhService *service;
        int (*compare)(BhService *service, const BhAccount *a, const BhAccount *b);
        bool is_descending;
} Order;

static int by_username(BhService *service, const BhAccount *a, const BhAccount *b) {
        return g_ascii_strcasecmp(a->username, b->username);
}

static int by_email(BhService *service, const BhAccount *a, const BhAccount *b) {
        g_autofree char *first = g_utf8_casefold(a->email, -1), *second = g_utf8_casefold(b->email, -1);

        return strcmp(first, second);
}

static int by_role(BhService *service, const BhAccount *a, const BhAccount *b) {
        return strcmp(bh_role_to_string(a->role), bh_role_to_string(b->role));
}

static int by_created_at(BhService *service, const BhAccount *a, const BhAccount *b) {
        return (a->created_usec > b->created_usec) - (a->created_usec < b->created_usec);
}

static int by_is_active(BhService *service, const BhAccount *a, const BhAccount *b) {
        return (int)a->is_active - (int)b->is_active;
}

static int by_used_bytes(BhService *service, const BhAccount *a, const BhAccount *b) {
        uint64_t first = bh_service_used_bytes(service, a->owner), second = bh_service_used_bytes(service, b->owner);

        return (first > second) - (first < second);
}

static const struct {
        const char *name;
        int (*compare)(BhService *service, const BhAccount *a, const BhAccount *b);
} columns[] = {
        {"username", by_username},     {"email", by_email},         {"role", by_role},
        {"created_at", by_created_at}, {"is_active", by_is_active}, {"used_bytes", by_used_bytes},
};

/* Equal ones stay in the order of their names, whichever way it goes. */
static int compare(gconstpointer a, gconstpointer b, gpointer userdata) {
        const BhAccount *first = *(BhAccount *const *)a, *second = *(BhAccount *const *)b;
        const Order *order = userdata;
        int c;

        c = order->compare(order->service, first, second);
        if (c == 0)
                return by_username(order->service, first, second);
        return order->is_descending ? -c : c;
}

static int parse_order(BhService *service, const BhUserFilter *filter, BhFailure *failure, Order *ret) {
        *ret = (Order){.service = service};
        for (size_t i = 0; i < G_N_ELEMENTS(columns); i++)
                if (g_str_equal(columns[i].name, filter->sort_by ?: "username"))
                        ret->compare = columns[i].compare;
        if (!ret->compare)
                return bh_failure_set(
                        failure, -EINVAL, NULL,
                        "sort_by is “username”, “email”, “role”, “created_at”, “is_active” or “used_bytes”");
        ret->is_descending = g_strcmp0(filter->sort_order, "desc") == 0;
        if (filter->sort_order && !ret->is_descending && !g_str_equal(filter->sort_order, "asc"))
                return bh_failure_set(failure, -EINVAL, NULL, "sort_order is “asc” or “desc”");
        return 0;
}

static bool contains(const char *text, const char *folded_part) {
        g_autofree char *folded = g_utf8_casefold(text, -1);

        return strstr(folded, folded_part) != NULL;
}

int bh_user_list(BhService *service, const BhUserFilter *filter, BhFailure *failure, GPtrArray **ret) {
        g_autofree char *search = filter->search ? g_utf8_casefold(filter->search, -1) : NULL;
        g_autoptr(GPtrArray) accounts = NULL;
        BhRole role = BH_ROLE_NONE;
        Order order;
        int r;

        r = parse_order(service, filter, failure, &order);
        if (r < 0)
                return r;
        if (filter->role && !bh_role_from_string(filter->role, &role))
                return bh_failure_set(failure, -EINVAL, NULL, "A role is “admin” or “user”");

        accounts = bh_accounts_list(service->accounts);
        for (unsigned i = 0; i < accounts->len;) {
                const BhAccount *account = accounts->pdata[i];
                bool matches = (!filter->role || account->role == role) &&
                               (!filter->has_is_active || account->is_active == filter->is_active) &&
                               (!search || contains(account->username, search) || contains(account->email, search));

                if (matches)
                        i++;
                else
                        g_ptr_array_remove_index_fast(accounts, i);
        }
        g_ptr_array_sort_with_data(accounts, compare, &order);
        *ret = g_steal_pointer(&accounts);
        return 0;
}
