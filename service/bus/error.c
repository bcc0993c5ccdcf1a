/* SPDX-License-Identifier: MIT */

#include "bus/error.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>

#include "errors.h"

typedef struct ErrorRow {
        const char *name;
        const char *full_name;
        int number;
        const char *sentence;
} ErrorRow;

#define ROW(name, number, status, sentence) {#name, BH_ERROR_PREFIX #name, number, sentence},
static const ErrorRow rows[] = {BH_ERRORS(ROW)};
#undef ROW

static const ErrorRow *row_by_name(const char *name) {
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
                if (g_str_equal(rows[i].name, name))
                        return &rows[i];
        g_return_val_if_reached(row_by_name("Failed"));
}

static const ErrorRow *row_by_errno(int r) {
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
                if (rows[i].number != 0 && rows[i].number == abs(r))
                        return &rows[i];
        return row_by_name("Failed");
}

static const ErrorRow *row_find(int r, const char *name) {
        return name ? row_by_name(name) : row_by_errno(r);
}

const char *bh_error_full_name(int r, const char *name) {
        return row_find(r, name)->full_name;
}

const char *bh_error_sentence(int r, const char *name) {
        return row_find(r, name)->sentence;
}

int bh_error_set(sd_bus_error *error, int r, const char *format, ...) {
        const ErrorRow *row = row_by_errno(r);
        g_autofree char *text = NULL;
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        return sd_bus_error_setf(error, row->full_name, "%s: %s", text, row->sentence);
}

int bh_error_set_named(sd_bus_error *error, const char *name, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list args;

        va_start(args, format);
        text = g_strdup_vprintf(format, args);
        va_end(args);
        return sd_bus_error_set(error, row_by_name(name)->full_name, text);
}

int bh_error_set_failure(sd_bus_error *error, int r, const BhFailure *failure) {
        const ErrorRow *row = row_find(r, failure->name);

        return sd_bus_error_set(error, row->full_name, failure->message ?: row->sentence);
}
