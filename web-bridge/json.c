/* SPDX-License-Identifier: MIT */
#include "json.h"

#include "../dbus/errors.h"

#include <math.h>
#include <string.h>
#include <time.h>
#include <yajl/yajl_parse.h>

#define MAX_DEPTH 32
#define MAX_DIGITS 18 /* of a number, with its sign and point */

/* Names whose empty text means that there is none. */
static const char *const empty_is_null[] = {"next_cursor", "trash_id", "etag", "content_type", "owner_name", NULL};
/* Names whose zero means that there is none. */
static const char *const zero_is_null[] = {"quota_bytes", "total_quota_bytes", NULL};

yajl_gen bh_json_new(void) {
        return yajl_gen_alloc(NULL);
}

GBytes *bh_json_finish(yajl_gen json) {
        const guchar *text;
        size_t length;

        yajl_gen_get_buf(json, &text, &length);
        return g_bytes_new(text, length);
}

void bh_json_string(yajl_gen json, const char *text) {
        if (text)
                yajl_gen_string(json, (const guchar *)text, strlen(text));
        else
                yajl_gen_null(json);
}

void bh_json_member(yajl_gen json, const char *name, const char *text) {
        bh_json_string(json, name);
        bh_json_string(json, text);
}

void bh_json_uint(yajl_gen json, guint64 number) {
        char text[24];

        yajl_gen_number(json, text, g_snprintf(text, sizeof text, "%" G_GUINT64_FORMAT, number));
}

void bh_json_double(yajl_gen json, double number) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        if (!isfinite(number)) {
                yajl_gen_null(json);
                return;
        }
        g_ascii_formatd(text, sizeof text, "%.15g",
                        number); /* "0.1" where seventeen digits, which are always enough, say more */
        if (g_ascii_strtod(text, NULL) != number)
                g_ascii_dtostr(text, sizeof text, number);
        yajl_gen_number(json, text, strlen(text));
}

static gint64 floor_divide(gint64 number, gint64 by) {
        return number / by - (number % by < 0);
}

/* @number in @width digits at *@to, which is moved behind them. printf() would be a third of the cost of a list. */
static void put_digits(char **to, guint number, guint width) {
        for (guint i = width; i > 0; i--) {
                (*to)[i - 1] = '0' + number % 10;
                number /= 10;
        }
        *to += width;
}

void bh_json_time(yajl_gen json, gint64 usec) {
        time_t seconds = floor_divide(usec, G_USEC_PER_SEC);
        struct tm parts;
        char text[] = "yyyy-mm-ddThh:mm:ss.mmmZ", *to = text;

        if (usec == 0 || !gmtime_r(&seconds, &parts) || parts.tm_year + 1900 > 9999 || parts.tm_year + 1900 < 0) {
                yajl_gen_null(json);
                return;
        }
        put_digits(&to, parts.tm_year + 1900, 4);
        to++;
        put_digits(&to, parts.tm_mon + 1, 2);
        to++;
        put_digits(&to, parts.tm_mday, 2);
        to++;
        put_digits(&to, parts.tm_hour, 2);
        to++;
        put_digits(&to, parts.tm_min, 2);
        to++;
        put_digits(&to, parts.tm_sec, 2);
        to++;
        put_digits(&to, (usec - (gint64)seconds * G_USEC_PER_SEC) / 1000, 3);
        yajl_gen_string(json, (const guchar *)text, strlen(text));
}

const char *bh_json_name(const char *name, const GVariantType *type, char buffer[static 64]) {
        gsize length = strlen(name);
        const char *suffix;

        if (length < 6 || length > 48 || !g_str_has_suffix(name, "_usec"))
                return name;
        if (g_variant_type_equal(type, G_VARIANT_TYPE_INT64))
                suffix = "at";
        else if (g_variant_type_equal(type, G_VARIANT_TYPE_UINT64))
                suffix = "seconds";
        else
                return name;
        g_snprintf(buffer, 64, "%.*s%s", (int)length - 4, name, suffix);
        return buffer;
}

void bh_json_id(yajl_gen json, guint64 id) {
        char text[24];

        g_snprintf(text, sizeof text, "%" G_GUINT64_FORMAT, id);
        bh_json_string(json, id != 0 ? text : NULL);
}

void bh_json_named_uint(yajl_gen json, const char *name, guint64 number) {
        if (g_str_has_suffix(name, "_usec"))
                bh_json_double(json, number / (double)G_USEC_PER_SEC);
        else if (g_str_equal(name, "id") || g_str_has_suffix(name, "_id"))
                bh_json_id(json, number);
        else if (number == 0 && g_strv_contains(zero_is_null, name))
                yajl_gen_null(json);
        else
                bh_json_uint(json, number);
}

void bh_json_named_int(yajl_gen json, const char *name, gint64 number) {
        if (g_str_has_suffix(name, "_usec"))
                bh_json_time(json, number);
        else if (number == -1 && g_str_equal(name, "uid"))
                yajl_gen_null(json);
        else
                yajl_gen_integer(json, number);
}

void bh_json_named_text(yajl_gen json, const char *name, const char *text, gsize length) {
        if (length == 0 && g_strv_contains(empty_is_null, name))
                yajl_gen_null(json);
        else
                yajl_gen_string(json, (const guchar *)text, length);
}

static void write_text(yajl_gen json, const char *name, GVariant *value) {
        gsize length;
        const char *text = g_variant_get_string(value, &length);

        bh_json_named_text(json, name, text, length);
}

void bh_json_object(yajl_gen json, const char *path) {
        if (g_str_has_prefix(path, BH_ROOT_PATH "/"))
                path += strlen(BH_ROOT_PATH "/");
        bh_json_string(json, g_str_equal(path, "/") ? NULL : path);
}

void bh_json_object_member(yajl_gen json, const char *name, const char *path) {
        const char *last = strrchr(path, '/') + 1;

        if (g_str_equal(name, "path"))
                bh_json_member(json, "id", *last ? last : NULL);
        bh_json_string(json, name);
        bh_json_object(json, path);
}

static void write_array(yajl_gen json, const char *name, GVariant *value) {
        GVariantIter iter;
        GVariant *item;

        yajl_gen_array_open(json);
        g_variant_iter_init(&iter, value);
        while ((item = g_variant_iter_next_value(&iter))) {
                bh_json_value(json, name, item);
                g_variant_unref(item);
        }
        yajl_gen_array_close(json);
}

void bh_json_value(yajl_gen json, const char *name, GVariant *value) {
        switch (g_variant_classify(value)) {
        case G_VARIANT_CLASS_BOOLEAN:
                yajl_gen_bool(json, g_variant_get_boolean(value));
                return;
        case G_VARIANT_CLASS_BYTE:
                bh_json_uint(json, g_variant_get_byte(value));
                return;
        case G_VARIANT_CLASS_INT16:
                yajl_gen_integer(json, g_variant_get_int16(value));
                return;
        case G_VARIANT_CLASS_UINT16:
                bh_json_uint(json, g_variant_get_uint16(value));
                return;
        case G_VARIANT_CLASS_INT32:
                yajl_gen_integer(json, g_variant_get_int32(value));
                return;
        case G_VARIANT_CLASS_UINT32:
                bh_json_uint(json, g_variant_get_uint32(value));
                return;
        case G_VARIANT_CLASS_INT64:
                bh_json_named_int(json, name, g_variant_get_int64(value));
                return;
        case G_VARIANT_CLASS_UINT64:
                bh_json_named_uint(json, name, g_variant_get_uint64(value));
                return;
        case G_VARIANT_CLASS_DOUBLE:
                bh_json_double(json, g_variant_get_double(value));
                return;
        case G_VARIANT_CLASS_OBJECT_PATH:
                bh_json_object(json, g_variant_get_string(value, NULL));
                return;
        case G_VARIANT_CLASS_STRING:
        case G_VARIANT_CLASS_SIGNATURE:
                write_text(json, name, value);
                return;
        case G_VARIANT_CLASS_VARIANT: {
                g_autoptr(GVariant) inner = g_variant_get_variant(value);

                bh_json_value(json, name, inner);
                return;
        }
        case G_VARIANT_CLASS_ARRAY:
                if (g_variant_is_of_type(value, G_VARIANT_TYPE_VARDICT)) {
                        yajl_gen_map_open(json);
                        bh_json_dictionary_members(json, value);
                        yajl_gen_map_close(json);
                } else
                        write_array(json, name, value);
                return;
        case G_VARIANT_CLASS_TUPLE:
                write_array(json, name, value);
                return;
        case G_VARIANT_CLASS_HANDLE:
        case G_VARIANT_CLASS_MAYBE:
        case G_VARIANT_CLASS_DICT_ENTRY:
        default:
                yajl_gen_null(json);
        }
}

void bh_json_variant_member(yajl_gen json, const char *name, GVariant *value) {
        char buffer[64];

        if (g_variant_is_of_type(value, G_VARIANT_TYPE_OBJECT_PATH)) {
                bh_json_object_member(json, name, g_variant_get_string(value, NULL));
                return;
        }
        bh_json_string(json, bh_json_name(name, g_variant_get_type(value), buffer));
        bh_json_value(json, name, value);
}

/* Not by a format string: that would serialise all of it first. */
void bh_json_dictionary_members(yajl_gen json, GVariant *dictionary) {
        gsize count = g_variant_n_children(dictionary);

        for (gsize i = 0; i < count; i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(dictionary, i);
                g_autoptr(GVariant) name = g_variant_get_child_value(entry, 0);
                g_autoptr(GVariant) value = g_variant_get_child_value(entry, 1);
                g_autoptr(GVariant) inner = g_variant_get_variant(value);

                bh_json_variant_member(json, g_variant_get_string(name, NULL), inner);
        }
}

/* json-glib recurses into what it parses, takes more than JSON for JSON, cuts a text short at "\u0000" and wraps integers of more than 63 bits. So yajl,
 * which is strict and does not recurse, reads the body first. */
typedef struct {
        guint depth;
        const char *problem;
} Check;

static int check_open(void *data) {
        Check *check = data;

        if (++check->depth > MAX_DEPTH)
                check->problem = "The body is nested too deeply";
        return !check->problem;
}

static int check_close(void *data) {
        ((Check *)data)->depth--;
        return TRUE;
}

static int check_number(void *data, const char *text, size_t length) {
        Check *check = data;

        if (length > MAX_DIGITS)
                check->problem = "The body has a number that is too large";
        return !check->problem;
}

static int check_text(void *data, const guchar *text, size_t length) {
        Check *check = data;

        if (memchr(text, '\0', length))
                check->problem = "The body has a text with a NUL character";
        return !check->problem;
}

static const char *find_problem(const char *text, gsize length) {
        static const yajl_callbacks callbacks = {
                .yajl_number = check_number,
                .yajl_string = check_text,
                .yajl_start_map = check_open,
                .yajl_map_key = check_text,
                .yajl_end_map = check_close,
                .yajl_start_array = check_open,
                .yajl_end_array = check_close,
        };
        Check check = {};
        yajl_handle parser = yajl_alloc(&callbacks, NULL, &check);
        yajl_status status = yajl_parse(parser, (const guchar *)text, length);

        if (status == yajl_status_ok)
                status = yajl_complete_parse(parser);
        yajl_free(parser);
        if (check.problem)
                return check.problem;
        return status == yajl_status_ok ? NULL : "The body is not valid JSON";
}

JsonNode *bh_json_parse(const char *text, gsize length, gboolean array, const char **problem) {
        g_autoptr(JsonParser) parser = json_parser_new_immutable();
        g_autoptr(JsonNode) root = NULL;

        if (!g_utf8_validate(text, length, NULL) || memchr(text, '\0', length)) {
                *problem = "The body is not valid UTF-8";
                return NULL;
        }
        *problem = find_problem(text, length);
        if (*problem)
                return NULL;
        if (!json_parser_load_from_data(parser, text, length, NULL)) {
                *problem = "The body is not valid JSON";
                return NULL;
        }
        root = json_parser_steal_root(parser);
        if (!root || !(array ? JSON_NODE_HOLDS_ARRAY(root) : JSON_NODE_HOLDS_OBJECT(root))) {
                *problem = array ? "The body must be an array" : "The body must be an object";
                return NULL;
        }
        return g_steal_pointer(&root);
}
