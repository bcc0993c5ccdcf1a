/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-bus.h>

/* Dictionaries a{sv} from outside: known names with known types, everything else is refused by name. */

typedef struct BhOption {
        const char *name;
        char type;   /* s, b, u, t, x, o; 'A' for ao, 'S' for as, 'T' for at, 'D' for a{sv} */
        void *value; /* where it goes: char ** (of s and o; owned, freed with g_free()), char *** (of ao and as; owned, freed with g_strfreev()), GArray ** (of at; owned), const BhOptionTable * (of a{sv}), bool *, uint32_t *, uint64_t *, int64_t *; untouched when it is not given */
        bool *is_set; /* set to true when it is given; may be NULL */
        size_t max;   /* bytes of a string at most; elements of a list at most */
} BhOption;

/* Bytes of a string in a list at most. */
#define BH_OPTION_ELEMENT_MAX 1024

/* A dictionary in a dictionary. */
typedef struct BhOptionTable {
        const char *what; /* as for bh_options_read() */
        const BhOption *options;
        size_t n_options;
} BhOptionTable;

/* Reads a dictionary at the message's position. what is what it is called in errors: "option", "change". extra is a second table, for the options that all
 * methods share; may be NULL. Sets error to InvalidArgument for what is unknown, given twice, of a wrong type or too long. Returns 0 or a negative errno.
 * Event loop. */
int bh_options_read(sd_bus_message *m, const char *what, const BhOption *options, size_t n_options,
                    const BhOption *extra, size_t n_extra, sd_bus_error *error);

/* Reads a string argument of at most max bytes into *ret (owned). argument is its name for the error. Returns 0 or a negative errno. Event loop. */
int bh_options_read_string(sd_bus_message *m, const char *argument, size_t max, char **ret, sd_bus_error *error);

/* Reads a list of object paths, at most max of them, into *ret (owned, NULL-terminated). Returns 0 or a negative errno. Event loop. */
int bh_options_read_paths(sd_bus_message *m, const char *argument, size_t max, char ***ret, sd_bus_error *error);

/* Reads an object path argument into *ret (owned). Returns 0 or a negative errno. Event loop. */
int bh_options_read_path(sd_bus_message *m, char **ret);
