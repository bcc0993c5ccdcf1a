/* SPDX-License-Identifier: MIT */

#include "bus/field.h"

#include <glib.h>
#include <math.h>
#include <stdint.h>

#include "bus/dictionary.h"

static const void *value_of(const BhField *field, const void *noun) {
        return (const char *)noun + field->offset;
}

static int append_list(sd_bus_message *m, char *const *list) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "s");
        for (; r >= 0 && *list; list++)
                r = sd_bus_message_append_basic(m, 's', *list);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int bh_field_append(sd_bus_message *m, const BhField *field, const void *noun) {
        const void *value = value_of(field, noun);
        int truth;

        if (field->append)
                return field->append(m, noun);
        switch (field->type[0]) {
        case 's':
        case 'o':
                return sd_bus_message_append_basic(m, field->type[0], *(char *const *)value);
        case 'b':
                truth = *(const bool *)value;
                return sd_bus_message_append_basic(m, 'b', &truth);
        case 'a':
                return append_list(m, *(char *const *const *)value);
        default:
                return sd_bus_message_append_basic(m, field->type[0], value);
        }
}

static bool same_number(double a, double b) {
        return (isnan(a) && isnan(b)) || (a <= b && a >= b);
}

bool bh_field_is_equal(const BhField *field, const void *a, const void *b) {
        const void *one = value_of(field, a), *other = value_of(field, b);

        if (field->is_equal)
                return field->is_equal(a, b);
        switch (field->type[0]) {
        case 's':
        case 'o':
                return g_str_equal(*(char *const *)one, *(char *const *)other);
        case 'b':
                return *(const bool *)one == *(const bool *)other;
        case 'a':
                return g_strv_equal(*(const char *const *const *)one, *(const char *const *const *)other);
        case 'd':
                return same_number(*(const double *)one, *(const double *)other);
        case 'i':
        case 'u':
                return *(const uint32_t *)one == *(const uint32_t *)other;
        default:
                return *(const uint64_t *)one == *(const uint64_t *)other;
        }
}

static bool is_known(const BhField *field, const void *noun) {
        const void *value = value_of(field, noun);

        if (field->is_known)
                return field->is_known(noun);
        if (field->is == BH_FIELD_ALWAYS)
                return true;
        switch (field->type[0]) {
        case 's':
                return **(char *const *)value != '\0';
        case 'a':
                return **(char *const *const *)value != NULL;
        case 'd':
                return !isnan(*(const double *)value);
        case 'i':
                return *(const int32_t *)value >= 0;
        case 'u':
                return *(const uint32_t *)value > 0;
        case 't':
        case 'x':
                return *(const uint64_t *)value > 0;
        default:
                return true;
        }
}

const BhField *bh_field_find(const BhField *fields, size_t n_fields, const char *property) {
        for (size_t i = 0; i < n_fields; i++)
                if (g_str_equal(fields[i].property, property))
                        return &fields[i];
        return NULL;
}

static int append_entry(sd_bus_message *m, const BhField *field, const void *noun) {
        int r;

        r = bh_dictionary_open_value(m, field->key, field->type);
        if (r >= 0)
                r = bh_field_append(m, field, noun);
        return r < 0 ? r : bh_dictionary_close_value(m);
}

int bh_field_append_dictionary(sd_bus_message *m, const BhField *fields, size_t n_fields, const char *path,
                               const void *noun) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "path", "o", path);
        for (size_t i = 0; r >= 0 && i < n_fields; i++)
                if (is_known(&fields[i], noun))
                        r = append_entry(m, &fields[i], noun);
        return r < 0 ? r : sd_bus_message_close_container(m);
}
