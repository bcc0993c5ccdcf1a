/* SPDX-License-Identifier: MIT */

#include "udisks-store.h"

#include <limits.h>
#include <string.h>

#include "log.h"
#include "udisks-store-private.h"

/* More than any machine has; what is more is left out. */
#define OBJECTS_MAX 8192u
#define LIST_MAX 256u
#define TEXT_MAX 512u

typedef struct Property {
        const char *name;
        const char *type; /* of D-Bus */
        size_t offset;    /* in the struct of its part */
} Property;

typedef struct Interface {
        const char *name;
        size_t size;
        const Property *properties;
        size_t n_properties;
} Interface;

#define TYPE_CONFIGURATION "a(sa{sv})" /* its fstab entries' directories; char ** */
#define TYPE_MEMBERS "a(oiasta{sv})"   /* BhMembers */

static const Property manager_properties[] = {{"Version", "s", offsetof(BhManagerPart, version)}};

static const Property drive_properties[] = {
        {"Vendor", "s", offsetof(BhDrivePart, vendor)},
        {"Model", "s", offsetof(BhDrivePart, model)},
        {"Revision", "s", offsetof(BhDrivePart, revision)},
        {"Serial", "s", offsetof(BhDrivePart, serial)},
        {"WWN", "s", offsetof(BhDrivePart, wwn)},
        {"ConnectionBus", "s", offsetof(BhDrivePart, connection)},
        {"Size", "t", offsetof(BhDrivePart, size)},
        {"RotationRate", "i", offsetof(BhDrivePart, rotation_rate)},
        {"MediaRemovable", "b", offsetof(BhDrivePart, media_removable)},
        {"MediaAvailable", "b", offsetof(BhDrivePart, media_available)},
        {"Optical", "b", offsetof(BhDrivePart, optical)},
};

static const Property ata_properties[] = {
        {"SmartSupported", "b", offsetof(BhAtaPart, supported)},
        {"SmartEnabled", "b", offsetof(BhAtaPart, enabled)},
        {"SmartFailing", "b", offsetof(BhAtaPart, failing)},
        {"SmartUpdated", "t", offsetof(BhAtaPart, updated_sec)},
        {"SmartPowerOnSeconds", "t", offsetof(BhAtaPart, power_on_sec)},
        {"SmartTemperature", "d", offsetof(BhAtaPart, kelvin)},
        {"SmartNumAttributesFailing", "i", offsetof(BhAtaPart, n_failing)},
        {"SmartNumAttributesFailedInThePast", "i", offsetof(BhAtaPart, n_failed_before)},
        {"SmartNumBadSectors", "x", offsetof(BhAtaPart, n_bad_sectors)},
        {"SmartSelftestStatus", "s", offsetof(BhAtaPart, selftest_status)},
        {"SmartSelftestPercentRemaining", "i", offsetof(BhAtaPart, selftest_percent)},
};

static const Property nvme_properties[] = {
        {"SmartUpdated", "t", offsetof(BhNvmePart, updated_sec)},
        {"SmartPowerOnHours", "t", offsetof(BhNvmePart, power_on_hours)},
        {"SmartTemperature", "q", offsetof(BhNvmePart, kelvin)},
        {"SmartCriticalWarning", "as", offsetof(BhNvmePart, critical_warnings)},
        {"SmartSelftestStatus", "s", offsetof(BhNvmePart, selftest_status)},
        {"SmartSelftestPercentRemaining", "i", offsetof(BhNvmePart, selftest_percent)},
};

static const Property block_properties[] = {
        {"Device", "ay", offsetof(BhBlockPart, device)},
        {"Drive", "o", offsetof(BhBlockPart, drive)},
        {"MDRaid", "o", offsetof(BhBlockPart, md)},
        {"MDRaidMember", "o", offsetof(BhBlockPart, md_member)},
        {"CryptoBackingDevice", "o", offsetof(BhBlockPart, crypto_backing)},
        {"IdUsage", "s", offsetof(BhBlockPart, id_usage)},
        {"IdType", "s", offsetof(BhBlockPart, id_type)},
        {"IdLabel", "s", offsetof(BhBlockPart, id_label)},
        {"IdUUID", "s", offsetof(BhBlockPart, id_uuid)},
        {"Size", "t", offsetof(BhBlockPart, size)},
        {"ReadOnly", "b", offsetof(BhBlockPart, read_only)},
        {"HintSystem", "b", offsetof(BhBlockPart, hint_system)},
        {"HintIgnore", "b", offsetof(BhBlockPart, hint_ignore)},
        {"Configuration", TYPE_CONFIGURATION, offsetof(BhBlockPart, fstab_directories)},
};

static const Property partition_properties[] = {
        {"Number", "u", offsetof(BhPartitionPart, number)},
        {"Table", "o", offsetof(BhPartitionPart, table)},
};

static const Property filesystem_properties[] = {
        {"MountPoints", "aay", offsetof(BhFilesystemPart, mount_points)},
        {"Size", "t", offsetof(BhFilesystemPart, size)},
};

static const Property swap_properties[] = {{"Active", "b", offsetof(BhSwapPart, active)}};

static const Property md_properties[] = {
        {"UUID", "s", offsetof(BhMdPart, uuid)},
        {"Name", "s", offsetof(BhMdPart, name)},
        {"Level", "s", offsetof(BhMdPart, level)},
        {"NumDevices", "u", offsetof(BhMdPart, devices)},
        {"Size", "t", offsetof(BhMdPart, size)},
        {"SyncAction", "s", offsetof(BhMdPart, sync_action)},
        {"SyncCompleted", "d", offsetof(BhMdPart, sync_completed)},
        {"SyncRate", "t", offsetof(BhMdPart, sync_rate)},
        {"SyncRemainingTime", "t", offsetof(BhMdPart, sync_remaining_usec)},
        {"Degraded", "u", offsetof(BhMdPart, degraded)},
        {"BitmapLocation", "ay", offsetof(BhMdPart, bitmap)},
        {"ChunkSize", "t", offsetof(BhMdPart, chunk_size)},
        {"ActiveDevices", TYPE_MEMBERS, offsetof(BhMdPart, members)},
};

#define PREFIX "org.freedesktop.UDisks2."
#define INTERFACE(name, part, properties)                                                                              \
        { PREFIX name, sizeof(part), properties, G_N_ELEMENTS(properties) }
#define PLAIN(name)                                                                                                    \
        { PREFIX name, 1, NULL, 0 }

static const Interface interfaces[BH_PARTS] = {
        [BH_PART_MANAGER] = INTERFACE("Manager", BhManagerPart, manager_properties),
        [BH_PART_DRIVE] = INTERFACE("Drive", BhDrivePart, drive_properties),
        [BH_PART_ATA] = INTERFACE("Drive.Ata", BhAtaPart, ata_properties),
        [BH_PART_NVME] = INTERFACE("NVMe.Controller", BhNvmePart, nvme_properties),
        [BH_PART_BLOCK] = INTERFACE("Block", BhBlockPart, block_properties),
        [BH_PART_PARTITION] = INTERFACE("Partition", BhPartitionPart, partition_properties),
        [BH_PART_TABLE] = PLAIN("PartitionTable"),
        [BH_PART_FILESYSTEM] = INTERFACE("Filesystem", BhFilesystemPart, filesystem_properties),
        [BH_PART_SWAP] = INTERFACE("Swapspace", BhSwapPart, swap_properties),
        [BH_PART_ENCRYPTED] = PLAIN("Encrypted"),
        [BH_PART_LOOP] = PLAIN("Loop"),
        [BH_PART_MD] = INTERFACE("MDRaid", BhMdPart, md_properties),
};

/* The store ------------------------------------------------------------------------------------------------------------------------------- */

static void members_clear(BhMembers *members) {
        for (size_t i = 0; i < members->n_items; i++) {
                g_free(members->items[i].block);
                g_free(members->items[i].state);
        }
        g_free(members->items);
        *members = (BhMembers){};
}

static void value_clear(const Property *property, void *value) {
        if (g_str_equal(property->type, "s") || g_str_equal(property->type, "o") || g_str_equal(property->type, "ay"))
                g_clear_pointer((char **)value, g_free);
        else if (g_str_equal(property->type, TYPE_MEMBERS))
                members_clear(value);
        else if (property->type[0] == 'a')
                g_clear_pointer((char ***)value, g_strfreev);
}

static void part_free(BhPart part, void *data) {
        const Interface *interface = &interfaces[part];

        if (!data)
                return;
        for (size_t i = 0; i < interface->n_properties; i++)
                value_clear(&interface->properties[i], (char *)data + interface->properties[i].offset);
        g_free(data);
}

static void object_free(gpointer data) {
        BhUdisksObject *object = data;

        for (BhPart part = 0; part < BH_PARTS; part++)
                part_free(part, object->parts[part]);
        g_free(object->path);
        g_free(object);
}

BhUdisksStore *bh_udisks_store_new(void) {
        BhUdisksStore *store = g_new0(BhUdisksStore, 1);

        store->objects = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, object_free);
        return store;
}

void bh_udisks_store_free(BhUdisksStore *store) {
        g_hash_table_unref(store->objects);
        g_free(store);
}

static BhUdisksObject *get_object(BhUdisksStore *store, const char *path, bool create) {
        BhUdisksObject *object = g_hash_table_lookup(store->objects, path);

        if (object || !create)
                return object;
        if (g_hash_table_size(store->objects) >= OBJECTS_MAX || strlen(path) > TEXT_MAX) {
                if (!store->is_full)
                        bh_log_warning("UDisks2 shows more than can be taken in: %s and others are left out", path);
                store->is_full = true;
                return NULL;
        }
        object = g_new0(BhUdisksObject, 1);
        object->path = g_strdup(path);
        g_hash_table_insert(store->objects, object->path, object);
        return object;
}

static int find_part(const char *name) {
        for (int part = 0; part < BH_PARTS; part++)
                if (g_str_equal(interfaces[part].name, name))
                        return part;
        return -1;
}

/* Reading values -------------------------------------------------------------------------------------------------------------------------- */

/* Text of a device is whatever its maker has put there: it gets short, valid, and of one line. */
static char *clean_text(const char *text, size_t length) {
        g_autofree char *cut = g_strndup(text, MIN(length, TEXT_MAX));
        char *valid = g_utf8_make_valid(cut, -1);

        for (char *c = valid; *c; c++)
                if (g_ascii_iscntrl(*c))
                        *c = ' ';
        return g_strstrip(valid);
}

static int read_text(sd_bus_message *m, char type, char **ret) {
        const char *text;
        int r = sd_bus_message_read_basic(m, type, &text);

        if (r > 0)
                *ret = clean_text(text, strlen(text));
        return r;
}

/* A path of a file as bytes, with a NUL at the end or not. It stays as it is, unless it is no text, which makes it useless to us. */
static int read_bytes(sd_bus_message *m, char **ret) {
        const void *bytes;
        size_t size;
        int r = sd_bus_message_read_array(m, 'y', &bytes, &size);

        if (r < 0)
                return r;
        *ret = g_strndup(bytes ?: "", MIN(size, PATH_MAX));
        if (!g_utf8_validate(*ret, -1, NULL)) {
                char *valid = g_utf8_make_valid(*ret, -1);

                g_free(*ret);
                *ret = valid;
        }
        return 1;
}

/* Reads an array of strings, or of paths as bytes. */
static int read_list(sd_bus_message *m, const char *contents, char ***ret) {
        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
        int r;

        r = sd_bus_message_enter_container(m, 'a', contents);
        if (r < 0)
                return r;
        while (sd_bus_message_at_end(m, false) == 0) {
                char *text = NULL;

                r = g_str_equal(contents, "s") ? read_text(m, 's', &text) : read_bytes(m, &text);
                if (r < 0)
                        return r;
                if (list->len < LIST_MAX)
                        g_ptr_array_add(list, text);
                else
                        g_free(text);
        }
        g_ptr_array_add(list, NULL);
        *ret = (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
        return sd_bus_message_exit_container(m);
}

/* The member "dir" of the dictionary that describes an entry of fstab. */
static int read_directory(sd_bus_message *m, GPtrArray *list) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const char *key, *contents;

                r = sd_bus_message_read_basic(m, 's', &key);
                if (r < 0)
                        return r;
                r = sd_bus_message_peek_type(m, NULL, &contents);
                if (r < 0)
                        return r;
                if (g_str_equal(key, "dir") && g_str_equal(contents, "ay") && list->len < LIST_MAX) {
                        char *directory = NULL;

                        r = sd_bus_message_enter_container(m, 'v', "ay");
                        if (r >= 0)
                                r = read_bytes(m, &directory);
                        if (r < 0)
                                return r;
                        g_ptr_array_add(list, directory);
                        r = sd_bus_message_exit_container(m);
                } else {
                        r = sd_bus_message_skip(m, "v");
                }
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_configuration(sd_bus_message *m, char ***ret) {
        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(sa{sv})");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "sa{sv}")) > 0) {
                const char *type;

                r = sd_bus_message_read_basic(m, 's', &type);
                if (r < 0)
                        return r;
                r = g_str_equal(type, "fstab") ? read_directory(m, list) : sd_bus_message_skip(m, "a{sv}");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        if (r < 0)
                return r;
        g_ptr_array_add(list, NULL);
        *ret = (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
        return sd_bus_message_exit_container(m);
}

static int read_member(sd_bus_message *m, BhMemberState *ret) {
        g_auto(GStrv) words = NULL;
        g_autofree char *block = NULL;
        int32_t slot;
        uint64_t errors;
        int r;

        r = read_text(m, 'o', &block);
        if (r >= 0)
                r = sd_bus_message_read_basic(m, 'i', &slot);
        if (r >= 0)
                r = read_list(m, "s", &words);
        if (r >= 0)
                r = sd_bus_message_read_basic(m, 't', &errors);
        if (r >= 0)
                r = sd_bus_message_skip(m, "a{sv}");
        if (r < 0)
                return r;
        *ret = (BhMemberState){g_steal_pointer(&block), MAX(slot, -1), g_strjoinv(",", words), errors};
        return 0;
}

static int read_members(sd_bus_message *m, BhMembers *ret) {
        BhMembers members = {.items = g_new0(BhMemberState, LIST_MAX)};
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(oiasta{sv})");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "oiasta{sv}")) > 0) {
                BhMemberState member = {};

                r = read_member(m, &member);
                if (r < 0)
                        break;
                if (members.n_items < LIST_MAX) {
                        members.items[members.n_items++] = member;
                } else {
                        g_free(member.block);
                        g_free(member.state);
                }
                r = sd_bus_message_exit_container(m);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r < 0)
                members_clear(&members);
        else
                *ret = members;
        return r;
}

static int read_value(sd_bus_message *m, const Property *property, void *value) {
        int truth, r;

        value_clear(property, value);
        if (g_str_equal(property->type, TYPE_CONFIGURATION))
                return read_configuration(m, value);
        if (g_str_equal(property->type, TYPE_MEMBERS))
                return read_members(m, value);
        if (g_str_equal(property->type, "ay"))
                return read_bytes(m, value);
        switch (property->type[0]) {
        case 's':
        case 'o':
                return read_text(m, property->type[0], value);
        case 'a':
                return read_list(m, property->type + 1, value);
        case 'b':
                r = sd_bus_message_read_basic(m, 'b', &truth);
                if (r >= 0)
                        *(bool *)value = truth;
                return r;
        default:
                return sd_bus_message_read_basic(m, property->type[0], value);
        }
}

/* Reading objects ------------------------------------------------------------------------------------------------------------------------- */

static const Property *find_property(const Interface *interface, const char *name) {
        for (size_t i = 0; i < interface->n_properties; i++)
                if (g_str_equal(interface->properties[i].name, name))
                        return &interface->properties[i];
        return NULL;
}

/* One value, a variant at the message's position; passed over unless it is of the type that it should be. Returns whether it was taken. */
static int read_property(sd_bus_message *m, const Interface *interface, const char *name, void *data) {
        const Property *property = find_property(interface, name);
        const char *contents;
        int r;

        r = sd_bus_message_peek_type(m, NULL, &contents);
        if (r < 0)
                return r;
        if (!property || !g_str_equal(contents, property->type)) {
                r = sd_bus_message_skip(m, "v");
                return r < 0 ? r : 0;
        }
        r = sd_bus_message_enter_container(m, 'v', property->type);
        if (r >= 0)
                r = read_value(m, property, (char *)data + property->offset);
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(m);
        return r < 0 ? r : 1;
}

/* Reads a{sv} into the struct of a part. Returns whether anything was taken. */
static int read_properties(sd_bus_message *m, BhPart part, void *data) {
        int r, taken = 0;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const char *name;

                r = sd_bus_message_read_basic(m, 's', &name);
                if (r >= 0)
                        r = read_property(m, &interfaces[part], name, data);
                if (r < 0)
                        return r;
                taken |= r;
                r = sd_bus_message_exit_container(m);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : taken;
}

/* The end of an action resets how far it was, possibly before an inventory is made: it is remembered. */
static void follow_sync(BhMdPart *md) {
        bool is_idle = !md->sync_action || !*md->sync_action || g_str_equal(md->sync_action, "idle");

        if (!is_idle && md->was_idle)
                md->sync_peak = 0;
        if (md->sync_completed > md->sync_peak)
                md->sync_peak = md->sync_completed;
        md->was_idle = is_idle;
}

/* Reads a{sa{sv}} of an object, which may be NULL: one that there is no room for. Returns whether anything that we know was among it. */
static int read_interfaces(sd_bus_message *m, BhUdisksObject *object) {
        int r, known = 0;

        r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
                const char *name;
                int part;

                r = sd_bus_message_read_basic(m, 's', &name);
                if (r < 0)
                        return r;
                part = object ? find_part(name) : -1;
                if (part >= 0) {
                        part_free((BhPart)part, object->parts[part]);
                        object->parts[part] = g_malloc0(interfaces[part].size);
                        r = read_properties(m, (BhPart)part, object->parts[part]);
                        if (part == BH_PART_MD)
                                follow_sync(object->parts[part]);
                        known = 1;
                } else {
                        r = sd_bus_message_skip(m, "a{sv}");
                }
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? r : known;
}

int bh_udisks_store_read_added(BhUdisksStore *store, sd_bus_message *m) {
        const char *path;
        int r;

        r = sd_bus_message_read_basic(m, 'o', &path);
        return r < 0 ? r : read_interfaces(m, get_object(store, path, true));
}

int bh_udisks_store_read_all(BhUdisksStore *store, sd_bus_message *m) {
        int r;

        g_hash_table_remove_all(store->objects);
        store->is_full = false;
        r = sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}")) > 0) {
                r = bh_udisks_store_read_added(store, m);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static bool has_parts(const BhUdisksObject *object) {
        for (BhPart part = 0; part < BH_PARTS; part++)
                if (object->parts[part])
                        return true;
        return false;
}

int bh_udisks_store_read_removed(BhUdisksStore *store, sd_bus_message *m) {
        BhUdisksObject *object;
        const char *path, *name;
        int r, known = 0;

        r = sd_bus_message_read_basic(m, 'o', &path);
        if (r < 0)
                return r;
        object = get_object(store, path, false);
        r = sd_bus_message_enter_container(m, 'a', "s");
        while (object && r >= 0 && (r = sd_bus_message_read_basic(m, 's', &name)) > 0) {
                int part = find_part(name);

                if (part < 0 || !object->parts[part])
                        continue;
                part_free((BhPart)part, g_steal_pointer(&object->parts[part]));
                known = 1;
        }
        if (object && !has_parts(object))
                g_hash_table_remove(store->objects, path);
        return r < 0 ? r : known;
}

int bh_udisks_store_read_changed(BhUdisksStore *store, const char *path, sd_bus_message *m, bool *ret_incomplete) {
        BhUdisksObject *object = get_object(store, path, false);
        const char *name;
        int part, taken, r;

        *ret_incomplete = false;
        r = sd_bus_message_read_basic(m, 's', &name);
        if (r < 0)
                return r;
        part = find_part(name);
        if (part < 0 || !object || !object->parts[part])
                return 0;
        taken = read_properties(m, (BhPart)part, object->parts[part]);
        if (taken < 0)
                return taken;
        if (part == BH_PART_MD)
                follow_sync(object->parts[part]);
        r = sd_bus_message_enter_container(m, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read_basic(m, 's', &name)) > 0)
                *ret_incomplete = *ret_incomplete || find_property(&interfaces[part], name);
        return r < 0 ? r : taken;
}
