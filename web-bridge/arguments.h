/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <systemd/sd-bus.h>

#include "routes.h"

/* What a request carries, decoded. All borrowed; tables are text → text, and may be NULL. */
typedef struct {
        GHashTable *path;
        GHashTable *query;
        GHashTable *cookies;
        JsonObject *body;           /* NULL: none */
        const char *token;          /* of Authorization: Bearer */
        const char *client_address; /* for BH_ROUTE_CLIENT */
        const char *client_agent;   /* may be NULL */
        const char *if_version;     /* Files.List: of the page that is at hand; NULL: not asked for */
} BhCarried;

/* A member that is missing or wrong; for the answer 422. Strings are owned. */
typedef struct {
        const char *where; /* "path", "query", "cookie" or "body"; static */
        char *member;      /* NULL: all of it */
        char *message;
        const char *type; /* "missing", "value_error"; static */
} BhProblem;

GPtrArray *bh_problems_new(void);
void bh_problems_add(GPtrArray *problems, const char *where, const char *member, const char *type, const char *message);

/* Appends the arguments of the method of @route to @message. Returns 1; 0 when something is missing or wrong: then @refusal is set (static; status 400), or
 * @problems has entries; or a negative errno of @message, -EINVAL for a text that a bus does not carry. */
int bh_arguments_append(sd_bus_message *message, const BhRoute *route, const BhCarried *carried, GPtrArray *problems,
                        const char **refusal);

/* The options that every call carries: the token and that nobody is to be asked for a password. */
void bh_options_add_caller(GVariantBuilder *options, const char *token);

/* @text as a value of the basic type @type ("b", "y", "u", "t", "x", "s" or "o"), floating; NULL when it is none. Objects are named by their path below the root of the service. */
GVariant *bh_variant_from_text(const char *type, const char *text);

/* "disks/{disk_id}" with the values of @path, to be freed with g_free(). NULL when it cannot be an object. */
char *bh_object_from_template(const char *template, GHashTable *path);

/* Text of the input @names ("new|old") out of @table, NULL when it is absent. */
const char *bh_table_get(GHashTable *table, const char *names);
