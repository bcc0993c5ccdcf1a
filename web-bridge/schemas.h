/* SPDX-License-Identifier: MIT */
#pragma once

/* What the dictionaries of the D-Bus interfaces hold, for the OpenAPI document; their XML says it in prose. A test compares it with live replies. */
typedef struct {
        const char *name;
        /* "name:type" separated by spaces; type is string, boolean, integer, number, time, "[Other]" for an array or "a|b" for a choice;
         * then "?" for nullable, "~" for not always there, "!" for deprecated. */
        const char *members;
} BhSchema;

extern const BhSchema bh_schemas[]; /* ends with a row without name */
