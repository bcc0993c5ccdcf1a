/* SPDX-License-Identifier: MIT */
#define G_LOG_DOMAIN "baluhost-web"
#include "interfaces.h"

#include "interface-resources.h"

#include "../dbus/errors.h"

#define MEMBERS_ANNOTATION BH_BUS_NAME ".Members"

static GDBusInterfaceInfo *load(const char *interface) {
        g_autofree char *path = g_strdup_printf("/org/baluhost/web/dbus/%s.%s.xml", BH_BUS_NAME, interface);
        g_autofree char *name = g_strdup_printf("%s.%s", BH_BUS_NAME, interface);
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) xml = g_resource_lookup_data(interface_resources_get_resource(), path, 0, &error);
        g_autoptr(GDBusNodeInfo) node = NULL;
        GDBusInterfaceInfo *info;

        if (!xml)
                g_error("%s", error->message);
        node = g_dbus_node_info_new_for_xml(g_bytes_get_data(xml, NULL), &error);
        if (!node)
                g_error("%s: %s", path, error->message);
        info = g_dbus_node_info_lookup_interface(node, name);
        if (!info)
                g_error("%s does not describe %s", path, name);
        g_dbus_interface_info_cache_build(info);
        return g_dbus_interface_info_ref(info);
}

GDBusInterfaceInfo *bh_interface_lookup(const char *interface) {
        static GHashTable *cache; /* of constant data; main thread only */
        GDBusInterfaceInfo *info;

        if (!cache)
                cache = g_hash_table_new(g_str_hash, g_str_equal);
        info = g_hash_table_lookup(cache, interface);
        if (!info) {
                info = load(interface);
                g_hash_table_insert(cache, g_strdup(interface), info);
        }
        return info;
}

GDBusMethodInfo *bh_method_lookup(const char *interface, const char *method) {
        GDBusMethodInfo *info = g_dbus_interface_info_lookup_method(bh_interface_lookup(interface), method);

        if (!info)
                g_error("no method %s.%s", interface, method);
        return info;
}

GDBusArgInfo *bh_argument_find(GDBusArgInfo **arguments, const char *name) {
        for (GDBusArgInfo **argument = arguments; argument && *argument; argument++)
                if (g_str_equal((*argument)->name, name))
                        return *argument;
        return NULL;
}

char **bh_argument_members(GDBusArgInfo *argument) {
        const char *members = g_dbus_annotation_info_lookup(argument->annotations, MEMBERS_ANNOTATION);

        return members ? g_strsplit(members, ",", 0) : NULL;
}
