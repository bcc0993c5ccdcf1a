/* SPDX-License-Identifier: MIT */

#include "bus/options.h"

#include <errno.h>
#include <glib.h>

#include "bus/error.h"

/* More than any method knows; what is longer is refused before it is looked at. */
#define OPTIONS_MAX 64

/* Longest name of an option that is worth repeating, in bytes. */
#define NAME_SHOWN_MAX 64

static int set_string(const BhOption *option, const char *what, const char *text, sd_bus_error *error) {
        char **value = option->value;

        if (strlen(text) > option->max)
                return bh_error_set_named(error, "InvalidArgument", "The %s “%s” is longer than %zu bytes", what,
                                          option->name, option->max);
        g_free(*value);
        *value = g_strdup(text);
        return 0;
}

/* The message is inside the variant, which is of the type that it should be. */
static int read_value(sd_bus_message *m, const BhOption *option, const char *what, sd_bus_error *error) {
        const char *text;
        int truth, r;

        switch (option->type) {
        case 's':
                r = sd_bus_message_read_basic(m, 's', &text);
                return r < 0 ? r : set_string(option, what, text, error);
        case 'b':
                r = sd_bus_message_read_basic(m, 'b', &truth);
                if (r >= 0)
                        *(bool *)option->value = truth;
                return r;
        default:
                return sd_bus_message_read_basic(m, option->type, option->value);
        }
}

static const BhOption *find(const BhOption *options, size_t n_options, const char *name) {
        for (size_t i = 0; i < n_options; i++)
                if (g_str_equal(options[i].name, name))
                        return &options[i];
        return NULL;
}

static int read_entry(sd_bus_message *m, const char *what, const char *name, const BhOption *option,
                      sd_bus_error *error) {
        char signature[2] = {option->type, '\0'};
        const char *contents;
        int r;

        r = sd_bus_message_peek_type(m, NULL, &contents);
        if (r < 0)
                return r;
        if (!g_str_equal(contents, signature))
                return bh_error_set_named(error, "InvalidArgument", "The %s “%s” must be of the D-Bus type %s", what,
                                          name, signature);
        r = sd_bus_message_enter_container(m, 'v', signature);
        if (r < 0)
                return r;
        r = read_value(m, option, what, error);
        if (r < 0)
                return r;
        if (option->is_set)
                *option->is_set = true;
        return sd_bus_message_exit_container(m);
}

int bh_options_read(sd_bus_message *m, const char *what, const BhOption *options, size_t n_options,
                    const BhOption *extra, size_t n_extra, sd_bus_error *error) {
        const BhOption *seen[OPTIONS_MAX];
        size_t n_seen = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const BhOption *option;
                const char *name;

                r = sd_bus_message_read_basic(m, 's', &name);
                if (r < 0)
                        return r;
                option = find(options, n_options, name) ?: find(extra, n_extra, name);
                if (!option)
                        return bh_error_set_named(error, "InvalidArgument", "There is no %s “%s” here", what,
                                                  strlen(name) <= NAME_SHOWN_MAX ? name : "…");
                for (size_t i = 0; i < n_seen; i++)
                        if (seen[i] == option)
                                return bh_error_set_named(error, "InvalidArgument", "The %s “%s” is given twice", what,
                                                          name);
                g_assert(n_seen < OPTIONS_MAX);
                seen[n_seen++] = option;
                r = read_entry(m, what, name, option, error);
                if (r < 0)
                        return r;
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(m);
}

int bh_options_read_string(sd_bus_message *m, const char *argument, size_t max, char **ret, sd_bus_error *error) {
        const char *text;
        int r;

        r = sd_bus_message_read_basic(m, 's', &text);
        if (r == -EBADMSG) /* the bus lets noncharacters of Unicode through, and the library does not */
                return bh_error_set(error, -EILSEQ, "The argument “%s” cannot be read", argument);
        if (r < 0)
                return r;
        if (strlen(text) > max)
                return bh_error_set_named(error, "InvalidArgument", "The argument “%s” is longer than %zu bytes",
                                          argument, max);
        *ret = g_strdup(text);
        return 0;
}
