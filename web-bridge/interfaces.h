/* SPDX-License-Identifier: MIT */
#pragma once

#include <gio/gio.h>

/* The descriptions of dbus/, one XML file each, compiled in. */

/* @interface is the last part of its name ("Files"). Aborts when there is none of that name: the table of routes is wrong then, which a test sees. */
GDBusInterfaceInfo *bh_interface_lookup(const char *interface);
GDBusMethodInfo *bh_method_lookup(const char *interface, const char *method);

/* NULL when there is no such argument. */
GDBusArgInfo *bh_argument_find(GDBusArgInfo **arguments, const char *name);

/* Names of the members of an array of structures (annotation org.baluhost.NAS1.Members), NULL when it has none. Free with g_strfreev(). */
char **bh_argument_members(GDBusArgInfo *argument);
