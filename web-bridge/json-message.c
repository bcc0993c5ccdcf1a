/* SPDX-License-Identifier: MIT */
#include "json-message.h"

#include <errno.h>
#include <string.h>

/* All of them small enough for a union; a bool is an int. */
typedef union {
        guint8 y;
        gint16 n;
        guint16 q;
        gint32 i;
        guint32 u;
        gint64 x;
        guint64 t;
        double d;
        int b;
        const char *s;
} Basic;

static int read_basic(yajl_gen json, const char *name, char type, sd_bus_message *message) {
        Basic value = {};
        int r = sd_bus_message_read_basic(message, type, &value);

        if (r < 0)
                return r;
        switch (type) {
        case 'o':
                bh_json_object(json, value.s);
                break;
        case 's':
        case 'g':
                bh_json_named_text(json, name, value.s, strlen(value.s));
                break;
        case 'b':
                yajl_gen_bool(json, value.b);
                break;
        case 'y':
                bh_json_uint(json, value.y);
                break;
        case 'n':
                yajl_gen_integer(json, value.n);
                break;
        case 'q':
                bh_json_uint(json, value.q);
                break;
        case 'i':
                yajl_gen_integer(json, value.i);
                break;
        case 'u':
                bh_json_uint(json, value.u);
                break;
        case 'x':
                bh_json_named_int(json, name, value.x);
                break;
        case 't':
                bh_json_named_uint(json, name, value.t);
                break;
        case 'd':
                bh_json_double(json, value.d);
                break;
        default:
                yajl_gen_null(json); /* a descriptor */
        }
        return 0;
}

static int read_array(yajl_gen json, const char *name, sd_bus_message *message) {
        int r;

        yajl_gen_array_open(json);
        while ((r = sd_bus_message_at_end(message, FALSE)) == 0) {
                r = bh_json_read_value(json, name, message);
                if (r < 0)
                        return r;
        }
        yajl_gen_array_close(json);
        return MIN(r, 0);
}

static int read_container(yajl_gen json, const char *name, char type, const char *contents, sd_bus_message *message) {
        int r = sd_bus_message_enter_container(message, type, contents);

        if (r >= 0)
                r = type == 'v' ? bh_json_read_value(json, name, message) : read_array(json, name, message);
        return r < 0 ? r : MIN(sd_bus_message_exit_container(message), 0);
}

static int read_dictionary(yajl_gen json, sd_bus_message *message) {
        int r;

        yajl_gen_map_open(json);
        r = bh_json_read_dictionary_members(json, message);
        yajl_gen_map_close(json);
        return r;
}

static int skip(yajl_gen json, const char *signature, sd_bus_message *message) {
        yajl_gen_null(json);
        return MIN(sd_bus_message_skip(message, signature), 0);
}

static int read_typed(yajl_gen json, const char *name, char type, const char *contents, sd_bus_message *message) {
        g_autofree char *entry = NULL;

        switch (type) {
        case 'a':
                if (g_str_equal(contents, "{sv}"))
                        return read_dictionary(json, message);
                return read_container(json, name, type, contents, message);
        case 'r':
        case 'v':
                return read_container(json, name, type, contents, message);
        case 'e': /* of a dictionary that is none in JSON */
                entry = g_strconcat("{", contents, "}", NULL);
                return skip(json, entry, message);
        default:
                return read_basic(json, name, type, message);
        }
}

int bh_json_read_value(yajl_gen json, const char *name, sd_bus_message *message) {
        const char *contents;
        char type;
        int r = sd_bus_message_peek_type(message, &type, &contents);

        return r <= 0 ? (r < 0 ? r : -ENXIO) : read_typed(json, name, type, contents, message);
}

/* The next value, whose type is known; @contents is needed for containers only. */
static int read_typed_member(yajl_gen json, const char *name, char type, const char *contents,
                             sd_bus_message *message) {
        const char text[] = {type, '\0'};
        const char *path;
        char buffer[64];
        int r;

        if (type == 'o') {
                r = sd_bus_message_read_basic(message, 'o', &path);
                if (r >= 0)
                        bh_json_object_member(json, name, path);
                return r;
        }
        bh_json_string(json, type == 'x' || type == 't' ? bh_json_name(name, G_VARIANT_TYPE(text), buffer) : name);
        return read_typed(json, name, type, contents, message);
}

int bh_json_read_member(yajl_gen json, const char *name, sd_bus_message *message) {
        const char *contents;
        char type;
        int r = sd_bus_message_peek_type(message, &type, &contents);

        return r <= 0 ? (r < 0 ? r : -ENXIO) : read_typed_member(json, name, type, contents, message);
}

/* What is in the variant that comes next gives its member the name. */
static int read_variant_member(yajl_gen json, const char *name, sd_bus_message *message) {
        const char *contents;
        char type;
        int r = sd_bus_message_peek_type(message, NULL, &contents);

        if (r < 0)
                return r;
        type = contents[1] == '\0' ? *contents : '\0';
        r = sd_bus_message_enter_container(message, 'v', contents);
        if (r < 0)
                return r;
        if (type != '\0' && type != 'v') /* a basic one needs no second look */
                r = read_typed_member(json, name, type, NULL, message);
        else
                r = bh_json_read_member(json, name, message);
        return r < 0 ? r : MIN(sd_bus_message_exit_container(message), 0);
}

static int read_entry(yajl_gen json, sd_bus_message *message) {
        const char *name;
        int r = sd_bus_message_read_basic(message, 's', &name);

        return r < 0 ? r : read_variant_member(json, name, message);
}

int bh_json_read_entries(yajl_gen json, sd_bus_message *message) {
        int r;

        while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = read_entry(json, message);
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;
        }
        return r;
}

int bh_json_read_dictionary_members(yajl_gen json, sd_bus_message *message) {
        int r = sd_bus_message_enter_container(message, 'a', "{sv}");

        if (r >= 0)
                r = bh_json_read_entries(json, message);
        return r < 0 ? r : MIN(sd_bus_message_exit_container(message), 0);
}
