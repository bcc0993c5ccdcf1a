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

static int read_paths(sd_bus_message *m, const char *what, const char *name, size_t max, char ***ret,
                      sd_bus_error *error) {
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
        const char *path;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "o");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(m, 'o', &path)) > 0) {
                if (paths->len >= max)
                        return bh_error_set_named(error, "InvalidArgument", "The %s “%s” has more than %zu elements",
                                                  what, name, max);
                g_ptr_array_add(paths, g_strdup(path));
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        g_ptr_array_add(paths, NULL);
        g_strfreev(*ret);
        *ret = (char **)g_ptr_array_steal(paths, NULL);
        return 0;
}

static int read_strings(sd_bus_message *m, const BhOption *option, const char *what, sd_bus_error *error) {
        g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
        char ***value = option->value;
        const char *text;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "s");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(m, 's', &text)) > 0) {
                if (strings->len >= option->max)
                        return bh_error_set_named(error, "InvalidArgument", "The %s “%s” has more than %zu elements",
                                                  what, option->name, option->max);
                if (strlen(text) > BH_OPTION_ELEMENT_MAX)
                        return bh_error_set_named(error, "InvalidArgument",
                                                  "The %s “%s” has an element of more than %d bytes", what,
                                                  option->name, BH_OPTION_ELEMENT_MAX);
                g_ptr_array_add(strings, g_strdup(text));
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        g_ptr_array_add(strings, NULL);
        g_strfreev(*value);
        *value = (char **)g_ptr_array_steal(strings, NULL);
        return 0;
}

static int read_numbers(sd_bus_message *m, const BhOption *option, const char *what, sd_bus_error *error) {
        GArray **value = option->value;
        const void *numbers;
        size_t size;
        int r;

        r = sd_bus_message_read_array(m, 't', &numbers, &size);
        if (r < 0)
                return r;
        if (size / sizeof(uint64_t) > option->max)
                return bh_error_set_named(error, "InvalidArgument", "The %s “%s” has more than %zu elements", what,
                                          option->name, option->max);
        g_clear_pointer(value, g_array_unref);
        *value = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        if (size > 0)
                g_array_append_vals(*value, numbers, (guint)(size / sizeof(uint64_t)));
        return 0;
}

static int read_table(sd_bus_message *m, const BhOption *option, sd_bus_error *error) {
        const BhOptionTable *table = option->value;

        return bh_options_read(m, table->what, table->options, table->n_options, NULL, 0, error);
}

/* The message is inside the variant, which is of the type that it should be. */
static int read_value(sd_bus_message *m, const BhOption *option, const char *what, sd_bus_error *error) {
        const char *text;
        int truth, r;

        switch (option->type) {
        case 's':
                r = sd_bus_message_read_basic(m, 's', &text);
                return r < 0 ? r : set_string(option, what, text, error);
        case 'o':
                r = sd_bus_message_read_basic(m, 'o', &text);
                if (r < 0)
                        return r;
                g_free(*(char **)option->value);
                *(char **)option->value = g_strdup(text);
                return 0;
        case 'A':
                return read_paths(m, what, option->name, option->max, option->value, error);
        case 'S':
                return read_strings(m, option, what, error);
        case 'T':
                return read_numbers(m, option, what, error);
        case 'D':
                return read_table(m, option, error);
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

/* Of the types that are not basic ones; NULL otherwise. */
static const char *signature_of(char type) {
        switch (type) {
        case 'A':
                return "ao";
        case 'S':
                return "as";
        case 'T':
                return "at";
        case 'D':
                return "a{sv}";
        default:
                return NULL;
        }
}

static int read_entry(sd_bus_message *m, const char *what, const char *name, const BhOption *option,
                      sd_bus_error *error) {
        const char basic[2] = {option->type, '\0'}, *signature = signature_of(option->type) ?: basic;
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

int bh_options_read_paths(sd_bus_message *m, const char *argument, size_t max, char ***ret, sd_bus_error *error) {
        return read_paths(m, "argument", argument, max, ret, error);
}

int bh_options_read_path(sd_bus_message *m, char **ret) {
        const char *path;
        int r = sd_bus_message_read_basic(m, 'o', &path);

        if (r >= 0)
                *ret = g_strdup(path);
        return r;
}
