/* SPDX-License-Identifier: MIT */
#include "disk-lists.h"

#include "call.h"
#include "reply.h"

void bh_disk_lists_free(BhDiskLists *lists) {
        for (guint i = 0; i < BH_LISTS; i++)
                g_clear_pointer(&lists->lists[i], g_variant_unref);
        bh_request_unref(lists->request);
        g_free(lists);
}

static void fetch_next(BhDiskLists *lists);

static void list_answered(GObject *source, GAsyncResult *result, gpointer data) {
        g_autoptr(BhDiskLists) lists = data;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = bh_bus_call_finish(result, NULL, &error);
        guint list = g_bit_nth_lsf(lists->wanted, -1);

        if (!reply) {
                bh_reply_dbus_error(lists->request, error);
                return;
        }
        lists->lists[list] = g_variant_get_child_value(reply, 0);
        lists->wanted &= ~(1U << list);
        fetch_next(g_steal_pointer(&lists));
}

static void fetch_next(BhDiskLists *lists) {
        static const char *const methods[BH_LISTS] = {"ListDisks", "ListArrays", "ListPools"};

        if (lists->wanted == 0) {
                lists->then(lists);
                return;
        }
        bh_bus_call(lists->request->server->bus, NULL, "Storage", methods[g_bit_nth_lsf(lists->wanted, -1)],
                    g_variant_new("(@a{sv})", bh_call_options(lists->request)), "(aa{sv})", BH_CALL_TIMEOUT_MS,
                    list_answered, lists);
}

void bh_disk_lists_fetch(BhRequest *request, guint wanted, void (*then)(BhDiskLists *lists)) {
        BhDiskLists *lists = g_new0(BhDiskLists, 1);

        lists->request = bh_request_ref(request);
        lists->then = then;
        lists->wanted = wanted;
        bh_request_pause(request);
        fetch_next(lists);
}

const char *bh_dictionary_text(GVariant *dictionary, const char *key) {
        const char *text = "";

        if (!g_variant_lookup(dictionary, key, "&s", &text))
                g_variant_lookup(dictionary, key, "&o", &text);
        return text;
}

guint64 bh_dictionary_number(GVariant *dictionary, const char *key) {
        guint64 number = 0;
        guint32 small;

        if (g_variant_lookup(dictionary, key, "u", &small))
                return small;
        g_variant_lookup(dictionary, key, "t", &number);
        return number;
}

gboolean bh_dictionary_flag(GVariant *dictionary, const char *key) {
        gboolean flag = FALSE;

        g_variant_lookup(dictionary, key, "b", &flag);
        return flag;
}

GVariant *bh_disk_list_find(GVariant *list, const char *key, const char *value) {
        GVariantIter iter;
        GVariant *item;

        g_variant_iter_init(&iter, list);
        while ((item = g_variant_iter_next_value(&iter))) {
                if (g_str_equal(bh_dictionary_text(item, key), value))
                        return item;
                g_variant_unref(item);
        }
        return NULL;
}

/* Object of the disk that the member @name ("sda1") of any array is on; NULL when no array has such a member. To be freed with g_free(). */
static char *disk_of_member(GVariant *arrays, const char *name) {
        GVariantIter iter;
        GVariant *array;
        char *disk = NULL;

        g_variant_iter_init(&iter, arrays);
        while (!disk && (array = g_variant_iter_next_value(&iter))) {
                g_autoptr(GVariant) members = g_variant_lookup_value(array, "members", G_VARIANT_TYPE("aa{sv}"));
                g_autoptr(GVariant) member = members ? bh_disk_list_find(members, "name", name) : NULL;

                if (member)
                        disk = g_strdup(bh_dictionary_text(member, "disk"));
                g_variant_unref(array);
        }
        return disk;
}

GVariant *bh_disk_lists_find_disk(BhDiskLists *lists, const char *name) {
        g_autofree char *object = NULL;
        GVariant *disk = bh_disk_list_find(lists->lists[BH_LIST_DISKS], "name", name);

        if (disk)
                return disk;
        object = disk_of_member(lists->lists[BH_LIST_ARRAYS], name);
        return object ? bh_disk_list_find(lists->lists[BH_LIST_DISKS], "path", object) : NULL;
}
