/* SPDX-License-Identifier: MIT */
#pragma once

#include <glib.h>

typedef struct BhRequest BhRequest;

/* Who may call; for the documentation, and for the answer 401 before the bus is asked. The service decides. */
typedef enum {
        BH_ACCESS_PUBLIC,
        BH_ACCESS_USER,
        BH_ACCESS_ADMIN,
} BhAccess;

typedef enum {
        BH_FROM_NOWHERE, /* end of the list */
        BH_FROM_PATH,    /* placeholder of the template */
        BH_FROM_QUERY,
        BH_FROM_BODY,
        BH_FROM_COOKIE,
        BH_FROM_TABLE, /* .value, always */
        BH_FROM_JOIN,  /* the members "folder,name" of the body, joined by "/" */
} BhSource;

/* One thing that a request carries, and where it goes. */
typedef struct {
        BhSource source;
        const char *names;  /* "new|old": later names are deprecated twins */
        const char *target; /* D-Bus argument "path", or entry "options.parents" of one that is a dictionary */
        const char *type;   /* of a dictionary entry; an argument has its own */
        gboolean required;
        const char *value;   /* taken when it is absent */
        const char *refusal; /* absent: 400 with this detail instead of 422 */
        const char *allowed; /* "asc|desc", for the documentation */
} BhInput;

/* An argument of the reply and its name in JSON. */
typedef struct {
        const char *argument;
        const char *member; /* "": the members of this dictionary are the reply */
        const char *schema; /* of a dictionary or an array of dictionaries, see schemas.c */
        gboolean deprecated;
} BhOutput;

/* What another status or detail than the general ones is said for an error of the service. */
typedef struct {
        const char *name; /* "NotFound" */
        guint status;
        const char *detail; /* NULL: the service's own sentence. For status 200: the JSON of the reply */
} BhRouteError;

typedef enum {
        BH_ROUTE_CLIENT = 1 << 0,       /* pass client_address and client_agent */
        BH_ROUTE_COOKIE = 1 << 1,       /* authenticated by cookie: cross-site request forgery is guarded against */
        BH_ROUTE_SETS_COOKIES = 1 << 2, /* the refresh_token and access_token of the reply become cookies */
        BH_ROUTE_CLEARS_COOKIES = 1 << 3,
        BH_ROUTE_ARRAY_BODY = 1 << 5, /* the body is an array */
        BH_ROUTE_DEPRECATED = 1 << 6,
        BH_ROUTE_MEDIA_COOKIE = 1 << 8, /* content that a page shows: the media cookie will do */
        BH_ROUTE_STREAM = 1 << 7,       /* .early runs when the head is there; the body is streamed */
} BhRouteFlags;

typedef struct {
        const char *name, *value;
} BhFixed;

typedef struct {
        const char *verb;
        const char *path; /* template below the root, "/api/users/{user_id}" */
        BhAccess access;
        guint flags;
        guint status; /* of success; 0: 200 */
        const char *summary;
        const char *interface, *method;
        const char *object; /* below the root, with placeholders of the path: "disks/{disk_id}"; NULL: the root */
        BhInput inputs[9];
        BhOutput outputs[6];
        BhFixed fixed[2]; /* further members of the reply */
        BhRouteError errors[4];
        void (*handler)(BhRequest *request); /* instead of the general call, when the request is complete */
        void (*early)(BhRequest *request);   /* BH_ROUTE_STREAM */
        const char *media;                   /* media type of a streamed body or reply, for the documentation */
        const char *body_schema;             /* of the body that a handler reads, an object; see schemas.c */
        const char *reply_schema;            /* of a handler's reply, likewise */
} BhRoute;

/* The table. Ends with a row without verb. A literal segment stands before a placeholder in the same place. */
extern const BhRoute bh_routes[];

/* The first row that @verb and the still encoded @path belong to. HEAD is looked for as GET. NULL with @allowed, the verbs of that path as for
 * the header Allow (transfer full, NULL when no row has that path). @values as for bh_template_match(). */
const BhRoute *bh_route_find(const char *verb, const char *path, GHashTable *values, char **allowed);
