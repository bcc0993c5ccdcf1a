/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <yajl/yajl_gen.h>

/* JSON out of D-Bus values, streamed (json-glib's trees cost ten times as much for a list of a thousand entries), and JSON in, bounded. */

G_DEFINE_AUTO_CLEANUP_FREE_FUNC(yajl_gen, yajl_gen_free, NULL)

yajl_gen bh_json_new(void);

/* The text written so far; @json can be freed afterwards. */
GBytes *bh_json_finish(yajl_gen json);

/* One value. NULL becomes null. */
void bh_json_string(yajl_gen json, const char *text);
void bh_json_uint(yajl_gen json, guint64 number);
/* As a text; null for 0. */
void bh_json_id(yajl_gen json, guint64 id);

void bh_json_double(yajl_gen json, double number);
/* A point in time, µs since 1970, as "2026-01-02T03:04:05.678Z"; 0 as null. */
void bh_json_time(yajl_gen json, gint64 usec);

/* A member with a text. */
void bh_json_member(yajl_gen json, const char *name, const char *text);

/* Name of a D-Bus argument or dictionary entry in JSON: "created_usec" of type x → "created_at"; "uptime_usec" of type t, a duration → "uptime_seconds". Others
 * are returned as they are; otherwise @buffer is filled. */
const char *bh_json_name(const char *name, const GVariantType *type, char buffer[static 64]);

/* A basic value of a D-Bus argument or dictionary entry @name: as bh_json_value(). */
void bh_json_named_uint(yajl_gen json, const char *name, guint64 number);
void bh_json_named_int(yajl_gen json, const char *name, gint64 number);
void bh_json_named_text(yajl_gen json, const char *name, const char *text, gsize length);

/* Value of a D-Bus argument or dictionary entry @name: ids are decimal strings, 0 and "" are null where they mean "none", times are ISO 8601. */
void bh_json_value(yajl_gen json, const char *name, GVariant *value);

/* An object of the service by its path below the root, "disks/ID", which is how addresses of routes name it too; none ("/") as null. */
void bh_json_object(yajl_gen json, const char *path);

/* As a member. The object that a dictionary is about, its member "path", is named by "id" as well, the last part of it. */
void bh_json_object_member(yajl_gen json, const char *name, const char *path);

/* Both: one member of an object. */
void bh_json_variant_member(yajl_gen json, const char *name, GVariant *value);

/* All entries of a dictionary a{sv} as members of the object that is open. */
void bh_json_dictionary_members(yajl_gen json, GVariant *dictionary);

/* Parses a request body that must be an object (or an array when @array). Returns NULL with a sentence in @problem. Depth is at most 32. */
JsonNode *bh_json_parse(const char *text, gsize length, gboolean array, const char **problem);
