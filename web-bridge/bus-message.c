/* SPDX-License-Identifier: MIT */
#include "bus-message.h"

#include <errno.h>
#include <string.h>

static int append_children(sd_bus_message *message, GVariant *container) {
        gsize count = g_variant_n_children(container);
        int r = 0;

        for (gsize i = 0; r >= 0 && i < count; i++) {
                g_autoptr(GVariant) child = g_variant_get_child_value(container, i);

                r = bh_message_append_value(message, child);
        }
        return r;
}

/* @type: 'a', 'v', 'r' (structure) or 'e' (entry of a dictionary); @contents: the signature of what is in it. */
static int append_container(sd_bus_message *message, char type, const char *contents, GVariant *container) {
        int r = sd_bus_message_open_container(message, type, contents);

        if (r >= 0)
                r = append_children(message, container);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

/* A structure or an entry: its contents are its type without the brackets. */
static int append_structure(sd_bus_message *message, char type, GVariant *structure) {
        const char *signature = g_variant_get_type_string(structure);
        gsize length = strlen(signature) - 2;
        char contents[256]; /* no longer on a bus */

        if (length >= sizeof contents)
                return -EINVAL;
        memcpy(contents, signature + 1, length);
        contents[length] = '\0';
        return append_container(message, type, contents, structure);
}

static int append_variant(sd_bus_message *message, GVariant *variant) {
        g_autoptr(GVariant) inner = g_variant_get_variant(variant);

        return append_container(message, 'v', g_variant_get_type_string(inner), variant);
}

static int append_basic(sd_bus_message *message, char type, GVariant *value) {
        int truth;

        switch (type) {
        case 's':
        case 'o':
        case 'g':
                return sd_bus_message_append_basic(message, type, g_variant_get_string(value, NULL));
        case 'b':
                truth = g_variant_get_boolean(value);
                return sd_bus_message_append_basic(message, type, &truth);
        case 'h':
        case 'm':
                return -EINVAL;
        default: /* numbers, whose serialised form is the number itself */
                return sd_bus_message_append_basic(message, type, g_variant_get_data(value));
        }
}

int bh_message_append_value(sd_bus_message *message, GVariant *value) {
        char type = *g_variant_get_type_string(value);

        switch (type) {
        case 'a':
                return append_container(message, 'a', g_variant_get_type_string(value) + 1, value);
        case '(':
                return append_structure(message, 'r', value);
        case '{':
                return append_structure(message, 'e', value);
        case 'v':
                return append_variant(message, value);
        default:
                return append_basic(message, type, value);
        }
}

int bh_message_append(sd_bus_message *message, GVariant *arguments) {
        return append_children(message, arguments);
}

static int read_value(sd_bus_message *message, GUnixFDList **descriptors, GVariant **ret);

static void drop_children(GPtrArray *children) {
        for (guint i = 0; i < children->len; i++)
                g_variant_unref(g_ptr_array_index(children, i));
        g_ptr_array_set_size(children, 0);
}

/* Into @children, floating, until the end of the container, or of the message. None when it fails. */
static int read_children(sd_bus_message *message, GUnixFDList **descriptors, GPtrArray *children) {
        int r;

        while ((r = sd_bus_message_at_end(message, FALSE)) == 0) {
                GVariant *child = NULL;

                r = read_value(message, descriptors, &child);
                if (r < 0)
                        break;
                g_ptr_array_add(children, child);
        }
        if (r < 0)
                drop_children(children);
        return r;
}

/* GVariantBuilder would look at the type of everything several times over. */
static GVariant *make_container(char type, const char *contents, GPtrArray *children) {
        GVariant **items = (GVariant **)children->pdata;

        switch (type) {
        case 'a':
                return g_variant_new_array((const GVariantType *)contents, items, children->len);
        case 'r':
                return g_variant_new_tuple(items, children->len);
        case 'e':
                return g_variant_new_dict_entry(items[0], items[1]);
        default:
                return g_variant_new_variant(items[0]);
        }
}

/* @type: 'a', 'r' (structure), 'e' (entry of a dictionary) or 'v'. sd-bus has seen to it that they hold what they say. */
static int read_container(sd_bus_message *message, char type, const char *contents, GUnixFDList **descriptors,
                          GVariant **ret) {
        g_autoptr(GPtrArray) children = g_ptr_array_sized_new(8);
        int r = sd_bus_message_enter_container(message, type, contents);

        if (r >= 0)
                r = read_children(message, descriptors, children);
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r < 0) {
                drop_children(children);
                return r;
        }
        *ret = make_container(type, contents, children);
        return 0;
}

static int read_descriptor(sd_bus_message *message, GUnixFDList **descriptors, GVariant **ret) {
        int fd, number, r;

        r = sd_bus_message_read_basic(message, 'h', &fd);
        if (r < 0)
                return r;
        if (!*descriptors)
                *descriptors = g_unix_fd_list_new();
        number = g_unix_fd_list_append(*descriptors, fd, NULL);
        if (number < 0)
                return -EMFILE;
        *ret = g_variant_new_handle(number);
        return 0;
}

static int read_text(sd_bus_message *message, char type, GVariant **ret) {
        const char *text;
        int r = sd_bus_message_read_basic(message, type, &text);

        if (r < 0)
                return r;
        if (type == 's')
                *ret = g_variant_new_string(text);
        else
                *ret = type == 'o' ? g_variant_new_object_path(text) : g_variant_new_signature(text);
        return 0;
}

static int read_number(sd_bus_message *message, char type, GVariant **ret) {
        const char signature[] = {type, '\0'};
        union {
                guint8 y;
                gint16 n;
                guint16 q;
                gint32 i;
                guint32 u;
                gint64 x;
                guint64 t;
                double d;
                int b;
        } number;
        int r = sd_bus_message_read_basic(message, type, &number);

        if (r < 0)
                return r;
        switch (type) {
        case 'b':
                *ret = g_variant_new_boolean(number.b);
                return 0;
        case 'y':
                *ret = g_variant_new_byte(number.y);
                return 0;
        case 'n':
                *ret = g_variant_new_int16(number.n);
                return 0;
        case 'q':
                *ret = g_variant_new_uint16(number.q);
                return 0;
        case 'i':
                *ret = g_variant_new_int32(number.i);
                return 0;
        case 'u':
                *ret = g_variant_new_uint32(number.u);
                return 0;
        case 'x':
                *ret = g_variant_new_int64(number.x);
                return 0;
        case 't':
                *ret = g_variant_new_uint64(number.t);
                return 0;
        case 'd':
                *ret = g_variant_new_double(number.d);
                return 0;
        default:
                g_warning("a message has something of the type “%s” in it", signature);
                return -EBADMSG;
        }
}

static int read_value(sd_bus_message *message, GUnixFDList **descriptors, GVariant **ret) {
        const char *contents;
        char type;
        int r = sd_bus_message_peek_type(message, &type, &contents);

        if (r < 0)
                return r;
        switch (type) {
        case 'a':
        case 'r':
        case 'e':
        case 'v':
                return read_container(message, type, contents, descriptors, ret);
        case 'h':
                return read_descriptor(message, descriptors, ret);
        case 's':
        case 'o':
        case 'g':
                return read_text(message, type, ret);
        default:
                return read_number(message, type, ret);
        }
}

int bh_message_read(sd_bus_message *message, GVariant **ret, GUnixFDList **descriptors) {
        g_autoptr(GPtrArray) children = g_ptr_array_sized_new(8);
        int r;

        *descriptors = NULL;
        r = read_children(message, descriptors, children);
        if (r < 0) {
                g_clear_object(descriptors);
                return r;
        }
        *ret = g_variant_ref_sink(make_container('r', NULL, children));
        return 0;
}
