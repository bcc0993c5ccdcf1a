/* SPDX-License-Identifier: MIT */
#include "openapi.h"

#include "interfaces.h"
#include "routes.h"
#include "schemas.h"

#include <string.h>

static void append(GString *page, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void append(GString *page, const char *format, ...) {
        va_list arguments;
        g_autofree char *text = NULL;

        va_start(arguments, format);
        text = g_markup_vprintf_escaped(format, arguments);
        va_end(arguments);
        g_string_append(page, text);
}

static const char *const access_names[] = {"anyone", "signed in", "administrator"};

static void append_inputs(GString *page, const BhRoute *route) {
        static const char *const sources[] = {
                [BH_FROM_PATH] = "path",     [BH_FROM_QUERY] = "query", [BH_FROM_BODY] = "body",
                [BH_FROM_COOKIE] = "cookie", [BH_FROM_JOIN] = "body",
        };

        for (const BhInput *input = route->inputs; input->source != BH_FROM_NOWHERE; input++) {
                g_autofree char *names = NULL;

                if (input->source == BH_FROM_TABLE)
                        continue;
                names = g_strdelimit(g_strdup(input->names), "|,", ' ');
                append(page, "<li>%s <code>%s</code>%s%s%s</li>\n", sources[input->source], names,
                       input->required ? " required" : "", input->allowed ? " one of " : "",
                       input->allowed ? input->allowed : "");
        }
}

static void append_route(GString *page, const BhRoute *route) {
        append(page, "<section><h3><code>%s %s</code></h3>\n<p>%s. For: %s.%s D-Bus: <code>%s.%s</code></p>\n<ul>\n",
               route->verb, route->path, route->summary, access_names[route->access],
               route->flags & BH_ROUTE_DEPRECATED ? " Deprecated." : "", route->interface, route->method);
        append_inputs(page, route);
        for (guint i = 0; i < G_N_ELEMENTS(route->outputs) && route->outputs[i].argument; i++)
                append(page, "<li>reply <code>%s</code> %s%s</li>\n", route->outputs[i].member,
                       route->outputs[i].schema ? route->outputs[i].schema : "",
                       route->outputs[i].deprecated ? " deprecated" : "");
        if (route->reply_schema)
                append(page, "<li>reply %s</li>\n", route->reply_schema);
        g_string_append(page, "</ul></section>\n");
}

GBytes *bh_docs_print(void) {
        GString *page = g_string_new(
                "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>BaluHost web API</title>"
                "<meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" "
                "href=\"/docs.css\"></head>\n"
                "<body><main><h1>BaluHost web API</h1>\n<p>For programs: <a href=\"/openapi.json\">openapi.json</a>. "
                "Sign in with <code>POST /api/auth/login</code> and send <code>Authorization: Bearer …</code>.</p>\n");
        gsize length;

        g_string_append(page, "<h2>Routes</h2>\n");
        for (const BhRoute *route = bh_routes; route->verb; route++)
                append_route(page, route);
        g_string_append(page, "<h2>Replies</h2>\n<p>? may be null, ~ not always there, ! deprecated</p>\n<dl>\n");
        for (const BhSchema *schema = bh_schemas; schema->name; schema++)
                append(page, "<dt id=\"%s\">%s</dt><dd><code>%s</code></dd>\n", schema->name, schema->name,
                       schema->members);
        g_string_append(page, "</dl></main></body></html>\n");
        length = page->len;
        return g_bytes_new_take(g_string_free(page, FALSE), length);
}
